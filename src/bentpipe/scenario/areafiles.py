"""A polygon given as the name of a GeoJSON file: ``polygon = "area.geojson"`` reads as its corners."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

from pydantic import WrapValidator

from bentpipe.scenario.values import Latitude, Longitude, refuse

MOST_BYTES = 20_000_000
MOST_CORNERS = 20_000
_ALLOWED = "GeoJSON (RFC 7946) with one Polygon of [longitude, latitude] in degrees"


class Ring(tuple[tuple[float, float], ...]):
    """Corners of a polygon that were read from a file: a tuple like any other that knows the file.

    Parameters
    ----------
    corners : iterable of (float, float)
        Latitude and longitude, degrees.
    file : pathlib.Path
        Where they were read.
    """

    file: Path

    def __new__(cls, corners: Iterable[tuple[float, float]], file: Path) -> Ring:
        """Make the tuple."""
        made = super().__new__(cls, tuple(corners))
        made.file = file
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Let a ring be pickled and copied."""
        return tuple(self), self.file


def _read_or_take(value: Any, corners: Any) -> Any:
    """Read a file's name as the corners in it; take a list as it is."""
    if not isinstance(value, str | Path):
        return corners(value)
    return Ring(corners(read_area(Path(value))), Path(value))


Polygon = Annotated[tuple[tuple[Latitude, Longitude], ...], WrapValidator(_read_or_take)]
"""Corners (latitude, longitude) in degrees, or the path of a GeoJSON file that holds them."""


def read_area(path: Path) -> list[tuple[float, float]]:
    """Read the outer ring of the one polygon in a GeoJSON file.

    Parameters
    ----------
    path : pathlib.Path
        A Polygon, a Feature with one, or a FeatureCollection of one such Feature.

    Returns
    -------
    list of (float, float)
        Corners (latitude, longitude), degrees; the closing one, which repeats the first, left out.

    Raises
    ------
    pydantic_core.PydanticCustomError
        With what is wrong, as `bentpipe.scenario.values.refuse` makes it.
    """
    rings = _geometry(_parsed(path), path.name).get("coordinates")
    if not isinstance(rings, list) or not rings or not isinstance(rings[0], list):
        _refuse(path.name, "the Polygon has no ring")
    if len(rings) > 1:
        _refuse(path.name, f"polygons with holes are not modelled, and this one has {len(rings) - 1}", "take them out")
    corners = [_corner(corner, number, path.name) for number, corner in enumerate(rings[0])]
    if len(corners) > MOST_CORNERS:
        _refuse(path.name, f"{len(corners):,} corners are too many (at most {MOST_CORNERS:,})", "simplify the outline")
    return corners[:-1] if len(corners) > 1 and corners[0] == corners[-1] else corners


def _refuse(file: str, what: str, remedy: str = "") -> NoReturn:
    raise refuse(f"{file}: {what}", _ALLOWED, remedy)


def _parsed(path: Path) -> Any:
    # os.path answers False where pathlib raises: names too long for the file system, NUL characters.
    if not os.path.isfile(path):
        what = "a folder where a file belongs" if os.path.isdir(path) else "no such file"
        raise refuse(what, "corners [[latitude, longitude], ...], or the path of a GeoJSON file")
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        _refuse(path.name, f"cannot be read: {error.strerror or error}")
    if len(raw) > MOST_BYTES:
        _refuse(path.name, f"larger than {MOST_BYTES:,} bytes", "simplify the outline")
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        _refuse(path.name, "not UTF-8 text")
    except (ValueError, RecursionError) as error:
        line = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        _refuse(path.name, f"not JSON{line}")


def _geometry(data: Any, file: str) -> dict[str, Any]:
    """Find the one polygon."""
    if isinstance(data, dict) and data.get("type") == "FeatureCollection":
        features = data.get("features")
        if not isinstance(features, list) or len(features) != 1:
            found = len(features) if isinstance(features, list) else "none"
            _refuse(file, f"one feature belongs here, found {found}", "split it into files of one polygon each")
        data = features[0]
    if isinstance(data, dict) and data.get("type") == "Feature":
        data = data.get("geometry")
    kind = data.get("type") if isinstance(data, dict) else None
    if kind in ("MultiPolygon", "GeometryCollection"):
        _refuse(file, f"areas of several parts ({kind}) are not modelled", "give one polygon, or one event for each")
    if not isinstance(data, dict) or kind != "Polygon":
        _refuse(file, f"not a Polygon but {kind}" if isinstance(kind, str) else "no GeoJSON geometry")
    return data


def _corner(corner: Any, number: int, file: str) -> tuple[float, float]:
    if not isinstance(corner, list) or len(corner) not in (2, 3):
        _refuse(file, f"corner {number} is not [longitude, latitude]")
    longitude, latitude = corner[:2]
    for value, name, most in ((longitude, "longitude", 180), (latitude, "latitude", 90)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
            swapped = "; GeoJSON has the longitude first" if name == "latitude" else ""
            _refuse(file, f"corner {number}: {name} {str(value)[:40]} is not within {-most} to {most}{swapped}")
    return float(latitude), float(longitude)
