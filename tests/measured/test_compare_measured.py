"""`bentpipe compare RUN --measured FILE` on a run at Victoria BC and the ping that was really sent there.

The ping (every 13 ms, 67 s, five slots, 2025-04-15) belongs to the set that the access layer was fitted to: that it
agrees is calibration, not proof, and five slots tell little. The run has gateways of the map of October 2023, the
built-in shells of July 2024, and a load of 0.5, assumed. Measurements drawn from the model, and such with one fault put
in, show that the command finds what is there.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import bentpipe
from bentpipe.catalog.measurements import Measurements
from bentpipe.linkqueue import WithinSlot, sample_slot
from bentpipe.linkqueue.withinslot import TICK_S

TOOLS = Path(__file__).resolve().parents[2] / "tools"
HEAD = """schema = 1
name = "victoria"
title = "A dish at Victoria BC"
[time]
start = 2025-04-15T01:25:00Z
duration = "10min"
[constellation]
source = "on-station"
date = 2024-07-16
[territory]
cells = ["8528d1abfffffff"]
resolution = 5
[policies]
sharing = "none"
[[sites]]
id = "victoria"
name = "Victoria BC"
kind = "home"
latitude_deg = 48.46
longitude_deg = -123.31
[[pops]]
id = "seattle"
name = "Seattle"
latitude_deg = 47.614
longitude_deg = -122.339
"""
GATEWAY = """[[gateways]]
id = "g{}"
name = "gateway {}"
latitude_deg = {}
longitude_deg = {}
pop = "seattle"
"""


@pytest.fixture(scope="module")
def victoria(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> bentpipe.Run:
    sys.path.insert(0, str(TOOLS))
    try:
        spec = importlib.util.spec_from_file_location("validation_paths", TOOLS / "validation_paths.py")
        assert spec is not None and spec.loader is not None
        tool = importlib.util.module_from_spec(spec)
        sys.modules.setdefault("validation_paths", tool)
        spec.loader.exec_module(tool)
    finally:
        sys.path.remove(str(TOOLS))
    ground = tool.load_gateways(shared / "data" / "ground", date(2025, 4, 15))
    near = [(a, o) for a, o in zip(ground.lat_deg, ground.lon_deg, strict=True) if 40 < a < 60 and -135 < o < -105]
    folder = tmp_path_factory.mktemp("victoria")
    file = folder / "victoria.toml"
    file.write_text(HEAD + "".join(GATEWAY.format(i, i, a, o) for i, (a, o) in enumerate(near)))
    return bentpipe.run(bentpipe.load_scenario(file), out=folder / "run")


@pytest.fixture(scope="module")
def ping(shared: Path) -> Measurements:
    path = shared / "data" / "measured" / "leoviz_victoria_ping_10ms_2025-04-15.csv"
    if not path.is_file():
        pytest.skip(f"measured data not found: {path}")
    (found,) = bentpipe.read_measurements(path)
    return found


def model(run: bentpipe.Run, seed: int, floor_s: float = 0.0, waits: float = 1.0) -> Measurements:
    """What the model gives a ping every 50 ms over the whole run, with other draws of every wait."""
    rng = np.random.default_rng(seed)
    parts = run.dataset["site_segment_s"].values[:, 0].astype(float)
    start = float((run.dataset["time"].values[0] - np.datetime64("1970-01-01")) / np.timedelta64(1, "ms")) / 1e3
    when = np.arange(0.025, 15.0 * len(parts), 0.05)
    slot = (when / 15.0).astype(int)
    # Waits of the median slot: 5.6 ms for a grant in April 2025 and 1.5 ms a terminal ahead at a load of 0.5.
    median = waits * 7.15e-3 * np.exp(0.37 * rng.standard_normal(len(parts)))
    ticks = [sample_slot(99 + seed, i, 5, WithinSlot(m, 0.58, 0, 0, 0, 0)).wait_s for i, m in enumerate(median)]
    value = floor_s + parts[:, :-2].sum(axis=1)[slot] + np.array(ticks)[slot, ((when % 15.0) / TICK_S).astype(int)]
    lost = (rng.random(len(when)) < run.dataset["site_loss"].values[:, 0][slot]).astype(float)
    return Measurements("model", "ping", "rtt", "", start + when, 0.0, 0.05, np.where(lost > 0, np.nan, value), lost)


def off(found: bentpipe.MeasuredComparison) -> set[str]:
    return {part.key for part in found.findings[0].off}


def test_the_ping_of_victoria(victoria: bentpipe.Run, ping: Measurements) -> None:
    """The median within the 4.5 ms that every place is held to, and no part off beyond what five slots can tell."""
    found = bentpipe.compare_measured(victoria, ping)
    print(*found.lines, sep="\n")
    (row,) = found.data["measurements"]
    assert (row["slots_compared"], row["samples_compared"], row["samples_before_run"]) == (5, 4999, 0)
    assert row["probe"] == "ping"
    median = row["quantiles"][2]
    assert abs(median["difference_ms"]) <= 4.5
    assert row["wasserstein_ms"] <= row["wasserstein_by_chance_ms"]
    assert off(found) == set()


def test_what_the_model_gives_agrees(victoria: bentpipe.Run) -> None:
    """One comparison in twenty is off by design: of four at most one may be."""
    assert sum(bool(off(bentpipe.compare_measured(victoria, model(victoria, seed)))) for seed in range(4)) <= 1


def test_ten_milliseconds_more_are_found_in_the_floor(victoria: bentpipe.Run) -> None:
    found = bentpipe.compare_measured(victoria, model(victoria, 1, floor_s=0.010))
    assert off(found) == {"floor"}
    assert found.findings[0].parts[0].difference.value == pytest.approx(0.010, abs=1.5e-3)


def test_doubled_waits_are_found_in_the_wait(victoria: bentpipe.Run) -> None:
    found = bentpipe.compare_measured(victoria, model(victoria, 1, waits=2.0))
    assert off(found) == {"wait"}


def test_the_real_ping_moved_is_off_in_the_floor(victoria: bentpipe.Run, ping: Measurements) -> None:
    found = bentpipe.compare_measured(victoria, replace(ping, value=ping.value + 0.010))
    assert off(found) == {"floor"}
