"""Orbit mean-elements messages as JSON, CSV, XML and KVN, read into columns.

Source: CCSDS 502.0-B-3, Orbit Data Messages (2023), section 4; NDM/XML: CCSDS 505.0-B-3.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from bentpipe.catalog.elements.columns import to_catalog_numbers, to_floats
from bentpipe.catalog.elements.faults import FaultList
from bentpipe.catalog.elements.model import RawElements

_NUMBERS = (
    "MEAN_MOTION",
    "ECCENTRICITY",
    "INCLINATION",
    "RA_OF_ASC_NODE",
    "ARG_OF_PERICENTER",
    "MEAN_ANOMALY",
    "BSTAR",
    "MEAN_MOTION_DOT",
    "MEAN_MOTION_DDOT",
)
#: SGP4 does not use the two derivatives, and some publishers leave them out: not given means zero.
_OPTIONAL = ("MEAN_MOTION_DOT", "MEAN_MOTION_DDOT")
#: What a message may say of itself for SGP4 in TEME and UTC to be right; not said counts as right.
_REQUIRED_FRAME: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("CENTER_NAME", ("EARTH",)),
    ("REF_FRAME", ("TEME",)),
    ("TIME_SYSTEM", ("UTC",)),
    ("MEAN_ELEMENT_THEORY", ("SGP4", "SGP/SGP4")),
    ("EPHEMERIS_TYPE", ("0", "2", "3")),
)


@dataclass
class Table:
    """Records of a file as columns of what was written, nothing converted.

    Parameters
    ----------
    columns : dict of str to sequence of N objects
        Columns under their OMM keywords; None where a record lacks the key.
    place : list of str
        Where each of the N records starts.
    """

    columns: Mapping[str, Sequence[object]]
    place: list[str]


def parse_table(table: Table, faults: FaultList) -> RawElements:
    """Convert the columns of any OMM notation.

    Parameters
    ----------
    table : Table
        N records as written.
    faults : FaultList
        Takes the faults, with the record's place.

    Returns
    -------
    RawElements
        N sets in OMM units.
    """
    place = table.place
    nothing: list[object] = [None] * len(place)
    _check_frame(table, faults)
    numbers = {}
    for key in _NUMBERS:
        values = table.columns.get(key, nothing)
        if key in _OPTIONAL:
            values = [0.0 if _absent(v) else v for v in values]
        elif key == "MEAN_MOTION" and key not in table.columns and "SEMI_MAJOR_AXIS" in table.columns:
            faults.add("SEMI_MAJOR_AXIS in place of MEAN_MOTION", allowed="MEAN_MOTION, as SGP4 needs")
            values = [1.0] * len(place)
        numbers[key] = to_floats(values, key, place, faults)
    return RawElements(
        place=place,
        name=[_text(v) for v in table.columns.get("OBJECT_NAME", nothing)],
        designator=[_text(v) for v in table.columns.get("OBJECT_ID", nothing)],
        catalog_number=to_catalog_numbers(table.columns.get("NORAD_CAT_ID", nothing), place, faults),
        epoch=_epochs(table.columns.get("EPOCH", nothing), place, faults),
        numbers=numbers,
    )


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()[:128]


def _check_frame(table: Table, faults: FaultList) -> None:
    for key, accepted in _REQUIRED_FRAME:
        for row, value in enumerate(table.columns.get(key, ())):
            if value not in accepted and not _absent(value) and str(value).strip().upper() not in accepted:
                what = f"{key} is not one that SGP4 answers for"
                faults.add(what, table.place[row], value, " or ".join(accepted))


_ISO = re.compile(r"\d{4}-(\d{2}-\d{2}|\d{3})T\d{2}:\d{2}:\d{2}(\.\d{1,12})?Z?", re.ASCII)


def _epochs(values: Sequence[object], place: list[str], faults: FaultList) -> NDArray[np.datetime64]:
    """Read ISO 8601 epochs, UTC, calendar or ordinal date, to the microsecond."""
    texts = ["" if value is None else str(value).strip() for value in values]
    out = np.zeros(len(texts), dtype="datetime64[us]")
    try:
        if all(map(_ISO.fullmatch, texts)):
            return np.array([text.rstrip("Z")[:26] for text in texts], dtype="datetime64[us]")
    except ValueError:
        pass  # one at a time below: to name the culprit, or to read ordinal dates
    for row, text in enumerate(texts):
        try:
            out[row] = _one_epoch(text)
        except ValueError:
            what = "EPOCH is not a UTC date and time" if text else "EPOCH is missing"
            faults.add(what, place[row], text or None, "2022-10-24T01:23:45.678912")
            out[row] = np.datetime64("2000-01-01")
    return out


def _one_epoch(text: str) -> np.datetime64:
    if not _ISO.fullmatch(text):
        raise ValueError(text)
    text = text.rstrip("Z")
    if text[7] != "-" or text[8] == "T":  # ordinal date, 2022-297T...
        day = np.timedelta64(int(text[5:8]) - 1, "D")
        if not 0 <= int(text[5:8]) - 1 < 366:
            raise ValueError(text)
        start = np.datetime64(f"{text[:4]}-01-01", "us") + day
        return np.datetime64(f"{str(start)[:10]}{text[8:][:16]}", "us")
    return np.datetime64(text[:26], "us")


def parse_json(text: str, faults: FaultList) -> RawElements:
    """Read OMM JSON: a list of objects, or one object; numbers as numbers or as text.

    Parameters
    ----------
    text : str
        The whole file.
    faults : FaultList
        Takes the faults; places are records counted from 1, or the line of a syntax error.

    Returns
    -------
    RawElements
        N sets.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        _fail(faults, f"not valid JSON ({error.msg})", f"line {error.lineno}", "the file may be cut off")
    except (RecursionError, ValueError) as error:
        _fail(faults, f"not usable JSON ({type(error).__name__})", "", "give a list of OMM objects")
    listed = data if isinstance(data, list) else [data]
    records = {f"record {row}": record for row, record in enumerate(listed, start=1) if isinstance(record, dict)}
    for row, record in enumerate(listed, start=1):
        if not isinstance(record, dict):
            faults.add("not an OMM object", f"record {row}", record, "{...} with OMM keywords")
    if listed and not records:
        faults.raise_any()
    keys = dict.fromkeys(key for record in records.values() for key in record)
    columns = {key: [record.get(key) for record in records.values()] for key in keys}
    return parse_table(Table(columns, list(records)), faults)


