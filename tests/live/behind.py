"""What the tests of the live link share: made-up plans, and whether this machine allows namespaces."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

import numpy as np
import pytest

from bentpipe.emulate.execute import NotAllowedError, Outcome, run_program
from bentpipe.emulate.plan import LinkPlan, steps_plan
from bentpipe.linkqueue import TraceSteps
from bentpipe.linkqueue.loaded import QueueProfile

QUEUE = QueueProfile("drop-tail", 500_000.0)


def steps(
    start_s: list[float], down_s: list[float], up_s: list[float], rate: list[float], loss: list[float] | None = None
) -> TraceSteps:
    """Steps with one rate both ways; rate 0 is an outage."""
    columns = [np.array(c, np.float64) for c in (start_s, down_s, up_s, rate, loss or [0.0] * len(rate))]
    start, down, up, bit_s, lost = columns
    return TraceSteps(start, bit_s > 0, down, up, bit_s, bit_s, lost, lost)


def still_plan(down_s: float = 0.02, up_s: float = 0.03, rate: float = 1e8, loss: float = 0.0, **more: Any) -> LinkPlan:
    """A link that does not change for ten minutes."""
    return steps_plan(steps([0.0], [down_s], [up_s], [rate], [loss]), 600.0, place="here", down=QUEUE, up=QUEUE, **more)


def python(text: str, *arguments: str) -> list[str]:
    """A Python program."""
    return [sys.executable, "-c", text, *arguments]


@functools.cache
def _possible(via: str | None) -> str:
    try:
        run_program(still_plan(), ["true"], via=via, say=lambda _: None)
    except NotAllowedError as error:
        return str(error)
    return ""


def need_namespaces(via: str | None = None) -> None:
    """Skip, and say why, where this machine allows no namespaces."""
    if not sys.platform.startswith("linux"):
        pytest.skip("network namespaces are there on Linux only")
    reason = _possible(via)
    if reason:
        pytest.skip(reason)


def need_trust(outcome: Outcome) -> None:
    """Skip, and say why, where the link says that the machine was too busy for it."""
    if not outcome.account["trusted"]:
        pytest.skip(f"the machine was too busy: {outcome.account['verdict']}")


def environment(**more: str) -> dict[str, str]:
    """Environment of a child that finds the package and the tests."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", **more}
