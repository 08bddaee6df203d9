"""The lines on the map: region borders and neighbouring countries, as rings of latitude and longitude.

They come from the caller; without them the borders of the regions are those of their cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bentpipe.report.reading import Float, Reading

TRACED_CELLS = 12_000
"""Above this many cells the borders are not traced from cells: it would take seconds."""


@dataclass(frozen=True)
class Outlines:
    """Rings of shape (n, 2): latitude and longitude in degrees.

    Parameters
    ----------
    regions : tuple of (n, 2) arrays
        Borders of the regions of the territory.
    around : tuple of (n, 2) arrays
        Borders of countries around it, drawn beneath the cells.
    source : str
        Where they come from, for the caption.
    """

    regions: tuple[Float, ...] = ()
    around: tuple[Float, ...] = ()
    source: str = ""


def outlines_of_cells(reading: Reading) -> Outlines:
    """Trace the borders of the regions around their H3 cells."""
    import h3

    cells = reading.cells
    if not len(cells.ids) or len(cells.ids) > TRACED_CELLS:
        return Outlines()
    rings: list[Float] = []
    for region in np.unique(cells.region):
        chosen = [cells.ids[i] for i in (cells.region == region).nonzero()[0]]
        shape = h3.cells_to_h3shape(chosen, tight=False)
        for polygon in shape:
            rings.extend(np.asarray(ring, dtype=np.float64) for ring in (polygon.outer, *polygon.holes))
    return Outlines(regions=tuple(rings), source="the outer edges of each region's cells")
