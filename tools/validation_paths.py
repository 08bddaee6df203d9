"""Paths of measured places from real elements, for ``validation_table.py`` to hold the delay model against.

The scheduler here is deliberately plain: a usable satellite is drawn with the weights of the policy
``observed`` among those that a gateway sees, and its traffic takes the gateway with the shortest way to the
point of presence.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bentpipe.catalog.elements import in_service, load_elements
from bentpipe.earth import east_north_up, geodetic_to_ecef, great_circle_m
from bentpipe.network.delay import FIBRE_VELOCITY_FACTOR
from bentpipe.network.observed import observed_weights, poleward_fade, satellite_log_weights
from bentpipe.orbit import Sgp4Elements, earth_fixed_positions

Floats = NDArray[np.float64]

ROUTE_FACTOR = 1.4
"""Length of a fibre route over the great circle; assumed."""

GSO_AVOIDANCE_DEG = 18.0
USER_MINIMUM_DEG = 25.0
GATEWAY_MINIMUM_DEG = 25.0

ELEMENTS = (
    "starlink_2021-11-17_n1716.tle.gz",
    "starlink_2022-05-05_n2191.tle.gz",
    "starlink_2022-10-24_n3171.tle.gz",
    "starlink_2023-07-18_n4408.tle.gz",
    "starlink_2024-07-16_n6226.tle.gz",
    "starlink_2026-08-21_n10744.tle.gz",
)


class Ground(NamedTuple):
    """Names and positions of gateways or points of presence: latitude and longitude in degrees, ECEF in m."""

    name: tuple[str, ...]
    lat_deg: Floats
    lon_deg: Floats
    ecef_m: Floats


class Sky(NamedTuple):
    """Satellites in service over a day: positions (T, 3, N), m, and the scheduler's weights (N,)."""

    position_m: Floats
    log_weight: Floats


class Paths(NamedTuple):
    """Paths of a place, one a slot served: slant ranges and fibre route, m, shape (T,)."""

    user_range_m: Floats
    feeder_range_m: Floats
    fibre_route_m: Floats
    pop: str


def nearest_elements(folder: Path, day: date) -> Path:
    """File of elements nearest to a day."""
    return min((folder / name for name in ELEMENTS), key=lambda p: abs(date.fromisoformat(p.name[9:19]) - day))


def load_sky(path: Path, slots: int, seed: int = 1) -> Sky:
    """Satellites in service in some slots, drawn from the day of their elements."""
    given = load_elements(path)
    kept = given.select(in_service(given).mask)
    elements = Sgp4Elements(
        kept.catalog_number,
        kept.epoch_unix_s,
        kept.bstar,
        kept.ndot,
        kept.nddot,
        kept.eccentricity,
        kept.argument_of_perigee_rad,
        kept.inclination_rad,
        kept.mean_anomaly_rad,
        kept.mean_motion_rad_per_min,
        kept.raan_rad,
    )
    first = kept.median_epoch.astype("datetime64[s]").astype(np.int64)
    times = np.sort(np.random.default_rng(seed).choice(5760, slots, replace=False)) * 15.0 + float(first)
    return Sky(earth_fixed_positions(elements, times, np.zeros(slots)), satellite_log_weights(kept.name))


def ground(names: list[str], lat_deg: list[float], lon_deg: list[float]) -> Ground:
    """Places on the ground, by degrees."""
    lat, lon = np.array(lat_deg), np.array(lon_deg)
    return Ground(tuple(names), lat, lon, geodetic_to_ecef(lat, lon))


