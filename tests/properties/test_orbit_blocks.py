"""However a span of time is cut, shuffled or repeated, positions are the same bit for bit."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bentpipe.orbit import CircularElements, Propagator, Sgp4Elements, walker_shell

START = 1_721_088_012.0
SLOTS = 1_000
TIMES = START + 15.0 * np.arange(SLOTS)


def element_sets() -> Sgp4Elements:
    """Two low orbits, one that decays within the span, one in deep space with a 12 h resonance."""
    return Sgp4Elements(
        catalog_number=np.array([1, 2, 3, 4]),
        epoch_unix_s=START - np.array([3_600.0, 86_400.0, 0.0, 500_000.0]),
        bstar=np.array([1e-4, 3e-4, 0.08, 1e-5]),
        ndot=np.zeros(4),
        nddot=np.zeros(4),
        ecco=np.array([1e-4, 1e-3, 1e-3, 0.7]),
        argpo_rad=np.array([1.0, 2.0, 3.0, 4.7]),
        inclo_rad=np.radians([53.0, 97.6, 43.0, 63.4]),
        mo_rad=np.array([0.1, 3.0, 5.0, 1.0]),
        no_kozai_rad_per_min=np.array([15.06, 15.2, 16.3, 2.006]) * 2.0 * np.pi / 1440.0,
        nodeo_rad=np.array([0.5, 1.5, 2.5, 3.5]),
    )


def check(elements: Sgp4Elements | CircularElements, cuts: list[int], seed: int) -> None:
    ut1 = 1e-3 * np.sin(TIMES / 1e4)
    whole = Propagator(elements).earth_fixed_positions(TIMES, ut1)
    used = Propagator(elements)
    bounds = [0, *sorted(cuts), SLOTS]
    parts = [used.earth_fixed_positions(TIMES[a:b], ut1[a:b]) for a, b in itertools.pairwise(bounds)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    some = np.random.default_rng(seed).integers(0, SLOTS, 100)
    assert used.earth_fixed_positions(TIMES[some], ut1[some]).tobytes() == whole[some].tobytes()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, SLOTS), max_size=6), st.integers(0, 2**32))
def test_element_sets(cuts: list[int], seed: int) -> None:
    check(element_sets(), cuts, seed)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, SLOTS), max_size=6), st.integers(0, 2**32))
def test_walker_shells(cuts: list[int], seed: int) -> None:
    check(walker_shell(550e3, 53.0, 13, 11, 3, epoch_unix_s=START - 1e7), cuts, seed)


def test_one_of_them_decays_within_the_span() -> None:
    found = np.isfinite(Propagator(element_sets()).earth_fixed_positions(TIMES)).all(axis=1)
    assert found[:, [0, 1, 3]].all()
    assert found[0, 2] and not found[-1, 2]
