"""A corner of Ukraine around Kyiv, run for ten minutes, for the tests of the page's numbers."""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import bentpipe
from bentpipe.globe.source import ChunkCache, RunSource, WhatIfSource
from bentpipe.results.variables import variables
from bentpipe.scenario import parse_scenario

TEXT = """\
schema = 1
name = "corner"
title = "A corner, for tests"
seed = 5

[time]
start = 2022-10-24T09:55:00Z
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

[demand]
down_kbps_per_user = 300
up_kbps_per_user = 30

[services]
judge = ["web", "video-call"]

[[sites]]
id = "kyiv"
name = "Kyiv, hospital"
kind = "hospital"
latitude_deg = 50.45
longitude_deg = 30.523

[[sites]]
id = "far"
name = "Far south"
latitude_deg = -75.0
longitude_deg = 30.0

[[sites]]
id = "truck"
name = "Truck"
track = "way.csv"

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

[[disruptions]]
id = "cut"
kind = "power-cut"
title = "Power cut in Kyiv"
tag = "hypothetical"
regions = ["UA-32"]
start = 2022-10-24T10:01:00Z
share = 0.7
"""
WAY = "time,lat,lon\n2022-10-24T09:55:00Z,50,30\n2022-10-24T10:05:00Z,50.2,30.5\n"
LOSS = """
[[disruptions]]
id = "loss"
kind = "gateway-loss"
title = "A gateway lost"
tag = "hypothetical"
gateways = ["home"]
"""


def corner_run(folder: Path, extra: str = "", **overrides: Any) -> Path:
    """Run the corner, and give its folder."""
    folder.mkdir(parents=True)
    way = folder.with_name(f"{folder.name}-way.csv")
    way.write_text(WAY)
    text = (TEXT + extra).replace("way.csv", str(way))
    keys = {key.replace("__", "."): value for key, value in overrides.items()}
    return Path(bentpipe.run(parse_scenario(text, overrides=keys), out=folder).path)


class Corner(NamedTuple):
    """A run, and what it is like without its gateway in the territory."""

    folder: Path
    changed: Path


@functools.cache
def corner() -> Corner:
    """Make both once for all the tests of a session."""
    folder = Path(tempfile.mkdtemp(prefix="bentpipe-globe-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Corner(corner_run(folder / "run"), corner_run(folder / "changed", LOSS))


def source_of(folder: Path, id: str = "corner") -> RunSource:
    """Open a run as the page does."""
    return RunSource(id, folder, ChunkCache())


def what_if_of(base: RunSource, changed: Path, arrays: Path, window: range, **edits: Any) -> WhatIfSource:
    """Make a what-if of another run's slots, as the physics would write it."""
    data = bentpipe.open_run(changed).dataset
    where = slice(window.start - base.slots.start, window.stop - base.slots.start)
    arrays.mkdir()
    for variable in variables():
        if variable.dims[0] == "slot":
            np.save(arrays / f"{variable.name}.npy", data[variable.name].values[where])
    return WhatIfSource("what-if-1", base, arrays, window, edits)


def partly_written(folder: Path, target: Path, blocks: int) -> Path:
    """Copy a run as it was when only so many of its blocks were there."""
    shutil.copytree(folder, target)
    manifest = json.loads((target / "manifest.json").read_text())
    (target / "manifest.json").write_text(json.dumps(manifest | {"complete": False}))
    records = sorted((target / "commits").glob("[0-9]*.json"), key=lambda path: int(path.stem))
    for record in records[blocks:]:
        record.unlink()
    return target
