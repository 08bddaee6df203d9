"""How many terminals a territory can carry at a target rate, what binds, and what would lift it.

A question of planning, put to the run's own scheduler, link budgets and shares in sampled slots: first with the
terminals that there are, then with cells that ask without end, then with one thing more at a time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.power import TerminalPower, terminal_power
from bentpipe.errors import Fault, InputError
from bentpipe.registry import Policy
from bentpipe.results.opened import Run
from bentpipe.scenario import Scenario
from bentpipe.simulate.additions import Addition, additions
from bentpipe.simulate.capacitylines import capacity_lines
from bentpipe.simulate.explain import policy_of
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.saturated import (
    BINDING,
    Carried,
    Case,
    Target,
    asking_for,
    busy_case,
    growth_weight,
    over_slots,
    saturated_case,
    weather_of,
)
from bentpipe.simulate.saved import saved_scenario
from bentpipe.simulate.world import World, world_state

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Rates that can be asked for, bit/s.
LEAST_BPS, MOST_BPS = 1e3, 1e11


@dataclass(frozen=True)
class Capacity:
    """How many terminals a territory and its regions can carry.

    Parameters
    ----------
    lines : tuple of str
        For people.
    data : dict
        The same, with units in the keys.
    """

    lines: tuple[str, ...]
    data: dict[str, Any]


def capacity(
    run: Run | Scenario,
    target_down_bit_s: float,
    target_up_bit_s: float,
    availability: float = 0.95,
    slots: int = 48,
    *,
    scheduling: str | Policy | Callable[[Any], Any] | None = None,
    threads: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Capacity:
    """Tell how many terminals can have a rate, region by region, what binds, and what would lift it.

    Parameters
    ----------
    run : Run or Scenario
        A run, or a scenario that need not have been run.
    target_down_bit_s, target_up_bit_s : float
        Rate that each terminal is to get towards it and from it, bit/s.
    availability : float
        Share of the sampled slots in which it is to get them, above 0, up to 1.
    slots : int
        Slots that are looked at, evenly spaced over the run.
    scheduling : str, Policy or callable, optional
        The run's scheduling policy, where that is a function of your own.
    threads : int, optional
        Threads; all cores when left out. The results do not depend on it.
    progress : callable, optional
        Told ``(stage, done, total)``.

    Returns
    -------
    Capacity

    Raises
    ------
    InputError
        A target, the availability or the number of slots is out of range, or the run has no rates.
    """
    _check(target_down_bit_s, target_up_bit_s, availability, slots)
    tell = progress or (lambda stage, done, total: None)
    scenario = run if isinstance(run, Scenario) else saved_scenario(run)
    if scenario.policies.sharing == "none":
        remedy = 'set policies.sharing = "single-satellite" and run it again'
        where = scenario.where("policies.sharing")
        raise InputError(Fault("without rates there is no capacity to tell", where, "none", remedy=remedy))
    if scenario.lasers is not None:
        what = "not modelled: the capacity of a territory whose traffic goes over lasers"
        raise InputError(Fault(what, scenario.where("lasers"), None, "bent pipes", "run it without [lasers]"))
    policy = scheduling if isinstance(run, Scenario) else policy_of(run, scheduling)
    tell("prepare", 0, 0)
    prepared = prepare(scenario, policy, seeds=1)
    target = Target(round(target_down_bit_s), round(target_up_bit_s))
    data = _measured(prepared, target, availability, slots, threads or os.cpu_count() or 1, tell)
    return Capacity(capacity_lines(data), data)


def _check(down: float, up: float, availability: float, slots: int) -> None:
    allowed = f"{LEAST_BPS:g} to {MOST_BPS:g} bit/s"
    faults = [
        Fault("a target rate is out of range", name, value, allowed)
        for name, value in (("target_down_bit_s", down), ("target_up_bit_s", up))
        if not LEAST_BPS <= value <= MOST_BPS
    ]
    if not 0.0 < availability <= 1.0:
        faults.append(Fault("a share of the slots is wanted", "availability", availability, "above 0, up to 1"))
    if not 1 <= slots <= 100_000:
        faults.append(Fault("the number of slots is out of range", "slots", slots, "1 to 100,000"))
    if faults:
        raise InputError(*faults)


def sampled_slots(run: range, most: int) -> IntArray:
    """Slots of a run, evenly spaced by absolute number.

    Parameters
    ----------
    run : range
        Slots of the run.
    most : int
        Slots at most.

    Returns
    -------
    (M,) int64
        At least one.
    """
    stride = max(1, -(-len(run) // most))
    held = np.arange(run.start, run.stop, dtype=np.int64)
    found = held[held % stride == 0]
    return np.asarray(found if len(found) else held[:1], np.int64)


def reached(values: FloatArray, availability: float) -> FloatArray:
    """Largest value that at least so many of the slots reach: an order statistic, nothing between two slots.

    Parameters
    ----------
    values : (M, ...) float64
        Values of M slots.
    availability : float
        Share of the slots, above 0, up to 1.

    Returns
    -------
    (...) float64
    """
    falling = -np.sort(-values, axis=0)
    return np.asarray(falling[max(1, math.ceil(availability * len(values) - 1e-9)) - 1])


class _Sums:
    """Saturated terminals of a case: by slot and region, the territory last, and by limit."""

    def __init__(self, case: Case, grow: npt.NDArray[np.bool_], region: IntArray, regions: int, slots: int) -> None:
        cell = next(iter(case.flows.values())).cell
        self.flow = np.flatnonzero(grow[cell])
        self.region = region[cell[self.flow]]
        self.terminals = np.zeros((slots, regions + 1))
        self.limit = np.zeros((slots, len(BINDING)))
        self.up = np.zeros(slots)

    def keep(self, row: int, found: Carried) -> None:
        terminals, known = found.terminals[self.flow], self.region >= 0
        regions = self.terminals.shape[1] - 1
        self.terminals[row, :-1] = np.bincount(self.region[known], terminals[known], regions)
        self.terminals[row, -1] = terminals.sum()
        self.limit[row] = np.bincount(found.limit[self.flow], terminals, len(BINDING))
        self.up[row] = terminals[found.up[self.flow]].sum()

    def short_of_uplink(self) -> float:
        """Share of what is carried that the direction from users bounds."""
        return round(float(self.up.sum() / max(float(self.terminals[:, -1].sum()), 1e-300)), 4)

    def limits(self) -> dict[str, float]:
        """Share of what is carried by the limit that binds it, largest first."""
        total = self.limit.sum(axis=0)
        share = total / max(float(total.sum()), 1e-300)
        order = np.argsort(-share, kind="stable")
        return {BINDING[i]: round(float(share[i]), 4) for i in order if share[i] > 0.0}


class _Present:
    """Terminals that there are: how many each flow's rate is enough for, slot by slot."""

    def __init__(self, case: Case, target: Target, slots: int) -> None:
        name, flows = next(iter(case.flows.items()))
        self.cell = flows.cell
        self.count = np.rint(flows.demand_bps / target.of(name))
        self.enough = np.zeros((slots, len(flows.cell)))

    def keep(self, row: int, found: Carried) -> None:
        self.enough[row] = np.minimum(found.terminals, self.count)

    def full(self) -> npt.NDArray[np.bool_]:
        """Slots in which all terminals of a flow, which share alike, get the target, (M, F) bool."""
        return self.enough >= self.count * (1.0 - 1e-9)


