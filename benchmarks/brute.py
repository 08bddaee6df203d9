"""The same relation as `usable_links`, by NumPy over every pair: what the benchmarks compare with."""

from __future__ import annotations

import math
import time

import numpy as np
import numpy.typing as npt

from bentpipe.geometry.places import Places
from bentpipe.geometry.usable import usable_links

Positions = npt.NDArray[np.float64]


def pairs_by_numpy(position_m: Positions, places: Places, rows: slice, steering_deg: float) -> int:
    """Count the usable pairs of some places, without the geostationary arc: less than the whole work."""
    flying = position_m[:, np.isfinite(position_m.sum(axis=0))]
    ray = flying[:, None, :] - places.position_m[rows].T[:, :, None]
    distance = np.sqrt(np.einsum("icn,icn->cn", ray, ray))
    up = np.einsum("icn,ci->cn", ray, places.east_north_up[rows, 6:])
    along = np.einsum("icn,ci->cn", ray, places.boresight[rows])
    nadir = np.einsum("icn,in->cn", ray, flying) / np.sqrt(np.einsum("in,in->n", flying, flying))
    usable = up >= places.sin_min_elevation[rows, None] * distance
    usable &= along >= places.cos_half_cone[rows, None] * distance
    usable &= nadir >= math.cos(math.radians(steering_deg)) * distance
    return int(usable.sum())


def print_ratio(position_m: Positions, places: Places, steering_deg: float, sample: int = 250) -> None:
    """Print how much quicker one slot's links are found than by NumPy, both in this run on this machine."""
    rows = slice(0, min(sample, len(places.position_m)))
    pairs_by_numpy(position_m, places, slice(0, 2), steering_deg)
    begin = time.thread_time()
    pairs_by_numpy(position_m, places, rows, steering_deg)
    brute = (time.thread_time() - begin) * len(places.position_m) / (rows.stop - rows.start)
    up = np.ones(position_m.shape[1], np.bool_)
    quickest = math.inf
    for _ in range(10):
        begin = time.thread_time()
        usable_links(position_m, places, up, None, steering_deg)
        quickest = min(quickest, time.thread_time() - begin)
    print(
        f"links of one slot: {1e3 * quickest:.1f} ms; NumPy over all pairs, without the arc {1e3 * brute:,.0f} ms"
        f" (from {rows.stop} places); ratio {brute / quickest:,.0f}"
    )
