"""The link of a place of the territory is what the run keeps of its cell."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.linkqueue.sitelink import changes_of_satellite
from bentpipe.simulate.placeseries import place_series

sys.path.append(str(Path(__file__).parents[1] / "emulate"))
from small_run import small_run


@pytest.mark.parametrize("scheduling", ["observed", "longest"])
def test_a_place_is_the_cell_that_holds_it(scheduling: str) -> None:
    """Also under a policy of unbounded memory, whose slots rest on all before."""
    run = small_run(scheduling=scheduling)
    series, notes = place_series(run, 50.4, 30.5, 5, 30)
    (number,) = (i for i, cell in enumerate(run.dataset["cell"].values) if cell in series.place)
    kept = run.dataset.isel(cell=number, slot=slice(5, 35))
    up = series.connected
    np.testing.assert_array_equal(up, kept["terminals_connected"].values > 0)
    total = series.fixed_down_s + series.fixed_up_s + series.wait_s
    np.testing.assert_allclose(total[up], kept["rtt_s"].values[up], rtol=0, atol=1e-7)
    np.testing.assert_array_equal(series.down_bit_s[up].astype("f4"), kept["peak_down_bit_s"].values[up])
    np.testing.assert_array_equal(series.up_bit_s[up].astype("f4"), kept["peak_up_bit_s"].values[up])
    changes = changes_of_satellite(kept["served"].values, kept["serving_satellite"].values)
    np.testing.assert_array_equal(series.handover[1:], changes[1:])
    assert series.key == int(str(kept["cell"].values), 16) and series.first_slot == int(kept["slot"].values[0])
    assert series.bursts_per_s[up].min() > 0 and "analysis cell" in notes[0]


def test_places_without_a_link_are_refused() -> None:
    run = small_run()
    for place, message in (((0.0, 0.0), "outside the run's territory"), ((91.0, 0.0), "not a place")):
        with pytest.raises(InputError, match=message):
            place_series(run, *place)
    with pytest.raises(InputError, match="no such slots"):
        place_series(run, 50.4, 30.5, 39, 2)
