"""Satellites in service against counts made by hand from the same element sets, and against a dish's satellites.

The hand counts have a column for each shell with a fixed altitude. What they leave out is listed in `ELSEWHERE`:
shells that the data show (even planes around the globe), at altitudes that the columns do not have.
"""

from __future__ import annotations

import csv
import functools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bentpipe.catalog.elements import Cluster, InService, Reason, in_service, load_elements
from bentpipe.catalog.shells import constellation_shells

#: date: (file, shells outside the columns of the hand counts, accepted relative difference of the rest)
FILES = {
    "2021-11-17": ("starlink_2021-11-17_n1716.tle.gz", (), 0.02),  # found 1,452 against 1,475
    "2022-05-05": ("starlink_2022-05-05_n2191.tle.gz", (), 0.03),  # 1,755 against 1,803; the table has 63 strays
    "2022-10-24": ("starlink_2022-10-24_n3171.tle.gz", (), 0.015),  # 2,750 against 2,782; 22 strays
    "2023-07-18": ("starlink_2023-07-18_n4408.tle.gz", (525.0,), 0.015),  # 3,765 against 3,759
    "2024-07-16": ("starlink_2024-07-16_n6226.tle.gz", (446.0, 447.5, 552.0, 360.0), 0.01),  # 5,149 against 5,184
}


@functools.cache
def judged(shared: Path, file: str) -> tuple[object, InService]:
    elements = load_elements(shared / "data" / "elements" / file)
    return elements, in_service(elements)


def is_at(cluster: Cluster, altitudes_km: tuple[float, ...]) -> bool:
    return any(abs(cluster.altitude_km - altitude) < 1.5 for altitude in altitudes_km)


@pytest.mark.parametrize("date", FILES)
def test_sum_on_station_against_the_hand_counts(shared: Path, date: str) -> None:
    file, elsewhere, tolerance = FILES[date]
    with (shared / "data" / "elements" / "shell_counts.csv").open() as stream:
        row = next(row for row in csv.DictReader(stream) if row["file"] == file)
    by_hand = int(row["n_total"]) - int(row["other_raising_or_lowering"])
    _, service = judged(shared, file)
    outside = sum(
        int(np.count_nonzero(service.mask & (service.cluster == at)))
        for at, cluster in enumerate(service.clusters)
        if is_at(cluster, elsewhere)
    )
    assert int(service.mask.sum()) - outside == pytest.approx(by_hand, rel=tolerance)


@pytest.mark.parametrize(
    ("date", "altitude_km", "inclination_deg", "by_hand"),
    [
        ("2021-11-17", 547.5, 53.05, 1473),
        ("2022-05-05", 547.5, 53.05, 1471),
        ("2022-05-05", 540.0, 53.22, 251),
        ("2022-10-24", 547.5, 53.05, 1457),
        ("2022-10-24", 540.0, 53.22, 1068),
        ("2022-10-24", 570.0, 70.0, 51),
        ("2022-10-24", 560.0, 97.66, 184),
        ("2023-07-18", 540.0, 53.22, 1534),
        ("2024-07-16", 561.0, 43.0, 1354),
        ("2024-07-16", 482.0, 53.16, 265),
    ],
)
def test_each_shell_against_the_hand_counts(
    shared: Path, date: str, altitude_km: float, inclination_deg: float, by_hand: int
) -> None:
    _, service = judged(shared, FILES[date][0])
    found = [
        c.satellites
        for c in service.shells
        if abs(c.altitude_km - altitude_km) < 1.5 and abs(c.inclination_deg - inclination_deg) < 0.1
    ]
    assert len(found) == 1
    assert found[0] == pytest.approx(by_hand, rel=0.025)


@pytest.mark.parametrize(("date", "altitude_km"), [("2022-05-05", 350.0), ("2022-10-24", 350.1), ("2023-07-18", 357.0)])
def test_strings_parked_on_the_way_up_do_not_serve(shared: Path, date: str, altitude_km: float) -> None:
    _, service = judged(shared, FILES[date][0])
    parked = [c for c in service.clusters if abs(c.altitude_km - altitude_km) < 0.6]
    assert parked and not any(c.is_shell for c in parked)
    assert all(c.bunching > 0.9 for c in parked)


def test_after_the_shells_were_lowered_most_satellites_at_450_to_500_km_serve(shared: Path) -> None:
    elements, service = judged(shared, "starlink_2026-08-21_n10744.tle.gz")
    altitude_km = elements.altitude_m / 1000.0  # type: ignore[attr-defined]
    low = (altitude_km > 450.0) & (altitude_km < 500.0)
    assert 8500 < low.sum() < 8700
    assert service.mask[low].mean() > 0.95  # found 8,262 of 8,575
    assert 0.9 < service.mask.mean() < 0.95  # found 9,939 of 10,744


def test_the_satellites_that_served_a_dish_are_in_service(shared: Path) -> None:
    """Louvain, 471 slots: 465 with a satellite found in service, 38 of them from shells the hand counts left out."""
    elements, service = judged(shared, FILES["2024-07-16"][0])
    row_of = {name: row for row, name in enumerate(elements.name)}  # type: ignore[attr-defined]
    file = shared / "data" / "measured" / "serving_satellite_slots_Louvain_BE_2024-07-17.csv"
    with file.open() as stream:
        rows = [row_of[row["serving_satellite"]] for row in csv.DictReader(stream)]
    served = Counter(Reason(int(service.reason[row])) for row in rows)
    assert served[Reason.ON_STATION] / len(rows) > 0.98
    elsewhere = [is_at(service.clusters[service.cluster[row]], FILES["2024-07-16"][1]) for row in rows]
    assert sum(elsewhere) > 30


@pytest.mark.parametrize("date", FILES)
def test_built_in_shells_hold_what_is_in_service_on_their_dates(shared: Path, date: str) -> None:
    _, service = judged(shared, FILES[date][0])
    built_in = sum(shell.launched for shell in constellation_shells("starlink", "on-station", date))
    assert built_in == pytest.approx(int(service.mask.sum()), rel=0.02)
