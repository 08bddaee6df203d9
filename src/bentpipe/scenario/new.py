"""Starts a scenario of one's own: a commented text that validates as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

from bentpipe.errors import Fault, ScenarioError

_TEXT = """\
# A bentpipe scenario. Check it with `bentpipe validate FILE`, run it with `bentpipe run FILE`.
# Every key is optional unless marked (needed); what is left out has the default of the manual.
schema = 1
name = "{name}"                         # (needed) names the run's folder
title = {title}
question = "Who stays connected when the ground networks fail?"
seed = 1                                # of every random draw

# An assumed world-wide list. Better, where you know them, your own (and then take the next line out):
#   [[gateways]]
#   id = "my-gateway"
#   name = "My gateway"
#   latitude_deg = 50.0
#   longitude_deg = 8.0
#   antennas = 8
#   pop = "my-pop"                      # the id of one of your [[pops]]
gateways = "world-assumed"
{sites}
[time]
start = 2022-10-24T00:00:00Z            # (needed) UTC
duration = "1h"                         # (needed) "15m", "24h", ...

[constellation]
source = "on-station"                   # (needed) as flown on the start's date; or "licensed", "shells", "elements"
# elements = "my-elements.tle"          # with source = "elements": TLE or OMM, relative to this file

[satellite]
background_share = 0.0                  # share of each satellite's beams that serves your neighbours

[territory]
country = "{country}"                         # ISO 3166-1 alpha-3
# admin1 = ["UA-30"]                    # narrows it down, ISO 3166-2
resolution = {resolution}                          # H3: 3 is coarse and fast, 5 has cells of about 253 km2

[terminals]
total = 1000                            # an assumption: put your own figure here
users_per_terminal = 4
dish = "standard"                       # standard, high_performance, mini, or one of your own under [dishes.NAME]

[terminals.kinds]                       # the shares sum to 1; hours without mains power
homes = {{ share = 0.8, battery_hours = 0 }}
hubs = {{ share = 0.15, battery_hours = 8 }}
hospitals = {{ share = 0.05, battery_hours = 24 }}
"""

_EVENTS = """
# What breaks. Kinds: gateway-loss, pop-loss, fibre-loss, satellite-loss, laser-loss, storm, terrestrial-outage,
# power-cut, terminals-cut-off, licence-withdrawn, jamming.
[[disruptions]]
id = "power-cut"
kind = "power-cut"
title = "A power cut everywhere, for half an hour"
tag = "hypothetical"                    # documented (then add source), assumed, hypothetical
# regions = ["UA-30"]                   # everywhere where none is named
share = 0.5
start = 2022-10-24T00:20:00Z            # left out: it has held forever, and batteries are empty
duration = "30m"

# Where your figures come from: rows like this one go with them into the report.
[[provenance]]
keys = ["terminals"]
tag = "assumed"
note = "the figures that `bentpipe scenarios new` starts from"
"""


def new_scenario(
    iso3: str, sites: str | Path | None = None, *, name: str = "", resolution: int = 4, called: str = ""
) -> str:
    """Write the text of a new scenario.

    Parameters
    ----------
    iso3 : str
        ISO 3166-1 alpha-3 code of the country; upper and lower case are the same.
    sites : str or pathlib.Path, optional
        A list of sites (CSV, GeoJSON or KML). A relative path counts from the folder of the scenario file.
    name : str
        Of the scenario; "my-" and the code where empty.
    resolution : int
        H3 resolution of the analysis cells, 0 to 8.
    called : str
        The country's name, for the title; its code where empty.

    Returns
    -------
    str
        TOML with comments, which validates (given that the file of sites exists).

    Raises
    ------
    ScenarioError
        Where the code is of the wrong form; whether the country exists, the run checks.
    """
    code = str(iso3).strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ScenarioError(Fault("not a country code", "--country", iso3, "an ISO 3166-1 alpha-3 code, such as UKR"))
    name = name or f"my-{code.lower()}"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise ScenarioError(Fault("not a name for a scenario", "name", name, "letters, digits, '-' and '_'"))
    listed = f"sites_file = {json.dumps(Path(sites).as_posix(), ensure_ascii=False)}\n" if sites is not None else ""
    title = json.dumps(f"Satellite internet access in {called or code}", ensure_ascii=False)
    return (_TEXT + _EVENTS).format(name=name, country=code, resolution=resolution, sites=listed, title=title)
