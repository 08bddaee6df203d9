"""The plain answer: six lines and those on services, lasers and paths, with numbers, units and denominators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bentpipe.report import measures
from bentpipe.report.measures import EventChange, RegionRow, SeedRange, Totals
from bentpipe.report.pathmeasures import paths_alone
from bentpipe.report.plainpaths import lasers_data, lasers_line, path_lines, paths_data, paths_line
from bentpipe.report.plainrates import rates_data, rates_line
from bentpipe.report.plainservices import service_lines, services_data
from bentpipe.report.plainsites import site_lines, site_times
from bentpipe.report.reading import FinishedRun, Reading, read
from bentpipe.report.wording import count, duration, milliseconds, people, percent, plural, signed, utc

LABELS = ("Connected", "Range", "Worst off", "Events", "Delay", "Rates")
PATH_LABELS = ("Paths", "Range", "Detour", "Events", "Changes", "Traffic")
DISCLAIMER = "A simulation, not live status; affiliated with no operator."


@dataclass(frozen=True)
class Answer:
    """The plain answer to a run.

    Parameters
    ----------
    lines : tuple of str
        Six plain lines: connected, range, worst region, events, delay, rates; then those on services, lasers and
        paths where the run has them. A run that is about paths alone: paths, range, detour, events, changes, traffic.
    data : dict
        The same numbers for machines; the unit is in each key, shares are dimensionless (1 = all).
    """

    lines: tuple[str, ...]
    data: dict[str, Any]


def answer(run: FinishedRun) -> Answer:
    """Answer a finished run in plain lines.

    Parameters
    ----------
    run : FinishedRun
        An opened run.

    Returns
    -------
    Answer
        Lines for people and data for machines.
    """
    return answer_of(read(run))


def answer_of(reading: Reading) -> Answer:
    """Answer a run already read: see `answer`."""
    total = measures.totals(reading)
    seeds = measures.seed_range(reading)
    regions = measures.region_rows(reading)
    events = measures.event_changes(reading)
    lines = tuple(line for _, line in _labelled(reading, total, seeds, regions, events))
    return Answer(lines=lines, data=_data(reading, total, seeds, regions, events, lines))


def labelled_lines(reading: Reading) -> list[tuple[str, str]]:
    """Return the lines of the answer, each after its label."""
    total, seeds = measures.totals(reading), measures.seed_range(reading)
    return _labelled(reading, total, seeds, measures.region_rows(reading), measures.event_changes(reading))


def _labelled(
    reading: Reading,
    total: Totals,
    seeds: SeedRange | None,
    regions: tuple[RegionRow, ...],
    events: tuple[EventChange, ...],
) -> list[tuple[str, str]]:
    paths, outside = reading.paths, left_out_clause(left_out(reading))
    if paths is not None and paths_alone(reading):
        return list(zip(PATH_LABELS, path_lines(reading, paths, inputs_clause(reading), outside), strict=True))
    if total.users <= 0 and reading.sites.ids and len(reading.times):
        lines: tuple[str, ...] = site_lines(
            reading, inputs_clause(reading), reach_clause(total, reading.lasers is not None), outside
        )
    else:
        lines = (
            connected_line(reading, total),
            range_line(reading, total, seeds),
            region_line(regions),
            event_line(events, left_out(reading)),
            delay_line(reading, total),
        )
    found = list(zip(LABELS, (*lines, rates_line(reading)), strict=True))
    if reading.services is not None:
        found += service_lines(reading, reading.services)
    if reading.lasers is not None:
        found.append(("Lasers", lasers_line(reading.lasers)))
    if paths is not None:
        found.append(("Paths", paths_line(reading, paths)))
    return found


def connected_line(reading: Reading, total: Totals) -> str:
    """Who is connected, on average and at the worst slot, of how many."""
    if not len(reading.times):
        return "The run has no slot yet: there is nothing to count."
    if total.users <= 0:
        return "No terminals are placed in this territory, so no terminal user can be connected."
    of_people = (
        f"; {percent(ratio_of_population(total))} of the population of {people(total.population)}"
        if total.population > 0
        else "; the population is not known"
    )
    return (
        f"{count(total.mean)} of {count(total.users)} terminal users are connected on average over "
        f"{duration(reading.span_s)} from {utc(reading.times[0])} ({percent(total.mean_share)} of terminal users"
        f"{of_people}); at the worst slot, {utc(reading.times[total.worst_slot], 's')}, "
        f"{count(total.worst)} ({percent(total.worst_share)})."
    )


def ratio_of_population(total: Totals) -> float:
    """Mean users connected as a share of the whole population."""
    return measures.ratio(total.mean, total.population)


def range_line(reading: Reading, total: Totals, seeds: SeedRange | None) -> str:
    """The range over the seeds, and how much is assumed."""
    rest = inputs_clause(reading)
    if seeds is None or total.users <= 0:
        return f"No range over seeds was computed; {rest}"
    return (
        f"Under {plural(seeds.seeds, 'seed')}, this average lies between {count(seeds.low)} and "
        f"{count(seeds.high)} terminal users ({percent(measures.ratio(seeds.low, total.users))} to "
        f"{percent(measures.ratio(seeds.high, total.users))}), by each seed's ratio to this run's own at "
        f"{plural(seeds.samples, 'sampled slot')}; "
        f"{rest}"
    )


def inputs_clause(reading: Reading) -> str:
    """Say how many inputs are assumed."""
    rows = len(reading.manifest.get("assumptions", []))
    return f"{measures.assumed(reading)} of {plural(rows, 'input')} are assumed or hypothetical and marked so."


def reach_clause(total: Totals, lasers: bool = False) -> str:
    """Say what geometry alone reaches: all cells, or those that a licence and a gateway's view leave."""
    way = "a usable satellite with a gateway in view" + (", or lasers to one that has" if lasers else "")
    if not total.cells:
        return "the run has no cells, so no share of cells is reached"
    if not total.cells_reached:
        return f"geometry ({way}) reaches none of the {count(total.cells, 9)} cells"
    text = f"geometry alone ({way}) reaches {percent(total.reached_share)} of slots "
    if total.cells_reached == total.cells:
        return f"{text}in {'its one cell' if total.cells == 1 else f'all {count(total.cells, 9)} cells'}"
    return (
        f"{text}in the {count(total.cells_reached, 9)} of {count(total.cells, 9)} cells that are ever reachable; the "
        f"others have no licence or no {'way to a gateway' if lasers else 'gateway in view'}"
    )


