"""How many terminals a region carries: against a count by hand, wrong questions, and what is said."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bentpipe
from bentpipe.catalog.power import terminal_power
from bentpipe.errors import InputError
from bentpipe.simulate.capacity import reached, sampled_slots
from bentpipe.simulate.prepare import prepare
from bentpipe.simulate.rates import block_rates
from bentpipe.simulate.recipe import State, advance

DOWN, UP = 25e6, 3e6


def one_site(**keys: Any) -> Any:
    return bentpipe.load_scenario("one-site", {"terminals.total": 5, "time.duration": "10m", **keys})


def test_a_lone_cell_carries_its_spectrum() -> None:
    """Channels of the cell times what its serving link makes of one, over the target: counted from a run's rates."""
    scenario = one_site()
    found = bentpipe.capacity(scenario, DOWN, UP, 0.9).data
    prepared = prepare(scenario, seeds=1)
    down, _ = block_rates(prepared, advance(prepared, State(), prepared.slots)[0])
    assert prepared.radio is not None and down is not None and len(prepared.territory.cell_id) == 1
    each = down.channel_bps[:, 0].astype(np.float64) * prepared.radio.down.channels * prepared.beam_cells[0] / DOWN
    assert len(each) == found["slots"] == 40
    expected = math.floor(np.sort(each)[::-1][math.ceil(0.9 * 40) - 1])
    assert found["territory"]["can_carry_terminals"] == expected
    assert next(iter(found["territory"]["binding"])) == "cell-spectrum"
    (region,) = found["regions"]
    assert region["can_carry_terminals"] == region["can_carry_together_terminals"] == expected
    assert region["more_kits"] == expected - 5 and region["terminals_with_target"] == 5
    assert found["lifts"][0]["id"] == "channel"
    assert found["lifts"][0]["gain_percent"] == pytest.approx(100 / prepared.radio.down.channels, abs=1.0)
    assert found["sites"] == [{"id": "kyiv", "terminals": 1, "share_of_slots_with_target": 1.0}]


def test_kits_need_power() -> None:
    row = terminal_power("standard")
    assert (row.power_w, row.tag) == (75.0, "assumed")
    assert terminal_power("a dish that is not listed") == row
    whole = bentpipe.capacity(one_site(), DOWN, UP, slots=4).data["territory"]
    assert whole["power_kw"] == pytest.approx(whole["kits"] * 0.075, abs=0.05)


def test_a_terminal_gets_no_more_than_a_channel_nor_sends_all_the_time() -> None:
    """A target above one channel, or above the share of the time that a terminal may send, is carried nowhere."""
    for target in ((1e9, UP), (DOWN, 50e6)):
        found = bentpipe.capacity(one_site(), *target, slots=2).data["territory"]
        assert (found["can_carry_terminals"], found["terminals_with_target"]) == (0, 0)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ((0.0, UP), "target_down_bit_s: a target rate is out of range"),
        ((DOWN, -1.0), "target_up_bit_s: a target rate is out of range"),
        ((math.nan, UP), "target_down_bit_s"),
        ((DOWN, UP, 0.0), "availability: a share of the slots is wanted"),
        ((DOWN, UP, 1.01), "above 0, up to 1"),
        ((DOWN, UP, 0.9, 0), "slots: the number of slots"),
    ],
)
def test_wrong_questions_are_refused(asked: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        bentpipe.capacity(one_site(), *asked)


def test_a_run_without_rates_is_refused() -> None:
    with pytest.raises(InputError, match="without rates there is no capacity") as refused:
        bentpipe.capacity(one_site(**{"policies.sharing": "none"}), DOWN, UP)
    assert len(refused.value.faults) == 1 and refused.value.exit_code == 2


def test_a_run_answers_as_its_scenario(tmp_path: Path) -> None:
    scenario = one_site(**{"time.duration": "2m"})
    run = bentpipe.run(scenario, out=tmp_path / "run")
    assert bentpipe.capacity(run, DOWN, UP, slots=4).data == bentpipe.capacity(scenario, DOWN, UP, slots=4).data


def test_an_order_statistic_not_a_mean_of_two() -> None:
    values = np.array([[4.0], [1.0], [3.0], [2.0]])
    assert [float(reached(values, share)[0]) for share in (1.0, 0.76, 0.75, 0.5, 0.01)] == [1.0, 1.0, 2.0, 3.0, 4.0]
    assert float(reached(np.arange(20.0)[:, None], 0.95)[0]) == 1.0


def test_slots_are_evenly_spaced() -> None:
    assert sampled_slots(range(1000, 6760), 48).tolist() == list(range(1080, 6760, 120))
    assert sampled_slots(range(7, 9), 48).tolist() == [7, 8]
    assert len(sampled_slots(range(7, 108), 1)) == 1


def test_the_lines_say_units_and_what_is_assumed() -> None:
    lines = "\n".join(bentpipe.capacity(one_site(), DOWN, UP, 1.0, 4).lines)
    for said in ("25 Mbit/s down and 3 Mbit/s up", "100 % of the slots", "kW", "75 W", "assumed", "simulated"):
        assert said in lines
    assert "the worst decides" in lines and "What would lift it" in lines and "Without effect" in lines
