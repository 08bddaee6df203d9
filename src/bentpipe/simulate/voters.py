"""Who can vote before a poll closes, and whose videoconference lasts: users followed through a whole run.

Terminals of one kind in one cell that no event cuts off apart from the others share their fate; each such group is
followed from slot to slot over the verdicts that are stored, so that a resumed run gives the same whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.earth import to_unix_s
from bentpipe.scenario import TerminalsCutOff
from bentpipe.simulate.people import powered_kinds
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.services import judged_names
from bentpipe.simulate.timeline import window_s

if TYPE_CHECKING:  # its kernels are needed by runs that judge services only
    from bentpipe.results.store import Store
    from bentpipe.service.spells import Holds, Waits

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
#: Verdict of a service that fails.
FAILS = 0


class Groups(NamedTuple):
    """Terminals that share their fate: G of them.

    Parameters
    ----------
    cell, kind, event, terminals : (G,) int64
        Cell, kind, which cut-off event takes them (-1 for none), and how many they are.
    """

    cell: Counts
    kind: Counts
    event: Counts
    terminals: Counts


def make_groups(prepared: Prepared) -> Groups:
    """Group the terminals of a run's cells.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    Groups
        In the order of events, kinds and cells.
    """
    cells, terminals = len(prepared.territory.cell_id), prepared.people[0].terminals
    taken = terminals.cut_off[:, :, :cells]
    count = np.concatenate([(terminals.count[:, :cells] - taken.sum(axis=0))[None], taken])
    event, kind, cell = np.nonzero(count)
    return Groups(cell, kind, event - 1, count[event, kind, cell])


def followed(
    prepared: Prepared, store: Store, services: Sequence[int], groups: Groups
) -> Iterator[tuple[range, list[Mask]]]:
    """Walk through the blocks of a finished run.

    Parameters
    ----------
    prepared : Prepared
        The run.
    store : Store
        Its store, with every block.
    services : sequence of int
        Which of the services.
    groups : Groups
        Whom to follow.

    Yields
    ------
    slots : range
        Of a block.
    ok : list of (T, G) bool
        Whether each service works for each group, if with effort.
    """
    skip, cells, who = store.grid.origin, len(prepared.territory.cell_id), prepared.people[0]
    cut = [window_s(prepared.scenario, e) for e in prepared.scenario.disruptions if isinstance(e, TerminalsCutOff)]
    stored: Any = store.group["service_verdict"]
    for block in store.grid.blocks():
        slots = store.grid.of_block(block)
        verdict = np.asarray(stored[slots.start - skip : slots.stop - skip])
        unix_s = prepared.clock.start_unix_s(np.arange(slots.start, slots.stop))
        power = powered_kinds(prepared.scenario, prepared.territory, who, prepared.place_key, unix_s)[:, :, :cells]
        on = power[:, groups.kind, groups.cell]
        for number, (start, end) in enumerate(cut):
            on[np.ix_((unix_s >= start) & (unix_s < end), groups.event == number)] = False
        yield slots, [on & (verdict[:, :, service] > FAILS)[:, groups.cell] for service in services]


class _Plan(NamedTuple):
    """What is asked: slots of the opening hours, patience, length and longest break of a conference, in slots."""

    hours: range
    patience: int
    lasts: int
    too_long: int
    begins: int


def _planned(prepared: Prepared) -> _Plan:
    poll, conference = prepared.scenario.services.poll, prepared.scenario.services.conference
    interval = prepared.clock.interval_s
    opens, closes = _opening(prepared)
    lasts = math.ceil(60.0 * conference.duration_min / interval - 1e-9)
    return _Plan(
        _whole_slots(prepared, opens, closes),
        math.floor(60.0 * poll.patience_min / interval + 1e-9),
        lasts,
        math.floor(conference.longest_break_s / interval + 1e-9) + 1,
        max(0, len(prepared.slots) - lasts + 1),
    )


def _opening(prepared: Prepared) -> tuple[datetime, datetime]:
    poll, time = prepared.scenario.services.poll, prepared.scenario.time
    return poll.opens or time.start, poll.closes or time.end


def voters_and_conferences(prepared: Prepared, store: Store) -> dict[str, dict[str, Any] | None]:
    """Count the terminals whose users can vote before the poll closes, and whose videoconference lasts.

    Parameters
    ----------
    prepared : Prepared
        The run.
    store : Store
        Its store, with every block.

    Returns
    -------
    dict of str to (dict or None)
        "poll": terminals that could vote in one slot at least, and terminals times the share of the slots of the
        opening hours from which a vote gets through at once, within the patience, and before the poll closes.
        "conference": terminals times the share of the slots of beginning from which it lasts without too long a break.
        Of the whole and by region. None where it is not judged, no poll is open in the run, or the run is too short.
    """
    from bentpipe.service.spells import hold, no_holds, no_waits, wait

    names, plan = judged_names(prepared), _planned(prepared)
    wanted = [name for name, there in (("poll", plan.hours), ("video-call", plan.begins)) if there and name in names]
    if not wanted:
        return {"poll": None, "conference": None}
    groups = make_groups(prepared)
    waits, holds = no_waits(len(groups.cell)), no_holds(len(groups.cell))
    for slots, columns in followed(prepared, store, [names.index(name) for name in wanted], groups):
        for name, ok in zip(wanted, columns, strict=True):
            if name == "video-call":
                hold(holds, ok, slots.start - prepared.slots.start, plan.lasts, plan.too_long)
                continue
            first, last = max(slots.start, plan.hours.start), min(slots.stop, plan.hours.stop)
            if first < last:
                part = ok[first - slots.start : last - slots.start]
                wait(waits, part, first - plan.hours.start, plan.patience)
    return {
        "poll": _poll(prepared, plan, groups, waits) if "poll" in wanted else None,
        "conference": _conference(prepared, plan, groups, holds) if "video-call" in wanted else None,
    }


def _poll(prepared: Prepared, plan: _Plan, groups: Groups, waits: Waits) -> dict[str, Any]:
    opens, closes = _opening(prepared)
    time, slots = prepared.scenario.time, len(plan.hours)
    sums = {
        "able_once": (groups.terminals * (waits.sometime > 0), 1),
        "at_once": (groups.terminals * waits.at_once, slots),
        "soon": (groups.terminals * waits.soon, slots),
        "before_it_closes": (groups.terminals * waits.sometime, slots),
    }
    return {
        "opens_utc": f"{opens.isoformat()}Z",
        "closes_utc": f"{closes.isoformat()}Z",
        "slots": slots,
        "whole": bool(opens >= time.start and closes <= time.end),
        "patience_min": prepared.scenario.services.poll.patience_min,
        **_by_region(prepared, groups, sums),
    }


def _conference(prepared: Prepared, plan: _Plan, groups: Groups, holds: Holds) -> dict[str, Any]:
    asked = prepared.scenario.services.conference
    return {
        "duration_min": asked.duration_min,
        "longest_break_s": asked.longest_break_s,
        "slots": plan.begins,
        **_by_region(prepared, groups, {"held": (groups.terminals * holds.held, plan.begins)}),
    }


def _whole_slots(prepared: Prepared, start: datetime, end: datetime) -> range:
    """Slots of the run that lie within a time as a whole."""
    first, last = float(to_unix_s(start)), float(to_unix_s(end))
    slots = np.arange(prepared.slots.start, prepared.slots.stop)
    begin = prepared.clock.start_unix_s(slots)
    inside = slots[(begin >= first - 1e-6) & (begin + prepared.clock.interval_s <= last + 1e-6)]
    return range(int(inside[0]), int(inside[-1]) + 1) if len(inside) else range(0)


def _by_region(prepared: Prepared, groups: Groups, sums: dict[str, tuple[Counts, int]]) -> dict[str, Any]:
    """Terminals of the whole and of each region; sums are whole numbers until they are divided by slots."""
    regions = len(prepared.territory.region_code)
    region = np.where(prepared.territory.region[groups.cell] < 0, regions, prepared.territory.region[groups.cell])
    found: dict[str, Any] = {"terminals": int(groups.terminals.sum())}
    rows: dict[str, list[float]] = {"terminals": [float(n) for n in _added(groups.terminals, region, regions)]}
    for name, (values, slots) in sums.items():
        found[name] = int(values.sum()) / slots
        rows[name] = [value / slots for value in _added(values, region, regions)]
    return {**found, "regions": rows}


def _added(values: Counts, region: Counts, regions: int) -> list[int]:
    """Sums by region, in whole numbers."""
    out = np.zeros(regions + 1, np.int64)
    np.add.at(out, region, values)
    return [int(value) for value in out[:regions]]
