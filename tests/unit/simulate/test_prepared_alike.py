"""What a run takes over from another one is what it would compute itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bentpipe.link.placeweather import band_weather
from bentpipe.scenario import load_scenario
from bentpipe.simulate import radio as module
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.radio import Radio, Side


def prepared(like: Prepared | None = None, **changes: Any) -> Prepared:
    return prepare(load_scenario("one-site", {"weather.mode": "series"} | changes), seeds=1, like=like)


def sides(radio: Radio | None) -> list[Side]:
    assert radio is not None
    found = []
    for direction in (radio.down, radio.up):
        if direction is not None:
            found += [*direction.user, *([direction.gateway] if direction.gateway else [])]
    return found


@pytest.fixture(scope="module")
def first() -> Prepared:
    return prepared()


@pytest.mark.parametrize(
    ("changes", "computed"),
    [
        ({"seed": 9, "access.load": 0.7}, 0),
        ({"satellite.beams": 3}, 0),
        ({"sites.kyiv.latitude_deg": 49.0}, 2),  # another sky above the dish: down and up
        ({"gateways.kaunas.latitude_deg": 54.0}, 2),  # above the gateways
        ({"weather.mode": "clear"}, 0),
        ({"radio.operator": "oneweb"}, 1),  # another frequency down
    ],
)
def test_place_tables_are_taken_over_where_they_are_the_same(
    first: Prepared, changes: dict[str, Any], computed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = prepared(**changes)
    calls: list[float] = []

    def counted(climate: Any, frequency_hz: float, dish_m: float) -> Any:
        calls.append(frequency_hz)
        return band_weather(climate, frequency_hz, dish_m)

    monkeypatch.setattr(module, "band_weather", counted)
    after = prepared(first, **changes)
    assert len(calls) == computed
    for mine, own in zip(sides(after.radio), sides(alone.radio), strict=True):
        assert (mine.hop, mine.zenith_db, mine.wet) == (own.hop, own.zenith_db, own.wet)
        assert (mine.sky is None) == (own.sky is None)
        for a, b in zip(mine.sky or (), own.sky or (), strict=True):
            np.testing.assert_array_equal(a, b)