def load_gateways(folder: Path, day: date) -> Ground:
    """Gateways of the map: live or built; from 2024 on also those licensed by October 2023."""
    with open(folder / "gateways_unofficial_map_2023-10-10.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wanted: tuple[str, ...] = ("live", "presumed live", "built")
    if day.year >= 2024:
        wanted += ("grant of authority", "unknown", "construction")
    kept = [row for row in rows if row["status"].casefold().startswith(wanted)]
    return ground([r["name"] for r in kept], [float(r["lat"]) for r in kept], [float(r["lon"]) for r in kept])


def load_pops(folder: Path, day: date) -> Ground:
    """Points of presence of the list nearest to a day."""
    if day.year >= 2025:
        with open(folder / "pops_clarkzjw_2026-04-16.csv", newline="", encoding="utf-8") as file:
            rows = [(r["city"], r["lat"], r["lon"]) for r in csv.DictReader(file) if r["show"] == "True"]
    elif day.year == 2024:
        text = (folder / "pop_location_2024-02-14.csv").read_text(encoding="utf-8")
        fields = [line.split(",") for line in text.splitlines() if line]
        rows = [(f[1], f[-2], f[-1]) for f in fields]
    else:
        with open(folder / "pops_unofficial_map_2023-10-10.csv", newline="", encoding="utf-8") as file:
            rows = [(r["name"], r["lat"], r["lon"]) for r in csv.DictReader(file)]
    return ground([r[0] for r in rows], [float(r[1]) for r in rows], [float(r[2]) for r in rows])


def clear_of_arc(site_ecef_m: Floats, direction: Floats) -> NDArray[np.bool_]:
    """Whether directions (..., 3) from a place keep the avoidance angle from the whole geostationary arc."""
    longitude = np.radians(np.arange(0.0, 360.0, 1.0))
    arc = 42_164_000.0 * np.stack([np.cos(longitude), np.sin(longitude), 0 * longitude], axis=-1) - site_ecef_m
    above = arc @ site_ecef_m > 0.0
    unit = arc[above] / np.linalg.norm(arc[above], axis=-1, keepdims=True)
    if not len(unit):
        return np.ones(direction.shape[:-1], bool)
    return np.asarray((direction @ unit.T).max(axis=-1) < np.cos(np.radians(GSO_AVOIDANCE_DEG)))


def paths(lat_deg: float, lon_deg: float, pop: str, sky: Sky, gateways: Ground, pops: Ground) -> Paths:
    """Paths of a place in each slot that has one; ``pop`` names the point of presence, "" for the nearest."""
    rng = np.random.default_rng(2)
    site = geodetic_to_ecef(lat_deg, lon_deg)
    frame = east_north_up(lat_deg, lon_deg)
    far = great_circle_m(lat_deg, lon_deg, pops.lat_deg, pops.lon_deg)
    if pop:
        far = np.where([pop.casefold() in name.casefold() for name in pops.name], far, np.inf)
    p = int(np.argmin(far))
    if not np.isfinite(far[p]):
        raise ValueError(f"no point of presence is called {pop}")
    fibre = ROUTE_FACTOR * great_circle_m(gateways.lat_deg, gateways.lon_deg, pops.lat_deg[p], pops.lon_deg[p])
    rows = []
    for positions in sky.position_m:
        links = _links(site, frame, lat_deg, positions.T, sky.log_weight, gateways, fibre)
        if links is not None:
            user, feeder, weight, best = links
            k = rng.choice(len(user), p=weight / weight.sum())
            rows.append((user[k], feeder[k], fibre[best[k]]))
    table = np.array(rows)
    user_m, feeder_m, fibre_m = np.ascontiguousarray(table.T)
    return Paths(user_m, feeder_m, fibre_m, pops.name[p])


def _links(
    site: Floats,
    frame: Floats,
    lat_deg: float,
    satellites: Floats,
    log_weight: Floats,
    gateways: Ground,
    fibre: Floats,
) -> tuple[Floats, Floats, Floats, NDArray[np.intp]] | None:
    """User range, feeder range, weight and gateway of the usable satellites (N, 3); None if there is none."""
    ray = satellites - site
    distance = np.linalg.norm(ray, axis=-1)
    unit = ray / distance[:, None]
    _, north, up = (unit @ frame.reshape(3, 3).T).T
    usable = (up > np.sin(np.radians(USER_MINIMUM_DEG))) & np.isfinite(distance)
    usable[usable] = clear_of_arc(site, unit[usable])
    here = np.flatnonzero(usable)
    down = satellites[here, None, :] - gateways.ecef_m
    feeder = np.linalg.norm(down, axis=-1)
    sine = np.einsum("ngk,gk->ng", down, gateways.ecef_m) / feeder / np.linalg.norm(gateways.ecef_m, axis=-1)
    way = np.where(sine > np.sin(np.radians(GATEWAY_MINIMUM_DEG)), feeder + fibre / FIBRE_VELOCITY_FACTOR, np.inf)
    best = way.argmin(axis=1)
    seen = np.isfinite(way.min(axis=1))
    if not seen.any():
        return None
    weight = observed_weights(up[here], north[here] * poleward_fade(lat_deg), log_weight[here])
    rows = np.flatnonzero(seen)
    return distance[here][rows], feeder[rows, best[rows]], weight[rows], best[rows]
