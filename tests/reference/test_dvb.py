"""MODCODs of DVB-S2 and S2X: efficiencies and thresholds as published.

ETSI EN 302 307-1 V1.4.1 Table 13 (28 rows) and EN 302 307-2 Table 20a (39 rows); ``data/dvb_efficiencies.csv`` holds
the efficiencies as printed there. Some copies print 4.933701 for 64APSK 5/6; the standard's frame gives 4.936639.
Of the codes 2/3-L the printed efficiency of 32APSK is that of an outer code for 10 errors; 16APSK and 256APSK have 12.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from bentpipe.catalog.modcods import ModcodTable, modcod_table, modcod_table_names
from bentpipe.link.modcod import ModcodProfile, dvb_efficiency, spectral_efficiency, table_profile

PRINTED = Path(__file__).parent / "data" / "dvb_efficiencies.csv"


def efficiencies(table: ModcodTable) -> dict[str, float]:
    bits = dvb_efficiency(table.bits_per_symbol, table.code_rate, table.bch_errors)
    return dict(zip(table.row_names, bits.tolist(), strict=True))


def profile(name: str, margin_db: float = 0.0) -> ModcodProfile:
    table = modcod_table(name)
    bits = dvb_efficiency(table.bits_per_symbol, table.code_rate, table.bch_errors)
    return table_profile(name, table.criterion, table.row_names, table.es_n0_db, bits, margin_db)


def test_the_rule_gives_all_67_printed_efficiencies() -> None:
    computed = efficiencies(modcod_table("dvb-s2")) | efficiencies(modcod_table("dvb-s2x"))
    with PRINTED.open(encoding="utf-8") as file:
        printed = {row["name"]: float(row["bit_per_symbol"]) for row in csv.DictReader(file)}
    assert len(printed) == 67
    assert computed == pytest.approx(printed, abs=1e-6)


@pytest.mark.parametrize(
    ("bits", "rate", "errors", "printed"),
    [(2, 1 / 4, 12, 0.490243), (4, 3 / 4, 12, 2.966728), (8, 3 / 4, 12, 5.900855)],
)
def test_three_points(bits: int, rate: float, errors: int, printed: float) -> None:
    assert dvb_efficiency(bits, rate, errors) == pytest.approx(printed, abs=1e-6)


def test_some_thresholds_as_printed() -> None:
    s2 = dict(zip(modcod_table("dvb-s2").row_names, modcod_table("dvb-s2").es_n0_db, strict=True))
    assert (s2["QPSK 1/4"], s2["16APSK 3/4"], s2["32APSK 9/10"]) == (-2.35, 10.21, 16.05)
    s2x = modcod_table("dvb-s2x")
    linear = dict(zip(s2x.row_names, s2x.es_n0_db, strict=True))
    hard = dict(zip(s2x.row_names, modcod_table("dvb-s2x-nonlinear").es_n0_db, strict=True))
    assert (linear["256APSK 3/4"], hard["256APSK 3/4"]) == (19.57, 24.02)
    assert all(hard[name] > linear[name] for name in linear)


@pytest.mark.parametrize("name", modcod_table_names())
def test_every_table_stays_below_shannon(name: str) -> None:
    table = modcod_table(name)
    bits = np.array(list(efficiencies(table).values()))
    gap = table.es_n0_db - 10.0 * np.log10(2.0**bits - 1.0)
    if name == "dvb-s2":
        assert (gap.min(), gap.max(), gap.mean()) == pytest.approx((1.07, 3.65, 2.07), abs=0.01)
    elif name == "dvb-s2x":
        assert (gap.min(), gap.max(), gap.mean()) == pytest.approx((0.92, 2.52, 1.67), abs=0.01)
    assert gap.min() > 0.0


def test_the_fit_of_the_s2x_rows() -> None:
    """0.956 log2(1 + 10^((Es/N0 - 1.18)/10)) errs by 0.18 bit/symbol at most over the S2X rows."""
    table = modcod_table("dvb-s2x")
    fit = 0.956 * np.log2(1.0 + 10.0 ** ((table.es_n0_db - 1.18) / 10.0))
    error = np.abs(fit - np.array(list(efficiencies(table).values())))
    assert error.max() == pytest.approx(0.18, abs=0.01)


@pytest.mark.parametrize("name", modcod_table_names())
def test_a_profile_is_pareto_and_zero_below_its_lowest_row(name: str) -> None:
    made = profile(name)
    assert np.all(np.diff(made.threshold_db) > 0.0)
    assert np.all(np.diff(made.efficiency) > 0.0)
    assert made.criterion == modcod_table(name).criterion
    assert spectral_efficiency(made.threshold_db[0] - 1e-9, made) == 0.0
    assert spectral_efficiency(-math.inf, made) == 0.0
    np.testing.assert_array_equal(spectral_efficiency(made.threshold_db, made), made.efficiency)


def test_16apsk_3_5_long_replaces_the_short_one() -> None:
    """The -L row has the same efficiency at 0.39 dB less."""
    names = profile("dvb-s2x").row_names
    assert "16APSK 3/5-L" in names
    assert "16APSK 3/5" not in names


def test_the_margin_moves_every_threshold() -> None:
    np.testing.assert_allclose(profile("dvb-s2", 1.0).threshold_db, profile("dvb-s2").threshold_db + 1.0)