def _measured(
    prepared: Prepared,
    target: Target,
    availability: float,
    most: int,
    threads: int,
    tell: Callable[[str, int, int], None],
) -> dict[str, Any]:
    """Evaluate all cases in one pass over the slots."""
    slots = sampled_slots(prepared.slots, most)
    world, weather = world_state(prepared, slots), weather_of(prepared, slots)
    who = asking_for(prepared, target)
    territory = prepared.territory
    cells, regions = len(territory.cell_id), len(territory.region_code)
    region = np.where(np.arange(len(prepared.place_key)) < cells, territory.region, -1).astype(np.int64)
    whole = np.arange(len(prepared.place_key)) < cells
    busy = busy_case(prepared, world, weather, target, who)
    present = _Present(busy, target, len(slots))
    cases: list[Case] = [busy]
    keepers: list[Callable[[int, Carried], None]] = [present.keep]

    def add(variant: Prepared, there: World, grow: npt.NDArray[np.bool_], sky: Any) -> _Sums:
        case = saturated_case(variant, there, sky, target, grow, who)
        sums = _Sums(case, grow, region, regions, len(slots))
        cases.append(case)
        keepers.append(sums.keep)
        return sums

    together = add(prepared, world, whole, weather)
    alone = [add(prepared, world, region == i, weather) for i in range(regions)]
    more: list[tuple[Addition, _Sums]] = []
    for addition in additions(prepared, world, slots):
        changed = addition.prepared.radio is not prepared.radio or addition.prepared.ground is not prepared.ground
        sky = weather_of(addition.prepared, slots) if changed else weather
        more.append((addition, add(addition.prepared, addition.world, whole, sky)))
    over_slots(
        cases, slots, target, lambda case, row, found: keepers[case](row, found), threads,
        lambda done, total: tell("simulate", done, total),
    )  # fmt: skip
    power = terminal_power(prepared.scenario.dish(prepared.scenario.terminals.dish).radio)
    data = _question(prepared, slots, target, availability)
    data["power_per_terminal"] = power._asdict()
    data["territory"] = _territory(prepared, present, together, availability, power)
    data["regions"] = _regions(prepared, world, region, present, together, alone, availability, power)
    data["sites"] = _sites(prepared, present, availability)
    data["lifts"] = _lifts(together, more, availability)
    data["notes"] = list(_notes(prepared, slots, availability))
    return data


