"""Walker shells: circular orbits in evenly spread planes, drifting as SGP4 drifts them.

The rates are those of SGP4 without drag (J2, J2 squared and J4; WGS 72 constants), from one mean motion.
Rates of first order in J2 from the semi-major axis put a satellite 40 km a day off SGP4; these leave the
short-period terms alone, about 10 km, however long the run. WGS 72 is SGP4's own: with the gravity of WGS 84
the satellites would run 0.3 km a day away from an element set of the same orbit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import Fault, InputError
from .elements import CircularElements, Floats

WGS72_MU = 3.986_008e14
"""Gravitational parameter of SGP4 (WGS 72), m^3/s^2."""

WGS72_A = 6_378_135.0
"""Equatorial radius of SGP4 (WGS 72), m."""

WGS72_J2 = 1.082_616e-3
"""Second zonal harmonic of SGP4 (WGS 72)."""

WGS72_J4 = -1.655_97e-6
"""Fourth zonal harmonic of SGP4 (WGS 72)."""

EQUATORIAL_RADIUS = 6_378_137.0
"""Radius that altitudes of shells are counted from (WGS 84), m."""

LOWEST_M, HIGHEST_M = 160e3, 2_000e3


def secular_rates(radius_m: npt.ArrayLike, inclination_rad: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Mean motion and drift of a circular orbit under J2 and J4.

    The mean semi-major axis ``a`` is the one whose orbit keeps the given mean radius,
    ``r = a (1 - (3/4) J2 (R/a)^2 (3 cos(i)^2 - 1))``; its mean motion is ``n = sqrt(mu / a^3)``. To first
    order the node turns at ``-(3/2) J2 (R/a)^2 n cos(i)`` and the argument of latitude at
    ``n (1 + (3/2) J2 (R/a)^2 (4 cos(i)^2 - 1))``; the terms in J2 squared and J4 of SGP4 are added.

    Parameters
    ----------
    radius_m : array_like, shape (...), m
        Mean distance from the centre of the Earth.
    inclination_rad : array_like, shape (...), rad
        Inclination.

    Returns
    -------
    mean_motion : numpy.ndarray, shape (...), rad/s
        Brouwer's mean motion ``n`` (SGP4's ``no_unkozai``).
    node_rate : numpy.ndarray, shape (...), rad/s
        Rate of the right ascension of the ascending node.
    latitude_argument_rate : numpy.ndarray, shape (...), rad/s
        Rate of the argument of latitude (perigee and mean anomaly together).

    Notes
    -----
    Source: D. A. Vallado et al., "Revisiting Spacetrack Report #3", AIAA 2006-6753, ``sgp4init`` (mdot,
    argpdot, nodedot) and ``sgp4`` (mrt), with eccentricity zero.
    """
    radius = np.asarray(radius_m, np.float64)
    cosi = np.cos(np.asarray(inclination_rad, np.float64))
    c2 = cosi**2
    axis = radius
    for _ in range(4):  # a contraction by 1e-3 a round
        axis = radius / (1.0 - 0.75 * WGS72_J2 * (WGS72_A / axis) ** 2 * (3.0 * c2 - 1.0))
    motion = np.sqrt(WGS72_MU / axis**3)
    squared = (WGS72_A / axis) ** 2
    first = 1.5 * WGS72_J2 * squared * motion
    second = 0.5 * first * WGS72_J2 * squared
    fourth = -0.468_75 * WGS72_J4 * squared**2 * motion
    anomaly = motion + 0.5 * first * (3.0 * c2 - 1.0) + 0.0625 * second * (13.0 - 78.0 * c2 + 137.0 * c2**2)
    perigee = (
        -0.5 * first * (1.0 - 5.0 * c2)
        + 0.0625 * second * (7.0 - 114.0 * c2 + 395.0 * c2**2)
        + fourth * (3.0 - 36.0 * c2 + 49.0 * c2**2)
    )
    node = cosi * (-first + 0.5 * second * (4.0 - 19.0 * c2) + 2.0 * fourth * (3.0 - 7.0 * c2))
    return motion, np.asarray(node), np.asarray(anomaly + perigee)


