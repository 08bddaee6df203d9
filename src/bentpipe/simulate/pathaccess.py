"""What the access network adds at the ends of a path that are terminals: frames, waits for grants, waits behind others.

It is the model of a terminal under a gateway, applied at each terminal end: an assumption, since traffic from terminal
to terminal over lasers has not been measured in public.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, uniforms
from bentpipe.network.access import REFERENCE_LOAD
from bentpipe.network.delay import waits_s
from bentpipe.results.opened import Run
from bentpipe.scenario import Scenario
from bentpipe.simulate.prepare import Prepared

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Parts of the access delay, in the order of the arrays.
PARTS = ("access_frame", "access_scheduling", "access_load")


class EndLoad(NamedTuple):
    """Load of the beam at an end, 0 to 1, and where the number comes from."""

    load: float
    source: str


def end_load(run: Run | Scenario, prepared: Prepared, place: int) -> EndLoad:
    """Load of the beams that serve a site.

    Parameters
    ----------
    run : Run or Scenario
        What is asked about.
    prepared : Prepared
        The same, prepared.
    place : int
        Place of the site.

    Returns
    -------
    EndLoad
        The scenario's number. Where that is "computed", the median of the run's; where there is no run, or the site
        is not one of it, the load that the waits are fitted with.
    """
    given = prepared.scenario.access.load
    if not isinstance(given, str):
        return EndLoad(float(given), "the scenario's")
    index = place - len(prepared.territory.cell_id)
    if isinstance(run, Run) and run.complete and index < run.dataset.sizes["site"]:
        loads = run.dataset["site_load"].isel(site=index).to_numpy()
        loads = loads[np.isfinite(loads)]
        if len(loads):
            return EndLoad(float(np.median(loads)), "median of the run")
    return EndLoad(REFERENCE_LOAD, "assumed")


def access_parts_s(prepared: Prepared, load: float, place: int, slot: IntArray, satellite: IntArray) -> FloatArray:
    """Access delay of a site in some slots, as an explanation of its link tells it.

    Parameters
    ----------
    prepared : Prepared
        The run.
    load : float
        Load of the beam, 0 to 1.
    place : int
        Place of the site.
    slot, satellite : (T,) int64
        Slots, and the satellite in use in each; -1 for none.

    Returns
    -------
    (T, 3) float64
        Median of each slot, there and back, s, in the order of `PARTS`; NaN where there is no satellite.
    """
    known, access = satellite >= 0, prepared.access
    number = np.where(known, prepared.fleet.satellite_id[satellite], 0)
    draw = uniforms(prepared.scenario.seed, Purpose.ACCESS_DELAY, slot, number, prepared.place_key[place])
    scheduling, queueing = waits_s(access, load, draw)
    parts = np.stack(
        [np.full(len(slot), access.frame_floor_s), scheduling + 0.5 * access.request_wait_s, queueing], axis=1
    )
    parts[~known] = np.nan
    return parts
