"""What might lift a limit: variants of a run with one thing more, or one burden less."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bentpipe.earth import great_circle_m
from bentpipe.errors import InputError
from bentpipe.scenario import Gateway, Scenario
from bentpipe.simulate.ground import listed_ground, make_ground
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.radio import UNLIMITED_BPS, Direction, Radio, make_radio
from bentpipe.simulate.world import World, world_state

#: Antennas of the gateway that is added: what most are assumed to have.
NEW_ANTENNAS = 8
#: Gateways that are looked at one by one, at most; with more of them only all together.
ONE_BY_ONE = 12


class Addition(NamedTuple):
    """One thing more.

    Parameters
    ----------
    id : str
        Short name.
    what : str
        For people.
    prepared : Prepared
        The run with it.
    world : World
        Over the sampled slots.
    """

    id: str
    what: str
    prepared: Prepared
    world: World


def additions(
    prepared: Prepared, world: World, slots: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Iterator[Addition]:
    """Variants of a run, each with one addition.

    Parameters
    ----------
    prepared : Prepared
        The run.
    world : World
        Over the sampled slots.
    slots : (M,) int64
        Sampled slots, absolute.

    Yields
    ------
    Addition
    """
    yield from _antennas(prepared, world)
    limits = prepared.scenario.satellite
    yield Addition(
        "beam", f"one more beam on each satellite ({limits.beams + 1} instead of {limits.beams})",
        _with_satellite(prepared, beams=limits.beams + 1), world,
    )  # fmt: skip
    yield Addition(
        "channel", f"one more channel ({limits.channels + 1} instead of {limits.channels})",
        _with_channel(prepared), world,
    )  # fmt: skip
    if limits.background_share > 0.0:
        yield Addition(
            "no-neighbours", f"without the neighbours' share ({100 * limits.background_share:.0f} % of each satellite)",
            _with_satellite(prepared, background_share=0.0), world,
        )  # fmt: skip
    if prepared.scenario.weather.mode != "clear":
        yield Addition("clear-sky", "without rain (clear sky)", _with_radio(prepared, _clear), world)
    yield Addition(
        "satellite-throughput", "twice the throughput of each satellite", _with_radio(prepared, _twice), world
    )
    yield from _gateway(prepared, slots)


def _antennas(prepared: Prepared, world: World) -> Iterator[Addition]:
    ground = prepared.ground
    more = [("antenna", "one more antenna at each gateway", np.ones(len(ground.id), np.int64))]
    if 1 < len(ground.id) <= ONE_BY_ONE:
        for i, (code, name) in enumerate(zip(ground.id, ground.name, strict=True)):
            more.append((f"antenna:{code}", f"one more antenna at {name}", np.eye(len(ground.id), dtype=np.int64)[i]))
    for code, what, extra in more:
        # Nothing is added where a gateway is out of service.
        antennas = world.antennas + np.where(world.antennas > 0, extra, 0)
        yield Addition(code, what, prepared, world._replace(antennas=antennas))


def _with_satellite(prepared: Prepared, **changes: float) -> Prepared:
    scenario = prepared.scenario
    satellite = scenario.satellite.model_copy(update=changes)
    return replace(prepared, scenario=scenario.model_copy(update={"satellite": satellite}))


def _with_channel(prepared: Prepared) -> Prepared:
    more = _with_satellite(prepared, channels=prepared.scenario.satellite.channels + 1)
    return _with_radio(more, lambda direction: replace(direction, channels=direction.channels + 1))


def _clear(direction: Direction) -> Direction:
    user = tuple(replace(side, sky=None) for side in direction.user)
    gateway = None if direction.gateway is None else replace(direction.gateway, sky=None)
    return replace(direction, user=user, gateway=gateway)


def _twice(direction: Direction) -> Direction:
    carries = np.minimum(2 * direction.satellite_bps, UNLIMITED_BPS)
    return replace(direction, satellite_bps=np.where(direction.satellite_bps < UNLIMITED_BPS, carries, UNLIMITED_BPS))


def _with_radio(prepared: Prepared, change: object) -> Prepared:
    radio = prepared.radio
    assert radio is not None and callable(change)
    changed: Radio = replace(radio, down=change(radio.down), up=None if radio.up is None else change(radio.up))
    if change is _clear:
        changed = replace(changed, climate=None, gateway_climate=None, fields=(), rain=None)
    return replace(prepared, radio=changed)


def _gateway(prepared: Prepared, slots: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[Addition]:
    """A gateway in the middle of the people of the region that has most of them; none where there are no regions."""
    territory, scenario = prepared.territory, prepared.scenario
    cells = len(territory.cell_id)
    region, people = territory.region[:cells], territory.people[:cells]
    open_to = world_state(prepared, slots).allowed[:, :cells].mean(axis=0) * people
    known = region >= 0
    if not known.any() or not open_to[known].any():
        return
    most = int(np.bincount(region[known], open_to[known], len(territory.region_code)).argmax())
    here = (region == most) & (open_to > 0.0)
    lat = float(np.average(territory.latitude_deg[:cells][here], weights=people[here]))
    # Longitudes about that of the first cell, so that a region across the date line has its middle in it.
    first = float(territory.longitude_deg[:cells][here][0])
    aside = (territory.longitude_deg[:cells][here] - first + 180.0) % 360.0 - 180.0
    lon = (first + float(np.average(aside, weights=people[here])) + 180.0) % 360.0 - 180.0
    gateways, pops, _ = listed_ground(scenario)
    away = great_circle_m(lat, lon, prepared.ground.latitude_deg, prepared.ground.longitude_deg)
    nearest = gateways[int(np.argmin(away))]
    new = nearest.model_copy(
        update={
            "id": _free_id({g.id for g in gateways}), "name": f"new gateway in {territory.region_name[most]}",
            "latitude_deg": lat, "longitude_deg": lon, "antennas": NEW_ANTENNAS, "background_antennas": 0,
            "available_from": None,
        }
    )  # fmt: skip
    larger = _with_ground(prepared, (*gateways, new), pops)
    if larger is not None:
        what = (
            f"one more gateway, {NEW_ANTENNAS} antennas, in the middle of the people of {territory.region_name[most]}"
        )
        yield Addition("gateway", what, larger, world_state(larger, slots))


def _free_id(taken: set[str]) -> str:
    number = 1
    while f"new-{number}" in taken:
        number += 1
    return f"new-{number}"


def _with_ground(prepared: Prepared, gateways: tuple[Gateway, ...], pops: object) -> Prepared | None:
    """The run with other gateways; None where the climate of one is not known."""
    changed: Scenario = prepared.scenario.model_copy(update={"gateways": gateways, "gateways_file": None, "pops": pops})
    ground = make_ground(changed)
    try:
        radio = make_radio(changed, prepared.territory, ground, prepared.fleet, tuple(p.seed for p in prepared.people))
    except InputError:
        return None
    return replace(prepared, scenario=changed, ground=ground, radio=radio)
