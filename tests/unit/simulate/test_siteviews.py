"""Axes of the dishes of sites, as a run stores them."""

from __future__ import annotations

import numpy as np

from bentpipe.geometry.places import automatic_tilt_deg
from bentpipe.scenario import load_scenario
from bentpipe.simulate.prepare import prepare
from bentpipe.simulate.siteviews import site_views

TEXT = """\
schema = 1
name = "views"
title = "Views"

[time]
start = 2022-10-24T10:00:00Z
duration = "1m"

[constellation]
source = "shells"
date = 2022-10-24

[[constellation.shells]]
altitude_km = 550
inclination_deg = 53
planes = 12
per_plane = 12

[territory]
cells = ["851e6387fffffff"]
resolution = 5

[terminals]
total = 0

[dishes.leaning]
tilt_deg = 40
azimuth_deg = 250
field_of_view_deg = 110
minimum_elevation_deg = 20

[dishes.flat]
tilt_deg = 0

[[gateways]]
id = "west"
name = "West"
latitude_deg = 51.86
longitude_deg = 20.92
pop = "frankfurt"

[[pops]]
id = "frankfurt"
name = "Frankfurt"
latitude_deg = 50.11
longitude_deg = 8.68
"""
SITES = (("north", 48.5, "standard"), ("south", -30.0, "standard"), ("fixed", 50.0, "leaning"), ("up", 50.0, "flat"))


def test_views_are_those_of_the_scenario_s_dishes(tmp_path) -> None:
    rows = [
        f'\n[[sites]]\nid = "{name}"\nname = "{name}"\nlatitude_deg = {lat}\nlongitude_deg = 30\ndish = "{dish}"\n'
        for name, lat, dish in SITES
    ]
    path = tmp_path / "views.toml"
    path.write_text(TEXT + "".join(rows), encoding="utf-8")
    found = site_views(prepare(load_scenario(path)).territory)
    tilt = automatic_tilt_deg([48.5, -30.0])
    np.testing.assert_allclose(found["site_boresight_azimuth_deg"], [0.0, 180.0, 250.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(found["site_boresight_elevation_deg"], [*(90.0 - tilt), 50.0, 90.0], atol=1e-6)
    np.testing.assert_allclose(found["site_field_of_view_deg"], [100.0, 100.0, 110.0, 100.0])
    np.testing.assert_allclose(found["site_minimum_elevation_deg"], [25.0, 25.0, 20.0, 25.0])
