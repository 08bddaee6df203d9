"""A small scenario that is right, for the tests to break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

RIGHT = """\
schema = 1
name = "test"
title = "A test"
seed = 7

[time]
start = 2022-10-24T00:00:00Z
duration = "1h"
slot = "15s"

[constellation]
source = "on-station"
date = 2022-10-24

[satellite]
beams = 16

[territory]
country = "UKR"
resolution = 5

[people]
date = 2022-01-01

[people.regions]
UA-30 = 3_000_000
UA-46 = 2_000_000

[terminals]
total = 1000
users_per_terminal = 15
dish = "standard"

[terminals.kinds]
homes = { share = 0.6, battery_hours = 2 }
hubs = { share = 0.4, battery_hours = 8 }

[[sites]]
id = "kyiv"
name = "Kyiv"
kind = "hospital"
latitude_deg = 50.45
longitude_deg = 30.52
obstruction = [[0, 10], [90, 20], [270, 5]]

[[gateways]]
id = "east"
name = "East"
latitude_deg = 51.9
longitude_deg = 20.9
antennas = 8
pop = "frankfurt"

[[gateways]]
id = "north"
name = "North"
latitude_deg = 54.9
longitude_deg = 23.8
antennas = 8
pop = "frankfurt"

[[pops]]
id = "frankfurt"
name = "Frankfurt"
latitude_deg = 50.11
longitude_deg = 8.68

[policies]
scheduling = "observed"

[[disruptions]]
id = "dark"
kind = "power-cut"
title = "Dark"
tag = "assumed"
start = 2022-10-24T00:10:00Z
end = 2022-10-24T00:50:00Z
regions = ["UA-30"]
share = 0.5

[[provenance]]
keys = ["terminals"]
tag = "assumed"
note = "made up"
"""


@pytest.fixture
def right() -> str:
    """The text of a scenario that is right."""
    return RIGHT


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a text as a scenario file."""

    def put(text: str, name: str = "my.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return put
