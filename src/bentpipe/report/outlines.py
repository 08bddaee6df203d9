"""The lines on the map: region borders and neighbouring countries, as rings of latitude and longitude.

They come from the catalogue's geodata; a territory that it does not know has the borders of its own cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bentpipe.report.reading import Float, Reading

TRACED_CELLS = 12_000
"""Above this many cells the borders are not traced from cells: it would take seconds."""
MARGIN = 0.35
"""How far around the cells outlines are fetched, as a share of their extent."""


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


def outlines_for(reading: Reading) -> Outlines:
    """Return the outlines for the map of a run: countries from the geodata, regions from the cells.

    Region borders follow the cells, since every cell belongs to one region whole.
    """
    if not len(reading.cells.ids):
        return Outlines()
    own = outlines_of_cells(reading)
    around = countries_around(reading)
    sources = [s for s in (own.source, "countries from Natural Earth (public domain)" if around else "") if s]
    return Outlines(regions=own.regions, around=around, source="; ".join(sources))


def countries_around(reading: Reading) -> tuple[Float, ...]:
    """Return the outlines of all countries on and around the cells, from the catalogue's geodata."""
    from bentpipe.catalog.geodata import load_geodata

    lat, lon = reading.cells.latitude_deg, reading.cells.longitude_deg
    south, north, west, east = (float(v) for v in (lat.min(), lat.max(), lon.min(), lon.max()))
    if east - west > 180:
        south, north, west, east = -85.0, 85.0, -180.0, 180.0
    else:
        tall, wide = MARGIN * max(north - south, 1.0), MARGIN * max(east - west, 1.0) + 1.0
        south, north = max(south - tall, -89.0), min(north + tall, 89.0)
        west, east = max(west - wide, -180.0), min(east + wide, 180.0)
    found = load_geodata().outlines_within(south, west, north, east, 0.0)  # the sheet thins them faster
    return tuple(ring for rings in found.values() for ring in rings)


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
    return Outlines(regions=tuple(rings), source="regions along the edges of their cells")
