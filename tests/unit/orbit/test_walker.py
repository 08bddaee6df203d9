"""Walker shells: where satellites stand, and how their orbits drift."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.orbit import Sgp4Elements, earth_fixed_positions, secular_rates, walker_shell
from bentpipe.orbit.walker import EQUATORIAL_RADIUS, WGS72_A, WGS72_J2

EPOCH = 1_721_088_000.0
DAY = 86_400.0


def test_delta_of_the_text_book() -> None:
    """15/5/1: planes 72 degrees apart, satellites 120, one step of 24 degrees from plane to plane."""
    shell = walker_shell(550e3, 56.0, 5, 3, 1, raan0_deg=10.0, epoch_unix_s=EPOCH)
    assert shell.plane.tolist() == np.repeat(np.arange(5), 3).tolist()
    np.testing.assert_allclose(np.degrees(shell.node_rad[::3]), [10.0, 82.0, 154.0, 226.0, 298.0])
    np.testing.assert_allclose(np.degrees(shell.latitude_argument_rad[:6]), [0, 120, 240, 24, 144, 264])
    np.testing.assert_allclose(shell.radius_m, EQUATORIAL_RADIUS + 550e3)


def test_star_spreads_over_half_a_turn() -> None:
    shell = walker_shell(1_200e3, 87.9, 18, 2, pattern="star")
    np.testing.assert_allclose(np.degrees(shell.node_rad[::2]), np.arange(18) * 10.0)


def test_positions_at_the_epoch() -> None:
    """The first satellite of plane 0 crosses the equator northwards at right ascension 0."""
    shell = walker_shell(550e3, 53.0, 4, 4, epoch_unix_s=EPOCH)
    positions = earth_fixed_positions(shell, np.array([EPOCH, EPOCH + 1.0]))
    assert positions.shape == (2, 3, 16) and positions.flags.c_contiguous
    np.testing.assert_allclose(np.linalg.norm(positions, axis=1), EQUATORIAL_RADIUS + 550e3, atol=0.1)
    assert positions[0, 2, 0] == pytest.approx(0.0, abs=1.0)
    climb = positions[1, 2, 0] - positions[0, 2, 0]
    assert climb == pytest.approx(7_585.0 * np.sin(np.radians(53.0)), rel=0.005)


def test_first_order_rates() -> None:
    radius, inclination = 6_928_137.0, np.radians(53.0)
    motion, node, along = secular_rates(radius, inclination)
    size = 1.5 * WGS72_J2 * (WGS72_A / radius) ** 2
    # What is left is of the second order: 1e-3 of the first.
    assert node == pytest.approx(-size * motion * np.cos(inclination), rel=3e-3)
    first = size * motion * (4.0 * np.cos(inclination) ** 2 - 1.0)
    assert along - motion == pytest.approx(first, rel=5e-3)


def record_of(motion_rad_s: float, inclination: float) -> Any:
    """SGP4's record of a circular orbit without drag whose Brouwer mean motion is the one given."""
    from sgp4.api import WGS72, Satrec

    wanted = kozai = motion_rad_s * 60.0
    for _ in range(5):
        record = Satrec()
        record.sgp4init(WGS72, "i", 1, 20000.0, 0.0, 0.0, 0.0, 0.0, 0.0, inclination, 0.0, kozai, 0.0)
        kozai += wanted - record.a**-1.5 / record.tumin
    return record


@pytest.mark.parametrize("inclination", np.radians([0.0, 43.0, 53.2, 63.4, 87.9, 97.6, 140.0]))
@pytest.mark.parametrize("radius", [6_700e3, 6_928_137.0, 7_578e3])
def test_rates_are_those_of_sgp4(radius: float, inclination: float) -> None:
    motion, node, along = secular_rates(radius, inclination)
    record = record_of(float(motion), inclination)
    assert node == pytest.approx(record.nodedot / 60.0, rel=1e-9, abs=1e-20)
    assert along == pytest.approx((record.mdot + record.argpdot) / 60.0, rel=1e-11)


@pytest.mark.parametrize(("altitude", "inclination"), [(550e3, 53.0), (560e3, 97.6), (1_200e3, 87.9)])
def test_drifts_as_sgp4_does(altitude: float, inclination: float) -> None:
    """For a week no further than the short-period terms from SGP4 without drag, and no bias in height."""
    shell = walker_shell(altitude, inclination, 3, 3, 1, epoch_unix_s=EPOCH)
    motion, _, _ = secular_rates(shell.radius_m[0], shell.inclination_rad[0])
    zero = np.zeros(9)
    same = Sgp4Elements(
        catalog_number=shell.catalog_number,
        epoch_unix_s=shell.epoch_unix_s,
        bstar=zero,
        ndot=zero,
        nddot=zero,
        ecco=zero + 1e-7,
        argpo_rad=zero,
        inclo_rad=shell.inclination_rad,
        mo_rad=shell.latitude_argument_rad,
        no_kozai_rad_per_min=zero + record_of(float(motion), float(shell.inclination_rad[0])).no_kozai,
        nodeo_rad=shell.node_rad,
    )
    for begin in (0.0, 7 * DAY):
        times = EPOCH + begin + np.arange(0.0, 12_000.0, 60.0)
        circle, sgp4 = earth_fixed_positions(shell, times), earth_fixed_positions(same, times)
        apart = np.linalg.norm(circle - sgp4, axis=1)
        assert np.sqrt(np.mean(apart**2)) < 12e3
        assert apart.max() < 25e3
        heights = np.linalg.norm(circle, axis=1) - np.linalg.norm(sgp4, axis=1)
        assert abs(heights.mean()) < 500.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"altitude_m": 550.0},
        {"altitude_m": np.nan},
        {"inclination_deg": 181.0},
        {"planes": 0},
        {"planes": 2.5},
        {"per_plane": -1},
        {"phasing": 3.0},
        {"pattern": "rosette"},
        {"epoch_unix_s": np.inf},
        {"first_number": 2**32},
    ],
)
def test_bad_shells(wrong: dict[str, float]) -> None:
    good: dict[str, float] = {"altitude_m": 550e3, "inclination_deg": 53.0, "planes": 3, "per_plane": 3}
    with pytest.raises(InputError) as caught:
        walker_shell(**(good | wrong))  # type: ignore[arg-type]
    assert caught.value.faults[0].where == next(iter(wrong))


def test_every_fault_at_once() -> None:
    with pytest.raises(InputError) as caught:
        walker_shell(0.0, -1.0, 3, 3, pattern="none")
    assert len(caught.value.faults) == 3
