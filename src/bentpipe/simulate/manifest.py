"""The manifest of a run: what was asked, from which data, with which assumptions, and what broke."""

from __future__ import annotations

import importlib.metadata
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.network.delay import SEGMENTS
from bentpipe.results.store import Grid
from bentpipe.scenario import TerminalsCutOff
from bentpipe.scenario.disruptions import Disruption
from bentpipe.simulate.effects import compared_slots
from bentpipe.simulate.identity import input_files, versions
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.probes import probe_views
from bentpipe.simulate.radioinputs import radio_inputs, rate_inputs
from bentpipe.simulate.services import judged_names, service_inputs, services_manifest
from bentpipe.simulate.siteviews import site_views
from bentpipe.simulate.timeline import window_s
from bentpipe.simulate.withinslot import within_slot
from bentpipe.simulate.world import world_state


def first_manifest(prepared: Prepared, identity: str, grid: Grid) -> dict[str, Any]:
    """Manifest of a run that has just begun.

    Parameters
    ----------
    prepared : Prepared
        The run.
    identity : str
        Its identity.
    grid : Grid
        How its slots lie in the store.

    Returns
    -------
    dict
        JSON types only.
    """
    scenario, fleet = prepared.scenario, prepared.fleet
    return {
        "schema": 1,
        "name": scenario.name,
        "title": scenario.title or scenario.name,
        "summary": scenario.summary,
        "question": scenario.question,
        "identity": identity,
        "created_utc": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "bentpipe": importlib.metadata.version("bentpipe"),
        "complete": False,
        "hypothetical": scenario.hypothetical,
        "policy": {
            "scheduling": prepared.policy.name,
            "source": prepared.policy.source,
            "sha256": prepared.policy.identity(),
        },
        "lasers": _lasers(prepared),
        "assumptions": [
            {
                "key": a.key,
                "value": _plain(a.value),
                "unit": a.unit,
                "tag": a.tag,
                "source": a.source,
                "date": "" if a.date is None else str(a.date),
                "note": a.note,
            }
            for a in scenario.assumptions()
        ]
        + radio_inputs(prepared)
        + service_inputs(prepared),
        "rates": rate_inputs(prepared),
        "within_slot": within_slot(prepared),
        "services": services_manifest(prepared),
        "data": _data(prepared),
        "warnings": list(prepared.warnings),
        "versions": versions(),
        "timings": {},
        "seeds": [p.seed for p in prepared.people],
        "users_per_terminal": scenario.terminals.users_per_terminal,
        "probes": probe_views(prepared),
        "grid": {
            "start": grid.slots.start,
            "stop": grid.slots.stop,
            "origin": grid.origin,
            "block": grid.length,
            "interval_s": prepared.clock.interval_s,
            "offset_s": prepared.clock.offset_s,
        },
        "constellation": {
            "operator": scenario.constellation.operator,
            "source": fleet.source,
            "date": fleet.date,
            "satellites": len(fleet.up),
            "in_service": int(fleet.up.sum()),
            "shells": [{"name": name, "count": count} for name, count in fleet.shells],
        },
        "events_left_out": [{"id": event.id, "title": event.title} for event in scenario.left_out],
        "events": [_event(prepared, event, i) for i, event in enumerate(scenario.disruptions)],
    }


