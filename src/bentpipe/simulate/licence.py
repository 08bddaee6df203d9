"""Where the licence allows service."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.scenario import Scenario
from bentpipe.simulate.territory import Territory
from bentpipe.simulate.timeline import to_s


def licensed(scenario: Scenario, territory: Territory, unix_s: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Places where service is allowed, a moving site by where it is then; a later mask prevails over an earlier one.

    Parameters
    ----------
    scenario : Scenario
        What to simulate.
    territory : Territory
        Its places.
    unix_s : (T,) float64
        Times, s.

    Returns
    -------
    (T, C) bool
    """
    allowed = np.full((len(unix_s), len(territory.latitude_deg)), scenario.licence.default == "allowed", np.bool_)
    for mask in scenario.licence.masks:
        start = -np.inf if mask.start is None else to_s(mask.start)
        end = np.inf if mask.end is None else to_s(mask.end)
        rows = (unix_s >= start) & (unix_s < end)
        allowed[rows[:, None] & territory.area_at(unix_s, mask.regions, mask.polygon)] = mask.allowed
    return allowed
