"""Round trip from the terminal to the point of presence, as an ordered list of segments that can be printed.

::

    user_link          terminal - satellite - terminal's direction back, light time
    laser_links        satellite - satellite, light time; 0 for a bent pipe
    laser_forwarding   what each satellite takes to pass a packet on to a laser; 0 for a bent pipe
    feeder_link        satellite - gateway, light time
    fibre              gateway - point of presence along the route, at a share of the speed of light
    access_frame       frames and processing: nothing gets through faster
    access_scheduling  wait for an uplink grant; moves from slot to slot by a keyed draw
    access_load        wait behind the other terminals of the beam; moves with the same draw

Each is a round trip, both directions together; their sum is the slot's median round trip of an idle link.
The waits of one slot are log-normal about that median (:func:`within_slot_quantile_s`): slots of a ten
millisecond ping are fitted by it from the 1st to the 99th percentile, and the minimum hardly moves from
slot to slot while the median does, which rules out an offset that is merely added.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.linkqueue.normal import normal_quantile
from bentpipe.network.access import AccessParameters

SPEED_OF_LIGHT_M_S = 299_792_458.0
"""Speed of light in vacuum, m/s (SI)."""

FIBRE_VELOCITY_FACTOR = 0.68
"""Speed of light in fibre over that in vacuum (group index 1.468, ITU-T G.652 fibre at 1,550 nm)."""

LOAD_CAP = 0.95
"""Load above which the queueing wait no longer grows: an operator admits no more, and the formula ends."""

SEGMENTS: tuple[str, ...] = (
    "user_link",
    "laser_links",
    "laser_forwarding",
    "feeder_link",
    "fibre",
    "access_frame",
    "access_scheduling",
    "access_load",
)
"""Names of the segments, in the order in which a packet meets them."""


def queueing_factor(load: ArrayLike) -> NDArray[np.float64]:
    """Mean number ahead in a queue at this load, load / (1 - load), held above the cap.

    Parameters
    ----------
    load : array_like
        Load of the beam, 0 to 1; above :data:`LOAD_CAP` the factor is that of the cap.

    Returns
    -------
    ndarray of float64
        Dimensionless, 0 to 19. M/M/1 queue (Kleinrock, Queueing Systems, vol. 1, 1975, eq. 3.24).
    """
    rho = np.clip(np.asarray(load, dtype=np.float64), 0.0, LOAD_CAP)
    return np.asarray(rho / (1.0 - rho), dtype=np.float64)


@kernel()
def slot_factor(slot_log_sigma: float, u: float) -> float:
    """Factor by which a slot's waits differ from those of the median slot.

    Parameters
    ----------
    slot_log_sigma : float
        Standard deviation of its natural logarithm.
    u : float
        Uniform draw in (0, 1), keyed by slot, satellite and place.

    Returns
    -------
    float
        Log-normal factor, median 1.
    """
    return math.exp(slot_log_sigma * normal_quantile(u))


@kernel()
def slot_round_trip_s(
    user_range_m: float,
    feeder_range_m: float,
    fibre_route_m: float,
    velocity_factor: float,
    fixed_s: float,
    wait_s: float,
    slot_log_sigma: float,
    u: float,
) -> float:
    """Median round trip of one slot of an idle link, terminal to point of presence: the sum of its segments.

    Parameters
    ----------
    user_range_m, feeder_range_m : float
        Slant ranges terminal - satellite and satellite - gateway, m.
    fibre_route_m : float
        Length of the fibre route gateway - point of presence, one way, m.
    velocity_factor : float
        Speed in fibre over the speed of light.
    fixed_s : float
        What every packet meets, s: :func:`fixed_access_s`.
    wait_s : float
        Median wait in the median slot at the beam's load, s: :func:`median_wait_s`.
    slot_log_sigma : float
        Field of :class:`bentpipe.network.access.AccessParameters`.
    u : float
        Uniform draw in (0, 1), keyed by slot, satellite and place.

    Returns
    -------
    float
        Seconds.
    """
    path_m = user_range_m + feeder_range_m + fibre_route_m / velocity_factor
    return path_m * (2.0 / SPEED_OF_LIGHT_M_S) + fixed_s + wait_s * slot_factor(slot_log_sigma, u)


def fixed_access_s(access: AccessParameters) -> float:
    """Sum up what every packet of a slot meets in the access layer, whatever the load.

    Parameters
    ----------
    access : AccessParameters
        Access of the era and the probe.

    Returns
    -------
    float
        Frames, processing and the mean wait to ask for a grant, s.
    """
    return access.frame_floor_s + 0.5 * access.request_wait_s


def median_wait_s(access: AccessParameters, load: ArrayLike) -> NDArray[np.float64]:
    """Median wait for a grant and behind other terminals, in the median slot.

    Parameters
    ----------
    access : AccessParameters
        Access of the era and the probe.
    load : array_like
        Load of the beam, 0 to 1, shape (...).

    Returns
    -------
    ndarray of float64
        Shape (...), s.
    """
    return access.grant_wait_s + access.load_wait_s * queueing_factor(check_load(load))


def check_load(load: ArrayLike) -> NDArray[np.float64]:
    """Refuse a load that is no share.

    Parameters
    ----------
    load : array_like
        Load of the beam, 0 to 1.

    Returns
    -------
    ndarray of float64
        The same.
    """
    values = np.asarray(load, dtype=np.float64)
    bad = ~((values >= 0.0) & (values <= 1.0))
    if np.any(bad):
        raise InputError(
            Fault(
                "the load of a beam is a share of its capacity",
                where="load",
                value=float(values[bad].flat[0]),
                allowed="0 to 1",
                remedy="divide the busy terminals by those that the beam can serve",
            )
        )
    return values


def light_round_trip_s(path_m: ArrayLike, velocity_factor: float = 1.0) -> NDArray[np.float64]:
    """Light time there and back.

    Parameters
    ----------
    path_m : array_like
        Length one way, m.
    velocity_factor : float
        Speed over that of light in vacuum.

    Returns
    -------
    ndarray of float64
        2 path / (velocity_factor c), s.
    """
    return 2.0 * np.asarray(path_m, dtype=np.float64) / (velocity_factor * SPEED_OF_LIGHT_M_S)


def waits_s(
    access: AccessParameters, load: ArrayLike, offset_draw: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median waits of a slot for a grant and behind other terminals, without the wait to ask for a grant.

    Parameters
    ----------
    access : AccessParameters
        Access of the era and the probe.
    load : array_like
        Load of the beam, 0 to 1, shape (...).
    offset_draw : array_like
        Uniform draws in (0, 1), keyed by slot, satellite and place, shape (...).

    Returns
    -------
    tuple of ndarray of float64
        Both of shape (...), s.
    """
    factor = _slot_factors(access.slot_log_sigma, np.asarray(offset_draw, dtype=np.float64))
    queue = queueing_factor(check_load(load))
    return access.grant_wait_s * factor, access.load_wait_s * queue * factor