def _question(prepared: Prepared, slots: IntArray, target: Target, availability: float) -> dict[str, Any]:
    scenario = prepared.scenario
    first, last = np.datetime_as_string(prepared.clock.start_utc([slots[0], slots[-1]]), "s")
    return {
        "scenario": scenario.name,
        "target_down_bit_s": target.down_bps,
        "target_up_bit_s": target.up_bps if prepared.radio and prepared.radio.up else None,
        "availability": availability,
        "slots": len(slots),
        "first_slot_utc": str(first),
        "last_slot_utc": str(last),
        "weather": scenario.weather.mode,
        "scheduling": prepared.policy.name,
        "sharing": scenario.policies.sharing,
    }


def _with_target(present: _Present, flows: npt.NDArray[np.bool_], availability: float) -> dict[str, Any]:
    """Of the terminals of some flows: how many get the target, and how many their rates are enough for."""
    often = present.full()[:, flows].mean(axis=0) >= availability - 1e-9 if flows.any() else np.zeros(0, np.bool_)
    enough = present.enough[:, flows].sum(axis=1)
    return {
        "terminals_placed": int(present.count[flows].sum()),
        "terminals_with_target": int(present.count[flows][often].sum()),
        "terminals_with_target_mean": round(float((present.full() * present.count)[:, flows].sum(axis=1).mean()), 1),
        "terminals_enough_for": math.floor(float(reached(enough, availability)) + 1e-6),
    }


def _carried(sums: _Sums, column: int, availability: float, power: TerminalPower) -> dict[str, Any]:
    value = reached(sums.terminals[:, column], availability)
    terminals = math.floor(float(value) + 1e-6)
    return {"can_carry_terminals": terminals, "kits": terminals, "power_kw": round(terminals * power.power_w / 1e3, 1)}


def _territory(
    prepared: Prepared, present: _Present, together: _Sums, availability: float, power: TerminalPower
) -> dict[str, Any]:
    weight = growth_weight(prepared)
    every = np.ones(len(present.cell), np.bool_)
    return {
        **_with_target(present, every, availability),
        **_carried(together, -1, availability, power),
        "can_carry_terminals_median": math.floor(float(np.median(together.terminals[:, -1])) + 1e-6),
        "cells_that_grow": int((weight > 0.0).sum()),
        "binding": together.limits(),
        "binding_up_share": together.short_of_uplink(),
    }


def _regions(
    prepared: Prepared,
    world: World,
    region: IntArray,
    present: _Present,
    together: _Sums,
    alone: list[_Sums],
    availability: float,
    power: TerminalPower,
) -> list[dict[str, Any]]:
    territory, found = prepared.territory, []
    for i, (code, name) in enumerate(zip(territory.region_code, territory.region_name, strict=True)):
        carries = _carried(alone[i], i, availability, power)
        row = {"code": code, "name": name, **_with_target(present, region[present.cell] == i, availability), **carries}
        row["more_kits"] = max(0, row["can_carry_terminals"] - row["terminals_placed"])
        row["can_carry_together_terminals"] = math.floor(float(reached(together.terminals[:, i], availability)) + 1e-6)
        row["licensed"] = bool(world.allowed[:, region == i].any() or not (region == i).any())
        row["can_carry_terminals_median"] = math.floor(float(np.median(alone[i].terminals[:, i])) + 1e-6)
        row["binding"] = alone[i].limits()
        row["binding_up_share"] = alone[i].short_of_uplink()
        found.append(row)
    return found


def _sites(prepared: Prepared, present: _Present, availability: float) -> list[dict[str, Any]]:
    cells, full, found = len(prepared.territory.cell_id), present.full(), []
    for i, site in enumerate(prepared.territory.sites):
        flows = present.cell == cells + i
        if flows.any():
            share = float(full[:, flows].all(axis=1).mean())
            found.append({"id": site.id, "terminals": site.terminals, "share_of_slots_with_target": round(share, 4)})
    return found


def _lifts(together: _Sums, more: list[tuple[Addition, _Sums]], availability: float) -> list[dict[str, Any]]:
    """Additions by what they bring, largest first; ties in the order in which they were tried."""
    base, whole = float(reached(together.terminals[:, -1], availability)), float(together.terminals[:, -1].mean())
    rows = []
    for addition, sums in more:
        gain = float(reached(sums.terminals[:, -1], availability)) - base
        mean = float(sums.terminals[:, -1].mean()) - whole
        rows.append(
            {
                "id": addition.id, "what": addition.what,
                "gain_terminals": round(gain), "gain_percent": _percent(gain, base),
                "mean_gain_terminals": round(mean), "mean_gain_percent": _percent(mean, whole),
                "binding": sums.limits(),
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: (-row["gain_terminals"], -row["mean_gain_terminals"]))


def _percent(gain: float, base: float) -> float | None:
    """Gain over the base, %; None where something comes of nothing."""
    if base > 0.0:
        return round(100.0 * gain / base, 2)
    return None if gain else 0.0


def _notes(prepared: Prepared, slots: IntArray, availability: float) -> list[str]:
    notes = list(prepared.radio.warnings) if prepared.radio else []
    if (1.0 - availability) * len(slots) < 1.0:
        notes.append(f"of {len(slots)} slots the worst decides: a finer answer needs more slots")
    return notes
