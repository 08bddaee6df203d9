"""Work on many ends or satellites, cut into tiles for threads of our own."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def even_cuts(count: int, tiles: int, step: int = 1) -> list[int]:
    """Cut ``range(count)`` into at most so many tiles, as even as multiples of a step allow.

    Parameters
    ----------
    count : int
        How many there are to do.
    tiles : int
        Tiles at most, at least 1.
    step : int
        The size of every tile but the last is a multiple of this.

    Returns
    -------
    list of int
        From 0 to `count`, rising.
    """
    steps = -(-count // step)
    tiles = max(1, min(tiles, steps))
    return [min(count, steps * t // tiles * step) for t in range(tiles + 1)]


def run_tiles(work: Callable[[int, int], object], cuts: list[int], threads: int) -> None:
    """Call ``work(first, last)`` for every tile.

    Parameters
    ----------
    work : callable
        Writes only what belongs to its own tile, so that neither cut nor threads show in the results. What it
        raises is raised here.
    cuts : list of int
        Where tiles begin and end.
    threads : int
        Threads, the caller's own among them.
    """
    waiting = deque(itertools.pairwise(cuts))

    def drain() -> None:
        while True:
            try:
                first, last = waiting.popleft()
            except IndexError:
                return
            work(first, last)

    others = min(threads, len(waiting)) - 1
    if others < 1:
        drain()
        return
    with ThreadPoolExecutor(others) as pool:
        started = [pool.submit(drain) for _ in range(others)]
        drain()
        for one in started:
            one.result()
