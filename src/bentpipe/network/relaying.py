"""From every satellite to the ground in one slot: by the gateway that follows it, else over lasers to one that has one.

The antennas that no place needs follow further satellites, so that every part of the mesh that serves somebody has
ways down: an assumption, since how the operator chooses is not public. Then one search from all followed satellites
together gives each satellite the way of least delay.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.network.followed import Followed
from bentpipe.network.mesh import Entries, Mesh, components
from bentpipe.network.nearestend import nearest
from bentpipe.network.relayed import Relayed

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]


@kernel(
    "void(int64[::1], int64[::1], int32[::1], int64[::1], int64[::1], int64[::1], int32[::1], float32[::1],"
    "int64[::1], int32[::1], int64[::1], int32[::1], float64[::1])"
)
def _follow_more(
    start: IntArray,
    stop: IntArray,
    satellite: Int32Array,
    need: IntArray,
    gateway_start: IntArray,
    gateway_stop: IntArray,
    gateway_satellite: Int32Array,
    range_m: npt.NDArray[np.float32],
    antennas: IntArray,
    part: Int32Array,
    offset: IntArray,
    gateway_of: Int32Array,
    out_range: FloatArray,
) -> None:
    wanted, landings = np.zeros(part.size), np.zeros(part.size)
    for c in range(start.size):
        for k in range(start[c], stop[c]):
            wanted[part[satellite[k]]] += need[c] / (stop[c] - start[c])
    used = np.zeros(antennas.size, np.int64)
    for s in range(gateway_of.size):
        if gateway_of[s] >= 0:
            used[gateway_of[s]] += 1
            landings[part[s]] += 1.0
    while True:
        best, at, most = -1, -1, -1.0
        for g in range(antennas.size):
            if used[g] >= antennas[g]:
                continue
            for k in range(gateway_start[g], gateway_stop[g]):
                s = gateway_satellite[k]
                if gateway_of[s] >= 0 or offset[s + 1] == offset[s]:
                    continue
                worth = wanted[part[s]] / (1.0 + landings[part[s]])
                if worth > most or (worth == most and range_m[k] < range_m[best]):
                    best, at, most = k, g, worth
        if best < 0:
            return
        s = gateway_satellite[best]
        gateway_of[s], out_range[s] = at, range_m[best]
        used[at] += 1
        landings[part[s]] += 1.0


def follow_more(
    followed: Followed,
    start: IntArray,
    stop: IntArray,
    satellite: Int32Array,
    need: IntArray,
    gateway_start: IntArray,
    gateway_stop: IntArray,
    gateway_satellite: Int32Array,
    gateway_range_m: npt.NDArray[np.float32],
    antennas: IntArray,
    mesh: Mesh,
) -> Followed:
    """Let idle antennas follow satellites that relay.

    One after the other, each time of that part of the mesh whose satellites are in view of most demand for each
    satellite that lands it; of that part the nearest to a gateway. Parts are meshes that no laser joins: shells.

    Parameters
    ----------
    followed : Followed
        Satellites that are followed already, N of them in all.
    start, stop, satellite, need : (C,) int64, (C,) int64, (P,) int32, (C,) int64
        Rows of each place's links, their satellites, and the worth of serving each place.
    gateway_start, gateway_stop : (G,) int64
        Rows of each gateway's links.
    gateway_satellite, gateway_range_m : (Q,) int32, (Q,) float32
        Satellite and range (m) of each gateway link.
    antennas : (G,) int64
        Antennas that are free for the territory.
    mesh : Mesh
        Lasers.

    Returns
    -------
    Followed
        A copy; ties go to the gateway and the link that come first.
    """
    gateway, out_range = followed.gateway.copy(), followed.range_m.copy()
    _follow_more(
        start, stop, satellite, np.asarray(need, np.int64), gateway_start, gateway_stop, gateway_satellite,
        gateway_range_m, antennas, components(mesh), mesh.offset, gateway, out_range,
    )  # fmt: skip
    return Followed(gateway, out_range, followed.gateways_in_view)


@kernel(
    "void(int32[::1], int32[::1], int32[::1], float64[::1], int64[::1], int32[::1], int32[::1],"
    "float64[::1], int32[::1], float64[::1], int32[::1], int32[::1], float64[::1])"
)
def _hand_down(
    gateway_of: Int32Array,
    following: Int32Array,
    entry: Int32Array,
    feeder_m: FloatArray,
    offset: IntArray,
    neighbour: Int32Array,
    laser: Int32Array,
    length_m: FloatArray,
    gateway: Int32Array,
    range_m: FloatArray,
    landing: Int32Array,
    lasers: Int32Array,
    laser_m: FloatArray,
) -> None:
    """Gateway, feeder link and laser length of every satellite, by walking its way down."""
    for s in range(gateway.size):
        gateway[s], range_m[s], landing[s], laser_m[s] = -1, np.inf, s, 0.0
        if gateway_of[s] >= 0:
            gateway[s], range_m[s], lasers[s] = gateway_of[s], feeder_m[s], 0
            continue
        if entry[s] < 0:
            continue
        here, length = s, 0.0
        while following[here] >= 0:
            for k in range(offset[here], offset[here + 1]):
                if neighbour[k] == following[here]:
                    length += length_m[laser[k]]
                    break
            here = following[here]
        landing[s], laser_m[s] = here, length
        gateway[s], range_m[s] = gateway_of[here], feeder_m[here]


def relay(followed: Followed, mesh: Mesh, route_m: FloatArray, hop_m: float) -> Relayed:
    """Find each satellite's way of least delay to a gateway's point of presence.

    Parameters
    ----------
    followed : Followed
        Satellites that gateways follow, N in all.
    mesh : Mesh
        Lasers.
    route_m : (G,) float64
        Fibre route of each gateway over the velocity factor, m.
    hop_m : float
        Forwarding at each laser, m of vacuum.

    Returns
    -------
    Relayed
    """
    down = np.flatnonzero(followed.gateway >= 0).astype(np.int32)
    cost = followed.range_m[down] + route_m[followed.gateway[down]]
    ways = nearest(mesh, mesh.length_m + hop_m, _one_end(down, cost))
    part, n = components(mesh), len(followed.gateway)
    seen = np.zeros(n, np.int32)
    seen[part[followed.gateways_in_view > 0]] = 1
    out = Relayed(
        np.empty(n, np.int32), np.empty(n), seen[part], np.empty(n, np.int32),
        ways.previous, np.maximum(ways.lasers, 0), np.empty(n),
    )  # fmt: skip
    _hand_down(
        followed.gateway, ways.previous, ways.entry, followed.range_m, mesh.offset, mesh.neighbour, mesh.laser,
        mesh.length_m, out.gateway, out.range_m, out.landing, out.lasers, out.laser_m,
    )  # fmt: skip
    return out


def _one_end(satellite: Int32Array, cost_m: FloatArray) -> Entries:
    return Entries(np.zeros(1, np.int64), np.array([len(satellite)], np.int64), satellite, cost_m)


@kernel("int64(int64[::1], int32[::1], int32[::1], int64[::1], int32[::1])")
def _steps(start: IntArray, landing: Int32Array, following: Int32Array, offset: IntArray, out: Int32Array) -> int:
    """Satellites whose laser each way takes, one way after the other; counts them where there is no room."""
    count = 0
    for f in range(start.size):
        here = start[f]
        if landing[here] != here:
            while following[here] >= 0:
                if count < out.size:
                    out[count] = here
                count += 1
                here = following[here]
        offset[f + 1] = count
    return count


def laser_steps(ways: Relayed, satellite: npt.ArrayLike) -> tuple[IntArray, Int32Array]:
    """Lasers on the ways of some satellites, each by the satellite that sends over it towards the ground.

    Parameters
    ----------
    ways : Relayed
        Ways of N satellites.
    satellite : (F,) integers
        Where they begin.

    Returns
    -------
    offset : (F + 1,) int64
        The lasers of way ``f`` are rows ``offset[f]:offset[f + 1]``.
    sender : (H,) int32
        Satellites.
    """
    start = np.ascontiguousarray(satellite, np.int64)
    offset, sender = np.zeros(len(start) + 1, np.int64), np.empty(int(ways.lasers[start].sum()), np.int32)
    _steps(start, ways.landing, ways.following, offset, sender)
    return offset, sender
