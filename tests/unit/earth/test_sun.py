"""The Sun against published places and instants."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.earth import sun_direction, to_unix_s
from bentpipe.earth.sun import sun_right_ascension_declination_rad


def test_the_example_of_meeus() -> None:
    """J. Meeus, "Astronomical Algorithms", 2nd edition 1998, example 25.a: 1992-10-13, 0h dynamical time."""
    ascension, declination = sun_right_ascension_declination_rad(2_448_908.5 - 2_451_545.0)
    assert np.degrees(ascension) % 360.0 == pytest.approx(198.38083, abs=0.01)
    assert np.degrees(declination) == pytest.approx(-7.78507, abs=0.01)


@pytest.mark.parametrize(
    ("instant", "declination_deg"),
    [
        # Instants of the seasons, U.S. Naval Observatory, "Earth's Seasons", UTC to the minute.
        ("2022-03-20T15:33", 0.0),
        ("2022-06-21T09:14", 23.44),
        ("2022-09-23T01:04", 0.0),
        ("2022-12-21T21:48", -23.44),
        ("2024-03-20T03:06", 0.0),
    ],
)
def test_equinoxes_and_solstices(instant: str, declination_deg: float) -> None:
    direction = sun_direction(to_unix_s(instant))
    assert np.degrees(np.arcsin(direction[2])) == pytest.approx(declination_deg, abs=0.01)


def test_noon_at_greenwich_by_the_equation_of_time() -> None:
    """Extremes of the equation of time: about -14.2 minutes on 11 February, +16.4 on 3 November (Meeus, chapter 28)."""
    for noon, minutes in (("2022-02-11T12:00", -14.2), ("2022-11-03T12:00", 16.4)):
        x, y, _ = sun_direction(to_unix_s(noon))
        assert -4.0 * np.degrees(np.arctan2(y, x)) == pytest.approx(minutes, abs=0.15)


def test_unit_vectors_of_any_shape() -> None:
    times = to_unix_s("1950-01-01") + np.linspace(0.0, 100.0 * 365.25 * 86_400.0, 60).reshape(3, 4, 5)
    found = sun_direction(times)
    assert found.shape == (3, 4, 5, 3)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0, atol=1e-12)
