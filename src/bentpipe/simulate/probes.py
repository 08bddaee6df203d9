"""How other kinds of probe would see the waits of a run: entry of the manifest, for what is compared with it."""

from __future__ import annotations

from typing import Any

from bentpipe.network.access import PROBES, AccessParameters, access_parameters
from bentpipe.simulate.prepare import Prepared


def probe_views(prepared: Prepared) -> dict[str, Any]:
    """Tell the waits of each kind of probe beside those of the run's own.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    dict
        JSON types only. ``own``: the run's kind of probe, empty where the scenario gives the access network itself.
        ``request_wait_s``: time between an idle terminal's chances to ask for a grant, whose mean is in the run's
        delays. ``kinds``: of each kind, ``grant_ratio`` and ``load_ratio``, its median waits for a grant and behind
        others over the run's; ``request_wait_s``; ``log_sigma``, standard deviation of the logarithm of its waits
        within a slot. An access network that a scenario gives says nothing of probes: its only kind is ``own``.
        ``handover_lost_s``: time that a change of satellite loses on average, s; None where losses are not modelled.
    """
    scenario, access = prepared.scenario, prepared.access
    given = scenario.access
    loss = prepared.loss
    common = {
        "request_wait_s": access.request_wait_s,
        "handover_lost_s": None if loss is None else loss.handover_probability * loss.handover_s,
    }
    fitted = None in (
        given.frame_ms, given.grant_wait_ms, given.load_wait_ms, given.slot_log_sigma, given.within_log_sigma,
    )  # fmt: skip
    if not fitted:
        return {"own": "", **common, "kinds": {"": _view(access, access)}}
    era = given.era or scenario.time.start.date()
    kinds = {kind: _view(access_parameters(era, kind), access) for kind in PROBES}
    return {"own": given.probe, **common, "kinds": kinds}


def _view(seen: AccessParameters, own: AccessParameters) -> dict[str, float]:
    return {
        "grant_ratio": _ratio(seen.grant_wait_s, own.grant_wait_s),
        "load_ratio": _ratio(seen.load_wait_s, own.load_wait_s),
        "request_wait_s": seen.request_wait_s,
        "log_sigma": seen.within_log_sigma,
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else 1.0
