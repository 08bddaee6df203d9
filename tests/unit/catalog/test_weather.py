"""Tables of climate: the points that ship, grids and points of users, and what is refused."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from bentpipe.catalog.geodata import load_geodata
from bentpipe.catalog.outlines import open_data
from bentpipe.catalog.weather import (
    BY_PROBABILITY,
    REACH_M,
    SINGLE,
    ClimateAt,
    WeatherTable,
    distance_to_table_m,
    load_weather,
    weather_at,
)
from bentpipe.errors import InputError
from bentpipe.link.placeweather import PlaceClimate, attenuation_db, band_weather


def grid_file(folder: Path, **change: object) -> Path:
    """A small grid whose fields are linear in latitude and longitude, so that interpolation is exact."""
    lat, lon, p = np.array([0.0, 2.0, 4.0]), np.array([170.0, 175.0, 180.0]), np.array([1.0, 5.0])
    plane = 10.0 + lat[:, None] + 0.1 * lon
    arrays: dict[str, object] = {"latitude_deg": lat, "longitude_deg": lon, "p_pct": p, "source": "made up"}
    arrays |= dict.fromkeys(SINGLE, plane) | dict.fromkeys(BY_PROBABILITY, plane[..., None] * np.array([1.0, 0.5]))
    path = folder / "grid.npz"
    np.savez(path, **{key: value for key, value in (arrays | change).items() if value is not None})  # type: ignore[arg-type]
    return path


def test_shipped_points_cover_the_built_in_scenarios() -> None:
    table = load_weather()
    assert not table.is_grid
    assert "P.837-7" in table.source
    assert "sha256" in table.source
    for name in ("ukraine-2022", "one-site"):
        scenario = tomllib.loads((resources.files("bentpipe.scenario") / "data" / f"{name}.toml").read_text())
        for site in scenario["sites"] + scenario["gateways"]:
            assert distance_to_table_m(table, site["latitude_deg"], site["longitude_deg"]) < 1.0, site["id"]


def test_shipped_points_cover_ukraine() -> None:
    geodata = load_geodata()
    border = np.concatenate([ring for region in geodata.regions("UKR") for ring in region.rings])
    towns = geodata.places("UKR")
    lat, lon = np.concatenate([border[:, 0], towns.lat_deg]), np.concatenate([border[:, 1], towns.lon_deg])
    climate = weather_at(load_weather(), lat, lon)
    assert 20.0 < climate.rain_rate_001_mm_h.min() < climate.rain_rate_001_mm_h.max() < 45.0
    assert (np.diff(climate.vapour_column_kg_m2, axis=1) < 0.0).all()


def test_shipped_file_is_small() -> None:
    with open_data("weather-points.csv") as stream:
        assert len(stream.read()) < 30_000


def test_at_a_point_its_own_values() -> None:
    table = load_weather()
    kyiv = weather_at(table, 50.45, 30.523)
    for key in (*SINGLE, *BY_PROBABILITY):
        np.testing.assert_allclose(getattr(kyiv, key)[0], table.fields[key][0], rtol=1e-9)


def test_what_it_gives_is_what_the_stage_takes() -> None:
    assert ClimateAt._fields == PlaceClimate._fields
    climate = PlaceClimate(**weather_at(load_weather(), [50.45, 54.879], [30.523, 23.842])._asdict())
    loss = attenuation_db(band_weather(climate, 12e9, 0.5), [0, 1], 40.0, 1e-3)
    assert loss == pytest.approx([1.67, 1.5], abs=0.3)


def test_elsewhere_is_refused_with_the_remedy() -> None:
    with pytest.raises(InputError, match=r"2 places .* -33.900, 151.200; allowed: within 150 km .*build_weather.py"):
        weather_at(load_weather(), [50.45, -33.9, 0.0], [30.5, 151.2, 0.0])
    with pytest.raises(InputError, match="off the globe"):
        weather_at(load_weather(), [np.nan], [30.5])


def test_points_beyond_reach_have_no_weight() -> None:
    fields = {key: np.array([1.0, 2.0, 100.0]) for key in SINGLE} | {key: np.ones((3, 1)) for key in BY_PROBABILITY}
    table = WeatherTable(np.array([0.0, 0.0, 0.0]), np.array([0.0, 1.0, 3.0]), np.array([5.0]), fields, False, "")
    middle = weather_at(table, 0.0, 0.5)
    assert middle.altitude_m[0] == pytest.approx(1.5)
    assert REACH_M < 278e3
    quarter = weather_at(table, 0.0, 0.25).altitude_m[0]
    assert quarter == pytest.approx((1.0 / 0.25**2 + 2.0 / 0.75**2) / (1.0 / 0.25**2 + 1.0 / 0.75**2))


def test_a_grid_is_bilinear_and_meets_the_date_line(tmp_path: Path) -> None:
    table = load_weather(grid_file(tmp_path))
    assert table.is_grid
    assert table.source == "made up"
    got = weather_at(table, [1.0, 3.7, 0.0, 4.0], [172.5, 171.0, 180.0, -180.0])
    np.testing.assert_allclose(got.temperature_k, 10.0 + np.array([1.0, 3.7, 0.0, 4.0]) + [17.25, 17.1, 18.0, 18.0])
    np.testing.assert_allclose(got.cloud_liquid_kg_m2[:, 1], 0.5 * got.temperature_k)
    assert distance_to_table_m(table, 1.0, 172.0) == 0.0
    with pytest.raises(InputError, match="0 to 4, 170 to 180 degrees"):
        weather_at(table, 4.1, 175.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature_k": None}, "temperature_k is missing"),
        ({"temperature_k": np.ones((2, 3))}, "does not fit the axes"),
        ({"temperature_k": np.full((3, 3), np.nan)}, "not finite"),
        ({"latitude_deg": np.array([4.0, 2.0, 0.0])}, "does not rise"),
        ({"p_pct": np.array([5.0, 1.0])}, "does not rise"),
    ],
)
def test_bad_grids_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_weather(grid_file(tmp_path, **change))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no table"),
        (b"latitude_deg,longitude_deg\n1,2,3\n", "no table"),
        (b"latitude_deg,longitude_deg\n50,30\n", "altitude_m is missing"),
        (b"latitude_deg,longitude_deg\n50,east\n", "not a number"),
        (b"\xff\xfe\x00", "neither"),
        (b"PK\x03\x04broken", "damaged"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "table").write_bytes(text)
    with pytest.raises(InputError, match=message):
        load_weather(tmp_path / "table")
    with pytest.raises(InputError, match="cannot be read"):
        load_weather(tmp_path / "none")


def test_a_users_points_are_read(tmp_path: Path) -> None:
    with open_data("weather-points.csv") as stream:
        (tmp_path / "mine.csv").write_bytes(stream.read())
    mine, shipped = load_weather(tmp_path / "mine.csv"), load_weather()
    np.testing.assert_array_equal(mine.fields["cloud_liquid_kg_m2"], shipped.fields["cloud_liquid_kg_m2"])
