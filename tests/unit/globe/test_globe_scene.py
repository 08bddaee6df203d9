"""The scene says what the page needs once; nothing heavy is loaded to make it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from globerun import Corner, corner, partly_written, source_of, what_if_of

import bentpipe
from bentpipe.globe.scene import edits_text, index_map, marks, remarks, scene


@pytest.fixture(scope="module")
def runs() -> Corner:
    return corner()


KEYS = {
    "id", "kind", "of", "name", "title", "summary", "question", "hypothetical", "edits", "edits_text", "window", "note",
    "identity", "version", "policy", "data", "warnings", "complete", "grid", "keyframe_s", "users_per_terminal",
    "satellites", "gateways", "sites", "regions", "cells", "variables", "default_variable", "events", "marks", "sun",
    "services", "has_rates", "has_lasers",
}  # fmt: skip


def test_the_scene_of_a_run(runs: Corner) -> None:
    source, data = source_of(runs.folder), bentpipe.open_run(runs.folder).dataset
    found = scene(source)
    json.dumps(found, allow_nan=False)
    assert set(found) == KEYS
    assert found["kind"] == "run" and found["of"] is None and found["edits"] is None and found["complete"]
    assert found["hypothetical"], "its power cut is made up"
    start = data["time"].values[0].astype("datetime64[ms]").astype(np.int64) / 1000
    assert found["grid"] == {
        "start": source.slots.start, "stop": source.slots.stop, "slot_s": 15.0, "unix_s": start,
    }  # fmt: skip
    assert found["satellites"]["count"] == data.sizes["satellite"] == len(found["satellites"]["names"])
    assert [g["id"] for g in found["gateways"]] == ["west", "home"] and found["gateways"][1]["pop"] == "sofia"
    assert [s["moving"] for s in found["sites"]] == [False, False, True]
    assert found["regions"][3]["terminals"] == int(data["region_terminals"].values[3])
    assert found["cells"]["index"] == index_map(source)[1] and found["cells"]["count"] == data.sizes["cell"]
    assert found["default_variable"] == "connected"
    assert found["has_rates"] and not found["has_lasers"] and len(found["services"]) == 2
    event = found["events"][0]
    assert event["title"] == "Power cut in Kyiv" and event["start_unix_s"] == 1666605660.0
    assert event["end_unix_s"] > event["start_unix_s"]


def test_the_sun_goes_round_once_a_day(runs: Corner) -> None:
    found = scene(source_of(runs.folder))["sun"]
    assert found["step_s"] == 3600 and found["unix_s"] % 3600 == 0
    direction = np.array(found["direction"])
    assert direction.shape == (3, 3), "from before 09:55 to after 10:05"
    np.testing.assert_allclose(np.linalg.norm(direction, axis=1), 1.0, atol=1e-4)
    longitude = np.degrees(np.arctan2(direction[:, 1], direction[:, 0]))
    np.testing.assert_allclose(np.diff(longitude), -15.0, atol=0.1)
    assert abs(longitude[1] - 26.0) < 2.0, "at 10:00 UTC it is noon at 30 degrees east, less 4 for October"


def test_marks_are_where_the_run_is_busiest_and_worst(runs: Corner) -> None:
    data = bentpipe.open_run(runs.folder).dataset
    found = {mark["label"]: mark for mark in marks(source_of(runs.folder))}
    connected = data["region_terminals_connected"].values.sum(axis=1)
    worst = found["Worst slot"]
    assert worst["slot"] == data["slot"].values[int(np.argmin(connected))]
    assert worst["detail"].endswith(f"{connected.min():,}")
    offered = data["region_offered_down_bit_s"].values.sum(axis=1)
    early, late = offered[:20].mean(), offered[20:].mean()
    busiest = found["Busiest hour"]
    assert busiest["slot"] == data["slot"].values[0 if early >= late else 20]
    assert f"{max(early, late) / 1e6:,.0f} Mbit/s" in busiest["detail"]


def test_a_what_if_says_what_it_changes(runs: Corner, tmp_path: Path) -> None:
    base = source_of(runs.folder)
    window = range(base.slots.start + 4, base.slots.start + 30)
    what_if = what_if_of(
        base, runs.changed, tmp_path / "w", window, gateways=["home"], satellites_percent=10, shell=0,
        planes=[0, 4], lasers_percent=100, power_regions=["UA-32"], rain_exceeded_percent=0.1,
    )  # fmt: skip
    shell = base.manifest["constellation"]["shells"][0]["name"]
    told = "; ".join(edits_text(what_if))
    for piece in ("gateway Inside off", f"of {shell} off", "10 %", "lasers", "Kyiv oblast", "0.1 %"):
        assert piece in told
    found = scene(what_if)
    assert (found["id"], found["kind"], found["of"]) == ("what-if-1", "what-if", "corner")
    assert found["hypothetical"] and found["window"] == [window.start, window.stop] and not found["complete"]
    assert set(found) == KEYS and found["cells"] == scene(base)["cells"]
    assert any(line.startswith("HYPOTHETICAL: what if gateway Inside off") for line in remarks(what_if))
    what_if.computed = 26
    assert scene(what_if)["complete"]
    assert edits_text(base) == []


def test_the_scene_of_a_run_that_is_being_written(runs: Corner, tmp_path: Path) -> None:
    for blocks in (0, 1):
        found = scene(source_of(partly_written(runs.folder, tmp_path / f"part-{blocks}", blocks)))
        json.dumps(found, allow_nan=False)
        assert not found["complete"] and found["variables"] and set(found) == KEYS


def test_nothing_heavy_is_loaded(runs: Corner) -> None:
    code = """
import sys
from pathlib import Path
from bentpipe.globe import cellvalues, czml, differences, exports, numbers, outlines, places, scene, source
run = source.RunSource("corner", Path(sys.argv[1]), source.ChunkCache())
slot = run.slots.start
scene.scene(run), scene.index_map(run), numbers.slot_numbers(run, slot), places.series(run, "cell", 3)
places.place_now(run, "site", 0, slot), outlines.world_outlines(), outlines.territory_outlines(run)
exports.cells_geojson(run, "peak-down", slot), exports.regions_csv(run, slot)
heavy = {"xarray", "zarr", "pandas", "numba", "pydantic", "scipy", "matplotlib", "dask", "typer", "sgp4"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", code, str(runs.folder)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
