"""Whoever waits, and whoever needs a service to last, against plain loops over every slot of beginning."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bentpipe.service.spells import hold, no_holds, no_waits, wait

OK = arrays(np.bool_, st.tuples(st.integers(1, 30), st.integers(1, 3)))
CUTS = st.lists(st.integers(0, 30), max_size=3)


def pieces(ok: np.ndarray, cuts: list[int]) -> list[tuple[int, np.ndarray]]:
    edges = sorted({0, len(ok), *(cut for cut in cuts if cut < len(ok))})
    return [(a, ok[a:b]) for a, b in itertools.pairwise(edges)]


@settings(max_examples=150, deadline=None)
@given(OK, CUTS, st.integers(0, 6))
def test_waits(ok: np.ndarray, cuts: list[int], patience: int) -> None:
    state = no_waits(ok.shape[1])
    for first, part in pieces(ok, cuts):
        wait(state, part, first, patience)
    for g in range(ok.shape[1]):
        waited = [next((k for k, good in enumerate(ok[begin:, g]) if good), None) for begin in range(len(ok))]
        known = [k for k in waited if k is not None]
        assert state.at_once[g] == sum(k == 0 for k in known)
        assert state.soon[g] == sum(k <= patience for k in known)
        assert state.sometime[g] == len(known)


@settings(max_examples=150, deadline=None)
@given(OK, CUTS, st.integers(1, 12), st.integers(1, 4))
def test_holds(ok: np.ndarray, cuts: list[int], lasts: int, too_long: int) -> None:
    state = no_holds(ok.shape[1])
    for first, part in pieces(ok, cuts):
        hold(state, part, first, lasts, too_long)
    for g in range(ok.shape[1]):
        windows = [ok[begin : begin + lasts, g] for begin in range(len(ok) - lasts + 1)]
        broken = [any(not window[k : k + too_long].any() for k in range(lasts - too_long + 1)) for window in windows]
        assert state.held[g] == len(windows) - sum(broken)
