"""``bentpipe elements``: list, show, fetch, on stdout and stderr."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import element_files as made
import pytest

from bentpipe.cli import main


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENTPIPE_CACHE", str(tmp_path))
    folder = tmp_path / "bentpipe" / "elements"
    folder.mkdir(parents=True)
    records = made.shell(550.0, 53.0, 24, 11, 1000) + made.string(350.0, 53.0, 40.0, 20, 5000)
    (folder / "starlink.json").write_text(made.as_json(records))
    return folder


def test_list_for_people_and_programs(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (cache / "bad.json").write_text("[")
    assert main(["elements", "list"]) == 0
    shown = capsys.readouterr().out
    assert "starlink.json" in shown and "284" in shown and "2022-10-24T12:00:00Z" in shown and "damaged" in shown
    assert main(["elements", "list", "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert {Path(f["path"]).name: f["satellites"] for f in files} == {"bad.json": None, "starlink.json": 284}


def test_an_empty_list_says_how_to_fill_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENTPIPE_CACHE", str(tmp_path))
    assert main(["elements", "list"]) == 0
    told = capsys.readouterr()
    assert told.out == "" and "bentpipe elements fetch" in told.err


@pytest.mark.parametrize("file", ["starlink", "starlink.json"])
def test_show_finds_the_cached_file(cache: Path, capsys: pytest.CaptureFixture[str], file: str) -> None:
    assert main(["elements", "show", file]) == 0
    shown = capsys.readouterr().out
    assert "264 in service on 2022-10-24" in shown
    assert "on station in a shell" in shown and "string: bunched within its planes" in shown


def test_show_as_json_with_date_and_overrides(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(cache / "starlink.json")
    options = ["--date", "2022-11-07T12:00:00", "--include", "5000", "--exclude", "1000", "--exclude", "1001"]
    assert main(["elements", "show", path, *options, "--json"]) == 0
    told = capsys.readouterr()
    content = json.loads(told.out)
    assert content["in_service"] == 263
    assert {r["reason"]: r["satellites"] for r in content["reasons"]} == {
        "on_station": 262,
        "included": 1,
        "string": 19,
        "excluded": 2,
    }
    assert [c["is_shell"] for c in content["clusters"]] == [True, False]
    assert "208 km (median)" in content["warning"] and "208 km (median)" in told.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", "absent"], 2, "no such file"),
        (["show", "starlink", "--date", "soon"], 2, "not a date"),
        (["show", "starlink", "--include", "3"], 2, "not in the element sets"),
        (["fetch", "a b"], 2, "not a group"),
        (["fetch", "--format", "xml"], 2, "json or csv"),
        (["fetch", "--url", "http://127.0.0.1:1/gp.php", "other"], 1, "cannot connect"),
    ],
)
def test_trouble_is_told_on_stderr_with_its_exit_code(
    cache: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("bentpipe.catalog.fetch._FIRST_WAIT_S", 0.01)
    assert main(["elements", *arguments]) == code
    told = capsys.readouterr()
    assert words in told.err and told.out == "" and "Traceback" not in told.err


def test_fetch_within_two_hours_serves_the_cached_file_and_says_so(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    then = time.time() - 1800
    os.utime(cache / "starlink.json", (then, then))
    assert main(["elements", "fetch", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["downloaded"] is False
    assert "not downloaded: the cached file is 30 min old" in told.err
    assert main(["elements", "fetch", "Starlink"]) == 0
    assert "284 satellites" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    import subprocess

    code = (
        "import sys, bentpipe.cli.elements; "
        "print(sorted({'numpy', 'httpx', 'numba', 'xarray', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "numpy" not in done.stdout and "httpx" not in done.stdout and "numba" not in done.stdout
