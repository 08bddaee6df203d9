"""The track of a site that moves: a CSV of times and places."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bentpipe.earth import to_unix_s
from bentpipe.errors import Fault, SiteListError

FloatArray = npt.NDArray[np.float64]
_MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Track:
    """Places along time, straight in latitude and longitude between them.

    Parameters
    ----------
    unix_s : (K,) float64
        Times, s, rising.
    latitude_deg, longitude_deg, height_m : (K,) float64
        Places; longitudes unwrapped, so that a track may cross the 180th meridian.
    """

    unix_s: FloatArray
    latitude_deg: FloatArray
    longitude_deg: FloatArray
    height_m: FloatArray

    @property
    def start(self) -> tuple[float, float, float]:
        """First place: latitude and longitude, degrees, and height, m."""
        return self.at(float(self.unix_s[0]))

    def at(self, unix_s: float) -> tuple[float, float, float]:
        """Place at a time; before the first and after the last, those."""
        latitude, longitude, height = self.along(np.array([unix_s]))
        return float(latitude[0]), float(longitude[0]), float(height[0])

    def along(self, unix_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Places at times: latitudes and longitudes, degrees, and heights, m, each (T,)."""
        longitude = np.interp(unix_s, self.unix_s, self.longitude_deg)
        return (
            np.interp(unix_s, self.unix_s, self.latitude_deg),
            np.asarray((longitude + 180.0) % 360.0 - 180.0),
            np.interp(unix_s, self.unix_s, self.height_m),
        )


def read_track(path: Path, start: datetime, end: datetime) -> Track:
    """Read a track.

    Parameters
    ----------
    path : pathlib.Path
        CSV with a header: time (UTC, ISO 8601), lat, lon and optionally height (m).
    start, end : datetime.datetime
        The run, UTC; the track must overlap it.

    Returns
    -------
    Track

    Raises
    ------
    SiteListError
        Every fault of the file, with its line.
    """
    rows: list[tuple[float, float, float, float]] = []
    faults: list[Fault] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            header = [name.strip().lower() for name in reader.fieldnames or []]
            missing = [name for name in ("time", "lat", "lon") if name not in header]
            if missing:
                allowed = "time,lat,lon[,height]"
                raise SiteListError(Fault("a track lacks columns", f"{path}:1", ", ".join(header), allowed))
            reader.fieldnames = header
            for row in reader:
                if len(rows) >= _MOST_ROWS:
                    raise SiteListError(Fault("a track is too long", str(path), None, f"{_MOST_ROWS:,} rows"))
                rows.append(_row(row, f"{path}:{reader.line_num}", faults))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SiteListError(Fault(f"the track cannot be read: {error}", str(path))) from None
    if faults:
        raise SiteListError(*faults)
    table = np.array(rows, np.float64).reshape(-1, 4)
    if not len(table):
        raise SiteListError(Fault("a track is empty", str(path), None, "one row or more"))
    if np.any(np.diff(table[:, 0]) <= 0.0):
        raise SiteListError(Fault("times of a track must rise", str(path), None, "each later than the one before"))
    if table[-1, 0] < float(to_unix_s(start)) or table[0, 0] > float(to_unix_s(end)):
        raise SiteListError(
            Fault("a track lies outside the simulated time", str(path), None, f"{start} to {end}", "check its dates")
        )
    longitude = np.degrees(np.unwrap(np.radians(table[:, 2])))
    return Track(table[:, 0].copy(), table[:, 1].copy(), longitude, table[:, 3].copy())


def _row(row: dict[str, str], where: str, faults: list[Fault]) -> tuple[float, float, float, float]:
    try:
        text = (row["time"] or "").strip().removesuffix("Z")
        if not text[:4].isdigit():
            raise ValueError("NumPy reads 'now' and 'today' as times")
        time = float(to_unix_s(np.datetime64(text)))
        place = (float(row["lat"]), float(row["lon"]), float(row.get("height") or 0.0))
    except (ValueError, TypeError):
        faults.append(Fault("a row of a track cannot be read", where, dict(row), "time (UTC), lat, lon[, height in m]"))
        return 0.0, 0.0, 0.0, 0.0
    bounds = (("lat", -90, 90), ("lon", -180, 180), ("height", -500, 20000))
    for value, (name, low, high) in zip(place, bounds, strict=True):
        if not low <= value <= high:
            faults.append(Fault(f"{name} of a track is out of range", where, value, f"{low} to {high}"))
    return time, *place
