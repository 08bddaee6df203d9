"""Events and the simulated time: which lie outside it, and what is left when it is changed from outside the file."""

from __future__ import annotations

from bentpipe.scenario.assumptions import idle_keys, leaf_keys
from bentpipe.scenario.disruptions import Disruption
from bentpipe.scenario.eventchecks import lies_outside, matches
from bentpipe.scenario.model import Scenario


def within_span(scenario: Scenario) -> Scenario:
    """Leave out the events that lie wholly outside the simulated time, with the provenance that only they have.

    An event that is only cut short keeps its dates: how long the power has been out by the start of the run counts.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    Scenario
        With `left_out` and `cut_short` saying which.
    """
    left_out = tuple(event for event in scenario.disruptions if lies_outside(scenario, event))
    kept = tuple(event for event in scenario.disruptions if event not in left_out)
    fitted = scenario.model_copy(update={"disruptions": kept})
    if left_out:
        leaves = [*leaf_keys(fitted), *idle_keys(fitted)]
        rows = []
        for row in scenario.provenance:
            keys = tuple(key for key in row.keys if any(matches(key, leaf) for leaf in leaves))
            if keys:
                rows.append(row.model_copy(update={"keys": keys}))
        fitted = fitted.model_copy(update={"provenance": tuple(rows)})
    fitted._left_out = left_out
    fitted._cut_short = tuple(event for event in kept if _goes_beyond(scenario, event))
    return fitted


def _goes_beyond(scenario: Scenario, event: Disruption) -> bool:
    start, end = scenario.window(event)
    return start < scenario.time.start or end > scenario.time.end
