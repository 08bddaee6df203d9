"""Free-space loss and slant range: arrays, and the refusal of values that no link has."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.link.p525 import free_space_loss_db
from bentpipe.link.slantrange import slant_range_m


def test_arrays_broadcast() -> None:
    assert free_space_loss_db(np.full((3, 1), 1e6), np.array([12e9, 20e9])).shape == (3, 2)
    assert slant_range_m(550e3, [25.0, 90.0])[1] == pytest.approx(550e3)


def test_loss_grows_6_db_an_octave() -> None:
    assert free_space_loss_db([2e6, 1e6], [12e9, 24e9]) - free_space_loss_db(1e6, 12e9) == pytest.approx(
        6.0206, abs=1e-4
    )


@pytest.mark.parametrize(
    ("distance_m", "frequency_hz", "named"),
    [
        (1e6, 12.0, "12 GHz is 12e9"),
        (1e6, 300e9, "frequency_hz"),
        (1e6, math.nan, "nan"),
        (0.0, 12e9, "distance_m"),
        (-1e6, 12e9, "metres"),
    ],
)
def test_bad_free_space_loss(distance_m: float, frequency_hz: float, named: str) -> None:
    with pytest.raises(InputError, match=named):
        free_space_loss_db(distance_m, frequency_hz)


@pytest.mark.parametrize(
    ("altitude_m", "elevation_deg", "named"),
    [(550.0, 40.0, "altitude_m"), (550e3, -5.0, "elevation_deg"), (550e3, 91.0, "0 to 90"), (550e3, math.nan, "nan")],
)
def test_bad_slant_range(altitude_m: float, elevation_deg: float, named: str) -> None:
    with pytest.raises(InputError, match=named):
        slant_range_m(altitude_m, elevation_deg)
