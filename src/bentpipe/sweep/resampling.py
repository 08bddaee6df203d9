"""Statistics of resamples: a resample is how often each run is in it, so that runs are read in order, not drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


#: Resamples that are gone through together, so that what is read again and again stays near.
_TILE = 128


@kernel("void(float64[:,::1], float64[:,::1], float64[:,::1], float64[:,::1])")
def weighted_sums(values: Array, times: Array, total: Array, count: Array) -> None:
    """Sum the values of every resample, run after run; NaN counts for nothing.

    Parameters
    ----------
    values : (A, N) float64
        Of N runs, for each of A places.
    times : (N, R) float64
        How often each run is in each of R resamples.
    total, count : (A, R) float64
        Sums, and how many values are in them; written.
    """
    runs, resamples = times.shape
    for begin in range(0, resamples, _TILE):
        end = min(begin + _TILE, resamples)
        for a in range(len(values)):
            # Runs that are missing are so at most places alike: their counts are those of the place before.
            alike = a > 0
            for n in range(runs):
                alike = alike and np.isnan(values[a, n]) == np.isnan(values[a - 1, n])
            # Views that start at 0: the compiler makes vector code of loops over them.
            own, number = total[a, begin:end], count[a, begin:end]
            own[:] = 0.0
            number[:] = count[a - 1, begin:end] if alike else own
            for n in range(runs):
                value = values[a, n]
                if np.isnan(value):
                    continue
                each = times[n, begin:end]
                for r in range(end - begin):
                    own[r] += each[r] * value
                if not alike:
                    for r in range(end - begin):
                        number[r] += each[r]


@kernel("void(float64[:,::1], int64[:,::1], int64[:,::1], float64, int64[::1], float64[:,::1])")
def weighted_quantiles(
    ordered: Array, order: IntArray, times: IntArray, q: float, last: IntArray, found: Array
) -> None:
    """Find a quantile of every resample, as if the resample were written out and sorted.

    Linear between the values at the ranks below and above ``q * (count - 1)``, as NumPy's default.

    Parameters
    ----------
    ordered : (A, N) float64
        Values of N runs for each of A places, ascending, NaN last.
    order : (A, N) int64
        Runs in that order, those without a value by number.
    times : (R, N) int64
        How often each run is in each of R resamples.
    q : float64
        Probability.
    last : (R,) int64
        Room for the last rank of each resample.
    found : (A, R) float64
        NaN where a resample holds no value. Written.
    """
    resamples, runs = times.shape
    known = -1
    for a in range(len(ordered)):
        there = 0
        while there < runs and not np.isnan(ordered[a, there]):
            there += 1
        alike = there == known
        for n in range(there, runs):
            alike = alike and order[a, n] == order[a - 1, n]
        known = there
        for r in range(resamples):
            if not alike:
                last[r] = -1
                for n in range(there):
                    last[r] += times[r, order[a, n]]
            if last[r] < 0:
                found[a, r] = np.nan
                continue
            at = q * last[r]
            rank = np.int64(np.floor(at))
            n = 0
            seen = times[r, order[a, 0]]
            while seen <= rank:
                n += 1
                seen += times[r, order[a, n]]
            low = ordered[a, n]
            while seen <= min(rank + 1, last[r]):
                n += 1
                seen += times[r, order[a, n]]
            found[a, r] = low + (ordered[a, n] - low) * (at - rank)


def resampled_mean(values: Array, times: Array, total_only: bool = False) -> Array:
    """Mean of every resample.

    Parameters
    ----------
    values : (A, N) array
        NaN where there is none.
    times : (N, R) array
        How often each of N runs is in each of R resamples.
    total_only : bool
        Give the sum.

    Returns
    -------
    (A, R) array
        In the unit of the values; NaN where a resample holds no value, of which the sum is 0.
    """
    total, count = np.empty((2, len(values), times.shape[1]))
    weighted_sums(np.ascontiguousarray(values), times, total, count)
    if total_only:
        return np.asarray(total)
    with np.errstate(invalid="ignore"):  # 0 / 0 is no value
        return np.asarray(np.divide(total, count, out=total))


def resampled_quantile(values: Array, times: Array, q: float) -> Array:
    """Quantile of every resample, linear between order statistics as NumPy's default.

    Parameters
    ----------
    values : (A, N) array
        NaN where there is none.
    times : (N, R) array
        How often each of N runs is in each of R resamples.
    q : float
        Probability from 0 to 1.

    Returns
    -------
    (A, R) array
        NaN where a resample holds no value.
    """
    order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, -1)
    found = np.empty((len(values), times.shape[1]))
    by_resample = np.ascontiguousarray(times.T, np.int64)
    weighted_quantiles(ordered, order, by_resample, q, np.empty(len(by_resample), np.int64), found)
    return found
