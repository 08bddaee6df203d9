"""A user's own table of people and terminals by H3 cell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.cells import Cells
from bentpipe.catalog.delimited import Faults, decode_text, number, read_bounded, rows_of
from bentpipe.catalog.outlines import FloatArray, IntArray
from bentpipe.errors import GeodataError

ALIASES = {
    "h3": ("cell", "h3index", "h3cell", "hex", "hexid", "cellid"),
    "people": ("population", "pop", "persons"),
    "terminals": ("dishes", "kits"),
}
MOST = 10_000_000_000
OUTSIDE_SHARE = 0.05
"""People outside the territory that a table may have (borders differ between sources); more is a fault."""


@dataclass(frozen=True)
class CellTable:
    """People and terminals in the order of a territory's cells.

    Parameters
    ----------
    people : (C,) float64
        People; 0 in cells that the file does not name.
    terminals : (C,) int64, or None
        Terminals, where the file has that column.
    outside_cells : int
        Cells of the file that the territory does not have.
    outside_people : float
        Their people, left out.
    """

    people: FloatArray
    terminals: IntArray | None
    outside_cells: int
    outside_people: float


def read_cell_table(path: str | Path, cells: Cells) -> CellTable:
    """Read a CSV file with columns h3 (hexadecimal or integer), people and, optionally, terminals.

    Parameters
    ----------
    path : path
        The file.
    cells : Cells
        The territory; the file's cells must be of its resolution.

    Returns
    -------
    CellTable

    Raises
    ------
    GeodataError
        With the line of every fault: not a cell, twice the same, another resolution, not a number, more than
        5 % of the people outside the territory.
    """
    file = Path(path)
    faults = Faults(GeodataError, file.name)
    text = decode_text(read_bounded(file, faults), faults)
    ids: dict[int, int] = {}
    people: list[float] = []
    terminals: list[float] = []
    for line, row in rows_of(text, ALIASES, ("h3", "people"), faults):
        cell = _cell(row["h3"], cells.resolution, line, faults)
        if cell in ids:
            faults.add(str(line), "the cell stands twice in the file", row["h3"], remedy=f"see line {ids[cell]}")
        for key, column in (("people", people), ("terminals", terminals)):
            if key in row:
                column.append(_count(row[key], key, line, faults))
        ids[cell] = line
    faults.stop()
    if not ids:
        faults.add("", "no cells in the file")
        faults.stop()
    return _matched(np.array(list(ids), np.uint64), np.array(people), np.array(terminals), cells, faults)


def _cell(text: str, resolution: int, line: int, faults: Faults) -> int:
    import h3.api.numpy_int as h3

    try:
        value = int(text) if text.isdigit() and len(text) > 16 else int(text, 16)
        good = 0 < value < 2**64 and bool(h3.is_valid_cell(value))
    except ValueError:
        value, good = 0, False
    if not good:
        faults.add(str(line), "not an H3 cell", text, "a hexadecimal id such as 851fb467fffffff")
        return -line
    if h3.get_resolution(value) != resolution:
        faults.add(str(line), "cell of another resolution", h3.get_resolution(value), str(resolution))
    return value


def _count(text: str, key: str, line: int, faults: Faults) -> float:
    try:
        value = number(text, 0, MOST)
        if key == "terminals" and value != int(value):
            raise ValueError("not a whole number")
    except ValueError as error:
        kind = "a whole number from" if key == "terminals" else "a number from"
        faults.add(str(line), f"{key}: {error}", text, f"{kind} 0 to {MOST:,}")
        return 0.0
    return value


def _matched(
    ids: npt.NDArray[np.uint64], people: FloatArray, terminals: FloatArray, cells: Cells, faults: Faults
) -> CellTable:
    at = np.minimum(np.searchsorted(cells.h3, ids), len(cells) - 1)
    inside = cells.h3[at] == ids
    outside = float(people[~inside].sum())
    if not inside.any() or outside > OUTSIDE_SHARE * people.sum():
        what = f"{int((~inside).sum()):,} of {len(ids):,} cells are outside the territory"
        faults.add("", what, f"{outside:,.0f} people", f"at most {OUTSIDE_SHARE:.0%} of the people")
        faults.stop()
    in_order = np.zeros(len(cells))
    in_order[at[inside]] = people[inside]
    counts = None
    if len(terminals):
        counts = np.zeros(len(cells), np.int64)
        counts[at[inside]] = terminals[inside].astype(np.int64)
    return CellTable(in_order, counts, int((~inside).sum()), outside)
