"""Time fair shares of one slot, and how much of the most that is possible each policy carries.

Cells and gateways at random between 57 degrees south and north, satellites at 550 km and 53 degrees at random; a cell
may use the up to 8 highest of those above 25 degrees, and a satellite goes to the nearest gateway. Demands are
log-normal, weights 1 to 8. SciPy's solvers, where installed, run on the same slot in the same process.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.earth import east_north_up, geodetic_to_ecef
from bentpipe.geometry.places import make_places
from bentpipe.geometry.usable import usable_links
from bentpipe.network.flows import Flows, SlotCapacity, cell_spectrum_bps, checked_capacity, checked_flows
from bentpipe.network.maxmin import max_min_rates
from bentpipe.network.multipath import multipath
from bentpipe.network.sharing import SHARING

RADIUS_M, LINKS = 6_921e3, 8
SATELLITE_BPS, GATEWAY_BPS = 20e9, 1.2e12
CHANNEL_BPS = 240e6 * 2.966728  # 16APSK 3/4


def sphere(rng: np.random.Generator, count: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, count) * np.sin(np.radians(57.0))))
    return lat, rng.uniform(-180.0, 180.0, count)


def satellites_m(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    node, along, tilt = rng.uniform(0, 2 * np.pi, count), rng.uniform(0, 2 * np.pi, count), np.radians(53.0)
    x, y, z = np.cos(along), np.sin(along) * np.cos(tilt), np.sin(along) * np.sin(tilt)
    turned = [x * np.cos(node) - y * np.sin(node), x * np.sin(node) + y * np.cos(node), z]
    return np.ascontiguousarray(RADIUS_M * np.array(turned))


def make_slot(cells: int, satellites: int, gateways: int, load: float, seed: int = 0) -> tuple[Flows, SlotCapacity]:
    """A slot whose demand is `load` times what the satellites carry."""
    rng = np.random.default_rng(seed)
    lat, lon = sphere(rng, cells)
    tile = np.lexsort((lon // 5.0, lat // 5.0))  # neighbours have near ids, as H3 cells do
    lat, lon = lat[tile], lon[tile]
    sky = satellites_m(rng, satellites)
    places = make_places(geodetic_to_ecef(lat, lon, 0.0), east_north_up(lat, lon), 25.0, 0.0)
    links = usable_links(sky, places, np.ones(satellites, np.bool_))
    place = np.arange(cells)
    count = (links.stop - links.start)[place]
    own = np.repeat(place, count)
    row = np.arange(len(own)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(links.start[place], count)
    order = np.lexsort((-links.sin_elevation[row], own))
    own, row = own[order], row[order]
    first = np.searchsorted(own, np.arange(cells))
    keep = np.arange(len(own)) - first[own] < LINKS
    own, row = own[keep], row[keep]
    start, stop = np.searchsorted(own, np.arange(cells)), np.searchsorted(own, np.arange(cells), "right")
    there = geodetic_to_ecef(*sphere(rng, gateways), 0.0)
    nearest = np.concatenate(
        [(there @ part).argmax(axis=0) for part in np.array_split(sky, max(1, satellites // 500), axis=1)]
    )
    demand = rng.lognormal(0.0, 1.0, cells)
    demand *= load * SATELLITE_BPS * satellites / demand.sum()
    capacity = SlotCapacity(
        np.arange(cells, dtype=np.uint64), start, stop, links.satellite[row], np.where(stop > start, start, -1),
        np.full(len(row), 4 * CHANNEL_BPS), np.repeat(cell_spectrum_bps(8, CHANNEL_BPS), cells),
        np.full(satellites, SATELLITE_BPS), nearest.astype(np.int32), np.full(gateways, GATEWAY_BPS),
    )  # fmt: skip
    flows = Flows(np.arange(cells), demand, rng.integers(1, 9, cells), np.zeros(cells, np.int64))
    return checked_flows(flows, cells), checked_capacity(capacity)


def quickest(call: Callable[[], Any], times: int = 5) -> tuple[float, float, Any]:
    """Least wall time and least processor time of some calls, s, and what the last one gave."""
    wall, processor, result = [], [], call()
    for _ in range(times):
        begin = time.perf_counter(), time.process_time()
        result = call()
        wall.append(time.perf_counter() - begin[0])
        processor.append(time.process_time() - begin[1])
    return min(wall), min(processor), result


def arcs(flows: Flows, capacity: SlotCapacity) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], int]:
    """The slot as a graph for SciPy, whole Mbit/s: source, cells, satellites, gateways, sink."""
    cells, n, g = len(capacity.start), len(capacity.satellite_bps), len(capacity.gateway_bps)
    own = np.repeat(np.arange(cells), capacity.stop - capacity.start)
    source, sink = cells + n + g, cells + n + g + 1
    tail = np.concatenate([own, cells + np.arange(n), cells + n + np.arange(g), np.full(cells, source)])
    head = np.concatenate(
        [cells + capacity.satellite, cells + n + capacity.gateway, np.full(g, sink), np.arange(cells)]
    )
    want = np.minimum(flows.demand_bps, capacity.spectrum_bps)
    size = np.concatenate([capacity.beam_bps, capacity.satellite_bps, capacity.gateway_bps, want]) // 1_000_000
    return tail, head, size, sink + 1


def print_policies(flows: Flows, capacity: SlotCapacity) -> float:
    """Times and totals of the policies; returns the processor time of the maximum flow, s."""
    offered, bound, flow_s = int(flows.demand_bps.sum()), 0, 0.0
    for name in ("max-throughput", "multipath", "single-satellite"):
        policy = SHARING[name]
        wall, processor, shares = quickest(lambda policy=policy: policy.share(flows, capacity))
        bound = max(bound, shares.total_bps)
        flow_s = flow_s or processor
        print(
            f"  {name:18s} wall {1e3 * wall:7.1f} ms, processor {1e3 * processor:7.1f} ms; served"
            f" {100 * shares.total_bps / offered:5.1f} % of demand, gap {100 * (1 - shares.total_bps / bound):5.2f} %"
        )
    return flow_s


def print_convergence(flows: Flows, capacity: SlotCapacity) -> None:
    bound = SHARING["max-throughput"].share(flows, capacity).total_bps
    gaps = [
        f"{rounds}: {100 * (1 - multipath(flows, capacity, rounds).total_bps / bound):.2f}"
        for rounds in (1, 2, 4, 8, 16, 32)
    ]
    print(f"  multipath, gap in % after rounds  {', '.join(gaps)}")


def print_general(flows: Flows, capacity: SlotCapacity) -> None:
    """The form for any network, on the links of the scheduler."""
    seen = np.flatnonzero(capacity.serving >= 0)
    row, cells, n = capacity.serving[seen], len(capacity.start), len(capacity.satellite_bps)
    way = np.stack([seen, cells + seen, 2 * cells + capacity.satellite[row]], 1)
    way = np.column_stack([way, 2 * cells + n + capacity.gateway[capacity.satellite[row]]])
    beam = np.zeros(cells, np.int64)
    beam[seen] = capacity.beam_bps[row]
    size = np.concatenate([capacity.spectrum_bps, beam, capacity.satellite_bps, capacity.gateway_bps])
    offset = np.arange(len(seen) + 1) * 4
    wall, processor, _ = quickest(
        lambda: max_min_rates(offset, way.ravel(), size, flows.demand_bps[seen], flows.weight[seen])
    )
    print(f"  any network        wall {1e3 * wall:7.1f} ms, processor {1e3 * processor:7.1f} ms (checks included)")


def print_scipy(flows: Flows, capacity: SlotCapacity, flow_s: float, linear: bool) -> None:
    try:
        from scipy.optimize import linprog
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import maximum_flow
    except ImportError:
        print("  SciPy is not installed")
        return
    tail, head, size, nodes = arcs(flows, capacity)
    graph = csr_array((size.astype(np.int32), (tail, head)), shape=(nodes, nodes))
    wall, processor, result = quickest(lambda: maximum_flow(graph, nodes - 2, nodes - 1), 2)
    print(
        f"  SciPy maximum_flow wall {1e3 * wall:7.1f} ms, processor {1e3 * processor:7.1f} ms;"
        f" {result.flow_value:,} Mbit/s; max-throughput takes {flow_s / processor:.2f} of the processor time"
    )
    if linear:
        at = np.arange(len(tail))
        balance = csr_array((np.ones(len(at)), (tail, at)), shape=(nodes, len(at)))
        balance = (balance - csr_array((np.ones(len(at)), (head, at)), shape=(nodes, len(at))))[: nodes - 2]
        goal = np.where(head == nodes - 1, -1.0, 0.0)
        bounds = np.stack([np.zeros(len(at)), size.astype(float)], 1)
        wall, processor, done = quickest(
            lambda: linprog(goal, A_eq=balance, b_eq=np.zeros(nodes - 2), bounds=bounds, method="highs"), 1
        )
        print(
            f"  HiGHS linprog      wall {1e3 * wall:7.1f} ms, processor {1e3 * processor:7.1f} ms;"
            f" {-done.fun:,.0f} Mbit/s; max-throughput takes {flow_s / processor:.4f} of the processor time"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=float, nargs="+", default=[0.5, 0.9, 1.2])
    parser.add_argument("--quick", action="store_true", help="the smaller slot only")
    chosen = parser.parse_args()
    sizes = [(10_000, 1_000, 40)] + ([] if chosen.quick else [(100_000, 10_000, 200)])
    for cells, satellites, gateways in sizes:
        for load in chosen.loads:
            flows, capacity = make_slot(cells, satellites, gateways, load)
            links = len(capacity.satellite)
            print(f"{cells:,} cells, {satellites:,} satellites, {gateways} gateways, {links:,} links, load {load}")
            flow_s = print_policies(flows, capacity)
            print_convergence(flows, capacity)
            print_general(flows, capacity)
            print_scipy(flows, capacity, flow_s, linear=cells <= 10_000)


if __name__ == "__main__":
    main()
