"""Spares, strings, several shells, missing states; and the states that planes are found from."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.earth import julian_date
from bentpipe.errors import InputError
from bentpipe.orbit import Propagator, Sgp4Elements, concatenate, recover_planes, walker_shell
from bentpipe.orbit.sgp4records import sgp4_records

EPOCH = 1_700_000_000.0


def element_sets(count: int) -> Sgp4Elements:
    zero, rng = np.zeros(count), np.random.default_rng(3)
    return Sgp4Elements(
        catalog_number=np.arange(count),
        epoch_unix_s=zero + EPOCH,
        bstar=zero + 1e-4,
        ndot=zero,
        nddot=zero,
        ecco=zero + 1e-4,
        argpo_rad=rng.uniform(0.0, 6.28, count),
        inclo_rad=zero + np.radians(53.0),
        mo_rad=rng.uniform(0.0, 6.28, count),
        no_kozai_rad_per_min=zero + 15.06 * 2.0 * np.pi / 1440.0,
        nodeo_rad=rng.uniform(0.0, 6.28, count),
    )


def test_inertial_states_of_element_sets_are_those_of_sgp4() -> None:
    elements = element_sets(5)
    elements.ecco[3] = 2.0  # no orbit
    position, velocity = Propagator(elements).inertial_states(EPOCH + 777.0)
    error, r, v = sgp4_records(elements).sgp4(*julian_date(np.array([EPOCH + 777.0])))
    assert position.shape == velocity.shape == (3, 5)
    lost = error[:, 0] != 0
    assert lost.tolist() == [False, False, False, True, False]
    np.testing.assert_array_equal(position[:, ~lost], 1e3 * r[~lost, 0].T)
    np.testing.assert_array_equal(velocity[:, ~lost], 1e3 * v[~lost, 0].T)
    assert np.isnan(position[:, lost]).all() and np.isnan(velocity[:, lost]).all()


def test_inertial_states_of_circles() -> None:
    """The velocity is the derivative of the position, and nothing is kept."""
    propagator = Propagator(walker_shell(550e3, 53.0, 3, 4, epoch_unix_s=EPOCH))
    before, _ = propagator.inertial_states(EPOCH + 99.0)
    position, velocity = propagator.inertial_states(EPOCH + 100.0)
    after, _ = propagator.inertial_states(EPOCH + 101.0)
    np.testing.assert_allclose(np.linalg.norm(position, axis=0), 6_378_137.0 + 550e3, rtol=1e-12)
    np.testing.assert_allclose(velocity, (after - before) / 2.0, atol=0.01)
    assert not propagator._kept
    with pytest.raises(InputError, match="not finite"):
        propagator.inertial_states(float("nan"))


def test_spares_have_a_plane_and_no_place() -> None:
    """As Starlink flies: 18 places in a plane, spares a quarter of a spacing off some of them."""
    shell = walker_shell(547.5e3, 53.05, 72, 18, phasing=45, epoch_unix_s=EPOCH)
    spares = shell._replace(latitude_argument_rad=shell.latitude_argument_rad + np.radians(5.0))
    taken = np.random.default_rng(1).random(72 * 18) < 0.15
    both = concatenate([shell, type(spares)(*(column[taken] for column in spares))])
    position, velocity = Propagator(both).inertial_states(EPOCH)
    found = recover_planes(position, velocity, np.ones(len(both.plane), bool))
    fit = found.fits[0]
    assert len(found.fits) == 1 and (fit.planes, fit.places, fit.even) == (72, 18, True)
    assert (found.plane == both.plane).all()
    assert (found.place[: 72 * 18] >= 0).all() and (found.place[72 * 18 :] == -1).all()
    assert fit.phase_step == pytest.approx(45.0 / 72.0 - 1.0, abs=1e-6)
    assert fit.seam_shift == 45 - 72
    assert fit.assigned == pytest.approx(1296 / (1296 + taken.sum()))


def test_two_claims_to_a_place_are_settled() -> None:
    shell = walker_shell(550e3, 53.0, 10, 12, phasing=3, epoch_unix_s=EPOCH)
    near = type(shell)(*(column[:4].copy() for column in shell))
    near = near._replace(latitude_argument_rad=near.latitude_argument_rad + np.radians(0.4))
    both = concatenate([near, shell])
    found = recover_planes(*Propagator(both).inertial_states(EPOCH), np.ones(len(both.plane), bool))
    labels = np.stack([found.shell, found.plane, found.place])[:, found.place >= 0]
    assert len(np.unique(labels, axis=1).T) == labels.shape[1] == 120
    assert (found.place[:4] == -1).all() and (found.plane[:4] == 0).all()


def test_shells_are_told_apart_and_strings_have_no_labels() -> None:
    """Two shells, and two dozen satellites that climb in one bunch each."""
    rng = np.random.default_rng(5)
    parts = [
        walker_shell(550e3, 53.0, 24, 20, phasing=7, epoch_unix_s=EPOCH),
        walker_shell(570e3, 70.0, 12, 20, phasing=5, epoch_unix_s=EPOCH),
    ]
    for altitude, node in ((350e3, 40.0), (420e3, 200.0)):
        one = walker_shell(altitude, 53.0, 1, 24, raan0_deg=node, epoch_unix_s=EPOCH)
        bunch = np.radians(rng.uniform(20.0, 60.0, 24))
        height = one.radius_m + np.linspace(0.0, 40e3, 24)
        parts.append(one._replace(latitude_argument_rad=bunch, radius_m=height))
    all_of = concatenate(parts)
    found = recover_planes(*Propagator(all_of).inertial_states(EPOCH), np.ones(len(all_of.plane), bool))
    assert [(fit.planes, fit.places, fit.satellites) for fit in found.fits] == [(24, 20, 480), (12, 20, 240)]
    assert (found.shell == np.repeat([0, 1, -1], [480, 240, 48])).all()
    for labels in (found.plane, found.place):
        assert (labels[:720] >= 0).all() and (labels[720:] == -1).all()
    assert (found.planes == np.repeat([24, 12, 0], [480, 240, 48])).all()


def test_what_cannot_be_told_has_no_labels() -> None:
    """Random orbits, too few of them, states that are not there, satellites that do not count."""
    position, velocity = Propagator(element_sets(300)).inertial_states(EPOCH)
    found = recover_planes(position, velocity, np.ones(300, bool), np.zeros(300, np.int64))
    assert (found.place == -1).all() and (found.shell == 0).all() and found.fits[0].places == 0
    found = recover_planes(position, velocity, np.arange(300) < 5, np.zeros(300, np.int64))
    assert found.fits[0].planes == 0 and (found.shell == np.where(np.arange(300) < 5, 0, -1)).all()
    position[:, 7] = np.nan
    assert recover_planes(position, velocity, np.ones(300, bool), np.zeros(300, np.int64)).shell[7] == -1
    assert recover_planes(np.zeros((3, 0)), np.zeros((3, 0)), np.zeros(0, bool)).fits == ()
    with pytest.raises(InputError, match="differ in shape"):
        recover_planes(position, velocity, np.ones(299, bool))


def test_a_star_keeps_half_of_the_turn_empty() -> None:
    """Planes over half a turn: twice as many in a whole turn, and no plane beyond the last."""
    shell = walker_shell(1_200e3, 87.9, 12, 49, phasing=6, raan0_deg=3.0, pattern="star", epoch_unix_s=EPOCH)
    found = recover_planes(*Propagator(shell).inertial_states(EPOCH), np.ones(588, bool))
    fit = found.fits[0]
    assert (fit.planes, fit.occupied, fit.places, fit.assigned) == (24, 12, 49, 1.0)
    assert (found.plane == shell.plane).all()
    assert fit.phase_step == pytest.approx(0.5, abs=1e-6) or fit.phase_step == pytest.approx(-0.5, abs=1e-6)
