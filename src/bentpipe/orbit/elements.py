"""Orbital elements as columns: mean elements of SGP4, and circular orbits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import Fault, InputError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Sgp4Elements(NamedTuple):
    """Mean elements of SGP4 (two-line or OMM element sets), one row a satellite.

    Parameters
    ----------
    catalog_number : numpy.ndarray of int64, shape (N,)
        Catalogue number, of any size: it never reaches SGP4.
    epoch_unix_s : numpy.ndarray, shape (N,), s
        Epoch, Unix time (UTC).
    bstar : numpy.ndarray, shape (N,), 1/earth radii
        Drag term B*.
    ndot : numpy.ndarray, shape (N,), rad/min^2
        Half the first derivative of the mean motion; SGP4 does not use it.
    nddot : numpy.ndarray, shape (N,), rad/min^3
        A sixth of the second derivative of the mean motion; SGP4 does not use it.
    ecco : numpy.ndarray, shape (N,), dimensionless
        Eccentricity.
    argpo_rad : numpy.ndarray, shape (N,), rad
        Argument of perigee.
    inclo_rad : numpy.ndarray, shape (N,), rad
        Inclination.
    mo_rad : numpy.ndarray, shape (N,), rad
        Mean anomaly.
    no_kozai_rad_per_min : numpy.ndarray, shape (N,), rad/min
        Mean motion as element sets carry it (Kozai's).
    nodeo_rad : numpy.ndarray, shape (N,), rad
        Right ascension of the ascending node, TEME.
    """

    catalog_number: Integers
    epoch_unix_s: Floats
    bstar: Floats
    ndot: Floats
    nddot: Floats
    ecco: Floats
    argpo_rad: Floats
    inclo_rad: Floats
    mo_rad: Floats
    no_kozai_rad_per_min: Floats
    nodeo_rad: Floats


class CircularElements(NamedTuple):
    """Circular orbits that turn and drift at constant rates, one row a satellite.

    Parameters
    ----------
    catalog_number : numpy.ndarray of int64, shape (N,)
        Number that stands for the satellite in a run.
    plane : numpy.ndarray of int64, shape (N,)
        Orbital plane, counted within its shell from 0.
    epoch_unix_s : numpy.ndarray, shape (N,), s
        Epoch of the angles, Unix time (UTC).
    radius_m : numpy.ndarray, shape (N,), m
        Distance from the centre of the Earth.
    inclination_rad : numpy.ndarray, shape (N,), rad
        Inclination.
    node_rad : numpy.ndarray, shape (N,), rad
        Right ascension of the ascending node at the epoch, TEME.
    node_rate_rad_per_s : numpy.ndarray, shape (N,), rad/s
        Its rate.
    latitude_argument_rad : numpy.ndarray, shape (N,), rad
        Angle from the ascending node along the orbit at the epoch.
    latitude_argument_rate_rad_per_s : numpy.ndarray, shape (N,), rad/s
        Its rate.
    """

    catalog_number: Integers
    plane: Integers
    epoch_unix_s: Floats
    radius_m: Floats
    inclination_rad: Floats
    node_rad: Floats
    node_rate_rad_per_s: Floats
    latitude_argument_rad: Floats
    latitude_argument_rate_rad_per_s: Floats


Elements = TypeVar("Elements", Sgp4Elements, CircularElements)


def check_elements(elements: Sgp4Elements | CircularElements) -> int:
    """Count the satellites, once every column is an array of that length.

    Parameters
    ----------
    elements : Sgp4Elements or CircularElements
        Columns of shape (N,).

    Returns
    -------
    int
        N.

    Raises
    ------
    InputError
        Columns of different lengths, or not one-dimensional.
    """
    shapes = {np.shape(column) for column in elements}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise InputError(Fault("columns of elements differ in shape", "", sorted(shapes), "one shape (N,)"))
    return len(elements[0])


def concatenate(parts: Sequence[Elements]) -> Elements:
    """Satellites of several sets of elements, in the order given.

    Parameters
    ----------
    parts : sequence of Sgp4Elements, or of CircularElements
        At least one, all of one kind; columns of shape (N1,), (N2,), ...

    Returns
    -------
    Sgp4Elements or CircularElements
        Columns of shape (N1 + N2 + ...,).
    """
    if not parts or any(type(part) is not type(parts[0]) for part in parts):
        kinds = sorted({type(part).__name__ for part in parts})
        raise InputError(Fault("elements of one kind are needed", "", kinds, "one or more of the same kind"))
    for part in parts:
        check_elements(part)
    return type(parts[0])(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
