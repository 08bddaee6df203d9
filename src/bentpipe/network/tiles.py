"""Work on many ends or satellites, cut into tiles for threads of our own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

TILES_A_THREAD = 4
"""More tiles than threads, so that a thread that is held up by others on the machine leaves work to the rest."""


def run_tiles(work: Callable[[int, int], object], count: int, threads: int, lanes: int = 1) -> None:
    """Call ``work(first, last)`` for tiles that together are ``range(count)``.

    Parameters
    ----------
    work : callable
        Writes only what belongs to its own tile, so that the cut does not show in the results.
    count : int
        How many there are to do.
    threads : int
        Threads; with 1 all is done by the caller in one tile.
    lanes : int
        Tiles are multiples of this, the last but for what is left.
    """
    if threads <= 1 or count <= lanes:
        work(0, count)
        return
    groups = -(-count // lanes)
    tiles = min(groups, threads * TILES_A_THREAD)
    cuts = [min(count, groups * t // tiles * lanes) for t in range(tiles + 1)]
    with ThreadPoolExecutor(min(threads, tiles)) as pool:
        # What a tile raises is raised here.
        list(pool.map(work, cuts[:-1], cuts[1:]))
