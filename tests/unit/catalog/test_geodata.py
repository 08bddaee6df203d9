"""Countries, regions and outlines of the shipped geodata."""

from __future__ import annotations

import hashlib
from importlib import resources

import numpy as np
import pytest

from bentpipe.catalog.geodata import Geodata, load_geodata
from bentpipe.catalog.outlines import Segments, decode_varints, simplify, winding_region
from bentpipe.errors import GeodataError


@pytest.fixture(scope="module")
def geodata() -> Geodata:
    return load_geodata()


def test_shipped_files_are_those_of_the_manifest(geodata: Geodata) -> None:
    total = 0
    for name, expected in geodata.manifest["outputs"].items():
        content = resources.files("bentpipe.catalog").joinpath("data", name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected["sha256"]
        total += len(content)
    assert total < 4_500_000


@pytest.mark.parametrize("name", ["UKR", "UA", "Ukraine", "ukraine", " ua "])
def test_country_by_code_or_name(geodata: Geodata, name: str) -> None:
    country = geodata.country(name)
    assert (country.iso3, country.iso2, country.name, country.capital) == ("UKR", "UA", "Ukraine", "Kyiv")
    assert "PL" in country.neighbours


def test_unknown_country_names_near_ones(geodata: Geodata) -> None:
    with pytest.raises(GeodataError, match="UKR"):
        geodata.country("Ukrain")


def test_ukraine_has_its_27_regions_with_current_names(geodata: Geodata) -> None:
    names = {region.code: region.name for region in geodata.regions("UKR")}
    assert len(names) == 27
    assert names["UA-43"] == "Crimea"
    assert names["UA-40"] == "Sevastopol"
    assert (names["UA-30"], names["UA-32"]) == ("Kyiv city", "Kyiv oblast")
    assert {"Lviv", "Odesa", "Mykolaiv", "Zaporizhzhia"} <= set(names.values())
    assert not any(region.code.startswith("UA-") for region in geodata.regions("RUS"))


def test_area_of_ukraine_is_the_official_one(geodata: Geodata) -> None:
    # 603,549 km2 with inner waters (State Statistics Service of Ukraine); Natural Earth's coast is its own.
    area = sum(region.area_m2 for region in geodata.regions("UKR")) / 1e6
    assert area == pytest.approx(603_549, rel=0.01)


@pytest.mark.parametrize(
    ("lat", "lon", "code"),
    [
        (50.45, 30.52, "UA-30"),
        (44.95, 34.10, "UA-43"),
        (46.48, 30.72, "UA-51"),
        (44.60, 33.53, "UA-40"),
        (43.0, 34.0, ""),  # the Black Sea
        (47.56, 7.59, "CH-BS"),
        (65.8, -170.0, ""),  # the Bering Sea
        (-16.8, 179.9, "FJ-N"),  # beside the 180th meridian
        (-80.0, 0.0, "AQ-X01"),
    ],
)
def test_region_at(geodata: Geodata, lat: float, lon: float, code: str) -> None:
    assert geodata.region_at(np.array([lat]), np.array([lon])) == (code,)


def test_rings_are_closed_and_leave_inner_borders_out(geodata: Geodata) -> None:
    rings = geodata.country("UKR").rings
    assert all(np.array_equal(ring[0], ring[-1]) for ring in rings)
    inner = sum(len(ring) for region in geodata.regions("UKR") for ring in region.rings)
    assert sum(map(len, rings)) < inner / 2


def test_neighbours_share_their_drawn_border(geodata: Geodata) -> None:
    paths = geodata.outlines_within(48.0, 20.0, 53.0, 26.0, tolerance_deg=0.05)
    assert {"UKR", "POL", "SVK", "BLR"} <= set(paths)
    ukraine = {tuple(p) for ring in paths["UKR"] for p in ring.tolist()}
    poland = {tuple(p) for ring in paths["POL"] for p in ring.tolist()}
    assert len(ukraine & poland) > 10


def test_coarser_outline_is_shorter(geodata: Geodata) -> None:
    fine, coarse = (geodata.outline_paths("UKR", tolerance) for tolerance in (0.02, 0.2))
    assert 10 < len(coarse[0]) < len(fine[0]) < len(geodata.country("UKR").rings[0])


def test_all_regions_are_directed_rings(geodata: Geodata) -> None:
    # The winding number needs outer rings anticlockwise: each region's signed area on the plane is positive.
    s = geodata.outlines.segments
    signed = np.bincount(s.region, s.lon0 * s.lat1 - s.lon1 * s.lat0)
    assert (signed > 0).all()
    assert len(signed) == len(geodata.territories.region_code)


def test_winding_with_a_hole() -> None:
    def ring(corners: list[tuple[float, float]], region: int) -> list[tuple[float, ...]]:
        following = corners[1:] + corners[:1]
        return [(*a, *b, region) for a, b in zip(corners, following, strict=True)]

    outer = [(0.0, 0.0), (0.0, 10.0), (10.0, 10.0), (10.0, 0.0)]
    inner = [(4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0)]
    rows = np.array(ring(outer, 3) + ring(inner, 3) + ring(inner[::-1], 5))
    segments = Segments(*rows[:, :4].T, rows[:, 4].astype(int))
    found = winding_region(np.array([1.0, 5.0, 5.0, 11.0]), np.array([1.0, 5.0, 9.0, 5.0]), segments)
    assert found.tolist() == [3, 5, 3, -1]


def test_varints() -> None:
    # 0, -1, 1, 64, -65, 300 by hand: zigzag 0, 1, 2, 128, 129, 600
    stream = np.array([0, 1, 2, 0x80, 0x01, 0x81, 0x01, 0xD8, 0x04], np.uint8)
    assert decode_varints(stream).tolist() == [0, -1, 1, 64, -65, 300]


def test_simplify_keeps_corners_and_ends() -> None:
    line = np.array([[0.0, 0.0], [0.001, 1.0], [0.0, 2.0], [1.0, 2.0]])
    assert simplify(line, 0.01).tolist() == [[0.0, 0.0], [0.0, 2.0], [1.0, 2.0]]


def test_places_are_sorted_and_named(geodata: Geodata) -> None:
    places = geodata.places("UKR", minimum_population=500_000)
    assert places.name[0] == "Kyiv"
    assert {"Kharkiv", "Odesa", "Dnipro", "Lviv"} <= set(places.name)
    assert (np.diff(places.population) <= 0).all()


def test_districts_of_cities_are_left_out(geodata: Geodata) -> None:
    # Kyiv's ten districts stand in the source with 150,000 to 350,000 people each.
    places = geodata.places("UKR")
    near = (np.abs(places.lat_deg - 50.45) < 0.1) & (np.abs(places.lon_deg - 30.52) < 0.15)
    assert places.population[near].sum() < 1.05 * places.population[near].max()


def test_population_is_labelled_approximate(geodata: Geodata) -> None:
    assert "approximate" in geodata.population_label