def _fail(faults: FaultList, what: str, place: str, remedy: str) -> NoReturn:
    faults.add(what, place, remedy=remedy)
    raise faults.error()


def parse_csv(text: str, faults: FaultList) -> RawElements:
    """Read OMM CSV: a header of OMM keywords, then one record a line.

    Parameters
    ----------
    text : str
        The whole file.
    faults : FaultList
        Takes the faults, with the line's number.

    Returns
    -------
    RawElements
        N sets.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    place: list[str] = []
    try:
        header = [cell.strip().upper() for cell in next(reader)]
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                allowed = f"{len(header)} as in the header"
                faults.add(f"{len(row)} fields", f"line {reader.line_num}", ",".join(row), allowed)
                continue
            rows.append(row)
            place.append(f"line {reader.line_num}")
    except (csv.Error, StopIteration) as error:
        _fail(faults, f"not valid CSV ({error})", f"line {reader.line_num}", "the file may be cut off")
    if len(set(header)) != len(header):
        _fail(faults, "a column stands twice in the header", "line 1", "keep one of them")
    if not rows:
        return parse_table(Table({}, []), faults)
    return parse_table(Table(dict(zip(header, zip(*rows, strict=True), strict=True)), place), faults)


def parse_kvn(text: str, faults: FaultList) -> RawElements:
    """Read OMM in keyword = value notation, one message after another.

    Parameters
    ----------
    text : str
        The whole file; a message starts at CCSDS_OMM_VERS, or at OBJECT_NAME where that is left out.
    faults : FaultList
        Takes the faults, with the number of the line where the message starts.

    Returns
    -------
    RawElements
        N sets.
    """
    records: list[dict[str, str]] = []
    place: list[str] = []
    with_header = "CCSDS_OMM_VERS" in text
    opens = "CCSDS_OMM_VERS" if with_header else "OBJECT_NAME"
    record: dict[str, str] | None = None
    for row, line in enumerate(text.split("\n"), start=1):
        key, equals, value = line.partition("=")
        key, value = key.strip().upper(), value.strip()
        if not key or key.startswith("COMMENT"):
            continue
        if not equals:
            faults.add("not KEYWORD = VALUE", f"line {row}", line.strip(), "OMM in KVN")
            continue
        if key == opens:
            record = {}
            records.append(record)
            place.append(f"message at line {row}")
        if record is None:
            continue
        if key in record:
            faults.add(f"{key} stands twice in one message", f"line {row}", value)
        record[key] = value[: value.rindex("[")].rstrip() if value.endswith("]") and "[" in value else value
    keys = dict.fromkeys(key for record in records for key in record)
    columns = {key: [record.get(key) for record in records] for key in keys}
    return parse_table(Table(columns, place), faults)
