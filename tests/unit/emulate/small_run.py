"""A finished run for the tests of this folder: a thin shell, a corner of Ukraine, two sites; made once per process."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import bentpipe
from bentpipe.results.opened import Run

TEXT = """\
schema = 1
name = "small-run"
title = "A small run"
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
planes = 36
per_plane = 24
phasing = 7

[territory]
polygon = [[49.0, 29.0], [51.5, 29.0], [51.5, 33.0], [49.0, 33.0]]
resolution = 3

[terminals]
total = 900

[policies]
sharing = "SHARING"
scheduling = "SCHEDULING"

[access]
probe = "PROBE"

[[sites]]
id = "kyiv"
name = "Kyiv"
kind = "home"
latitude_deg = 50.45
longitude_deg = 30.52
terminals = 1

[[sites]]
id = "dark"
name = "Dark end"
kind = "home"
latitude_deg = 50.25
longitude_deg = 30.66
terminals = 1

[[gateways]]
id = "west"
name = "West"
latitude_deg = 51.86
longitude_deg = 20.92
antennas = 8
pop = "frankfurt"

[[pops]]
id = "frankfurt"
name = "Frankfurt"
latitude_deg = 50.11
longitude_deg = 8.68

[[disruptions]]
id = "storm"
kind = "gateway-loss"
title = "A gateway is lost"
tag = "hypothetical"
start = 2022-10-24T10:04:00Z
end = 2022-10-24T10:06:30Z
gateways = ["west"]
"""


@functools.cache
def small_run(sharing: str = "single-satellite", probe: str = "ping", scheduling: str = "observed") -> Run:
    """Run of 40 slots with the sites kyiv and dark; nobody is served from 10:04:00 to 10:06:30."""
    folder = Path(tempfile.mkdtemp(prefix="bentpipe-emulate-"))
    atexit.register(shutil.rmtree, folder, True)
    path = folder / "small-run.toml"
    text = TEXT.replace("SHARING", sharing).replace("PROBE", probe).replace("SCHEDULING", scheduling)
    path.write_text(text, encoding="utf-8")
    return bentpipe.run(path, out=folder / "run")
