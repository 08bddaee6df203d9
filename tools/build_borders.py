"""Build the coarse borders of all countries that the globe draws, from the outlines that bentpipe ships.

Run from anywhere: ``python tools/build_borders.py [--check]``. It reads ``src/bentpipe/catalog/data/outlines.npz`` and
writes ``src/bentpipe/globe/data/borders.npz``: "points" (P, 2) int16, longitude and latitude in 0.01 degree, and
"length" (R,) uint16, the points of each closed ring. Shared borders stay shared, as arcs are thinned, not rings; of
each country the islands too small to see are left out, but for its largest.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.geodata import load_geodata

TARGET = Path(__file__).resolve().parents[1] / "src" / "bentpipe" / "globe" / "data" / "borders.npz"
TOLERANCE_DEG = 0.12
SMALLEST_DEG = 0.25
"""Rings of less extent are left out: a pixel of a globe that fills a screen."""


def rings_of(regions: list[int]) -> list[npt.NDArray[np.int16]]:
    outlines = load_geodata().outlines
    for tolerance in (TOLERANCE_DEG, 0.02, 0.0):  # the smallest countries vanish at the coarsest
        rings = outlines.rings(regions, tolerance)
        if rings:
            break
    largest = max((float(np.ptp(ring, axis=0).max()) for ring in rings), default=0.0)
    kept = [ring for ring in rings if np.ptp(ring, axis=0).max() >= min(SMALLEST_DEG, largest)]
    return [rounded for ring in kept if len(rounded := quantised(ring)) >= 4]


def quantised(ring: npt.NDArray[np.float64]) -> npt.NDArray[np.int16]:
    points = np.rint(ring[:, ::-1] * 100.0).astype(np.int16)
    apart = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
    return points[apart]


def build() -> dict[str, npt.NDArray[np.generic]]:
    territories = load_geodata().territories
    rings = [ring for n in range(len(territories.countries)) for ring in rings_of(territories.regions_of(n).tolist())]
    return {"points": np.concatenate(rings), "length": np.array([len(ring) for ring in rings], np.uint16)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with what is there, and write nothing")
    made = build()
    if parser.parse_args().check:
        with np.load(TARGET) as kept:
            same = set(kept) == set(made) and all(np.array_equal(kept[name], made[name]) for name in made)
        print("the borders are as built" if same else "the borders differ from what is built")
        return 0 if same else 1
    TARGET.parent.mkdir(exist_ok=True)
    np.savez_compressed(TARGET, **made)
    print(f"{TARGET}: {len(made['length'])} rings, {len(made['points'])} points, {TARGET.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
