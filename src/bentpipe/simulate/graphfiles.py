"""A graph as GraphML or as a table."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bentpipe.results.store import write_atomically

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}
Row = Mapping[str, Any]


def graphml(path: Path, about: Row, nodes: Sequence[Row], links: Sequence[Row]) -> Path:
    """Write an undirected graph as GraphML, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        File to write; its folder is made.
    about : mapping
        Attributes of the graph.
    nodes : sequence of mapping
        Attributes, `id` among them; those that are None are left out.
    links : sequence of mapping
        Attributes, `source` and `target` among them.

    Returns
    -------
    pathlib.Path
        The file. U. Brandes and others, "GraphML progress report", Graph Drawing 2001; graphml.graphdrawing.org.
    """
    root = ET.Element("graphml", xmlns=_NAMESPACE)
    keys = {
        **_keys(root, "graph", [about], ()),
        **_keys(root, "node", nodes, ("id",)),
        **_keys(root, "edge", links, ("source", "target")),
    }
    graph = ET.SubElement(root, "graph", edgedefault="undirected")
    _data(graph, "graph", about, keys)
    for row in nodes:
        _data(ET.SubElement(graph, "node", id=row["id"]), "node", row, keys)
    for row in links:
        _data(ET.SubElement(graph, "edge", source=row["source"], target=row["target"]), "edge", row, keys)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, ET.tostring(root, encoding="utf-8", xml_declaration=True))
    return path


def _keys(root: ET.Element, kind: str, rows: Sequence[Row], taken: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """Declare the attributes of nodes, or of links: their names by kind and their types."""
    types: dict[str, type] = {}
    for row in rows:
        types.update((name, type(value)) for name, value in row.items() if value is not None and name not in taken)
    found = {}
    for name, of in types.items():
        found[kind, name] = f"{kind}_{name}"
        ET.SubElement(root, "key", {"id": found[kind, name], "for": kind, "attr.name": name, "attr.type": _TYPES[of]})
    return found


def _data(element: ET.Element, kind: str, row: Row, keys: Mapping[tuple[str, str], str]) -> None:
    for name, value in row.items():
        key = keys.get((kind, name))
        if key is not None and value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            ET.SubElement(element, "data", key=key).text = text


def table(path: Path, rows: Sequence[Row], names: Mapping[str, str]) -> None:
    """Write rows as CSV, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        File to write; its folder is made.
    rows : sequence of mapping
        All with the same keys; None becomes an empty cell.
    names : mapping
        Titles of columns that are not to be called by their key.
    """
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    for row in rows[:1]:
        out.writerow(names.get(key, key) for key in row)
    out.writerows(row.values() for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.getvalue().encode())
