"""Rates of a finished run as a few numbers: what is asked for and given, and what one terminal could get."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bentpipe.report.reading import FinishedRun, Float, Reading, blocks_of, chunk_lead

#: Rates are counted in bins of 1 % from 1 bit/s on; the first is for less, zero among it.
_BINS_PER_E = 100
_BINS = 30 * _BINS_PER_E


@dataclass(frozen=True)
class RateSummary:
    """One direction of a run.

    Parameters
    ----------
    offered_bit_s, given_bit_s : float
        What all terminals ask for and are given together, mean over slots, bit/s.
    peak_p5_bit_s, peak_p50_bit_s : float
        What one terminal could get at the moment, over connected terminals and slots, to 1 %, bit/s; NaN where
        nobody is connected.
    """

    offered_bit_s: float
    given_bit_s: float
    peak_p5_bit_s: float
    peak_p50_bit_s: float


def rate_summary(run: FinishedRun, reading: Reading, direction: str) -> RateSummary | None:
    """Summarise the rates of a run in one direction.

    Parameters
    ----------
    run : FinishedRun
        The run.
    reading : Reading
        The same, read.
    direction : str
        "down" or "up".

    Returns
    -------
    RateSummary or None
        bit/s; None where the run did not compute these rates.
    """
    data = run.dataset
    rate, peak = f"rate_{direction}_bit_s", f"peak_{direction}_bit_s"
    if rate not in data.variables or not reading.times.size or not data.sizes.get("cell", 0):
        return None
    histogram, computed = np.zeros(_BINS), False
    for block in blocks_of(data, peak, chunk_lead(reading.manifest)):
        part = data[[rate, peak, "terminals_connected"]].isel(slot=block)
        computed = computed or bool(np.isfinite(part[rate].values).any())
        value, weight = np.asarray(part[peak].values), np.asarray(part["terminals_connected"].values)
        known = np.isfinite(value) & (weight > 0)
        index = np.clip(np.log(np.maximum(value[known], 1.0)) * _BINS_PER_E, 0, _BINS - 1).astype(np.int64)
        histogram += np.bincount(index, weights=weight[known], minlength=_BINS)
    if not computed:
        return None
    offered, given = (
        float(data[f"region_{what}_{direction}_bit_s"].values.sum(axis=1, dtype=np.float64).mean())
        for what in ("offered", "rate")
    )
    return RateSummary(offered, given, _quantile(histogram, 0.05), _quantile(histogram, 0.5))


def _quantile(histogram: Float, q: float) -> float:
    total = np.cumsum(histogram)
    if total[-1] <= 0:
        return float("nan")
    index = int(np.searchsorted(total, q * total[-1]))
    return 0.0 if index == 0 else float(np.exp((index + 0.5) / _BINS_PER_E))
