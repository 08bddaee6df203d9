"""Polygons from GeoJSON files, and the files of a scenario by role."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bentpipe.errors import ScenarioError
from bentpipe.scenario import dump_toml, load_scenario, parse_scenario
from bentpipe.scenario.areafiles import MOST_CORNERS
from bentpipe.scenario.files import name_by_role

Write = Callable[..., Path]

RING = [[30.0, 50.0], [31.0, 50.0], [31.0, 51.0], [30.0, 51.0], [30.0, 50.0]]
CORNERS = ((50.0, 30.0), (50.0, 31.0), (51.0, 31.0), (51.0, 30.0))
AREA = {"type": "Polygon", "coordinates": [RING]}
FEATURE = {"type": "Feature", "properties": {}, "geometry": AREA}
JAM = """
[[disruptions]]
id = "jam"
kind = "jamming"
title = "Jammed"
tag = "assumed"
polygon = "area.geojson"
"""
MASK = """
[[licence.masks]]
polygon = "area.geojson"
allowed = false
"""


def with_area(right: str) -> str:
    return (
        right.replace('country = "UKR"', 'polygon = "area.geojson"')
        .replace('regions = ["UA-30"]\n', "")
        .replace("[people.regions]\nUA-30 = 3_000_000\nUA-46 = 2_000_000\n", "")
    )


@pytest.mark.parametrize(
    "content",
    [
        AREA,
        FEATURE,
        {"type": "FeatureCollection", "features": [FEATURE]},
        {"type": "Polygon", "coordinates": [[[*c, 120.0] for c in RING[:-1]]]},
    ],
)
def test_a_polygon_is_read_from_a_file_wherever_one_is_allowed(right: str, write: Write, content: Any) -> None:
    write(json.dumps(content), "area.geojson")
    s = load_scenario(write(with_area(right) + JAM + MASK))
    assert s.territory.polygon == s.licence.masks[0].polygon == s.disruptions[1].polygon == CORNERS  # type: ignore[attr-defined]
    area = write(json.dumps(content), "area.geojson")
    assert s.files() == dict.fromkeys(("territory.polygon", "licence.masks.0.polygon", "disruptions.jam.polygon"), area)


def test_its_content_is_part_of_the_scenario(right: str, write: Write) -> None:
    write(json.dumps(AREA), "area.geojson")
    s = load_scenario(write(with_area(right)))
    assert s.portable()["territory"]["polygon"] == [list(corner) for corner in CORNERS]
    assert parse_scenario(dump_toml(s)) == s == pickle.loads(pickle.dumps(s))
    assert pickle.loads(pickle.dumps(s)).files() == s.files()


def test_an_override_names_a_file_from_the_current_folder(
    right: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(json.dumps(AREA), "area.geojson")
    monkeypatch.chdir(tmp_path)
    s = parse_scenario(right, overrides={"territory.country": None, "territory.polygon": "area.geojson",
                                         "people.regions": None, "disruptions.dark.regions": None})  # fmt: skip
    assert s.territory.polygon == CORNERS


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON at line 1"),
        ("[" * 100_000, "not JSON"),
        ("[1, 2]", "no GeoJSON geometry"),
        (json.dumps({"type": "Point", "coordinates": [30, 50]}), "not a Polygon but Point"),
        (json.dumps({"type": "MultiPolygon", "coordinates": [[RING]]}), "several parts (MultiPolygon)"),
        (json.dumps({"type": "Polygon", "coordinates": [RING, RING]}), "holes are not modelled"),
        (json.dumps({"type": "Polygon", "coordinates": []}), "no ring"),
        (json.dumps({"type": "FeatureCollection", "features": [FEATURE, FEATURE]}), "one feature belongs"),
        (json.dumps({"type": "Polygon", "coordinates": [[[30, 95], [31, 50], [30, 51]]]}), "longitude first"),
        ('{"type": "Polygon", "coordinates": [[[NaN, 50], [31, 50], [30, 51]]]}', "nan is not within"),
        (json.dumps({"type": "Polygon", "coordinates": [[[30, 50], [31, 50]]]}), "at least three corners"),
        (json.dumps({"type": "Polygon", "coordinates": [[[30, 50]] * (MOST_CORNERS + 1)]}), "are too many"),
        (json.dumps({"type": "Polygon", "coordinates": [[[30], [31, 50], [30, 51]]]}), "corner 0 is not"),
    ],
)
def test_a_bad_file_is_a_fault_of_its_key(right: str, write: Write, content: str, says: str) -> None:
    write(content, "area.geojson")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(write(with_area(right)))
    (fault,) = caught.value.faults
    assert says in str(fault) and fault.where.endswith(": territory.polygon")


@pytest.mark.parametrize("path", ["none.geojson", ".", "x" * 5000, "a\\u0000b"])
def test_a_file_that_is_not_there_is_a_fault(right: str, write: Write, path: str) -> None:
    with pytest.raises(ScenarioError, match=r"no such file|a folder where a file belongs"):
        load_scenario(write(with_area(right).replace("area.geojson", path)))


@pytest.mark.parametrize(
    ("role", "file", "name"),
    [
        ("sites.van.track", "a/track.csv", "sites.van.track.csv"),
        ("constellation.elements", "starlink.TLE.gz", "constellation.elements.tle.gz"),
        ("constellation.elements", "my.set.v2.json", "constellation.elements.json"),
        ("people.cells_file", "cells", "people.cells_file"),
        ("people.cells_file", "cells.c s!v", "people.cells_file"),
    ],
)
def test_copies_are_named_by_role(role: str, file: str, name: str) -> None:
    assert name_by_role(role, Path(file)) == name
