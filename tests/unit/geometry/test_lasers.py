"""Range, grazing height and rates of turn of lasers, against NumPy and against derivatives by differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentpipe.earth import WGS84_A, WGS84_F, ecef_to_geodetic, gmst82_rad
from bentpipe.earth.rotation import EARTH_RATE
from bentpipe.errors import InputError
from bentpipe.geometry.lasers import Slew, turn_rates, usable_lasers
from bentpipe.orbit import CircularElements, Propagator, concatenate, walker_shell

EPOCH = 1_700_000_000.0


def random_pairs(count: int, pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    to = rng.normal(size=(3, count))
    position = np.ascontiguousarray(to / np.linalg.norm(to, axis=0) * rng.uniform(6_500e3, 8_000e3, count))
    pair = rng.integers(0, count, (pairs, 2)).astype(np.int32)
    return position, pair[pair[:, 0] != pair[:, 1]], rng.random(count) < 0.8


def lowest_m(position: np.ndarray, pair: np.ndarray, steps: int = 4_001) -> np.ndarray:
    """Least geodetic height along each segment, by walking it."""
    part = np.linspace(0.0, 1.0, steps)[:, None]
    a, b = position[:, pair[:, 0]], position[:, pair[:, 1]]
    point = np.moveaxis(a[:, None] * (1.0 - part) + b[:, None] * part, 0, -1)
    deep = np.linalg.norm(point, axis=-1) < 5e6
    height = ecef_to_geodetic(np.where(deep[..., None], 5e6, point))[2]
    return np.where(deep, -1e6, height).min(axis=0)


@given(st.integers(0, 10_000), st.floats(0.0, 100e3), st.floats(1e6, 2e7))
@settings(max_examples=20, deadline=None)
def test_range_and_grazing_against_numpy(seed: int, grazing_m: float, range_m: float) -> None:
    position, pair, able = random_pairs(40, 60, seed)
    ok, length = usable_lasers(position, pair, able, range_m, grazing_m)
    np.testing.assert_allclose(length, np.linalg.norm(position[:, pair[:, 0]] - position[:, pair[:, 1]], axis=0))
    height = lowest_m(position, pair)
    clear = np.abs(height - grazing_m) > 200.0  # the walk's own steps
    expected = able[pair].all(axis=1) & (length <= range_m) & (height >= grazing_m)
    assert (ok == expected)[clear].all()


def test_a_line_that_grazes() -> None:
    """Along the equator and over a pole, a metre above and below the height asked for."""
    for axes, radius in (((0, 1), WGS84_A), ((1, 2), WGS84_A * (1.0 - WGS84_F))):
        for off, up in ((1.0, True), (-1.0, False)):
            position = np.zeros((3, 2))
            position[axes[0]] = [-3e6, 3e6]
            position[axes[1]] = radius + 80e3 + off
            ok, _ = usable_lasers(position, np.array([[0, 1]], np.int32), np.ones(2, bool), 1e7, 80e3)
            assert ok.tolist() == [up]


def test_the_ellipsoid_is_within_a_metre_of_the_height() -> None:
    """Satellites on one vertical through a point 80 km up, at every latitude: the lower end decides."""
    for latitude in np.radians(np.linspace(-90.0, 90.0, 37)):
        normal = np.array([np.cos(latitude), 0.0, np.sin(latitude)])
        e2 = WGS84_F * (2.0 - WGS84_F)
        across = WGS84_A / np.sqrt(1.0 - e2 * np.sin(latitude) ** 2)
        foot = np.array([across * np.cos(latitude), 0.0, across * (1.0 - e2) * np.sin(latitude)])
        for off, up in ((1.0, True), (-1.0, False)):
            position = np.stack([foot + (80e3 + off) * normal, foot + 500e3 * normal], axis=1)
            ok, _ = usable_lasers(position, np.array([[0, 1]], np.int32), np.ones(2, bool), 1e7, 80e3)
            assert ok.tolist() == [up]


def test_satellites_that_are_not_there() -> None:
    position, _, _ = random_pairs(4, 4, 1)
    position[:, 2] = np.nan
    pair = np.array([[0, 2], [2, 3]], np.int32)
    rates = Slew(0.0 * position, 1.0)
    for slew in (None, rates):
        assert not usable_lasers(position, pair, np.ones(4, bool), 1e9, -6e6, slew)[0].any()
    ok, length = usable_lasers(position, np.zeros((0, 2), np.int32), np.ones(4, bool), 1e9, 0.0)
    assert ok.shape == length.shape == (0,)


def orbits() -> CircularElements:
    return concatenate(
        [
            walker_shell(550e3, 53.0, 3, 5, phasing=1, epoch_unix_s=EPOCH),
            walker_shell(560e3, 97.6, 2, 4, epoch_unix_s=EPOCH),
            walker_shell(570e3, 70.0, 2, 4, phasing=1, epoch_unix_s=EPOCH),
        ]
    )


def in_orbital_frame(propagator: Propagator, unix_s: float, pair: np.ndarray) -> np.ndarray:
    """Directions to the other satellite along the axes of the first's frame, and of the second's, (2, E, 3)."""
    r, v = propagator.inertial_states(unix_s)
    out = []
    for one, other in (pair.T, pair.T[::-1]):
        up = r[:, one] / np.linalg.norm(r[:, one], axis=0)
        normal = np.cross(r[:, one].T, v[:, one].T).T
        normal /= np.linalg.norm(normal, axis=0)
        ahead = np.cross(normal.T, up.T).T
        line = r[:, other] - r[:, one]
        line /= np.linalg.norm(line, axis=0)
        out.append(np.stack([(axis * line).sum(axis=0) for axis in (up, ahead, normal)], axis=1))
    return np.array(out)


def test_rates_of_turn_are_the_derivative_in_the_orbital_frame() -> None:
    """By differences over 2 s. The frames also turn about the vertical with the drift of the node: 2e-6 rad/s."""
    propagator = Propagator(orbits())
    count = propagator.count
    pair = np.stack(np.triu_indices(count, 1), axis=1).astype(np.int32)
    for when in (EPOCH, EPOCH + 1_500.0):
        before, after = (in_orbital_frame(propagator, when + dt, pair) for dt in (-1.0, 1.0))
        expected = np.linalg.norm(after - before, axis=2).T / 2.0
        r, v = propagator.inertial_states(when)
        angle = float(gmst82_rad(np.array([when]))[0])
        turn = np.array([[np.cos(angle), np.sin(angle), 0.0], [-np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
        fixed = np.ascontiguousarray(turn @ r)
        moving = turn @ v - EARTH_RATE * np.stack([-fixed[1], fixed[0], 0.0 * fixed[2]])
        found = turn_rates(fixed, np.ascontiguousarray(moving), pair)
        near = np.linalg.norm(r[:, pair[:, 0]] - r[:, pair[:, 1]], axis=0) > 100e3
        np.testing.assert_allclose(found[near], expected[near], atol=2e-6, rtol=1e-4)


def test_neighbours_in_one_plane_do_not_turn() -> None:
    """On one circle the other stands still in the orbital frame; satellites that cross turn by degrees a second."""
    propagator = Propagator(walker_shell(550e3, 53.0, 2, 20, epoch_unix_s=EPOCH))
    when = np.array([EPOCH - 0.5, EPOCH, EPOCH + 0.5])
    before, now, after = propagator.earth_fixed_positions(when)
    pair = np.array([[0, 1], [0, 20], [0, 30]], np.int32)
    rate = turn_rates(now, after - before, pair)
    assert (rate[0] < 2e-6).all()
    assert (rate[1] > 1e-4).all()
    slew = Slew(after - before, 1e-4)
    ok, _ = usable_lasers(now, pair[:2], np.ones(40, bool), 2e7, -6e6, slew)
    assert ok.tolist() == [True, False]


def test_arrays_that_do_not_fit() -> None:
    position, pair, able = random_pairs(6, 6, 2)
    with pytest.raises(InputError, match=r"\(3, N\)"):
        usable_lasers(position.T, pair, able, 1e7, 0.0)
    with pytest.raises(InputError, match="0 to 5"):
        usable_lasers(position, pair + 6, able, 1e7, 0.0)
    with pytest.raises(InputError, match=r"\(6,\)"):
        usable_lasers(position, pair, able[:3], 1e7, 0.0)
    with pytest.raises(InputError, match=r"\(E, 2\)"):
        usable_lasers(position, pair.ravel(), able, 1e7, 0.0)
