"""What is measured of a slot with a loss, and how sure means over draws and slots are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bentpipe.network.delay import SPEED_OF_LIGHT_M_S
from bentpipe.simulate.linkrates import Sky
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.rates import block_rates, offered_bps
from bentpipe.simulate.recipe import Block

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Percentiles over the draws that the band spans.
BAND = (5.0, 50.0, 95.0)

#: What is measured in a slot; the names are keys of the answer, with the unit at their end.
MEASURES = (
    "lost", "terminals", "sites", "cells_reachable", "rtt_median_s", "rtt_p95_s", "gateways_in_use",
    "given_down_bit_s", "asked_down_bit_s", "rate_down_per_user_bit_s", "peak_down_bit_s",
)  # fmt: skip


def downlink_only(prepared: Prepared) -> Prepared:
    """The same run without rates from users, which are not measured here and would take half the time."""
    return prepared if prepared.radio is None else replace(prepared, radio=replace(prepared.radio, up=None))


def measured(prepared: Prepared, block: Block, weather: tuple[Sky, Sky] | None) -> tuple[float, ...]:
    """Measure a slot.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        The slot, scheduled.
    weather : tuple of Sky, or None
        At places and gateways; None where the run has no rates.

    Returns
    -------
    tuple of float
        `MEASURES` without the first; NaN where there is nothing to measure.
    """
    if what_counts(prepared) == "paths":
        return _paths(prepared, block)
    territory, cells = prepared.territory, len(prepared.territory.cell_id)
    ready = np.where(block.satellite[0] >= 0, block.world.ready[0], 0)
    in_regions = territory.by_region(ready[None, :cells])[0].sum()
    counted = counted_places(prepared)
    weight = np.where(counted, ready, 0)
    rtt = block.rtt_s[0].astype(np.float64)
    return (
        float(in_regions),
        float((ready[cells:] > 0).sum()),
        float(block.reachable[0, :cells].sum()),
        *weighted_quantiles(rtt, weight, (0.5, 0.95)),
        float((block.antennas_in_use[0] > 0).sum()),
        *_rates(prepared, block, weather, weight, counted),
    )


def what_counts(prepared: Prepared) -> str:
    """Tell what a loss is measured by: terminals, named sites where no cell has any, or paths where nothing is served.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    str
        "terminals", "sites" or "paths".
    """
    if counted_places(prepared)[: len(prepared.territory.cell_id)].any():
        return "terminals"
    return "paths" if prepared.paths is not None and not len(prepared.ground.id) else "sites"


def _paths(prepared: Prepared, block: Block) -> tuple[float, ...]:
    """Measure a slot of a study of paths: those that there are in place of terminals, and the traffic on them."""
    found, plan = block.paths[0], prepared.paths
    assert found is not None and plan is not None
    there = np.isfinite(found.path_m)
    rtt = found.path_m * (2.0 / SPEED_OF_LIGHT_M_S)
    asked = float((plan.there_bps + plan.back_bps).sum()) or math.nan
    given = float((found.there_bps + found.back_bps).sum()) if math.isfinite(asked) else math.nan
    return (
        float(there.sum()), math.nan, math.nan, *weighted_quantiles(rtt, there.astype(np.int64), (0.5, 0.95)),
        math.nan, given, asked, math.nan, math.nan,
    )  # fmt: skip


def counted_places(prepared: Prepared) -> npt.NDArray[np.bool_]:
    """Choose the places whose terminals are counted: cells of regions; the named sites where no cell has terminals.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    (C,) bool
    """
    territory, who = prepared.territory, prepared.people[0]
    cells = np.zeros(len(prepared.place_key), np.bool_)
    cells[: len(territory.cell_id)] = territory.region[: len(territory.cell_id)] >= 0
    if (who.total[cells] > 0).any():
        return cells
    sites = np.zeros_like(cells)
    sites[len(territory.cell_id) :] = True
    return sites


def _rates(
    prepared: Prepared,
    block: Block,
    weather: tuple[Sky, Sky] | None,
    weight: IntArray,
    counted: npt.NDArray[np.bool_],
) -> tuple[float, float, float, float]:
    """Given and asked for towards users; medians over connected terminals of the rate per user, and of a peak."""
    down = block_rates(prepared, block, weather)[0] if weather is not None else None
    if down is None:
        return math.nan, math.nan, math.nan, math.nan
    # What is asked for does not depend on being served: the loss shows in what is given.
    asked = offered_bps(prepared, block.world.unix_s, block.world.ready, "down")[0]
    given = np.where(counted, down.served_bps[0], 0)
    users = weight * prepared.scenario.terminals.users_per_terminal
    each = given / np.where(users > 0, users, 1.0)
    (rate,) = weighted_quantiles(each, weight, (0.5,))
    (peak,) = weighted_quantiles(down.peak_bps[0].astype(np.float64), weight, (0.5,))
    return float(given.sum()), float(asked[counted].sum()), rate, peak


def weighted_quantiles(values: FloatArray, weight: IntArray, levels: Sequence[float]) -> tuple[float, ...]:
    """Smallest values that so much of the weight does not exceed: order statistics, nothing between two values.

    Parameters
    ----------
    values : (C,) float64
        Of any unit; those that are NaN are left out.
    weight : (C,) int64
        How often each counts, 0 and up.
    levels : sequence of float
        Shares of the weight, 0 to 1.

    Returns
    -------
    tuple of float
        NaN where nothing counts.
    """
    kept = np.flatnonzero((weight > 0) & np.isfinite(values))
    if not len(kept):
        return tuple(math.nan for _ in levels)
    order = kept[np.argsort(values[kept], kind="stable")]
    below = np.cumsum(weight[order])
    at = [min(int(np.searchsorted(below, level * below[-1] - 1e-9)), len(order) - 1) for level in levels]
    return tuple(float(values[order[i]]) for i in at)


def median_interval(count: int) -> tuple[int, int] | None:
    """Order statistics between which the median lies with 95 % confidence at least, whatever the distribution.

    Parameters
    ----------
    count : int
        Independent draws.

    Returns
    -------
    tuple of int, or None
        Ranks from 0; None where so few draws cannot tell, which is below 6.

    Notes
    -----
    The number of draws below the median is binomial with probability 1/2 (David and Nagaraja, Order Statistics, 3rd
    edition, 2003, chapter 7).
    """
    # So many draws are left out at each end as all lie beyond the median with 2.5 % probability at most: in integers.
    ways, below, cut = 1, 0, -1
    for k in range(count):
        below += ways
        if 40 * below > 1 << count:
            break
        cut, ways = k, ways * (count - k) // (k + 1)
    return None if cut < 0 else (cut, count - 1 - cut)


def means_over_slots(values: FloatArray) -> FloatArray:
    """Average over the slots in which there is something to measure.

    Parameters
    ----------
    values : (M, ...) float64
        Of any unit; NaN where there is nothing.

    Returns
    -------
    (...) float64
        NaN where no slot has anything.
    """
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.asarray(np.where(count > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan))


def ratio_of(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Divide, element by element; NaN where there is nothing to divide by."""
    return np.where(whole > 0.0, part / np.where(whole > 0.0, whole, 1.0), np.nan)


