"""Refusal of what lies outside the range for which a Recommendation is stated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.errors import Fault, InputError, NotModelledError
from bentpipe.link.admissible import fault_in


def within(
    values: ArrayLike, where: str, low: float, high: float, unit: str, source: str, remedy: str = ""
) -> NDArray[np.float64]:
    """Refuse values outside a closed range, and NaN.

    Parameters
    ----------
    values : array_like
        Values, shape (...).
    where : str
        Name of the argument.
    low, high : float
        Ends of the range, both allowed.
    unit : str
        Unit of the values, for the message.
    source : str
        What states the range: Recommendation and edition.
    remedy : str
        What to do instead.

    Returns
    -------
    ndarray of float64
        The same, shape (...).
    """
    fault = fault_in(values, where, "outside the range of the model", low, high, unit, remedy)
    if fault is not None:
        what = "not a number" if fault.value != fault.value else fault.what
        raise InputError(replace(fault, what=what, allowed=f"{low:g} to {high:g} {unit}".rstrip() + f" ({source})"))
    return np.asarray(values, dtype=np.float64)


def known_edition(recommendation: str, edition: int, known: tuple[int, ...], missing: dict[int, str]) -> int:
    """Refuse an edition that is not coded, by name.

    Parameters
    ----------
    recommendation : str
        Such as "P.618".
    edition : int
        Number after the dash.
    known : tuple of int
        Editions that are coded.
    missing : dict of int to str
        Editions that exist and are left out, and why.

    Returns
    -------
    int
        The same edition.
    """
    if edition in known:
        return edition
    allowed = ", ".join(f"{recommendation}-{number}" for number in known)
    reason = missing.get(edition, "this edition is not coded")
    raise NotModelledError(
        Fault(f"{recommendation}-{edition}: {reason}", "edition", edition, allowed, "choose one of these editions")
    )
