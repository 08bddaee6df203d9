"""The scores that a policy gives; what a policy of a user's own does wrong is told by its name and the slot."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.errors import BentpipeError, Fault, InputError
from bentpipe.network.links import Links
from bentpipe.registry import Policy


def scored(policy: Policy, links: Links) -> npt.NDArray[np.float64]:
    """Score the usable links of one slot.

    Parameters
    ----------
    policy : Policy
        Its function may be a user's own.
    links : Links
        P usable links.

    Returns
    -------
    (P,) float64
        Higher is preferred; NaN for never.

    Raises
    ------
    InputError
        Where the function raises, or returns something other than a number for each link; the function's own
        exception is its cause.
    """
    name, slot = policy.name, links.slot
    try:
        given = policy.score(links)
    except BentpipeError:
        raise
    except Exception as error:
        what = f"the policy {name!r} failed in slot {slot}: {type(error).__name__}: {error}"
        raise InputError(Fault(what, "scheduling", remedy="correct the policy's function")) from error
    allowed = f"one number for each of the {len(links.satellite):,} links"
    try:
        score = np.ascontiguousarray(given, np.float64)
    except (TypeError, ValueError) as error:
        what = f"the policy {name!r} returned something other than numbers in slot {slot}"
        raise InputError(Fault(what, "scheduling", type(given).__name__, allowed)) from error
    if score.shape != links.satellite.shape:
        what = f"the policy {name!r} returned scores of another shape in slot {slot}"
        raise InputError(Fault(what, "scheduling", score.shape, allowed))
    return score
