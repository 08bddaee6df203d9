"""JSON of iperf3 (``-J`` or ``--json-stream``): rates interval by interval.

iperf3's client is taken to stand at the terminal: without ``-R`` it sends, up; with ``-R`` it receives, down. Of UDP
only what a receiver counted is a rate of the link: what a sender offered is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from bentpipe.catalog.measurements.documents import documents
from bentpipe.catalog.measurements.instants import unix_time
from bentpipe.catalog.measurements.samples import Asked, Measurements
from bentpipe.errors import Fault, InputError

_AGAIN: Final = "write it with: iperf3 -c SERVER -J --logfile FILE"


class _Sample(NamedTuple):
    """One interval: its start (s), length (s), rate (bit/s), and share lost (NaN where not told)."""

    unix_s: float
    seconds: float
    rate: float
    lost: float


def read_iperf(path: Path, asked: Asked) -> tuple[Measurements, ...]:
    """Read results of iperf3.

    Parameters
    ----------
    path : pathlib.Path
        One test, or several after one another.
    asked : Asked
        Start of the test, for the rare file without one.

    Returns
    -------
    tuple of Measurements
        Of each way that was measured.

    Raises
    ------
    InputError
        Damaged, a test that failed, or rates of a sender of UDP.
    """
    samples: dict[str, list[_Sample]] = {}
    limits: dict[str, float] = {}
    notes: list[str] = []
    skipped = broken = 0
    for test in _tests(documents(path, f"{_AGAIN}; a test that was stopped leaves a broken file")):
        start = _start(path.name, test, asked)
        setting = test.get("start", {}).get("test_start", {})
        for way, sums in _ways(path.name, test, setting, notes):
            limit = float(setting.get("target_bitrate") or 0.0) * float(setting.get("num_streams") or 1)
            limits[way] = max(limits.get(way, 0.0), limit or math.inf)
            for one in sums:
                if one.get("omitted"):
                    skipped += 1
                    continue
                sample = _sample(one, start)
                if sample is None:
                    broken += 1
                else:
                    samples.setdefault(way, []).append(sample)
    if not samples:
        raise InputError(Fault("no interval with a rate", path.name, remedy=_AGAIN))
    if skipped:
        notes.append(f"{skipped} intervals left out that iperf3 marks as omitted (-O)")
    notes.append("iperf3's client is taken to stand at the terminal")
    return tuple(_measured(path.name, way, found, limits[way], broken, notes) for way, found in samples.items())


def _tests(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Whole tests: of ``--json-stream`` the events of one are put together."""
    test: dict[str, Any] = {}
    for one in found:
        event, data = one.get("event"), one.get("data")
        if event is None:
            yield one
        elif event == "start":
            test = {"start": data, "intervals": []}
        elif event == "interval":
            test.setdefault("intervals", []).append(data)
        elif event in ("end", "error"):
            test[str(event)] = data
            yield test
            test = {}
    if test.get("intervals"):
        yield test


def _start(name: str, test: dict[str, Any], asked: Asked) -> float:
    """Unix time at which a test began, s."""
    if test.get("error"):
        raise InputError(Fault("the test failed", name, str(test["error"]), remedy="run it again"))
    stamp = (test.get("start") or {}).get("timestamp") or {}
    try:
        return unix_time(str(stamp["timesecs"]))[0]
    except (KeyError, ValueError):
        if asked.start_unix_s is None:
            remedy = "say when the test began: --start 2025-04-15T01:31:27Z"
            raise InputError(Fault("the file does not say when the test began", name, remedy=remedy)) from None
        return asked.start_unix_s


def _ways(
    name: str, test: dict[str, Any], setting: dict[str, Any], notes: list[str]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Ways that a test measured, with the sums of their intervals."""
    udp = str(setting.get("protocol", "TCP")).upper() == "UDP"
    intervals = [row for row in test.get("intervals") or () if isinstance(row, dict)]
    reverse = bool(setting.get("reverse"))
    own, other = ("down", "up") if reverse else ("up", "down")
    ways = [(own, [row.get("sum") or {} for row in intervals])]
    if any("sum_bidir_reverse" in row for row in intervals):
        ways.append((other, [row.get("sum_bidir_reverse") or {} for row in intervals]))
    for way, sums in ways:
        if not udp or not any(one.get("sender") for one in sums):
            yield way, sums
            continue
        served = test.get("server_output_json") or {}
        told = [row.get("sum") or {} for row in served.get("intervals") or ()]
        if not told:
            raise InputError(
                Fault(
                    "a sender of UDP tells what it offered, not what arrived", name, way,
                    remedy="add --get-server-output, or -R to receive, or give the server's own JSON",
                )
            )  # fmt: skip
        note = f"UDP {way}: rates as the server counted them"
        notes += [note] if note not in notes else []
        yield way, told


def _sample(one: dict[str, Any], start: float) -> _Sample | None:
    """One interval; None where it is damaged."""
    try:
        seconds, rate, begin = float(one["seconds"]), float(one["bits_per_second"]), float(one["start"])
    except (KeyError, TypeError, ValueError):
        return None
    if not (math.isfinite(rate) and rate >= 0.0 and 0.0 < seconds < 1e6 and 0.0 <= begin < 1e9):
        return None
    packets, lost = one.get("packets"), one.get("lost_packets")
    share = float(lost) / float(packets) if packets and lost is not None else math.nan
    return _Sample(start + begin, seconds, rate, min(max(share, 0.0), 1.0) if share == share else share)


def _measured(name: str, way: str, found: list[_Sample], limit: float, broken: int, notes: list[str]) -> Measurements:
    rows = np.array(sorted(found))
    span = float(np.median(rows[:, 1]))
    # The last interval of a test is often a fragment of a second, whose rate is chance.
    short = rows[:, 1] < 0.5 * span
    own = [f"{int(short.sum())} intervals shorter than half the usual left out"] if short.any() else []
    rows = rows[~short]
    shown = ("intervals without start, seconds or bits_per_second",) if broken else ()
    return Measurements(
        name, "iperf3", "rate", way, rows[:, 0].copy(), span, span, rows[:, 2].copy(), rows[:, 3].copy(),
        limit_bit_s=limit, unreadable=broken, shown=shown, notes=(*notes, *own),
    )  # fmt: skip
