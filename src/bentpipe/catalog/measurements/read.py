"""Which kind of measurement a file holds, and its reader."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from bentpipe.catalog.measurements.dish import read_dish
from bentpipe.catalog.measurements.iperf import read_iperf
from bentpipe.catalog.measurements.pinglog import read_ping_log
from bentpipe.catalog.measurements.samples import Asked, Measurements, open_text
from bentpipe.catalog.measurements.tables import columns_of, read_table
from bentpipe.errors import Fault, InputError, UnknownNameError

KINDS: Final[dict[str, str]] = {
    "ping": "the output of ping (Linux, macOS, BSD), or a CSV of time and rtt_ms",
    "iperf3": "JSON of iperf3 -J",
    "dish": "JSON of a dish's get_history, or a CSV of its status by time",
}
"""Kinds of measurements that can be read."""

_HEAD = 200_000


def read_measurements(
    path: str | Path, kind: str | None = None, start_unix_s: float | None = None, interval_s: float | None = None
) -> tuple[Measurements, ...]:
    """Read a file of measurements.

    Parameters
    ----------
    path : str or pathlib.Path
        A file of one of `KINDS`.
    kind : str, optional
        One of `KINDS`; told from the content by default.
    start_unix_s : float, optional
        Unix time of its first sample, s, where it has no times of its own.
    interval_s : float, optional
        Time between probes, s, for a ping log without times.

    Returns
    -------
    tuple of Measurements
        One, or two for a test of both ways.

    Raises
    ------
    InputError
        Cannot be read, is damaged, or has no times.
    UnknownNameError
        No such kind.
    """
    file = Path(path)
    if file.is_dir():
        raise InputError(Fault("a folder where a file belongs", str(file)))
    form, found = recognised(file)
    wanted = kind.casefold() if kind else found
    if wanted is not None and wanted not in KINDS:
        raise UnknownNameError(Fault("no such kind of measurements", "--kind", kind, ", ".join(KINDS)))
    if wanted is None and form == "status":
        what = "one status of a dish is one sample, without a time"
        raise InputError(Fault(what, str(file), remedy="take its history: get_history, or a CSV of many statuses"))
    if wanted is None:
        known = "; ".join(f"{name}: {what}" for name, what in KINDS.items())
        raise InputError(Fault("what this file holds is not recognised", str(file), _first(file), known, "use --kind"))
    asked = Asked(start_unix_s, interval_s)
    if wanted == "iperf3":
        return _guarded(file, wanted, asked)
    if form == "table":
        table = read_table(file, asked)
        if table.kind != wanted:
            what = f"the columns are those of kind {table.kind}, not {wanted}"
            raise InputError(Fault(what, str(file), remedy=f"leave --kind out, or give --kind {table.kind}"))
        return (table,)
    return _guarded(file, wanted, asked) if wanted == "dish" else (read_ping_log(file, asked),)


def _guarded(file: Path, kind: str, asked: Asked) -> tuple[Measurements, ...]:
    """Read JSON whose parts may have any shape."""
    try:
        return read_iperf(file, asked) if kind == "iperf3" else (read_dish(file, asked),)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        what = f"its parts are not as {kind} writes them"
        raise InputError(Fault(what, file.name, f"{type(error).__name__}: {error}", KINDS[kind])) from None


def recognised(path: Path) -> tuple[str, str | None]:
    """Tell the form and the kind of a file from its beginning.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    tuple of str and str or None
        "json", "status" (of a dish), "table" or "log"; and one of `KINDS`, None where it cannot be told.
    """
    with path.open(encoding=open_text(path), errors="replace") as file:
        head = file.read(_HEAD)
    if head.lstrip().startswith("{"):
        if re.search(r'"(popPingDropRate|pop_ping_drop_rate)"\s*:\s*\[', head):
            return "json", "dish"
        if '"dishGetStatus"' in head or '"dish_get_status"' in head:
            return "status", None
        return "json", "iperf3" if re.search(r'"(intervals|event|test_start|cookie)"\s*:', head) else None
    first = next((line for line in head.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    columns = columns_of(first)[1]
    if columns:
        return "table", "dish" if "dish_rtt" in columns else "ping" if "rtt" in columns else None
    log = re.search(r"^PING6?[ (]|\d bytes from \S+.*seq=\d+|icmp_seq", head, re.MULTILINE)
    return "log", "ping" if log else None


def _first(path: Path) -> str:
    with path.open(encoding=open_text(path), errors="replace") as file:
        return file.readline().strip()[:60]
