"""How delay and loss vary within the slots of a run, for those who run programs over it: entry of the manifest."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.network.access import access_parameters
from bentpipe.network.loss import burst_rate_per_s
from bentpipe.simulate.prepare import Prepared


def within_slot(prepared: Prepared) -> dict[str, Any]:
    """Tell what the sampler within a slot needs beside the variables of the sites.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    dict
        JSON types only: the fields of `bentpipe.linkqueue.sitelink.WithinRun`, and `site_key`, the key of each site in
        draws, hexadecimal. A stream waits like a continuous ping whatever probe the scenario has; a dish's own ping
        reports means, which are larger than medians.
    """
    scenario, access, loss = prepared.scenario, prepared.access, prepared.loss
    given = scenario.access
    own = (given.frame_ms, given.grant_wait_ms, given.load_wait_ms, given.slot_log_sigma, given.within_log_sigma)
    fitted = None in own
    stream = access_parameters(given.era or scenario.time.start.date(), "ping") if fitted else access
    cells = len(prepared.territory.cell_id)
    keys = prepared.place_key[cells:].tolist()
    return {
        "operator": scenario.constellation.operator,
        "probe": given.probe if fitted else "",
        "log_sigma": stream.within_log_sigma,
        "request_wait_s": access.request_wait_s,
        "stream_wait_ratio": stream.grant_wait_s / access.grant_wait_s if access.grant_wait_s > 0.0 else 1.0,
        "burst_s": None if loss is None else loss.burst_s,
        "handover_probability": None if loss is None else loss.handover_probability,
        "handover_s": None if loss is None else loss.handover_s,
        "site_key": {site.id: f"{key:016x}" for site, key in zip(prepared.territory.sites, keys, strict=True)},
    }


def bursts_per_s(prepared: Prepared, served: npt.NDArray[np.bool_], load: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Rate at which bursts of loss begin at places.

    Parameters
    ----------
    prepared : Prepared
        The run.
    served : (T, P) bool
        Whether each place is served.
    load : (T, P) float64
        Load of the beams that serve it, 0 to 1.

    Returns
    -------
    (T, P) float32
        1/s; NaN where not served, and where losses are not modelled.
    """
    if prepared.loss is None:
        return np.full(served.shape, np.nan, np.float32)
    return np.where(served, burst_rate_per_s(prepared.loss, load), np.nan).astype(np.float32)
