"""Point placemarks of KML text, read as a stream with the standard library's expat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from bentpipe.catalog.delimited import Faults

MAXIMUM_DEPTH = 64
MAXIMUM_PLACEMARKS = 100_000


@dataclass
class Placemark:
    """A placemark.

    Parameters
    ----------
    line : int
        Where it starts.
    name, coordinates : str
        Text of these elements.
    data : dict
        Extended data by name.
    """

    line: int
    name: str = ""
    coordinates: str = ""
    data: dict[str, str] = field(default_factory=dict)


class _RefusedError(Exception):
    """Parsing was stopped; the fault is noted."""


class _Reader:
    """Handlers of the parser; `path` is where it stands."""

    def __init__(self, parser: expat.XMLParserType, faults: Faults) -> None:
        self.parser, self.faults = parser, faults
        self.path: list[str] = []
        self.marks: list[Placemark] = []
        self.points = 0
        self.text: list[str] = []
        self.key = ""
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text.append
        parser.StartDoctypeDeclHandler = self.doctype

    def doctype(self, *_: object) -> None:
        """Refuse document types: with them come entity bombs and outside files."""
        self.refuse("XML with a document type is refused", "remove the <!DOCTYPE ...> part")

    def refuse(self, what: str, remedy: str = "") -> None:
        """Note a fault and stop."""
        self.faults.add(str(self.parser.CurrentLineNumber), what, remedy=remedy)
        raise _RefusedError

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = tag.rpartition(":")[2]
        self.path.append(name)
        self.text.clear()
        if len(self.path) > MAXIMUM_DEPTH:
            self.refuse("elements nested too deeply")
        if name == "Placemark":
            self.marks.append(Placemark(self.parser.CurrentLineNumber))
            self.points = 0
            if len(self.marks) > MAXIMUM_PLACEMARKS:
                self.refuse(f"more than {MAXIMUM_PLACEMARKS:,} placemarks")
        if name in ("Data", "SimpleData"):
            self.key = attributes.get("name", "")

    def end(self, tag: str) -> None:
        """An element ends: take its text where it is one of ours."""
        text = "".join(self.text).strip()
        self.text.clear()
        path, name = self.path, self.path.pop()
        if name == "Placemark":
            mark = self.marks[-1]
            if self.points != 1:
                self.faults.add(str(mark.line), "a placemark without exactly one point", mark.name, "a <Point>")
        elif "Placemark" in path:
            self.take(path, name, text)

    def take(self, path: Sequence[str], name: str, text: str) -> None:
        """Keep the text of an element inside a placemark."""
        mark = self.marks[-1]
        parent = path[-1]
        if name == "name" and parent == "Placemark":
            mark.name = text
        elif name == "coordinates" and parent == "Point":
            mark.coordinates = text
            self.points += 1
        elif (name == "value" and parent == "Data") or name == "SimpleData":
            mark.data[self.key] = text


def read_placemarks(content: bytes, faults: Faults) -> list[Placemark]:
    """Placemarks of a KML text; faults are noted.

    Parameters
    ----------
    content : bytes
        The file.
    faults : Faults
        Where to note faults.

    Returns
    -------
    list of Placemark
        Empty where the text is no sound XML.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    reader = _Reader(parser, faults)
    try:
        parser.Parse(content, True)
    except _RefusedError:
        return []
    except expat.ExpatError as error:
        faults.add(str(error.lineno), f"not sound XML: {expat.ErrorString(error.code)}")
        return []
    return [mark for mark in reader.marks if mark.coordinates]
