"""A small world that the property tests run: a thin shell, a corner of Ukraine, three gateways, every kind of cut."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bentpipe.registry import Policy
from bentpipe.scenario import load_scenario
from bentpipe.simulate.prepare import Prepared, prepare

TEXT = """\
schema = 1
name = "small-world"
title = "A small world"
seed = 11

[time]
start = 2022-10-24T10:00:00Z
duration = "10m"

[constellation]
source = "shells"
date = 2022-10-24

[[constellation.shells]]
altitude_km = 550
inclination_deg = 53
planes = 24
per_plane = 24
phasing = 7

[satellite]
beams = 2
background_share = 0.3

[territory]
polygon = [[49.0, 29.0], [51.5, 29.0], [51.5, 33.0], [49.0, 33.0]]
resolution = 4

[terminals]
total = 900

[terminals.kinds]
homes = { share = 0.6, battery_hours = 0 }
hubs = { share = 0.4, battery_hours = 8 }

[weather]
mode = "series"

[demand]
down_kbps_per_user = 60_000

[demand.weights]
hubs = 3

[[sites]]
id = "kyiv"
name = "Kyiv"
kind = "home"
latitude_deg = 50.45
longitude_deg = 30.52
terminals = 1
obstruction = [[0, 10], [90, 35], [180, 20], [270, 5]]

[[gateways]]
id = "west"
name = "West"
latitude_deg = 51.86
longitude_deg = 20.92
antennas = 3
pop = "frankfurt"

[[gateways]]
id = "north"
name = "North"
latitude_deg = 54.88
longitude_deg = 23.84
antennas = 2
pop = "frankfurt"

[[gateways]]
id = "south"
name = "South"
latitude_deg = 40.79
longitude_deg = 29.51
antennas = 2
pop = "sofia"

[[pops]]
id = "frankfurt"
name = "Frankfurt"
latitude_deg = 50.11
longitude_deg = 8.68

[[pops]]
id = "sofia"
name = "Sofia"
latitude_deg = 42.7
longitude_deg = 23.3

[[disruptions]]
id = "dark"
kind = "power-cut"
title = "Rolling dark"
tag = "hypothetical"
start = 2022-10-24T10:01:00Z
end = 2022-10-24T10:09:00Z
share = 0.4
pattern = "rolling"
window = "2m"

[[disruptions]]
id = "bill"
kind = "terminals-cut-off"
title = "Cut off"
tag = "hypothetical"
start = 2022-10-24T10:03:00Z
end = 2022-10-24T10:30:00Z
count = 150

[[disruptions]]
id = "storm"
kind = "gateway-loss"
title = "A gateway is lost"
tag = "hypothetical"
start = 2022-10-24T10:04:00Z
end = 2022-10-24T10:06:30Z
gateways = ["west"]
"""

SECOND_SITE = """
[[sites]]
id = "zhytomyr"
name = "Zhytomyr"
kind = "hub"
latitude_deg = 50.25
longitude_deg = 28.66
terminals = 3
"""


def write_world(folder: Path, extra: str = "", duration: str = "10m") -> Path:
    """Write the scenario as a file."""
    path = folder / "small-world.toml"
    path.write_text(TEXT.replace('duration = "10m"', f'duration = "{duration}"') + extra, encoding="utf-8")
    return path


def small_world(folder: Path, scheduling: str | Policy = "observed", extra: str = "", **keys: Any) -> Prepared:
    """Prepare the scenario."""
    return prepare(load_scenario(write_world(folder, extra), keys), scheduling, seeds=2)


def assert_same(left: Mapping[str, Any], right: Mapping[str, Any], note: str = "") -> None:
    """Every array equal bit for bit, NaN included."""
    assert set(left) == set(right)
    for name in left:
        a, b = np.asarray(left[name]), np.asarray(right[name])
        assert a.dtype == b.dtype, (note, name)
        assert a.shape == b.shape, (note, name)
        assert a.tobytes() == b.tobytes(), (note, name, np.argwhere(a != b)[:5])
