"""Remaining slots of links, against brute force on random links."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.geometry.passes import remaining_slots
from bentpipe.geometry.usable import UsableLinks


def links_of(sets: list[set[int]], rng: np.random.Generator) -> UsableLinks:
    """Links of places in shuffled order, as the search leaves them."""
    start, stop = np.empty(len(sets), np.int64), np.empty(len(sets), np.int64)
    satellite: list[int] = []
    for c in rng.permutation(len(sets)):
        start[c] = len(satellite)
        satellite += rng.permutation(sorted(sets[c])).astype(int).tolist()
        stop[c] = len(satellite)
    zeros = np.zeros(len(satellite), np.float32)
    return UsableLinks(start, stop, np.array(satellite, np.int32), zeros, zeros, zeros)


@pytest.mark.parametrize("lookahead", [1, 3, 8])
def test_remaining_slots_against_brute_force(lookahead: int) -> None:
    rng = np.random.default_rng(lookahead)
    slots, places, satellites = 9 + lookahead, 7, 12
    sets = [[{s for s in range(satellites) if rng.random() < 0.7} for _ in range(places)] for _ in range(slots)]
    links = [links_of(row, rng) for row in sets]
    found = remaining_slots(links, satellites, lookahead)
    assert len(found) == 9
    for t, remaining in enumerate(found):
        for c in range(places):
            for k in range(links[t].start[c], links[t].stop[c]):
                s, n = int(links[t].satellite[k]), 1
                while n <= lookahead and s in sets[t + n][c]:
                    n += 1
                assert remaining[k] == n


def test_places_without_links() -> None:
    rng = np.random.default_rng(0)
    links = [links_of([set(), {1}], rng), links_of([{0}, {1}], rng), links_of([set(), set()], rng)]
    assert [r.tolist() for r in remaining_slots(links, 2, 1)] == [[2], [1, 1]]
