"""Borders close, keep within what a page can carry, and say which country is whose."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from globerun import corner, source_of

from bentpipe.catalog.geodata import load_geodata
from bentpipe.globe.cellmap import Bounds
from bentpipe.globe.outlines import TOLERANCES_DEG, territory_outlines, thinned, world_outlines

ROOT = Path(__file__).resolve().parents[3]
BORDERS = ROOT / "src" / "bentpipe" / "globe" / "data" / "borders.npz"


def rings(flat: list[list[float]]) -> list[np.ndarray]:
    return [np.array(ring).reshape(-1, 2) for ring in flat]


def inside(ring: np.ndarray, lon: float, lat: float) -> bool:
    x0, y0, x1, y1 = *ring[:-1].T, *ring[1:].T
    crosses = (y0 > lat) != (y1 > lat)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x0 + (lat - y0) / (y1 - y0) * (x1 - x0)
    return bool(np.count_nonzero(crosses & (at > lon)) % 2)


def test_the_world_is_closed_rings_of_degrees() -> None:
    found = world_outlines()
    assert found["source"] and BORDERS.stat().st_size <= 250_000
    assert len(json.dumps(found, separators=(",", ":"))) <= 400_000
    for ring in rings(found["countries"]):
        assert len(ring) >= 4 and (ring[0] == ring[-1]).all()
        assert (np.abs(ring[:, 0]) <= 180).all() and (np.abs(ring[:, 1]) <= 90).all()


@pytest.mark.parametrize(
    ("lon", "lat", "country"),
    [(31.0, 49.0, "UKR"), (34.1, 45.2, "UKR"), (2.5, 47.0, "FRA"), (-100.0, 40.0, "USA"), (134.0, -25.0, "AUS"),
     (0.0, -80.0, "ATA"), (-42.0, 72.0, "GRL"), (37.6, 55.7, "RUS")],
)  # fmt: skip
def test_points_on_land_lie_in_one_ring_that_follows_the_country(lon: float, lat: float, country: str) -> None:
    holding = [ring for ring in rings(world_outlines()["countries"]) if inside(ring, lon, lat)]
    assert len(holding) == 1
    fine = [ring[:, ::-1] for ring in load_geodata().country(country).rings if inside(ring[:, ::-1], lon, lat)]
    assert len(fine) == 1
    near = [float(np.hypot(*(fine[0] - point).T).min()) for point in holding[0]]
    assert max(near) <= 0.0075, "every point of the coarse ring is one of the fine ring, rounded"


def test_points_at_sea_lie_in_none() -> None:
    for lon, lat in ((-30.0, 40.0), (-150.0, 10.0), (34.0, 43.5), (80.0, -40.0)):
        assert not any(inside(ring, lon, lat) for ring in rings(world_outlines()["countries"]))


def test_the_tool_makes_what_is_shipped() -> None:
    if not (tool := ROOT / "tools" / "build_borders.py").is_file():
        pytest.skip("the tools are not beside the tests")
    spec = importlib.util.spec_from_file_location("build_borders", tool)
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.build()
    with np.load(BORDERS) as kept:
        assert set(kept) == set(made)
        for name, values in made.items():
            np.testing.assert_array_equal(kept[name], values)


def test_a_territory_and_what_is_around_it() -> None:
    source = source_of(corner().folder)
    found = territory_outlines(source)
    assert len(json.dumps(found, separators=(",", ":"))) <= 400_000
    regions, countries = rings(found["regions"]), rings(found["countries"])
    for ring in (*regions, *countries):
        assert (ring[0] == ring[-1]).all() and len(ring) >= 4
    lat, lon = source.static("latitude_deg"), source.static("longitude_deg")
    for i in np.flatnonzero(source.static("region_of_cell") >= 0)[::7].tolist():
        assert sum(inside(ring, float(lon[i]), float(lat[i])) for ring in countries) == 1
    assert any(inside(ring, 30.52, 50.45) for ring in regions), "Kyiv"
    assert territory_outlines(source) is found, "made once"
    assert len(TOLERANCES_DEG) > 3


def test_rings_are_thinned_far_from_the_cells_only() -> None:
    angle = np.linspace(0.0, 2 * np.pi, 4001)
    ring = np.column_stack([50 + 5 * np.sin(angle), 30 + 5 * np.cos(angle)])
    ring[-1] = ring[0]
    box = Bounds(30.0, 40.0, 40.0, 60.0)
    found = thinned(ring, box)
    east = ring[:, 1] >= 30.0
    kept = {tuple(point) for point in found}
    assert all(tuple(point) in kept for point in ring[east]) and len(found) < east.sum() + 50
    assert (found[0] == found[-1]).all()
