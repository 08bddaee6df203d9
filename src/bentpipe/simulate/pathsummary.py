"""What a path over many slots comes to: round trips, parts, changes, gaps, reordering, and churn of the mesh."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.network.delay import SPEED_OF_LIGHT_M_S, light_round_trip_s
from bentpipe.simulate.pathslots import PathSeries

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def summary(series: PathSeries, interval_s: float, hop_m: float, fibre: tuple[float, float]) -> dict[str, Any]:
    """Summarise a path.

    Parameters
    ----------
    series : PathSeries
        T consecutive slots.
    interval_s : float
        Length of a slot, s.
    hop_m : float
        Forwarding at a laser, m of vacuum.
    fibre : (float, float)
        Route over great circle, and speed in fibre over that of light, of the fibre that a path is compared with.

    Returns
    -------
    dict
        Plain numbers with units in the keys; None where nothing can be said.
    """
    there = np.isfinite(series.rtt_s)
    middle = median_slot(series)
    return {
        "slots": len(there),
        "slots_with_path": int(there.sum()),
        "share_with_path": float(there.mean()),
        "rtt_ms": spread(1e3 * series.rtt_s[there]),
        "median_slot": None if middle is None else _parts(series, middle, hop_m, fibre),
        "lasers_median": float(np.median(series.lasers[there])) if there.any() else None,
        "lasers_max": int(series.lasers[there].max()) if there.any() else None,
        **_changes(series, there, interval_s),
        **_gaps(there, interval_s),
        **_reordering(series),
        **_churn(series),
    }


def median_slot(series: PathSeries) -> int | None:
    """Slot of the median round trip: the lower of two middle ones, the first of equals.

    Parameters
    ----------
    series : PathSeries
        T slots.

    Returns
    -------
    int or None
        Its row; None where there is no path in any slot.
    """
    order = np.argsort(series.rtt_s, kind="stable")
    count = int(np.isfinite(series.rtt_s).sum())
    return int(order[(count - 1) // 2]) if count else None


def spread(values: FloatArray) -> dict[str, float] | None:
    """Least, median, 95th percentile and largest of some values; None of no values.

    Parameters
    ----------
    values : (T,) float64
        Finite values, any unit.

    Returns
    -------
    dict or None
        In the same unit.
    """
    if not len(values):
        return None
    low, middle, p95, high = np.quantile(values, [0.0, 0.5, 0.95, 1.0]).tolist()
    return {"min": low, "median": middle, "p95": p95, "max": high}


def _parts(series: PathSeries, row: int, hop_m: float, fibre: tuple[float, float]) -> dict[str, Any]:
    """One way in one slot, part by part, and beside the great circle and a fibre."""
    factor, velocity = fibre
    lasers, apart = int(series.lasers[row]), float(series.great_circle_m[row])
    length = {
        "first_link": float(series.first_range_m[row]),
        "lasers": float(series.laser_m[row]),
        "last_link": float(series.last_range_m[row]),
        "fibre": float(series.first_fibre_m[row] + series.last_fibre_m[row]),
    }
    delay_m = {**length, "fibre": length["fibre"] / velocity, "forwarding": lasers * hop_m}
    whole, rtt_s = sum(length.values()), float(series.rtt_s[row])
    by_fibre_s = float(light_round_trip_s(factor * apart, velocity))
    return {
        "slot": int(series.slot[row]),
        "rtt_ms": 1e3 * rtt_s,
        "lasers": lasers,
        "one_way_km": {name: 1e-3 * value for name, value in length.items()},
        "one_way_ms": {name: 1e3 * value / SPEED_OF_LIGHT_M_S for name, value in delay_m.items()},
        "path_km": 1e-3 * whole,
        "great_circle_km": 1e-3 * apart,
        "stretch": whole / apart if apart > 0.0 else None,
        "fibre_rtt_ms": 1e3 * by_fibre_s,
        "rtt_over_fibre": rtt_s / by_fibre_s if by_fibre_s > 0.0 else None,
    }


def _changes(series: PathSeries, there: Mask, interval_s: float) -> dict[str, Any]:
    """Slots that begin with another path than the one before, where both have one."""
    both = there[1:] & there[:-1]
    changed = both & (series.mark[1:] != series.mark[:-1])
    first = series.first_satellite[1:] != series.first_satellite[:-1]
    last = series.last_satellite[1:] != series.last_satellite[:-1]
    hours = float(both.sum()) * interval_s / 3600.0
    count, handovers = int(changed.sum()), int((both & (first | last)).sum())
    return {
        "changes": count,
        "changes_per_hour": count / hours if hours else None,
        "handovers": handovers,
        "handovers_per_hour": handovers / hours if hours else None,
    }


def _gaps(there: Mask, interval_s: float) -> dict[str, Any]:
    """Stretches of slots without a path."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~there, [False]]).astype(np.int8)))
    length = edges[1::2] - edges[::2]
    return {"gaps": len(length), "longest_gap_s": float(length.max(initial=0)) * interval_s}


def _reordering(series: PathSeries) -> dict[str, Any]:
    """Changes to a faster path, on which later packets overtake earlier ones."""
    falls = 1e3 * series.overtaken_s[series.overtaken_s > 0.0]
    return {
        "reordering_changes": len(falls),
        "reordering_median_ms": float(np.median(falls)) if len(falls) else None,
        "reordering_max_ms": float(falls.max()) if len(falls) else None,
    }


def _churn(series: PathSeries) -> dict[str, Any]:
    compared = series.links_new >= 0
    return {
        "mesh_lasers": float(series.links.mean()),
        "mesh_lasers_new_per_slot": float(series.links_new[compared].mean()) if compared.any() else None,
        "mesh_lasers_lost_per_slot": float(series.links_lost[compared].mean()) if compared.any() else None,
    }
