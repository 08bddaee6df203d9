"""A small world over lasers: a shell, a corner of Ukraine, sites near and far, gateways on one side of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bentpipe.scenario import Scenario, load_scenario
from bentpipe.simulate.prepare import Prepared, prepare

HEAD = """\
schema = 1
name = "laser-world"
title = "A small world over lasers"
seed = 11

[time]
start = 2022-10-24T10:00:00Z
duration = "5m"

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

[demand]
down_kbps_per_user = 60_000

[access]
era = 2022-10-24
"""

SITES = """
[[sites]]
id = "kyiv"
name = "Kyiv"
latitude_deg = 50.45
longitude_deg = 30.52
people = 3_000_000

[[sites]]
id = "azores"
name = "Azores"
latitude_deg = 38.5
longitude_deg = -28.6
people = 200_000

[[sites]]
id = "tokyo"
name = "Tokyo"
latitude_deg = 35.69
longitude_deg = 139.69
people = 30_000_000

[[sites]]
id = "perth"
name = "Perth"
latitude_deg = -31.95
longitude_deg = 115.86
people = 2_000_000
"""

GROUND = """
[[gateways]]
id = "madrid"
name = "Madrid"
latitude_deg = 40.4
longitude_deg = -3.7
antennas = 3
pop = "frankfurt"

[[gateways]]
id = "milan"
name = "Milan"
latitude_deg = 45.5
longitude_deg = 9.2
antennas = 2
pop = "frankfurt"

[[gateways]]
id = "sofia-gw"
name = "Sofia"
latitude_deg = 42.7
longitude_deg = 23.3
antennas = 1
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
"""

LASERS = """
[lasers]
acquisition = "30s"
"""

PATHS = """
[paths]
all_sites = true
pairs = [["kyiv", "frankfurt"], ["perth", "madrid"]]
"""

EVENTS = """
[[disruptions]]
id = "plane"
kind = "satellite-loss"
title = "Two planes are lost"
tag = "hypothetical"
start = 2022-10-24T10:01:00Z
end = 2022-10-24T10:03:00Z
shell = 0
planes = [3, 11]

[[disruptions]]
id = "dark-lasers"
kind = "laser-loss"
title = "A third of the satellites lose their lasers"
tag = "hypothetical"
start = 2022-10-24T10:02:00Z
end = 2022-10-24T10:04:00Z
share = 0.33

[[disruptions]]
id = "gateway"
kind = "gateway-loss"
title = "A gateway is lost"
tag = "hypothetical"
start = 2022-10-24T10:01:30Z
end = 2022-10-24T10:02:30Z
gateways = ["sofia-gw"]
"""

ALL = SITES + GROUND + LASERS + PATHS


def written(folder: Path, parts: str = ALL, head: str = HEAD) -> Path:
    """Write the scenario as a file."""
    path = folder / "laser-world.toml"
    path.write_text(head + parts, encoding="utf-8")
    return path


def scenario(folder: Path, parts: str = ALL, head: str = HEAD, **keys: Any) -> Scenario:
    """Read the scenario, values of it by dotted key."""
    return load_scenario(written(folder, parts, head), keys)


def ready(folder: Path, parts: str = ALL, head: str = HEAD, **keys: Any) -> Prepared:
    """Prepare the scenario; what `prepare` takes besides goes by its own name."""
    own = {key: keys.pop(key) for key in ("topology", "routing", "scheduling") if key in keys}
    return prepare(scenario(folder, parts, head, **keys), seeds=2, **own)
