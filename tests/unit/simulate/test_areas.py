"""Areas by polygon, circle and region."""

from __future__ import annotations

import numpy as np

from bentpipe.earth import great_circle_m
from bentpipe.simulate.areas import area_mask, inside_polygon

LAT, LON = np.random.default_rng(8).uniform([[44.0], [22.0]], [[53.0], [41.0]], (2, 2000))
REGION = np.random.default_rng(9).integers(-1, 3, 2000).astype(np.int32)


def test_a_rectangle_holds_what_lies_between_its_sides() -> None:
    inside = inside_polygon(LAT, LON, [(46.0, 25.0), (46.0, 35.0), (50.0, 35.0), (50.0, 25.0)])
    np.testing.assert_array_equal(inside, (LAT > 46.0) & (LAT < 50.0) & (LON > 25.0) & (LON < 35.0))


def test_a_notch_is_outside_whichever_way_round() -> None:
    corners = [(46.0, 25.0), (46.0, 35.0), (50.0, 35.0), (47.0, 30.0), (50.0, 25.0)]
    inside = inside_polygon(LAT, LON, corners)
    np.testing.assert_array_equal(inside_polygon(LAT, LON, corners[::-1]), inside)
    notch = np.array([49.9]), np.array([30.0])
    assert not inside_polygon(*notch, corners)[0]
    assert inside_polygon(np.array([46.5]), np.array([30.0]), corners)[0]


def test_a_circle_holds_what_is_near() -> None:
    mask = area_mask(LAT, LON, REGION, ["A", "B", "C"], centre=(50.0, 30.0), radius_m=200e3)
    np.testing.assert_array_equal(mask, great_circle_m(LAT, LON, 50.0, 30.0) <= 200e3)


def test_regions_by_code_and_everywhere_without_any() -> None:
    np.testing.assert_array_equal(area_mask(LAT, LON, REGION, ["A", "B", "C"], ["C", "A"]), np.isin(REGION, [0, 2]))
    assert not area_mask(LAT, LON, REGION, ["A", "B", "C"], ["Z"]).any()
    assert area_mask(LAT, LON, REGION, ["A", "B", "C"]).all()
