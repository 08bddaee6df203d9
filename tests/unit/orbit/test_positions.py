"""Earth-fixed positions against a plain twin, and what becomes of satellites without an orbit."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest

from bentpipe.earth import gmst82_rad, julian_date, teme_to_earth_fixed
from bentpipe.earth.rotation import EARTH_RATE
from bentpipe.errors import InputError
from bentpipe.orbit import KEY_STEP_S, Propagator, Sgp4Elements, earth_fixed_positions, walker_shell
from bentpipe.orbit.hermite import hermite_earth_fixed
from bentpipe.orbit.sgp4records import sgp4_records

EPOCH = 1_721_088_000.0
SLOTS = EPOCH + 7_212.0 + 15.0 * np.arange(300)


def element_set(count: int, **columns: float) -> Sgp4Elements:
    """Element sets like Starlink's: 500 to 570 km, small eccentricities, some drag."""
    rng = np.random.default_rng(7)
    full = np.ones(count)
    given = {
        "bstar": rng.uniform(-1e-4, 5e-4, count),
        "ecco": rng.uniform(1e-5, 2e-3, count),
        "argpo_rad": rng.uniform(0.0, 6.28, count),
        "inclo_rad": np.radians(rng.choice([43.0, 53.0, 70.0, 97.6], count)),
        "mo_rad": rng.uniform(0.0, 6.28, count),
        "no_kozai_rad_per_min": rng.uniform(15.0, 15.3, count) * 2.0 * np.pi / 1440.0,
        "nodeo_rad": rng.uniform(0.0, 6.28, count),
    } | {name: value * full for name, value in columns.items()}
    epoch = given.pop("epoch_unix_s", EPOCH + rng.uniform(-86_400.0, 0.0, count))
    number = 999_999_000 + np.arange(count, dtype=np.int64)
    return Sgp4Elements(number, epoch, ndot=0.0 * full, nddot=0.0 * full, **given)


def twin(elements: Sgp4Elements, unix_s: npt.NDArray[np.float64], ut1_s: float) -> npt.NDArray[np.float64]:
    """SGP4 at every time and the rotation, by NumPy."""
    _, position, _ = sgp4_records(elements).sgp4(*julian_date(unix_s))
    fixed = teme_to_earth_fixed(1e3 * position, gmst82_rad(unix_s, ut1_s))
    return np.moveaxis(fixed, 0, -1)


def test_within_metres_of_sgp4() -> None:
    """The bound stated for the polynomials; SGP4's velocity is what keeps it from centimetres."""
    elements = element_set(200)
    found = earth_fixed_positions(elements, SLOTS, np.full(SLOTS.shape, -0.02))
    assert found.shape == (300, 3, 200) and found.dtype == np.float64 and found.flags.c_contiguous
    error = np.linalg.norm(found - twin(elements, SLOTS, -0.02), axis=1)
    assert error.max() < 4.0
    assert error.mean() < 0.8


def test_at_key_times_it_is_sgp4() -> None:
    elements = element_set(50)
    keys = np.arange(np.ceil(EPOCH / KEY_STEP_S), np.ceil(EPOCH / KEY_STEP_S) + 40) * KEY_STEP_S
    np.testing.assert_allclose(earth_fixed_positions(elements, keys), twin(elements, keys, 0.0), atol=1e-6)


def test_walker_within_a_decimetre_of_the_circle() -> None:
    shell = walker_shell(550e3, 53.0, 6, 5, 1, raan0_deg=20.0, epoch_unix_s=EPOCH - 1e6)
    since = SLOTS[:, None] - shell.epoch_unix_s
    along = shell.latitude_argument_rad + shell.latitude_argument_rate_rad_per_s * since
    node = shell.node_rad + shell.node_rate_rad_per_s * since - gmst82_rad(SLOTS, 0.1)[:, None]
    cos_i, sin_i = np.cos(shell.inclination_rad), np.sin(shell.inclination_rad)
    x = np.cos(along) * np.cos(node) - np.sin(along) * cos_i * np.sin(node)
    y = np.cos(along) * np.sin(node) + np.sin(along) * cos_i * np.cos(node)
    expected = shell.radius_m * np.stack((x, y, np.sin(along) * sin_i), axis=1)
    found = earth_fixed_positions(shell, SLOTS, 0.1)
    assert np.linalg.norm(found - expected, axis=1).max() < 0.1


def test_kernel_reproduces_polynomials_of_degree_seven() -> None:
    """Positions and velocities of a polynomial give back the polynomial, and its plain NumPy value."""
    rng = np.random.default_rng(3)
    count, step = 300, 360.0
    weights = rng.normal(size=(8, count, 3))
    nodes = np.arange(-1.0, 5.0)
    powers = np.arange(8)
    slopes = powers * nodes[:, None] ** np.maximum(powers - 1, 0) / step
    position = np.ascontiguousarray(np.einsum("kp,pna->nka", nodes[:, None] ** powers, weights))
    slope = np.ascontiguousarray(np.einsum("kp,pna->nka", slopes, weights))
    fraction = np.array([0.0, 0.25, 0.5, 0.999, 0.0, 0.7])
    key = np.array([1, 1, 1, 1, 2, 3])
    gmst = rng.uniform(0.0, 6.0, 6)
    out = np.empty((6, 3, count))
    refused = np.zeros((count, len(nodes)), np.uint8)
    hermite_earth_fixed(position, slope, refused, step, key, fraction, gmst, out)
    inertial = np.einsum("tp,pna->nta", (nodes[key] + fraction)[:, None] ** powers, weights)
    expected = np.moveaxis(1e3 * teme_to_earth_fixed(inertial, gmst), 0, -1)
    np.testing.assert_allclose(out, expected, rtol=1e-11, atol=1e-5)


