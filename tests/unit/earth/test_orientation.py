"""The table of UT1-UTC and what it says of itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bentpipe.earth import load_earth_orientation, to_unix_s
from bentpipe.errors import InputError

TABLE = """# A table.
date,ut1_minus_utc_s,error_s,kind
2024-01-01,0.010000,0.000010,measured
2024-01-02,0.020000,0.000010,measured
2024-01-03,0.000000,0.001000,predicted
"""


def test_published_values() -> None:
    """IERS EOP 20 C04 of the Paris Observatory, another combination than the table's."""
    dates = ["2020-01-01", "2022-03-01", "2024-06-01", "2025-01-01"]
    found = load_earth_orientation().ut1_minus_utc(to_unix_s(dates))
    np.testing.assert_allclose(found, [-0.1771665, -0.1021369, -0.0204347, 0.0463221], atol=1e-4)


def test_covers_the_years_of_starlink() -> None:
    table = load_earth_orientation()
    assert table.unix_s[0] <= to_unix_s("2019-05-24")
    assert table.unix_s[-1] >= to_unix_s("2027-01-01")
    assert np.abs(table.value_s).max() < 0.3
    assert "Bulletin A" in table.source
    first_predicted = int(np.argmax(table.predicted))
    assert table.predicted[first_predicted:].all()


def test_bounds() -> None:
    table = load_earth_orientation()
    assert table.bound_s(to_unix_s("2022-03-01")) < 2e-4
    late = float(table.bound_s(table.unix_s[-1]))
    assert 0.01 < late < 0.2


def test_outside_it_is_zero_and_says_so() -> None:
    table = load_earth_orientation()
    outside = [table.unix_s[0] - 1.0, table.unix_s[-1] + 1.0]
    assert table.ut1_minus_utc(outside).tolist() == [0.0, 0.0]
    assert table.bound_s(outside).tolist() == [0.9, 0.9]


def test_interpolates(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    table = load_earth_orientation(path)
    noon = to_unix_s(["2024-01-01T12:00", "2024-01-02T18:00"])
    np.testing.assert_allclose(table.ut1_minus_utc(noon), [0.015, 0.005])
    np.testing.assert_allclose(table.bound_s(noon), [3e-5 + 5e-5, 3 * 7.525e-4 + 5e-5])
    assert table.source == "A table."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2024-01-02", "2024-01-04"),
        ("0.020000", "1.020000"),
        ("0.020000", "much"),
        ("error_s", "error"),
        ("2024-01-02", "soon"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLE.replace(old, new))
    with pytest.raises(InputError, match=r"table\.csv|not a date"):
        load_earth_orientation(path)
