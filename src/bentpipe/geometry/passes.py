"""For how many more slots a link stays usable, from the links of the slots to come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bentpipe.geometry.usable import UsableLinks
from bentpipe.kernel import kernel


@kernel(
    "void(int64[::1], int64[::1], int32[::1], int64[::1], int64[::1], int32[::1], int16[::1], int64, int16, int16[::1])"
)
def _extend(
    start: npt.NDArray[np.int64],
    stop: npt.NDArray[np.int64],
    satellite: npt.NDArray[np.int32],
    later_start: npt.NDArray[np.int64],
    later_stop: npt.NDArray[np.int64],
    later_satellite: npt.NDArray[np.int32],
    later_remaining: npt.NDArray[np.int16],
    satellites: int,
    limit: int,
    remaining: npt.NDArray[np.int16],
) -> None:
    known = np.zeros(satellites, np.int16)
    for c in range(start.size):
        for k in range(later_start[c], later_stop[c]):
            known[later_satellite[k]] = later_remaining[k]
        for k in range(start[c], stop[c]):
            remaining[k] = min(limit, 1 + known[satellite[k]])
        for k in range(later_start[c], later_stop[c]):
            known[later_satellite[k]] = 0


def remaining_slots(links: Sequence[UsableLinks], satellites: int, lookahead: int) -> list[npt.NDArray[np.int16]]:
    """Slots for which each link stays usable without a break, its own slot included.

    Parameters
    ----------
    links : sequence of UsableLinks
        Links of consecutive slots; the last `lookahead` only serve to look ahead.
    satellites : int
        N.
    lookahead : int
        Slots to look ahead.

    Returns
    -------
    list of (P,) int16
        One array for each slot but the last `lookahead`; at most ``lookahead + 1``.
    """
    last = links[-1]
    remaining = np.ones(len(last.satellite), np.int16)
    found = [remaining]
    for now, later in zip(links[-2::-1], links[:0:-1], strict=True):
        remaining = np.empty(len(now.satellite), np.int16)
        _extend(
            now.start, now.stop, now.satellite, later.start, later.stop, later.satellite, found[-1], satellites,
            lookahead + 1, remaining,
        )  # fmt: skip
        found.append(remaining)
    found.reverse()
    return found[: len(links) - lookahead]
