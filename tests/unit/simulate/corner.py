"""A corner of Ukraine around Kyiv with a thin shell, for tests of what the world is like, slot by slot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bentpipe.scenario import parse_scenario
from bentpipe.simulate.prepare import Prepared, prepare

TEXT = """\
schema = 1
name = "corner"
seed = 5

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

[territory]
polygon = [[49.0, 29.0], [51.5, 29.0], [51.5, 33.0], [49.0, 33.0]]
resolution = 4

[terminals]
total = 900

[terminals.kinds]
homes = { share = 0.6, battery_hours = 0 }
hubs = { share = 0.4, battery_hours = 8 }

[[gateways]]
id = "west"
name = "West"
latitude_deg = 51.86
longitude_deg = 20.92
antennas = 3
background_antennas = 1
pop = "frankfurt"
power_backup_hours = 0

[[gateways]]
id = "home"
name = "Inside"
latitude_deg = 50.0
longitude_deg = 30.2
antennas = 2
pop = "sofia"
power_backup_hours = 0

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


def event(kind: str, lines: str = "", name: str = "it") -> str:
    """One disruption as text."""
    return f'\n[[disruptions]]\nid = "{name}"\nkind = "{kind}"\ntitle = "It"\ntag = "hypothetical"\n{lines}\n'


def corner(extra: str = "", *, folder: Path | None = None, seeds: int = 1, **keys: Any) -> Prepared:
    """Prepare the corner with more text at its end."""
    overrides = {key.replace("__", "."): value for key, value in keys.items()}
    return prepare(parse_scenario(TEXT + extra, folder=folder or ".", overrides=overrides), seeds=seeds)
