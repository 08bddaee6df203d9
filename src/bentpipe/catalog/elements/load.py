"""The one door for element-set files of every format."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from bentpipe.catalog.elements.faults import FaultList
from bentpipe.catalog.elements.model import ElementSet, ElementSource, assemble
from bentpipe.catalog.elements.omm import parse_csv, parse_json, parse_kvn
from bentpipe.catalog.elements.omm_xml import parse_xml
from bentpipe.catalog.elements.reading import MAX_BYTES, detect_format, read_content
from bentpipe.catalog.elements.tle import parse_tle


def load_elements(path: str | PathLike[str], max_bytes: int = MAX_BYTES) -> ElementSet:
    """Read element sets from a file, whatever its format and name.

    TLE and 3LE text (five digits or Alpha-5, checksums and columns verified) and OMM as JSON, CSV, XML or KVN
    (catalogue numbers of up to nine digits), plain or gzip. A satellite that stands more than once keeps its
    newest epoch; `source.notes` says so where the elements differ.

    Parameters
    ----------
    path : str or path
        The file.
    max_bytes : int
        Most bytes accepted, stored and unpacked each.

    Returns
    -------
    ElementSet
        N satellites in order of the file; radians, rad/min, UTC.

    Raises
    ------
    ElementsError
        With every fault found, each with file, line or record, value, allowed range and remedy.
    """
    file = Path(path)
    content = read_content(file, max_bytes)
    kind = detect_format(content.text, file.name)
    faults = FaultList(file.name)
    parse = {
        "tle": parse_tle,
        "omm-json": parse_json,
        "omm-csv": parse_csv,
        "omm-xml": parse_xml,
        "omm-kvn": parse_kvn,
    }[kind]
    raw = parse(content.text, faults)
    return assemble(raw, ElementSource(str(file), content.sha256, kind), faults)
