"""A user's rain field: read, checked, looked up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from bentpipe.catalog.rainfile import load_rain, rain_at
from bentpipe.errors import InputError

TIMES = np.datetime64("2022-10-24T00:00", "ns") + np.timedelta64(300, "s") * np.arange(4)
UNIX = 1_666_569_600.0


def field(**change: Any) -> xr.DataArray:
    """Rates that count up with time, rows and columns; latitudes fall, as in most files."""
    values = np.arange(24.0).reshape(4, 3, 2)
    coords: dict[str, Any] = {"time": TIMES, "latitude": [51.0, 50.0, 49.0], "longitude": [30.0, 31.0]}
    given: dict[str, Any] = {"data": values, "coords": coords, "attrs": {"units": "mm/h"}} | change
    return xr.DataArray(given["data"], dims=given.get("dims", ("time", "latitude", "longitude")), **{
        key: given[key] for key in ("coords", "attrs")
    }, name="rain")  # fmt: skip


def stored(folder: Path, array: xr.DataArray) -> Path:
    path = folder / "rain.zarr"
    array.to_dataset(name="rain").to_zarr(path, mode="w", consolidated=False)
    return path


@pytest.mark.filterwarnings("ignore")
def test_read_and_look_up(tmp_path: Path) -> None:
    rain = load_rain(stored(tmp_path, field().transpose("longitude", "time", "latitude")))
    assert rain.rain_rate_mm_h.shape == (4, 3, 2)
    np.testing.assert_array_equal(rain.latitude_deg, [49.0, 50.0, 51.0])
    np.testing.assert_allclose(rain.unix_s, UNIX + 300.0 * np.arange(4))
    got = rain_at(rain, [51.2, 49.4], [30.1, 30.9], [UNIX, UNIX + 299.0, UNIX + 300.0, UNIX + 1199.0])
    np.testing.assert_array_equal(got, [[0.0, 0.0, 6.0, 18.0], [5.0, 5.0, 11.0, 23.0]])
    np.testing.assert_array_equal(rain_at(rain, 50.0, -330.0, UNIX), [[2.0]])
    with pytest.raises(InputError, match="does not cover the time"):
        rain_at(rain, 50.0, 30.0, UNIX - 1.0)
    with pytest.raises(InputError, match="does not cover the place"):
        rain_at(rain, 52.0, 30.0, UNIX)


BAD = np.arange(24.0).reshape(4, 3, 2)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": np.where(BAD == 5.0, np.nan, BAD)}, "1 values are missing"),
        ({"data": BAD - 1.0}, "negative; found -1.0"),
        ({"data": BAD * 1e3}, "beyond any rain"),
        ({"attrs": {"units": "m/s"}}, "units: its unit .* found 'm/s'; allowed: mm/h"),
        ({"attrs": {}}, "its unit"),
        ({"dims": ("time", "y", "x"), "coords": {"time": TIMES}}, "no such rain field .* rename the dimensions"),
        (
            {"coords": {"latitude": [51.0, 50.0, 49.0], "longitude": [30.0, 31.0]}},
            "time: a dimension has no coordinate",
        ),
        ({"coords": {"time": [0, 1, 2, 3], "latitude": [51.0, 50.0, 49.0], "longitude": [30.0, 31.0]}}, "not dates"),
        ({"coords": {"time": TIMES, "latitude": [51.0, 50.0, 50.0], "longitude": [30.0, 31.0]}}, "comes twice"),
        ({"coords": {"time": TIMES, "latitude": [511.0, 50.0, 49.0], "longitude": [30.0, 31.0]}}, "off the globe"),
    ],
)
def test_faults_say_what_is_wrong(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = stored(tmp_path, field(**change))
    with pytest.raises(InputError, match=message):
        load_rain(path)


@pytest.mark.filterwarnings("ignore")
def test_several_faults_come_together(tmp_path: Path) -> None:
    path = stored(tmp_path, field(data=BAD - 1.0, attrs={"units": "inch"}))
    with pytest.raises(InputError) as caught:
        load_rain(path)
    assert len(caught.value.faults) == 2


@pytest.mark.filterwarnings("ignore")
def test_a_variable_is_named_or_the_only_one(tmp_path: Path) -> None:
    both = xr.Dataset({"rain": field(), "snow": field(), "height": field().isel(time=0, drop=True)})
    both.to_zarr(tmp_path / "two.zarr", consolidated=False)
    with pytest.raises(InputError, match="name one of them"):
        load_rain(tmp_path / "two.zarr")
    assert load_rain(tmp_path / "two.zarr", "snow").rain_rate_mm_h.max() == 23.0
    with pytest.raises(InputError, match="height: its dimensions"):
        load_rain(tmp_path / "two.zarr", "height")
    with pytest.raises(InputError, match="found 'hail'"):
        load_rain(tmp_path / "two.zarr", "hail")


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_rain(tmp_path / "none.nc")
    (tmp_path / "rain.nc").write_bytes(b"not a file of numbers")
    with pytest.raises(InputError, match=r"cannot open it .* h5netcdf"):
        load_rain(tmp_path / "rain.nc")