def band_of(values: FloatArray) -> dict[str, float] | None:
    """Tell how the draws spread.

    Parameters
    ----------
    values : (D,) float64
        Of D draws, of any unit; those that are NaN are left out.

    Returns
    -------
    dict or None
        5th, 50th and 95th percentile and mean; `median_low` and `median_high`, between which the median of all possible
        draws lies with 95 % confidence. None where nothing is known.
    """
    known = np.sort(values[np.isfinite(values)])
    if not len(known):
        return None
    low, middle, high = (float(x) for x in np.percentile(known, BAND))
    band = {"p05": low, "median": middle, "p95": high, "mean": float(known.mean())}
    ranks = median_interval(len(known))
    if ranks is not None:
        band["median_low"], band["median_high"] = float(known[ranks[0]]), float(known[ranks[1]])
    return band


def ratio_error(part: FloatArray, whole: FloatArray) -> float | None:
    """Standard error of a ratio of means over slots, as if these were drawn independently.

    Parameters
    ----------
    part, whole : (M,) float64
        Counts in each slot: with the loss, and without it.

    Returns
    -------
    float or None
        Of the ratio, dimensionless; None where one slot tells nothing of it.

    Notes
    -----
    By the linear approximation of W. G. Cochran, Sampling Techniques, 3rd edition, 1977, section 2.11.
    """
    if len(part) < 2 or whole.mean() <= 0.0:
        return None
    off = part - part.mean() / whole.mean() * whole
    return float(math.sqrt(np.square(off).sum() / (len(part) - 1) / len(part)) / whole.mean())
