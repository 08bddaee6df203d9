"""The moving field: same values however it is asked, and the statistics that its docstring states."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.link.rainfield import MODES, RainField, exceedance, gaussian_field, rain_field

START = 1_666_569_612.0
LAT, LON = 49.0, 31.0
KM = 1.0 / 111.195  # degrees of latitude


def correlation(distance_km: np.ndarray) -> np.ndarray:
    return 0.7 * np.exp(-distance_km / 60.0) + 0.3 * np.exp(-((distance_km / 700.0) ** 2))


def plain(field: RainField, lat: np.ndarray, lon: np.ndarray, unix_s: np.ndarray) -> np.ndarray:
    """The sum as it is written, for every place and time."""
    a, b = np.radians(lat), np.radians(lon)
    x = 6_371_000.0 * np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=-1)
    angle = (x @ field.wave_rad_m.T + field.phase_rad)[:, None, :] + np.multiply.outer(unix_s, field.rate_rad_s)
    return math.sqrt(2.0 / len(field.phase_rad)) * np.cos(angle).sum(axis=-1)


def sample() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    return rng.uniform(44, 52, 37), rng.uniform(22, 40, 37), START + 15.0 * np.arange(500)


def test_kernel_is_the_sum_of_cosines() -> None:
    lat, lon, t = sample()
    field = rain_field(11, LAT, LON)
    np.testing.assert_allclose(gaussian_field(field, lat, lon, t[:50]), plain(field, lat, lon, t[:50]), atol=1e-5)


def test_whole_is_in_parts_bit_for_bit() -> None:
    lat, lon, t = sample()
    field = rain_field(11, LAT, LON)
    whole = exceedance(field, lat, lon, t)
    for places, times in (
        (slice(3, 4), slice(0, 500)),
        (slice(0, 37), slice(7, 8)),
        (slice(5, 30, 5), slice(231, 477)),
    ):
        np.testing.assert_array_equal(exceedance(field, lat[places], lon[places], t[times]), whole[places, times])
    np.testing.assert_array_equal(exceedance(field, lat[::-1], lon[::-1], t[::-1]), whole[::-1, ::-1])
    np.testing.assert_array_equal(exceedance(rain_field(11, LAT, LON), lat, lon, t), whole)
    assert not np.array_equal(exceedance(rain_field(12, LAT, LON), lat, lon, t), whole)


def test_exceedance_is_the_tail_of_the_field() -> None:
    lat, lon, t = sample()
    field = rain_field(11, LAT, LON)
    z, p = gaussian_field(field, lat, lon, t[:3]), exceedance(field, lat, lon, t[:3])
    np.testing.assert_allclose(p, [[0.5 * math.erfc(v / math.sqrt(2)) for v in row] for row in z], rtol=1e-14)


def many(seeds: int, lat: np.ndarray, t: np.ndarray, **more: float) -> np.ndarray:
    """Fields of many seeds, shape (seeds, P, T)."""
    return np.stack(
        [gaussian_field(rain_field(s, LAT, LON, **more), lat, np.full(lat.size, LON), t) for s in range(seeds)]
    )


def test_marginal_distribution_is_normal_over_seeds_and_far_places() -> None:
    """Places 20 degrees apart and times two days apart are independent but for 1 in 1e5."""
    z = many(400, np.arange(-60.0, 61.0, 20.0), START + 172_800.0 * np.arange(8)).ravel()
    assert z.size == 22_400
    assert z.mean() == pytest.approx(0.0, abs=4.0 / math.sqrt(z.size))
    assert z.var() == pytest.approx(1.0, abs=4.0 * math.sqrt(2.0 / z.size))
    for p in (0.5, 0.1, 0.01, 0.001):
        level = {0.5: 0.0, 0.1: 1.2815516, 0.01: 2.3263479, 0.001: 3.0902323}[p]
        assert np.mean(z > level) == pytest.approx(p, abs=4.0 * math.sqrt(p * (1 - p) / z.size)), p
    assert np.mean(((z - z.mean()) / z.std()) ** 4) - 3.0 == pytest.approx(
        -1.5 / MODES, abs=4.0 * math.sqrt(24.0 / z.size)
    )


def test_correlation_falls_with_distance_as_p618_gives_it() -> None:
    distance = np.array([0.0, 5.0, 20.0, 60.0, 120.0, 300.0, 700.0, 1500.0])
    z = many(600, LAT - 5.0 + distance * KM, START + 172_800.0 * np.arange(10))
    got = np.mean(z[:, :1] * z, axis=(0, 2))
    np.testing.assert_allclose(got, correlation(distance), atol=4.0 / math.sqrt(6000.0))


def test_correlation_falls_with_time_as_documented() -> None:
    lag = np.array([0.0, 300.0, 1800.0, 3600.0, 10_800.0, 43_200.0])
    z = many(500, np.arange(-60.0, 61.0, 20.0), START + lag)
    expected = correlation(10.0 * lag / 1e3) * np.exp(-lag / 12_000.0)
    np.testing.assert_allclose(np.mean(z[..., :1] * z, axis=(0, 1)), expected, atol=4.0 / math.sqrt(3500.0))
    # P.1853-2 takes 2e-4 for each second for rain attenuation; here the fall starts at 1.97e-4, between 0 and 300 s.
    assert (1.0 - expected[1]) / 300.0 == pytest.approx(2e-4, rel=0.05)


@pytest.mark.parametrize(("east", "north"), [(10.0, 0.0), (0.0, 15.0), (-8.0, 6.0)])
def test_the_wind_carries_the_weather(east: float, north: float) -> None:
    """Without decay the field an hour later is the field of now, upwind: the map has moved by the wind."""
    after = 3600.0
    step = np.arange(-80.0, 81.0, 4.0)
    lat = (LAT + step[:, None] * KM + 0.0 * step).ravel()
    lon = (LON + 0.0 * step[:, None] + step * KM / math.cos(math.radians(LAT))).ravel()
    field = rain_field(5, LAT, LON, wind_east_m_s=east, wind_north_m_s=north, decay_s=1e7)
    now, later = (gaussian_field(field, lat, lon, START + s)[:, 0] for s in (0.0, after))
    moved_lat, moved_lon = lat - north * after / 1e3 * KM, lon - east * after / 1e3 * KM / math.cos(math.radians(LAT))
    upwind = gaussian_field(field, moved_lat, moved_lon, START)[:, 0]
    assert np.corrcoef(later, upwind)[0, 1] > 0.93
    assert np.corrcoef(later, now)[0, 1] < np.corrcoef(later, upwind)[0, 1] - 0.2
    # The shift of the map that matches best, in steps of 4 km.
    first, then = (z.reshape(step.size, step.size) for z in (now, later))
    score = {
        (i, j): np.corrcoef(first[14:-14, 14:-14].ravel(), then[14 + i : 27 + i, 14 + j : 27 + j].ravel())[0, 1]
        for i in range(-14, 15)
        for j in range(-14, 15)
    }
    best = max(score, key=lambda at: score[at])
    assert best == pytest.approx((north * after / 4e3, east * after / 4e3), abs=1.0)


def test_bad_questions_are_refused() -> None:
    field = rain_field(1, LAT, LON)
    with pytest.raises(InputError, match="differ in number"):
        exceedance(field, [1.0, 2.0], [1.0], START)
    with pytest.raises(InputError, match="latitude_deg"):
        exceedance(field, 91.0, 0.0, START)
    with pytest.raises(InputError, match="wind_m_s"):
        rain_field(1, LAT, LON, wind_east_m_s=400.0)
    with pytest.raises(InputError, match="modes"):
        rain_field(1, LAT, LON, modes=3)
    with pytest.raises(InputError, match="unix_s"):
        exceedance(field, 0.0, 0.0, np.nan)
