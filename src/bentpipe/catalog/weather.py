"""Climate of places for attenuation: point values that ship, or a user's own table.

ITU's digital maps of rain, vapour and clouds may not be passed on without ITU's permission (NOTICE says where that
is written), so no map ships. `data/weather-points.csv` holds the values at 53 points - the sites and gateways of the
built-in scenarios, and points over Ukraine - computed with `itur` 0.4.0. Elsewhere a table must be given: `pip install
itur` and `tools/build_weather.py` make one in a minute, as a grid (.npz) or as points (.csv).

Points are interpolated by inverse square distance from the four nearest within 150 km (*assumed*; against the maps
themselves the error is stated in docs/models/weather.md), grids bilinearly.
"""

from __future__ import annotations

import csv
import io
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.outlines import open_data
from bentpipe.earth.greatcircle import great_circle_m
from bentpipe.errors import Fault, InputError

FloatArray = npt.NDArray[np.float64]

REACH_M = 150e3
"""Points farther away than this say nothing of a place, m: assumed."""
NEAREST = 4
SHIPPED = "weather-points.csv"
REMEDY = "make a table with tools/build_weather.py (it needs `itur`, the optional extra `weather`) and give its path"
SINGLE = (
    "altitude_m",
    "rain_height_m",
    "rain_rate_001_mm_h",
    "rain_probability_pct",
    "wet_refractivity",
    "pressure_pa",
    "temperature_k",
)
BY_PROBABILITY = ("vapour_density_kg_m3", "vapour_column_kg_m2", "cloud_liquid_kg_m2")


class ClimateAt(NamedTuple):
    """Climate of C places, field by field what `bentpipe.link.placeweather.PlaceClimate` takes: K probabilities.

    Parameters
    ----------
    latitude_deg, altitude_m, rain_height_m, rain_rate_001_mm_h, rain_probability_pct, wet_refractivity,
    pressure_pa, temperature_k : (C,) float64
        Degrees, m, m, mm/h, %, N-units, Pa, K.
    p_pct : (K,) float64
        Probabilities of the columns below, %.
    vapour_density_kg_m3, vapour_column_kg_m2, cloud_liquid_kg_m2 : (C, K) float64
        kg/m3, kg/m2, kg/m2.
    """

    latitude_deg: FloatArray
    altitude_m: FloatArray
    rain_height_m: FloatArray
    rain_rate_001_mm_h: FloatArray
    rain_probability_pct: FloatArray
    wet_refractivity: FloatArray
    pressure_pa: FloatArray
    temperature_k: FloatArray
    p_pct: FloatArray
    vapour_density_kg_m3: FloatArray
    vapour_column_kg_m2: FloatArray
    cloud_liquid_kg_m2: FloatArray


@dataclass(frozen=True)
class WeatherTable:
    """A table of climate: scattered points, or a grid.

    Parameters
    ----------
    latitude_deg, longitude_deg : (P,) float64, or (I,) and (J,) for a grid
        Degrees.
    p_pct : (K,) float64
        Probabilities, %.
    fields : dict of str to ndarray
        (P,) or (P, K); (I, J) or (I, J, K) for a grid. Units are in the names.
    is_grid : bool
        Which of the two.
    source : str
        Where the values come from, for the report.
    """

    latitude_deg: FloatArray
    longitude_deg: FloatArray
    p_pct: FloatArray
    fields: dict[str, FloatArray]
    is_grid: bool
    source: str


def load_weather(path: str | Path | None = None) -> WeatherTable:
    """Read a table of climate.

    Parameters
    ----------
    path : str or Path, optional
        A .csv or .npz file written by tools/build_weather.py; without it the points that ship.

    Returns
    -------
    WeatherTable
        ITU-R P.837-7, P.839-4, P.1511-2, P.1510-1, P.453-13, P.836-6 and P.840-8 by way of `itur`.
    """
    if path is None:
        with open_data(SHIPPED) as stream:
            return _from_csv(stream.read(), SHIPPED)
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(Fault(f"cannot be read ({error.strerror})", str(file), remedy=REMEDY)) from None
    return _from_npz(content, str(file)) if content[:2] == b"PK" else _from_csv(content, str(file))


