"""Cross-field checks of the radio links, the weather and the demand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from bentpipe.errors import Fault
from bentpipe.scenario.model import Scenario
from bentpipe.scenario.people import SiteKind
from bentpipe.scenario.places import Places
from bentpipe.scenario.values import did_you_mean


def check_weather(s: Scenario, at: Places) -> Iterator[Fault]:
    """Check that files are given where the mode reads them, and nowhere else."""
    w = s.weather
    if (w.mode == "file") != (w.rain_file is not None):
        key = "rain_file" if w.mode == "file" else "mode"
        yield Fault(
            'mode = "file" and rain_file go together',
            at.where(["weather", key]),
            w.mode,
            'mode = "file" with a rain_file',
            "name the file" if w.mode == "file" else 'set mode = "file", or take rain_file out',
        )
    if w.mode == "clear" and w.table is not None:
        yield Fault(
            "clear weather reads no table of the climate", at.where(["weather", "table"]), w.table.name,
            remedy='choose mode = "exceeded", "series" or "file", or take table out',
        )  # fmt: skip


def check_demand(s: Scenario, at: Places) -> Iterator[Fault]:
    """Check the curve of the day and the kinds that are weighted."""
    d = s.demand
    if len(d.diurnal) != 24:
        yield Fault("the curve of the day", at.where(["demand", "diurnal"]), f"{len(d.diurnal)} values", "24, by hour")
    elif max(d.diurnal) <= 0.0:
        yield Fault(
            "the curve of the day is zero throughout", at.where(["demand", "diurnal"]), 0, "1 in the busiest hour"
        )
    known = {*s.terminals.kinds, *get_args(SiteKind)}
    for kind in d.weights:
        if kind not in known:
            yield Fault(
                "no terminal is of this kind", at.where(["demand", "weights", kind]), kind, ", ".join(sorted(known)),
                did_you_mean(kind, known),
            )  # fmt: skip
    if d.strict and len({*d.weights.values(), 1}) < 2:
        yield Fault(
            "strict order needs weights that differ", at.where(["demand", "strict"]), True, "weights above 1",
            "give demand.weights by kind, or take strict out",
        )  # fmt: skip
