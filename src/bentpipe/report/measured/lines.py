"""Measurements beside a run, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from bentpipe.catalog.measurements import Measurements
from bentpipe.report.measured.outages import Outages
from bentpipe.report.measured.parts import TITLES, Part, Samples
from bentpipe.report.measured.predicted import View
from bentpipe.report.measured.resampled import FEWEST_SLOTS, Draws, Interval, Pair
from bentpipe.report.measured.siteslots import Aligned, Float, SiteSlots, span_words
from bentpipe.report.plain import DISCLAIMER
from bentpipe.report.wording import DASH, MINUS, count, duration, percent, plural

_SCALE: Final = {"s": (1e3, "ms"), "bit/s": (1e-6, "Mbit/s"), "share": (100.0, "%")}
_KEYS: Final = {"s": "ms", "bit/s": "mbit_s", "share": "percent"}
POP_ADDRESS: Final = "100.64.0.1"
"""Address of the first hop behind a Starlink terminal, at the point of presence (measured, several sources)."""


@dataclass(frozen=True)
class Finding:
    """One measured quantity beside the run.

    Parameters
    ----------
    measured : Measurements
    aligned : Aligned
    outages : Outages
    view : View or None
        How the probe sees the waits; None for rates.
    samples, draws, pooled
        What was compared; None where no answered sample falls into a slot in which the site is connected.
    quantiles : tuple
        Probability, predicted, measured, difference.
    parts : tuple of Part
    alone : (N,) float64 or None
        Rates of a terminal alone in its beam, bit/s.
    unpredicted : int
        Answered samples in slots in which the site is not connected in the run.
    """

    measured: Measurements
    aligned: Aligned
    outages: Outages
    view: View | None
    samples: Samples | None = None
    draws: Draws | None = None
    pooled: Pair | None = None
    quantiles: tuple[tuple[float, float, float, Interval], ...] = ()
    parts: tuple[Part, ...] = ()
    alone: Float | None = None
    unpredicted: int = 0

    @property
    def unit(self) -> str:
        """Unit of the values in Python."""
        return "s" if self.measured.quantity == "rtt" else "bit/s"

    @property
    def slots(self) -> int:
        """Slots compared."""
        return 0 if self.samples is None else len(self.samples.fixed)

    @cached_property
    def chance(self) -> tuple[float, float]:
        """What the distances stay below by chance; see `Pair.by_chance`."""
        return (np.nan, np.nan) if self.pooled is None else self.pooled.by_chance(self.slots)

    @property
    def off(self) -> tuple[Part, ...]:
        """Parts whose interval leaves the prediction out, the most certain first."""
        found = [part for part in self.parts if part.difference.told and not part.difference.agrees]
        return tuple(sorted(found, key=lambda p: -abs(p.difference.value) / _reach(p.difference)))


def _reach(one: Interval) -> float:
    return max(0.5 * (one.high - one.low), 1e-300)


def findings_lines(
    run: str, manifest: Mapping[str, Any], slots: SiteSlots, findings: tuple[Finding, ...]
) -> tuple[str, ...]:
    """Write all findings for people.

    Parameters
    ----------
    run : str
        Its name.
    manifest : mapping
        Of the run.
    slots : SiteSlots
    findings : tuple of Finding

    Returns
    -------
    tuple of str
    """
    lines = [DISCLAIMER]
    if manifest.get("hypothetical"):
        lines.append(f"Warning: {run} is hypothetical: no statement about the past.")
    for finding in findings:
        lines += ["", *_finding_lines(run, slots, finding)]
    return tuple(lines)


def _finding_lines(run: str, slots: SiteSlots, finding: Finding) -> Iterator[str]:
    yield from _what(run, slots, finding)
    if finding.samples is not None:
        yield from ("", *_table(_quantile_rows(finding)), *_distances(finding))
        yield from ("", *_table(_part_rows(finding)), *_verdict(finding))
    else:
        yield "No answered sample falls into a slot in which the site is connected in the run: no delays to compare."
    yield _outage_line(finding)


def _what(run: str, slots: SiteSlots, finding: Finding) -> Iterator[str]:
    """What was measured, what of it is compared, and what was assumed."""
    m, aligned = finding.measured, finding.aligned
    what = "round trips" if m.quantity == "rtt" else f"rates {m.way}"
    lost = int(np.nansum(m.lost)) if np.isfinite(m.lost).all() else None
    told = f", {count(lost, 9)} lost" if lost is not None and m.span_s == 0.0 else ""
    span = span_words(m.unix_s[0], m.unix_s[-1])
    yield f"Measured: {m.file} ({m.kind}): {count(len(m), 9)} {what}, {span}{told}."
    if m.unreadable:
        yield f"{plural(m.unreadable, 'line')} could not be read: {'; '.join(m.shown)}."
    outside = aligned.before + aligned.after
    used = 0 if finding.samples is None else len(finding.samples.slot)
    parts = [f"{count(used, 9)} answered samples in {plural(finding.slots, 'slot')} of {duration(slots.slot_s)}"]
    if outside:
        parts.append(
            f"{count(outside, 9)} outside the run's time ({count(aligned.before, 9)} before, "
            f"{count(aligned.after, 9)} after) left out"
        )
    if finding.unpredicted:
        parts.append(f"{count(finding.unpredicted, 9)} answered where the run has no connection left out")
    yield f"Compared with {slots.name}, run {run}: {'; '.join(parts)}."
    notes = [*m.notes]
    if finding.view is not None:
        notes.insert(0, finding.view.why)
        if m.kind == "ping" and m.target != POP_ADDRESS:
            where = f"the target {m.target} is" if m.target else "what was pinged is not known and"
            where += " taken as" if m.target else " is taken as"
            notes.append(f"{where} the point of presence: what lies beyond it shows in the floor")
    else:
        notes.append(
            "the prediction is the rate of one terminal at the run's load of its beam; headers are not taken off"
        )
        if np.isfinite(m.limit_bit_s):
            notes.append(f"predictions are held at the test's own limit of {m.limit_bit_s / 1e6:g} Mbit/s")
    yield f"Assumed or found: {'; '.join(notes)}."


def shown(value: float, unit: str, sign: bool = False) -> str:
    """Write a value in the unit of people: ms, Mbit/s or %."""
    if not np.isfinite(value):
        return DASH
    scaled = value * _SCALE[unit][0]
    text = f"{abs(scaled):.2f}" if unit == "share" else f"{abs(scaled):.1f}"
    zero = float(text) == 0.0
    return (MINUS if scaled < 0.0 and not zero else "+" if sign and not zero else "") + text


def _bounds(one: Interval, unit: str) -> str:
    return f"{shown(one.low, unit, True)} to {shown(one.high, unit, True)}" if one.told else DASH


def _quantile_rows(finding: Finding) -> list[list[str]]:
    unit = finding.unit
    rows = [[f"{_SCALE[unit][1]}", "predicted", "measured", "difference", "interval, all at 95 %"]]
    for q, predicted, measured, difference in finding.quantiles:
        rows.append(
            [f"p{100 * q:g}", shown(predicted, unit), shown(measured, unit), shown(difference.value, unit, True),
             _bounds(difference, unit)]
        )  # fmt: skip
    return rows


def _distances(finding: Finding) -> Iterator[str]:
    pooled, unit = finding.pooled, finding.unit
    assert pooled is not None
    far, area = finding.chance
    chance = [f" (by chance up to {text})" if np.isfinite(far) else "" for text in (f"{far:.2f}", shown(area, unit))]
    yield (
        f"Distance of the distributions: Kolmogorov-Smirnov {pooled.kolmogorov:.2f}{chance[0]}, "
        f"Wasserstein-1 {shown(pooled.wasserstein, unit)}{chance[1]} {_SCALE[unit][1]}."
    )
    if finding.alone is not None and finding.samples is not None:
        over = float((finding.samples.measured > finding.alone).mean())
        yield (
            f"A terminal alone in its beam would get {shown(float(np.median(finding.alone)), unit)} Mbit/s at the "
            f"median; {percent(over)} of the samples exceed what it could get then."
        )


def _part_rows(finding: Finding) -> list[list[str]]:
    rows = [["part", "unit", "predicted", "measured", "difference", "interval, all parts at 95 %", ""]]
    for part in finding.parts:
        one = part.difference
        verdict = "agrees" if one.agrees else "off" if one.told else "too few slots to tell"
        rows.append(
            [TITLES[part.key], _SCALE[part.unit][1], shown(part.predicted, part.unit), shown(part.measured, part.unit),
             shown(one.value, part.unit, True), _bounds(one, part.unit), verdict]
        )  # fmt: skip
    return rows


def _verdict(finding: Finding) -> Iterator[str]:
    """Say which part is off, or that none is."""
    assert finding.draws is not None
    if any(part.key in ("spread", "steps", "tail") and part.unit == "s" for part in finding.parts):
        yield "Spread, steps and tail are predicted with waits of the measured size, so that one cause shows once."
    if not finding.draws.enough:
        yield f"{plural(finding.slots, 'slot')}: {FEWEST_SLOTS} are needed to say whether a difference is chance."
        return
    for part in finding.off:
        unit = _SCALE[part.unit][1]
        way = "higher" if part.difference.value > 0.0 else "lower"
        yield (
            f"Off: {TITLES[part.key]}, measured {shown(abs(part.difference.value), part.unit)} {unit} {way} "
            f"({_bounds(part.difference, part.unit)} {unit}): {part.meaning}."
        )
    keys = {part.key for part in finding.off}
    if "spread" in keys and keys & {"floor", "wait"} and finding.view is not None:
        yield "The spread is off, and the shape of waits tells floor and wait apart: a part of theirs may be its own."
    agree = [TITLES[part.key].split(" (")[0] for part in finding.parts if part.difference.agrees]
    if agree:
        first = "No part is off. Agree" if not finding.off else "Agree"
        yield f"{first} within what {plural(finding.slots, 'slot')} can tell: {'; '.join(agree)}."


def _outage_line(finding: Finding) -> str:
    found = finding.outages
    if not found.told:
        if not found.predicted:
            return "Outages: the file does not tell losses, and the run predicts none at these times."
        return f"Outages: the file does not tell losses; the run predicts {plural(len(found.predicted), 'outage')}."
    if not found.gaps and not found.predicted:
        return "Outages: none predicted, and no measured gap of 2 s or more."
    longest = max((gap.seconds for gap in found.gaps), default=0.0)
    most = f", the longest {longest:.1f} s" if found.gaps else ""
    return (
        f"Outages: {plural(len(found.predicted), 'outage')} predicted, {found.hits} with a measured gap (hits), "
        f"{found.false} without (false); {plural(len(found.gaps), 'gap')} of 2 s or more measured{most}, "
        f"{found.missed} not predicted (missed)."
    )


def _table(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def findings_data(run: str, slots: SiteSlots, findings: tuple[Finding, ...]) -> dict[str, Any]:
    """Write all findings for machines.

    Parameters
    ----------
    run : str
    slots : SiteSlots
    findings : tuple of Finding

    Returns
    -------
    dict
    """
    return {
        "simulated": True,
        "disclaimer": DISCLAIMER,
        "run": run,
        "site": slots.id,
        "slot_s": slots.slot_s,
        "measurements": [_data(finding) for finding in findings],
    }


def _data(finding: Finding) -> dict[str, Any]:
    m, scale, key = finding.measured, _SCALE[finding.unit][0], _KEYS[finding.unit]
    out: dict[str, Any] = {
        "file": m.file, "kind": m.kind, "quantity": m.quantity, "way": m.way or None, "target": m.target or None,
        "samples": len(m), "start_unix_s": float(m.unix_s[0]), "end_unix_s": float(m.unix_s[-1]),
        "interval_s": m.interval_s, "unreadable_lines": m.unreadable, "unreadable_shown": list(m.shown),
        "samples_before_run": finding.aligned.before, "samples_after_run": finding.aligned.after,
        "samples_without_prediction": finding.unpredicted, "notes": list(m.notes),
        "probe": None if finding.view is None else finding.view.probe,
        "probe_assumed": None if finding.view is None else finding.view.why,
        "slots_compared": finding.slots,
        "samples_compared": 0 if finding.samples is None else len(finding.samples.slot),
    }  # fmt: skip
    if finding.pooled is not None:
        far, area = finding.chance
        out |= {
            "kolmogorov_smirnov": finding.pooled.kolmogorov, "kolmogorov_smirnov_by_chance": far,
            f"wasserstein_{key}": finding.pooled.wasserstein * scale, f"wasserstein_by_chance_{key}": area * scale,
        }  # fmt: skip
    if finding.alone is not None:
        out[f"alone_p50_{key}"] = float(np.median(finding.alone)) * scale
    out["quantiles"] = [
        {"probability": q, **_row(finding.unit, predicted, measured, difference)}
        for q, predicted, measured, difference in finding.quantiles
    ]
    out["parts"] = [
        {
            "part": part.key, **_row(part.unit, part.predicted, part.measured, part.difference),
            "verdict": None if not part.difference.told else "agrees" if part.difference.agrees else "off",
            "meaning": part.meaning if part in finding.off else None,
        }
        for part in finding.parts
    ]  # fmt: skip
    found = finding.outages
    out["outages"] = {
        "losses_told": found.told, "predicted": len(found.predicted), "hits": found.hits, "false": found.false,
        "gaps": len(found.gaps), "missed": found.missed,
        "longest_gap_s": max((g.seconds for g in found.gaps), default=0.0),
    }  # fmt: skip
    return out


def _row(unit: str, predicted: float, measured: float, difference: Interval) -> dict[str, float]:
    scale, key = _SCALE[unit][0], _KEYS[unit]
    values = (("predicted", predicted), ("measured", measured), ("difference", difference.value),
              ("difference_low", difference.low), ("difference_high", difference.high))  # fmt: skip
    return {f"{name}_{key}": value * scale for name, value in values}