def _from_csv(content: bytes, where: str) -> WeatherTable:
    """Points of a CSV file; lines that begin with # say where they come from."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(Fault("neither a .npz file nor a CSV file in UTF-8", where, remedy=REMEDY)) from None
    about = [line[1:].strip() for line in lines if line.startswith("#")]
    rows = list(csv.reader(io.StringIO("\n".join(line for line in lines if line and not line.startswith("#")))))
    if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise InputError(Fault("no table with a header and rows of one length", where, remedy=REMEDY))
    columns = dict(zip(rows[0], zip(*rows[1:], strict=True), strict=True))
    try:
        numbers = {key: np.array(cells, dtype=np.float64) for key, cells in columns.items() if key != "name"}
    except ValueError as error:
        raise InputError(Fault(f"a cell is not a number ({error})", where, remedy=REMEDY)) from None
    levels = sorted(float(key.split("@")[1]) for key in numbers if key.startswith(f"{BY_PROBABILITY[0]}@"))
    needed = ("latitude_deg", "longitude_deg", *SINGLE, *(f"{key}@{p:g}" for key in BY_PROBABILITY for p in levels))
    _require(needed, numbers, where)
    fields = {key: numbers[key] for key in SINGLE}
    fields |= {key: np.stack([numbers[f"{key}@{p:g}"] for p in levels], axis=-1) for key in BY_PROBABILITY if levels}
    source = "; ".join(about) or where
    return _checked(
        WeatherTable(numbers["latitude_deg"], numbers["longitude_deg"], np.array(levels), fields, False, source), where
    )


def _from_npz(content: bytes, where: str) -> WeatherTable:
    """A grid."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as pack:
            arrays = {key: pack[key] for key in pack.files}
    except (ValueError, OSError, zipfile.BadZipFile):
        raise InputError(Fault("damaged, or not a table of numbers", where, remedy=REMEDY)) from None
    _require(("latitude_deg", "longitude_deg", "p_pct", *SINGLE, *BY_PROBABILITY), arrays, where)
    source = "; ".join(str(arrays[key]) for key in ("source", "made") if key in arrays) or where
    fields = {key: np.asarray(arrays[key], dtype=np.float64) for key in (*SINGLE, *BY_PROBABILITY)}
    lat, lon, p = (np.asarray(arrays[key], dtype=np.float64) for key in ("latitude_deg", "longitude_deg", "p_pct"))
    return _checked(WeatherTable(lat, lon, p, fields, True, source), where)


def _require(needed: tuple[str, ...], found: object, where: str) -> None:
    """Every missing column or array at once."""
    missing = [Fault(f"{key} is missing", where, remedy=REMEDY) for key in needed if key not in found]  # type: ignore[operator]
    if missing:
        raise InputError(*missing)


def _checked(table: WeatherTable, where: str) -> WeatherTable:
    """Refuse shapes that do not fit, NaN and axes that do not rise."""
    base = (len(table.latitude_deg), len(table.longitude_deg)) if table.is_grid else (len(table.latitude_deg),)
    shapes = dict.fromkeys(SINGLE, base) | {key: (*base, len(table.p_pct)) for key in BY_PROBABILITY}
    faults = [
        Fault("its shape does not fit the axes", f"{where}: {key}", table.fields[key].shape, str(shape))
        for key, shape in shapes.items()
        if table.fields.get(key, np.empty(0)).shape != shape
    ]
    faults += [
        Fault("a value is missing or not finite", f"{where}: {key}", remedy=REMEDY)
        for key, values in (table.fields | {"latitude_deg": table.latitude_deg}).items()
        if not np.all(np.isfinite(values))
    ]
    rising = [table.p_pct, *([table.latitude_deg, table.longitude_deg] if table.is_grid else [])]
    if any(len(axis) == 0 or np.any(np.diff(axis) <= 0.0) for axis in rising):
        faults.append(Fault("an axis does not rise", where, allowed="rising degrees and probabilities"))
    if faults:
        raise InputError(*faults)
    return table


