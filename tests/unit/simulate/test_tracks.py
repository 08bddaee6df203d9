"""Tracks of sites that move: read, followed, and refused."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from bentpipe.errors import SiteListError
from bentpipe.simulate.tracks import read_track

START, END = datetime(2022, 10, 24, 10), datetime(2022, 10, 24, 11)
TEN = 1_666_605_600.0  # 2022-10-24 10:00 UTC


def write(folder: Path, text: str) -> Path:
    path = folder / "track.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_straight_between_rows_and_still_beyond_them(tmp_path: Path) -> None:
    text = "time,lat,lon,height\n2022-10-24T10:00:00Z,50,30,100\n2022-10-24T10:10:00Z,51,32,300\n"
    track = read_track(write(tmp_path, text), START, END)
    assert track.start == (50.0, 30.0, 100.0)
    assert track.at(TEN + 300.0) == pytest.approx((50.5, 31.0, 200.0))
    assert track.at(TEN - 999.0) == track.start
    assert track.at(TEN + 9999.0) == pytest.approx((51.0, 32.0, 300.0))
    lat, lon, height = track.along(TEN + np.array([0.0, 300.0, 600.0]))
    np.testing.assert_allclose(lat, [50.0, 50.5, 51.0])
    np.testing.assert_allclose(lon, [30.0, 31.0, 32.0])
    np.testing.assert_allclose(height, [100.0, 200.0, 300.0])


def test_the_180th_meridian_is_crossed_the_short_way(tmp_path: Path) -> None:
    text = "time,lat,lon\n2022-10-24T10:00:00Z,0,179\n2022-10-24T10:10:00Z,0,-179\n"
    track = read_track(write(tmp_path, text), START, END)
    assert abs(track.at(TEN + 300.0)[1]) == pytest.approx(180.0)
    assert track.at(TEN + 450.0)[1] == pytest.approx(-179.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks columns"),
        ("time,lat\n", "lacks columns"),
        ("time,lat,lon\n", "a track is empty"),
        ("time,lat,lon\nnoon,50,30\n", r":2: a row of a track cannot be read"),
        ("time,lat,lon\n2022-10-24T10:00:00Z,91,30\n", "lat of a track is out of range"),
        ("time,lat,lon\n2022-10-24T10:10:00Z,50,30\n2022-10-24T10:00:00Z,50,31\n", "must rise"),
        ("time,lat,lon\n2022-10-23T10:00:00Z,50,30\n", "outside the simulated time"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SiteListError, match=message):
        read_track(write(tmp_path, text), START, END)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SiteListError, match="cannot be read"):
        read_track(tmp_path / "none.csv", START, END)
