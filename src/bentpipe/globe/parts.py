"""Where the server finds what a page is told: functions of a run, loaded when first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["part"]

_HOMES: Mapping[str, str] = {
    "cell_values": "cellvalues",
    "cells_csv": "exports",
    "cells_geojson": "exports",
    "comparable": "cellvalues",
    "course": "course",
    "difference": "cellvalues",
    "difference_numbers": "differences",
    "edits_text": "scene",
    "index_map": "cellmap",
    "place_now": "places",
    "read_edits": "edits",
    "regions_csv": "exports",
    "satellites_czml": "czml",
    "scene": "scene",
    "series": "places",
    "series_csv": "exports",
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
