"""Further links of places that are served, for policies that share rates over several satellites."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

FloatArray = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

#: Satellites that a place draws from at most, the serving one included.
MOST_SATELLITES = 8


class FurtherLinks(NamedTuple):
    """Links of one slot besides the serving ones, E of them, by place.

    Parameters
    ----------
    place, satellite, gateway : (E,) int64
        Indices.
    slant_range_m, feeder_range_m : (E,) float64
        Distances to the place and to the gateway, m.
    sin_elevation, feeder_sine : (E,) float64
        Sines of the elevation at the place and at the gateway.
    cos_scan : (E,) float64
        Cosine of the angle between the link and the axis of the place's antenna.
    """

    place: IntArray
    satellite: IntArray
    gateway: IntArray
    slant_range_m: FloatArray
    feeder_range_m: FloatArray
    sin_elevation: FloatArray
    feeder_sine: FloatArray
    cos_scan: FloatArray


@kernel(
    "int64(int64[::1], int64[::1], int32[::1], float32[::1], int32[::1], int64[::1], int64, int64[::1], int64[::1])"
)
def _pick(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    sine: Floats32,
    gateway_of: npt.NDArray[np.int32],
    link: IntArray,
    most: int,
    place: IntArray,
    row: IntArray,
) -> int:
    """Rows of the highest followed links of each served place, ties to the lower satellite; how many."""
    count = 0
    best = np.empty(most, np.int64)
    for c in range(start.size):
        if link[c] < 0:
            continue
        held = 0
        for k in range(start[c], stop[c]):
            if k == link[c] or gateway_of[satellite[k]] < 0:
                continue
            i = held
            while i > 0 and (
                sine[best[i - 1]] < sine[k] or (sine[best[i - 1]] == sine[k] and satellite[best[i - 1]] > satellite[k])
            ):
                if i < most:
                    best[i] = best[i - 1]
                i -= 1
            if i < most:
                best[i] = k
                held = min(held + 1, most)
        for i in range(held):
            place[count], row[count] = c, best[i]
            count += 1
    return count


def further_links(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    sin_elevation: Floats32,
    slant_range_m: Floats32,
    gateway_of: npt.NDArray[np.int32],
    feeder_range_m: FloatArray,
    link: IntArray,
    position_m: FloatArray,
    place_m: FloatArray,
    boresight: FloatArray,
    gateway_m: FloatArray,
    gateway_up: FloatArray,
) -> FurtherLinks:
    """Choose the highest followed satellites of each served place besides the one that serves it.

    Parameters
    ----------
    start, stop, satellite, sin_elevation, slant_range_m
        Usable links; see `bentpipe.network.links.Links`.
    gateway_of : (N,) int32
        Gateway that follows each satellite; -1 for none.
    feeder_range_m : (N,) float64
        Its range, m.
    link : (C,) int64
        Row of the serving link of each place; -1 for none.
    position_m, place_m, boresight, gateway_m, gateway_up
        See `bentpipe.network.choices.record_choices`.

    Returns
    -------
    FurtherLinks
        At most ``MOST_SATELLITES - 1`` for each place.
    """
    most = MOST_SATELLITES - 1
    place, row = np.empty(len(satellite), np.int64), np.empty(len(satellite), np.int64)
    count = _pick(start, stop, satellite, sin_elevation, gateway_of, link, most, place, row)
    place, row = place[:count], row[:count]
    s = satellite[row].astype(np.int64)
    g = gateway_of[s].astype(np.int64)
    at = position_m[:, s].T
    reach, far = slant_range_m[row].astype(np.float64), feeder_range_m[s]
    scan = np.einsum("ei,ei->e", at - place_m[place], boresight[place]) / reach
    rise = np.einsum("ei,ei->e", at - gateway_m[g], gateway_up[g]) / far
    return FurtherLinks(place, s, g, reach, far, sin_elevation[row].astype(np.float64), rise, scan)
