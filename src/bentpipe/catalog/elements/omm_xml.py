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
    """Handlers that gather the leaves under each <omm> element."""

    def __init__(self, parser: Any) -> None:
        self.parser = parser
        self.records: list[dict[str, str]] = []
        self.place: list[str] = []
        self.inside = False
        self.text: list[str] = []

    def start(self, tag: str, _attributes: object) -> None:
        self.text.clear()
        if tag.rpartition(":")[2].lower() == "omm":
            self.inside = True
            self.records.append({})
            self.place.append(f"message at line {self.parser.CurrentLineNumber}")

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name.lower() == "omm":
            self.inside = False
        elif self.inside:
            value = "".join(self.text).strip()
            if value:
                self.records[-1][name.upper()] = value
        self.text.clear()

    def characters(self, data: str) -> None:
        if self.inside:
            self.text.append(data)


def _forbid(*_arguments: object) -> int:
    raise _ForbiddenError


def parse_xml(text: str, faults: FaultList) -> RawElements:
    """Read one or many OMM messages from NDM/XML.

    Parameters
    ----------
    text : str
        The whole file.
    faults : FaultList
        Takes the faults, with the number of the line where the message starts.

    Returns
    -------
    RawElements
        N sets.
    """
    parser = expat.ParserCreate(encoding="utf-8")
    messages = _Messages(parser)
    parser.buffer_text = True
    parser.StartElementHandler = messages.start
    parser.EndElementHandler = messages.end
    parser.CharacterDataHandler = messages.characters
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
