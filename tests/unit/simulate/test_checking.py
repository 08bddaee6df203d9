"""Validate and run refuse the same scenarios, for the same reasons, all at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bentpipe.cli import main
from bentpipe.errors import InputError
from bentpipe.scenario import load_scenario
from bentpipe.simulate.checking import validate
from bentpipe.simulate.prepare import prepare

Write = Callable[[str, str], Path]

BASE = """\
schema = 1
extends = "one-site"
name = "mine"
"""
SITES_FILE = BASE + 'sites_file = "sites.csv"\n'
OWN_GATEWAYS = """\
schema = 1
extends = "one-site"
without = ["gateways", "provenance"]
name = "mine"
gateways_file = "gateways.csv"
"""
CELLS_FILE = BASE + '[people]\ncells_file = "cells.csv"\n'
ELEMENTS = BASE + '[constellation]\nsource = "elements"\nelements = "set.tle"\n'
TRACK = BASE + '[[sites]]\nid = "van"\nname = "Van"\ntrack = "track.csv"\n'
GOOD = "id,name,lat,lon,pop\neast,East,50,20,frankfurt\n"

CASES = {
    "cells": (CELLS_FILE, "cells.csv", "h3,people\nnonsense,-3\n", "cells.csv:2: not an H3 cell"),
    "cells elsewhere": (CELLS_FILE, "cells.csv", "h3,people\n851fb467fffffff,3\n", "outside the territory"),
    "sites": (SITES_FILE, "sites.csv", "name,lat,lon\nx,95,30\n", "sites.csv:2: latitude_deg: out of range"),
    "site twice": (SITES_FILE, "sites.csv", "id,lat,lon\nKYIV,50,30\n", "is in the scenario too"),
    "site dish": (SITES_FILE, "sites.csv", "id,lat,lon,dish\na,50,30,mimi\n", "did you mean 'mini'?"),
    "gateways": (OWN_GATEWAYS, "gateways.csv", "name,lat\nx,5\n", "no column 'longitude_deg'"),
    "gateway pop": (OWN_GATEWAYS, "gateways.csv", GOOD.replace("frankfurt", "paris"), "unknown point of presence"),
    "gateway name": (OWN_GATEWAYS, "gateways.csv", GOOD.replace("east,East", ","), "neither a name nor an id"),
    "gateway column": (OWN_GATEWAYS, "gateways.csv", GOOD.replace("id,", "opens,", 1), "unknown column"),
    "elements": (ELEMENTS, "set.tle", "1 25544U nonsense\n2 25544\n", "set.tle"),
    "track": (TRACK, "track.csv", "time,lat,lon\nnow,50,30\n", "a row of a track cannot be read"),
    "country": (BASE + '[territory]\ncountry = "QQQ"\ncells = []\n', "none", "", "my.toml:5: territory.country"),
    "gateway of an event": (
        OWN_GATEWAYS + '[[disruptions]]\nid = "e"\nkind = "gateway-loss"\ntitle = "E"\ntag = "assumed"\n'
        'gateways = ["West"]\n', "gateways.csv", GOOD, "no such gateway; found 'west'; allowed: east",
    ),
}  # fmt: skip


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return put


@pytest.mark.parametrize("name", CASES)
def test_what_validate_finds_is_what_run_refuses(write: Write, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text, file, content, says = CASES[name]
    write(file, content)
    scenario = write("my.toml", text)
    assert main(["validate", str(scenario)]) == 2
    found = capsys.readouterr().err
    assert says in found
    with pytest.raises(InputError) as refused:
        prepare(load_scenario(scenario), seeds=1)
    assert [f"bentpipe: {fault}" for fault in refused.value.faults] == found.splitlines()


def test_faults_of_the_text_and_of_every_file_come_together(write: Write) -> None:
    write("sites.csv", "name,lat,lon\nx,95,30\n")
    write("gateways.csv", "name,lat,lon,pop\n,50,200,paris\n")
    write("cells.csv", "h3,people\nnonsense,-3\n")
    write("set.tle", "nonsense")
    text = OWN_GATEWAYS + 'sites_file = "sites.csv"\nseed = -1\n[people]\ncells_file = "cells.csv"\n'
    text += '[constellation]\nsource = "elements"\nelements = "set.tle"\n[time]\nduration = 5\n'
    told = "\n".join(map(str, validate(write("my.toml", text))))
    for part in ("seed: out of range", "time.duration: a number where", "sites.csv:2", "gateways.csv:2", "cells.csv:2",
                 "set.tle"):  # fmt: skip
        assert part in told


@pytest.mark.parametrize("name", ["one-site", "ukraine-2022", "ukraine-2022-gateway-loss", "world"])
def test_the_built_in_scenarios_are_right(name: str) -> None:
    assert validate(name) == ()


def test_good_files_are_right(write: Write) -> None:
    write("gateways.csv", GOOD)
    assert validate(write("my.toml", OWN_GATEWAYS)) == ()


@pytest.mark.parametrize("file", ["gateways.csv", "gateways.geojson"])
def test_gateways_of_a_file_open_when_they_open(write: Write, file: str) -> None:
    csv = "id,name,lat,lon,pop,available_from,note\na,A,50,20,frankfurt,2030-01-01,x\nb,B,50,21,frankfurt,,\n"
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [20, 50]}}
    rows = [{"id": "a", "available_from": "2030-01-01"}, {"id": "b"}]
    features = [{**point, "properties": {"name": "A", "pop": "frankfurt", **row}} for row in rows]
    geojson = json.dumps({"type": "FeatureCollection", "features": features})
    write(file, csv if file.endswith("csv") else geojson)
    ready = prepare(load_scenario(write("my.toml", OWN_GATEWAYS.replace("gateways.csv", file))), seeds=1)
    assert ready.ground.available_from_s.tolist() == [1893456000.0, -float("inf")]
    assert "1 of 2 gateways are not in service before the run ends: a (2030-01-01)" in "\n".join(ready.warnings)
