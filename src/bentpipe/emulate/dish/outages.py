"""Why and when the link of a dish was out, in the words of the service.

What a run holds of a slot gives the cause: no satellite that the dish may use (NO_SATS; where the place has no
licence or is jammed, too, for then no satellite may serve it); satellites, but none with a way to the ground
(NO_DOWNLINK); a way, but no beam time given (NO_SCHEDULE). That NO_DOWNLINK and NO_SCHEDULE part in this way is
assumed: the operator does not say when a dish reports which. A dish without power reports nothing at all.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.emulate.dish.fieldtable import enums

CONNECTED: Final = -1
OFF: Final = -2
"""In place of a cause: the link is up; the dish has no power."""

CAUSES: Final = enums()["DishOutage.Cause"]
NO_PINGS: Final = CAUSES["NO_PINGS"]


class Outage(NamedTuple):
    """One time without a link.

    Parameters
    ----------
    cause : int
        Number of the service's cause.
    start_s, stop_s : float
        Since the run's start, s; `stop_s` of one that lasts is the end of what was looked at.
    switched : bool
        Whether another satellite served after it than before.
    """

    cause: int
    start_s: float
    stop_s: float
    switched: bool


def slot_causes(usable: ArrayLike, reachable: ArrayLike, served: ArrayLike, connected: ArrayLike) -> NDArray[np.int8]:
    """Cause of each slot, from what a run holds of a site.

    Parameters
    ----------
    usable : (T,) int
        Satellites that the dish can use.
    reachable, served, connected : (T,) bool
        Whether one has a way to the ground; whether one serves; whether the site then has power, too.

    Returns
    -------
    (T,) int8
        `CONNECTED`, `OFF`, or a cause. Power is seen only while a satellite serves: in other slots it is as in the
        last one that was served, and on before the first.
    """
    there, way = np.asarray(usable) > 0, np.asarray(reachable, np.bool_)
    serves, up = np.asarray(served, np.bool_), np.asarray(connected, np.bool_)
    seen = np.maximum.accumulate(np.where(serves, np.arange(len(serves)), -1)) if len(serves) else np.zeros(0, np.int64)
    power = (seen < 0) | up[seen]
    causes = [OFF, CONNECTED, CAUSES["NO_SATS"], CAUSES["NO_DOWNLINK"]]
    return np.select([~power, up, ~there, ~way], causes, CAUSES["NO_SCHEDULE"]).astype(np.int8)


def power_on_slot(cause: NDArray[np.int8], slot: int) -> int:
    """Slot in which the power came that a dish has in a slot.

    Parameters
    ----------
    cause : (T,) int8
        As `slot_causes` gives.
    slot : int
        One with power.

    Returns
    -------
    int
        0 where power was on from the start.
    """
    off = np.flatnonzero(cause[: slot + 1] == OFF)
    return int(off[-1]) + 1 if len(off) else 0


def slot_outages(
    cause: NDArray[np.int8], satellite: NDArray[np.int64], slot_s: float, first: int, until_s: float
) -> list[Outage]:
    """Outages of whole slots.

    Parameters
    ----------
    cause : (T,) int8
        As `slot_causes` gives.
    satellite : (T,) int64
        Serving satellite; of meaning where connected.
    slot_s : float
        Length of a slot, s.
    first : int
        Slot to begin with.
    until_s : float
        End of the time looked at, since the run's start, s.

    Returns
    -------
    list of Outage
        By time; one that changes its cause is two.
    """
    stop = min(int(until_s / slot_s) + 1, len(cause))
    part = cause[first:stop]
    if not len(part):
        return []
    edges = np.concatenate(([0], np.flatnonzero(np.diff(part)) + 1, [len(part)]))
    found = []
    for begin, end in zip(edges[:-1] + first, edges[1:] + first, strict=True):
        if cause[begin] >= 0:
            changed = bool(
                begin > first and end < stop and cause[begin - 1] == CONNECTED and cause[end] == CONNECTED
                and satellite[begin - 1] != satellite[end]
            )  # fmt: skip
            found.append(Outage(int(cause[begin]), begin * slot_s, min(end * slot_s, until_s), changed))
    return found


def silent_seconds(
    drop_rate: NDArray[np.float64], connected: NDArray[np.bool_], handover: NDArray[np.bool_], first: int
) -> list[Outage]:
    """Times of a link that is up in which no ping is answered for a whole second or more.

    Parameters
    ----------
    drop_rate : (N,) float64
        Of seconds one after the other.
    connected : (N,) bool
        Whether the place is connected in the slots of each second.
    handover : (N,) bool
        Whether the second begins with a change of satellite.
    first : int
        Number of the first second.

    Returns
    -------
    list of Outage
        Of cause NO_PINGS, by time.
    """
    silent = (drop_rate > 1.0 - 1e-9) & connected
    step = np.diff(np.concatenate(([0], silent.astype(np.int8), [0])))
    pairs = zip(np.flatnonzero(step > 0), np.flatnonzero(step < 0), strict=True)
    return [Outage(NO_PINGS, float(first + a), float(first + b), bool(handover[a])) for a, b in pairs]
