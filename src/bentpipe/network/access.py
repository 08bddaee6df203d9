"""What the access layer adds to the round trip, by era and by kind of probe, as data with sources.

The values are fitted to places together, not one by one (``tools/validation_table.py`` prints what they give
at each): the frame floor to the minima, the grant wait to the medians of its year, the two log-normal spreads
to a ten-millisecond ping at Victoria (2025) and the dish's own ping at Garching (2023).
"""

from __future__ import annotations

import itertools
import math
from datetime import date
from typing import Final, NamedTuple

from bentpipe.errors import Fault, InputError, UnknownNameError


class AccessParameters(NamedTuple):
    """Access layer of one era seen by one kind of probe.

    Parameters
    ----------
    frame_floor_s : float
        Frames and processing that every packet meets, there and back, s.
    grant_wait_s : float
        Median wait for an uplink grant in the median slot of an unloaded beam, s.
    request_wait_s : float
        Time between the chances of an idle terminal to ask for a grant, s; 0 for a stream, which holds one.
    load_wait_s : float
        Median wait behind other terminals, per terminal ahead, s: multiplies load / (1 - load).
    slot_log_sigma : float
        Standard deviation of the logarithm of a slot's waits between slots.
    within_log_sigma : float
        Standard deviation of the logarithm of the waits within a slot.
    """

    frame_floor_s: float
    grant_wait_s: float
    request_wait_s: float
    load_wait_s: float
    slot_log_sigma: float
    within_log_sigma: float


class EraKnot(NamedTuple):
    """Access layer at one date.

    Parameters
    ----------
    day : datetime.date
        Date; between two of them, values are linear in time.
    grant_wait_s : float
        Median wait for an uplink grant, s.
    load_wait_s : float
        Median wait per terminal ahead, s.
    source : str
        What it is fitted to, or that it is assumed.
    """

    day: date
    grant_wait_s: float
    load_wait_s: float
    source: str


FRAME_S: Final = 4.0e-3 / 3.0
"""Frame of the access layer, s: 750 a second (Humphreys et al., Signal structure of the Starlink Ku-band
downlink, IEEE TAES 59(5), 2023)."""

FLOOR_FRAMES: Final = 4.0
"""Frames that no packet avoids: one to send and one of alignment and processing in each direction. Fitted to
the minima of eleven series."""

REQUEST_WAIT_S: Final = 10.0e-3
"""Time between an idle terminal's chances to ask for a grant. Fitted to traceroutes (2024), which read 5 to 8
ms above continuous pings with the same minimum."""

SLOT_LOG_SIGMA: Final = 0.37
"""Between slots: Garching, 63 slots of the dish's own ping, 2023-08; Victoria, 5 slots, 2025-04. No
correlation from one slot to the next was found at Garching."""

WITHIN_LOG_SIGMA: Final = 0.58
"""Within a slot: Victoria, 5 slots of a ping every 10 ms, 2025-04."""

DISH_AVERAGED_PINGS: Final = 20.0
"""Independent pings in each second that the dish reports as one mean. Fitted to the spread within slots at
Garching, 2023-08."""

REFERENCE_LOAD: Final = 0.5
"""Load taken where nothing is known of a beam; assumed. The grant waits are fitted with it."""

ERAS: Final[tuple[EraKnot, ...]] = (
    EraKnot(date(2021, 1, 1), 18.0e-3, 3.0e-3, "Louvain BE, idle latency of speed tests, 2021-12 to 2022-04"),
    EraKnot(date(2023, 8, 1), 16.0e-3, 2.5e-3, "Garching DE, traceroutes 2023-04, dish's ping 2023-05 to -08"),
    EraKnot(date(2024, 1, 15), 11.0e-3, 2.0e-3, "Osnabrück DE first hop, 2023-09 to 2024-02"),
    EraKnot(date(2024, 4, 1), 7.5e-3, 1.5e-3, "Osnabrück DE ping 2024-05; seven places, traceroutes 2024"),
    EraKnot(
        date(2025, 7, 1),
        5.5e-3,
        1.5e-3,
        "Victoria CA, ping 2025-04; built-in pings, three countries, 2025-07",
    ),
    EraKnot(date(2027, 1, 1), 5.5e-3, 1.5e-3, "assumed to stay; published medians of 2026-09 agree at load 0.75"),
)
"""Access layer by date. The drop of early 2024 follows the operator's own work on latency (reported
2024-03)."""

PROBES: Final[dict[str, str]] = {
    "ping": "continuous ping, tens of packets a second: the terminal holds a grant",
    "traceroute": "probes out of silence: the first waits for the terminal to ask for a grant",
    "built-in": "a few pings every few minutes, as RIPE Atlas sends them: they wait like traceroutes",
    "dish": "the dish's own ping, reported as means over a second",
}
"""Kinds of probe, which are not to be mixed."""


def era_values(day: date) -> tuple[float, float]:
    """Grant wait and wait per terminal ahead on a date.

    Parameters
    ----------
    day : datetime.date
        Date, from 2021-01-01 on; after the last knot its values are kept.

    Returns
    -------
    tuple of float
        Grant wait and wait per terminal ahead, s.
    """
    if day < ERAS[0].day:
        raise InputError(
            Fault("no access parameters before the service began", "date", str(day), f"from {ERAS[0].day} on")
        )
    for left, right in itertools.pairwise(ERAS):
        if day <= right.day:
            share = (day - left.day).days / (right.day - left.day).days
            return (
                left.grant_wait_s + share * (right.grant_wait_s - left.grant_wait_s),
                left.load_wait_s + share * (right.load_wait_s - left.load_wait_s),
            )
    return ERAS[-1].grant_wait_s, ERAS[-1].load_wait_s


def access_parameters(day: date, probe: str = "ping") -> AccessParameters:
    """Access layer of a date as a kind of probe sees it.

    Parameters
    ----------
    day : datetime.date
        Date, from 2021-01-01 on.
    probe : str
        One of :data:`PROBES`; upper and lower case are the same.

    Returns
    -------
    AccessParameters
        In s; sources are in :data:`ERAS` and beside the constants of this module.
    """
    kind = probe.casefold()
    if kind not in PROBES:
        raise UnknownNameError(Fault("no such kind of probe", "probe", probe, ", ".join(PROBES)))
    grant, queue = era_values(day)
    sigma = WITHIN_LOG_SIGMA
    if kind == "dish":
        # A mean of n log-normal waits has their mean, exp(sigma^2 / 2) medians, and an nth of their relative
        # variance.
        single, sigma = sigma, math.sqrt(math.log1p(math.expm1(sigma * sigma) / DISH_AVERAGED_PINGS))
        factor = math.exp(0.5 * (single * single - sigma * sigma))
        grant, queue = factor * grant, factor * queue
    return AccessParameters(
        frame_floor_s=FLOOR_FRAMES * FRAME_S,
        grant_wait_s=grant,
        request_wait_s=REQUEST_WAIT_S if kind in ("traceroute", "built-in") else 0.0,
        load_wait_s=queue,
        slot_log_sigma=SLOT_LOG_SIGMA,
        within_log_sigma=sigma,
    )
