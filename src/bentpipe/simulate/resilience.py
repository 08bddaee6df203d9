"""How service falls when a random share of satellites, gateways, planes or lasers is lost.

A question of planning, put to the run's own scheduler in sampled slots, each scheduled for itself. It tells what random
losses cost, never which loss would cost most: nothing here ranks satellites, gateways or planes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.registry import Policy
from bentpipe.results.opened import Run
from bentpipe.scenario import Scenario
from bentpipe.scenario.assumptions import assumptions
from bentpipe.scenario.eventchecks import matches
from bentpipe.simulate.alone import blocks_alone
from bentpipe.simulate.capacity import sampled_slots
from bentpipe.simulate.explain import policy_of, topology_of
from bentpipe.simulate.linkrates import skies
from bentpipe.simulate.losses import check_losable, check_there, count_there, fates, there_is, world_without
from bentpipe.simulate.lossmeasures import (
    MEASURES,
    band_of,
    counted_places,
    downlink_only,
    means_over_slots,
    measured,
    ratio_error,
    ratio_of,
    what_counts,
)
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.resiliencelines import headline, quoted, resilience_lines
from bentpipe.simulate.saved import saved_scenario
from bentpipe.simulate.world import World, world_state

if TYPE_CHECKING:
    from bentpipe.network.topology import Topology

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Shares that are lost when nothing else is asked for.
SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
#: Below so many of what is lost, chance decides whether any is lost at all.
FEW = 20
MOST_SHARES, MOST_DRAWS, MOST_SLOTS = 50, 10_000, 100_000
#: Inputs that are told with the answer, since they decide what a loss costs.
INPUTS = ("constellation", "satellite", "terminals.total", "terminals.users_per_terminal", "policies", "access.load")


@dataclass(frozen=True)
class Resilience:
    """What random losses cost.

    Parameters
    ----------
    lines : tuple of str
        For people.
    data : dict
        The same, with units in the keys.
    """

    lines: tuple[str, ...]
    data: dict[str, Any]


class Sample(NamedTuple):
    """What was measured.

    Parameters
    ----------
    slots : (M,) int64
        Sampled slots, absolute.
    shares : (S,) float64
        Shares lost; the first is 0.
    values : (M, S, D, K) float64
        Of each slot, share and draw: `MEASURES`; NaN where there is nothing to measure.
    there : (M,) int64
        How many there were to lose.
    """

    slots: IntArray
    shares: FloatArray
    values: FloatArray
    there: IntArray


def resilience(
    run: Run | Scenario,
    lose: str = "satellites",
    shares: Sequence[float] = SHARES,
    draws: int = 20,
    slots: int = 12,
    *,
    seed: int | None = None,
    scheduling: str | Policy | Callable[[Any], Any] | None = None,
    topology: str | Topology | Callable[[Any], Any] | None = None,
    threads: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Resilience:
    """Tell how service falls when a random share of satellites, gateways, planes or lasers is lost.

    Parameters
    ----------
    run : Run or Scenario
        A run, or a scenario that need not have been run.
    lose : str
        "satellites", "gateways", "planes" (whole planes of shells) or "lasers" (those of whole satellites).
    shares : sequence of float
        Shares that are lost, 0 to 1; 0 is looked at in any case. Each satellite, gateway or plane in service is lost
        with this probability.
    draws : int
        Random losses of each share; a draw's losses at a smaller share are among those at a larger one.
    slots : int
        Slots that are looked at, evenly spaced over the run.
    seed : int, optional
        Seed of the losses; the scenario's own when left out.
    scheduling : str, Policy or callable, optional
        The run's scheduling policy, where that is a function of your own.
    topology : str, Topology or callable, optional
        The run's laser topology, likewise.
    threads : int, optional
        Threads; all cores when left out. The results do not depend on it.
    progress : callable, optional
        Told ``(stage, done, total)``.

    Returns
    -------
    Resilience

    Raises
    ------
    InputError
        A name, share or number is out of range, or the run has none of what is to be lost.
    """
    lose = check_losable(lose)
    lost_shares = _checked(shares, draws, slots, seed)
    tell = progress or (lambda stage, done, total: None)
    scenario = run if isinstance(run, Scenario) else saved_scenario(run)
    policy = scheduling if isinstance(run, Scenario) else policy_of(run, scheduling)
    tell("prepare", 0, 0)
    prepared = prepare(scenario, policy, seeds=1, topology=topology_of(run, topology))
    own = scenario.seed if seed is None else seed
    found = sample(prepared, lose, lost_shares, draws, slots, own, threads or os.cpu_count() or 1, tell)
    data = _answer(prepared, lose, own, found)
    return Resilience(resilience_lines(data), data)


def _checked(shares: Sequence[float], draws: int, slots: int, seed: int | None) -> FloatArray:
    """Shares in rising order, each once, with 0 before them."""
    faults = []
    try:
        values = np.array([float(share) for share in shares])
    except (TypeError, ValueError):
        values = np.array([np.nan])
    if not len(values) or not ((values >= 0.0) & (values <= 1.0)).all():
        faults.append(Fault("a share of what is lost is out of range", "shares", list(shares), "each from 0 to 1"))
    if len(values) > MOST_SHARES:
        faults.append(Fault("too many shares", "shares", len(values), f"at most {MOST_SHARES}"))
    for name, value, most in (("draws", draws, MOST_DRAWS), ("slots", slots, MOST_SLOTS)):
        if not 1 <= value <= most:
            faults.append(Fault(f"the number of {name} is out of range", name, value, f"1 to {most:,}"))
    if seed is not None and not 0 <= seed < 2**32:
        faults.append(Fault("the seed is out of range", "seed", seed, "0 to 4294967295"))
    if faults:
        raise InputError(*faults)
    return np.unique(np.append(values, 0.0))


def sample(
    prepared: Prepared,
    lose: str,
    shares: FloatArray,
    draws: int,
    most_slots: int,
    seed: int,
    threads: int,
    tell: Callable[[str, int, int], None],
) -> Sample:
    """Schedule each sampled slot anew under every share and draw.

    Parameters
    ----------
    prepared : Prepared
        The run.
    lose : str
        What is lost.
    shares : (S,) float64
        Rising, from 0.
    draws, most_slots, seed : int
        As of `resilience`.
    threads : int
        Threads; no result depends on them.
    tell : callable
        Told the stage, steps done, steps in all.

    Returns
    -------
    Sample
    """
    slots = sampled_slots(prepared.slots, most_slots)
    world = world_state(prepared, slots)
    check_there(prepared, world, lose)
    lost = np.stack([fates(prepared, lose, seed, draw) for draw in range(draws)])[None] < shares[:, None, None]
    values = np.empty((len(slots), len(shares), draws, len(MEASURES)))

    def one(row: int) -> None:
        there = World._make(column[row : row + 1] for column in world)
        values[row] = _slot(prepared, int(slots[row]), there, lose, lost)

    with ThreadPoolExecutor(max(1, threads)) as pool:
        for done, _ in enumerate(pool.map(one, range(len(slots))), 1):
            tell("simulate", done, len(slots))
    return Sample(slots, shares, values, count_there(prepared, world, lose))


def _slot(prepared: Prepared, slot: int, world: World, lose: str, lost: npt.NDArray[np.bool_]) -> FloatArray:
    """Measures of one slot, (S, D, K); lost is (S, D, N or G). A loss that came before is not scheduled again."""
    weather = skies(prepared, np.array([slot], np.int64), 0) if prepared.radio is not None else None
    in_service, down = there_is(world, lose)[0], downlink_only(prepared)
    number: dict[bytes, int] = {}
    cases: list[World] = []
    takes: list[npt.NDArray[np.bool_]] = []
    which = np.empty(lost.shape[:2], np.int64)
    for draw in range(lost.shape[1]):
        for share in range(lost.shape[0]):
            taken = lost[share, draw]
            key = np.packbits(taken & in_service).tobytes()
            which[share, draw] = number.setdefault(key, len(cases))
            if which[share, draw] == len(cases):
                cases.append(world_without(world, lose, taken))
                takes.append(taken)
    found = np.empty((len(cases), len(MEASURES)))
    for i, block in enumerate(blocks_alone(slot, [(prepared, case) for case in cases])):
        found[i, 0] = count_there(prepared, world, lose, takes[i])[0]
        found[i, 1:] = measured(down, block, weather)
    return found[which]


def _answer(prepared: Prepared, lose: str, seed: int, found: Sample) -> dict[str, Any]:
    scenario, who = prepared.scenario, prepared.people[0]
    counted = counted_places(prepared)
    counts = what_counts(prepared)
    first, last = np.datetime_as_string(prepared.clock.start_utc([found.slots[0], found.slots[-1]]), "s")
    over_slots = means_over_slots(found.values)
    data = {
        "scenario": scenario.name,
        "title": scenario.title,
        "lose": lose,
        "hypothetical": True,
        "in_service": round(float(found.there.mean()), 1),
        "draws": found.values.shape[2],
        "seed": seed,
        "slots": len(found.slots),
        "slots_of_run": len(prepared.slots),
        "first_slot_utc": str(first),
        "last_slot_utc": str(last),
        "scheduling": prepared.policy.name,
        "counted": counts,
        "terminals_placed": int(who.total[counted].sum()),
        "sites_placed": len(prepared.territory.sites),
        "cells": len(prepared.territory.cell_id),
        "users_per_terminal": scenario.terminals.users_per_terminal,
        "inputs": _inputs(scenario),
        "events": [event.title for event in scenario.disruptions],
        "shares": [_row(prepared, found, over_slots, i, counts) for i in range(len(found.shares))],
        "notes": _notes(prepared, lose, found),
    }
    return {**data, "headline": headline(data), "quoted_share": quoted(data)["share"]}


def _inputs(scenario: Scenario) -> list[dict[str, Any]]:
    """Inputs that decide how much can be lost, with their marks."""
    return [
        {"key": row.key, "value": str(row.value), "unit": row.unit, "tag": row.tag, "source": row.source or row.note}
        for row in assumptions(scenario)
        if any(matches(key, row.key) for key in INPUTS)
    ]


def _row(prepared: Prepared, found: Sample, means: FloatArray, i: int, counts: str) -> dict[str, Any]:
    """One share: what is lost, and the band of each measure over the draws."""
    row: dict[str, Any] = {"share": float(found.shares[i])}
    for k, name in enumerate(MEASURES):
        row[name] = band_of(means[i, :, k])
    # What a study of paths counts stands where terminals do.
    key = MEASURES.index("sites" if counts == "sites" else "terminals")
    users = prepared.scenario.terminals.users_per_terminal
    row["users"] = band_of(means[i, :, MEASURES.index("terminals")] * users) if counts == "terminals" else None
    row["connected_share"] = band_of(ratio_of(means[i, :, key], means[0, :, key]))
    cells = MEASURES.index("cells_reachable")
    row["cells_reachable_share"] = band_of(ratio_of(means[i, :, cells], means[0, :, cells]))
    given, asked = MEASURES.index("given_down_bit_s"), MEASURES.index("asked_down_bit_s")
    row["given_share"] = band_of(ratio_of(means[i, :, given], means[i, :, asked]))
    if counts == "paths":
        row["paths"], row["terminals"] = row["terminals"], None
    here, whole = found.values[:, i, :, key], found.values[:, 0, 0, key]
    row["slots_without_any"] = round(float((here <= 0).mean()), 4)
    row["slots_standard_error"] = ratio_error(here.mean(axis=1), whole)
    return row


def _notes(prepared: Prepared, lose: str, found: Sample) -> list[str]:
    notes, few = [], round(float(found.there.mean()))
    if few < FEW:
        share = float(found.shares[np.argmin(np.abs(found.shares - 0.1))])
        notes.append(
            f"each of only {few} {lose} is lost with the probability that the share gives: at {100 * share:g} % none "
            f"is lost in {100 * (1.0 - share) ** few:.0f} % of the cases; more draws cost little here"
        )
    if prepared.policy.memory_slots != 0:
        notes.append(
            f"the policy '{prepared.policy.name}' remembers; here each slot is scheduled without memory of the last"
        )
    if math.isnan(prepared.wait_s):
        notes.append("round trips are left out: the load that delays them is computed by a whole run only")
    if prepared.radio is None and what_counts(prepared) != "paths":
        notes.append("the run has no rates: what satellites that are left can still carry is not told")
    if found.values.shape[2] < 6:
        notes.append("with fewer than 6 draws nothing is known of the error of the median")
    return notes
