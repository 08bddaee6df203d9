"""Time routing over lasers: ``python benchmarks/routing.py [--elements FILE] [--day] [--only NAME]``.

Targets on two quiet cores, a step being positions, usable links of all cities, the lasers' lengths and the round trips
of all pairs of 100 cities:

* 1,584 satellites: 4 ms, 5 times quicker than SciPy alone, 3,000 times quicker than satgenpy;
* 10,000 satellites: 20 ms, 5 times quicker than SciPy alone;
* a day of 1-s steps of 1,584 satellites: 6 min and 1 GB;
* round trips of all pairs of 1,000 places over 10,000 satellites: 150 ms.

SciPy gets the same graph, a node for each city to go up from and one to come down to, and finds distances only; what
it takes to build its matrix is not counted. It is asked again in every run, and so is satgenpy, where it is installed
(``pip install bentpipe[hypatia]``; 0.4.0 installs on Python 3.11): one step of `generate_dynamic_state_at` as its
`main_starlink_550` calls it, in one process, since its threads share the interpreter lock.

All have +Grid lasers, four to a satellite, in range and above the atmosphere; the planes of real element sets
(``--elements``) are recovered from the orbits, and only satellites found in service are linked.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from bentpipe import in_service, load_elements
from bentpipe.catalog.places import load_places
from bentpipe.earth import east_north_up, geodetic_to_ecef
from bentpipe.geometry.lasers import usable_lasers
from bentpipe.geometry.places import Places, automatic_tilt_deg, make_places
from bentpipe.geometry.usable import LinkBuffers, usable_links
from bentpipe.network.betweenends import pairs_between
from bentpipe.network.mesh import Entries, Mesh, make_mesh
from bentpipe.network.nearestend import nearest
from bentpipe.network.pairpaths import paths_between
from bentpipe.network.searchplan import Method
from bentpipe.network.shortest import costs_between, trees
from bentpipe.network.sweeps import LabelBuffers, grid_orders
from bentpipe.network.topology import LaserSky, find_topology, wanted_lasers
from bentpipe.network.treepaths import path_measures
from bentpipe.orbit import Propagator, Sgp4Elements, recover_planes, walker_shell

LIGHT_M_S = 299_792_458.0
STEERING_DEG = 57.0
START = 1_787_270_400.0  # 2026-08-21T00:00:00Z
LONGEST_LASER_M = 5_400_000.0
GRAZING_M = 80e3  # as in Hypatia
BLOCK = 60
LABELS = LabelBuffers()

Floats = npt.NDArray[np.float64]


class World(NamedTuple):
    """What a step starts from."""

    name: str
    propagator: Propagator
    up: npt.NDArray[np.bool_]
    pair: npt.NDArray[np.int32]
    places: Places
    orders: npt.NDArray[np.uint32] | None


def dishes(count: int) -> Places:
    """The most populous places that are shipped, with a standard dish each, as in ``globe.py``."""
    places = load_places()
    most = places.where(np.argsort(-places.population, kind="stable")[:count])
    latitude, longitude = most.lat_deg, most.lon_deg
    position, basis = geodetic_to_ecef(latitude, longitude, 0.0), east_north_up(latitude, longitude)
    poleward = np.where(latitude < 0.0, 180.0, 0.0)
    return make_places(position, basis, 25.0, 18.0, 100.0, automatic_tilt_deg(latitude), poleward)


def walker_world(planes: int, per_plane: int, phasing: int, places: Places) -> World:
    """A shell at 550 km and 53 degrees with +Grid lasers; the seam is closed with the shift that phasing leaves."""
    plane, place = np.divmod(np.arange(planes * per_plane), per_plane)
    own, shift = np.arange(planes * per_plane), np.where(plane == planes - 1, phasing, 0)
    ahead = plane * per_plane + (place + 1) % per_plane
    beside = (plane + 1) % planes * per_plane + (place + shift) % per_plane
    pair = np.sort(np.concatenate([np.stack([own, ahead], 1), np.stack([own, beside], 1)]), axis=1)
    pair = np.unique(pair, axis=0).astype(np.int32)
    propagator = Propagator(walker_shell(550e3, 53.0, planes, per_plane, phasing, epoch_unix_s=START))
    name = f"{len(own):,} satellites, Walker {planes} x {per_plane}, +Grid"
    return World(name, propagator, np.ones(len(own), np.bool_), pair, places, grid_orders(plane, place))


def elements_world(path: Path, places: Places) -> World:
    """A real element set: planes recovered, satellites in service linked in a +Grid."""
    found = load_elements(path)
    propagator = Propagator(
        Sgp4Elements(
            found.catalog_number, found.epoch_unix_s, found.bstar, found.ndot, found.nddot, found.eccentricity,
            found.argument_of_perigee_rad, found.inclination_rad, found.mean_anomaly_rad,
            found.mean_motion_rad_per_min, found.raan_rad,
        )
    )  # fmt: skip
    service = in_service(found, np.datetime64(int(START), "s"))
    position, velocity = propagator.inertial_states(START)
    labels = recover_planes(position, velocity, service.mask, service.cluster.astype(np.int64))
    sky = LaserSky(
        0, propagator.earth_fixed_positions([START])[0], service.mask, *labels[:6], found.catalog_number, 4, 0,
        LONGEST_LASER_M, True, 0,
    )  # fmt: skip
    pair = wanted_lasers(find_topology("plus-grid"), sky)
    name = f"{int(service.mask.sum()):,} satellites in service of {len(found):,} in {path.name}, +Grid"
    # Planes of all shells, one after the other; satellites without a place come last.
    plane = np.where(labels.place >= 0, labels.shell * 10_000 + labels.plane, 2**40)
    return World(name, propagator, service.mask, pair, places, grid_orders(plane, labels.place))


def mesh_of(world: World, position: Floats) -> Mesh:
    """Lasers of one step: those in range whose light stays above the ground."""
    stands, length = usable_lasers(position, world.pair, world.up, LONGEST_LASER_M, GRAZING_M)
    return make_mesh(world.pair[stands], length[stands], position.shape[1])


def entries_of(world: World, position: Floats, buffers: LinkBuffers) -> Entries:
    links = usable_links(position, world.places, world.up, None, STEERING_DEG, buffers)
    return Entries(links.start, links.stop, links.satellite, links.slant_range_m.astype(np.float64))


def step(world: World, unix_s: float, buffers: LinkBuffers, threads: int) -> Floats:
    """Round trips of all pairs in one step, s."""
    position = world.propagator.earth_fixed_positions([unix_s])[0]
    return round_trips(world, position, buffers, threads)


def round_trips(world: World, position: Floats, buffers: LinkBuffers, threads: int) -> Floats:
    entries = entries_of(world, position, buffers)
    mesh = mesh_of(world, position)
    return costs_between(mesh, mesh.length_m, entries, threads, None, world.orders, LABELS) * (2.0 / LIGHT_M_S)


def clock(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median and least wall time, ms."""
    work()
    taken = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        taken.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(taken), min(taken)


