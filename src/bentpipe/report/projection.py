"""From latitude and longitude to the sheet: equal-area for a territory, plain degrees for the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bentpipe.earth.greatcircle import MEAN_RADIUS
from bentpipe.report.reading import Float


@dataclass(frozen=True)
class Projection:
    """Lambert azimuthal equal-area about a centre, or plain degrees for spans beyond a hemisphere.

    The equations are those of J. P. Snyder, Map Projections: A Working Manual (USGS, 1987), chapter 24,
    on the sphere.
    """

    latitude_deg: float
    longitude_deg: float
    world: bool

    def forward(self, latitude_deg: Float, longitude_deg: Float) -> tuple[Float, Float]:
        """Project degrees to x and y in m (world: in degrees), y upwards."""
        east = (np.asarray(longitude_deg) - self.longitude_deg + 180) % 360 - 180
        if self.world:
            return east, np.asarray(latitude_deg, dtype=np.float64)
        lat, lon, lat0 = np.radians(latitude_deg), np.radians(east), np.radians(self.latitude_deg)
        cosine = np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(lon)
        k = MEAN_RADIUS * np.sqrt(2 / np.maximum(1 + cosine, 1e-9))
        x = k * np.cos(lat) * np.sin(lon)
        y = k * (np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(lon))
        return x, y

    def inverse(self, x: Float, y: Float) -> tuple[Float, Float]:
        """Return the latitude and longitude, in degrees, of points on the sheet."""
        if self.world:
            return y, (x + self.longitude_deg + 180) % 360 - 180
        rho = np.hypot(x, y)
        c = 2 * np.arcsin(np.clip(rho / (2 * MEAN_RADIUS), 0, 1))
        lat0 = np.radians(self.latitude_deg)
        safe = np.where(rho > 0, rho, 1)
        sine = np.cos(c) * np.sin(lat0) + np.where(rho > 0, y * np.sin(c) * np.cos(lat0) / safe, 0)
        lon = np.arctan2(x * np.sin(c), safe * np.cos(lat0) * np.cos(c) - y * np.sin(lat0) * np.sin(c))
        east = (np.degrees(lon) + self.longitude_deg + 180) % 360 - 180
        return np.degrees(np.arcsin(np.clip(sine, -1, 1))), east


def projection_for(latitude_deg: Float, longitude_deg: Float) -> Projection:
    """Choose the projection of a territory from its points: its middle, or the world if it spans it."""
    lat, lon = np.radians(latitude_deg), np.radians(longitude_deg)
    mean = np.array([np.mean(np.cos(lat) * np.cos(lon)), np.mean(np.cos(lat) * np.sin(lon)), np.mean(np.sin(lat))])
    if float(np.linalg.norm(mean)) < 0.7:  # spread over more than about a hemisphere
        return Projection(0.0, 0.0, True)
    east = np.degrees(np.arctan2(mean[1], mean[0]))
    north = np.degrees(np.arctan2(mean[2], np.hypot(mean[0], mean[1])))
    first = Projection(float(north), float(east), False)
    x, y = first.forward(latitude_deg, longitude_deg)
    middle = first.inverse(np.array([(x.min() + x.max()) / 2]), np.array([(y.min() + y.max()) / 2]))
    return Projection(float(middle[0][0]), float(middle[1][0]), False)
