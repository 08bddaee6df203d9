"""Traces as CSV files: what a link offers, step by step, written and read a piece at a time.

Each row holds until the next one begins. Lines with "#" at the top say where a trace comes from and what it assumes;
a file of one's own needs none of them, nor the columns that have a default.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from bentpipe.emulate.wholefiles import whole_files
from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue import TraceSteps

MAGIC: Final = "bentpipe trace 1: what a link offers, step by step; each row holds until the next one begins"
UNITS: Final = (
    "time_s: s after the start; connected: 0 or 1; down_ms, up_ms: delay one way, without queues, towards the place "
    "and from it, ms; down_mbit_s, up_mbit_s: rates, Mbit/s; down_loss, up_loss: share of packets, 0 to 1, apart from "
    "outages"
)


class _Column(NamedTuple):
    """A column of the file: scale to SI, bounds of the written value, default (None: it must be there)."""

    scale: float
    low: float
    high: float
    default: float | None
    unit: str


COLUMNS: Final[Mapping[str, _Column]] = {
    "time_s": _Column(1.0, 0.0, 1e9, None, "s"),
    "connected": _Column(1.0, 0.0, 1.0, 1.0, "0 or 1"),
    "down_ms": _Column(1e-3, 0.0, 60_000.0, None, "ms"),
    "up_ms": _Column(1e-3, 0.0, 60_000.0, None, "ms"),
    "down_mbit_s": _Column(1e6, 0.0, 1e6, None, "Mbit/s"),
    "up_mbit_s": _Column(1e6, 0.0, 1e6, None, "Mbit/s"),
    "down_loss": _Column(1.0, 0.0, 1.0, 0.0, "a share"),
    "up_loss": _Column(1.0, 0.0, 1.0, 0.0, "a share"),
}
"""Columns of a trace."""

PIECE: Final = 20_000
"""Rows that are read at once, which bounds the memory."""


@dataclass(frozen=True)
class TraceHead:
    """What a trace is.

    Parameters
    ----------
    place : str
        Where.
    start_unix_s : float
        Start, s; NaN where not known.
    duration_s : float
        Length, s; NaN where not known: the last row then has no end.
    step_s : float
        Step, s; NaN where the rows have none.
    source : str
        Where it comes from.
    assumed : tuple of str
        What it rests on.
    """

    place: str = ""
    start_unix_s: float = math.nan
    duration_s: float = math.nan
    step_s: float = math.nan
    source: str = ""
    assumed: tuple[str, ...] = field(default=())

    def lines(self) -> list[str]:
        """Tell all that is known, a line each, without marks."""
        found = [f"place: {self.place}"] if self.place else []
        if math.isfinite(self.start_unix_s):
            start = datetime.fromtimestamp(self.start_unix_s, UTC)
            found.append(f"start_utc: {start.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}")
        found += [f"{name}: {value:g}" for name, value in
                  (("duration_s", self.duration_s), ("step_s", self.step_s)) if math.isfinite(value)]  # fmt: skip
        found += [f"source: {self.source}"] if self.source else []
        return [" ".join(line.split()) for line in (*found, *(f"assumed: {one}" for one in self.assumed))]


def write_trace(path: Path, head: TraceHead, parts: Iterable[TraceSteps]) -> int:
    """Write a trace, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        File.
    head : TraceHead
        What it is.
    parts : iterable of TraceSteps
        Steps in order, from 0 s on; taken a part at a time.

    Returns
    -------
    int
        Rows.
    """
    rows = 0
    with whole_files(path) as (stream,):
        stream.write("".join(f"# {line}\n" for line in (MAGIC, f"units: {UNITS}", *head.lines())))
        stream.write(",".join(COLUMNS) + "\n")
        for part in parts:
            stream.writelines(_rows(part))
            rows += len(part.start_s)
    return rows


def _rows(part: TraceSteps) -> Iterator[str]:
    """Lines of the file."""
    columns = [
        part.start_s, part.connected.astype(np.int64), 1e3 * part.down_s, 1e3 * part.up_s,
        1e-6 * part.down_bit_s, 1e-6 * part.up_bit_s, part.down_loss, part.up_loss,
    ]  # fmt: skip
    for t, c, d, u, r, s, a, b in zip(*(column.tolist() for column in columns), strict=True):
        yield f"{t:.10g},{c},{d:.4f},{u:.4f},{r:.10g},{s:.10g},{a:.6g},{b:.6g}\n"


def open_trace(path: Path) -> tuple[TraceHead, Iterator[TraceSteps]]:
    """Open a trace: one of ours, or one recorded elsewhere with the same columns, in any order.

    Parameters
    ----------
    path : pathlib.Path
        File.

    Returns
    -------
    head : TraceHead
        What its first lines say.
    parts : iterator of TraceSteps
        Steps, a piece at a time; where nothing passes, the rates are 0.

    Raises
    ------
    InputError
        Naming file, line and column. Rows are checked while they are read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            head, columns, _ = _read_head(path, stream)
    except OSError as error:
        raise InputError(Fault(f"the trace cannot be read: {error.strerror or error}", str(path))) from None
    except UnicodeDecodeError:
        raise InputError(Fault("the trace is no text", str(path), allowed="CSV in UTF-8")) from None
    return head, _read_parts(path, columns)


