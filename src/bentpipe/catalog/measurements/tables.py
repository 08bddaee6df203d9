"""CSV of round trips (time, rtt_ms, perhaps a sequence number), and CSV of a dish's status by time."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from bentpipe.catalog.delimited import decimal_point, plain
from bentpipe.catalog.measurements.instants import unix_time
from bentpipe.catalog.measurements.samples import Asked, Measurements, Unread, open_text
from bentpipe.catalog.measurements.sequence import Train, probes_of
from bentpipe.errors import Fault, InputError

SENT: Final = ("time", "timestamp", "unix_time", "timestamp_unix", "timestamp_utc", "time_utc", "utc", "unix_s")
REPLIED: Final = ("reply_unix_time", "reply_time", "received", "received_unix_time")
RTT: Final = ("rtt_ms", "rtt", "latency_ms", "ping_ms", "delay_ms", "rttms")
SEQUENCE: Final = ("icmp_seq", "seq", "sequence")
DISH_RTT: Final = ("pop_ping_latency_ms", "popPingLatencyMs")
DISH_DROP: Final = ("pop_ping_drop_rate", "popPingDropRate")
LOST_WORDS: Final = ("", "nan", "*", "lost", "timeout", "none", "null", "-")


def columns_of(line: str) -> tuple[str, dict[str, int]]:
    """Find the separator of a header line, and the columns that are known.

    Parameters
    ----------
    line : str

    Returns
    -------
    tuple of str and dict of str to int
        Separator, and the number of each column: "sent", "replied", "rtt", "sequence", "dish_rtt", "dish_drop".
    """
    separator = max(",;\t", key=line.count)
    cells = [plain(cell) for cell in next(csv.reader([line], delimiter=separator), [])]
    names = (("sent", SENT), ("replied", REPLIED), ("rtt", RTT), ("sequence", SEQUENCE),
             ("dish_rtt", DISH_RTT), ("dish_drop", DISH_DROP))  # fmt: skip
    found = {}
    for name, others in names:
        at = next((cells.index(plain(other)) for other in others if plain(other) in cells), None)
        if at is not None:
            found[name] = at
    return separator, found


def _rows(file: TextIO, separator: str, width: int, unread: Unread, first: int) -> Iterator[tuple[int, list[str]]]:
    """Rows of a file after its header; those of another width are counted as unreadable."""
    for number, line in enumerate(file, first):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            row = next(csv.reader([line], delimiter=separator, strict=True))
        except csv.Error as error:
            unread.add(number, line, str(error))
            continue
        if len(row) != width:
            unread.add(number, line, f"{len(row)} columns, not {width}")
            continue
        yield number, [decimal_point(cell.strip()) if separator != "," else cell.strip() for cell in row]


def read_table(path: Path, asked: Asked) -> Measurements:
    """Read a CSV of round trips or of a dish's status.

    Parameters
    ----------
    path : pathlib.Path
        The first line names the columns: a time (`SENT`, or `REPLIED` for that of the reply) and a round trip in ms
        (`RTT`, or a dish's `DISH_RTT`). A round trip without value is a lost probe.
    asked : Asked
        Not used: a table has its times.

    Returns
    -------
    Measurements

    Raises
    ------
    InputError
        A column is missing, or no row could be read.
    """
    del asked
    unread = Unread(path.name)
    with path.open(encoding=open_text(path), errors="replace") as file:
        number, line = next((n, t) for n, t in enumerate(file, 1) if t.strip() and not t.lstrip().startswith("#"))
        separator, at = columns_of(line.strip())
        dish = "dish_rtt" in at
        _check_columns(path.name, number, at)
        rows = _rows(file, separator, len(next(csv.reader([line.strip()], delimiter=separator))), unread, number + 1)
        when, value, lost, sequence, zoned = _values(rows, at, dish, unread)
    if not when:
        raise unread.refuse("no row could be read", "each row needs a time and a round trip in ms")
    notes = [] if zoned else ["times without a zone are taken as UTC"]
    if dish:
        return _dish(path.name, when, value, lost, unread, notes)
    return _pings(path.name, when, value, sequence if "sequence" in at else None, unread, notes)


def _check_columns(name: str, number: int, at: dict[str, int]) -> None:
    faults = []
    if "sent" not in at and "replied" not in at:
        faults.append(Fault("there is no column of times", f"{name}:{number}", allowed=", ".join((*SENT, *REPLIED))))
    if "rtt" not in at and "dish_rtt" not in at:
        faults.append(
            Fault("there is no column of round trips", f"{name}:{number}", allowed=", ".join((*RTT, *DISH_RTT)))
        )
    if faults:
        raise InputError(*faults)


def _values(
    rows: Iterator[tuple[int, list[str]]], at: dict[str, int], dish: bool, unread: Unread
) -> tuple[list[float], list[float], list[float], list[int], bool]:
    """Read times (of sending), round trips in s, shares lost and numbers; and whether all times had a zone."""
    when: list[float] = []
    value: list[float] = []
    lost: list[float] = []
    sequence: list[int] = []
    zoned = True
    time, rtt = at.get("replied", at.get("sent", 0)), at["dish_rtt" if dish else "rtt"]
    for number, row in rows:
        try:
            moment, said = unix_time(row[time])
            delay = math.nan if row[rtt].casefold() in LOST_WORDS else float(row[rtt]) / 1e3
            if delay < 0.0 or delay > 3600.0 or math.isinf(delay):
                raise ValueError(row[rtt])
            dropped = float(row[at["dish_drop"]]) if dish and "dish_drop" in at else math.nan
            count = int(row[at["sequence"]]) if "sequence" in at else 0
            if not 0 <= count < 2**48:
                raise ValueError(row[at["sequence"]])
        except ValueError as error:
            unread.add(number, ",".join(row), f"not a number or time: {str(error)[:40]}")
            continue
        zoned &= said
        when.append(moment - delay if "replied" in at and not math.isnan(delay) else moment)
        value.append(delay)
        lost.append(dropped)
        sequence.append(count)
    return when, value, lost, sequence, zoned


def _dish(
    name: str, when: list[float], value: list[float], lost: list[float], unread: Unread, notes: list[str]
) -> Measurements:
    """Status by time: the same mean of a second may be written twice; a round trip of 0 is none."""
    times, delays = np.array(when), np.array(value)
    order = np.argsort(times, kind="stable")
    times, delays, dropped = times[order], delays[order], np.array(lost)[order]
    delays = np.where(delays > 0.0, delays, np.nan)
    dropped = np.where(np.isnan(dropped) & np.isnan(delays), 1.0, dropped)
    notes = [*notes, "a row of the dish's status is its mean over the second before"]
    interval = float(np.median(np.diff(times))) if len(times) > 1 else np.nan
    return Measurements(
        name, "dish", "rtt", "", times - 1.0, 1.0, interval, delays, dropped, "point of presence",
        unreadable=unread.count, shown=tuple(unread.shown), notes=tuple(notes),
    )  # fmt: skip


def _pings(
    name: str, when: list[float], value: list[float], sequence: list[int] | None, unread: Unread, notes: list[str]
) -> Measurements:
    """Probes by time; where they are numbered, what is missing was lost."""
    times, delays = np.array(when), np.array(value)
    if sequence is not None:
        train = Train()
        for number, moment, delay in zip(sequence, when, value, strict=True):
            if math.isnan(delay):
                train.silence(number)
            else:
                train.answer(number, moment, delay)
        if not train.sequence:
            raise InputError(Fault("no probe was answered", name))
        probes = probes_of(train, name)
        if probes.back:
            notes.append(f"the clock went back by more than a second {probes.back} times")
        times, delays, interval = probes.sent_unix_s, probes.rtt_s, probes.interval_s
    else:
        interval = float(np.median(np.diff(np.sort(times)))) if len(times) > 1 else np.nan
    order = np.argsort(times, kind="stable")
    times, delays = times[order], delays[order]
    dropped = np.isnan(delays).astype(np.float64)
    if sequence is None and not dropped.any():
        dropped = np.full(len(times), np.nan)
        notes.append("rows have no numbers and none is marked as lost: the file does not tell losses")
    return Measurements(
        name, "ping", "rtt", "", times, 0.0, interval, delays, dropped,
        unreadable=unread.count, shown=tuple(unread.shown), notes=tuple(notes),
    )  # fmt: skip