def region_line(regions: tuple[RegionRow, ...]) -> str:
    """The region worst off, and the one best off."""
    rows = [r for r in regions if r.users > 0]
    if not rows:
        return "No region has terminals."
    low, high = rows[0], rows[-1]
    text = (
        f"Worst off is {low.name}: {percent(low.mean_share)} of its {count(low.users)} terminal users connected "
        f"on average, {percent(low.worst_share)} at its worst slot"
    )
    if len(rows) == 1:
        return text + "; no other region has terminals."
    return text + f"; best off is {high.name} with {percent(high.mean_share)} of {count(high.users)}."


def left_out(reading: Reading) -> tuple[str, ...]:
    """Return the titles of the events that lie outside the simulated time."""
    return tuple(str(row.get("title") or row.get("id")) for row in reading.manifest.get("events_left_out", []))


def left_out_clause(titles: tuple[str, ...]) -> str:
    """Name the events left out, as the end of a sentence; empty where there are none."""
    if not titles:
        return ""
    more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
    named = ", ".join(f"“{title}”" for title in titles[:3])
    return f"; not in the simulated time and left out: {named}{more}"


def event_line(events: tuple[EventChange, ...], outside: tuple[str, ...] = ()) -> str:
    """What the events changed, the largest loss first."""
    end = f"{left_out_clause(outside)}."
    if not events:
        return f"Nothing breaks in this scenario: it has no events{end}"
    if not any(e.scope_users > 0 for e in events):
        return f"{plural(len(events), 'event')} in the run, none where anyone has a terminal{end}"
    known = sorted((e for e in events if np.isfinite(e.loss)), key=lambda e: e.loss)
    parts = [_event_words(e) for e in known[:2]]
    rest = len(events) - len(parts)
    if not parts:
        return (
            f"{plural(rest, 'event')} in the run, none with a time before it to compare with "
            f"(before, during and after are in the report){end}"
        )
    more = f"; {plural(rest, 'more event')} in the report" if rest else ""
    return f"{'; '.join(parts)}{more}{end}"


def _event_words(row: EventChange) -> str:
    mark = " (hypothetical)" if row.event.tag == "hypothetical" else ""
    effect = row.event.effect
    if effect is not None:
        return (
            f"{row.event.title}{mark}: {signed(effect.users)} terminal users connected, compared with the same run "
            f"without it at {plural(effect.slots, 'slot')} ({count(effect.users_with)} with it, "
            f"{count(effect.users_without)} without)"
        )
    assert row.before is not None and row.during is not None
    where = "in the whole territory"
    if row.event.area is not None:
        where = f"in its {plural(row.event.area.cells, 'cell')}"
    elif row.event.regions:
        where = f"in its {plural(len(row.event.regions), 'region')}"
    return (
        f"{row.event.title}{mark}: {count(row.before.users)} terminal users connected before, "
        f"{count(row.during.users)} during ({signed(row.change)}, of {count(row.scope_users)} {where}"
        f"{'; other events overlap' if row.overlaps else ''})"
    )


