"""The files that a scenario names are kept with the run, each under its role."""

from __future__ import annotations

import json

import pytest

import bentpipe
from bentpipe.simulate.saved import saved_scenario

ROOT = """\
schema = 1
extends = "one-site"
name = "vans"
"""
SITE = """
[[sites]]
id = "{0}"
name = "Van {0}"
kind = "vehicle"
track = "{0}/track.csv"
"""
JAM = """
[[disruptions]]
id = "jam"
kind = "jamming"
title = "Jammed"
tag = "hypothetical"
polygon = "area.json"
"""
AREA = {"type": "Polygon", "coordinates": [[[36, 49], [37, 49], [37, 50], [36, 49]]]}


@pytest.fixture(scope="module")
def vans(tmp_path_factory: pytest.TempPathFactory) -> bentpipe.Run:
    folder = tmp_path_factory.mktemp("vans")
    for name, latitude in (("a", 50.0), ("b", 46.0)):
        (folder / name).mkdir()
        (folder / name / "track.csv").write_text(
            f"time,lat,lon\n2022-10-24T12:00:00Z,{latitude},30.0\n2022-10-24T12:10:00Z,{latitude + 0.1},30.2\n"
        )
    (folder / "area.json").write_text(json.dumps(AREA))
    scenario = folder / "vans.toml"
    scenario.write_text(ROOT + SITE.format("a") + SITE.format("b") + JAM)
    return bentpipe.run(scenario, out=folder / "run", **{"time.duration": "5m"})


def test_files_of_one_name_do_not_overwrite_one_another(vans: bentpipe.Run) -> None:
    kept = sorted(path.name for path in (vans.path / "inputs").iterdir())
    assert kept == [
        "disruptions.jam.polygon.json",
        "names.json",
        "scenario.json",
        "sites.a.track.csv",
        "sites.b.track.csv",
    ]
    assert "46.0" in (vans.path / "inputs" / "sites.b.track.csv").read_text()
    assert "50.0" in (vans.path / "inputs" / "sites.a.track.csv").read_text()


def test_the_scenario_is_read_back_with_each_file_in_its_place(vans: bentpipe.Run) -> None:
    tracks = {site.id: site.track for site in saved_scenario(vans).sites if site.track}
    assert {name: path.name for name, path in tracks.items()} == {n: f"sites.{n}.track.csv" for n in ("a", "b")}
    one, other = (bentpipe.explain(vans, name, "2022-10-24T12:01:00").data for name in ("a", "b"))
    assert one["rivals"][0]["elevation_deg"] != other["rivals"][0]["elevation_deg"]


def test_every_file_counts_in_the_identity(vans: bentpipe.Run) -> None:
    named = {row["name"] for row in vans.manifest["data"] if row["kind"] == "file"}
    assert named == {"sites.a.track", "sites.b.track", "disruptions.jam.polygon"}
