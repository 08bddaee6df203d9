"""Two-line and three-line element sets: every column and checksum verified, 10,000 sets in a blink.

Source of the columns: T. S. Kelso, "Frequently Asked Questions: Two-Line Element Set Format"; Spacetrack
Report No. 3 (1980).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bentpipe.catalog.elements.columns import to_catalog_numbers, to_floats
from bentpipe.catalog.elements.faults import FaultList
from bentpipe.catalog.elements.model import RawElements

Characters = NDArray[np.uint8]

_WIDTH = 69
#: First line of Hypatia's files: planes, and satellites a plane.
_PLANES = re.compile(r"\d+ \d+", re.ASCII)
#: Zero-based columns that must be blank, and those that must hold a decimal point, on each line.
_BLANK = {1: (1, 8, 17, 32, 43, 52, 61, 63), 2: (1, 7, 16, 25, 33, 42, 51)}
_POINT = {1: (23, 34), 2: (11, 20, 37, 46, 54)}


@dataclass
class _Pairs:
    """The pairs of lines of a file, before they are parsed."""

    name: list[str] = field(default_factory=list)
    first: list[str] = field(default_factory=list)
    second: list[str] = field(default_factory=list)
    place: list[str] = field(default_factory=list)
    place2: list[str] = field(default_factory=list)

    def append(self, name: str, first: tuple[str, int], second: str, row: int) -> None:
        """Add one element set, its line 2 at `row`."""
        self.name.append(name)
        self.first.append(first[0])
        self.second.append(second)
        self.place.append(f"line {first[1]}")
        self.place2.append(f"line {row}")


def parse_tle(text: str, faults: FaultList) -> RawElements:
    """Read two- or three-line element sets.

    Parameters
    ----------
    text : str
        The whole file; names may stand before each pair, with or without a leading "0 ". A first line of two whole
        numbers is passed over: the planes and satellites a plane that satgenpy (Hypatia) writes there.
    faults : FaultList
        Takes every fault, with the line's number.

    Returns
    -------
    RawElements
        N sets; sets at fault are among them only so that all the faults can be listed.
    """
    pairs = _pair_lines(text, faults)
    one, two = _matrix(pairs.first), _matrix(pairs.second)
    place, place2 = pairs.place, pairs.place2
    bad = _check_layout(one, 1, place, faults) | _check_layout(two, 2, place2, faults)
    for at in np.flatnonzero((one[:, 2:7] != two[:, 2:7]).any(axis=1) & ~bad):
        both = f"{pairs.first[at][2:7]} and {pairs.second[at][2:7]}"
        faults.add("the two lines name different satellites", place[at], both)
        bad[at] = True
    good = np.flatnonzero(~bad)
    return _parse_columns(
        one[good],
        two[good],
        [place[at] for at in good],
        [place2[at] for at in good],
        [pairs.name[at] for at in good],
        faults,
    )


def _pair_lines(text: str, faults: FaultList) -> _Pairs:
    """Bring names, first lines and second lines together; a line out of turn is a fault."""
    pairs = _Pairs()
    name = ""
    waiting = ("", 0)  # a line 1 and its row, until its line 2 comes
    for row, raw in enumerate(text.split("\n"), start=1):
        line = raw.rstrip()
        if not line or (row == 1 and _PLANES.fullmatch(line)):
            continue
        kind = line[:2] if _is_data(line) else ""
        if waiting[0] and kind != "2 ":
            faults.add("line 1 of an element set without its line 2", f"line {waiting[1]}", waiting[0][:20])
            waiting = ("", 0)
        if kind == "1 ":
            waiting = (line, row)
        elif kind != "2 ":
            name = _name(line, row, faults)
        elif not waiting[0]:
            faults.add("line 2 of an element set without its line 1", f"line {row}", line[:20])
        else:
            if _fits(*waiting, faults) & _fits(line, row, faults):
                pairs.append(name, waiting, line, row)
            name, waiting = "", ("", 0)
    if waiting[0]:
        faults.add("the file ends after line 1 of an element set", f"line {waiting[1]}", waiting[0][:20])
    elif name and pairs.first:
        faults.add("the file ends after a name, without its element set", value=name)
    return pairs


def _is_data(line: str) -> bool:
    """Tell data from a name that starts alike ("2 BROTHERS"): data carry a number in columns 3 to 7."""
    return line[:2] in ("1 ", "2 ") and line[6:7].isdigit() and (len(line) > 24 or "." in line)


def _name(line: str, row: int, faults: FaultList) -> str:
    """Return the name that a line gives (the format allows 24 characters, some tools write more)."""
    text = line[2:].strip() if line.startswith("0 ") else line.strip()
    if len(text) > 64 or not text.isprintable():
        faults.add("neither a name nor a line of an element set", f"line {row}", line, "TLE or 3LE text")
        return ""
    return text


def _fits(line: str, row: int, faults: FaultList) -> bool:
    if len(line) == _WIDTH and line.isascii():
        return True
    what = "holds characters that are not ASCII" if not line.isascii() else f"has {len(line)} columns"
    remedy = "the file may be cut off" if len(line) < _WIDTH else "remove what follows column 69"
    faults.add(f"line {line[0]} of an element set {what}", f"line {row}", line, f"{_WIDTH} columns", remedy)
    return False


def _matrix(lines: list[str]) -> Characters:
    joined = "".join(lines).encode("ascii")
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(lines), _WIDTH)


def _check_layout(chars: Characters, which: int, place: list[str], faults: FaultList) -> NDArray[np.bool_]:
    """Verify checksum, blanks and decimal points; return the rows (N,) at fault."""
    digits = (chars >= ord("0")) & (chars <= ord("9"))
    worth = np.where(digits, chars.astype(np.int64) - ord("0"), 0) + (chars == ord("-"))
    expected = worth[:, :-1].sum(axis=1) % 10
    off_columns = (chars[:, list(_BLANK[which])] != ord(" ")).any(axis=1)
    off_columns |= (chars[:, list(_POINT[which])] != ord(".")).any(axis=1)
    off_sum = ~digits[:, -1] | (worth[:, -1] != expected)
    for at in np.flatnonzero(off_columns):
        line = chars[at].tobytes().decode("ascii")
        faults.add(f"line {which}: columns out of place", place[at], line, "the columns of the TLE format")
    for at in np.flatnonzero(off_sum & ~off_columns):
        faults.add("wrong checksum", place[at], chr(chars[at, -1]), str(expected[at]), "the line is damaged")
    return np.asarray(off_columns | off_sum)


def _parse_columns(
    one: Characters, two: Characters, place: list[str], place2: list[str], name: list[str], faults: FaultList
) -> RawElements:
    def first(start: int, stop: int) -> list[str]:
        return _slices(one, start, stop)

    def second(key: str, start: int, stop: int) -> NDArray[np.float64]:
        return to_floats(_slices(two, start, stop), key, place2, faults)

    eccentricity = [text.replace(" ", "0") for text in _slices(two, 26, 33)]
    for at, kind in enumerate(first(62, 63)):
        if kind not in " 023":  # 1 is SGP, 4 is SGP4-XP; 2 and 3 are propagated with SGP4 as well
            faults.add("the ephemeris type is not SGP4", place[at], kind, "blank, 0, 2 or 3")
    numbers = {
        "MEAN_MOTION_DOT": to_floats(_signed(first(33, 43)), "MEAN_MOTION_DOT", place, faults),
        "MEAN_MOTION_DDOT": _with_exponent(one, 44, "MEAN_MOTION_DDOT", place, faults),
        "BSTAR": _with_exponent(one, 53, "BSTAR", place, faults),
        "INCLINATION": second("INCLINATION", 8, 16),
        "RA_OF_ASC_NODE": second("RA_OF_ASC_NODE", 17, 25),
        "ECCENTRICITY": to_floats([f"0.{t}" for t in eccentricity], "ECCENTRICITY", place2, faults),
        "ARG_OF_PERICENTER": second("ARG_OF_PERICENTER", 34, 42),
        "MEAN_ANOMALY": second("MEAN_ANOMALY", 43, 51),
        "MEAN_MOTION": second("MEAN_MOTION", 52, 63),
    }
    number = to_catalog_numbers(first(2, 7), place, faults)
    designator = [text.strip() for text in first(9, 17)]
    return RawElements(place, name, designator, number, _epochs(first(18, 32), place, faults), numbers)


def _slices(chars: Characters, start: int, stop: int) -> list[str]:
    width = stop - start
    block = np.ascontiguousarray(chars[:, start:stop]).tobytes().decode("ascii")
    return [block[at : at + width] for at in range(0, len(block), width)]


def _signed(texts: list[str]) -> list[str]:
    """Join a sign to its number, which may stand apart ("- .00001")."""
    return [text.replace(" ", "") for text in texts]


def _with_exponent(chars: Characters, start: int, key: str, place: list[str], faults: FaultList) -> NDArray[np.float64]:
    """Read eight columns " 12345-3" as 0.12345e-3; blanks stand for zeros."""
    written = chars[:, start : start + 8].astype(np.int64)
    block = np.where(written == ord(" "), 0, written - ord("0"))
    plus, minus = ord("+") - ord("0"), ord("-") - ord("0")
    digits = (block >= 0) & (block <= 9)
    sign, exponent_sign = block[:, 0], block[:, 6]
    off = ~digits[:, [1, 2, 3, 4, 5, 7]].all(axis=1)
    off |= ~np.isin(sign, (0, plus, minus)) | ~np.isin(exponent_sign, (0, plus, minus))
    for at in np.flatnonzero(off):
        found = chars[at, start : start + 8].tobytes().decode("ascii")
        faults.add(f"{key} is not a number", place[at], found, "such as ' 12345-3' for 0.12345e-3")
    mantissa = block[:, 1:6] @ np.array([10_000, 1000, 100, 10, 1])
    power = np.where(exponent_sign == minus, -block[:, 7], block[:, 7]) - 5
    values: NDArray[np.float64] = np.where(sign == minus, -1.0, 1.0) * mantissa * 10.0 ** np.clip(power, -14, 4)
    return values


def _epochs(texts: list[str], place: list[str], faults: FaultList) -> NDArray[np.datetime64]:
    """Read "22298.06214606": years 57 to 56 are 1957 to 2056, the day counts from 1; to the microsecond."""
    years = to_floats([text[:2].replace(" ", "0") for text in texts], "epoch year", place, faults)
    days = to_floats([text[2:] for text in texts], "epoch day", place, faults)
    for at in np.flatnonzero((days < 1.0) | (days >= 367.0)):
        faults.add("epoch day out of range", place[at], texts[at], "day 1 to 366 of the year")
    years, days = np.nan_to_num(years), np.nan_to_num(days, nan=1.0)
    full = np.where(years < 57, 2000, 1900) + years
    start = (full.astype(np.int64) - 1970).astype("datetime64[Y]").astype("datetime64[us]")
    micros = np.rint((days - 1.0) * 86_400e6).astype("timedelta64[us]")
    epochs: NDArray[np.datetime64] = start + micros
    return epochs