def _lasers(prepared: Prepared) -> dict[str, Any] | None:
    """Topology and routing, and what carries lasers; None for bent pipes."""
    if prepared.lasers is None:
        return None
    topology, plan = prepared.lasers.topology, prepared.paths
    routing = None
    if plan is not None:
        routing = {"name": plan.routing.name, "source": plan.routing.source, "sha256": plan.routing.identity()}
    return {
        "topology": {"name": topology.name, "source": topology.source, "sha256": topology.identity()},
        "routing": routing,
        "satellites": int(prepared.lasers.able.sum()),
        "rate_bit_s": prepared.lasers.rate_bps,
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _data(prepared: Prepared) -> list[dict[str, str]]:
    from bentpipe.catalog.geodata import load_geodata

    fleet, geodata = prepared.fleet, load_geodata()
    rows = [
        {"name": fleet.source, "kind": "elements", "date": fleet.date, "sha256": fleet.sha256,
         "source": "as named by the user" if fleet.sha256 else "bentpipe.catalog.shells", "note": ""},
        {"name": "outlines, regions, places", "kind": "geodata", "date": "", "sha256": "",
         "source": "Natural Earth 10m admin-1 (public domain); GeoNames (CC BY 4.0)", "note": geodata.population_label},
    ]  # fmt: skip
    rows += [
        {"name": key, "kind": "file", "date": "", "sha256": digest, "source": "as named by the user", "note": ""}
        for key, digest in input_files(prepared).items()
        if key != "constellation.elements"
    ]
    return rows


def _event(prepared: Prepared, event: Disruption, index: int) -> dict[str, Any]:
    start, end = prepared.scenario.window(event)
    return {
        "id": event.id,
        "kind": getattr(event, "kind", ""),
        "title": event.title,
        "start_utc": f"{start.isoformat()}Z",
        "end_utc": f"{end.isoformat()}Z",
        "since_before": bool(np.isneginf(window_s(prepared.scenario, event)[0])),
        "tag": event.tag,
        "source": event.source,
        "regions": list(getattr(event, "regions", ())),
        "cells": int(event_area(prepared, event).sum()),
        "changed": _changed(prepared, event, index),
        "effect": None,
    }


def event_area(prepared: Prepared, event: Disruption) -> npt.NDArray[np.bool_]:
    """Cells of the area that an event names, (A,) bool; all where it names none.

    Parameters
    ----------
    prepared : Prepared
        The run.
    event : Disruption
        One of its timeline.

    Returns
    -------
    (A,) bool
    """
    area = prepared.territory.area(
        getattr(event, "regions", ()),
        getattr(event, "polygon", ()),
        getattr(event, "centre", None),
        1e3 * (getattr(event, "radius_km", None) or 0.0),
    )
    return area[: len(prepared.territory.cell_id)]


def _event_areas(prepared: Prepared) -> npt.NDArray[np.bool_]:
    """The areas of all events, (E, A) bool."""
    events = prepared.scenario.disruptions
    areas = np.array([event_area(prepared, event) for event in events], np.bool_)
    return areas.reshape(len(events), len(prepared.territory.cell_id))


def _changed(prepared: Prepared, event: Disruption, index: int) -> str:
    """What an event changed in the system at its height, against the same run without it."""
    at = compared_slots(prepared, event, 8)
    if not len(at):
        return "nothing: it lies outside the simulated time"
    with_it = world_state(prepared, at)
    without = world_state(prepared.without_event(index), at)
    cells = len(prepared.territory.cell_id)
    if isinstance(event, TerminalsCutOff):
        people = prepared.people[0]
        order = [e.id for e in prepared.scenario.disruptions if isinstance(e, TerminalsCutOff)]
        taken = int(people.terminals.cut_off[order.index(event.id)].sum())
        return f"{taken:,} of {int(people.total[:cells].sum()):,} terminals cut off ({event.count:,} asked for)"
    parts = []
    antennas = (without.antennas - with_it.antennas).sum(axis=1).max()
    if antennas > 0:
        parts.append(f"{antennas} of {int(without.antennas[0].sum())} gateway antennas lost")
    satellites = (without.satellite_up & ~with_it.satellite_up).sum(axis=1).max()
    if satellites > 0:
        parts.append(f"{satellites:,} of {int(without.satellite_up[0].sum()):,} satellites lost")
    if prepared.lasers is not None:
        able = prepared.lasers.able
        silent = (able & without.laser_up & ~with_it.laser_up & with_it.satellite_up).sum(axis=1).max()
        if silent > 0:
            parts.append(f"{silent:,} of {int((able & without.laser_up[0]).sum()):,} satellites lose their lasers")
    closed = (without.allowed & ~with_it.allowed)[:, :cells].sum(axis=1).max()
    if closed > 0:
        parts.append(f"{closed:,} of {cells:,} cells without service")
    dark = (without.ready[:, :cells].astype(np.int64) - with_it.ready[:, :cells]).sum(axis=1).max()
    if dark > 0:
        parts.append(f"up to {dark:,} of {int(prepared.people[0].total[:cells].sum()):,} terminals off at once")
    route = (with_it.fibre_route_m - without.fibre_route_m).max(initial=0.0)
    if route > 1.0:
        parts.append(f"fibre routes up to {route / 1e3:,.0f} km longer")
    without_networks = (with_it.terrestrial_down - without.terrestrial_down) @ prepared.territory.region_people
    if without_networks.max(initial=0.0) > 0.0:
        parts.append(f"ground networks fail for about {without_networks.max() / 1e6:.1f} million people")
    return "; ".join(parts) or "nothing that was not down already"


def names(prepared: Prepared) -> dict[str, dict[str, list[str]]]:
    """Text along each dimension, kept beside the arrays.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    dict of dimension to dict of name to list of str
    """
    territory, ground = prepared.territory, prepared.ground
    codes = np.array([*territory.region_code, ""])
    cells = len(territory.cell_id)
    ids = [f"{int(c):x}" for c in territory.cell_id]
    return {
        "cell": {"cell": ids},
        "site": {
            "site": [s.id for s in territory.sites],
            "site_name": [s.name for s in territory.sites],
            "site_kind": [s.kind for s in territory.sites],
            "site_region": codes[territory.region[cells:]].tolist(),
        },
        "track": {"track": list(territory.moving)},
        "satellite": {"satellite_name": list(prepared.fleet.name)},
        "gateway": {
            "gateway": list(ground.id),
            "gateway_name": list(ground.name),
            "gateway_pop": list(ground.pop),
        },
        "region": {
            "region": list(territory.region_code),
            "region_name": list(territory.region_name),
        },
        "path": {}
        if prepared.paths is None
        else {
            "path": prepared.paths.names,
            "path_from": [prepared.paths.ends.id[a] for a in prepared.paths.pair[:, 0].tolist()],
            "path_to": [prepared.paths.ends.id[b] for b in prepared.paths.pair[:, 1].tolist()],
        },
        "event": {"event": [e.id for e in prepared.scenario.disruptions]},
        "segment": {"segment": list(SEGMENTS)},
        "service": {"service": list(judged_names(prepared))},
    }


def _path_statics(prepared: Prepared) -> dict[str, npt.NDArray[Any]]:
    plan, none = prepared.paths, np.zeros(0, np.int64)
    return {
        "path_great_circle_m": np.zeros(0) if plan is None else plan.great_circle_m,
        "path_offered_there_bit_s": none if plan is None else plan.there_bps,
        "path_offered_back_bit_s": none if plan is None else plan.back_bps,
    }


def static_variables(prepared: Prepared, sampled: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
    """Variables without a slot axis.

    Parameters
    ----------
    prepared : Prepared
        The run.
    sampled : (M,) int64
        Slots in which the seeds are compared.

    Returns
    -------
    dict of str to ndarray
    """
    territory, ground = prepared.territory, prepared.ground
    cells = len(territory.cell_id)
    total = prepared.people[0].total[:cells]
    return {
        "region_of_cell": territory.region[:cells],
        "latitude_deg": territory.latitude_deg[:cells],
        "longitude_deg": territory.longitude_deg[:cells],
        "area_m2": territory.area_m2[:cells],
        "population": territory.people[:cells],
        "terminals": total,
        "site_latitude_deg": territory.latitude_deg[cells:],
        "site_longitude_deg": territory.longitude_deg[cells:],
        **site_views(prepared.territory),
        "satellite_catalog_number": prepared.fleet.satellite_id,
        "gateway_latitude_deg": ground.latitude_deg,
        "gateway_longitude_deg": ground.longitude_deg,
        "region_population": territory.region_people,
        "region_terminals": territory.by_region(total),
        "event_area": _event_areas(prepared),
        **_path_statics(prepared),
        "sample_slot": sampled,
        "sample_index": sampled - prepared.slots.start,
    }
