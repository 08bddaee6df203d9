"""The output of ping: iputils (Linux), with times (``-D``) or without, BusyBox, macOS and the BSDs.

A line is a reply, the word of a probe that got none, or one of ping's own lines; any other is counted as unreadable.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np

from bentpipe.catalog.measurements.samples import Asked, Measurements, Unread, open_text
from bentpipe.catalog.measurements.sequence import WRAP, Probes, Train, probes_of
from bentpipe.errors import Fault, InputError

REPLY: Final = re.compile(
    r"^(?:\[(?P<unix>\d+\.\d+)\] |(?P<day>\d\d:\d\d:\d\d(?:\.\d+)?) )?"
    r"\d+ bytes from (?P<host>[^ ,:]+(?::[^ ,]*?)?)(?: \((?P<address>[^)]*)\))?[:,] (?:icmp_)?seq=(?P<seq>\d+)"
    r"(?: [a-z]+=\S+)*? time[=<](?P<rtt>\d+(?:\.\d+)?) ?ms(?P<rest>.*)$"
)
SILENT: Final = re.compile(
    r"^(?:\[\d+\.\d+\] |\d\d:\d\d:\d\d(?:\.\d+)? )?"
    r"(?:no answer yet for icmp_seq=(\d+)|Request timeout for icmp_seq (\d+)"
    r"|From \S+(?: \([^)]*\))?:? icmp_seq=(\d+) .*)$"
)
SUMMARY: Final = re.compile(r"^(\d+) packets transmitted, (\d+) (?:packets )?received(?:.*? time (\d+)ms)?")
OWN: Final = re.compile(
    r"^(?:\^C)?(?:--- .* ping6? statistics ---|rtt min/|round-trip min/|ping6?: .*|WARNING: .*|[ \t]*$"
    r"|\d+ bytes from \S+: (?:Destination|Time|Redirect).*|Vr HL .*| \d  \d .*|36 bytes from .*)"
)
DEFAULT_INTERVAL_S: Final = 1.0
"""Time between probes where the log does not tell: that of ping without ``-i``."""


def read_ping_log(path: Path, asked: Asked) -> Measurements:
    """Read the output of ping.

    Parameters
    ----------
    path : pathlib.Path
    asked : Asked
        Start and interval, for a log without times.

    Returns
    -------
    Measurements
        Round trips; a probe's time is when it was sent: that of its reply less the round trip.

    Raises
    ------
    InputError
        No reply in it, or no times and no start.
    """
    unread, trains, targets, of_day = Unread(path.name), [], [], False
    with path.open(encoding=open_text(path), errors="replace", newline=None) as file:
        for number, text in enumerate(file, 1):
            line = text.rstrip()
            if re.match(r"PING6?[ (]", line):
                trains.append(Train(first=-1))
                targets.append(_target(line))
                continue
            if not trains:
                trains.append(Train())
            found = REPLY.match(line)
            if found and int(found["seq"]) < WRAP:
                of_day |= found["day"] is not None
                _answer(trains[-1], found)
                if len(targets) < len(trains):
                    targets.append(found["address"] or found["host"])
            elif not _other(trains[-1], line):
                unread.add(number, line)
    trains = [train for train in trains if train.sequence]
    if not trains:
        raise unread.refuse("no reply in this ping log", "give the output of ping itself (ping -D HOST > FILE)")
    return _assembled(path.name, trains, list(dict.fromkeys(filter(None, targets))), asked, unread, of_day)


def _target(line: str) -> str:
    """Address that the first line of ping names."""
    inside = re.search(r"\(([^)\s]+)\)", line) or re.search(r"--> (\S+)", line)
    return inside[1] if inside else next(iter(line.split()[1:]), "")


def _answer(train: Train, found: re.Match[str]) -> None:
    number, rtt_s = int(found["seq"]), float(found["rtt"]) / 1e3
    if "DUP" in found["rest"]:
        train.duplicates += 1
        return
    if train.first == -1:  # the first line was seen: ping counts from 0 (BSD) or from 1 (iputils)
        train.first = min(number, 1)
    train.answer(number, float(found["unix"]) - rtt_s if found["unix"] else np.nan, rtt_s)


def _other(train: Train, line: str) -> bool:
    """Whether a line is one that ping writes beside replies; what it tells is noted."""
    silent = SILENT.match(line)
    if silent:
        number = int(next(g for g in silent.groups() if g is not None))
        if number >= WRAP:
            return False
        if train.first == -1:
            train.first = min(number, 1)
        train.silence(number)
        return True
    said = SUMMARY.match(line.removeprefix("^C"))
    if said:
        train.transmitted = int(said[1])
        train.elapsed_s = float(said[3]) / 1e3 if said[3] else None
        return True
    return OWN.match(line) is not None


def _assembled(
    name: str, trains: list[Train], targets: list[str], asked: Asked, unread: Unread, of_day: bool
) -> Measurements:
    notes: list[str] = []
    parts = [probes_of(train, name) for train in trains]
    timed = [bool(np.isfinite(part.sent_unix_s).all()) for part in parts]
    if not all(timed):
        if any(timed) or len(parts) > 1:
            raise InputError(
                Fault("several runs of ping in one file, and not all with times", name, len(parts), "one run", "split")
            )
        parts = [_placed(name, parts[0], trains[0], asked, notes, of_day)]
    elif asked.start_unix_s is not None:
        notes.append("the log has times of its own: --start is not used")
    for part in parts:
        if part.back:
            notes.append(f"the clock went back by more than a second {part.back} times")
    duplicates = sum(train.duplicates for train in trains)
    if duplicates:
        notes.append(f"{duplicates} duplicate replies left out")
    if len(targets) > 1:
        raise InputError(Fault("the log holds pings of several targets", name, targets, "one target", "split it"))
    when = np.concatenate([part.sent_unix_s for part in parts])
    rtt = np.concatenate([part.rtt_s for part in parts])
    order = np.argsort(when, kind="stable")
    intervals = [part.interval_s for part in parts if np.isfinite(part.interval_s)]
    interval = float(np.median(intervals)) if intervals else np.nan
    return Measurements(
        name, "ping", "rtt", "", when[order], 0.0, interval, rtt[order], np.isnan(rtt[order]).astype(np.float64),
        targets[0] if targets else "", unreadable=unread.count, shown=tuple(unread.shown), notes=tuple(notes),
    )  # fmt: skip


def _placed(name: str, part: Probes, train: Train, asked: Asked, notes: list[str], of_day: bool) -> Probes:
    """Give times to a log that has none: start and interval."""
    if asked.start_unix_s is None:
        has = "times of day but no date" if of_day else "no times"
        raise InputError(
            Fault(
                f"this ping log has {has}", name,
                remedy="say when its first probe was sent, --start 2025-04-15T01:31:27Z; ping -D (Linux) writes times",
            )
        )  # fmt: skip
    interval = asked.interval_s
    if interval is None and train.elapsed_s is not None:
        interval = part.interval_s
        notes.append(f"no times in the log: a probe every {interval:.4g} s, from its last lines")
    elif interval is None:
        interval = DEFAULT_INTERVAL_S
        notes.append("no times in the log: a probe every 1 s is assumed, ping's default (--interval says otherwise)")
    else:
        notes.append(f"no times in the log: a probe every {interval:g} s, as given")
    sent = asked.start_unix_s + (part.number - part.number[0]) * interval
    return Probes(part.number, sent, part.rtt_s, interval, 0)
