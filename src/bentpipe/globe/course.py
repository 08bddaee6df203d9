"""How a run goes as a whole: users connected, slot by slot."""

from __future__ import annotations

from typing import Any

import numpy as np

from bentpipe.globe.source import Source

#: Points at most: more than a time bar has pixels.
POINTS = 1500


def course(source: Source) -> dict[str, Any]:
    """Give the users connected over the run, thinned out to `POINTS` of its slots.

    Parameters
    ----------
    source : Source
        A run or a what-if.

    Returns
    -------
    dict
        "step", slots between two points, and "users_connected", of every `step`-th slot from the first on: the least of
        the slots up to the next, so that no short gap goes unseen; None where they are not all there.
    """
    count = len(source.slots)
    users = np.full(count, np.nan)
    for first, rows in source.pieces("region_terminals_connected"):
        begin = first - source.slots.start
        users[begin : begin + len(rows)] = rows.sum(axis=1) * float(source.manifest["users_per_terminal"])
    users[~source.done()] = np.nan
    step = -(-count // POINTS)
    least = [float(users[i : i + step].min()) for i in range(0, count, step)]
    return {"step": step, "users_connected": [value if np.isfinite(value) else None for value in least]}
