"""Gateways and points of presence."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bentpipe.catalog.geodata import load_geodata
from bentpipe.catalog.ground import built_in_ground, slug, unique_id, world_assumed_gateways
from bentpipe.earth import great_circle_m
from bentpipe.errors import GeodataError, UnknownNameError


def test_ukraine_2022_has_four_stations_to_frankfurt() -> None:
    ground = built_in_ground("Ukraine-2022")
    assert [g.id for g in ground.gateways] == ["kaunas", "muallim", "usingen", "wola-krobowska"]
    assert {g.pop for g in ground.gateways} == {pop.id for pop in ground.pops} == {"frankfurt"}
    assert all(g.antennas == 8 and g.minimum_elevation_deg == 25.0 for g in ground.gateways)
    assert all(g.source and g.date and "assumed" in g.note for g in ground.gateways)


@pytest.mark.parametrize(
    ("gateway", "city", "km"),
    [("wola-krobowska", (49.84, 24.03), 313), ("muallim", (46.48, 30.72), 640), ("kaunas", (50.45, 30.52), 667)],
)
def test_distances_of_the_stations(gateway: str, city: tuple[float, float], km: float) -> None:
    row = next(g for g in built_in_ground("ukraine-2022").gateways if g.id == gateway)
    assert float(great_circle_m(row.latitude_deg, row.longitude_deg, *city)) / 1e3 == pytest.approx(km, abs=6)


def test_unknown_ground() -> None:
    with pytest.raises(UnknownNameError, match="ukraine-2022"):
        built_in_ground("atlantis")


def test_world_set_is_assumed_spaced_and_complete() -> None:
    geodata = load_geodata()
    ground = world_assumed_gateways(geodata)
    assert 200 < len(ground.gateways) < 300
    assert len(ground.pops) >= 25
    assert {g.tag for g in ground.gateways} | {p.tag for p in ground.pops} == {"assumed"}
    assert len({g.id for g in ground.gateways}) == len(ground.gateways)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", g.id) for g in ground.gateways)
    assert {g.pop for g in ground.gateways} <= {p.id for p in ground.pops}
    lat, lon = (np.array([getattr(g, key) for g in ground.gateways]) for key in ("latitude_deg", "longitude_deg"))
    distance = np.asarray(great_circle_m(lat[:, None], lon[:, None], lat, lon))
    np.fill_diagonal(distance, np.inf)
    assert distance.min() > 499e3
    assert not any(g.name.endswith((", RU", ", CN")) for g in ground.gateways)


def test_world_set_is_the_same_each_time_and_obeys_its_arguments() -> None:
    geodata = load_geodata()
    first, again = (world_assumed_gateways(geodata, spacing_m=1e6, antennas=4) for _ in range(2))
    assert first == again
    assert {g.antennas for g in first.gateways} == {4}
    with pytest.raises(GeodataError):
        world_assumed_gateways(geodata, without=["XXX"])


def test_ids_from_names() -> None:
    taken: set[str] = set()
    assert slug("São Paulo (2)") == "sao-paulo-2"
    assert slug("Київ") == ""
    assert [unique_id("a", taken) for _ in range(3)] == ["a", "a-2", "a-3"]
