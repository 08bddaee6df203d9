"""Free-space loss, noise, dish gain and DVB-S2 beside spacelink (MIT, checked with 0.1.12)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bentpipe.catalog.modcods import modcod_table
from bentpipe.link.antenna import REFERENCE_TEMPERATURE_K, aperture_gain_dbi
from bentpipe.link.modcod import dvb_efficiency
from bentpipe.link.p525 import free_space_loss_db
from bentpipe.link.rates import BOLTZMANN_DBW_K_HZ

spacelink = pytest.importorskip("spacelink", reason="spacelink is not installed")
units = pytest.importorskip("astropy.units", reason="astropy is not installed")
yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

S2 = modcod_table("dvb-s2")


def test_free_space_loss() -> None:
    from spacelink.core.path import free_space_path_loss

    for distance, frequency in ((1e3, 1e9), (550e3, 11.7e9), (37_410e3, 20e9)):
        theirs = free_space_path_loss(distance * units.m, frequency * units.Hz).value
        assert free_space_loss_db(distance, frequency) == pytest.approx(theirs, abs=1e-9)


def test_noise_power() -> None:
    from spacelink.core.noise import noise_power

    theirs = noise_power(240e6 * units.Hz, REFERENCE_TEMPERATURE_K * units.K).to_value(units.W)
    ours = BOLTZMANN_DBW_K_HZ + 10.0 * np.log10(240e6 * REFERENCE_TEMPERATURE_K)
    assert ours == pytest.approx(10.0 * np.log10(theirs), abs=1e-9)


def test_dish_gain() -> None:
    from spacelink.core.antenna import dish_gain

    theirs = dish_gain(0.6 * units.m, 20e9 * units.Hz, 0.6 * units.dimensionless_unscaled).value
    assert aperture_gain_dbi(0.6, 0.6, 20e9) == pytest.approx(theirs, abs=1e-6)


def test_efficiency_of_the_28_modcods() -> None:
    """Product of the rates of baseband header, outer code, inner code and frame, times the bits of a symbol."""
    text = (Path(spacelink.__file__).parent / "phy" / "data" / "modes" / "dvbs2_modes.yaml").read_text()
    theirs = {}
    for mode in yaml.safe_load(text):
        rates = [Fraction(code["rate"]) for code in mode["coding"]["codes"]]
        name = mode["id"].removeprefix("DVBS2_").replace("_", " ")
        theirs[name] = mode["modulation"]["bits_per_symbol"] * float(np.prod([float(rate) for rate in rates]))
    bits = dvb_efficiency(S2.bits_per_symbol, S2.code_rate, S2.bch_errors)
    ours = dict(zip(S2.row_names, bits.tolist(), strict=True))
    assert len(ours) == 28
    assert ours == pytest.approx({name: theirs[name] for name in ours}, abs=1e-9)


@pytest.mark.parametrize("name", S2.row_names)
def test_threshold_of_each_modcod(name: str) -> None:
    """Their Eb/N0 at a packet error ratio of 1e-7, against ours from Es/N0, to 0.005 dB."""
    file = f"DVBS2_{name.replace(' ', '_').replace('/', '-')}.per.yaml"
    curve = yaml.safe_load((Path(spacelink.__file__).parent / "phy" / "data" / "perf" / file).read_text())
    assert float(curve["threshold"]["error_rate"]) == 1e-7
    i = S2.row_names.index(name)
    bits = float(dvb_efficiency(S2.bits_per_symbol[i], S2.code_rate[i], S2.bch_errors[i]))
    assert S2.es_n0_db[i] - 10.0 * np.log10(bits) == pytest.approx(float(curve["threshold"]["ebn0"]), abs=0.0055)
