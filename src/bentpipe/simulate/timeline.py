"""When disruptions hold, as the simulation takes it: what has no start has held forever."""

from __future__ import annotations

import numpy as np

from bentpipe.earth import to_unix_s
from bentpipe.scenario import Scenario, Storm
from bentpipe.scenario.disruptions import Disruption


def to_s(moment: object) -> float:
    """Unix time of a moment in UTC, s."""
    return float(to_unix_s(np.datetime64(moment)))


def window_s(scenario: Scenario, event: Disruption) -> tuple[float, float]:
    """When an event holds, whatever part of it is simulated.

    Parameters
    ----------
    scenario : Scenario
        The event's.
    event : Disruption
        One with a duration but no start begins with the run: nothing else says when.

    Returns
    -------
    start, end : float
        Unix time, s; -inf where it has no start, inf where it has no end, so that what holds at an instant does not
        depend on where the simulated time begins or ends.
    """
    start, end = (to_s(moment) for moment in scenario.window(event))
    if event.start is None and event.duration is None:
        start = -np.inf
    if event.end is None and event.duration is None:
        end = np.inf
    return start, end


def felt_s(scenario: Scenario, event: Disruption) -> tuple[float, float]:
    """When an event holds or is still felt: satellites that a storm stopped may be out beyond its end.

    Parameters
    ----------
    scenario : Scenario
        The event's.
    event : Disruption
        Any.

    Returns
    -------
    start, end : float
        Unix time, s, as of `window_s`.
    """
    start, end = window_s(scenario, event)
    later = event.recovery.total_seconds() if isinstance(event, Storm) and event.recovery is not None else 0.0
    return start, end + later
