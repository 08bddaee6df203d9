"""People of cells, and users' own tables."""

from __future__ import annotations

from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
import pytest

from bentpipe.catalog.cells import Cells
from bentpipe.catalog.celltable import read_cell_table
from bentpipe.catalog.geodata import Geodata, load_geodata
from bentpipe.errors import GeodataError


@pytest.fixture(scope="module")
def geodata() -> Geodata:
    return load_geodata()


@pytest.fixture(scope="module")
def ukraine(geodata: Geodata) -> Cells:
    return geodata.cells(5, country="UKR")


def by_region(cells: Cells, people: np.ndarray) -> dict[str, float]:
    return dict(zip(cells.region_codes, np.bincount(cells.region, people, len(cells.region_codes)), strict=True))


def test_built_in_total(geodata: Geodata, ukraine: Cells) -> None:
    people = geodata.population(ukraine)
    assert people.sum() == pytest.approx(geodata.country("UKR").population)
    assert people.min() > 0


def test_total_of_the_caller(geodata: Geodata, ukraine: Cells) -> None:
    assert geodata.population(ukraine, 1_000_000.0).sum() == pytest.approx(1_000_000.0)


def test_region_totals_hold(geodata: Geodata, ukraine: Cells) -> None:
    given = {code: 1e5 * (i + 1) for i, code in enumerate(ukraine.region_codes)}
    found = by_region(ukraine, geodata.population(ukraine, sum(given.values()), given))
    assert found == pytest.approx(given)


def test_some_region_totals_leave_the_rest_to_the_others(geodata: Geodata, ukraine: Cells) -> None:
    before = by_region(ukraine, geodata.population(ukraine))
    found = by_region(ukraine, geodata.population(ukraine, 40e6, {"UA-30": 4e6}))
    assert found["UA-30"] == pytest.approx(4e6)
    assert sum(found.values()) == pytest.approx(40e6)
    assert found["UA-46"] / found["UA-51"] == pytest.approx(before["UA-46"] / before["UA-51"])


def test_admin1_subset_agrees_with_the_country(geodata: Geodata, ukraine: Cells) -> None:
    lviv = geodata.cells(5, country="UKR", admin1=["UA-46"])
    assert geodata.population(lviv).sum() == pytest.approx(by_region(ukraine, geodata.population(ukraine))["UA-46"])


@pytest.mark.parametrize("name", ["MCO", "NRU", "KIR", "FJI", "ATA"])
def test_nobody_is_lost(geodata: Geodata, name: str) -> None:
    cells = geodata.cells(4, country=name)
    assert geodata.population(cells).sum() == pytest.approx(geodata.country(name).population)
    assert geodata.population(cells, 1234.0).sum() == pytest.approx(1234.0)


def test_world(geodata: Geodata) -> None:
    cells = geodata.cells(2, world=True)
    people = geodata.population(cells, region_totals={"UKR": 41e6})
    known = sum(row.population for row in geodata.territories.countries)
    assert people.sum() == pytest.approx(known - geodata.country("UKR").population + 41e6, rel=1e-6)
    assert geodata.population(cells, 8e9).sum() == pytest.approx(8e9)
    assert people[cells.region < 0].sum() < 1e-4 * people.sum()


def test_part_of_a_country(geodata: Geodata, ukraine: Cells) -> None:
    chosen = ukraine.h3[ukraine.region == ukraine.region_codes.index("UA-46")]
    cells = geodata.cells(cells=chosen.tolist())
    found = geodata.population(cells).sum()
    assert found == pytest.approx(by_region(ukraine, geodata.population(ukraine))["UA-46"], rel=0.05)
    assert geodata.population(cells, 5e5).sum() == pytest.approx(5e5)


def test_contradictions_are_refused(geodata: Geodata, ukraine: Cells) -> None:
    part = geodata.cells(cells=ukraine.h3[:3].tolist())
    every = dict.fromkeys(ukraine.region_codes, 1e6)
    for cells, total, regions, message in (
        (ukraine, 1e6, {"UA-30": 2e6}, "do not agree"),
        (ukraine, 30e6, every, "do not agree"),
        (ukraine, -1.0, {}, "not a number of people"),
        (ukraine, float("nan"), {}, "not a number of people"),
        (ukraine, None, {"UA-99": 1.0}, "no such region"),
        (part, 1e6, {part.region_codes[0]: 1e6}, "not both"),
    ):
        with pytest.raises(GeodataError, match=message):
            geodata.population(cells, total, regions)


def test_cell_table(tmp_path: Path, ukraine: Cells) -> None:
    path = tmp_path / "cells.csv"
    rows = [f"{h3.int_to_str(int(c))};{i + 0.5};{i}".replace(".", ",") for i, c in enumerate(ukraine.h3[:20])]
    path.write_text("\ufeff# mine\nH3 cell;Population;Terminals\n" + "\n".join(rows[::-1]) + "\n", encoding="utf-8")
    table = read_cell_table(path, ukraine)
    assert table.people[:20].tolist() == [i + 0.5 for i in range(20)]
    assert table.people[20:].sum() == 0
    assert table.terminals is not None
    assert table.terminals[:20].tolist() == list(range(20))


def test_cell_table_without_terminals(tmp_path: Path, geodata: Geodata, ukraine: Cells) -> None:
    path = tmp_path / "cells.csv"
    path.write_text(f"h3,people\n{int(ukraine.h3[5])},7\n", encoding="utf-8")
    table = geodata.read_cells_file(path, ukraine)
    assert table.terminals is None
    assert table.people[5] == 7


def test_cell_table_faults_come_with_lines(tmp_path: Path, ukraine: Cells) -> None:
    good = h3.int_to_str(int(ukraine.h3[0]))
    path = tmp_path / "cells.csv"
    text = f"h3,people,terminals\n{good},1,1\n{good},1,1\nzz,1,1\n841e625ffffffff,-1,1.5\n{good[:-1]}e,nan,x\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GeodataError) as caught:
        read_cell_table(path, ukraine)
    message = str(caught.value)
    for part in (
        ":3: the cell stands twice", ":4: not an H3 cell", ":5: cell of another resolution", ":5: people",
        ":5: terminals: not a whole", ":6: people: not a finite number", ":6: terminals: not a number",
    ):  # fmt: skip
        assert part in message


def test_cell_table_of_another_country_is_refused(tmp_path: Path, ukraine: Cells) -> None:
    path = tmp_path / "cells.csv"
    path.write_text(f"h3,people\n{h3.int_to_str(h3.latlng_to_cell(0.0, 20.0, 5))},7\n", encoding="utf-8")
    with pytest.raises(GeodataError, match="outside the territory"):
        read_cell_table(path, ukraine)
