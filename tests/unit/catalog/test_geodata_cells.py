"""Cells of territories."""

from __future__ import annotations

import h3.api.numpy_int as h3
import numpy as np
import pytest

from bentpipe.catalog.geodata import Geodata, load_geodata
from bentpipe.errors import GeodataError


@pytest.fixture(scope="module")
def geodata() -> Geodata:
    return load_geodata()


def test_ukraine_at_resolution_5(geodata: Geodata) -> None:
    cells = geodata.cells(5, country="UKR")
    assert 2_400 <= len(cells) <= 2_700
    assert (np.diff(cells.h3) > 0).all()
    assert np.bincount(cells.region, minlength=27).min() >= 1
    assert (cells.region >= 0).all()
    area = sum(region.area_m2 for region in geodata.regions("UKR"))
    assert cells.area_m2[cells.land].sum() == pytest.approx(area, rel=0.01)
    assert all(
        h3.cell_to_latlng(c) == (a, b) for c, a, b in zip(cells.h3[:9], cells.lat_deg, cells.lon_deg, strict=False)
    )


def test_regions_split_the_country(geodata: Geodata) -> None:
    whole = geodata.cells(4, country="UKR")
    codes = [region.code for region in geodata.regions("UKR")]
    found: dict[int, str] = {}
    for code in codes:
        part = geodata.cells(4, country="UKR", admin1=[code])
        assert set(part.region_codes) == {code}
        assert not set(found) & set(part.h3[part.land].tolist())
        found |= dict.fromkeys(part.h3[part.land].tolist(), code)
    of_whole = {
        int(c): whole.region_codes[r] for c, r in zip(whole.h3[whole.land], whole.region[whole.land], strict=True)
    }
    assert found == of_whole


def test_cells_of_regions_by_name_and_code(geodata: Geodata) -> None:
    by_name = geodata.cells(5, country="UKR", admin1=["Lviv", "odesa"])
    by_code = geodata.cells(5, country="UA", admin1=["UA-51", "UA-46"])
    assert np.array_equal(by_name.h3, by_code.h3)
    with pytest.raises(GeodataError, match="UA-46"):
        geodata.cells(5, country="UKR", admin1=["Lvivv"])


def test_neighbours_do_not_share_land_cells(geodata: Geodata) -> None:
    ukraine, poland = (geodata.cells(5, country=name) for name in ("UKR", "POL"))
    assert not set(ukraine.h3.tolist()) & set(poland.h3.tolist())


@pytest.mark.parametrize(("name", "least"), [("MCO", 1), ("VAT", 1), ("NRU", 1), ("TUV", 3), ("KIR", 10), ("BVT", 1)])
def test_small_countries_have_the_cells_of_their_places(geodata: Geodata, name: str, least: int) -> None:
    cells = geodata.cells(5, country=name)
    assert len(cells) >= least
    places = geodata.places(name)
    at = {h3.latlng_to_cell(a, b, 5) for a, b in zip(places.lat_deg, places.lon_deg, strict=True)}
    assert at <= set(cells.h3.tolist())


def test_fiji_on_both_sides_of_the_180th_meridian(geodata: Geodata) -> None:
    cells = geodata.cells(5, country="FJI")
    assert (cells.lon_deg > 170).any()
    assert (cells.lon_deg < -175).any()
    assert len(cells) < 200


def test_world_at_resolution_2(geodata: Geodata) -> None:
    cells = geodata.cells(2, world=True)
    assert len(cells) == h3.get_num_cells(2)
    assert cells.area_m2[cells.land].sum() / cells.area_m2.sum() == pytest.approx(0.29, abs=0.01)
    kyiv = np.searchsorted(cells.h3, np.uint64(h3.latlng_to_cell(50.45, 30.52, 2)))
    assert cells.region_codes[cells.region[kyiv]] == "UKR"
    assert not cells.land[cells.region < 0].any()


def test_polygon(geodata: Geodata) -> None:
    cells = geodata.cells(5, polygon=[(50.0, 30.0), (50.0, 31.0), (51.0, 31.0), (51.0, 30.0)])
    inside = (cells.lat_deg > 50) & (cells.lat_deg < 51) & (cells.lon_deg > 30) & (cells.lon_deg < 31)
    assert inside.all()
    assert "UA-30" in cells.region_codes
    backwards = geodata.cells(5, polygon=[(51.0, 30.0), (51.0, 31.0), (50.0, 31.0), (50.0, 30.0)])
    assert np.array_equal(cells.h3, backwards.h3)


def test_polygon_over_the_180th_meridian(geodata: Geodata) -> None:
    cells = geodata.cells(5, polygon=[(-18.0, 178.0), (-18.0, -179.0), (-16.0, -179.0), (-16.0, 178.0)])
    assert (cells.lon_deg > 178).any()
    assert (cells.lon_deg < -179).any()
    assert cells.area_m2.sum() == pytest.approx(2 * 3 * 111.2e3**2 * np.cos(np.radians(17)), rel=0.03)


def test_tiny_polygon_gives_one_cell(geodata: Geodata) -> None:
    cells = geodata.cells(3, polygon=[(50.45, 30.5), (50.45, 30.51), (50.46, 30.51)])
    assert cells.h3.tolist() == [h3.latlng_to_cell(50.4533, 30.5067, 3)]


def test_given_cells(geodata: Geodata) -> None:
    kyiv, sea = h3.latlng_to_cell(50.45, 30.52, 5), h3.latlng_to_cell(43.0, 34.0, 5)
    cells = geodata.cells(cells=[h3.int_to_str(kyiv), int(sea), int(kyiv)])
    assert cells.resolution == 5
    assert {int(c): int(r) for c, r in zip(cells.h3, cells.region, strict=True)} == {kyiv: 0, sea: -1}
    assert cells.region_codes == ("UA-30",)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"resolution": 5}, "exactly one"),
        ({"resolution": 5, "world": True, "country": "UKR"}, "exactly one"),
        ({"resolution": 5, "admin1": ["UA-30"], "world": True}, "without a country"),
        ({"resolution": 16, "country": "UKR"}, "0 to 15"),
        ({"resolution": True, "country": "UKR"}, "0 to 15"),
        ({"resolution": 9, "country": "UKR"}, "at most 2,000,000"),
        ({"resolution": 15, "world": True}, "at most 2,000,000"),
        ({"resolution": 10, "polygon": [(0, 0), (0, 40), (40, 40), (40, 0)]}, "at most 2,000,000"),
        ({"resolution": 5, "polygon": [(0, 0), (1, 1)]}, "three corners"),
        ({"resolution": 5, "polygon": [(0, 0), (0, 1), (float("nan"), 1)]}, "out of range"),
        ({"resolution": 5, "polygon": [(120, 30), (121, 30), (121, 31)]}, "swapped"),
        ({"resolution": 5, "polygon": [(80, 0), (80, 120), (80, -120)]}, "pole"),
        ({"cells": ["nonsense"]}, "not an H3 cell"),
        ({"cells": [-1]}, "not an H3 cell"),
        ({"cells": [2**70]}, "not an H3 cell"),
        ({"cells": ["851e6247fffffff", "841e625ffffffff"]}, "several H3 resolutions"),
        ({"cells": ["851e6247fffffff"], "resolution": 4}, "set the resolution to 5"),
    ],
)
def test_refusals(geodata: Geodata, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(GeodataError, match=message):
        geodata.cells(**arguments)  # type: ignore[arg-type]
