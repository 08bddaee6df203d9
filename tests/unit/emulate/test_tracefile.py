"""Traces as files: what is written is read back, and what is wrong is named with line and column."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from traces import made_series, on_grid, whole

from bentpipe.emulate import tracefile
from bentpipe.emulate.resample import changes_only, resampled
from bentpipe.emulate.tracefile import TraceHead, open_trace, write_trace
from bentpipe.errors import InputError
from bentpipe.linkqueue import trace_slots

HEAD = TraceHead("here", 1.6e9, 60.0, 0.01, "a test", ("one thing", "another: thing"))
NAMES = "time_s,down_ms,up_ms,down_mbit_s,up_mbit_s\n"


@pytest.mark.parametrize("step", [0.01, 0.05, 1.0])
def test_a_step_has_the_median_delay_and_the_mean_loss_of_its_frames(step: float) -> None:
    frames = whole(trace_slots(made_series()))
    steps = whole(resampled(made_series(), step))
    for t in (0.0, 3 * step, 7.0, 15.0, 15.0 + step, 45.0, 59.0):
        within = (frames.start_s >= t - 1e-9) & (frames.start_s < t + step - 1e-9)
        seen = on_grid(steps, np.array([t]))
        assert seen.up_s[0] == pytest.approx(np.median(frames.up_s[within]), abs=1e-15)
        assert seen.down_loss[0] == pytest.approx(np.mean(frames.down_loss[within]), abs=1e-15)
        assert seen.down_bit_s[0] == frames.down_bit_s[within][0]


def test_an_outage_is_one_step_that_keeps_the_delay_before() -> None:
    steps = whole(resampled(made_series(), 0.1))
    (cut,) = np.flatnonzero(~steps.connected)
    assert (steps.start_s[cut], steps.start_s[cut + 1]) == (30.0, 45.0)
    assert steps.down_bit_s[cut] == 0.0 and steps.down_s[cut] == 0.008


def test_a_trace_ends_where_it_is_told_to() -> None:
    steps = whole(resampled(made_series(), 0.1, 20.05))
    assert steps.start_s[-1] == pytest.approx(20.0)


@pytest.mark.parametrize("step", [0.001, 2.0, 0.07, 0.0])
def test_steps_that_do_not_fit_are_refused(step: float) -> None:
    with pytest.raises(InputError, match="10ms to 1s, a whole number of them in a slot of 15 s"):
        next(resampled(made_series(), step))


def test_a_trace_is_read_back_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracefile, "PIECE", 1000)
    path = tmp_path / "trace.csv"
    rows = write_trace(path, HEAD, resampled(made_series(), 0.01))
    head, parts = open_trace(path)
    pieces = list(parts)
    assert head == HEAD and len(pieces) == math.ceil(rows / 1000)
    read, made = whole(pieces), whole(resampled(made_series(), 0.01))
    assert len(read.start_s) == len(made.start_s) == rows
    np.testing.assert_allclose(read.start_s, made.start_s, rtol=0, atol=1e-9)
    for name, bound in (("down_s", 5.1e-8), ("up_s", 5.1e-8), ("down_loss", 1e-6), ("up_loss", 1e-6)):
        np.testing.assert_allclose(getattr(read, name), getattr(made, name), rtol=0, atol=bound)
    np.testing.assert_allclose(read.down_bit_s, made.down_bit_s, rtol=1e-9)
    np.testing.assert_array_equal(read.connected, made.connected)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_on_the_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("mine", encoding="utf-8")

    def broken():  # type: ignore[no-untyped-def]
        yield from trace_slots(made_series(1))
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        write_trace(path, HEAD, broken())
    assert path.read_text(encoding="utf-8") == "mine" and list(tmp_path.iterdir()) == [path]


def test_a_recorded_trace_needs_five_columns_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("Up_ms, down_ms,time_s,up_mbit_s,down_mbit_s\r\n20,10,0,1,2\r\n\r\n21,11,0.5,1,2\r\n", "utf-8")
    head, parts = open_trace(path)
    steps = whole(parts)
    assert math.isnan(head.duration_s) and head.place == ""
    np.testing.assert_allclose(steps.up_s, [0.020, 0.021])
    np.testing.assert_allclose(steps.down_bit_s, [2e6, 2e6])
    assert steps.connected.all() and not steps.up_loss.any()


def test_nothing_passes_where_a_recorded_trace_is_not_connected(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"connected,{NAMES}true,0,1,1,2,3\nfalse,1,1,1,2,3\n", encoding="utf-8")
    np.testing.assert_array_equal(whole(open_trace(path)[1]).up_bit_s, [3e6, 0.0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the trace is empty"),
        ("# nothing\n", "the trace is empty"),
        (NAMES, "the trace has no rows"),
        ("time_s,down_ms\n", r"line 1: a column is missing; found 'up_ms'"),
        (f"down_los,{NAMES}", r"line 1: no such column; found 'down_los'"),
        (f"time_s,{NAMES}", r"line 1: a column is there twice; found 'time_s'"),
        (f"# x\n{NAMES}0,1,1,1,1\n1,1,one,1,1\n", r"line 4, column up_ms: not a number; found 'one'"),
        (f"{NAMES}0,1,1,1,1\n\n1,1,1,1\n", r"line 4: a row has one value for each column; found 4; allowed: 5"),
        (
            f"{NAMES}0,-1,1,1,1\n",
            r"line 2, column down_ms: a value is out of range; found -1.0; allowed: 0 to 60000 ms",
        ),
        (f"{NAMES}0,nan,1,1,1\n", r"column down_ms: a value is out of range"),
        (f"{NAMES}0.5,1,1,1,1\n", r"line 2, column time_s: the first row is at time 0"),
        (f"{NAMES}0,1,1,1,1\n0,1,1,1,1\n", r"line 3, column time_s: times must rise"),
        (f"connected,{NAMES}2,0,1,1,1,1\n", r"column connected: a value is out of range; found 2.0; allowed: 0 or 1"),
        (f"# start_utc: soon\n{NAMES}0,1,1,1,1\n", "start_utc: not a time"),
        (f"# duration_s: -1\n{NAMES}0,1,1,1,1\n", "duration_s: not a length of time"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        list(open_trace(path)[1])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the trace cannot be read"):
        open_trace(tmp_path / "none.csv")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="the trace is no text"):
        open_trace(tmp_path / "binary")


def test_steps_that_repeat_are_left_out_across_parts() -> None:
    part = next(resampled(made_series(1), 1.0))
    one = part._replace(**{name: getattr(part, name)[:1] for name in part._fields})
    later = one._replace(start_s=one.start_s + 1.0)
    assert len(list(changes_only([one, later]))) == 1
