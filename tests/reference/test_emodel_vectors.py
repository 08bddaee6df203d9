"""The E-model against values of ITU-T G.107 (06/2015) worked out from its formulas, and the constants of flent 2.3.0.

flent (`mos_score`) says that it was checked against the ITU's own calculator; its two constants are given to all
digits. Codec constants are those of ITU-T G.113: G.711 Bpl 4.3, with concealment 25.1, G.729A Ie 11 and Bpl 19.
"""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.service.emodel import EModel, mos_of_rating, opinion_scores, rating, voice_rating


def test_default_parameters() -> None:
    got = rating()
    assert float(got.no_dbm0p) == pytest.approx(-61.17921438624169, abs=1e-11)
    # flent's constant is that of an echo too late to be sidetone; at T = 0 the two differ in the eighth digit.
    assert float(rating(t_ms=100.0).i_s) == pytest.approx(1.4135680813438616, abs=1e-13)
    assert float(got.i_s) == pytest.approx(1.4135680813438616, abs=1e-7)
    assert float(got.ro) == pytest.approx(94.7688, abs=5e-5)
    assert [float(v) for v in (got.iolr, got.ist, got.iq)] == pytest.approx([0.4402, -0.0007, 0.9741], abs=5e-5)
    assert float(got.i_d) == float(got.idle) == pytest.approx(0.1490, abs=5e-5)
    assert float(got.r) == pytest.approx(93.2062, abs=5e-5)
    assert float(got.mos) == pytest.approx(4.4094, abs=5e-5)


@pytest.mark.parametrize(
    ("delay_ms", "with_echo", "mos", "no_echo"),
    [
        (0.0, 93.21, 4.409, 93.21),
        (50.0, 91.76, 4.380, 93.21),
        (150.0, 89.54, 4.328, 93.04),
        (200.0, 85.80, 4.223, 90.16),
        (400.0, 62.25, 3.216, 69.14),
    ],
)
def test_delay(delay_ms: float, with_echo: float, mos: float, no_echo: float) -> None:
    echo = rating(EModel(telr=65.0), t_ms=delay_ms, ta_ms=delay_ms, tr_ms=2.0 * delay_ms)
    assert float(echo.r) == pytest.approx(with_echo, abs=6e-3)
    assert float(echo.mos) == pytest.approx(mos, abs=6e-4)
    assert float(rating(ta_ms=delay_ms).r) == pytest.approx(no_echo, abs=6e-3)
    assert voice_rating(1e-3 * delay_ms, 0.0, 0.0, 4.3) == pytest.approx(float(echo.r), abs=1e-12)


@pytest.mark.parametrize(
    ("ie", "bpl", "expected"),
    [
        (0.0, 4.3, (75.28, 63.05, 26.77)),
        (0.0, 25.1, (89.57, 86.20, 66.14)),
        (11.0, 19.0, (78.01, 74.21, 53.24)),
    ],
    ids=["G.711", "G.711 with concealment", "G.729A"],
)
def test_loss(ie: float, bpl: float, expected: tuple[float, ...]) -> None:
    loss = np.array([1.0, 2.0, 10.0])
    got = rating(EModel(ie=ie, bpl=bpl), ppl_percent=loss).r
    np.testing.assert_allclose(got, expected, atol=6e-3)
    np.testing.assert_allclose([voice_rating(0.0, x / 100.0, ie, bpl) for x in loss], got, atol=1e-12)


def test_delay_of_300_ms_without_echo() -> None:
    assert float(rating(ta_ms=300.0).idd) == pytest.approx(14.8, abs=0.05)


def test_opinion_scores_at_the_ends() -> None:
    r = np.array([-5.0, 0.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0, 120.0])
    # G.107, annex B: user satisfaction limits R 50, 60, 70, 80, 90 are MOS 2.58, 3.10, 3.60, 4.03, 4.34.
    expected = [1.0, 1.0, 2.58, 3.10, 3.60, 4.03, 4.34, 4.5, 4.5]
    np.testing.assert_allclose(opinion_scores(r), expected, atol=6e-3)
    assert [mos_of_rating(x) for x in r] == pytest.approx(list(opinion_scores(r)), abs=1e-14)
