"""SINR that a dish at Victoria BC reported (rev 3, 2025-04-15, 93 samples in 78 s) beside the user downlink's C/N.

The prediction uses one power-flux density (-146 dBW/m2 in 4 kHz) and one G/T (9.2 dB/K) for all, both recalled from
filings, and a cos^1.2 law for steering, assumed; clear sky, no interference. Nothing was fitted to this record.
The spread is not reproduced: 12.5 to 13.0 dB predicted, 9.0 to 14.9 dB measured.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from bentpipe.catalog.radio import radio_link
from bentpipe.link.hop import Hop, make_path
from bentpipe.link.modcod import shannon_profile
from bentpipe.link.rates import hop_rates

MEDIAN_TOLERANCE_DB = 1.0
"""Accepted distance of the medians: 13.6 dB is measured, 12.7 predicted; G/T, channel and steering law can make it."""


def rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        pytest.skip(f"measured data not found: {path}")
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sinr_db(shared: Path) -> np.ndarray:
    found = rows(shared / "data" / "measured" / "leoviz_victoria_grpc_status_2025-04-15.csv")
    return np.array([float(row["sinr"]) for row in found])


@pytest.fixture(scope="module")
def predicted_db(shared: Path) -> np.ndarray:
    """C/N at the satellites that served, the dish's axis at 62.6 degrees of elevation due north."""
    served = rows(shared / "data" / "measured" / "leoviz_victoria_serving_satellite_2025-04-15.csv")
    azimuth, elevation, distance_km = (
        np.array([float(row[key]) for row in served]) for key in ("Azimuth", "Elevation", "Distance")
    )
    axis = np.radians(62.6)
    up = np.radians(elevation)
    cosine = np.sin(up) * np.sin(axis) + np.cos(up) * np.cos(axis) * np.cos(np.radians(azimuth))
    link = radio_link("starlink", "user-down", "standard")
    hop = Hop(link.name, **link.numbers(), origin=link.origin())
    path = make_path(distance_km * 1e3, receive_scan_deg=np.degrees(np.arccos(cosine)))
    return hop_rates(hop, path, shannon_profile("any", 3.0, -2.0, 6.0, 0.85)).c_n_db


def test_the_record_is_the_one_described(sinr_db: np.ndarray) -> None:
    assert len(sinr_db) == 93
    assert (sinr_db.min(), np.median(sinr_db), sinr_db.max()) == pytest.approx((9.0, 13.6, 14.9), abs=0.05)


def test_predicted_median_is_near_the_measured(sinr_db: np.ndarray, predicted_db: np.ndarray) -> None:
    assert np.median(predicted_db) == pytest.approx(np.median(sinr_db), abs=MEDIAN_TOLERANCE_DB)


def test_predictions_lie_within_the_measured_span(sinr_db: np.ndarray, predicted_db: np.ndarray) -> None:
    assert predicted_db.min() > sinr_db.min()
    assert predicted_db.max() < sinr_db.max()
