"""The E-model: a plain twin at all parameters, the branches of the Recommendation, and what is refused."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest

from bentpipe.errors import InputError, NotModelledError
from bentpipe.service.emodel import PERMITTED, EModel, outside_permitted, rating


def plain_rating(p: dict[str, float]) -> float:
    """R from the parameters, equation by equation in the order of ITU-T G.107 (06/2015), without a shared step."""
    lg = math.log10
    olr = p["slr"] + p["rlr"]
    pre = p["pr_dba"] + 10 * lg(1 + 10 ** ((10 - p["lstr"]) / 10))
    noises = (
        p["nc_dbm0p"],
        p["ps_dba"] - p["slr"] - p["ds"] - 100 + 0.004 * (p["ps_dba"] - olr - p["ds"] - 14) ** 2,
        p["rlr"] - 121 + pre + 0.008 * (pre - 35) ** 2,
        p["nfor_dbmp"] + p["rlr"],
    )
    no = 10 * lg(sum(10 ** (n / 10) for n in noises))
    ro = 15 - 1.5 * (p["slr"] + no)
    xolr = olr + 0.2 * (64 + no - p["rlr"])
    iolr = 20 * ((1 + (xolr / 8) ** 8) ** (1 / 8) - xolr / 8)
    stmro = -10 * lg(10 ** (-p["stmr"] / 10) + math.exp(-p["t_ms"] / 4) * 10 ** (-p["telr"] / 10))
    ist = (
        12 * (1 + ((stmro - 13) / 6) ** 8) ** (1 / 8)
        - 28 * (1 + ((stmro + 1) / 19.4) ** 35) ** (1 / 35)
        - 13 * (1 + ((stmro - 3) / 33) ** 13) ** (1 / 13)
        + 29
    )
    q = 37 - 15 * lg(p["qdu"])
    g = 1.07 + 0.258 * q + 0.0602 * q**2
    iq = 15 * lg(1 + 10 ** ((ro - 100) / 15 + 46 / 8.4 - g / 9) + 10 ** (46 / 30 - g / 40))
    t = p["t_ms"]
    terv = p["telr"] - 40 * lg((1 + t / 10) / (1 + t / 150)) + 6 * math.exp(-0.3 * t**2)
    terv += ist / 2 if p["stmr"] < 9 else 0
    roe, re = -1.5 * (no - p["rlr"]), 80 + 2.5 * (terv - 14)
    idte = ((roe - re) / 2 + math.sqrt((roe - re) ** 2 / 4 + 100) - 1) * (1 - math.exp(-t)) if t >= 1 else 0.0
    if p["stmr"] > 20 and t >= 1:
        idte = math.hypot(idte, ist)
    rle = 10.5 * (p["wepl"] + 7) * (p["tr_ms"] + 1) ** -0.25
    idle = (ro - rle) / 2 + math.sqrt((ro - rle) ** 2 / 4 + 169)
    idd = 0.0
    if p["ta_ms"] > p["m_t_ms"]:
        x, n = lg(p["ta_ms"] / p["m_t_ms"]) / lg(2), 6 * p["s_t"]
        idd = 25 * ((1 + x**n) ** (1 / n) - 3 * (1 + (x / 3) ** n) ** (1 / n) + 2)
    ppl = p["ppl_percent"]
    ie_eff = p["ie"] + (95 - p["ie"]) * ppl / (ppl / p["burst_r"] + p["bpl"])
    return ro - (iolr + ist + iq) - (idte + idle + idd) - ie_eff + p["a"]


def test_equal_to_the_equations_at_every_parameter() -> None:
    draw = np.random.default_rng(7)
    names = [name for name in asdict(EModel()) if name in PERMITTED]
    varied = {name: draw.uniform(*PERMITTED[name], 200) for name in names}
    varied["stmr"] = draw.uniform(5.0, 25.0, 200)  # both of the branches outside of the permitted range
    varied |= {"nfor_dbmp": draw.uniform(-80.0, -50.0, 200), "s_t": draw.choice([0.4, 0.55, 1.0], 200)}
    varied["m_t_ms"] = draw.choice([100.0, 120.0, 150.0], 200)
    got = rating(**varied)
    expected = [plain_rating({name: float(row[i]) for name, row in varied.items()}) for i in range(200)]
    np.testing.assert_allclose(got.r, expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(got.r, got.ro - got.i_s - got.i_d - got.ie_eff + varied["a"], rtol=0, atol=1e-12)


def test_listener_sidetone_follows_the_sidetone() -> None:
    room = EModel(pr_dba=60.0)
    assert float(rating(room, stmr=12.0).r) == float(rating(room, stmr=12.0, lstr=15.0).r)
    assert float(rating(room, stmr=12.0).r) != float(rating(room, stmr=12.0, lstr=18.0).r)
    assert float(rating(room, dr=0.0).no_dbm0p) > float(rating(room).no_dbm0p)


def test_echo_within_a_millisecond_is_sidetone() -> None:
    np.testing.assert_array_equal(rating(EModel(telr=20.0), t_ms=[0.0, 0.5, 0.999]).idte, 0.0)
    assert float(rating(EModel(telr=20.0), t_ms=1.0).idte) > 0.0


def test_bursts_are_worse_than_random_losses_of_the_same_share() -> None:
    r = rating(EModel(bpl=4.3, ppl_percent=2.0), burst_r=[1.0, 1.5, 2.0]).r
    assert np.all(np.diff(r) < 0.0)


def test_shapes_and_missing_links() -> None:
    got = rating(t_ms=np.array([[10.0], [np.nan]]), ppl_percent=np.array([0.0, 1.0, 2.0]))
    assert got.r.shape == got.mos.shape == (2, 3)
    assert np.all(np.isfinite(got.r[0])) and np.all(np.isnan(got.r[1])) and np.all(np.isnan(got.mos[1]))


def test_beyond_the_permitted_ranges() -> None:
    assert outside_permitted() == ()
    assert outside_permitted(ta_ms=[100.0, 600.0], ppl_percent=30.0) == ("ta_ms", "ppl_percent")


@pytest.mark.parametrize("other", ["G.107.1", "G.107.2"])
def test_other_models_are_refused_by_name(other: str) -> None:
    with pytest.raises(NotModelledError, match="band E-model is not modelled"):
        rating(recommendation=other)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ta_ms", -1.0), ("ppl_percent", 101.0), ("bpl", 0.0), ("burst_r", 0.0), ("qdu", 0.0), ("t_ms", np.inf)],
)
def test_what_has_no_meaning_is_refused(name: str, value: float) -> None:
    with pytest.raises(InputError, match=name):
        rating(**{name: value})
    with pytest.raises(InputError, match="no such parameter"):
        rating(tdelay=1.0)
