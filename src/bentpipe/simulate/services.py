"""Services of a run: what is judged, over which links, and how many terminals it works for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.requirements import Requirement, ladder, requirement_origins, requirements
from bentpipe.network.loss import BURST_S, slot_loss
from bentpipe.scenario.services import NEED_RATES, NEED_UPLINK, Needed, ServiceName, Services
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.rates import Rates
from bentpipe.simulate.recipe import Block

if TYPE_CHECKING:  # its kernels are needed by runs that judge services only
    from bentpipe.service.quality import Needs

Array = npt.NDArray[Any]
Floats32 = npt.NDArray[np.float32]
#: Units of the measures in a scenario, over those of the arrays.
_SCALE = {"R": 1.0, "s": 1.0, "bit/s": 1e3}


@dataclass(frozen=True)
class Judged:
    """What a run judges.

    Parameters
    ----------
    services : tuple of Requirement
        What each needs, with the scenario's own values.
    beyond_s : float
        Round trip from the point of presence on, s.
    burst_s : float
        Mean length of a burst of loss, s.
    """

    services: tuple[Requirement, ...]
    beyond_s: float
    burst_s: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the services, in the order of the scenario."""
        return tuple(service.name for service in self.services)


def judged(prepared: Prepared) -> Judged:
    """Tell what a run judges.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    Judged
        Without services where the scenario asks for none.
    """
    given = prepared.scenario.services
    services = needed(judged_names(prepared), given)
    burst_s = BURST_S if prepared.loss is None else prepared.loss.burst_s
    return Judged(services, 1e-3 * given.server_rtt_ms, burst_s)


def judged_names(prepared: Prepared) -> tuple[str, ...]:
    """Name the services that a run judges, in their order.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    tuple of str
        Where the scenario says "all", those that the rates allow.
    """
    judge, radio = prepared.scenario.services.judge, prepared.radio
    if "all" not in judge:
        return judge
    blind = NEED_RATES if radio is None else NEED_UPLINK if radio.up is None else ()
    return tuple(name for name in get_args(ServiceName) if name not in blind)


def needed(names: tuple[str, ...], given: Services) -> tuple[Requirement, ...]:
    """Tell what services need, with a scenario's own values.

    Parameters
    ----------
    names : tuple of str
        Services.
    given : Services
        Of the scenario.

    Returns
    -------
    tuple of Requirement
        In the order of the names.
    """
    own = dict(given.needs.items())
    return tuple(_with(requirements()[name], own.get(name)) for name in names)  # type: ignore[call-overload]


def _with(service: Requirement, needed: Needed | None) -> Requirement:
    """A requirement with the scenario's own values."""
    if needed is None:
        return service
    scale = _SCALE[service.unit]
    changed: dict[str, Any] = {}
    if needed.works is not None and needed.degraded is not None:
        changed["thresholds"] = (scale * needed.works, scale * needed.degraded)
    sizes = {"sent_bytes": needed.sent_kb, "received_bytes": needed.received_kb}
    changed |= {key: 1e3 * value for key, value in sizes.items() if value is not None}
    return replace(service, **changed)


def service_variables(
    prepared: Prepared, block: Block, connected: npt.NDArray[np.int32], rtt_s: Floats32, load: Array,
    both: tuple[Rates | None, Rates | None],
) -> dict[str, Array]:  # fmt: skip
    """Judge the services over a block of slots.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        T slots.
    connected : (T, C) int32
        Terminals connected in each place.
    rtt_s : (T, C) float32
        Round trips, s.
    load : () or (T, C) float64
        Load of the beams.
    both : tuple of Rates or None
        Down and up.

    Returns
    -------
    dict of str to ndarray
        The variables with the dimension "service"; of no length where nothing is judged.
    """
    cells, what = len(prepared.territory.cell_id), judged(prepared)
    if not what.services:
        return _nothing(prepared, block)
    from bentpipe.service.lattice import MANY
    from bentpipe.service.quality import LinkState, judge, terminals_by_region

    peaks = [np.full(rtt_s.shape, math.inf, np.float32) if rates is None else rates.peak_bps for rates in both]
    columns, needs, rungs = (rtt_s, place_loss(prepared, block, load), *peaks), model_needs(what.services), ladder()
    # By the size of the run, not of the block: every piece of a run is judged in the same way.
    many = len(prepared.slots) * cells >= MANY

    def over(places: slice, there: npt.NDArray[np.bool_], measures: bool) -> tuple[Array, Array]:
        state = LinkState(there, *(np.asarray(column[:, places], np.float32) for column in columns))
        return judge(
            needs, state, beyond_s=what.beyond_s, burst_s=what.burst_s, ladder_bit_s=rungs.rungs_bit_s,
            headroom=rungs.headroom, measures=measures, by_boxes=many,
        )  # fmt: skip

    verdict, _ = over(slice(cells), block.satellite[:, :cells] >= 0, False)
    at_sites, measure = over(slice(cells, None), connected[:, cells:] > 0, True)
    region = prepared.territory.region[:cells].astype(np.int64)
    works, degraded = terminals_by_region(verdict, connected[:, :cells], region, len(prepared.territory.region_code))
    return {
        "service_verdict": verdict,
        "site_service_verdict": at_sites,
        "site_service_measure": measure,
        "region_service_works": works,
        "region_service_degraded": degraded,
    }


