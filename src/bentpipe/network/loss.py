"""Packet loss of a clear, standing dish: bursts at any time, and an interruption when the satellite changes.

Loss comes in bursts of some 20 ms. A packet stream of 15 ms spacing then loses 1.9 packets a burst, as
measured at Osnabrück (2024-05), and one of 1 s spacing single packets. A change of satellite adds an
interruption of the same kind. The expected loss ratio of a slot follows in closed form, and the same numbers,
given to ``linkqueue``, draw the bursts.
"""

from __future__ import annotations

import itertools
from datetime import date
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.errors import Fault, InputError
from bentpipe.network.access import REFERENCE_LOAD
from bentpipe.network.delay import check_load


class LossParameters(NamedTuple):
    """Bursts of loss of one era.

    Parameters
    ----------
    bursts_per_s : float
        Rate at which bursts begin at the reference load, 1/s.
    burst_s : float
        Mean length of a burst, s; lengths are exponential.
    handover_probability : float
        Chance that a change of satellite interrupts the link.
    handover_s : float
        Mean length of that interruption, s; exponential.
    """

    bursts_per_s: float
    burst_s: float
    handover_probability: float
    handover_s: float


class LossKnot(NamedTuple):
    """Loss ratio at one date.

    Parameters
    ----------
    day : datetime.date
        Date; between two of them, linear in time.
    ratio : float
        Expected loss ratio at the reference load, outside handovers.
    source : str
        What it is fitted to.
    """

    day: date
    ratio: float
    source: str


BURST_S: Final = 20.0e-3
"""Mean length of a burst, s: Osnabrück DE, ping every 15 ms, 2024-05: 1.97 packets a burst."""

HANDOVER_PROBABILITY: Final = 0.5
"""Chance that a change of satellite interrupts the link; assumed. At Victoria (2025-04, ping every 10 ms)
none of four slot boundaries lost a packet."""

HANDOVER_S: Final = 20.0e-3
"""Mean length of the interruption at a change of satellite, s; assumed equal to other bursts."""

LOSS_ERAS: Final[tuple[LossKnot, ...]] = (
    LossKnot(date(2021, 1, 1), 0.0060, "Louvain BE speed tests 2021-12 to 2022-04: mean 0.72 %"),
    LossKnot(date(2022, 4, 1), 0.0060, "the same"),
    LossKnot(date(2024, 1, 1), 0.0022, "pings from AT, BE and BJ, monthly medians of 2022-24: 0.2 to 0.6 %"),
    LossKnot(date(2024, 5, 1), 0.0022, "Osnabrück DE 0.36 % (2024-05) and Victoria CA 0.18 % (2025-04)"),
)
"""Loss outside handovers by date; after the last knot its value is kept."""


def loss_parameters(day: date) -> LossParameters:
    """Bursts of loss on a date.

    Parameters
    ----------
    day : datetime.date
        Date, from 2021-01-01 on.

    Returns
    -------
    LossParameters
        Sources in :data:`LOSS_ERAS`.
    """
    if day < LOSS_ERAS[0].day:
        raise InputError(
            Fault("no loss parameters before the service began", "date", str(day), f"from {LOSS_ERAS[0].day} on")
        )
    ratio = LOSS_ERAS[-1].ratio
    for left, right in itertools.pairwise(LOSS_ERAS):
        if day <= right.day:
            share = (day - left.day).days / (right.day - left.day).days
            ratio = left.ratio + share * (right.ratio - left.ratio)
            break
    return LossParameters(ratio / (1.0 - ratio) / BURST_S, BURST_S, HANDOVER_PROBABILITY, HANDOVER_S)


def burst_rate_per_s(parameters: LossParameters, load: ArrayLike) -> NDArray[np.float64]:
    """Rate at which bursts begin at a load.

    Parameters
    ----------
    parameters : LossParameters
        Bursts of the era.
    load : array_like
        Load of the beam, 0 to 1, shape (...).

    Returns
    -------
    ndarray of float64
        1/s, shape (...): half the reference rate in an idle beam, rising with the load (assumed: the speed
        tests of 2021-22, which fill the link, lose about twice what a ping does).
    """
    return np.asarray(parameters.bursts_per_s * 0.5 * (1.0 + check_load(load) / REFERENCE_LOAD))


def slot_loss(
    parameters: LossParameters, handover: ArrayLike, load: ArrayLike, slot_s: float = 15.0
) -> NDArray[np.float64]:
    """Loss ratio to expect in a slot.

    Parameters
    ----------
    parameters : LossParameters
        Bursts of the era.
    handover : array_like of bool
        Whether the slot began with a change of satellite, shape (...).
    load : array_like
        Load of the beam, 0 to 1, shape (...).
    slot_s : float
        Length of a slot, s.

    Returns
    -------
    ndarray of float64
        Shape (...), 0 to 1: ``1 - (1 - b) (1 - h)`` with b the share of time in bursts (two-state chain of
        Gilbert, Bell System Technical Journal 39, 1960) and h that in the interruption of a handover.
    """
    rate = burst_rate_per_s(parameters, load)
    in_burst = rate * parameters.burst_s / (1.0 + rate * parameters.burst_s)
    # Mean of an exponential length cut off at the end of the slot.
    cut = parameters.handover_s * (1.0 - np.exp(-slot_s / parameters.handover_s))
    in_handover = np.asarray(handover, dtype=bool) * (parameters.handover_probability * cut / slot_s)
    return np.asarray(1.0 - (1.0 - in_burst) * (1.0 - in_handover), dtype=np.float64)


def burst_packets(parameters: LossParameters, spacing_s: float) -> float:
    """Mean packets lost in a burst that loses any.

    Parameters
    ----------
    parameters : LossParameters
        Bursts of the era.
    spacing_s : float
        Time between packets, s.

    Returns
    -------
    float
        ``1 / (1 - exp(-spacing / burst))``, at least 1.
    """
    return float(1.0 / -np.expm1(-spacing_s / parameters.burst_s))
