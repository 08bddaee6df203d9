"""Progress lines and JSON."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bentpipe.cli import progress as shown
from bentpipe.cli.output import as_json
from bentpipe.cli.progress import AnimatedProgress, PlainProgress, clock, progress_on_stderr


def test_plain_progress_writes_a_line_every_few_seconds_with_the_time_left() -> None:
    stream, seconds = io.StringIO(), iter([0.0, 1.0, 10.0, 11.0, 12.0, 13.0])
    with PlainProgress(stream, every_s=3.0, now=lambda: next(seconds)) as report:
        report("simulate", 0, 20)
        report("simulate", 1, 20)
        report("simulate", 10, 20)
        report("simulate", 11, 20)
        report("write", 0, 0)
        report("simulate", 12, 20)
    assert stream.getvalue().splitlines() == [
        "bentpipe: simulating",
        "bentpipe: simulating: 10 of 20 (50 %), 0:10 left",
        "bentpipe: writing",
    ]


def test_a_resumed_run_does_not_count_what_was_there_before() -> None:
    stream, seconds = io.StringIO(), iter([0.0, 10.0])
    report = PlainProgress(stream, now=lambda: next(seconds))
    report("simulate", 90, 100)
    report("simulate", 95, 100)
    assert stream.getvalue().endswith("95 of 100 (95 %), 0:10 left\n")


def test_runs_stand_in_the_line_of_their_tasks() -> None:
    stream, seconds = io.StringIO(), iter([0.0, 10.0, 20.0])
    report = PlainProgress(stream, now=lambda: next(seconds))
    for runs, tasks in ((2, 10), (12, 40)):
        report("runs", runs, 90)
        report("tasks", tasks, 270)
    assert stream.getvalue().splitlines() == [
        "bentpipe: runs 2/90, tasks 10/270",
        "bentpipe: runs 12/90, tasks 40/270 (14 %), 1:17 left",
    ]
    with AnimatedProgress() as animated:
        animated("runs", 2, 90)
        animated("tasks", 10, 270)


def test_a_line_without_news_is_not_written_again() -> None:
    stream, seconds = io.StringIO(), iter([0.0, 10.0, 20.0, 30.0])
    report = PlainProgress(stream, now=lambda: next(seconds))
    for _ in range(4):
        report("kernels", 0, 0)
    assert stream.getvalue() == "bentpipe: compiling kernels (once)\n"


def test_nothing_is_animated_off_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown.sys, "stderr", io.StringIO())
    assert isinstance(progress_on_stderr(), PlainProgress)
    monkeypatch.setattr(shown.sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress_on_stderr(), PlainProgress)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(progress_on_stderr(), AnimatedProgress)


def test_animated_progress_takes_known_and_unknown_totals(capsys: pytest.CaptureFixture[str]) -> None:
    with AnimatedProgress() as report:
        report("kernels", 0, 0)
        report("simulate", 1, 2)
        report("simulate", 2, 2)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (125, "2:05"), (3725, "1:02:05")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_json_holds_no_nan_and_no_numpy() -> None:
    value = {
        1: np.float64("nan"),
        "n": np.int64(3),
        "a": np.array([1.0, np.inf]),
        "t": np.datetime64("2022-10-10T06:00:00.000000000"),
        "d": datetime(2022, 10, 10, tzinfo=UTC),
        "p": Path("x"),
        "b": np.bool_(True),
        "s": ("a", None),
    }
    assert as_json(value) == {
        "1": None,
        "n": 3,
        "a": [1.0, None],
        "t": "2022-10-10T06:00:00.000000000",
        "d": "2022-10-10T00:00:00+00:00",
        "p": "x",
        "b": True,
        "s": ["a", None],
    }
