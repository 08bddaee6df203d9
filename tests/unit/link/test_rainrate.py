"""Attenuation of a given rain."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.link import p618
from bentpipe.link.rainrate import attenuation_of_rate_db


def test_at_the_rate_of_a_hundredth_percent_it_is_p618() -> None:
    got = attenuation_of_rate_db(28.6, 28.6, 12e9, 40.0, 50.0, 2600.0)
    assert got == pytest.approx(float(p618.rain_001_db(28.6, 12e9, 40.0, 50.0, 2600.0)), rel=1e-14)


def test_no_rain_no_loss_and_more_rain_more_loss() -> None:
    loss = attenuation_of_rate_db(np.linspace(0.0, 150.0, 40), 28.6, 28.5e9, 30.0, 50.0, 2600.0)
    assert loss[0] == 0.0
    assert (np.diff(loss) > 0.0).all()


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(InputError, match="rain_rate_mm_h"):
        attenuation_of_rate_db(-0.1, 28.6, 12e9, 40.0, 50.0, 2600.0)
