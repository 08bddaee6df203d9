from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.network.loss import (
    LOSS_ERAS,
    LossParameters,
    burst_packets,
    burst_rate_per_s,
    loss_parameters,
    slot_loss,
)

DAY = date(2024, 7, 16)


def test_a_standing_dish_loses_between_the_two_measurements() -> None:
    # 0.36 % at Osnabrück (2024-05), 0.18 % at Victoria (2025-04); the satellite changes in 76 % of slots.
    changed, kept = slot_loss(loss_parameters(DAY), [True, False], 0.5)
    assert 0.0018 < 0.76 * changed + 0.24 * kept < 0.0036
    assert changed > kept


def test_bursts_have_two_packets_at_15_ms() -> None:
    assert burst_packets(loss_parameters(DAY), 15e-3) == pytest.approx(1.97, abs=0.1)
    assert burst_packets(loss_parameters(DAY), 1.0) == pytest.approx(1.0)


def test_loss_at_the_reference_load_is_that_of_the_knots() -> None:
    for knot in LOSS_ERAS:
        assert slot_loss(loss_parameters(knot.day), False, 0.5) == pytest.approx(knot.ratio)


def test_loss_grows_with_load() -> None:
    parameters = loss_parameters(DAY)
    assert np.all(np.diff(slot_loss(parameters, False, np.linspace(0, 1, 11))) > 0)
    assert burst_rate_per_s(parameters, 0.5) == pytest.approx(parameters.bursts_per_s)


def test_a_handover_costs_its_share_of_the_slot() -> None:
    only = LossParameters(0.0, 20e-3, 0.5, 60e-3)
    assert slot_loss(only, True, 0.5) == pytest.approx(0.5 * 60e-3 / 15)
    assert slot_loss(only, False, 0.5) == 0.0
    # An interruption ends with the slot at the latest.
    assert slot_loss(LossParameters(0.0, 20e-3, 1.0, 1e6), True, 0.5) == pytest.approx(1.0, abs=1e-4)


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="0 to 1"):
        slot_loss(loss_parameters(DAY), False, 2.0)
    with pytest.raises(InputError, match="2021"):
        loss_parameters(date(2019, 1, 1))