def delay_line(reading: Reading, total: Totals) -> str:
    """Delay of the connected terminals, and what geometry alone reaches."""
    reach = reach_clause(total, reading.lasers is not None)
    if not np.isfinite(total.delay_p50_s):
        return f"No terminal is served, so there is no delay to state; {reach}."
    return (
        f"Idle round trip to the point of presence: median {milliseconds(total.delay_p50_s)}, 95th percentile "
        f"{milliseconds(total.delay_p95_s)}, over connected terminals and slots; {reach}."
    )


def _number(value: float) -> float | None:
    """Return a number that JSON can carry: None for NaN."""
    return float(value) if np.isfinite(value) else None


def _data(
    reading: Reading,
    total: Totals,
    seeds: SeedRange | None,
    regions: tuple[RegionRow, ...],
    events: tuple[EventChange, ...],
    lines: tuple[str, ...],
) -> dict[str, Any]:
    slots = len(reading.times)
    return {
        "schema": 1,
        "simulated": True,
        "disclaimer": DISCLAIMER,
        "hypothetical": reading.hypothetical,
        "name": reading.name,
        "title": reading.title,
        "start_utc": f"{reading.times[0]}Z" if slots else None,
        "end_utc": f"{reading.end}Z" if slots else None,
        "slots": slots,
        "slot_s": reading.slot_s,
        "population_people": _number(total.population),
        "terminals": _number(total.terminals),
        "terminal_users": _number(total.users),
        "connected_users_mean": _number(total.mean),
        "connected_share_of_users_mean": _number(total.mean_share),
        "connected_share_of_population_mean": _number(ratio_of_population(total)),
        "connected_users_worst_slot": _number(total.worst),
        "connected_share_of_users_worst_slot": _number(total.worst_share),
        "worst_slot_utc": f"{reading.times[total.worst_slot]}Z" if slots else None,
        "cells": len(reading.cells.ids),
        "cells_ever_reachable": total.cells_reached,
        "reachable_share_of_slots_in_those_cells": _number(total.reached_share),
        "reachable_share_of_cell_slots": _number(total.reachable_share),
        "round_trip_p50_ms": _number(total.delay_p50_s * 1e3),
        "round_trip_p95_ms": _number(total.delay_p95_s * 1e3),
        "seeds": None
        if seeds is None
        else {
            "count": seeds.seeds,
            "sampled_slots": seeds.samples,
            "connected_users_mean_low": _number(seeds.low),
            "connected_users_mean_high": _number(seeds.high),
            "connected_users_mean_this_seed": _number(seeds.here),
        },
        "sites": [
            {
                "name": site.name,
                "connected_share_of_time": _number(site.availability),
                "longest_gap_s": _number(site.longest_gap_s),
            }
            for site in site_times(reading)
        ],
        "inputs": len(reading.manifest.get("assumptions", [])),
        "inputs_assumed": measures.assumed(reading),
        "regions": [_region_data(row) for row in regions],
        "events": [_event_data(row) for row in events],
        "events_left_out": list(left_out(reading)),
        "rates": rates_data(reading),
        "services": services_data(reading),
        "lasers": lasers_data(reading.lasers),
        "paths": paths_data(reading),
        "lines": list(lines),
    }


def _region_data(row: RegionRow) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "population_people": _number(row.population),
        "terminal_users": _number(row.users),
        "connected_users_mean": _number(row.mean),
        "connected_share_of_users_mean": _number(row.mean_share),
        "connected_users_worst_slot": _number(row.worst),
        "round_trip_p50_ms": _number(row.delay_p50_s * 1e3),
        "round_trip_p95_ms": _number(row.delay_p95_s * 1e3),
        "people_without_ground_networks_mean": _number(row.terrestrial_down * row.population),
    }


def _event_data(row: EventChange) -> dict[str, Any]:
    effect = row.event.effect
    windows = {"before": row.before, "during": row.during, "after": row.after}
    return {
        "id": row.event.id,
        "kind": row.event.kind,
        "title": row.event.title,
        "tag": row.event.tag,
        "start_utc": f"{row.event.start}Z",
        "end_utc": f"{row.event.end}Z",
        "scope": row.scope,
        "terminal_users": _number(row.scope_users),
        **{f"connected_users_{k}": None if w is None else _number(w.users) for k, w in windows.items()},
        "overlaps_with_events": list(row.overlaps),
        "effect": None
        if effect is None
        else {
            "slots_compared": effect.slots,
            "connected_users_with": _number(effect.users_with),
            "connected_users_without": _number(effect.users_without),
            "connected_users_change": _number(effect.users),
            "connected_sites_with": _number(effect.sites_with),
            "connected_sites_without": _number(effect.sites_without),
        },
    }
