"""More loss never makes more cells reachable, draw by draw, and without any it is the run as it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_world import small_world

from bentpipe.simulate.lossmeasures import MEASURES
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.recipe import State, advance
from bentpipe.simulate.resilience import sample


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return small_world(tmp_path_factory.mktemp("world"))


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    lose=st.sampled_from(["satellites", "gateways", "planes"]),
    shares=st.lists(st.floats(0.001, 1.0), min_size=2, max_size=5, unique=True),
)
def test_reachable_cells_never_rise_with_more_loss(
    prepared: Prepared, seed: int, lose: str, shares: list[float]
) -> None:
    rising = np.array([0.0, *sorted(shares)])
    found = sample(prepared, lose, rising, 3, 4, seed, 2, lambda stage, done, total: None)
    reachable = found.values[..., MEASURES.index("cells_reachable")]
    assert (np.diff(reachable, axis=1) <= 0).all()
    assert (np.diff(found.values[..., MEASURES.index("lost")], axis=1) >= 0).all()
    block, _ = advance(prepared, State(), prepared.slots)
    cells = len(prepared.territory.cell_id)
    own = block.reachable[found.slots - prepared.slots.start, :cells].sum(axis=1)
    np.testing.assert_array_equal(reachable[:, 0, :], np.broadcast_to(own[:, None], reachable[:, 0, :].shape))
