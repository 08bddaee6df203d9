"""A damaged run is refused with what is wrong and what to do; running it again mends it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bentpipe
from bentpipe.cli import main
from bentpipe.errors import StoreError

SHORT = {"time.duration": "5m"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bentpipe.run("one-site", out=tmp_path_factory.mktemp("damaged") / "whole", **SHORT).path


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of a finished run, for a test to damage."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


def manifest_with(**changes: Any) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return damage


def text_in(name: str, text: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).write_text(text)

    return damage


def empty_chunks(folder: Path) -> None:
    for path in (folder / "results.zarr" / "site_rtt_s" / "c").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")


def flip(folder: Path) -> None:
    path = next(p for p in (folder / "results.zarr" / "site_rtt_s" / "c").rglob("*") if p.is_file())
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def gone(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


DAMAGES = {
    "variable gone": (gone("results.zarr/rtt_s"), "rtt_s (missing)"),
    "static variable gone": (gone("results.zarr/latitude_deg"), "latitude_deg (missing)"),
    "store gone": (gone("results.zarr"), "usable_satellites (missing)"),
    "empty chunks": (empty_chunks, "rtt_s in block"),
    "a chunk gone": (gone("results.zarr/site_served/c"), "site_served in block"),
    "a record gone": (gone("commits"), "its commit record is missing"),
    "a description damaged": (
        text_in("results.zarr/site_rtt_s/zarr.json", "{"),
        "site_rtt_s (its description is damaged)",
    ),
    "a grid that is none": (manifest_with(grid=7), "grid missing or wrong"),
    "a grid without a start": (manifest_with(grid={"stop": 1}), "grid.start"),
    "a manifest without events": (manifest_with(events=None), "events missing or wrong"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_run_is_refused_and_mended_by_running_again(
    folder: Path, whole: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, says = DAMAGES[name]
    damage(folder)
    with pytest.raises(StoreError) as caught:
        bentpipe.open_run(folder)
    assert says in str(caught.value) and f"run its scenario again with --out {folder}" in str(caught.value)
    assert main(["report", str(folder)]) == 1
    assert "Error(" not in capsys.readouterr().err
    assert not (folder / "report.html").exists()
    mended = bentpipe.run("one-site", out=folder, **SHORT)
    assert mended.complete and bentpipe.open_run(folder, verify=True).complete
    expected = bentpipe.open_run(whole).dataset.load()
    for variable in expected.variables:
        np.testing.assert_array_equal(mended.dataset[variable].values, expected[variable].values)


def test_a_chunk_that_is_not_as_it_was_written_shows_when_checksums_are_compared(folder: Path) -> None:
    flip(folder)
    bentpipe.open_run(folder)
    with pytest.raises(StoreError, match=r"site_rtt_s in block .*not as it was written"):
        bentpipe.open_run(folder, verify=True)
    assert main(["report", str(folder)]) == 1
    bentpipe.run("one-site", out=folder, **SHORT)
    bentpipe.open_run(folder, verify=True)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"identity": 3}', "[" * 100_000])
def test_a_manifest_that_names_no_run_is_refused_in_words(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match="manifest is damaged") as caught:
        bentpipe.open_run(folder)
    assert "Error(" not in str(caught.value) and "remove the folder" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"name": 3, "constellation": {}}'])
def test_a_damaged_scenario_or_names_are_refused_in_words(folder: Path, text: str) -> None:
    (folder / "inputs" / "scenario.json").write_text(text)
    (folder / "inputs" / "names.json").write_text("3")
    run = bentpipe.open_run(folder)
    with pytest.raises(StoreError, match="the run's scenario is damaged; run its scenario again"):
        bentpipe.explain(run, "kyiv", "2022-10-24T12:01:00")
    with pytest.raises(StoreError, match="the names of the run's cells"):
        _ = run.dataset
    again = bentpipe.run("one-site", out=folder, **SHORT)
    assert bentpipe.explain(again, "kyiv", "2022-10-24T12:01:00").data["served"]


def test_a_report_goes_to_a_file_or_is_refused_before_it_is_made(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("")
    for place, says in (("there", "a folder where a file belongs"), ("file/page.html", "folder cannot be made")):
        assert main(["report", str(folder), "--out", str(tmp_path / place)]) == 2
        assert says in capsys.readouterr().err
    assert list(tmp_path.rglob("*.partial")) == []


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/bentpipe", "x" * 300])
def test_a_place_that_cannot_be_written_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    with pytest.raises(bentpipe.InputError):
        bentpipe.run("one-site", out=place, progress=lambda stage, done, total: told.append(stage))
    assert told == []
    assert main(["run", "one-site", "--out", place, "--dry-run"]) == 2
    assert "--out" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_plan_names_the_folder_that_the_run_will_use(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = bentpipe.load_scenario("one-site", SHORT)
    assert bentpipe.plan(loaded).data["folder"] == "runs/one-site"
    assert list(tmp_path.iterdir()) == []
    assert bentpipe.plan(loaded, out=whole).data | {"memory_bytes": 0} == bentpipe.plan(loaded).data | {
        "folder": str(whole), "blocks_done": 1, "memory_bytes": 0,
    }  # fmt: skip
    bentpipe.run("one-site", **{"time.duration": "1m"})
    planned = bentpipe.plan(loaded).data["folder"]
    assert planned != "runs/one-site"
    assert str(bentpipe.run(loaded).path) == planned
    with pytest.raises(bentpipe.InputError, match="another run"):
        bentpipe.plan(loaded, out="runs/one-site")
