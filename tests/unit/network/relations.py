"""Ragged relations for tests of the network stage, and what is exactly best on them."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np


class Relation(NamedTuple):
    """Rows ``start[i]:stop[i]`` of `satellite`."""

    start: np.ndarray
    stop: np.ndarray
    satellite: np.ndarray


def relation(sets: list[list[int]]) -> Relation:
    """The satellites of each place, or of each gateway, as rows."""
    stop = np.cumsum([len(s) for s in sets], dtype=np.int64)
    start = np.concatenate([np.zeros(1, np.int64), stop[:-1]]) if len(sets) else stop
    return Relation(start, stop, np.array([s for row in sets for s in row], np.int32))


def random_sets(rng: np.random.Generator, rows: int, satellites: int, chance: float) -> list[list[int]]:
    """Each satellite in each row by chance."""
    return [[s for s in range(satellites) if rng.random() < chance] for _ in range(rows)]


def can_follow(chosen: tuple[int, ...], gateways: list[list[int]], antennas: list[int]) -> bool:
    """Whether the antennas can follow all of the chosen satellites, by augmenting paths."""
    units = [g for g, n in enumerate(antennas) for _ in range(n)]
    holder: dict[int, int] = {}

    def place(s: int, tried: set[int]) -> bool:
        for u, g in enumerate(units):
            if s in gateways[g] and u not in tried:
                tried.add(u)
                if u not in holder or place(holder[u], tried):
                    holder[u] = s
                    return True
        return False

    return all(place(s, set()) for s in chosen)


def most_covered(places: list[list[int]], weight: list[int], gateways: list[list[int]], antennas: list[int]) -> int:
    """The largest weight of places that see a followed satellite, by trying every set of satellites."""
    satellites = sorted({s for row in gateways for s in row})
    best = 0
    for size in range(min(len(satellites), sum(antennas)), 0, -1):
        for chosen in itertools.combinations(satellites, size):
            if can_follow(chosen, gateways, antennas):
                have = set(chosen)
                best = max(best, sum(w for row, w in zip(places, weight, strict=True) if have & set(row)))
    return best
