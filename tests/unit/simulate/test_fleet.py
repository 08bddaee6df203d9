"""Satellites of a run: what old elements do to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bentpipe.scenario import load_scenario
from bentpipe.simulate.fleet import Fleet, make_fleet


def fleet(shared: Path, name: str, start: str) -> Fleet:
    path = shared / "data" / "elements" / name
    return make_fleet(
        load_scenario(
            "one-site",
            {"constellation.source": "elements", "constellation.elements": str(path), "time.start": start},
        )
    )


def warned(found: Fleet) -> list[str]:
    return [w for w in found.warnings if "taken out of service" in w]


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("starlink_2022-10-24_n3171.tle.gz", "2022-10-24T12:00:00Z"),
        ("starlink_2022-10-24_n3171.tle.gz", "2022-11-20T12:00:00Z"),
        ("starlink_2026-08-21_n10744.tle.gz", "2026-08-22T12:00:00Z"),
    ],
)
def test_fresh_elements_lose_nobody_on_station(shared: Path, name: str, start: str) -> None:
    found = fleet(shared, name, start)
    assert not warned(found)
    assert found.up.mean() > 0.7


def test_elements_of_another_year_put_some_satellites_nowhere(shared: Path) -> None:
    found = fleet(shared, "starlink_2026-08-21_n10744.tle.gz", "2022-10-24T12:00:00Z")
    (message,) = warned(found)
    assert "more than 100 km above or below the orbit" in message
    assert any("may be anywhere along their track" in w for w in found.warnings)
