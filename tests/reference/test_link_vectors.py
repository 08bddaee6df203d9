"""Published and independently computed scalars: slant range, free-space loss, Boltzmann's constant."""

from __future__ import annotations

import pytest

from bentpipe.link.antenna import aperture_gain_dbi
from bentpipe.link.p525 import free_space_loss_db
from bentpipe.link.rates import BOLTZMANN_DBW_K_HZ
from bentpipe.link.slantrange import slant_range_m


def test_free_space_loss_of_one_kilometre_at_one_gigahertz() -> None:
    """ITU-R P.525-4: 92.447783 dB (the Recommendation rounds to 92.4)."""
    assert free_space_loss_db(1e3, 1e9) == pytest.approx(92.447783, abs=1e-6)


def test_boltzmann() -> None:
    assert pytest.approx(-228.599167, abs=1e-6) == BOLTZMANN_DBW_K_HZ


@pytest.mark.parametrize(
    ("altitude_km", "elevation_deg", "mean_km", "equator_km"),
    [
        (550, 25, 1123.28, 1123.42),
        (550, 40, 812.07, 812.11),
        (600, 10, 1931.64, 1932.26),
        (600, 30, 1075.09, None),
        (1200, 30, 1998.88, None),
        (1200, 55, 1411.90, None),
        (35786, 45, 37410.63, None),
    ],
)
def test_slant_range(altitude_km: float, elevation_deg: float, mean_km: float, equator_km: float | None) -> None:
    """To 10 m, on spheres of 6,371 and 6,378.137 km."""
    found = {
        radius: float(slant_range_m(altitude_km * 1e3, elevation_deg, radius)) / 1e3 for radius in (6371e3, 6378137.0)
    }
    tabled = {6371e3: mean_km, 6378137.0: equator_km}
    for radius, value in tabled.items():
        if value is not None:
            assert found[radius] == pytest.approx(value, abs=0.01)


def test_antenna_gains_of_osoro_and_oughton() -> None:
    """IEEE Access 9 (2021) 141611: apertures of 0.6, 0.65 and 0.9 m, efficiency 0.6, c = 3e8 m/s."""
    for diameter, frequency, printed in ((0.6, 13.5e9, 36.352), (0.65, 13.5e9, 37.047), (0.9, 17.7e9, 42.226)):
        assert aperture_gain_dbi(diameter, 0.6, frequency) == pytest.approx(printed, abs=0.01)
