"""Spells of a service that works or does not, slot after slot: whoever waits for it, and whoever needs it to last.

Both follow many groups of users at once and are handed a run piece by piece: the state carries over, so that a whole
run and one in pieces give the same whole numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

Counts = npt.NDArray[np.int64]


class Waits(NamedTuple):
    """Users who begin in any slot and try until it works, by group (G,) int64.

    Parameters
    ----------
    last : (G,) int64
        Last slot in which it worked, counted from the first; -1 for none yet.
    at_once, soon, sometime : (G,) int64
        Slots of beginning from which it works in the same slot, within the patience, and before the end.
    """

    last: Counts
    at_once: Counts
    soon: Counts
    sometime: Counts


class Holds(NamedTuple):
    """Users who begin in any slot and need it for a time, by group (G,) int64.

    Parameters
    ----------
    failing : (G,) int64
        Slots for which it has not worked by now.
    broken : (G,) int64
        Last slot at whose end a break was too long; -1 for none yet.
    held : (G,) int64
        Slots of beginning from which it lasted.
    """

    failing: Counts
    broken: Counts
    held: Counts


def no_waits(groups: int) -> Waits:
    """Return the state before the first slot, for so many groups."""
    return Waits(np.full(groups, -1, np.int64), *(np.zeros(groups, np.int64) for _ in range(3)))


def no_holds(groups: int) -> Holds:
    """Return the state before the first slot, for so many groups."""
    return Holds(np.zeros(groups, np.int64), np.full(groups, -1, np.int64), np.zeros(groups, np.int64))


@kernel("void(boolean[:, ::1], int64, int64, int64[::1], int64[::1], int64[::1], int64[::1])")
def _wait(
    ok: npt.NDArray[np.bool_], first: int, patience: int, last: Counts, at_once: Counts, soon: Counts, sometime: Counts
) -> None:
    for t in range(ok.shape[0]):
        for g in range(ok.shape[1]):
            if ok[t, g]:
                # Who has begun since it last worked is done now.
                begun = first + t - last[g]
                at_once[g] += 1
                soon[g] += min(begun, patience + 1)
                sometime[g] += begun
                last[g] = first + t


def wait(state: Waits, ok: npt.NDArray[np.bool_], first: int, patience: int) -> None:
    """Carry users who wait through some more slots.

    Parameters
    ----------
    state : Waits
        Changed in place.
    ok : (T, G) bool
        Whether it works for each group.
    first : int
        Slots before these.
    patience : int
        Slots after that of beginning which count as soon.
    """
    _wait(np.ascontiguousarray(ok), first, patience, *state)


@kernel("void(boolean[:, ::1], int64, int64, int64, int64[::1], int64[::1], int64[::1])")
def _hold(
    ok: npt.NDArray[np.bool_],
    first: int,
    lasts: int,
    too_long: int,
    failing: Counts,
    broken: Counts,
    held: Counts,
) -> None:
    for t in range(ok.shape[0]):
        begun = first + t - lasts + 1
        for g in range(ok.shape[1]):
            failing[g] = 0 if ok[t, g] else failing[g] + 1
            if failing[g] >= too_long:
                broken[g] = first + t
            # Of the latest break, those slots count that lie after the beginning.
            if begun >= 0 and (broken[g] < 0 or broken[g] - too_long + 1 < begun):
                held[g] += 1


def hold(state: Holds, ok: npt.NDArray[np.bool_], first: int, lasts: int, too_long: int) -> None:
    """Carry users who need it to last through some more slots.

    Parameters
    ----------
    state : Holds
        Changed in place.
    ok : (T, G) bool
        Whether it works for each group.
    first : int
        Slots before these.
    lasts : int
        Slots for which it is needed.
    too_long : int
        Slots in a row that make a break too long, 1 at least.
    """
    _hold(np.ascontiguousarray(ok), first, lasts, too_long, *state)
