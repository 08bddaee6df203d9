"""Response functions of TCP: the window and the rate that a long transfer settles at, by loss events and round trip.

The argument is the rate of loss EVENTS per segment sent, not the share of packets lost: a burst of losses within one
round trip is one event, and lowers the window once. At a change of satellite hundreds of packets go in one event, so
the packet-loss ratio put in here would tell of a link an order of magnitude slower than it is. The functions know
nothing of the rate of the link: take the lower of the two, or drive a transfer in time (:mod:`bentpipe.service.bulk`).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.errors import Fault, InputError

FloatArray = NDArray[np.float64]

SEGMENT_BYTES: Final = 1460.0
"""Payload of a segment, bytes: Ethernet's 1500 less the headers of IPv4 and TCP."""


def mathis_window(event_rate: ArrayLike) -> FloatArray:
    """Mean window of Reno under periodic loss: Mathis, Semke, Mahdavi and Ott, 1997, CCR 27(3).

    Parameters
    ----------
    event_rate : array_like
        Loss events per segment, 0 to 1, shape (...).

    Returns
    -------
    ndarray of float64
        ``sqrt(3 / (2 p))`` segments, shape (...); infinite at 0.
    """
    p = _events(event_rate)
    with np.errstate(divide="ignore"):
        return np.asarray(np.sqrt(1.5 / p), dtype=np.float64)


def reno_window(event_rate: ArrayLike) -> FloatArray:
    """Mean window of Reno as RFC 9438 (08/2023), section 5.1, compares CUBIC with it.

    Parameters
    ----------
    event_rate : array_like
        Loss events per segment, 0 to 1, shape (...).

    Returns
    -------
    ndarray of float64
        ``1.2 / sqrt(p)`` segments, shape (...); infinite at 0.
    """
    p = _events(event_rate)
    with np.errstate(divide="ignore"):
        return np.asarray(1.2 / np.sqrt(p), dtype=np.float64)


def cubic_window(event_rate: ArrayLike, rtt_s: ArrayLike, c: float = 0.4) -> FloatArray:
    """Mean window of CUBIC under periodic loss: RFC 9438 (08/2023), section 5.1, beta 0.7.

    Parameters
    ----------
    event_rate : array_like
        Loss events per segment, 0 to 1, shape (...).
    rtt_s : array_like
        Round trip, s, above 0; with the queue, where one stands.
    c : float
        Aggressiveness C of CUBIC, segments/s^3.

    Returns
    -------
    ndarray of float64
        ``(3.7 C / 1.2)^(1/4) (RTT / p)^(3/4)`` segments, or Reno's window where that is wider (the Reno-friendly
        region), shape (...); infinite at 0.
    """
    p, rtt = _events(event_rate), _round_trips(rtt_s)
    if not (math.isfinite(c) and c > 0.0):
        raise InputError(Fault("CUBIC needs an aggressiveness", "c", c, "finite, above 0 segments/s^3"))
    with np.errstate(divide="ignore"):
        cubic = (3.7 * c / 1.2) ** 0.25 * (rtt / p) ** 0.75
        return np.asarray(np.maximum(1.2 / np.sqrt(p), cubic), dtype=np.float64)


def tfrc_f(event_rate: ArrayLike) -> FloatArray:
    """Round trips that a segment takes, by Padhye, Firoiu, Towsley and Kurose, 1998, as RFC 5348 (09/2008) uses it.

    Parameters
    ----------
    event_rate : array_like
        Loss events per segment, 0 to 1, shape (...).

    Returns
    -------
    ndarray of float64
        ``f(p) = sqrt(2 p / 3) + 12 sqrt(3 p / 8) (p + 32 p^3)``, shape (...): RFC 5348, section 3.1, with one
        acknowledgement a segment (b = 1) and a timer of four round trips.
    """
    p = _events(event_rate)
    return np.asarray(np.sqrt(2.0 * p / 3.0) + 12.0 * np.sqrt(0.375 * p) * (p + 32.0 * p**3), dtype=np.float64)


def tfrc_bit_s(event_rate: ArrayLike, rtt_s: ArrayLike, segment_bytes: float = SEGMENT_BYTES) -> FloatArray:
    """Rate of Reno with its timeouts: RFC 5348 (09/2008), section 3.1.

    Parameters
    ----------
    event_rate : array_like
        Loss events per segment, 0 to 1, shape (...).
    rtt_s : array_like
        Round trip, s, above 0.
    segment_bytes : float
        Size of a segment, bytes.

    Returns
    -------
    ndarray of float64
        ``8 s / (R f(p))``, bit/s, shape (...); infinite at 0.
    """
    with np.errstate(divide="ignore"):
        return np.asarray(_bits(segment_bytes) / (_round_trips(rtt_s) * tfrc_f(event_rate)), dtype=np.float64)


def window_bit_s(window: ArrayLike, rtt_s: ArrayLike, segment_bytes: float = SEGMENT_BYTES) -> FloatArray:
    """Rate of a transfer that sends one window a round trip.

    Parameters
    ----------
    window : array_like
        Mean window, segments, shape (...): of :func:`mathis_window`, :func:`reno_window` or :func:`cubic_window`.
    rtt_s : array_like
        Round trip, s, above 0.
    segment_bytes : float
        Size of a segment, bytes.

    Returns
    -------
    ndarray of float64
        bit/s, shape (...).
    """
    return np.asarray(np.asarray(window, np.float64) * _bits(segment_bytes) / _round_trips(rtt_s), dtype=np.float64)


def cubic_event_rate(bit_s: ArrayLike, rtt_s: ArrayLike, segment_bytes: float = SEGMENT_BYTES) -> FloatArray:
    """Loss-event rate at which CUBIC (C = 0.4) still reaches a rate: :func:`cubic_window` turned round.

    Parameters
    ----------
    bit_s : array_like
        Rate, bit/s, above 0, shape (...).
    rtt_s : array_like
        Round trip, s, above 0.
    segment_bytes : float
        Size of a segment, bytes.

    Returns
    -------
    ndarray of float64
        Events per segment, shape (...), at most 1.
    """
    rtt = _round_trips(rtt_s)
    window = np.asarray(bit_s, np.float64) * rtt / _bits(segment_bytes)
    if np.any(window <= 0.0):
        raise InputError(Fault("a rate is out of range", "bit_s", allowed="above 0 bit/s"))
    cubic = rtt * (3.7 * 0.4 / 1.2) ** (1.0 / 3.0) / window ** (4.0 / 3.0)
    return np.asarray(np.minimum(np.maximum(cubic, 1.44 / window**2), 1.0), dtype=np.float64)


def _events(event_rate: ArrayLike) -> FloatArray:
    """Loss events per segment, checked; NaN stands for no link."""
    p = np.asarray(event_rate, dtype=np.float64)
    if np.any((p < 0.0) | (p > 1.0)):
        raise InputError(Fault("a rate of loss events is out of range", "event_rate", allowed="0 to 1 a segment"))
    return p


def _round_trips(rtt_s: ArrayLike) -> FloatArray:
    """Round trips, checked."""
    rtt = np.asarray(rtt_s, dtype=np.float64)
    if np.any((rtt <= 0.0) | np.isinf(rtt)):
        raise InputError(Fault("a round trip is out of range", "rtt_s", allowed="finite, above 0 s"))
    return rtt


def _bits(segment_bytes: float) -> float:
    """Size of a segment, bits, checked."""
    if not (math.isfinite(segment_bytes) and segment_bytes > 0.0):
        raise InputError(Fault("a segment has a size", "segment_bytes", segment_bytes, "finite, above 0 bytes"))
    return 8.0 * segment_bytes
