"""Links count once they were up long enough."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentpipe.errors import InputError
from bentpipe.network.acquisition import acquired, slots_to_acquire

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda p: p[0] != p[1]), max_size=12)


def array(pairs: list[tuple[int, int]]) -> np.ndarray:
    return np.array(pairs, np.int32).reshape(-1, 2)


@given(st.lists(PAIRS, min_size=1, max_size=5))
@settings(deadline=None)
def test_those_that_are_in_every_slot(history: list[list[tuple[int, int]]]) -> None:
    sets = [{frozenset(pair) for pair in pairs} for pairs in history]
    expected = [all(frozenset(pair) in one for one in sets) for pair in history[-1]]
    assert acquired([array(pairs) for pairs in history]).tolist() == expected


def test_one_array_over_and_over() -> None:
    same = array([(1, 2), (3, 4)])
    assert acquired([same, same, same]).all()
    gone = array([(2, 1)])
    assert acquired([same, gone, gone, same]).tolist() == [True, False]
    assert acquired([array([]), same]).tolist() == [False, False]


def test_satellite_numbers_of_any_size() -> None:
    large = array([(2**31 - 1, 2**31 - 2), (0, 2**31 - 1)])
    assert acquired([large[:, ::-1][::-1], large]).all()


def test_slots_to_acquire() -> None:
    assert [slots_to_acquire(s, 15.0) for s in (0.0, 1.0, 15.0, 15.1, 60.0)] == [0, 1, 1, 2, 4]
    for bad in ((-1.0, 15.0), (float("nan"), 15.0), (float("inf"), 15.0), (1.0, 0.0)):
        with pytest.raises(InputError):
            slots_to_acquire(*bad)


def test_no_history_and_no_pairs() -> None:
    with pytest.raises(InputError, match="one slot or more"):
        acquired([])
    with pytest.raises(InputError, match=r"\(E, 2\)"):
        acquired([np.zeros(4, np.int32), array([(1, 2)])])