def _nothing(prepared: Prepared, block: Block) -> dict[str, Array]:
    """The variables of no service."""
    slots, cells = len(block.slots), len(prepared.territory.cell_id)
    sites, regions = len(prepared.territory.sites), len(prepared.territory.region_code)
    return {
        "service_verdict": np.zeros((slots, cells, 0), np.uint8),
        "site_service_verdict": np.zeros((slots, sites, 0), np.uint8),
        "site_service_measure": np.zeros((slots, sites, 0), np.float32),
        "region_service_works": np.zeros((slots, regions, 0), np.int64),
        "region_service_degraded": np.zeros((slots, regions, 0), np.int64),
    }


def model_needs(services: tuple[Requirement, ...]) -> list[Needs]:
    """Lay out what services need as their kernels take it.

    Parameters
    ----------
    services : tuple of Requirement
        What each needs.

    Returns
    -------
    list of Needs
    """
    from bentpipe.service.quality import Model, Needs

    return [
        Needs(
            Model[s.model.replace("-", "_").upper()], s.thresholds, s.one_way_s, s.loss, s.rates_bit_s,
            s.added_one_way_s, s.equipment_impairment, s.loss_robustness, s.sent_bytes, s.received_bytes,
            s.setup_round_trips,
        )
        for s in services
    ]  # fmt: skip


def place_loss(prepared: Prepared, block: Block, load: Array) -> Array:
    """Loss to expect at each place and slot.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        T slots.
    load : () or (T, C) float64
        Load of the beams.

    Returns
    -------
    (T, C) float32
        A ratio, 0 to 1; 0 where loss is not modelled, which the run warns of.
    """
    if prepared.loss is None:
        return np.zeros(block.satellite.shape, np.float32)
    interval = prepared.clock.interval_s
    if load.ndim:
        return np.asarray(slot_loss(prepared.loss, block.handover, load, interval), np.float32)
    still, changed = (np.float32(slot_loss(prepared.loss, new, load, interval)) for new in (False, True))
    return np.where(block.handover, changed, still)


def service_inputs(prepared: Prepared) -> list[dict[str, Any]]:
    """List what the verdicts of a run rest on, as rows of the manifest's assumptions.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    list of dict
        Key, value, unit, tag and source; without the values that the scenario gives itself.
    """
    given = prepared.scenario.services
    rows = []
    for origin in requirement_origins(judged_names(prepared)):
        own = given.needs.get(origin.service)  # type: ignore[call-overload]
        attribute = "works" if origin.key == "thresholds" else origin.key
        if own is not None and getattr(own, attribute, None) is not None:
            continue
        value = " and ".join(f"{v:g}" for v in origin.value) if isinstance(origin.value, list) else origin.value
        rows.append(
            {"key": f"services.{origin.service}.{origin.key}", "value": value, "unit": origin.unit, "tag": origin.tag,
             "source": origin.source, "date": "", "note": origin.note}
        )  # fmt: skip
    return rows


def limits_beside(service: Requirement) -> dict[str, list[float]]:
    """Tell the limits beside the measure, as far as a service has any.

    Parameters
    ----------
    service : Requirement
        What it needs.

    Returns
    -------
    dict of str to list of float
        "one_way_s" (s), "loss" (0 to 1), "rates_bit_s" (bit/s): works, degraded.
    """
    pairs = (("one_way_s", service.one_way_s), ("loss", service.loss), ("rates_bit_s", service.rates_bit_s))
    return {key: list(pair) for key, pair in pairs if math.isfinite(pair[0]) and pair[0] > 0.0}


def services_manifest(prepared: Prepared) -> dict[str, Any] | None:
    """Say what a run judges, for its manifest.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    dict or None
        JSON types only; None where nothing is judged. "poll" and "conference" are None until the run is complete.
    """
    what = judged(prepared)
    if not what.services:
        return None
    return {
        "services": [
            {"name": s.name, "title": s.title, "model": s.model, "unit": s.unit, "works": s.thresholds[0],
             "degraded": s.thresholds[1], "higher_is_better": s.higher_is_better,
             **limits_beside(s), "sent_bytes": s.sent_bytes, "received_bytes": s.received_bytes}
            for s in what.services
        ],
        "server_rtt_s": what.beyond_s,
        "loss_modelled": prepared.loss is not None,
        "rates": prepared.radio is not None,
        "poll": None,
        "conference": None,
    }  # fmt: skip
