"""The observed policy against the satellites that served a dish at Louvain-la-Neuve on 2024-07-17.

The record of 471 slots is simulated with several seeds over the same slots, sky and dish. A measure of one
simulated record scatters by sampling error alone as that of the measured record would if the policy were exact,
so the tolerance is three standard deviations between simulated records (and the error of their mean). The
parameters were fitted to this record: the test shows that the form fits and that nothing has moved since, not
that it transfers.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest

from bentpipe.network.observed import OBSERVED

SEEDS = range(20)
MEASURES = (
    *(f"elevation p{p}" for p in (5, 25, 50, 75, 95)),
    *("poleward share", "median rank", "share highest", "53 deg share", "newer share"),
    *(f"again after {lag}" for lag in range(1, 7)),
)


class Louvain(NamedTuple):
    """The fitting script, the record, what is usable, and the measures."""

    tool: ModuleType
    record: object
    pairs: object
    sky: object
    measured: dict[str, float]
    mean: dict[str, float]
    spread: dict[str, float]


@pytest.fixture(scope="module")
def louvain(shared: Path) -> Louvain:
    path = Path(__file__).resolve().parents[2] / "tools" / "fit_observed.py"
    spec = importlib.util.spec_from_file_location("fit_observed", path)
    tool = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tool
    spec.loader.exec_module(tool)
    for name in (tool.ELEMENTS, tool.CHOICES):
        if not (shared / name).exists():
            pytest.skip(f"third-party file {name} not found")
    record = tool.load_record(shared)
    pairs = tool.usable_pairs(record, tool.LOUVAIN)
    sky = tool.Sky(record)
    mean, spread = tool.simulated_measures(sky, pairs, SEEDS)
    return Louvain(tool, record, pairs, sky, sky.measures(record.chosen), mean, spread)


def test_record_is_the_published_one(louvain):
    # Headline figures of the record, from its publishers' own azimuths and elevations.
    expected = {"elevation p5": 41, "elevation p50": 57, "elevation p95": 73, "poleward share": 0.79}
    for key, value in {**expected, "median rank": 8, "53 deg share": 0.94, "again after 1": 0.24}.items():
        assert louvain.measured[key] == pytest.approx(value, abs=0.6 if value > 1 else 0.006)


def test_dish_admits_the_choices(louvain):
    # Nine of the 471 went to satellites that are not in service or near the avoided arc: strays of the record.
    part, _, outside = louvain.tool.choices_within(louvain.record, louvain.pairs)
    assert outside <= 12
    assert 18.0 < part.sum() / len(louvain.record.slot) < 28.0


@pytest.mark.parametrize("measure", MEASURES)
def test_simulated_choices_match(louvain, measure, record_property):
    gap = louvain.mean[measure] - louvain.measured[measure]
    error = louvain.spread[measure] * math.sqrt(1.0 + 1.0 / len(SEEDS))
    record_property("measured", louvain.measured[measure])
    record_property("simulated", louvain.mean[measure])
    record_property("gap_in_standard_errors", gap / error)
    # A rank is a whole number: its median moves in steps, so half a step is added.
    assert abs(gap) <= 3.0 * error + (0.5 if measure == "median rank" else 0.0)


def test_parameters_are_those_of_the_fit(louvain):
    fit = louvain.tool.fit_logit(
        louvain.record, louvain.pairs, louvain.tool.chosen_features(louvain.record, louvain.pairs)
    )
    for key, (value, error) in louvain.tool.chosen_model(fit).items():
        assert abs(getattr(OBSERVED, key) - value) < 0.5 * error


def test_halves_predict_each_other(louvain):
    tool, middle, end = louvain.tool, len(louvain.record.slot) // 2, len(louvain.record.slot)
    halves = [louvain.pairs.within(0, middle), louvain.pairs.within(middle, end)]
    fits = [tool.fit_logit(louvain.record, h, tool.chosen_features(louvain.record, h)) for h in halves]
    for own, other in ((0, 1), (1, 0)):
        half = halves[other]
        part, group, _ = tool.choices_within(louvain.record, half)
        hit = (half.satellite == louvain.record.chosen[half.row])[part]
        utility = tool.chosen_features(louvain.record, half)[part] @ fits[own].coefficients
        moved = float(np.log(tool.probabilities(utility, group)[hit]).sum())
        flat = tool.uniform_fit(louvain.record, half).log_likelihood
        assert moved - flat > 0.85 * (fits[other].log_likelihood - flat)


@pytest.mark.parametrize(
    ("without", "measure"),
    [
        ({"poleward": 0.0}, "poleward share"),
        ({"newer_weight": 1.0}, "newer share"),
        ({"slow_share": 1e-6}, "again after 1"),
        ({"sharpness": 0.0}, "elevation p5"),
    ],
)
def test_every_part_is_needed(louvain, without, measure):
    mean, spread = louvain.tool.simulated_measures(louvain.sky, louvain.pairs, range(5), OBSERVED._replace(**without))
    assert abs(mean[measure] - louvain.measured[measure]) > 3.0 * max(spread[measure], louvain.spread[measure])
