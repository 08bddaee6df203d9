"""The sky as a dish maps it."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.emulate.dish.skymap import SIZE, sky_view


def test_a_dish_to_the_zenith_sees_a_disc() -> None:
    view = sky_view(0.0, 90.0, 100.0, 25.0)
    assert view.clear.shape == (SIZE, SIZE) and view.obstructed == 0.0
    middle = SIZE // 2
    assert view.clear[middle, middle] == 1.0 and view.clear[0, 0] == -1.0
    # 50 degrees from the zenith is 50/80 of half the map.
    seen = np.flatnonzero(view.clear[middle] == 1.0)
    assert seen[-1] - middle == int(50 / 80 * SIZE / 2)
    np.testing.assert_array_equal(view.clear, view.clear[::-1])
    np.testing.assert_array_equal(view.clear, view.clear[:, ::-1])


def test_north_is_up_and_east_is_right() -> None:
    middle = SIZE // 2
    north, east = sky_view(0.0, 50.0, 40.0, 0.0).clear, sky_view(90.0, 50.0, 40.0, 0.0).clear
    assert north[:middle].max() == 1.0 and north[middle + 1 :].max() == -1.0
    assert east[:, middle + 1 :].max() == 1.0 and east[:, :middle].max() == -1.0
    np.testing.assert_array_equal(east, np.rot90(north, -1))


def test_the_minimum_elevation_cuts_the_cone() -> None:
    view = sky_view(0.0, 30.0, 100.0, 25.0)
    rows = np.arange(SIZE) - SIZE // 2
    radius = np.hypot(*np.meshgrid(rows, rows)) / (SIZE / 2) * 80.0
    assert np.all(view.clear[radius > 65.0] == -1.0)


def test_the_skyline_hides_its_share_of_the_solid_angle() -> None:
    # A wall to 60 degrees all round a dish that sees to 40: spherical zones, cos of the angles from the zenith.
    view = sky_view(0.0, 90.0, 100.0, 25.0, [(0.0, 60.0)])
    zones = (np.cos(np.radians(30)) - np.cos(np.radians(50))) / (1 - np.cos(np.radians(50)))
    assert view.obstructed == pytest.approx(zones, abs=0.01)
    assert set(np.unique(view.clear)) == {-1.0, 0.0, 1.0}


def test_the_skyline_goes_round_the_north() -> None:
    middle = SIZE // 2
    line = [(30.0, 80.0), (60.0, 0.0), (300.0, 0.0), (330.0, 80.0)]
    north = sky_view(0.0, 90.0, 100.0, 25.0, line)
    assert north.clear[middle - 20, middle] == 0.0  # between 330 and 30 degrees the wall stands
    assert north.clear[middle + 20, middle] == 1.0
