"""Built-in shells: totals, tags, interpolation, occupied slots."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from bentpipe.catalog.shells import ShellSpec, constellation_names, constellation_shells
from bentpipe.errors import InputError, UnknownNameError

DATES = ("2021-11-17", "2022-05-05", "2022-10-24", "2023-07-18", "2024-07-16", "2026-08-21")


def total(source: str, date: str | None = None) -> int:
    return sum(shell.launched for shell in constellation_shells("starlink", source, date))


def test_licensed_gen1_is_fcc_21_48() -> None:
    shells = constellation_shells("Starlink", "licensed")
    assert [(s.altitude_km, s.inclination_deg, s.planes, s.per_plane) for s in shells] == [
        (550.0, 53.0, 72, 22),
        (540.0, 53.2, 72, 22),
        (570.0, 70.0, 36, 20),
        (560.0, 97.6, 6, 58),
        (560.0, 97.6, 4, 43),
    ]
    assert total("licensed") == 4408
    assert all(s.launched == s.planes * s.per_plane and s.occupied().all() for s in shells)
    assert all("FCC 21-48" in s.source for s in shells)


@pytest.mark.parametrize(
    ("date", "counts"),
    [
        ("2021-11-17", [1473]),
        ("2022-05-05", [1471, 251, 18]),
        ("2022-10-24", [1457, 1068, 51, 184]),
    ],
)
def test_on_station_counts_of_the_facts(date: str, counts: list[int]) -> None:
    shells = constellation_shells("starlink", "on-station", date)
    assert [s.launched for s in shells] == counts
    assert all(s.tag == "documented" and date in s.source for s in shells)


def test_on_station_in_october_2022_is_about_2760() -> None:
    assert total("on-station", "2022-10-24") == 2760


def test_between_two_counts_is_between_them_and_assumed() -> None:
    shells = constellation_shells("starlink", "on-station", "2022-02-24")
    assert 1473 <= sum(s.launched for s in shells) <= 1740
    assert all(s.tag == "assumed" for s in shells)
    assert all("2021-11-17" in s.source and "2022-05-05" in s.source for s in shells)


def test_shortly_after_the_last_count_it_is_held_and_assumed() -> None:
    assert total("on-station", "2026-11-01") == total("on-station", "2026-08-21")
    assert {s.tag for s in constellation_shells("starlink", "on-station", "2026-11-01")} == {"assumed"}


@pytest.mark.parametrize("date", ["2019-01-01", "2025-06-01", "2031-01-01"])
def test_a_date_without_a_count_nearby_is_refused_with_the_dates(date: str) -> None:
    with pytest.raises(InputError, match="2022-10-24"):
        constellation_shells("starlink", "on-station", date)


def test_dates_of_every_kind_and_bad_ones() -> None:
    wanted = constellation_shells("starlink", "on-station", "2022-10-24")
    for date in (
        dt.date(2022, 10, 24),
        dt.datetime(2022, 10, 24, 12),
        np.datetime64("2022-10-24T12:00"),
        "2022-10-24T12:00:00Z",
    ):
        assert constellation_shells("STARLINK", "on-station", date) == wanted
    with pytest.raises(InputError, match="need a date"):
        constellation_shells("starlink", "on-station")
    with pytest.raises(InputError, match="not a date"):
        constellation_shells("starlink", "on-station", "autumn")


def test_unknown_names() -> None:
    assert constellation_names() == ("kuiper", "oneweb", "starlink")
    for name in ("viasat", "../starlink", ""):
        with pytest.raises(UnknownNameError, match="starlink"):
            constellation_shells(name, "licensed")
    with pytest.raises(UnknownNameError, match="licensed or on-station"):
        constellation_shells("starlink", "planned")


@pytest.mark.parametrize("date", [*DATES, "2022-02-24", "2022-07-01", "2023-03-01", "2024-01-01"])
def test_occupied_slots_are_as_many_as_launched_and_spread_evenly(date: str) -> None:
    for shell in constellation_shells("starlink", "on-station", date):
        slots = shell.occupied()
        assert slots.shape == (shell.planes, shell.per_plane)
        assert slots.sum() == shell.launched
        in_plane = slots.sum(axis=1)
        used = in_plane[in_plane > 0]
        assert len(used) == min(shell.planes_in_use, shell.launched)
        assert used.max() - used.min() <= 1
        gaps = [np.diff(np.append(at := np.flatnonzero(row), at[0] + shell.per_plane)) for row in slots if row.any()]
        assert all(gap.max() - gap.min() <= 1 for gap in gaps)


def test_an_empty_shell_has_no_satellite() -> None:
    empty = ShellSpec("x", 550.0, 53.0, 4, 5, 1, 0.0, 0, 1, "assumed", "made up")
    assert not empty.occupied().any()


def test_oneweb_as_filed() -> None:
    (shell,) = constellation_shells("OneWeb", "licensed")
    # del Portillo, Cameron and Crawley 2019, table of constellations: 1200/87.9/18/40; total 720
    assert (shell.altitude_km, shell.inclination_deg, shell.planes, shell.per_plane) == (1200.0, 87.9, 18, 40)
    assert shell.launched == 720 and shell.pattern == "star"
    assert "Portillo" in shell.source and shell.tag == "documented"


def test_kuiper_has_the_published_total_and_says_that_planes_are_recalled() -> None:
    shells = constellation_shells("kuiper", "licensed")
    assert sum(shell.launched for shell in shells) == 3236  # Osoro and Oughton 2021, inputs
    assert {shell.altitude_km for shell in shells} == {590.0, 610.0, 630.0}
    assert {shell.tag for shell in shells} == {"assumed"} and all("recalled" in shell.source for shell in shells)


@pytest.mark.parametrize("name", ["oneweb", "kuiper"])
def test_rivals_were_not_counted_on_station(name: str) -> None:
    with pytest.raises(InputError, match="no count of"):
        constellation_shells(name, "on-station", "2024-01-01")