def test_refused_key_times() -> None:
    """NaN where an end of the step is refused; a cubic where only an outer key time is."""
    rng = np.random.default_rng(4)
    position, velocity = rng.normal(size=(2, 1, 6, 3))
    refused = np.array([[0, 0, 0, 0, 6, 6]], np.uint8)
    key = np.array([1, 2, 3, 4])
    out = np.empty((4, 3, 1))
    hermite_earth_fixed(position, velocity, refused, 1.0, key, np.full(4, 0.5), np.zeros(4), out)
    assert np.isfinite(out[:2]).all() and np.isnan(out[2:]).all()
    middle = 500.0 * (position[0, 2] + position[0, 3]) + 125.0 * (velocity[0, 2] - velocity[0, 3])
    np.testing.assert_allclose(out[1, :, 0], middle)


def test_catalogue_numbers_beyond_the_library() -> None:
    elements = element_set(3)
    assert elements.catalog_number.min() > 339_999
    assert np.isfinite(earth_fixed_positions(elements, SLOTS[:2])).all()


def test_a_decayed_satellite_is_missing_and_its_neighbours_are_not() -> None:
    elements = element_set(3)
    drag = elements.bstar.copy()
    drag[1] = 0.5
    elements = elements._replace(bstar=drag)
    late = EPOCH + 30 * 86_400.0 + 15.0 * np.arange(5)
    found = earth_fixed_positions(elements, late)
    assert np.isnan(found[:, :, 1]).all()
    assert np.isfinite(found[:, :, [0, 2]]).all()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ecco", 1.0),
        ("ecco", -0.1),
        ("ecco", np.nan),
        ("no_kozai_rad_per_min", 0.0),
        ("no_kozai_rad_per_min", -0.06),
        ("no_kozai_rad_per_min", 1.0),
        ("no_kozai_rad_per_min", np.inf),
        ("inclo_rad", np.nan),
        ("bstar", np.inf),
        ("mo_rad", np.nan),
        ("epoch_unix_s", np.nan),
    ],
)
def test_elements_without_an_orbit_never_crash(column: str, value: float) -> None:
    wrong = element_set(2, **{column: value})
    assert np.isnan(earth_fixed_positions(wrong, SLOTS[:2])).all()


def test_shapes_of_nothing() -> None:
    assert earth_fixed_positions(element_set(4), np.empty(0)).shape == (0, 3, 4)
    none = Sgp4Elements(*(column[:0] for column in element_set(1)))
    assert earth_fixed_positions(none, SLOTS[:3]).shape == (3, 3, 0)


def test_a_propagator_travels_and_repeats() -> None:
    elements = element_set(20)
    propagator = Propagator(elements)
    first = propagator.earth_fixed_positions(SLOTS)
    np.testing.assert_array_equal(first, propagator.earth_fixed_positions(SLOTS))
    copy = pickle.loads(pickle.dumps(propagator))
    np.testing.assert_array_equal(first, copy.earth_fixed_positions(SLOTS))


@pytest.mark.parametrize(
    ("unix_s", "ut1"),
    [([[0.0]], 0.0), ([0.0, 1.0], [0.0]), ([np.nan], 0.0), ([0.0], 2.0), ([1e12], 0.0), ([0.0], np.nan)],
)
def test_bad_times(unix_s: list[float], ut1: float) -> None:
    with pytest.raises(InputError):
        earth_fixed_positions(element_set(1), unix_s, ut1)


def test_threads_share_a_propagator() -> None:
    propagator = Propagator(element_set(40))
    whole = propagator.earth_fixed_positions(SLOTS)
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(propagator.earth_fixed_positions, np.array_split(SLOTS, 10)))
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_velocities_are_those_of_sgp4_seen_from_the_turning_earth() -> None:
    """At key times SGP4's own velocity, turned; in between the positions move by it."""
    elements = element_set(60)
    propagator = Propagator(elements)
    key = np.ceil(EPOCH / KEY_STEP_S) * KEY_STEP_S
    position, velocity = propagator.inertial_states(key)
    angle, turn = gmst82_rad(key), np.array([0.0, 0.0, EARTH_RATE])
    fixed = teme_to_earth_fixed(position.T, angle)
    expected = teme_to_earth_fixed(velocity.T, angle) - np.cross(turn, fixed)
    (found,) = propagator.earth_fixed_states([key])
    np.testing.assert_allclose(found, np.concatenate([fixed, expected], axis=1), rtol=0.0, atol=1e-6)
    times = SLOTS[::7]
    states = propagator.earth_fixed_states(times)
    before, after = (propagator.earth_fixed_positions(times + step) for step in (-0.0625, 0.0625))
    np.testing.assert_allclose(states[..., 3:], np.moveaxis(after - before, 1, 2) / 0.125, atol=2e-4)


def test_states_hold_the_positions_bit_for_bit() -> None:
    elements = element_set(200, ecco=np.where(np.arange(200) == 3, 0.99, 1e-3))
    propagator = Propagator(elements)
    states = propagator.earth_fixed_states(SLOTS[::-11], 0.1)
    positions = propagator.earth_fixed_positions(SLOTS[::-11], 0.1)
    assert states.shape == (28, 200, 6) and states.flags.c_contiguous
    np.testing.assert_array_equal(states[..., :3], np.moveaxis(positions, 1, 2))
    np.testing.assert_array_equal(np.isnan(states[..., 3:]), np.isnan(states[..., :3]))
    assert np.isnan(states[:, 3]).any() and np.isfinite(np.delete(states, 3, axis=1)).all()
    assert Propagator(element_set(0)).earth_fixed_states(SLOTS[:2]).shape == (2, 0, 6)
