"""Orbit mean-elements messages as XML, with no entity of any kind: neither external ones nor bombs.

Source: CCSDS 505.0-B-3, XML Specification for Navigation Data Messages (2023).
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from bentpipe.catalog.elements.faults import FaultList
from bentpipe.catalog.elements.model import RawElements
from bentpipe.catalog.elements.omm import Table, parse_table


class _ForbiddenError(Exception):
    """An entity was declared, or an external one used."""


class _Messages:
    """What is gathered under each <omm> element.

    Calls from the parser are what costs time, so there are two for an element: its text, which goes straight
    into a list, and its end. The text before an end is that of a leaf, or the blanks between two ends.
    """

    def __init__(self, parser: Any) -> None:
        self.parser = parser
        self.records: list[dict[str, str]] = []
        self.place: list[str] = []
        self.record: dict[str, str] = {}
        self.text: list[str] = []

    def end(self, tag: str) -> None:
        if self.text:
            value = "".join(self.text).strip()
            self.text.clear()
            if value:
                self.record[tag] = value
        if tag.rpartition(":")[2] in ("omm", "OMM"):
            self.records.append({key.rpartition(":")[2].upper(): v for key, v in self.record.items()})
            self.place.append(f"message that ends at line {self.parser.CurrentLineNumber}")
            self.record = {}


def _forbid(*_arguments: object) -> int:
    raise _ForbiddenError


def parse_xml(text: str, faults: FaultList) -> RawElements:
    """Read one or many OMM messages from NDM/XML.

    Parameters
    ----------
    text : str
        The whole file.
    faults : FaultList
        Takes the faults, with the number of the line where the message ends.

    Returns
    -------
    RawElements
        N sets.
    """
    parser = expat.ParserCreate(encoding="utf-8")
    messages = _Messages(parser)
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.EndElementHandler = messages.end
    parser.CharacterDataHandler = messages.text.append
    parser.EntityDeclHandler = _forbid
    parser.UnparsedEntityDeclHandler = _forbid
    parser.ExternalEntityRefHandler = _forbid
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(text.encode("utf-8"), True)
    except _ForbiddenError:
        place = f"line {parser.CurrentLineNumber}"
        faults.add("entities are not accepted", place, remedy="remove the DOCTYPE")
    except expat.ExpatError as error:
        what = f"not valid XML ({expat.ErrorString(error.code)})"
        faults.add(what, f"line {error.lineno}", remedy="the file may be cut off")
    faults.raise_any()
    keys = dict.fromkeys(key for record in messages.records for key in record)
    columns = {key: [record.get(key) for record in messages.records] for key in keys}
    return parse_table(Table(columns, messages.place), faults)
