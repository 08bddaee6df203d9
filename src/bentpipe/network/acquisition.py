"""A laser carries nothing until both terminals have found each other: links count once they were wanted long enough."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError

Int32Array = npt.NDArray[np.int32]


def slots_to_acquire(acquisition_s: float, slot_s: float) -> int:
    """Earlier slots in which a link must have been up before it carries anything.

    Parameters
    ----------
    acquisition_s : float, s
        Time that two terminals take to point, acquire and track.
    slot_s : float, s
        Length of a slot.

    Returns
    -------
    int
        Acquisition time in slots, rounded up; a time shorter than a slot costs a whole one, none costs none.

    Raises
    ------
    InputError
        A time below zero or not finite, or a slot without length.
    """
    if not (0.0 <= acquisition_s < math.inf and 0.0 < slot_s < math.inf):
        raise InputError(
            Fault("acquisition time and slot", "lasers", (acquisition_s, slot_s), "0 s or more, above 0 s")
        )
    return math.ceil(acquisition_s / slot_s)


def acquired(history: Sequence[Int32Array]) -> npt.NDArray[np.bool_]:
    """Links of the newest slot that are in every slot of a history.

    Parameters
    ----------
    history : sequence of (E_t, 2) int32
        Pairs of satellites that were up in the last slots, either end first, the newest slot last. With an
        acquisition time of k slots it holds k + 1 of them, or fewer where the caller has links stand from the start.

    Returns
    -------
    (E,) bool
        For each pair of the newest slot whether it is in all of them.

    Raises
    ------
    InputError
        A history without slots, or pairs that are none.
    """
    if not history:
        raise InputError(Fault("history of links", "lasers", 0, "one slot or more"))
    newest = history[-1]
    up = np.ones(len(newest), bool)
    # A topology that stays hands in one array over and over.
    others = {id(pair): pair for pair in history[:-1] if pair is not newest}
    if others:
        wanted = _keys(newest)
        for pair in others.values():
            up &= _among(wanted, _keys(pair))
    return up


def _among(wanted: npt.NDArray[np.int64], had: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of the keys are among others, which are sorted if they are not: `numpy.isin` would sort them all."""
    if not len(had):
        return np.zeros(len(wanted), bool)
    if (had[1:] < had[:-1]).any():
        had = np.sort(had)
    at = np.minimum(np.searchsorted(had, wanted), len(had) - 1)
    found: npt.NDArray[np.bool_] = had[at] == wanted
    return found


def _keys(pair: Int32Array) -> npt.NDArray[np.int64]:
    """One number for each pair, whichever end is first."""
    if np.ndim(pair) != 2 or pair.shape[1] != 2:
        raise InputError(Fault("pairs of satellites", "lasers", np.shape(pair), "(E, 2)"))
    one, other = pair[:, 0].astype(np.int64), pair[:, 1].astype(np.int64)
    return (np.minimum(one, other) << 32) | np.maximum(one, other)
