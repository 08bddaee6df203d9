"""Where the server finds what a page is told: functions of a run, loaded when first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["part"]

_HOMES: Mapping[str, str] = {
    "cell_values": "cellvalues",
    "difference": "cellvalues",
    "difference_numbers": "differences",
    "course": "course",
    "export_cells_csv": "exports",
    "export_cells_geojson": "exports",
    "export_regions_csv": "exports",
    "export_satellites_czml": "exports",
    "export_series_csv": "exports",
    "index_map": "cellmap",
    "place_now": "places",
    "read_edits": "edits",
    "scene": "scene",
    "series": "places",
    "slot_numbers": "numbers",
    "territory_outlines": "outlines",
    "world_outlines": "outlines",
}


def part(name: str) -> Callable[..., Any]:
    """Load a function.

    Parameters
    ----------
    name : str
        Of a function that reads a run for the page.

    Returns
    -------
    callable
    """
    found: Callable[..., Any] = getattr(importlib.import_module(f"bentpipe.globe.{_HOMES[name]}"), name)
    return found
