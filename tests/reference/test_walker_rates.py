"""Nodal drift of published orbits."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.orbit import secular_rates
from bentpipe.orbit.walker import EQUATORIAL_RADIUS

DEG_PER_DAY = np.degrees(1.0) * 86_400.0
SUN = 360.0 / 365.2421897


@pytest.mark.parametrize(
    ("altitude_km", "inclination_deg"),
    # Sun-synchronous circular orbits: Wertz and Larson, "Space Mission Analysis and Design", 3rd edition,
    # table of the inside rear cover (500, 700 and 900 km), to the 0.1 degree printed.
    [(500.0, 97.4), (700.0, 98.2), (900.0, 99.0)],
)
def test_sun_synchronous(altitude_km: float, inclination_deg: float) -> None:
    _, node, _ = secular_rates(EQUATORIAL_RADIUS + 1e3 * altitude_km, np.radians(inclination_deg))
    # 0.1 degrees of inclination is 0.012 degrees a day.
    assert float(node) * DEG_PER_DAY == pytest.approx(SUN, abs=0.009)


def test_space_station() -> None:
    """The node of the space station (415 km, 51.64 degrees) falls back by about 5 degrees a day."""
    motion, node, along = secular_rates(EQUATORIAL_RADIUS + 415e3, np.radians(51.64))
    assert float(node) * DEG_PER_DAY == pytest.approx(-5.0, abs=0.05)
    assert 2.0 * np.pi / float(along) / 60.0 == pytest.approx(92.8, abs=0.15)
    assert along > motion
