"""Time reach and scheduling over the globe: ``python benchmarks/globe.py [--elements FILE] [--scaling]``.

Target on two quiet cores: the 41,162 cells of H3 resolution 3, 10,744 satellites and 240 slots in 12 s and 2 GB;
time linear in slots and in cells, memory flat in slots. Gateways are those of the built-in world; every cell
asks for one slice of beam time. Without ``--elements`` the satellites are the world scenario's own shells.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import numpy.typing as npt
from brute import print_ratio

from bentpipe.earth import east_north_up, geodetic_to_ecef
from bentpipe.geometry.places import Places, automatic_tilt_deg, make_places
from bentpipe.geometry.usable import LinkBuffers, usable_links
from bentpipe.network.beams import share_beam_time
from bentpipe.network.followed import follow_satellites
from bentpipe.network.links import Links
from bentpipe.network.policies import observed
from bentpipe.scenario import load_scenario
from bentpipe.simulate.prepare import Prepared, prepare

STEERING_DEG = 57.0


def cells_of_the_globe(resolution: int) -> npt.NDArray[np.uint64]:
    """Every H3 cell."""
    found = [h3.cell_to_children(base, resolution) for base in h3.get_res0_cells()]
    return np.sort(np.concatenate(found).astype(np.uint64))


def places_of(cells: npt.NDArray[np.uint64]) -> Places:
    """A standard dish at every cell's centre: 25 degrees, a cone of 100 degrees leaning to the pole, 18 off the arc."""
    latitude, longitude = np.array([h3.cell_to_latlng(cell) for cell in cells]).T
    position, basis = geodetic_to_ecef(latitude, longitude, 0.0), east_north_up(latitude, longitude)
    poleward = np.where(latitude < 0.0, 180.0, 0.0)
    return make_places(position, basis, 25.0, 18.0, 100.0, automatic_tilt_deg(latitude), poleward)


class Globe:
    """The stages of a slot over some cells."""

    def __init__(self, prepared: Prepared, cells: npt.NDArray[np.uint64], places: Places) -> None:
        self.prepared, self.cells, self.places = prepared, cells, places
        self.order = np.random.default_rng(1).permutation(len(cells)).astype(np.int64)

    def slots(self, slots: npt.NDArray[np.int64]) -> tuple[int, int]:
        """Cells with a usable satellite, and cells served, summed over slots; one tile of 20 slots at a time."""
        buffers = (LinkBuffers(0), LinkBuffers(0))
        reached = served = 0
        for tile in range(0, len(slots), 20):
            unix_s = self.prepared.clock.start_unix_s(slots[tile : tile + 20])
            positions = self.prepared.propagator.earth_fixed_positions(
                unix_s, self.prepared.orientation.ut1_minus_utc(unix_s)
            )
            for slot, position in zip(slots[tile : tile + 20].tolist(), positions, strict=True):
                counts = self._slot(slot, position, buffers)
                reached, served = reached + counts[0], served + counts[1]
        return reached, served

    def _slot(
        self, slot: int, position: npt.NDArray[np.float64], buffers: tuple[LinkBuffers, LinkBuffers]
    ) -> tuple[int, int]:
        prepared, ground, n = self.prepared, self.prepared.ground, len(self.prepared.fleet.up)
        links = usable_links(position, self.places, prepared.fleet.up, None, STEERING_DEG, buffers[0])
        feeder = usable_links(position, ground.places, prepared.fleet.up, None, 90.0, buffers[1])
        one, route = np.ones(len(self.cells), np.int64), np.zeros(len(ground.id))
        followed = follow_satellites(
            links.start, links.stop, links.satellite, one, feeder.start, feeder.stop, feeder.satellite,
            feeder.slant_range_m, route, ground.antennas.astype(np.int64), n,
        )  # fmt: skip
        in_use = followed.gateway >= 0
        score = observed(
            Links(
                slot, 1, links.start, links.stop, links.satellite, links.sin_elevation, links.north,
                links.slant_range_m, np.empty(0, np.int16), in_use, followed.range_m, prepared.fleet.satellite_id,
                prepared.fleet.log_weight, self.cells, np.ones(len(one)), np.full(len(one), -1, np.int32),
            )
        )  # fmt: skip
        beams = share_beam_time(
            links.start, links.stop, links.satellite, score, in_use, one, one, self.order, prepared.satellite_room
        )
        return int((links.stop > links.start).sum()), int((beams.link >= 0).sum())


def measure(globe: Globe, count: int, threads: int = 2) -> float:
    """Print one line of figures; returns the wall time, s."""
    slots = np.arange(globe.prepared.slots.start, globe.prepared.slots.start + count, dtype=np.int64)
    begin, before = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(globe.slots, np.array_split(slots, threads)))
    wall, used = time.perf_counter() - begin, time.process_time() - before
    pairs = count * len(globe.cells)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(
        f"{len(globe.cells):7,d} cells x {count:4d} slots: {wall:7.2f} s, processor {used:7.2f} s, "
        f"{1e6 * wall / pairs:6.2f} us a cell and slot, memory so far {memory:.2f} GB; "
        f"reached {sum(f[0] for f in found) / pairs:.3f}, served {sum(f[1] for f in found) / pairs:.3f}"
    )
    return wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elements", type=Path, help="element set to fly")
    parser.add_argument("--scaling", action="store_true", help="also fewer slots and cells")
    options = parser.parse_args()
    overrides: Mapping[str, Any] = {}
    if options.elements is not None:
        overrides = {
            "constellation.source": "elements",
            "constellation.elements": str(options.elements),
            "time.start": "2026-08-21T00:00:00Z",
        }
    prepared = prepare(load_scenario("world", overrides), seeds=1)
    cells = cells_of_the_globe(3)
    places = places_of(cells)
    globe = Globe(prepared, cells, places)
    globe.slots(np.array([prepared.slots.start]))
    print(f"{len(prepared.fleet.up):,} satellites, {len(prepared.ground.id)} gateways, load {os.getloadavg()[0]:.1f}")
    if options.scaling:
        part = cells[::4].copy()
        measure(Globe(prepared, part, places_of(part)), 60)
        measure(globe, 30)
        measure(globe, 60)
    wall = measure(globe, 240)
    print(f"reach and scheduling, s  {wall:8.2f}   target 12")
    print(f"memory at most, GB       {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9:8.2f}   target 2")
    unix_s = prepared.clock.start_unix_s(np.array([prepared.slots.start]))
    position = prepared.propagator.earth_fixed_positions(unix_s, prepared.orientation.ut1_minus_utc(unix_s))[0]
    print_ratio(position, places, STEERING_DEG)


if __name__ == "__main__":
    main()
