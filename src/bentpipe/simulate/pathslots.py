"""One path slot by slot: its way, its parts, and what changes from one slot to the next."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.earth import great_circle_m
from bentpipe.geometry.places import Places
from bentpipe.geometry.usable import LinkBuffers, usable_links
from bentpipe.network.delay import SPEED_OF_LIGHT_M_S
from bentpipe.network.mesh import Mesh
from bentpipe.network.routes import Routes, route
from bentpipe.network.routing import RouteView
from bentpipe.simulate.lasers import world_meshes
from bentpipe.simulate.pathends import Question
from bentpipe.simulate.paths import Entered, entered_by
from bentpipe.simulate.world import World, world_state
from bentpipe.slots import block_length

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]


class PathSeries(NamedTuple):
    """A path in T slots. Where there is no path, lengths and times are NaN, and numbers of satellites -1.

    Parameters
    ----------
    slot : (T,) int64
        Absolute slots.
    rtt_s : (T,) float64
        Light time and forwarding there and back, s, without access.
    first_range_m, last_range_m : (T,) float64
        Slant ranges at both ends, m.
    laser_m : (T,) float64
        Length of the lasers, m.
    first_fibre_m, last_fibre_m : (T,) float64
        Length of the fibre routes between gateway and point of presence at both ends, m.
    lasers : (T,) int32
        Lasers of the path.
    first_satellite, last_satellite : (T,) int32
        Index of the satellite at the first and at the second end.
    first_gateway, last_gateway : (T,) int32
        Index of the gateway that an end goes through; -1 where it is a site, too.
    mark : (T,) uint64
        Hash of the path's satellites in their order: it changes with the path; 0 where there is none.
    overtaken_s : (T,) float64
        How much longer, one way, the path of the slot before was at the start of this one, s; below 0 where it was
        shorter; NaN where the path did not change. So long before the change sent packets are overtaken.
    great_circle_m : (T,) float64
        Distance of the ends over the ground, m.
    links : (T,) int32
        Lasers in use between all satellites.
    links_new, links_lost : (T,) int32
        Of them not in use in the slot before, and in use then and not now; -1 in the first slot.
    start_utc : (T,) datetime64[ms]
        Starts of the slots, UTC.
    first_catalog_number, last_catalog_number : (T,) int64
        Catalogue numbers of the satellites at both ends.
    first_access_s, last_access_s : (T,) float64
        Access delay at both ends, there and back, median of the slot, s; NaN at an end that is no terminal.
    """

    slot: IntArray
    rtt_s: FloatArray
    first_range_m: FloatArray
    last_range_m: FloatArray
    laser_m: FloatArray
    first_fibre_m: FloatArray
    last_fibre_m: FloatArray
    lasers: Int32Array
    first_satellite: Int32Array
    last_satellite: Int32Array
    first_gateway: Int32Array
    last_gateway: Int32Array
    mark: npt.NDArray[np.uint64]
    overtaken_s: FloatArray
    great_circle_m: FloatArray
    links: Int32Array
    links_new: Int32Array
    links_lost: Int32Array
    start_utc: npt.NDArray[np.datetime64]
    first_catalog_number: IntArray
    last_catalog_number: IntArray
    first_access_s: FloatArray
    last_access_s: FloatArray


class End(NamedTuple):
    """How a path leaves one of its ends: gateway (-1 at a site), slant range and fibre route, m."""

    gateway: int
    range_m: float
    fibre_m: float


class Way(NamedTuple):
    """One path of one slot: satellites from the first end to the last, and how it leaves both."""

    satellites: list[int]
    length_m: list[float]
    first: End
    last: End


class SlotNet(NamedTuple):
    """What paths of one slot run over."""

    slot: int
    unix_s: float
    mesh: Mesh
    position_m: FloatArray
    places: Places
    entered: Entered


def slot_nets(asked: Question, slots: IntArray) -> Iterator[SlotNet]:
    """Lasers in use and usable links of the ends, in consecutive slots.

    Parameters
    ----------
    asked : Question
        The path.
    slots : (T,) int64
        Consecutive absolute slots.

    Yields
    ------
    SlotNet
    """
    prepared = asked.prepared
    world, positions = world_state(prepared, slots), prepared.positions(slots)
    meshes = world_meshes(prepared, world, np.arange(len(slots)), slots, positions)
    buffers = LinkBuffers(0), LinkBuffers(0)
    for row, (slot, position, mesh) in enumerate(zip(slots.tolist(), positions, meshes, strict=True)):
        places = asked.places_at(float(world.unix_s[row]))
        entered = _entered(asked, world, row, position, places, buffers)
        yield SlotNet(slot, float(world.unix_s[row]), mesh, position, places, entered)


def _entered(
    asked: Question,
    world: World,
    row: int,
    position: FloatArray,
    places: Places,
    buffers: tuple[LinkBuffers, LinkBuffers],
) -> Entered:
    prepared = asked.prepared
    up = np.ascontiguousarray(world.satellite_up[row])
    allowed = np.ascontiguousarray(world.allowed[row, asked.chosen])
    links = usable_links(position, places, up, allowed, prepared.scenario.satellite.steering_deg, buffers[0])
    feeder = usable_links(position, prepared.ground.places, up, world.antennas[row] > 0, 90.0, buffers[1])
    return entered_by(prepared, asked.plan.ends, links, feeder, world.fibre_route_m[row])


def routed(asked: Question, net: SlotNet) -> Routes:
    """Routes of one slot by the routing that is asked for; the first is the path.

    Parameters
    ----------
    asked : Question
        The path.
    net : SlotNet
        The slot.

    Returns
    -------
    Routes
    """
    prepared, plan = asked.prepared, asked.plan
    assert prepared.lasers is not None
    view = RouteView(net.slot, net.mesh, prepared.hop_m, net.position_m, np.zeros(len(net.mesh.pair)))
    demand = plan.there_bps, plan.back_bps
    return route(plan.routing, view, net.entered.entries, plan.pair, demand, prepared.lasers.rate_bps)


def end_of(asked: Question, net: SlotNet, side: int, satellite: int) -> End:
    """How an end gets to a satellite: the cheapest of its entries.

    Parameters
    ----------
    asked : Question
        The path.
    net : SlotNet
        The slot.
    side : int
        0 for the first end, 1 for the second.
    satellite : int
        One that it can use.

    Returns
    -------
    End
    """
    end, entered = int(asked.plan.pair[0, side]), net.entered
    rows = np.arange(entered.entries.start[end], entered.entries.stop[end])
    rows = rows[entered.entries.satellite[rows] == satellite]
    row = rows[np.argmin(entered.entries.cost_m[rows])]
    return End(int(entered.gateway[row]), float(entered.range_m[row]), float(entered.fibre_m[row]))


def way_along(asked: Question, net: SlotNet, satellites: Sequence[int]) -> Way:
    """The way along some satellites.

    Parameters
    ----------
    asked : Question
        The path.
    net : SlotNet
        The slot.
    satellites : sequence of int
        From the first end to the last, one at least, each linked to the next.

    Returns
    -------
    Way
    """
    mesh, lengths = net.mesh, list[float]()
    for here, there in itertools.pairwise(satellites):
        rows = slice(mesh.offset[here], mesh.offset[here + 1])
        lengths.append(float(mesh.length_m[mesh.laser[rows][mesh.neighbour[rows] == there][0]]))
    first, last = end_of(asked, net, 0, satellites[0]), end_of(asked, net, 1, satellites[-1])
    return Way([int(s) for s in satellites], lengths, first, last)


def satellites_of(net: SlotNet, routes: Routes) -> list[int]:
    """Satellites of the first of some routes, from its first end to its last; none where there is no path.

    Parameters
    ----------
    net : SlotNet
        The slot.
    routes : Routes
        Routes in it.

    Returns
    -------
    list of int
    """
    if routes.lasers[0] < 0:
        return []
    found = [int(routes.last[0])]
    for step in routes.step[: routes.offset[1]].tolist():
        low, high = net.mesh.pair[step // 2].tolist()
        found.append(high if found[-1] == low else low)
    return found[::-1]


def delay_m(asked: Question, way: Way, lasers_m: float, lasers: int) -> float:
    """One way over a path, forwarding included, m of vacuum."""
    velocity = asked.prepared.scenario.fibre.velocity_factor
    ends = way.first.range_m + way.last.range_m + (way.first.fibre_m + way.last.fibre_m) / velocity
    return ends + lasers_m + lasers * asked.prepared.hop_m


def _later(asked: Question, way: Way, net: SlotNet) -> float:
    """How long a way of an earlier slot is in this one, forwarding included, m of vacuum."""
    at = net.position_m[:, way.satellites].T
    lasers = float(np.linalg.norm(np.diff(at, axis=0), axis=1).sum())
    ends = []
    for side, (end, satellite) in enumerate(((way.first, at[0]), (way.last, at[-1]))):
        row = int(asked.plan.ends.place[asked.plan.pair[0, side]])
        ground = asked.prepared.ground.places.position_m[end.gateway] if row < 0 else net.places.position_m[row]
        ends.append(end._replace(range_m=float(np.linalg.norm(satellite - ground))))
    return delay_m(asked, way._replace(first=ends[0], last=ends[1]), lasers, len(way.satellites) - 1)


def path_series(
    asked: Question, slots: range, threads: int = 1, tell: Callable[[int, int], None] = lambda done, total: None
) -> PathSeries:
    """Follow a path over consecutive slots.

    Parameters
    ----------
    asked : Question
        The path.
    slots : range
        Absolute slots, one at least.
    threads : int
        Threads over blocks of slots; the results do not depend on it.
    tell : callable
        Told slots done, and slots in all.

    Returns
    -------
    PathSeries
    """
    length = block_length(len(asked.prepared.fleet.up) + len(asked.prepared.place_key))
    blocks = [range(at, min(at + length, slots.stop)) for at in range(slots.start, slots.stop, length)]
    parts, done = list[PathSeries](), 0
    pool = ThreadPoolExecutor(max(1, threads))
    try:
        for part in pool.map(lambda block: _followed(asked, block, block.start == slots.start), blocks):
            parts.append(part)
            done += len(part.slot)
            tell(done, len(slots))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    columns: Any = zip(*parts, strict=True)
    return PathSeries(*(np.concatenate(column) for column in columns))


def _followed(asked: Question, block: range, begins: bool) -> PathSeries:
    """One block; the slot before it tells what changed in its first."""
    slots = np.arange(block.start - (not begins), block.stop, dtype=np.int64)
    out = _empty(asked, slots)
    before: tuple[SlotNet, Routes] | None = None
    satellites = np.int64(len(asked.prepared.fleet.up))
    keys_before: IntArray | None = None
    for row, net in enumerate(slot_nets(asked, slots)):
        routes = routed(asked, net)
        _keep(asked, out, row, net, routes)
        keys = net.mesh.pair[:, 0] * satellites + net.mesh.pair[:, 1]
        if keys_before is not None:
            kept = len(np.intersect1d(keys, keys_before, assume_unique=True))
            out.links_new[row], out.links_lost[row] = len(keys) - kept, len(keys_before) - kept
        if before is not None and before[1].mark[0] != routes.mark[0] and before[1].mark[0] and routes.mark[0]:
            old = way_along(asked, before[0], satellites_of(*before))
            out.overtaken_s[row] = (_later(asked, old, net) - float(routes.path_m[0])) / SPEED_OF_LIGHT_M_S
        before, keys_before = (net, routes), keys
    columns: tuple[Any, ...] = out
    return PathSeries(*(column[len(slots) - len(block) :] for column in columns))


def _empty(asked: Question, slots: IntArray) -> PathSeries:
    count = len(slots)

    def floats() -> FloatArray:
        return np.full(count, math.nan)

    def none() -> Int32Array:
        return np.full(count, -1, np.int32)

    unix_s = asked.prepared.clock.start_unix_s(slots)
    apart = great_circle_m(*asked.coordinates(0, unix_s), *asked.coordinates(1, unix_s))
    return PathSeries(
        slots, floats(), floats(), floats(), floats(), floats(), floats(), none(), none(), none(), none(), none(),
        np.zeros(count, np.uint64), floats(), np.asarray(apart, np.float64), none(), none(), none(),
        asked.prepared.clock.start_utc(slots), none().astype(np.int64), none().astype(np.int64), floats(), floats(),
    )  # fmt: skip


def _keep(asked: Question, out: PathSeries, row: int, net: SlotNet, routes: Routes) -> None:
    """Write one slot."""
    out.links[row] = len(net.mesh.pair)
    if routes.lasers[0] < 0:
        return
    out.rtt_s[row] = routes.path_m[0] * (2.0 / SPEED_OF_LIGHT_M_S)
    out.laser_m[row], out.lasers[row], out.mark[row] = routes.laser_m[0], routes.lasers[0], routes.mark[0]
    out.first_satellite[row], out.last_satellite[row] = routes.first[0], routes.last[0]
    number = asked.prepared.fleet.satellite_id
    out.first_catalog_number[row], out.last_catalog_number[row] = number[routes.first[0]], number[routes.last[0]]
    first = end_of(asked, net, 0, int(routes.first[0]))
    last = end_of(asked, net, 1, int(routes.last[0]))
    out.first_gateway[row], out.first_range_m[row], out.first_fibre_m[row] = first
    out.last_gateway[row], out.last_range_m[row], out.last_fibre_m[row] = last
