"""The note on slots whose choice is not proven best."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bentpipe.results.store import Grid
from bentpipe.simulate.run import _unproven


@pytest.mark.parametrize(
    ("gap", "note"),
    [([-1, -1, -1], ""), ([0, 0, 0], ""), ([0, 7, 12], "in 2 of 3 slots"), ([5, 5, 5], "up to 5 fewer")],
)
def test_the_note_counts_the_slots_of_the_run(gap: list[int], note: str) -> None:
    grid = Grid(range(242, 245), 240)
    stored = np.array([99, 99, *gap, 99], np.int32)  # what lies before and after belongs to no slot of the run
    found = _unproven(SimpleNamespace(grid=grid, group={"coverage_gap": stored}))  # type: ignore[arg-type]
    assert [note in words for words in found] == ([True] if note else [])
