"""A variable is the same whether all are asked for or it alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from corner import corner

from bentpipe.simulate import outputs
from bentpipe.simulate.outputs import block_variables, rests_on_rates
from bentpipe.simulate.recipe import State, advance

SITE = """
[[sites]]
id = "kyiv"
name = "Kyiv"
kind = "home"
latitude_deg = 50.45
longitude_deg = 30.52
terminals = 1
"""


@pytest.mark.parametrize("load", [0.3, "computed"])
def test_each_variable_alone_is_the_one_among_all(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = corner(SITE, **{"access.load": load})
    block, _ = advance(prepared, State(), prepared.slots[:6])
    whole = block_variables(prepared, block)
    calls: list[int] = []
    rates = outputs.block_rates(prepared, block)
    monkeypatch.setattr(outputs, "block_rates", lambda *_: calls.append(1) or rates)
    rated = [name for name in whole if rests_on_rates(name)]
    for name, values in whole.items():
        (found,) = block_variables(prepared, block, [name]).values()
        assert found.dtype == values.dtype
        np.testing.assert_array_equal(found, values, name)
    assert len(calls) == (len(rated) if load == 0.3 else len(whole))
    assert 20 < len(rated) < len(whole) / 2
    assert set(block_variables(prepared, block, ("rtt_s", "rate_down_bit_s"))) == {"rtt_s", "rate_down_bit_s"}