def segments(
    user_range_m: ArrayLike,
    feeder_range_m: ArrayLike,
    fibre_route_m: ArrayLike,
    access: AccessParameters,
    load: ArrayLike,
    offset_draw: ArrayLike,
    velocity_factor: float = FIBRE_VELOCITY_FACTOR,
    laser_m: ArrayLike = 0.0,
    forwarding_s: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """Segments of the round trip terminal - satellite (- lasers - satellite) - gateway - point of presence.

    Parameters
    ----------
    user_range_m, feeder_range_m : array_like
        Slant ranges terminal - satellite and satellite - gateway, m, shape (...); NaN where there is none.
    fibre_route_m : array_like
        Length of the fibre route gateway - point of presence, one way, m, shape (...).
    access : AccessParameters
        Access of the era and the probe.
    load : array_like
        Load of the beam, 0 to 1, shape (...).
    offset_draw : array_like
        Uniform draws in (0, 1), keyed by slot, satellite and place, shape (...).
    velocity_factor : float
        Speed in fibre over the speed of light.
    laser_m : array_like
        Length of the lasers on the way, one way, m, shape (...).
    forwarding_s : array_like
        Forwarding at them, one way, s, shape (...).

    Returns
    -------
    ndarray of float64
        Shape (..., 8), s, in the order of :data:`SEGMENTS`, each there and back; the sum is the median round
        trip of the slot for a continuous ping, and within 0.5 ms of it for probes that ask for a grant.
    """
    scheduling, queueing = waits_s(access, load, offset_draw)
    parts = np.broadcast_arrays(
        light_round_trip_s(user_range_m),
        light_round_trip_s(laser_m),
        2.0 * np.asarray(forwarding_s, dtype=np.float64),
        light_round_trip_s(feeder_range_m),
        light_round_trip_s(fibre_route_m, velocity_factor),
        np.float64(access.frame_floor_s),
        scheduling + 0.5 * access.request_wait_s,
        queueing,
    )
    return np.stack(parts, axis=-1)


def within_slot_quantile_s(
    segment_s: NDArray[np.float64], access: AccessParameters, probability: ArrayLike
) -> NDArray[np.float64]:
    """Quantile of the round trip within a slot.

    The wait is ``W v + m exp(sigma z)``: W the time between chances to ask for a grant (0 for a stream), v
    uniform, m the slot's median wait, z standard normal; its distribution function has a closed form and is
    inverted by bisection.

    Parameters
    ----------
    segment_s : ndarray of float64
        Segments, shape (..., 8), s, from :func:`segments` with the same ``access``.
    access : AccessParameters
        Access of the era and the probe.
    probability : array_like
        Within (0, 1), broadcast against shape (...).

    Returns
    -------
    ndarray of float64
        Shape (...), s; NaN where a segment is NaN.
    """
    p = np.asarray(probability, dtype=np.float64)
    if not np.all((p > 0.0) & (p < 1.0)):
        raise InputError(Fault("a quantile needs a probability", "probability", allowed="above 0, below 1"))
    base = segment_s[..., :-2].sum(axis=-1)
    median = segment_s[..., -2] + segment_s[..., -1] - 0.5 * access.request_wait_s
    base, median, p = np.broadcast_arrays(base, median, p)
    return base + _wait_quantiles(
        np.ascontiguousarray(median).ravel(), access.within_log_sigma, access.request_wait_s, p.ravel().copy()
    ).reshape(base.shape)


def expected_minimum_s(segment_s: NDArray[np.float64], access: AccessParameters, packets: int) -> NDArray[np.float64]:
    """Round trip that the fastest of so many packets of a slot typically takes.

    Parameters
    ----------
    segment_s : ndarray of float64
        Segments, shape (..., 8), s.
    access : AccessParameters
        Access of the era and the probe.
    packets : int
        Packets sent in the slot, at least 1.

    Returns
    -------
    ndarray of float64
        Shape (...), s: the quantile at 1 - 2^(-1/packets), the median of the smallest of independent draws.
    """
    return within_slot_quantile_s(segment_s, access, 1.0 - 0.5 ** (1.0 / max(packets, 1)))


@kernel()
def _log_normal_integral(x: float, median: float, sigma: float) -> float:
    """Integral from 0 to x of the log-normal distribution function."""
    if x <= 0.0:
        return 0.0
    a = math.log(x / median) / sigma
    upper = 0.5 * math.erfc(-a / math.sqrt(2.0))
    lower = 0.5 * math.erfc((sigma - a) / math.sqrt(2.0))
    return x * upper - median * math.exp(0.5 * sigma * sigma) * lower


@kernel("float64[::1](float64[::1], float64, float64, float64[::1])")
def _wait_quantiles(
    median: NDArray[np.float64], sigma: float, request: float, probability: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantiles of the wait, shape (K,); see :func:`within_slot_quantile_s`."""
    out = np.empty_like(median)
    for k in range(median.size):
        m, p = median[k], probability[k]
        if not m > 0.0:
            out[k] = m + request * p
            continue
        quantile = m * math.exp(sigma * normal_quantile(p))
        if request > 0.0:
            low, high = quantile, quantile + request
            for _ in range(60):
                x = 0.5 * (low + high)
                area = _log_normal_integral(x, m, sigma) - _log_normal_integral(x - request, m, sigma)
                if area < p * request:
                    low = x
                else:
                    high = x
            quantile = 0.5 * (low + high)
        out[k] = quantile
    return out


def _slot_factors(sigma: float, u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slot factors of an array of draws."""
    if not np.all((u > 0.0) & (u < 1.0)):
        raise InputError(Fault("a draw is outside its range", "offset_draw", allowed="above 0, below 1"))
    return _slot_factor_array(sigma, np.ascontiguousarray(u).ravel().copy()).reshape(u.shape)


@kernel("float64[::1](float64, float64[::1])")
def _slot_factor_array(sigma: float, u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slot factors of draws of shape (K,)."""
    out = np.empty_like(u)
    for k in range(u.size):
        out[k] = slot_factor(sigma, u[k])
    return out
