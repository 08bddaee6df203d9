"""``bentpipe trace``: which place, which moment, how long, in which format, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_run import small_run
from traces import whole

from bentpipe.cli import main
from bentpipe.emulate.maketrace import FORMATS, make_trace
from bentpipe.emulate.tracefile import open_trace
from bentpipe.errors import RunError


def run_path(sharing: str = "single-satellite") -> str:
    return str(small_run(sharing).path)


@pytest.fixture(autouse=True)
def _within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_trace_around_the_worst_outage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["trace", run_path(), "Kyiv", "--at", "worst-outage", "--duration", "3min", "--step", "100ms"]
    assert main([*arguments, "-o", "out.csv"]) == 0
    told = capsys.readouterr().out
    assert "kyiv, around the longest outage of kyiv, 2022-10-24T10:04:12 to 2022-10-24T10:06:42 UTC, 150 s" in told
    assert "connected 30 of 180 s" in told and "Trace: out.csv" in told
    head, parts = open_trace(tmp_path / "out.csv")
    steps = whole(parts)
    (cut,) = np.flatnonzero(~steps.connected)
    assert (steps.start_s[cut], steps.start_s[cut + 1], head.duration_s) == (15.0, 165.0, 180.0)
    assert head.place == "kyiv" and "simulated" in head.source and len(head.assumed) == 4


@pytest.mark.parametrize("notation", FORMATS)
def test_every_format_is_named_for_run_place_and_start(notation: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", run_path(), "kyiv", "--format", notation.upper(), "--duration", "15s", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["format"] == notation and found["duration_s"] == 15.0
    assert all(path.startswith("small-run-kyiv-20221024T100012Z") for path in found["paths"])
    assert sorted(found["paths"]) == sorted(path.name for path in Path().iterdir())
    assert 0.005 < found["up_delay_s"] < 0.1 and found["down_bit_s"] > 1e6


def test_a_place_is_the_cell_that_holds_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", run_path(), "--place", "50.4,30.5", "--duration", "30s", "--format", "mahimahi"]) == 0
    told = capsys.readouterr().out
    assert "50.4,30.5 (cell 8" in told and "note: the link is that of the analysis cell" in told
    assert Path("small-run-50.4,30.5-20221024T100012Z-up.mahimahi").is_file()


def test_a_trace_is_no_longer_than_its_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", run_path(), "kyiv", "--at", "2022-10-24T10:09:30Z", "-o", "x.csv"]) == 0
    assert "the run ends there: 45 s in place of 120 s" in capsys.readouterr().out


def test_a_part_without_any_link_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", run_path(), "kyiv", "--at", "2022-10-24T10:05", "--duration", "30s", "-o", "x.csv"]) == 0
    assert "no link in all of the 30 s" in capsys.readouterr().out
    assert (
        main(["trace", run_path(), "kyiv", "--at", "2022-10-24T10:05", "--duration", "30s", "--format", "chrome"]) == 2
    )
    assert "the link is out all the time" in capsys.readouterr().err


def test_rates_by_hand_for_a_run_without(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", run_path("none"), "kyiv"]) == 2
    assert "--rate DOWN/UP" in capsys.readouterr().err
    assert main(["trace", run_path("none"), "kyiv", "--rate", "100/10", "--duration", "15s", "-o", "x.csv"]) == 0
    assert "note: rates given by hand, 100 Mbit/s down and 10 Mbit/s up" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kyvi"], "did you mean 'kyiv'?"),
        ([], "one place is wanted"),
        (["kyiv", "--place", "50,30"], "one place is wanted"),
        (["--place", "50"], "not a place"),
        (["--place", "10,10"], "outside the run's territory"),
        (["kyiv", "--format", "mahi"], "did you mean 'mahimahi'?"),
        (["kyiv", "--step", "7ms"], "no such step"),
        (["kyiv", "--step", "10"], "--step: not a length of time"),
        (["kyiv", "--duration", "-1s"], "--duration: not a length of time"),
        (["kyiv", "--rate", "100"], "--rate: not a rate down and a rate up"),
        (["kyiv", "--at", "noon"], "neither a time nor a moment"),
        (["kyiv", "-o", "none/x.csv"], "there is no such folder"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", run_path(), *arguments]) == 2
    told = capsys.readouterr()
    assert message in told.err and "Traceback" not in told.err
    assert not list(Path().iterdir())


def test_a_run_that_is_not_finished_is_refused() -> None:
    run = small_run()
    unfinished = replace(run, manifest={**run.manifest, "complete": False})
    for what in ({"site": "kyiv"}, {"place": (50.4, 30.5)}):
        with pytest.raises(RunError, match="the run is not finished"):
            make_trace(unfinished, **what)


def test_help_is_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--help"]) == 0
    told = capsys.readouterr().out
    assert told.count("\n") <= 40 and all(name in told for name in FORMATS)
