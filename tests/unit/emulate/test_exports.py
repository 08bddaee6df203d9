"""Exports: a reader for each format, written from its description, gets back what the trace held."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from traces import made_series, on_grid, whole

from bentpipe.emulate.exports.chrome import write_chrome
from bentpipe.emulate.exports.mahimahi import write_mahimahi
from bentpipe.emulate.exports.netem import write_netem
from bentpipe.emulate.exports.theaterq import write_theaterq
from bentpipe.emulate.exports.timed import kept
from bentpipe.emulate.resample import resampled
from bentpipe.emulate.tracefile import TraceHead
from bentpipe.errors import InputError
from bentpipe.linkqueue import TraceSteps

HEAD = TraceHead("here", 1.6e9, 60.0, 0.1, "a test", ("half of it lies on each way; " * 20,))
GRID = np.arange(600) * 0.1 + 0.05


def trace(step: float = 0.1) -> Iterator[TraceSteps]:
    """A minute: two slots, one without a link, one with."""
    return resampled(made_series(), step)


@pytest.mark.parametrize("way", ["down", "up"])
def test_theaterq(tmp_path: Path, way: str) -> None:
    written = write_theaterq(tmp_path / "x.csv", HEAD, trace())
    assert [path.name for path in written.paths] == ["x-down.csv", "x-up.csv"]
    lines = (tmp_path / f"x-{way}.csv").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) < 255  # its parser refuses longer lines, comments too
    rows = np.array([[int(n) for n in line.split(",")] for line in lines if line[0].isdigit()], np.uint64)
    assert rows.shape[1] == 9 and rows[:, 0].min() > 0 and rows[:, 0].sum() == 60_000_000
    keep, latency, jitter, rate, loss, limit, dup, dup_delay, route = rows.T
    assert not jitter.any() and not dup.any() and not dup_delay.any() and set(route) == {1}
    start = np.concatenate(([0], np.cumsum(keep)[:-1])) / 1e6
    at = np.searchsorted(start, GRID) - 1
    seen = on_grid(whole(trace()), GRID)
    up = seen.connected
    delay, speed, share = (getattr(seen, f"{way}_{name}") for name in ("s", "bit_s", "loss"))
    np.testing.assert_allclose(latency[at], 1e9 * delay, rtol=0, atol=0.6)
    np.testing.assert_allclose(rate[at][up], speed[up], rtol=0, atol=0.6)
    np.testing.assert_allclose(loss[at] / (2**32 - 1), np.where(up, share, 1.0), rtol=0, atol=1e-9)
    assert rate.min() > 0  # 0 would be no limit at all
    assert np.all(limit[at][up] * 12000 >= speed[up] * (delay[up] + 0.1))
    assert any("syncgroup" in line for line in written.lines) and sum("loses" in line for line in lines) >= 3


def read_mahimahi(path: Path) -> np.ndarray:
    """As mm-link reads: whole numbers that do not fall, none missing, the last above 0."""
    text = path.read_text(encoding="ascii")
    assert text.endswith("\n")
    times = np.array([int(line) for line in text[:-1].split("\n")])
    assert len(times) and np.all(np.diff(times) >= 0) and times[0] >= 0 and times[-1] > 0
    return times


@pytest.mark.parametrize("way", ["down", "up"])
def test_mahimahi(tmp_path: Path, way: str) -> None:
    written = write_mahimahi(tmp_path / "x", HEAD, trace())
    times = read_mahimahi(tmp_path / f"x-{way}.mahimahi")
    seen = on_grid(whole(trace()), GRID)
    # Bits that have passed by each second, to a packet and a millisecond.
    sent = np.concatenate(([0.0], np.cumsum(getattr(seen, f"{way}_bit_s") * 0.1)))
    for second in (1, 14, 15, 29, 30, 40, 45, 46, 60):
        passed = 12_000 * np.searchsorted(times, 1000 * second, side="right")
        assert abs(passed - sent[10 * second]) <= 12_000 + 2e8 * 1e-3
    assert not np.any((times > 30_001) & (times < 45_000))
    (use,) = (line for line in written.lines if "mm-link" in line and "--once" in line)
    up = seen.connected
    middle = 500 * (np.median(seen.down_s[up]) + np.median(seen.up_s[up]))
    assert use.startswith(f"mm-delay {middle:.0f} mm-loss downlink") and "mm-link x-up.mahimahi x-down.mahimahi" in use
    told = (tmp_path / "x-mahimahi.txt").read_text(encoding="utf-8")
    assert use in told and "place: here" in told and "loses: the delay" in told


def test_mahimahi_rounds_chances_up_over_steps_and_says_where_the_trace_ends(tmp_path: Path) -> None:
    one = np.ones(3)
    slow = TraceSteps(
        np.array([0.0, 0.5, 2.0]), one > 0, one, one, np.array([1, 1, 0]) * 12e3, one * 6e3, 0 * one, 0 * one
    )
    written = write_mahimahi(tmp_path / "x", replace(HEAD, duration_s=4.0), [slow])
    assert read_mahimahi(tmp_path / "x-down.mahimahi").tolist() == [1000, 2000]
    assert read_mahimahi(tmp_path / "x-up.mahimahi").tolist() == [2000, 4000]
    assert any("the trace down ends at 2 s, 2 s before the link's" in line for line in written.lines)


def test_mahimahi_without_a_single_chance_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    one = np.ones(1)
    dead = TraceSteps(0 * one, one > 0, one, one, one * 1e6, one * 1.0, 0 * one, 0 * one)
    with pytest.raises(InputError, match="never passes 1500 bytes up"):
        write_mahimahi(tmp_path / "x", HEAD, [dead])
    assert not list(tmp_path.iterdir())


def read_netem(lines: list[str], way: str) -> list[list[str]]:
    """Rows of the table: time, delay, loss, rate, limit of one way."""
    table = lines[lines.index("done <<'STEPS'") + 2 : lines.index("STEPS")]
    return [[row.split()[0], *row.split()[1 if way == "down" else 5 :][:4]] for row in table]


@pytest.mark.parametrize("way", ["down", "up"])
def test_netem(tmp_path: Path, way: str) -> None:
    path = tmp_path / "x.sh"
    written = write_netem(path, HEAD, trace())
    assert subprocess.run(["sh", "-n", str(path)], check=False).returncode == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = read_netem(lines, way)
    assert rows[-1][0] == "60000" and "60000 end" in lines
    values = np.array([[float(cell.rstrip("us%bit")) for cell in row] for row in rows[:-1]])
    at = np.searchsorted(values[:, 0] / 1e3, GRID) - 1
    seen = on_grid(whole(trace()), GRID)
    up = seen.connected
    delay, speed, share = (getattr(seen, f"{way}_{name}") for name in ("s", "bit_s", "loss"))
    np.testing.assert_allclose(values[at, 1], 1e6 * delay, rtol=0, atol=0.51)
    np.testing.assert_allclose(values[at, 2], 100 * np.where(up, share, 1.0), rtol=1e-3)
    np.testing.assert_allclose(values[at, 3][up], speed[up], rtol=1e-7)
    assert np.all(12_000 * values[at, 4][up] >= speed[up] * (delay[up] + 0.1) * (1 - 1e-6))
    assert sum(line.startswith("# loses:") for line in lines) == 4 and any("DEVICE" in line for line in written.lines)
    assert any("fall" in line for line in write_netem(path, replace(HEAD, step_s=0.01), trace(0.01)).lines)


@pytest.mark.skipif(shutil.which("sh") is None, reason="no sh here")
def test_the_netem_script_replaces_once_and_changes_then(tmp_path: Path) -> None:
    stub = tmp_path / "bin" / "tc"
    stub.parent.mkdir()
    stub.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n', encoding="utf-8")
    stub.chmod(0o755)
    path = tmp_path / "x.sh"
    write_netem(path, replace(HEAD, duration_s=0.25), resampled(made_series(1), 0.1, 0.25))
    environment = {**os.environ, "PATH": f"{stub.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", str(path), "eth7", "up"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    rows = read_netem(path.read_text(encoding="utf-8").splitlines(), "up")[:-1]
    expected = [f"qdisc {verb} dev eth7 root netem delay {row[1]} loss {row[2]} rate {row[3]} limit {row[4]}"
                for verb, row in zip(["replace", "change", "change"], rows, strict=True)]  # fmt: skip
    assert calls == [*expected, "qdisc del dev eth7 root"]
    wrong = subprocess.run(["sh", str(path), "eth7", "left"], env=environment, capture_output=True, check=False)
    assert wrong.returncode == 2


def test_chrome(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    written = write_chrome(path, HEAD, trace())
    found = json.loads(path.read_text(encoding="utf-8"))
    seen = on_grid(whole(trace()), GRID)
    up = seen.connected
    old = found["Network.emulateNetworkConditions"]
    (rule,) = found["Network.emulateNetworkConditionsByRule"]["matchedNetworkConditions"]
    assert old["latency"] == pytest.approx(1e3 * (np.median(seen.down_s[up]) + np.median(seen.up_s[up])), abs=0.05)
    assert old["downloadThroughput"] == pytest.approx(np.median(seen.down_bit_s[up]) / 8, rel=1e-4)
    assert old["uploadThroughput"] == pytest.approx(np.median(seen.up_bit_s[up]) / 8, rel=1e-4)
    assert old["packetLoss"] == pytest.approx(100 * (seen.down_loss[up].mean() + seen.up_loss[up].mean()), rel=0.02)
    assert rule == {**{key: value for key, value in old.items() if key != "offline"}, "urlPattern": ""}
    assert "connected for 45 of 60 s" in " ".join(found["about"])
    assert any("deprecated" in line for line in written.lines)


def test_chrome_needs_some_link(tmp_path: Path) -> None:
    one = np.zeros(1)
    with pytest.raises(InputError, match="out all the time"):
        write_chrome(tmp_path / "x.json", HEAD, [TraceSteps(one, one > 0, one, one, one, one, one, one)])


def test_a_trace_without_an_end_is_refused() -> None:
    with pytest.raises(InputError, match="does not say how long it is"):
        list(kept(trace(), float("nan")))
    with pytest.raises(InputError, match="longer than it says"):
        list(kept(trace(), 30.0))
    with pytest.raises(InputError, match="no steps"):
        list(kept([], 30.0))
