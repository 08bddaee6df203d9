"""What a link budget means: more loss never helps, more power never hurts, lines and fast path are one number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentpipe.catalog.modcods import modcod_table
from bentpipe.link.budget import hop_budget
from bentpipe.link.hop import Hop, Path, make_path
from bentpipe.link.modcod import ModcodProfile, dvb_efficiency, shannon_profile, table_profile
from bentpipe.link.rates import bent_pipe_rates, combined_c_n_db, hop_rates, regenerative_bit_rate_bit_s


def _table(name: str) -> ModcodProfile:
    rows = modcod_table(name)
    bits = dvb_efficiency(rows.bits_per_symbol, rows.code_rate, rows.bch_errors)
    return table_profile(name, rows.criterion, rows.row_names, rows.es_n0_db, bits)


PROFILES = (_table("dvb-s2"), _table("dvb-s2x"), shannon_profile("ofdm", 3.0, -2.0, 6.0, 0.85))

ratios = st.one_of(st.just(math.inf), st.floats(10.0, 40.0))
profiles = st.sampled_from(PROFILES)


@st.composite
def hops(draw: st.DrawFn) -> Hop:
    by_pfd = draw(st.booleans())
    return Hop(
        "hop",
        draw(st.floats(10e9, 30e9)),
        draw(st.floats(1e6, 500e6)),
        draw(st.floats(-5.0, 30.0)),
        eirp_dbw=None if by_pfd else draw(st.floats(0.0, 70.0)),
        pfd_dbw_m2_4khz=draw(st.floats(-165.0, -135.0)) if by_pfd else None,
        system_noise_k=draw(st.floats(50.0, 1000.0)),
        rain_temperature_k=draw(st.sampled_from((0.0, 275.0))),
        transmit_scan_exponent=0.0 if by_pfd else draw(st.sampled_from((0.0, 1.2))),
        receive_scan_exponent=draw(st.sampled_from((0.0, 1.0, 1.5))),
        roll_off=draw(st.sampled_from((0.0, 0.05, 0.2))),
        payload_share=draw(st.floats(0.5, 1.0)),
        c_aci_db=draw(ratios),
        c_asi_db=draw(ratios),
        c_xpi_db=draw(ratios),
        c_3im_db=draw(ratios),
    )


@st.composite
def paths(draw: st.DrawFn) -> Path:
    count = draw(st.integers(1, 5))

    def some(low: float, high: float) -> list[float]:
        return draw(st.lists(st.floats(low, high), min_size=count, max_size=count))

    return make_path(some(4e5, 4e7), some(0.0, 70.0), some(0.0, 70.0), some(0.0, 30.0), some(0.0, 30.0), some(0.0, 3.0))


def far_from_a_threshold(es_n0_db: np.ndarray, profile: ModcodProfile) -> np.ndarray:
    """Where rounding cannot change the MODCOD."""
    return np.abs(es_n0_db[:, None] - profile.threshold_db[None, :]).min(axis=1) > 1e-9


@settings(max_examples=150, deadline=None)
@given(hops(), paths(), profiles)
def test_lines_and_fast_path_agree(hop: Hop, path: Path, profile: ModcodProfile) -> None:
    fast, lines = hop_rates(hop, path, profile), hop_budget(hop, path, profile).rates()
    for mine, theirs in zip(fast[:3], lines[:3], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0.0, atol=1e-9)
    sure = far_from_a_threshold(fast.es_n0_db, profile)
    np.testing.assert_allclose(fast.bit_rate_bit_s[sure], lines.bit_rate_bit_s[sure], rtol=1e-9)


@settings(max_examples=150, deadline=None)
@given(hops(), paths(), profiles, st.floats(0.0, 20.0), st.integers(1, 5))
def test_more_loss_never_raises_a_rate(
    hop: Hop, path: Path, profile: ModcodProfile, more_db: float, which: int
) -> None:
    fields = list(path)
    fields[which] = np.minimum(fields[which] + more_db, 80.0) if which < 3 else fields[which] + more_db
    worse = hop_rates(hop, make_path(*fields), profile)
    assert np.all(worse.bit_rate_bit_s <= hop_rates(hop, path, profile).bit_rate_bit_s)


@settings(max_examples=100, deadline=None)
@given(hops(), paths(), profiles, st.floats(0.0, 20.0))
def test_more_power_never_lowers_a_rate(hop: Hop, path: Path, profile: ModcodProfile, more_db: float) -> None:
    key = "eirp_dbw" if hop.eirp_dbw is not None else "pfd_dbw_m2_4khz"
    louder = Hop(**{**vars(hop), key: vars(hop)[key] + more_db})
    before, after = hop_rates(hop, path, profile), hop_rates(louder, path, profile)
    assert np.all(after.bit_rate_bit_s >= before.bit_rate_bit_s)


@settings(max_examples=60, deadline=None)
@given(hops(), paths(), profiles)
def test_shape_does_not_matter(hop: Hop, path: Path, profile: ModcodProfile) -> None:
    whole = hop_rates(hop, path, profile)
    for i in range(path.slant_range_m.size):
        one = hop_rates(hop, make_path(*(values[i] for values in path)), profile)
        assert [float(values) for values in one] == [float(values[i]) for values in whole]


@settings(max_examples=60, deadline=None)
@given(hops(), paths(), profiles)
def test_a_bent_pipe_is_never_better_than_either_hop(hop: Hop, path: Path, profile: ModcodProfile) -> None:
    """With one channel on both hops; decoding on board is never worse."""
    up = hop_rates(Hop(**{**vars(hop), "g_t_db_k": 20.0}), path, profile)
    down = hop_rates(hop, path, profile)
    both = bent_pipe_rates(up, down, hop, profile)
    assert np.all(both.c_ni_db <= np.minimum(up.c_ni_db, down.c_ni_db) + 1e-9)
    sure = far_from_a_threshold(down.es_n0_db, profile) & far_from_a_threshold(up.es_n0_db, profile)
    assert np.all(both.bit_rate_bit_s[sure] <= regenerative_bit_rate_bit_s(up, down)[sure] * (1.0 + 1e-12))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-20.0, 60.0), min_size=1, max_size=5))
def test_combining_is_in_any_order(ratios_db: list[float]) -> None:
    forward = float(combined_c_n_db(*ratios_db))
    assert forward == pytest.approx(float(combined_c_n_db(*ratios_db[::-1])), abs=1e-9)
    assert forward <= min(ratios_db) + 1e-9
