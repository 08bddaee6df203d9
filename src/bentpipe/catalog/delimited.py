"""Small delimited text files of users: read whole, bounded, with line numbers for faults.

A byte-order mark (UTF-8, UTF-16), the separators comma, semicolon and tab, quotes, and decimal commas (where the
separator is another character) are understood; everything else that is not plain is a fault, never a guess.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bentpipe.errors import Fault, InputError

MAXIMUM_BYTES = 50_000_000
MAXIMUM_ROWS = 1_000_000
MOST_FAULTS = 50


@dataclass
class Faults:
    """Faults of one file, collected; all but the first 50 are counted only.

    Parameters
    ----------
    error : type
        What is raised.
    file : str
        Its name, for the messages.
    """

    error: type[InputError]
    file: str
    found: list[Fault] = field(default_factory=list)
    more: int = 0

    def add(self, where: str, what: str, value: object = None, allowed: str = "", remedy: str = "") -> None:
        """Note a fault at a line or feature."""
        if len(self.found) < MOST_FAULTS:
            self.found.append(Fault(what, f"{self.file}:{where}" if where else self.file, value, allowed, remedy))
        else:
            self.more += 1

    def stop(self) -> None:
        """Raise what was found."""
        if self.more:
            self.found.append(Fault(f"and {self.more:,} more faults", self.file))
        if self.found:
            raise self.error(*self.found)


def read_bounded(path: Path, faults: Faults) -> bytes:
    """Read a file of at most 50 MB."""
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            faults.add("", "file too large", path.stat().st_size, f"at most {MAXIMUM_BYTES:,} bytes")
            faults.stop()
        return path.read_bytes()
    except OSError as error:
        faults.add("", f"cannot be read: {error.strerror or error}")
        faults.stop()
        raise


def decode_text(content: bytes, faults: Faults) -> str:
    """Text from UTF-8, or from UTF-16 with a byte-order mark."""
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        faults.add(str(line), "not UTF-8 text", remedy="save the file as UTF-8")
        faults.stop()
        raise
    if "\0" in text:
        faults.add("", "not a text file (it holds NUL characters)")
        faults.stop()
    return text


def rows_of(
    text: str,
    aliases: Mapping[str, Sequence[str]],
    required: Sequence[str],
    faults: Faults,
    remarks: Collection[str] | None = None,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a delimited text, as line number and values by column; blank lines and ``#`` comments are left out.

    Parameters
    ----------
    text : str
        The text; its first line that is not blank or a comment names the columns.
    aliases : mapping
        Other spellings of each column. Case, spaces, ``-`` and ``_`` do not count. Columns of other names are
        left out, unless they look like a misspelt one.
    required : sequence of str
        Columns that must be there.
    faults : Faults
        Where to note faults; raises at a broken header.
    remarks : collection of str, optional
        Columns that may stand there and are not read; any other is then a fault.
    """
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), None)
    if start is None:
        faults.add("", "the file is empty")
        faults.stop()
        return
    separator = max(",;\t", key=lambda c: (len(known_columns(lines[start], c, aliases)), lines[start].count(c)))
    columns = header(lines[start], separator, start + 1, aliases, required, faults, remarks)
    reader = csv.reader(
        io.StringIO("\n".join(lines[start + 1 :])), delimiter=separator, strict=True, skipinitialspace=True
    )
    count = 0
    while True:
        line = start + 2 + reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.add(str(line), f"broken row: {error}")
            return
        if not any(cell.strip() for cell in row) or row[0].startswith("#"):
            continue
        count += 1
        if count > MAXIMUM_ROWS:
            faults.add(str(line), "too many rows", allowed=f"at most {MAXIMUM_ROWS:,}")
            return
        if len(row) != len(columns):
            faults.add(
                str(line), "wrong number of columns", len(row), str(len(columns)), "quote values with separators"
            )
            continue
        values = {name: cell.strip() for name, cell in zip(columns, row, strict=True) if name}
        if separator != ",":
            values = {name: decimal_point(cell) for name, cell in values.items()}
        yield line, values


def decimal_point(cell: str) -> str:
    """A number with a decimal comma, written with a point; other text as it is."""
    changed = cell.replace(",", ".")
    return changed if cell.count(",") == 1 and changed.lstrip("+-").replace(".", "", 1).isdigit() else cell


def plain(name: str) -> str:
    """A column name without case, spaces and punctuation."""
    return "".join(c for c in name.casefold() if c.isalnum())


def known_columns(line: str, separator: str, aliases: Mapping[str, Sequence[str]]) -> list[str]:
    """Columns that a header line names, "" for unknown ones left out."""
    by_alias = {plain(alias): name for name, others in aliases.items() for alias in (name, *others)}
    return [by_alias[plain(c)] for c in next(csv.reader([line], delimiter=separator), []) if plain(c) in by_alias]


def header(
    line: str,
    separator: str,
    number: int,
    aliases: Mapping[str, Sequence[str]],
    required: Sequence[str],
    faults: Faults,
    remarks: Collection[str] | None = None,
) -> list[str]:
    """Column names in order, "" where a column is not known."""
    by_alias = {plain(alias): name for name, others in aliases.items() for alias in (name, *others)}
    cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    names = [by_alias.get(plain(cell), "") for cell in cells]
    for name in sorted({n for n in names if n and names.count(n) > 1}):
        faults.add(str(number), "two columns mean the same", name, "one column each")
    for cell, name in zip(cells, names, strict=True):
        near = difflib.get_close_matches(plain(cell), by_alias, n=1, cutoff=0.85) if not name and plain(cell) else []
        if near and by_alias[near[0]] not in names:
            faults.add(str(number), "unknown column", cell, by_alias[near[0]], "correct its name")
        elif not name and plain(cell) and remarks is not None and plain(cell) not in remarks:
            known = [*aliases, *remarks]
            hint = difflib.get_close_matches(cell.casefold(), known, n=1, cutoff=0.6)
            remedy = f"did you mean {hint[0]!r}?" if hint else "take it out, or call it note"
            faults.add(str(number), "unknown column", cell, ", ".join(aliases), remedy)
    for name in required:
        if name not in names:
            allowed = ", ".join((name, *aliases[name])[:6])
            faults.add(
                str(number), f"there is no column {name!r}", allowed=allowed, remedy="the first line names columns"
            )
    faults.stop()
    return names


def number(text: str, low: float, high: float) -> float:
    """A finite number within bounds.

    Raises
    ------
    ValueError
        With what is wrong.
    """
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        raise ValueError("not a number") from None
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    if not low <= value <= high:
        raise ValueError("out of range")
    return value