def _faults(values: dict[str, float], pattern: str) -> list[Fault]:
    """Say what is wrong with the numbers of a shell."""
    spans = {
        "altitude_m": (LOWEST_M, HIGHEST_M, "m"),
        "inclination_deg": (0.0, 180.0, "degrees"),
        "planes": (1, 10_000, "planes"),
        "per_plane": (1, 10_000, "satellites"),
        "raan0_deg": (-360.0, 360.0, "degrees"),
        "phasing": (0.0, max(values["planes"] - 1, 0), "(from 0 to planes - 1)"),
        "epoch_unix_s": (-1e11, 1e11, "s"),
        "first_number": (0, 2**32 - 1 - values["planes"] * values["per_plane"], "(numbers below 2^32)"),
    }
    faults = []
    for name, (low, high, unit) in spans.items():
        value = values[name]
        whole = name not in ("planes", "per_plane", "first_number") or value == int(value)
        if not (low <= value <= high and whole):
            faults.append(Fault("out of range", name, value, f"{low:g} to {high:g} {unit}"))
    if pattern not in ("delta", "star"):
        faults.append(Fault("unknown pattern", "pattern", pattern, '"delta" or "star"'))
    return faults


def walker_shell(
    altitude_m: float,
    inclination_deg: float,
    planes: int,
    per_plane: int,
    phasing: float = 0.0,
    raan0_deg: float = 0.0,
    pattern: str = "delta",
    epoch_unix_s: float = 0.0,
    first_number: int = 1,
) -> CircularElements:
    """Satellites of a Walker shell.

    Satellite s of plane p stands at the epoch at right ascension ``raan0 + p spread / planes`` (spread 360
    degrees for a delta, 180 for a star) and at argument of latitude
    ``360 (s + phasing p / planes) / per_plane`` degrees.

    Parameters
    ----------
    altitude_m : float, m
        Mean distance from the centre of the Earth less the equatorial radius, 160 km to 2,000 km.
    inclination_deg : float, degrees
        Inclination, 0 to 180.
    planes : int
        Number of orbital planes, P.
    per_plane : int
        Satellites in each plane.
    phasing : float
        Walker's F, 0 to P - 1: the angle from one plane to the next is ``360 F / (planes x per_plane)``. A
        whole number closes a delta at its seam.
    raan0_deg : float, degrees
        Right ascension of the ascending node of plane 0 at the epoch (TEME).
    pattern : {"delta", "star"}
        Planes over a whole turn, or over half a turn.
    epoch_unix_s : float, s
        Epoch, Unix time.
    first_number : int
        Number of the first satellite; the rest count up, plane by plane.

    Returns
    -------
    CircularElements
        Columns of shape (planes x per_plane,).

    Raises
    ------
    InputError
        Every value out of range.

    Notes
    -----
    Source: J. G. Walker, "Satellite constellations", Journal of the British Interplanetary Society 37, 1984;
    rates as in `secular_rates`.
    """
    given: dict[str, float] = {
        "altitude_m": altitude_m,
        "inclination_deg": inclination_deg,
        "planes": planes,
        "per_plane": per_plane,
        "phasing": phasing,
        "raan0_deg": raan0_deg,
        "epoch_unix_s": epoch_unix_s,
        "first_number": first_number,
    }
    if faults := _faults(given, pattern):
        raise InputError(*faults)
    count = planes * per_plane
    plane, place = np.divmod(np.arange(count, dtype=np.int64), np.int64(per_plane))
    spread = 360.0 if pattern == "delta" else 180.0
    radius = np.full(count, EQUATORIAL_RADIUS + altitude_m)
    inclination = np.full(count, np.radians(inclination_deg))
    _, node_rate, argument_rate = secular_rates(radius, inclination)
    return CircularElements(
        catalog_number=first_number + np.arange(count, dtype=np.int64),
        plane=plane,
        epoch_unix_s=np.full(count, float(epoch_unix_s)),
        radius_m=radius,
        inclination_rad=inclination,
        node_rad=np.radians((raan0_deg + plane * (spread / planes)) % 360.0),
        node_rate_rad_per_s=node_rate,
        latitude_argument_rad=np.radians((360.0 * (place + phasing * plane / planes) / per_plane) % 360.0),
        latitude_argument_rate_rad_per_s=argument_rate,
    )
