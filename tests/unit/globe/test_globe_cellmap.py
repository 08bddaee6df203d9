"""Every pixel of the map shows the cell that H3 itself finds there."""

from __future__ import annotations

import h3.api.numpy_int as h3
import numpy as np
import pytest
from globerun import corner, source_of

from bentpipe.catalog.cells import centres
from bentpipe.globe.cellmap import Bounds, cell_indices, index_map, laid_out, pixel_of


def world(resolution: int) -> np.ndarray:
    return np.sort(np.concatenate([h3.cell_to_children(cell, resolution) for cell in h3.get_res0_cells()]))


def disk(lat: float, lon: float, resolution: int, rings: int) -> np.ndarray:
    return np.sort(np.array(h3.grid_disk(h3.latlng_to_cell(lat, lon, resolution), rings), np.uint64))


TERRITORIES = {
    "world 0": world(0),
    "world 1": world(1),
    "world 2": world(2),
    "antimeridian": disk(-17.0, 179.9, 5, 8),
    "north pole": disk(90.0, 0.0, 4, 6),
    "south pole": disk(-89.9, 10.0, 3, 5),
    "around a pentagon": disk(*h3.cell_to_latlng(int(h3.get_pentagons(4)[3])), 4, 5),
    "one cell": disk(48.0, 31.0, 5, 0),
    "small cells": disk(48.0, 31.0, 9, 10),
}


@pytest.mark.parametrize("name", TERRITORIES)
def test_pixels_show_the_cells_of_h3(name: str) -> None:
    cells = TERRITORIES[name]
    resolution = h3.get_resolution(int(cells[0]))
    lat, lon = centres(cells)
    bounds, width, height = laid_out(lat, lon, float(np.sqrt(h3.average_hexagon_area(resolution, "m^2"))))
    lat_px = bounds.north - (np.arange(height) + 0.5) * (bounds.north - bounds.south) / height
    lon_px = bounds.west + (np.arange(width) + 0.5) * (bounds.east - bounds.west) / width
    found = cell_indices(cells, lat_px, lon_px)
    rng = np.random.default_rng(3)
    row, column = rng.integers(0, height, 4000), rng.integers(0, width, 4000)
    turned = (lon_px[column] + 180.0) % 360.0 - 180.0
    pairs = zip(lat_px[row].tolist(), turned.tolist(), strict=True)
    ids = np.array([h3.latlng_to_cell(a, b, resolution) for a, b in pairs], np.uint64)
    at = np.minimum(np.searchsorted(cells, ids), len(cells) - 1)
    expected = np.where(cells[at] == ids, at + 1, 0)
    assert np.count_nonzero(found[row, column] != expected) <= 2, "single precision decides on borders"
    own_row, own_column = pixel_of(bounds, width, height, lat, lon)
    np.testing.assert_array_equal(found[own_row, own_column], np.arange(1, len(cells) + 1))
    assert width <= 2048 and height <= 1024 and -90.0 <= bounds.south < bounds.north <= 90.0
    assert 0.0 < bounds.east - bounds.west <= 360.0


def test_a_territory_on_both_sides_of_the_180th_meridian_is_one_narrow_map() -> None:
    lat, lon = centres(TERRITORIES["antimeridian"])
    assert lon.min() < -179.0 and lon.max() > 179.0
    bounds, _, _ = laid_out(lat, lon, 15_000.0)
    assert bounds.east > 180.0 and bounds.east - bounds.west < 10.0


def test_places_outside_the_table_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = TERRITORIES["small cells"]
    lat, lon = np.linspace(47.95, 48.05, 50), np.linspace(30.9, 31.1, 60)
    expected = cell_indices(cells, lat, lon)
    monkeypatch.setattr("bentpipe.globe.cellmap.TABLE_PLACES", 10)
    np.testing.assert_array_equal(cell_indices(cells, lat, lon), expected)


def test_the_map_of_a_run() -> None:
    source = source_of(corner().folder)
    pixels, header = index_map(source)
    assert pixels.shape == (header["height"], header["width"]) and pixels.dtype.itemsize == header["bytes"] == 2
    bounds = Bounds(*(header[key] for key in Bounds._fields))
    lat, lon = source.static("latitude_deg"), source.static("longitude_deg")
    row, column = pixel_of(bounds, header["width"], header["height"], lat, lon)
    np.testing.assert_array_equal(pixels[row, column], np.arange(1, len(lat) + 1))
    assert set(np.unique(pixels).tolist()) == set(range(len(lat) + 1))
    assert not pixels[0].any() and not pixels[:, 0].any(), "a margin around the cells"
    counts = np.bincount(pixels.ravel())[1:]
    assert 50 <= np.median(counts) <= 200, "some ten pixels each way"