def _read_head(path: Path, stream: TextIO) -> tuple[TraceHead, list[str], int]:
    """Comments and the line of names; also how many lines these are."""
    told: dict[str, str] = {}
    assumed: list[str] = []
    for number, line in enumerate(stream, 1):
        text = line.strip()
        if text.startswith("#"):
            key, _, value = text.lstrip("# ").partition(":")
            told[key.strip().lower()] = value.strip()
            assumed += [value.strip()] if key.strip().lower() == "assumed" else []
        elif text:
            names = [name.strip().lower() for name in next(csv.reader([text]))]
            _check_names(path, number, names)
            start = _start(path, told.get("start_utc", ""))
            duration, step = (_number(path, told, key) for key in ("duration_s", "step_s"))
            head = TraceHead(told.get("place", ""), start, duration, step, told.get("source", ""), tuple(assumed))
            return head, names, number
    raise InputError(Fault("the trace is empty", str(path), allowed=f"a line of names: {','.join(COLUMNS)}"))


def _check_names(path: Path, number: int, names: list[str]) -> None:
    """Refuse columns that are missing, unknown or there twice."""
    where, allowed = f"{path}, line {number}", ", ".join(COLUMNS)
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name, column in COLUMNS.items() if column.default is None and name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults = [Fault("no such column", where, name, allowed) for name in unknown]
    faults += [Fault("a column is missing", where, name, allowed) for name in missing]
    faults += [Fault("a column is there twice", where, name) for name in twice]
    if faults:
        raise InputError(*faults)


def _start(path: Path, text: str) -> float:
    if not text:
        return math.nan
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(Fault("not a time", f"{path}, start_utc", text, "ISO 8601, UTC")) from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def _number(path: Path, told: Mapping[str, str], key: str) -> float:
    if key not in told:
        return math.nan
    try:
        value = float(told[key])
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0.0):
        raise InputError(Fault("not a length of time", f"{path}, {key}", told[key], "above 0 s"))
    return value


def _read_parts(path: Path, names: list[str]) -> Iterator[TraceSteps]:
    """Rows, checked, a piece at a time."""
    before = -math.inf
    with path.open(encoding="utf-8-sig", newline="") as stream:
        _, _, head = _read_head(path, stream)
        rows = (
            (number, text)
            for number, line in enumerate(stream, head + 1)
            if (text := line.strip()) and not text.startswith("#")
        )
        while piece := list(itertools.islice(rows, PIECE)):
            values = _fast(names, [text for _, text in piece], before)
            if values is None:  # row by row, to name what is wrong
                found: list[list[float]] = []
                for number, text in piece:
                    found.append(_row(f"{path}, line {number}", names, text, found[-1][0] if found else before))
                values = np.array(found, np.float64)
            before = float(values[-1, 0])
            yield _steps(values)
    if before == -math.inf:
        raise InputError(Fault("the trace has no rows", str(path), remedy="one row at least, at time_s 0"))


def _fast(names: list[str], texts: list[str], before: float) -> NDArray[np.float64] | None:
    """Rows in SI, in the order of the columns, all at once; None where anything is wrong or unusual."""
    commas = len(names) - 1
    if any(text.count(",") != commas for text in texts):
        return None
    try:
        given = np.array([float(cell) for cell in ",".join(texts).split(",")]).reshape(len(texts), len(names))
    except ValueError:
        return None
    columns = []
    for name, column in COLUMNS.items():
        row = given[:, names.index(name)] if name in names else np.full(len(texts), column.default, np.float64)
        if not np.all((column.low <= row) & (row <= column.high)):
            return None
        columns.append(column.scale * row)
    time, connected = columns[:2]
    first = time[0] == 0.0 if before == -math.inf else time[0] > before
    if not (first and np.all(np.diff(time) > 0.0) and np.all((connected == 0.0) | (connected == 1.0))):
        return None
    return np.stack(columns, axis=1)


def _row(where: str, names: list[str], text: str, before: float) -> list[float]:
    """One row in SI, in the order of the columns."""
    cells = text.split(",")
    if len(cells) != len(names):
        raise InputError(Fault("a row has one value for each column", where, len(cells), f"{len(names)} values"))
    found = {name: _cell(where, name, cell) for name, cell in zip(names, cells, strict=True)}
    row = [found.get(name, column.default or 0.0) for name, column in COLUMNS.items()]
    time = row[0]
    if before == -math.inf and time != 0.0:
        raise InputError(Fault("the first row is at time 0", f"{where}, column time_s", time, "0 s"))
    if time <= before:
        raise InputError(Fault("times must rise", f"{where}, column time_s", time, f"above {before:g} s"))
    return row


def _cell(where: str, name: str, text: str) -> float:
    """One value, in SI."""
    column, text = COLUMNS[name], text.strip()
    if name == "connected" and text.lower() in ("true", "false"):
        return float(text.lower() == "true")
    allowed = f"{column.low:g} to {column.high:g} {column.unit}" if name != "connected" else column.unit
    try:
        value = float(text)
    except ValueError:
        raise InputError(Fault("not a number", f"{where}, column {name}", text, allowed)) from None
    if not column.low <= value <= column.high or (name == "connected" and value not in (0.0, 1.0)):
        raise InputError(Fault("a value is out of range", f"{where}, column {name}", value, allowed))
    return column.scale * value


def _steps(values: NDArray[np.float64]) -> TraceSteps:
    """Rows as steps; nothing passes where not connected."""
    start, connected, down, up, down_rate, up_rate, down_loss, up_loss = values.T.copy()
    return TraceSteps(start, connected > 0.0, down, up, down_rate * connected, up_rate * connected, down_loss, up_loss)