def weather_at(table: WeatherTable, lat_deg: npt.ArrayLike, lon_deg: npt.ArrayLike) -> ClimateAt:
    """Interpolate the climate of places.

    Parameters
    ----------
    table : WeatherTable
        From :func:`load_weather`.
    lat_deg, lon_deg : (C,) array_like
        Places, degrees.

    Returns
    -------
    ClimateAt
        C places; a place that the table does not cover is refused.
    """
    lat, lon = (np.atleast_1d(np.asarray(x, dtype=np.float64)) for x in (lat_deg, lon_deg))
    if not (np.all(np.abs(lat) <= 90.0) and np.all(np.abs(lon) <= 360.0)):
        raise InputError(
            Fault("a place lies off the globe", "lat_deg, lon_deg", allowed="-90 to 90, -360 to 360 degrees")
        )
    lon = (lon + 180.0) % 360.0 - 180.0
    corner, weight = _grid_weights(table, lat, lon) if table.is_grid else _point_weights(table, lat, lon)
    flat = {key: v.reshape(-1, *v.shape[(2 if table.is_grid else 1) :]) for key, v in table.fields.items()}
    single = {key: np.sum(weight * flat[key][corner], axis=1) for key in SINGLE}
    rows = {key: np.sum(weight[..., None] * flat[key][corner], axis=1) for key in BY_PROBABILITY}
    return ClimateAt(latitude_deg=lat.copy(), p_pct=table.p_pct.copy(), **single, **rows)


def _refuse(lat: FloatArray, lon: FloatArray, outside: npt.NDArray[np.bool_], allowed: str) -> None:
    """One fault for the first place that is not covered, with how many there are."""
    if np.any(outside):
        i = int(np.argmax(outside))
        what = (
            f"the weather of {int(outside.sum()):,} places is not in the table, the first at {lat[i]:.3f}, {lon[i]:.3f}"
        )
        raise InputError(Fault(what, "weather", allowed=allowed, remedy=REMEDY))


def _point_weights(table: WeatherTable, lat: FloatArray, lon: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Nearest points and their shares, shape (C, 4)."""
    distance = great_circle_m(lat[:, None], lon[:, None], table.latitude_deg, table.longitude_deg)
    count = min(NEAREST, distance.shape[1])
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :count].astype(np.int64)
    near = np.take_along_axis(distance, nearest, axis=1)
    _refuse(lat, lon, near[:, 0] > REACH_M, f"within {REACH_M / 1e3:g} km of a point of the table")
    share = np.where(near <= REACH_M, 1.0 / np.maximum(near, 1.0) ** 2, 0.0)
    return nearest, np.asarray(share / share.sum(axis=1, keepdims=True), dtype=np.float64)


def _grid_weights(table: WeatherTable, lat: FloatArray, lon: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Corners of the cell and their bilinear shares, shape (C, 4)."""
    rows, columns = table.latitude_deg, table.longitude_deg
    lon = np.where(lon < columns[0], lon + 360.0, lon)
    outside = (lat < rows[0]) | (lat > rows[-1]) | (lon < columns[0]) | (lon > columns[-1])
    box = f"{rows[0]:g} to {rows[-1]:g}, {columns[0]:g} to {columns[-1]:g} degrees"
    _refuse(lat, lon, outside, box)
    i, y = _cell(rows, lat)
    j, x = _cell(columns, lon)
    width = len(columns)
    corner = np.stack([i * width + j, i * width + j + 1, (i + 1) * width + j, (i + 1) * width + j + 1], axis=-1)
    share = np.stack([(1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x], axis=-1)
    return corner, share


def _cell(axis: FloatArray, value: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Number of the interval of each value, and the place within it, 0 to 1."""
    if len(axis) < 2:
        raise InputError(Fault("a grid has at least two rows and two columns", "weather", remedy=REMEDY))
    number = np.clip(np.searchsorted(axis, value, side="right") - 1, 0, len(axis) - 2).astype(np.int64)
    return number, (value - axis[number]) / (axis[number + 1] - axis[number])


def distance_to_table_m(table: WeatherTable, lat_deg: float, lon_deg: float) -> float:
    """Distance from a place to the nearest point of a table of points, m; 0 for a grid, infinite for none.

    Parameters
    ----------
    table : WeatherTable
        Table.
    lat_deg, lon_deg : float
        Place, degrees.

    Returns
    -------
    float
        m.
    """
    if table.is_grid:
        return 0.0
    return float(np.min(great_circle_m(lat_deg, lon_deg, table.latitude_deg, table.longitude_deg), initial=math.inf))
