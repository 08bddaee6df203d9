"""Values of ITU's validation examples for the P series, as kept with ITU-Rpy (test_data), and of link budgets.

Inputs that are read from ITU's maps (R0.01, rain height, altitude, columns of vapour and cloud) stand here as
numbers, because no map is part of bentpipe. So these published values cannot be reached by our own code: the map values
themselves (R0.01 of P.837-7, altitudes of P.1511-2, N_wet = 128.1408003 of P.453-14 at 3.133, 101.7), and the
cloud attenuation of P.840-9 at (0, 0), 30 GHz, 75 degrees, 15.5 % (0.0643180997 dB), whose column of liquid is not
published with it.
"""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.link import p525, p618, p676, p838, p839, p840

LONDON = {"latitude_deg": 51.5, "rain_above_m": 1e3 * (2.45273333 - 0.031382984), "polarisation_tilt_deg": 0.0}
ELEVATION = 31.07699124
R001 = 26.48052
# London at p = 1 % and 5 %, from the maps in itur 0.4.0: P.1510, P.835, P.836-6, P.840-8, P.453-13.
SURFACE = {"pressure_pa": 100_948.56117984, "temperature_k": 283.6108755556, "altitude_m": 31.382984}
AT_1 = {"vapour_density_kg_m3": 13.796536789454e-3, "vapour_column_kg_m2": 33.729465268914}
AT_5 = {"vapour_density_kg_m3": 12.184375811327e-3, "vapour_column_kg_m2": 28.306841544644}
LIQUID_1, LIQUID_5, N_WET = 1.263286149580247, 0.6834673910271605, 50.389262222222


@pytest.mark.parametrize(
    ("f", "elevation", "rate", "value"),
    [(14.25e9, ELEVATION, R001, 1.58130839), (29e9, 40.232036, 33.936232, 6.27846024)],
)
def test_p838_3(f: float, elevation: float, rate: float, value: float) -> None:
    """dB/km; horizontal polarisation."""
    assert p838.specific_attenuation_db_km(rate, f, elevation, 0.0) == pytest.approx(value, abs=1e-8)


def test_p838_3_coefficients() -> None:
    k, alpha = p838.mixed_coefficients(p838.rain_coefficients(14.25e9), ELEVATION, 0.0)
    assert (float(k), float(alpha)) == pytest.approx((0.03975488, 1.12418043), abs=5e-9)


@pytest.mark.parametrize(
    ("isotherm_km", "value_km"), [(2.09273333, 2.45273333), (2.68749333, 3.04749333), (4.5979744, 4.9579744)]
)
def test_p839_4(isotherm_km: float, value_km: float) -> None:
    """Km; the isotherm is the map's value, that is the published rain height less 0.36 km."""
    assert p839.rain_height_m(1e3 * isotherm_km) == pytest.approx(1e3 * value_km, abs=1e-6)


@pytest.mark.parametrize(
    ("ghz", "oxygen", "vapour"),
    [
        (12.0, 0.008698264, 0.009535388),
        (20.0, 0.01188355, 0.097047305),
        (30.0, 0.021449684, 0.072374863),
        (60.0, 14.6234748, 0.154841841),
    ],
)
def test_p676_12_specific(ghz: float, oxygen: float, vapour: float) -> None:
    """dB/km at 1013.25 hPa, 288.15 K, 7.5 g/m3."""
    got = p676.specific_attenuation_db_km(ghz * 1e9, 101_325.0, 288.15, 7.5e-3)
    assert (float(got[0]), float(got[1])) == pytest.approx((oxygen, vapour), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(
    ("f", "p", "value"), [(14.25e9, 1.0, 0.495317069), (14.25e9, 0.001, 14.89982248), (29e9, 0.01, 23.44444523)]
)
def test_p618_13_rain(f: float, p: float, value: float) -> None:
    """London, dB. The examples print eight digits of their inputs, so 1e-8 of the value is what they can show."""
    a001 = p618.rain_001_db(R001, f, ELEVATION, **LONDON)
    assert p618.rain_db(a001, p, ELEVATION, 51.5) == pytest.approx(value, rel=1e-8)


def parts(f: float, p: float, edition: int, elevation: float = ELEVATION) -> tuple[float, float, float, float, float]:
    """Gas, cloud, rain, scintillation and total of London, 1 m antenna of efficiency 0.65, dB."""
    vapour, liquid = (AT_1, LIQUID_1) if edition == 13 else (AT_5, LIQUID_5)
    sine = np.sin(np.radians(elevation))
    gas = float(p676.zenith_gas_db(f, **SURFACE, **vapour) / sine)
    cloud = float(p840.zenith_cloud_db(f, liquid) / sine)
    rain = float(p618.rain_db(p618.rain_001_db(R001, f, elevation, **LONDON), p, elevation, 51.5))
    flicker = float(p618.scintillation_db(p618.scintillation_sigma_db(N_WET, f, elevation, 1.0, 0.65), p))
    return gas, cloud, rain, flicker, float(p618.total_db(gas, cloud, rain, flicker))


def test_p618_13_total_and_its_parts() -> None:
    gas, cloud, _, flicker, total = parts(14.25e9, 1.0, 13)
    assert gas == pytest.approx(0.226874038, abs=1e-8)
    assert cloud == pytest.approx(0.455169824, abs=1e-8)
    assert flicker == pytest.approx(0.261931889, abs=1e-8)
    # 9.8e-7 dB off, though every part agrees to 1e-8; ITU-Rpy gives 1.21279171 too.
    assert total == pytest.approx(1.212790721, abs=2e-6)


@pytest.mark.parametrize(
    ("f", "p", "value", "tolerance"), [(14.25e9, 0.001, 15.60879771, 3e-5), (29e9, 0.01, 26.07175081, 4e-5)]
)
def test_p618_13_totals(f: float, p: float, value: float, tolerance: float) -> None:
    """dB; gases and clouds at 1 %. Off by 2.3e-5 and 3.6e-5 dB, like ITU-Rpy: the last digits of the map values."""
    assert parts(f, p, 13)[4] == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize(("p", "value", "gap"), [(1.0, 0.8220034973, 0.0963), (0.1, 2.3711480826, 0.1024)])
def test_p618_14_total_is_missed_by_a_tenth_of_a_decibel(p: float, value: float, gap: float) -> None:
    """London 13.75 GHz. P.618-14 goes with P.676-13 (maps of P.2145) and the maps of P.840-9, which we do not have.

    With P.676-12 and P.840-8 at 5 % our totals are too high by 0.096 and 0.102 dB. The tolerance only holds the gap
    where it is; the published value is not reached.
    """
    total = parts(13.75e9, p, 14, 31.0770)[4]
    assert total - value == pytest.approx(gap, abs=1e-3)


def test_p525_free_space() -> None:
    """1 km at 1 GHz, dB."""
    assert p525.free_space_loss_db(1e3, 1e9) == pytest.approx(92.447783, abs=5e-7)


@pytest.mark.parametrize(
    ("ghz", "km", "value"), [(18.5, 2439, 185.5), (13.5, 1504, 178.6), (13.5, 1684, 179.6), (28.5, 1684, 186.1)]
)
def test_p525_in_link_budgets(ghz: float, km: float, value: float) -> None:
    """Del Portillo, Cameron and Crawley, Acta Astronautica 159 (2019), link budgets, to the 0.1 dB printed."""
    assert p525.free_space_loss_db(km * 1e3, ghz * 1e9) == pytest.approx(value, abs=0.06)
