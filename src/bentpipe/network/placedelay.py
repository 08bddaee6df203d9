"""Round trips of all served places of one slot, in one pass."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, uniform
from bentpipe.kernel import kernel
from bentpipe.network.delay import slot_round_trip_s

_PURPOSE = int(Purpose.ACCESS_DELAY)


@kernel(
    "void(int64, int64, int64[::1], int32[::1], float32[::1], int32[::1], float64[::1], float64[::1], int64[::1],"
    "uint64[::1], float64, float64, float64, float64, float32[::1])"
)
def _round_trips(
    slot: int,
    seed: int,
    link: npt.NDArray[np.int64],
    satellite: npt.NDArray[np.int32],
    slant_range: npt.NDArray[np.float32],
    gateway_of: npt.NDArray[np.int32],
    feeder_range: npt.NDArray[np.float64],
    fibre_route: npt.NDArray[np.float64],
    satellite_id: npt.NDArray[np.int64],
    place_id: npt.NDArray[np.uint64],
    velocity_factor: float,
    fixed: float,
    wait: float,
    sigma: float,
    out: npt.NDArray[np.float32],
) -> None:
    for c in range(link.size):
        if link[c] < 0:
            out[c] = math.nan
            continue
        s = satellite[link[c]]
        u = uniform(seed, _PURPOSE, slot, satellite_id[s], place_id[c])
        out[c] = slot_round_trip_s(
            slant_range[link[c]], feeder_range[s], fibre_route[gateway_of[s]], velocity_factor, fixed, wait, sigma, u
        )


def place_round_trips_s(
    slot: int,
    seed: int,
    link: npt.NDArray[np.int64],
    satellite: npt.NDArray[np.int32],
    slant_range_m: npt.NDArray[np.float32],
    gateway_of: npt.NDArray[np.int32],
    feeder_range_m: npt.NDArray[np.float64],
    fibre_route_m: npt.NDArray[np.float64],
    satellite_id: npt.NDArray[np.int64],
    place_id: npt.NDArray[np.uint64],
    velocity_factor: float,
    fixed_s: float,
    wait_s: float,
    slot_log_sigma: float,
) -> npt.NDArray[np.float32]:
    """Median idle round trip of each served place in one slot.

    Parameters
    ----------
    slot, seed : int
        Absolute slot, and seed of the draws.
    link : (C,) int64
        Row of the link that serves each place; -1 for none.
    satellite, slant_range_m : (P,)
        Satellite and range (m) of each link.
    gateway_of : (N,) int32
        Gateway that follows each satellite.
    feeder_range_m : (N,) float64
        Its range, m.
    fibre_route_m : (G,) float64
        Fibre route of each gateway, m.
    satellite_id : (N,) int64
        Catalogue numbers.
    place_id : (C,) uint64
        Keys of the places.
    velocity_factor, fixed_s, wait_s, slot_log_sigma : float
        See `bentpipe.network.delay.slot_round_trip_s`.

    Returns
    -------
    (C,) float32
        Seconds; NaN where not served.
    """
    out = np.empty(len(link), np.float32)
    _round_trips(
        slot, seed, link, satellite, slant_range_m, gateway_of, feeder_range_m, fibre_route_m, satellite_id,
        place_id, velocity_factor, fixed_s, wait_s, slot_log_sigma, out,
    )  # fmt: skip
    return out
