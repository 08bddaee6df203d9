"""The answer of `capacity` in lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Changes below so many percent are called none: they are within what the scheduler's greedy choices shift.
NO_EFFECT_PERCENT = 0.1


def capacity_lines(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Write the answer out.

    Parameters
    ----------
    data : mapping
        As in `Capacity.data`.

    Returns
    -------
    tuple of str
    """
    return (
        *_head(data),
        "",
        *_table(data["regions"]),
        *([""] if data["regions"] else []),
        *_lift_lines(data["lifts"]),
        "",
        *_assumptions(data),
    )


def _binding(shares: Mapping[str, float]) -> str:
    shown = [f"{name.replace('-', ' ')} {100 * share:.0f} %" for name, share in shares.items() if share >= 0.005]
    return ", ".join(shown) or "nothing is carried"


def _rate(data: Mapping[str, Any]) -> str:
    down, up = data["target_down_bit_s"], data["target_up_bit_s"]
    return f"{down / 1e6:g} Mbit/s down" + (f" and {up / 1e6:g} Mbit/s up" if up is not None else " (up not known)")


def _head(data: Mapping[str, Any]) -> list[str]:
    whole, watt = data["territory"], data["power_per_terminal"]["power_w"]
    placed, good = whole["terminals_placed"], whole["terminals_with_target"]
    part = f" ({100 * good / placed:.1f} %)" if placed else ""
    often = f"{100 * data['availability']:g} % of the slots"
    return [
        f"{data['scenario']}: {_rate(data)} for each terminal in at least {often}; {data['slots']} slots sampled from "
        f"{data['first_slot_utc']} to {data['last_slot_utc']} UTC, weather {data['weather']} (simulated).",
        f"With all terminals placed ({placed:,}) asking at once, {good:,}{part} get it so often, and "
        f"{whole['terminals_with_target_mean']:,.0f} in the mean slot; what their places get would be enough for "
        f"{whole['terminals_enough_for']:,}.",
        f"Asked without end everywhere, the territory carries {whole['can_carry_terminals']:,} terminals (kits); they "
        f"draw {whole['power_kw']:,.1f} kW at {watt:g} W each. In the median slot it carries "
        f"{whole['can_carry_terminals_median']:,}.",
        f"What binds, by terminals carried: {_binding(whole['binding'])}; the direction from users is the short one "
        f"for {100 * whole['binding_up_share']:.0f} %.",
    ]


def _table(regions: list[Mapping[str, Any]]) -> list[str]:
    if not regions:
        return []
    wide = max(len("region"), *(len(row["name"]) for row in regions))
    head = f"{'region':<{wide}}  {'placed':>8} {'get it':>8} {'carries':>8} {'together':>8} {'kW':>8}  binds"
    lines = [head]
    for row in sorted(regions, key=lambda row: (-row["can_carry_terminals"], row["code"])):
        binds = _binding(row["binding"]) if row["licensed"] else "no licence"
        counts = ("terminals_placed", "terminals_with_target", "can_carry_terminals", "can_carry_together_terminals")
        numbers = " ".join(f"{row[count]:>8,}" for count in counts)
        lines.append(f"{row['name']:<{wide}}  {numbers} {row['power_kw']:>8,.1f}  {binds}")
    return [
        *lines,
        "carries: this region alone asks without end; the others ask for the target at the terminals that they have, "
        "and get it first; together: all regions ask without end; kW: power of those that it carries.",
    ]


def _lift_lines(lifts: list[Mapping[str, Any]]) -> list[str]:
    up: list[Mapping[str, Any]] = []
    none: list[Mapping[str, Any]] = []
    down: list[Mapping[str, Any]] = []
    for row in lifts:
        largest = max((_size(row["gain_percent"]), _size(row["mean_gain_percent"])), key=abs)
        (none if abs(largest) < NO_EFFECT_PERCENT else up if largest > 0 else down).append(row)
    lines = ["What would lift it, one thing at a time, by terminals that the territory carries:"]
    lines += [f"{number:>3}. {row['what']}: {_gain(row)}" for number, row in enumerate(up, 1)]
    if not up:
        lines.append("  nothing of what was tried")
    if none:
        lines.append(f"Without effect (less than {NO_EFFECT_PERCENT} %): {'; '.join(row['what'] for row in none)}.")
    if down:
        worse = "; ".join(f"{row['what']}: {_gain(row)}" for row in down)
        lines.append(f"Lower, since satellites are chosen for coverage first, then for rate: {worse}.")
    return lines


def _size(percent: float | None) -> float:
    return float("inf") if percent is None else percent


def _gain(row: Mapping[str, Any]) -> str:
    share = "" if row["gain_percent"] is None else f" ({row['gain_percent']:+.1f} %)"
    return f"{row['gain_terminals']:+,}{share}, {row['mean_gain_terminals']:+,} in the mean slot"


def _assumptions(data: Mapping[str, Any]) -> list[str]:
    power = data["power_per_terminal"]
    return [
        f"Assumed: {power['power_w']:g} W for each terminal ({power['tag']}: {power['note']}); every terminal has "
        "power; further terminals go where the scenario places them (by people, or evenly); fractions of terminals "
        "are added up.",
        *(f"Note: {note}." for note in data["notes"]),
    ]
