"""Budgets of one hop and of two: lines, totals, bent pipe, regenerative, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hops import catalogued, starlink_ofdm, table

from bentpipe.errors import InputError, UnknownNameError
from bentpipe.link.budget import bent_pipe_budget, hop_budget
from bentpipe.link.hop import Hop, make_path
from bentpipe.link.rates import bent_pipe_rates, combined_c_n_db, hop_rates, regenerative_bit_rate_bit_s

DOWN = catalogued("starlink", "user-down")
FEEDER = catalogued("starlink", "feeder-up")
OFDM = starlink_ofdm()
WET = make_path(600e3, 0.0, 30.0, 1.5, 1.0, 0.5)


def test_lines_of_a_power_flux_density_in_order() -> None:
    budget = hop_budget(DOWN, WET, OFDM)
    assert [line.name for line in budget] == [
        "power-flux density in 4 kHz",
        "from 4 kHz to the channel",
        "isotropic aperture",
        "atmospheric loss",
        "wet antenna",
        "receive scan loss",
        "G/T",
        "noise of rain",
        "Boltzmann's constant",
        "C/N0",
        "noise bandwidth",
        "C/N",
        "C/ACI, adjacent channels",
        "C/ASI, adjacent satellites",
        "C/XPI, other polarisation",
        "C/3IM, intermodulation",
        "C/(N+I)",
        "channel to symbol rate",
        "Es/(N0+I0)",
        "MODCOD efficiency",
        "bit rate",
    ]
    assert budget["G/T"].tag == "recalled"
    assert "SpaceX" in budget["G/T"].source


def test_the_running_total_is_the_sum_of_the_lines() -> None:
    for hop in (DOWN, FEEDER):
        lines = hop_budget(hop, WET, OFDM).lines
        until = [line.name for line in lines].index("C/N")
        added = sum(float(line.value) for line in lines[:until] if line.kind in ("start", "added"))
        assert added == pytest.approx(float(lines[until].running), abs=1e-9)


def test_the_fact_s_carrier_to_noise_of_a_clear_sky() -> None:
    """-146 dBW/m2 in 4 kHz and 9.2 dB/K give 13.0 dB."""
    assert hop_rates(DOWN, make_path(550e3), OFDM).c_n_db == pytest.approx(13.0, abs=0.05)


def test_power_flux_density_equals_its_eirp() -> None:
    """A PFD over 4 pi d^2 in the channel is an EIRP."""
    distance = 700e3
    eirp = -146.0 + 10.0 * math.log10(DOWN.bandwidth_hz / 4e3) + 10.0 * math.log10(4.0 * math.pi * distance**2)
    radiated = Hop(**{**vars(DOWN), "pfd_dbw_m2_4khz": None, "eirp_dbw": eirp})
    path = make_path(distance, 0.0, 20.0, 1.0, 0.5)
    assert hop_rates(radiated, path, OFDM).c_n_db == pytest.approx(float(hop_rates(DOWN, path, OFDM).c_n_db), abs=1e-9)


def test_rows_and_text_are_plain_values() -> None:
    budget = hop_budget(DOWN, make_path([550e3, 900e3], receive_scan_deg=[0.0, 50.0]), OFDM)
    rows = budget.rows((1,))
    assert rows[-1][0] == "bit rate"
    assert rows[-1][3] == budget["bit rate"].running[1]
    assert budget.modcod_name((0,)).startswith("3 dB off Shannon")
    with pytest.raises(UnknownNameError, match="free-space"):
        hop_budget(FEEDER, WET, OFDM)["losses"]


def test_no_modcod_no_rate() -> None:
    budget = hop_budget(DOWN, make_path(550e3, atmospheric_loss_db=40.0), OFDM)
    assert (float(budget["bit rate"].running), budget.modcod_name()) == (0.0, "none")


def test_bent_pipe_combines_reciprocals() -> None:
    up, down = hop_rates(FEEDER, WET, OFDM), hop_rates(DOWN, WET, OFDM)
    both = bent_pipe_rates(up, down, DOWN, OFDM)
    reciprocal = 10.0 ** (-up.c_n_db / 10.0) + 10.0 ** (-down.c_n_db / 10.0)
    assert both.c_n_db == pytest.approx(-10.0 * np.log10(reciprocal))
    assert both.c_n_db < min(up.c_n_db, down.c_n_db)
    lines = bent_pipe_budget(hop_budget(FEEDER, WET, OFDM), hop_budget(DOWN, WET, OFDM), DOWN, OFDM)
    for mine, theirs in zip(lines.rates(), both, strict=True):
        assert float(mine) == pytest.approx(float(theirs), rel=1e-12)


def test_equal_hops_lose_three_decibels() -> None:
    assert combined_c_n_db(10.0, 10.0) == pytest.approx(10.0 - 3.0103, abs=1e-4)
    assert combined_c_n_db(10.0, math.inf) == pytest.approx(10.0)
    assert combined_c_n_db(10.0, -math.inf) == -math.inf


def test_regenerative_is_the_slower_hop_and_beats_the_bent_pipe() -> None:
    up, down = hop_rates(FEEDER, WET, OFDM), hop_rates(DOWN, WET, OFDM)
    best = regenerative_bit_rate_bit_s(up, down)
    assert best == min(up.bit_rate_bit_s, down.bit_rate_bit_s)
    assert best >= bent_pipe_rates(up, down, DOWN, OFDM).bit_rate_bit_s


def test_no_rain_noise_at_a_satellite() -> None:
    dry = hop_rates(FEEDER, make_path(900e3, atmospheric_loss_db=5.0), OFDM).c_n_db
    wet = hop_rates(FEEDER, make_path(900e3, atmospheric_loss_db=5.0, noisy_loss_db=5.0), OFDM).c_n_db
    assert dry == wet


def test_a_vsat_on_a_geostationary_satellite() -> None:
    rates = hop_rates(catalogued("geostationary", "user-down"), make_path(37_410e3), table("dvb-s2x"))
    assert 10.0 < rates.c_n_db < 15.0
    assert rates.bit_rate_bit_s > 500e6


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"frequency_hz": 11.7}, "12 GHz is 12e9"),
        ({"frequency_hz": math.nan}, "nan"),
        ({"bandwidth_hz": -240e6}, "bandwidth_hz"),
        ({"eirp_dbw": 40.0}, "both"),
        ({"pfd_dbw_m2_4khz": None}, "neither"),
        ({"transmit_scan_exponent": 1.2}, "makes up for its own steering"),
        ({"system_noise_k": 0.0}, "system_noise_k"),
        ({"roll_off": 1.5}, "roll_off"),
        ({"c_xpi_db": math.nan}, "c_xpi_db"),
    ],
)
def test_a_bad_hop_is_refused(change: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        Hop(**{**vars(DOWN), **change})  # type: ignore[arg-type]


def test_all_faults_at_once() -> None:
    with pytest.raises(InputError) as found:
        Hop("bad", 12.0, -1.0, math.nan)
    assert len(found.value.faults) == 4
    with pytest.raises(InputError, match="slant_range_m") as found:
        make_path(550.0, 0.0, 95.0, -1.0)
    assert len(found.value.faults) == 3
