"""Skies of satellites for the tests of topologies."""

from __future__ import annotations

import numpy as np

from bentpipe.network.topology import LaserSky


def grid_sky(planes: int, places: int, holes: float = 0.0, seed: int = 0, **changes: object) -> LaserSky:
    """One shell, 550 km up at 53 degrees, neighbours half a spacing apart in phase on odd planes."""
    plane, place = np.divmod(np.arange(planes * places, dtype=np.int64), places)
    node = 2.0 * np.pi * plane / planes
    along = 2.0 * np.pi * (place + 0.5 * (plane % 2)) / places
    cosine, sine = np.cos(np.radians(53.0)), np.sin(np.radians(53.0))
    position = 6_928e3 * np.stack(
        [
            np.cos(node) * np.cos(along) - np.sin(node) * np.sin(along) * cosine,
            np.sin(node) * np.cos(along) + np.cos(node) * np.sin(along) * cosine,
            np.sin(along) * sine,
        ]
    )
    size = np.ones(planes * places, np.int64)
    sky = LaserSky(
        slot=0,
        position_m=position,
        able=np.random.default_rng(seed).random(planes * places) >= holes,
        shell=0 * size,
        plane=plane,
        place=place,
        planes=planes * size,
        places=places * size,
        seam_shift=0 * size,
        satellite_id=1 + np.arange(planes * places),
        terminals=4,
        between_shells=0,
        range_m=5_000e3,
        seam=True,
        shift=0,
    )
    return sky._replace(**changes)


def random_sky(count: int, seed: int, shells: int = 1, **changes: object) -> LaserSky:
    """Satellites anywhere on a few spheres, without planes."""
    rng = np.random.default_rng(seed)
    to = rng.normal(size=(3, count))
    shell = rng.integers(0, shells, count)
    none = np.full(count, -1, np.int64)
    sky = LaserSky(
        slot=0,
        position_m=np.ascontiguousarray(to / np.linalg.norm(to, axis=0) * (6_800e3 + 20e3 * shell)),
        able=rng.random(count) < 0.9,
        shell=shell.astype(np.int64),
        plane=none,
        place=none,
        planes=0 * none,
        places=0 * none,
        seam_shift=0 * none,
        satellite_id=1 + np.arange(count),
        terminals=4,
        between_shells=0,
        range_m=2_000e3,
        seam=True,
        shift=0,
    )
    return sky._replace(**changes)
