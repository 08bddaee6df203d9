"""A shell with lasers between three sites, two gateways and two points of presence, for tests of paths."""

from __future__ import annotations

from typing import Any

from bentpipe.scenario import Scenario, parse_scenario

TEXT = """\
schema = 1
name = "lasered"
seed = 3

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

[lasers]
hop_ms = 0.2

[paths]
pairs = [["kyiv", "madrid"], ["quito", "seattle"], ["kyiv", "london"], ["gw-spain", "osaka"]]

[territory]
sites = true
resolution = 3

[terminals]
total = 30

[policies]
sharing = "none"

[access]
load = 0.4

[[sites]]
id = "kyiv"
name = "Kyiv"
latitude_deg = 50.45
longitude_deg = 30.52

[[sites]]
id = "quito"
name = "Quito"
latitude_deg = -0.18
longitude_deg = -78.47

[[sites]]
id = "osaka"
name = "Osaka"
latitude_deg = 34.69
longitude_deg = 135.50

[[gateways]]
id = "gw-spain"
name = "Gateway in Spain"
latitude_deg = 41.6
longitude_deg = -4.7
antennas = 4
pop = "madrid"

[[gateways]]
id = "gw-england"
name = "Gateway in England"
latitude_deg = 51.0
longitude_deg = -1.1
antennas = 4
pop = "london"

[[gateways]]
id = "gw-oregon"
name = "Gateway in Oregon"
latitude_deg = 44.0
longitude_deg = -121.3
antennas = 4
pop = "seattle"

[[pops]]
id = "madrid"
name = "Madrid"
latitude_deg = 40.42
longitude_deg = -3.70

[[pops]]
id = "london"
name = "London"
latitude_deg = 51.51
longitude_deg = -0.13

[[pops]]
id = "seattle"
name = "Seattle"
latitude_deg = 47.61
longitude_deg = -122.33
"""


def lasered(extra: str = "", text: str = TEXT, **keys: Any) -> Scenario:
    """The scenario, with more text at its end."""
    return parse_scenario(text + extra, overrides={key.replace("__", "."): value for key, value in keys.items()})
