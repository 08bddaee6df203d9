"""Climates made up for tests: a temperate and a tropical place, a desert, the pole."""

from __future__ import annotations

import numpy as np

from bentpipe.link.placeweather import PlaceClimate

P_PCT = np.array([1.0, 2.0, 5.0, 20.0, 50.0, 99.0])


def four_places() -> PlaceClimate:
    """Temperate, tropical, a desert where it never rains, and a pole above the rain height."""
    fall = np.array([1.0, 0.95, 0.85, 0.6, 0.4, 0.1])
    return PlaceClimate(
        latitude_deg=np.array([50.45, 3.1, -24.0, 88.0]),
        altitude_m=np.array([128.0, 51.0, 900.0, 2000.0]),
        rain_height_m=np.array([2785.0, 4958.0, 4500.0, 360.0]),
        rain_rate_001_mm_h=np.array([28.6, 99.1, 0.0, 5.0]),
        rain_probability_pct=np.array([4.5, 11.0, 0.1, 2.0]),
        wet_refractivity=np.array([40.5, 128.0, 20.0, 5.0]),
        pressure_pa=np.array([99_800.0, 100_700.0, 91_000.0, 79_500.0]),
        temperature_k=np.array([281.3, 300.0, 295.0, 255.0]),
        p_pct=P_PCT,
        vapour_density_kg_m3=np.array([15.7, 25.0, 9.0, 2.0])[:, None] * 1e-3 * fall,
        vapour_column_kg_m2=np.array([36.5, 65.0, 25.0, 5.0])[:, None] * fall,
        cloud_liquid_kg_m2=np.array([1.28, 2.4, 0.2, 0.1])[:, None] * fall**2,
    )
