"""Random skies, and the usable links of one by brute force in plain NumPy."""

from __future__ import annotations

import numpy as np

from bentpipe.earth import east_north_up, geodetic_to_ecef
from bentpipe.geometry.places import Places, make_places
from bentpipe.geometry.usable import UsableLinks

GSO_RADIUS_M = 42_164_170.0
Mask = list[tuple[float, float]]


def random_satellites(rng: np.random.Generator, count: int, low_m: float = 500e3, high_m: float = 600e3) -> np.ndarray:
    """Positions (3, N) m, spread over the whole sphere."""
    unit = rng.normal(size=(count, 3))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return np.ascontiguousarray((unit * (6_371e3 + rng.uniform(low_m, high_m, count)[:, None])).T)


def places_at(lat: np.ndarray, lon: np.ndarray, elevation: float = 25.0, gso: float = 0.0, **limits: object) -> Places:
    """Places on the ellipsoid."""
    lat, lon = np.atleast_1d(np.asarray(lat, float)), np.atleast_1d(np.asarray(lon, float))
    return make_places(
        geodetic_to_ecef(lat, lon, 0.0).reshape(-1, 3),
        east_north_up(lat, lon).reshape(-1, 3, 3),
        elevation,
        gso,
        **limits,  # type: ignore[arg-type]
    )


def rays(position: np.ndarray, place: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit directions (N, 3) Earth-fixed, the same as east, north, up, and distances (N,)."""
    ray = position.T - place
    distance = np.linalg.norm(ray, axis=1)
    unit = ray / distance[:, None]
    return unit, unit @ axes.T, distance


def arc_separation_deg(unit: np.ndarray, place: np.ndarray, up: np.ndarray, samples: int = 40_001) -> np.ndarray:
    """Angle to the nearest of many points of the geostationary arc above the horizon; infinity without one."""
    lon = np.linspace(-np.pi, np.pi, samples)
    arc = GSO_RADIUS_M * np.stack([np.cos(lon), np.sin(lon), np.zeros_like(lon)], axis=1) - place
    arc /= np.linalg.norm(arc, axis=1, keepdims=True)
    arc = arc[arc @ up >= 0.0]
    if not len(arc):
        return np.full(len(unit), np.inf)
    return np.degrees(np.arccos(np.clip((unit @ arc.T).max(axis=1), -1.0, 1.0)))


def brute_force(
    position: np.ndarray,
    lat: float,
    lon: float,
    elevation: float,
    gso: float = 0.0,
    cone: float = 360.0,
    tilt: float = 0.0,
    azimuth: float = 0.0,
    mask: Mask | None = None,
    steering: float = 90.0,
) -> tuple[set[int], set[int]]:
    """Satellites that are usable, and those too close to the avoidance angle for the sampled arc to say."""
    place = geodetic_to_ecef(lat, lon, 0.0).reshape(3)
    axes = east_north_up(lat, lon).reshape(3, 3)
    unit, local, _ = rays(position, place, axes)
    height = np.degrees(np.arcsin(np.clip(local[:, 2], -1.0, 1.0)))
    bearing = np.degrees(np.arctan2(local[:, 0], local[:, 1])) % 360.0
    t, a = np.radians(tilt), np.radians(azimuth)
    axis = np.array([np.sin(t) * np.sin(a), np.sin(t) * np.cos(a), np.cos(t)])
    off_axis = np.degrees(np.arccos(np.clip(local @ axis, -1.0, 1.0)))
    nadir = np.einsum("ni,ni->n", unit, position.T / np.linalg.norm(position.T, axis=1, keepdims=True))
    good = np.isfinite(height) & (height >= elevation) & (off_axis <= cone / 2.0)
    good &= np.degrees(np.arccos(np.clip(nadir, -1.0, 1.0))) <= steering
    if mask:
        corners = sorted(mask)
        around = [(b - 360.0, e) for b, e in corners] + corners + [(b + 360.0, e) for b, e in corners]
        good &= height >= np.interp(np.floor(bearing) + 0.5, *np.array(around).T)
    doubtful = np.zeros(len(good), bool)
    if gso > 0.0:
        at = np.flatnonzero(good)
        separation = arc_separation_deg(unit[at], place, axes[2])
        doubtful[at] = np.abs(separation - gso) < 2e-3
        good[at] = separation >= gso
    return set(np.flatnonzero(good).tolist()), set(np.flatnonzero(doubtful).tolist())


def sets_of(links: UsableLinks) -> list[set[int]]:
    """The satellites of each place; a satellite is listed once."""
    found = []
    for first, last in zip(links.start, links.stop, strict=True):
        members = links.satellite[first:last].tolist()
        assert len(members) == len(set(members))
        found.append(set(members))
    return found
