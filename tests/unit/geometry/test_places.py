"""Places: groups, boresights, tilts, obstruction masks."""

from __future__ import annotations

import numpy as np
import pytest
from sky import places_at

from bentpipe.geometry.places import automatic_tilt_deg, obstruction_rows


def test_groups_hold_every_place_once_and_reach_all_of_them() -> None:
    rng = np.random.default_rng(2)
    lat = np.concatenate([np.degrees(np.arcsin(rng.uniform(-1, 1, 500))), [90.0, -90.0, 10.0, 10.0]])
    lon = np.concatenate([rng.uniform(-180, 180, 500), [0.0, 0.0, 180.0, -180.0]])
    places = places_at(lat, lon)
    assert sorted(places.order.tolist()) == list(range(len(lat)))
    assert places.group_start[0] == 0 and places.group_start[-1] == len(lat)
    unit = places.position_m / np.linalg.norm(places.position_m, axis=1, keepdims=True)
    for g, (first, last) in enumerate(zip(places.group_start[:-1], places.group_start[1:], strict=True)):
        assert last > first
        cosine = np.clip(unit[places.order[first:last]] @ places.group_axis[g], -1, 1)
        # Near 1 the arc cosine is good to 1.5e-8 only; the search is widened by far more.
        assert np.arccos(cosine).max() <= places.group_radius_rad[g] + 1e-7
        assert places.group_radius_rad[g] < np.radians(6.0)


def test_boresight_leans_to_its_azimuth() -> None:
    places = places_at(np.full(4, 50.0), np.full(4, 30.0), tilt_deg=[0, 30, 30, 90], azimuth_deg=[0, 0, 90, 180])
    axes = places.east_north_up.reshape(-1, 3, 3)
    local = np.einsum("cij,cj->ci", axes, places.boresight)
    half = np.sqrt(3) / 2
    np.testing.assert_allclose(local, [[0, 0, 1], [0, 0.5, half], [0.5, 0, half], [0, -1, 0]], atol=1e-12)


def test_tilt_is_27_degrees_where_it_was_measured_and_symmetric() -> None:
    assert automatic_tilt_deg(48.5) == pytest.approx(27.0)
    lat = np.linspace(-90, 90, 37)
    np.testing.assert_array_equal(automatic_tilt_deg(lat), automatic_tilt_deg(-lat))
    assert automatic_tilt_deg(75.0) == 0.0


def test_obstruction_goes_around_the_circle() -> None:
    row = np.degrees(np.arcsin(obstruction_rows([[(350.0, 20.0), (10.0, 40.0)]])[0]))
    assert row[0] == pytest.approx(30.5)
    assert row[359] == pytest.approx(29.5)
    assert row[180] == pytest.approx(40.0 - 20.0 * 170.5 / 340.0)
    flat = np.degrees(np.arcsin(obstruction_rows([[(123.0, 15.0)], []])))
    np.testing.assert_allclose(flat[0], 15.0)
    np.testing.assert_allclose(flat[1], -90.0)
