"""A user's own measurements against the same slots of a finished run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bentpipe.catalog.measurements import Measurements
from bentpipe.errors import Fault, InputError
from bentpipe.report.measured.lines import Finding, findings_data, findings_lines
from bentpipe.report.measured.outages import Outages, gaps_of, match
from bentpipe.report.measured.parts import Losses, Samples, delay_parts, loss_parts, rate_parts, with_intervals
from bentpipe.report.measured.predicted import View, predicted_rates, predicted_rtt_s, probe_view
from bentpipe.report.measured.resampled import draw_slots, pair
from bentpipe.report.measured.siteslots import Aligned, Boolean, Float, SiteSlots, align, site_slots
from bentpipe.report.reading import FinishedRun

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FIRST_S = 1.0


@dataclass(frozen=True)
class MeasuredComparison:
    """Measurements beside a run.

    Parameters
    ----------
    lines : tuple of str
        For people.
    data : dict
        The same numbers for machines; the unit is in each key, shares are dimensionless (1 = all).
    findings : tuple of Finding
        One for each quantity measured.
    """

    lines: tuple[str, ...]
    data: dict[str, Any]
    findings: tuple[Finding, ...]


def compare_measured(
    run: FinishedRun,
    *measured: Measurements,
    site: str | None = None,
    offset_s: float = 0.0,
    probe: str | None = None,
) -> MeasuredComparison:
    """Compare measurements with what a run gives at the same times.

    Parameters
    ----------
    run : FinishedRun
        A finished run with the place measured as a site.
    *measured : Measurements
        As `bentpipe.read_measurements` returns them.
    site : str, optional
        Id or name of the site; needed where the run has several.
    offset_s : float
        Added to the measured times, s: what the clock of the measuring computer was behind UTC.
    probe : str, optional
        Kind of probe of a round trip, "ping", "traceroute", "built-in" or "dish"; told from the file by default.

    Returns
    -------
    MeasuredComparison
        Quantiles and distances; the parts in which they differ, with intervals over slots; gaps against outages.

    Raises
    ------
    InputError
        Nothing was measured within the run, or no site, kind of probe or offset of that name and size.
    StoreError
        A run of an earlier version.
    RunError
        A run that is not finished.
    """
    if not measured:
        raise InputError(Fault("there is nothing to compare", "measured", None, "one file of measurements or more"))
    if not np.isfinite(offset_s) or abs(offset_s) > 1e9:
        raise InputError(Fault("not an offset", "--offset", offset_s, "seconds"))
    slots = site_slots(run, site)
    findings = tuple(_compared(slots, one, offset_s, probe) for one in measured)
    name = str(run.manifest.get("name", run.path.name))
    return MeasuredComparison(
        findings_lines(name, run.manifest, slots, findings), findings_data(name, slots, findings), findings
    )


class _Inside(NamedTuple):
    """Samples within the run: value and share lost, and which lie in a gap."""

    unix_s: Float
    value: Float
    lost: Float
    gap: Boolean


def _compared(slots: SiteSlots, measured: Measurements, offset_s: float, probe: str | None) -> Finding:
    """Compare one quantity."""
    aligned = align(slots, measured, offset_s)
    value, lost = measured.value[aligned.inside], measured.lost[aligned.inside]
    when = measured.unix_s[aligned.inside] + offset_s
    rate = measured.quantity == "rate"
    told = rate or bool(np.isfinite(lost).all())
    gone = value <= 0.0 if rate else (lost >= 1.0) | ~np.isfinite(value)  # a transfer that stands still
    gaps, in_gap = gaps_of(when, gone, measured.interval_s)
    within = np.zeros(len(slots), np.bool_)
    within[aligned.slot] = True
    outages = match(gaps, slots.connected, slots.start_unix_s, slots.slot_s, within, told)
    inside = _Inside(when, value, lost, in_gap)
    if measured.quantity == "rtt":
        view = probe_view(slots, measured, probe)
        predicted = predicted_rtt_s(slots, aligned, view, measured.span_s)
        return _finding(slots, measured, aligned, inside, predicted, outages, view, None)
    rates = predicted_rates(slots, aligned, measured.way, measured.limit_bit_s)
    return _finding(slots, measured, aligned, inside, rates.loaded, outages, None, rates.alone)


def _finding(
    slots: SiteSlots, measured: Measurements, aligned: Aligned, inside: _Inside, predicted: Float, outages: Outages,
    view: View | None, alone: Float | None,
) -> Finding:  # fmt: skip
    """Hold answered samples against their predictions."""
    both = np.isfinite(inside.value) & np.isfinite(predicted)
    if not both.any():
        return Finding(measured, aligned, outages, view)
    order = np.flatnonzero(both)[np.argsort(aligned.slot[both], kind="stable")]
    used, slot = np.unique(aligned.slot[order], return_inverse=True)
    samples = Samples(slot.astype(np.int64), inside.value[order], predicted[order], _fixed(slots, view)[used])
    draws = draw_slots(samples.count)
    pooled = pair(draws, samples.slot, samples.measured, samples.predicted)
    raw = (delay_parts if view else rate_parts)(draws, samples, pooled)
    if np.isfinite(inside.lost).all():
        raw = raw + loss_parts(draws, _losses(slots, measured, aligned, inside, used))
    quantiles = []
    for q in QUANTILES:
        said, seen = pooled.predicted.quantile(q), pooled.measured.quantile(q)
        quantiles.append((q, float(said[0]), float(seen[0]), draws.interval(seen - said, len(QUANTILES))))
    return Finding(
        measured, aligned, outages, view, samples, draws, pooled, tuple(quantiles), with_intervals(draws, raw),
        None if alone is None else alone[order], int((~both & np.isfinite(inside.value)).sum()),
    )  # fmt: skip


def _fixed(slots: SiteSlots, view: View | None) -> Float:
    return slots.fixed_s if view else np.zeros(len(slots))


def _losses(slots: SiteSlots, measured: Measurements, aligned: Aligned, inside: _Inside, used: np.ndarray) -> Losses:
    """Losses outside gaps of the slots compared."""
    row = np.full(len(slots), -1)
    row[used] = np.arange(len(used))
    kept = (row[aligned.slot] >= 0) & ~inside.gap
    slot, lost = row[aligned.slot[kept]], inside.lost[kept]
    early = (aligned.after_s[kept] < FIRST_S) & (measured.span_s == 0.0)

    def count(weights: Float) -> Float:
        return np.bincount(slot, weights, len(used)).astype(np.float64)

    lost_s = slots.probes.get("handover_lost_s")
    change = float("nan") if lost_s is None else float(slots.handover[used].mean()) * float(lost_s) / FIRST_S
    return Losses(
        count(np.ones(len(lost))), count(lost), slots.loss[used], count(early.astype(np.float64)),
        count(lost * early), change,
    )  # fmt: skip
