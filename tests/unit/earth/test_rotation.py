"""Greenwich sidereal time and the rotation out of TEME."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.earth import gmst82_rad, load_earth_orientation, teme_to_earth_fixed, to_unix_s
from bentpipe.earth.rotation import EARTH_RATE

RADIUS_550_KM = 6_928e3


def test_published_sidereal_time() -> None:
    # D. A. Vallado, Fundamentals of Astrodynamics and Applications, example 3-5: 152.578787810 degrees, from
    # a Julian date in one number, whose steps of 40 us are 1.7e-7 degrees.
    found = np.degrees(gmst82_rad(to_unix_s("1992-08-20T12:14:00")))
    assert found == pytest.approx(152.578787810, abs=1.7e-7)


def test_published_rotation() -> None:
    # D. A. Vallado et al., AIAA 2006-6753, appendix C: 2004-04-06T07:51:28.386009, UT1-UTC -0.4399619 s.
    gmst = gmst82_rad(to_unix_s("2004-04-06T07:51:28.386009"), -0.4399619)
    found = teme_to_earth_fixed([5094.18016210e3, 6127.64465950e3, 6380.34453270e3], gmst)
    pseudo = np.array([-1033.47503130e3, 7901.30558560e3, 6380.34453270e3])
    earth_fixed = np.array([-1033.47938300e3, 7901.29527540e3, 6380.35659580e3])
    # Its UT1 is read from a Julian date in one number: 40 us, 2 cm here.
    assert np.linalg.norm(found - pseudo) < 0.05
    assert 10.0 < np.linalg.norm(found - earth_fixed) < 17.0  # polar motion, left out


def test_the_angle_is_continuous_and_turns_at_its_rate() -> None:
    times = to_unix_s("2024-07-16") + np.arange(0.0, 2 * 86_400.0, 61.0)
    gmst = gmst82_rad(times)
    assert ((gmst >= 0.0) & (gmst < 2.0 * np.pi)).all()
    np.testing.assert_allclose(np.diff(np.unwrap(gmst)), 61.0 * EARTH_RATE, atol=1e-10)


def test_cheap_rotation_costs_what_it_says() -> None:
    """UTC for UT1 from 2024 to mid-2026: no more than 50 m at 550 km; at 0.9 s, 460 m."""
    days = to_unix_s(np.arange("2024-01-01", "2026-07-01", dtype="datetime64[D]"))
    ut1 = load_earth_orientation().ut1_minus_utc(days)
    position = np.array([RADIUS_550_KM, 0.0, 0.0])
    right = teme_to_earth_fixed(position, gmst82_rad(days, ut1))
    cheap = teme_to_earth_fixed(position, gmst82_rad(days))
    assert 20.0 < np.linalg.norm(right - cheap, axis=-1).max() < 50.0
    worst = teme_to_earth_fixed(position, gmst82_rad(days[0], 0.9)) - cheap[0]
    assert 450.0 < np.linalg.norm(worst) < 460.0


def test_shapes() -> None:
    assert teme_to_earth_fixed(np.ones((5, 3)), 0.1).shape == (5, 3)
    assert teme_to_earth_fixed(np.ones(3), np.zeros(4)).shape == (4, 3)
