"""What was chosen in a slot, written place by place in one pass."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

Floats32 = npt.NDArray[np.float32]


@kernel(
    "void(int64[::1], int64[::1], int32[::1], float32[::1], float32[::1], float32[::1], int32[::1], float64[::1],"
    "int32[::1], int32[::1], int64[::1], float64[:,::1], float64[:,::1], float64[:,::1], float64[:,::1],"
    "float64[:,::1], uint16[::1], boolean[::1], int16[::1], float32[::1], float32[::1], float32[::1],"
    "float32[::1], float32[::1], float32[::1])"
)
def record_choices(
    start: npt.NDArray[np.int64],
    stop: npt.NDArray[np.int64],
    satellite: npt.NDArray[np.int32],
    sin_elevation: Floats32,
    north: Floats32,
    slant_range_m: Floats32,
    gateway_of: npt.NDArray[np.int32],
    feeder_range_m: npt.NDArray[np.float64],
    gateways_in_view: npt.NDArray[np.int32],
    landing: npt.NDArray[np.int32],
    link: npt.NDArray[np.int64],
    position_m: npt.NDArray[np.float64],
    place_m: npt.NDArray[np.float64],
    boresight: npt.NDArray[np.float64],
    gateway_m: npt.NDArray[np.float64],
    gateway_up: npt.NDArray[np.float64],
    out_usable: npt.NDArray[np.uint16],
    out_reachable: npt.NDArray[np.bool_],
    out_gateway: npt.NDArray[np.int16],
    out_sine: Floats32,
    out_north: Floats32,
    out_range: Floats32,
    out_feeder: Floats32,
    out_cos_scan: Floats32,
    out_feeder_sine: Floats32,
) -> None:
    """Write usable counts, reachability and the serving link of each place of a slot.

    Parameters
    ----------
    start, stop, satellite, sin_elevation, north, slant_range_m
        Usable links; see `bentpipe.network.links.Links`.
    gateway_of, feeder_range_m, gateways_in_view, landing : (N,)
        See `bentpipe.network.relayed.Relayed`.
    link : (C,) int64
        Row of the serving link; -1 for none.
    position_m : (3, N) float64
        Earth-fixed positions of the satellites, m.
    place_m, boresight : (C, 3) float64
        Positions of the places, m, and unit vectors along their antennas' axes.
    gateway_m, gateway_up : (G, 3) float64
        Positions of the gateways, m, and unit vectors up.
    out_usable, out_reachable, out_gateway, out_sine, out_north, out_range, out_feeder, out_cos_scan, out_feeder_sine
        Written, (C,); NaN, or gateway -1, where not served. The last two are the cosine of the angle between the
        link and the antenna's axis, and the sine of the elevation at the gateway.
    """
    for c in range(start.size):
        out_usable[c] = min(stop[c] - start[c], 65535)
        out_reachable[c] = False
        for k in range(start[c], stop[c]):
            if gateways_in_view[satellite[k]] > 0:
                out_reachable[c] = True
                break
        k = link[c]
        if k < 0:
            out_gateway[c] = -1
            out_sine[c] = out_north[c] = out_range[c] = out_feeder[c] = out_cos_scan[c] = out_feeder_sine[c] = math.nan
        else:
            out_gateway[c] = gateway_of[satellite[k]]
            out_sine[c] = sin_elevation[k]
            out_north[c] = north[k]
            out_range[c] = slant_range_m[k]
            s = satellite[k]
            out_feeder[c] = feeder_range_m[s]
            g = gateway_of[s]
            along, rise, down = 0.0, 0.0, landing[s]
            for axis in range(3):
                along += (position_m[axis, s] - place_m[c, axis]) * boresight[c, axis]
                rise += (position_m[axis, down] - gateway_m[g, axis]) * gateway_up[g, axis]
            out_cos_scan[c] = along / slant_range_m[k]
            out_feeder_sine[c] = rise / feeder_range_m[s]
