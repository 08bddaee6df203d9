"""Exports hold the run's values, say where they are from, and follow their formats."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
import pytest
from globerun import Corner, corner, source_of, what_if_of

import bentpipe
from bentpipe.errors import InputError
from bentpipe.globe.cellshapes import cell_geometry
from bentpipe.globe.cellvalues import cell_values, difference
from bentpipe.globe.czml import satellites_czml
from bentpipe.globe.exports import cells_csv, cells_geojson, regions_csv, series_csv
from bentpipe.globe.numbers import slot_numbers
from bentpipe.globe.places import series

SLOT = 27


@pytest.fixture(scope="module")
def runs() -> Corner:
    return corner()


def read(text: str) -> tuple[list[str], list[dict[str, str]]]:
    lines = text.splitlines()
    about = [line for line in lines if line.startswith("#")]
    return about, list(csv.DictReader(io.StringIO("\n".join(lines[len(about) :]))))


def number(text: str) -> float:
    return float(text) if text else float("nan")


def test_cells_as_csv(runs: Corner) -> None:
    source, data = source_of(runs.folder), bentpipe.open_run(runs.folder).dataset
    slot = source.slots.start + SLOT
    about, rows = read(cells_csv(source, "peak-down", slot))
    text = "\n".join(about)
    assert "simulated; not live status" in text and "A corner, for tests" in text and "Mbit/s" in text
    assert "2022-10-24T10:01:57Z for 15 s" in text
    assert list(rows[0]) == ["id", "latitude_deg", "longitude_deg", "region", "terminals", "population", "value"]
    assert [row["id"] for row in rows] == data["cell"].values.tolist()
    values = [number(row["value"]) for row in rows]
    np.testing.assert_allclose(values, cell_values(source, "peak-down", slot), rtol=1e-5, atol=1e-6)
    assert [int(row["terminals"]) for row in rows] == data["terminals"].values.tolist()
    codes = data["region"].values[data["region_of_cell"].values]
    known = data["region_of_cell"].values >= 0
    assert [row["region"] for row in rows] == np.where(known, codes, "").tolist()


def test_categories_are_words(runs: Corner) -> None:
    source = source_of(runs.folder)
    _, rows = read(cells_csv(source, "gateway", source.slots.start + SLOT))
    assert {row["value"] for row in rows} <= {"West", "Inside", ""} and len({row["value"] for row in rows}) > 1


def test_differences_are_tagged(runs: Corner, tmp_path: Path) -> None:
    base = source_of(runs.folder)
    what_if = what_if_of(
        base, runs.changed, tmp_path / "w", range(base.slots.start, base.slots.stop), gateways=["home"]
    )
    what_if.computed = SLOT + 1
    slot = base.slots.start + SLOT
    about, rows = read(cells_csv(what_if, "rtt", slot, base))
    assert "# HYPOTHETICAL: what if gateway Inside off" in about
    found = [number(row["difference"]) for row in rows]
    np.testing.assert_allclose(found, difference(what_if, base, "rtt", slot), rtol=1e-5, atol=1e-6)
    for row in rows:
        if row["difference"]:
            assert number(row["value"]) - number(row["other"]) == pytest.approx(number(row["difference"]), abs=1e-4)
    about, _ = read(cells_csv(base, "rtt", slot, what_if))
    assert any("what if gateway Inside off" in line for line in about)
    metadata = json.loads(cells_geojson(what_if, "rtt", slot, base))["metadata"]
    assert any("HYPOTHETICAL" in line for line in metadata["remarks"])


def test_cells_as_geojson(runs: Corner) -> None:
    source = source_of(runs.folder)
    slot = source.slots.start + SLOT
    found = json.loads(cells_geojson(source, "connected", slot))
    assert found["type"] == "FeatureCollection" and found["metadata"]["unit"] == "%"
    assert "simulated; not live status" in " ".join(found["metadata"]["remarks"])
    assert len(found["features"]) == len(source.cells)
    values = cell_values(source, "connected", slot)
    for feature, value in zip(found["features"], values, strict=True):
        given = feature["properties"]["value"]
        assert given is None if np.isnan(value) else given == pytest.approx(float(value), rel=1e-5)


def signed_area(ring: list[list[float]]) -> float:
    """In degrees squared on the cylinder of equal area, positive for anticlockwise rings."""
    lon, lat = np.array(ring).T
    y = np.degrees(np.sin(np.radians(lat)))
    return float(np.sum(lon[:-1] * y[1:] - lon[1:] * y[:-1]) / 2)


CELLS = {
    "plain": h3.latlng_to_cell(50.0, 30.0, 4),
    "pentagon": int(h3.get_pentagons(3)[2]),
    "across the 180th meridian": h3.latlng_to_cell(-17.0, 180.0, 4),
    "north pole": h3.latlng_to_cell(90.0, 0.0, 3),
    "south pole": h3.latlng_to_cell(-90.0, 0.0, 3),
    "large": h3.latlng_to_cell(60.0, 179.9, 1),
}


@pytest.mark.parametrize("name", CELLS)
def test_outlines_of_cells_are_valid(name: str) -> None:
    cell = int(CELLS[name])
    geometry = cell_geometry(cell)
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    assert geometry["type"] == ("MultiPolygon" if name in ("across the 180th meridian", "large") else "Polygon")
    total = 0.0
    for (ring,) in polygons:
        assert ring[0] == ring[-1] and len(ring) >= 4
        lon, lat = np.array(ring).T
        assert (np.abs(lon) <= 180).all() and (np.abs(lat) <= 90).all()
        if "pole" not in name:
            assert (np.abs(np.diff(lon)) < 180).all()
        assert signed_area(ring) > 0, "anticlockwise"
        total += signed_area(ring)
    expected = h3.cell_area(cell, "rads^2") * np.degrees(1) ** 2
    assert total == pytest.approx(expected, rel=0.06 if name == "large" else 0.01)


def test_every_cell_of_the_world_is_valid() -> None:
    cells = np.concatenate([h3.cell_to_children(cell, 1) for cell in h3.get_res0_cells()])
    total = 0.0
    for cell in cells.tolist():
        geometry = cell_geometry(cell)
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        areas = [signed_area(ring) for (ring,) in polygons]
        assert min(areas) > 0
        total += sum(areas)
    assert total == pytest.approx(360.0 * 2 * np.degrees(1), rel=2e-3)


def test_regions_as_csv(runs: Corner) -> None:
    source = source_of(runs.folder)
    slot = source.slots.start + SLOT
    about, rows = read(regions_csv(source, slot))
    assert any("not live status" in line for line in about)
    numbers = slot_numbers(source, slot)["regions"]
    assert [row["code"] for row in rows] == source.names["region"]["region"]
    for row, region in zip(rows, numbers, strict=True):
        assert row["rate_mbit_s"] == ("" if region["rate_mbit_s"] is None else str(region["rate_mbit_s"]))
        assert row["peak_p50_mbit_s"] == ("" if region["peak_p50"] is None else str(region["peak_p50"]))


def test_a_series_as_csv(runs: Corner) -> None:
    source = source_of(runs.folder)
    about, rows = read(series_csv(source, "site", 0))
    assert "# site: Kyiv, hospital (kyiv)" in about
    assert rows[0]["start_utc"] == "2022-10-24T09:55:12Z" and len(rows) == 40
    found = series(source, "site", 0)
    assert [row["connected"] for row in rows] == [str(v) for v in found["connected"]]
    about, _ = read(series_csv(source, "cell", 2))
    assert f"# cell: {source.names['cell']['cell'][2]}" in about


def keyframes(count: int, satellites: int) -> tuple[np.ndarray, np.ndarray]:
    unix_s = 1_666_605_360.0 + 60.0 * np.arange(count)
    angle = 1.1e-3 * (unix_s - unix_s[0])[:, None] + np.arange(satellites)
    states = np.zeros((count, satellites, 6), np.float32)
    states[..., 0], states[..., 1] = 6.9e6 * np.cos(angle), 6.9e6 * np.sin(angle)
    return states, unix_s


def test_satellites_as_czml(runs: Corner) -> None:
    source = source_of(runs.folder)
    states, unix_s = keyframes(30, len(source.names["satellite"]["satellite_name"]))
    states[:, 7] = np.nan
    states[10:12, 9] = np.nan
    packets = json.loads(satellites_czml(source, [3, 7, 9], states, unix_s))
    assert packets[0]["id"] == "document" and packets[0]["version"] == "1.0"
    assert "simulated; not live status" in packets[0]["description"]
    assert packets[0]["clock"]["interval"] == "2022-10-24T09:56:00.000Z/2022-10-24T10:25:00.000Z"
    by_id = {packet["id"]: packet for packet in packets}
    assert "satellite-7" not in by_id, "it has no positions"
    assert {"gateway-west", "gateway-home", "site-kyiv", "site-far"} <= set(by_id)
    position = by_id["satellite-3"]["position"]
    assert position["referenceFrame"] == "FIXED" and position["interpolationDegree"] == 5
    samples = np.array(position["cartesian"]).reshape(-1, 4)
    np.testing.assert_array_equal(samples[:, 0], 60.0 * np.arange(30))
    np.testing.assert_allclose(samples[:, 1:], states[:, 3, :3], atol=0.51)
    two = by_id["satellite-9"]
    assert len(two["availability"]) == 2 and len(two["position"]) == 2
    assert len(two["position"][0]["cartesian"]) == 40 and two["position"][1]["epoch"] == "2022-10-24T10:08:00.000Z"
    some = json.loads(satellites_czml(source, [3, 9], states[:, [3, 9]], unix_s))
    assert some[1] == by_id["satellite-3"], "the chosen ones alone are the same"


def test_too_much_czml_is_refused(runs: Corner) -> None:
    source = source_of(runs.folder)
    states, unix_s = keyframes(30, 301)
    with pytest.raises(InputError, match="1 to 300"):
        satellites_czml(source, list(range(301)), states, unix_s)
    with pytest.raises(InputError, match="no such satellite"):
        satellites_czml(source, [9999], states[:, :1], unix_s)
    with pytest.raises(InputError, match="200 keyframes for 300 satellites"):
        satellites_czml(source, list(range(300)), states[:, :300], np.arange(1000.0))