def show(name: str, work: Callable[[], object], repeats: int, note: str = "") -> float:
    """Print one line; returns the median, ms."""
    median, least = clock(work, repeats)
    print(f"  {name:58s} {median:9.2f} ms  (least {least:9.2f}) {note}", flush=True)
    return median


def scipy_graph(mesh: Mesh, entries: Entries) -> csr_array:
    """The mesh, K nodes to go up from and K to come down to: a city never relays."""
    n, count = mesh.satellites, len(entries.start)
    rows = np.concatenate([np.arange(a, b) for a, b in zip(entries.start, entries.stop, strict=True)])
    end, satellite = np.repeat(np.arange(count), entries.stop - entries.start) + n, entries.satellite[rows]
    tail = np.concatenate([mesh.pair[:, 0], mesh.pair[:, 1], end, satellite])
    head = np.concatenate([mesh.pair[:, 1], mesh.pair[:, 0], satellite, end + count])
    cost = np.concatenate([mesh.length_m, mesh.length_m, entries.cost_m[rows], entries.cost_m[rows]])
    return csr_array((cost, (tail, head)), shape=(n + 2 * count,) * 2)


def beside_scipy(world: World, mesh: Mesh, entries: Entries, whole_ms: float, repeats: int) -> float:
    """Print SciPy's time and ratios, and check that both agree; returns SciPy's time, ms."""
    graph, first, count = scipy_graph(mesh, entries), mesh.satellites, len(entries.start)
    ends = np.arange(first, first + count)
    theirs = dijkstra(graph, indices=ends)[:, first + count :]
    ours = costs_between(mesh, mesh.length_m, entries, 2, None, world.orders, LABELS)
    apart = ~np.eye(count, dtype=bool)
    np.testing.assert_allclose(ours[apart], np.where(np.isinf(theirs), np.nan, theirs)[apart], rtol=1e-9)
    taken = show("SciPy: csgraph.dijkstra, distances only", lambda: dijkstra(graph, indices=ends), max(3, repeats // 5))
    one = show(
        "all pairs, 1 thread",
        lambda: costs_between(mesh, mesh.length_m, entries, 1, None, world.orders, LABELS),
        repeats,
    )
    two = show(
        "all pairs, 2 threads",
        lambda: costs_between(mesh, mesh.length_m, entries, 2, None, world.orders, LABELS),
        repeats,
    )
    print(f"  ratios to SciPy: step {taken / whole_ms:.1f}, all pairs alone {taken / one:.1f} and {taken / two:.1f}")
    return taken


def parts(world: World, mesh: Mesh, entries: Entries, repeats: int) -> None:
    """Print what the parts of a step take, and what paths cost on top."""
    buffers = LinkBuffers(0)
    position = world.propagator.earth_fixed_positions([START + 0.5])[0]
    show("positions", lambda: world.propagator.earth_fixed_positions([START + 0.5]), repeats)
    show("usable links of the cities", lambda: entries_of(world, position, buffers), repeats)
    show("mesh: lengths, lasers by satellite", lambda: mesh_of(world, position), repeats)
    for method, orders in ROUTES:
        given = world.orders if orders else None
        label = f"all pairs, 1 thread, {method}{', given orders' if orders else ''}"
        show(
            label,
            lambda m=method, o=given: costs_between(mesh, mesh.length_m, entries, 1, m, o, LABELS),
            max(3, repeats // 4),
        )

    def with_trees() -> None:
        found = trees(mesh, mesh.length_m, entries, 2, None, world.orders, LABELS)
        path_measures(mesh, found.previous, mesh.length_m, pairs_between(found, entries).leaving)

    def with_paths() -> None:
        paths_between(mesh, mesh.length_m, entries, mesh.length_m, 2, None, world.orders, LABELS)

    show("all pairs with hops, lengths, marks, 2 threads", with_paths, max(3, repeats // 4))
    show("the same from trees that are kept, 2 threads", with_trees, max(3, repeats // 4))
    show("nearest of all cities, from every satellite", lambda: nearest(mesh, mesh.length_m, entries), repeats)


ROUTES: tuple[tuple[Method, bool], ...] = (("bucket", False), ("sweep", False), ("sweep", True))


def one_step(world: World, target_ms: float, repeats: int) -> float:
    """Print everything about one step; returns its time, ms."""
    buffers = LinkBuffers(0)
    position = world.propagator.earth_fixed_positions([START])[0]
    mesh, entries = mesh_of(world, position), entries_of(world, position, LinkBuffers(0))
    rtt = round_trips(world, position, buffers, 2)
    cities = len(rtt)
    share = np.isfinite(rtt[~np.eye(cities, dtype=bool)]).mean()
    print(f"\n{world.name}, {cities:,} cities, {len(entries.satellite):,} usable links, {len(mesh.pair):,} lasers")
    print(f"  median round trip {1e3 * np.nanmedian(rtt[rtt > 0.0]):.1f} ms, connected pairs {share:.3f}")
    seconds = iter(np.arange(1.0, 10.0 * repeats + 100.0))
    whole = show(
        "one step, 2 threads", lambda: step(world, START + next(seconds), buffers, 2), repeats, f"target {target_ms:g}"
    )
    show("one step, 1 thread", lambda: step(world, START + next(seconds), buffers, 1), repeats)
    beside_scipy(world, mesh, entries, whole, repeats)
    parts(world, mesh, entries, repeats)
    return whole


def beside_satgenpy(step_ms: float) -> None:
    """Print what satgenpy takes for one step of the same shell."""
    try:
        import satgen
        from satgen.dynamic_state.generate_dynamic_state import generate_dynamic_state_at
    except ImportError:
        print("  satgenpy: SKIPPED, not installed (pip install bentpipe[hypatia])")
        return
    places = load_places()
    most = places.where(np.argsort(-places.population, kind="stable")[:100])
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        root = Path(folder)
        rows = zip(most.lat_deg.tolist(), most.lon_deg.tolist(), strict=True)
        (root / "basic.txt").write_text("".join(f"{i},City-{i},{a},{b},0\n" for i, (a, b) in enumerate(rows)))
        arguments = _satgenpy_arguments(satgen, root)
        begin = time.perf_counter()
        generate_dynamic_state_at(str(root), *arguments, None, False)
        taken = time.perf_counter() - begin
    print(f"  satgenpy: one step {taken:.1f} s in one process; ratio to one step here {1e3 * taken / step_ms:,.0f}")


def _satgenpy_arguments(satgen: Any, root: Path) -> tuple[Any, ...]:
    """What `main_starlink_550` and `help_dynamic_state` prepare; outside the timing."""
    satgen.extend_ground_stations(str(root / "basic.txt"), str(root / "ground.txt"))
    satgen.generate_tles_from_scratch_manual(str(root / "tles.txt"), "Starlink-550", 72, 22, True, 53, 1e-7, 0.0, 15.19)
    satgen.generate_plus_grid_isls(str(root / "isls.txt"), 72, 22, isl_shift=0, idx_offset=0)
    satgen.generate_simple_gsl_interfaces_info(str(root / "gsl.txt"), 72 * 22, 100, 1, 1, 1, 1)
    tles = satgen.read_tles(str(root / "tles.txt"))
    reach = math.hypot(940_700.0, 550_000.0)
    longest = 2.0 * math.sqrt((6_378_135.0 + 550_000.0) ** 2 - (6_378_135.0 + 80_000.0) ** 2)
    return (
        tles["epoch"], 0, tles["satellites"], satgen.read_ground_stations_extended(str(root / "ground.txt")),
        satgen.read_isls(str(root / "isls.txt"), 72 * 22),
        satgen.read_gsl_interfaces_info(str(root / "gsl.txt"), 72 * 22, 100), reach, longest,
        "algorithm_free_one_only_over_isls",
    )  # fmt: skip


class Extremes:
    """Least and largest round trip of every pair, and in how many steps it was connected."""

    def __init__(self, cities: int) -> None:
        self.least, self.largest = np.full((cities, cities), np.inf), np.full((cities, cities), -np.inf)
        self.steps = np.zeros((cities, cities), np.int64)

    def add(self, rtt: Floats) -> None:
        """Take in one step."""
        np.fmin(self.least, rtt, out=self.least)
        np.fmax(self.largest, rtt, out=self.largest)
        self.steps += np.isfinite(rtt)


def stream(world: World, steps: int, threads: int = 2) -> tuple[float, Extremes]:
    """Whole steps side by side; returns wall time (s) and what was kept."""
    cities = len(world.places.position_m)
    kept = [(Extremes(cities), LinkBuffers(0)) for _ in range(threads)]

    def work(lane: int) -> None:
        extremes, buffers = kept[lane]
        for first in range(BLOCK * lane, steps, BLOCK * threads):
            times = START + np.arange(first, min(first + BLOCK, steps), dtype=np.float64)
            for position in world.propagator.earth_fixed_positions(times):
                extremes.add(round_trips(world, position, buffers, 1))

    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    wall, whole = time.perf_counter() - begin, kept[0][0]
    for other, _ in kept[1:]:
        np.fmin(whole.least, other.least, out=whole.least)
        np.fmax(whole.largest, other.largest, out=whole.largest)
        whole.steps += other.steps
    return wall, whole


def one_day(world: World, whole_day: bool) -> None:
    steps = 86_400 if whole_day else 2_000
    stream(world, 2 * BLOCK)
    wall, kept = stream(world, steps)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    spread = np.where(kept.steps > 0, kept.largest - kept.least, np.nan)
    day = wall / 60.0 if whole_day else wall / 60.0 * 86_400 / steps
    print(f"\none day of 1-s steps, {world.name}, 100 cities, 2 threads over steps")
    print(f"  {steps:,} steps in {wall:.1f} s, {1e3 * wall / steps:.2f} ms a step")
    print(f"  the day: {day:.2f} min{'' if whole_day else ' (extrapolated)'}   target 6")
    print(f"  memory at most {memory:.2f} GB   target 1")
    print(f"  pairs connected {kept.steps.sum() / (steps * kept.steps.size):.3f} of the steps, round trips of a pair")
    print(f"  range over {1e3 * np.nanmedian(spread):.1f} ms (median of pairs)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--elements", type=Path, help="element sets of about 10,000 satellites; else a Walker shell")
    parser.add_argument("--day", action="store_true", help="the whole day rather than a sample of 2,000 steps")
    parser.add_argument("--only", choices=["day", "small", "large", "thousand"], help="one part")
    options = parser.parse_args()
    wanted = [options.only] if options.only else ["day", "small", "large", "thousand"]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    hundred = dishes(100)
    small = walker_world(72, 22, 17, hundred)
    if "day" in wanted:  # first, so that the memory is its own
        one_day(small, options.day)
    if "small" in wanted:
        beside_satgenpy(one_step(small, 4.0, 50))
    if "large" in wanted:
        if options.elements is not None:
            one_step(elements_world(options.elements, hundred), 20.0, 20)
        one_step(walker_world(100, 100, 17, hundred), 20.0, 20)
    if "thousand" in wanted:
        if options.elements is not None:
            one_step(elements_world(options.elements, dishes(1_000)), 150.0, 5)
        one_step(walker_world(100, 100, 17, dishes(1_000)), 150.0, 5)


if __name__ == "__main__":
    main()
