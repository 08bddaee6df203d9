"""Wrong scenarios: each must be refused with a message that says what, where, what is allowed and what to do."""

from __future__ import annotations

import contextlib
import copy
import os
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bentpipe.errors import Fault, ScenarioError, UnknownNameError
from bentpipe.scenario import load_scenario, parse_scenario, validate


class Case(NamedTuple):
    """What to change in the right scenario, and what the one fault must say; `key` names the faulty key."""

    name: str
    old: str
    new: str
    key: str
    says: tuple[str, ...]


def case(name: str, old: str, new: str, key: str, *says: str) -> Case:
    return Case(name, old, new, key, says)


START, DURATION, BEAMS = "start = 2022-10-24T00:00:00Z\nduration", 'duration = "1h"', "beams = 16"
COUNTRY = 'country = "UKR"'
EVENT = 'regions = ["UA-30"]\nshare = 0.5\n'
DARK = 'kind = "power-cut"\ntitle = "Dark"\n'

CASES = [
    # unknown keys
    case("typing error in a key", "latitude_deg = 50.45", "latitud_deg = 50.45", "sites.0.latitud_deg",
         "unknown key", "did you mean 'latitude_deg'?"),
    case("typing error in a section", "[satellite]", "[satelite]", "satelite", "unknown key",
         "did you mean 'satellite'?"),
    case("key in the wrong section", BEAMS, "beams = 16\nantennas = 8", "satellite.antennas", "unknown key", "beams"),
    case("key of another section", "seed = 7", 'seed = 7\nduration = "1h"', "duration", "unknown key",
         "did you mean 'time.duration'?"),
    case("key of an event of another kind", EVENT, EVENT + "count = 3\n", "disruptions.0.count", "unknown key",
         "regions"),
    case("unknown key of the weather", "[satellite]", '[weather]\nrain = "ITU-R P.618"\n\n[satellite]', "weather.rain",
         "unknown key", "did you mean 'rain_file'?"),
    case("weather of a file without a file", "[satellite]", '[weather]\nmode = "file"\n\n[satellite]',
         "weather.rain_file", "go together", "name the file"),
    case("a rain file that nobody reads", "[satellite]", '[weather]\nrain_file = "r.zarr"\n\n[satellite]',
         "weather.mode", "go together", 'set mode = "file"'),
    case("unknown weather", "[satellite]", '[weather]\nmode = "monsoon"\n\n[satellite]', "weather.mode", "series"),
    case("weather exceeded never", "[satellite]", "[weather]\nexceeded_percent = 0\n\n[satellite]",
         "weather.exceeded_percent", "0.001 to 100"),
    case("storm of NaN", "[satellite]", "[weather]\nwind_east_m_s = nan\n\n[satellite]", "weather.wind_east_m_s",
         "not a finite number"),
    case("a day of 23 hours", "[satellite]", f"[demand]\ndiurnal = {[0.5] * 23}\n\n[satellite]", "demand.diurnal",
         "23 values", "24"),
    case("a day without traffic", "[satellite]", f"[demand]\ndiurnal = {[0] * 24}\n\n[satellite]", "demand.diurnal",
         "zero throughout"),
    case("negative demand", "[satellite]", "[demand]\ndown_kbps_per_user = -1\n\n[satellite]",
         "demand.down_kbps_per_user", "0 to 10,000,000"),
    case("weight of nobody", "[satellite]", "[demand.weights]\nhospitls = 3\n\n[satellite]", "demand.weights.hospitls",
         "no terminal is of this kind", "did you mean 'hospital'?"),
    case("weight of zero", "[satellite]", "[demand.weights]\nhospital = 0\n\n[satellite]", "demand.weights.hospital",
         "1 to 1,000"),
    case("strict order of equals", "[satellite]", "[demand]\nstrict = true\n\n[satellite]", "demand.strict",
         "weights that differ"),
    case("satellite without capacity", "[satellite]", "[radio]\nsatellite_down_gbps = 0\n\n[satellite]",
         "radio.satellite_down_gbps", "above 0"),
    case("duty above all time", "[satellite]", "[radio]\nterminal_duty_up = 2\n\n[satellite]",
         "radio.terminal_duty_up", "1"),
    case("links of nobody", "[satellite]", '[radio]\noperator = "starlnk"\n\n[satellite]', "radio.operator",
         "did you mean 'starlink'?"),
    case("unknown sharing", "[policies]", '[policies]\nsharing = "fair"', "policies.sharing",
         "max-throughput"),
    case("lasers in the wrong part", BEAMS, "beams = 16\nlasers = true", "satellite.lasers", "unknown key",
         "did you mean the part [lasers]?"),
    case("unknown topology", "[satellite]", '[lasers]\ntopology = "plusgrid"\n\n[satellite]', "lasers.topology",
         "no topology policy has this name", "plus-grid, zigzag", "did you mean 'plus-grid'?"),
    case("more lasers to other shells than lasers", "[satellite]", "[lasers]\nbetween_shells = 5\n\n[satellite]",
         "lasers.between_shells", "0 to 4"),
    case("listed without planes", "[satellite]", '[lasers]\nnumbering = "listed"\n\n[satellite]', "lasers.numbering",
         "planes and per_plane"),
    case("a launch of shells", "[satellite]", '[lasers]\nfirst_launch = "2021-082"\n\n[satellite]',
         "lasers.first_launch", "only element sets"),
    case("no launch", "[satellite]", '[lasers]\nfirst_launch = "21082A"\n\n[satellite]', "lasers.first_launch",
         "such as 2021-082"),
    case("paths without lasers", "[satellite]", "[paths]\nall_sites = true\n\n[satellite]", "paths",
         "this constellation has no lasers"),
    case("a path to nowhere", "[satellite]", '[lasers]\n[paths]\npairs = [["kyiv", "lviv"]]\n\n[satellite]',
         "paths.pairs.0", "no such site, gateway or point of presence", "lviv"),
    case("a path to itself", "[satellite]", '[lasers]\n[paths]\npairs = [["kyiv", "kyiv"]]\n\n[satellite]',
         "paths.pairs.0", "two different ids"),
    case("unknown routing", "[satellite]", '[lasers]\n[paths]\nrouting = "shortest"\n\n[satellite]', "paths.routing",
         "least-delay, load-aware"),
    case("a load for no traffic", "[satellite]", '[lasers]\n[paths]\nrouting = "load-aware"\n\n[satellite]',
         "paths.routing", "needs a load"),
    case("gravity between nobody", "[satellite]", "[lasers]\n[traffic]\ngravity_gbps = 1\n\n[satellite]",
         "traffic.gravity_gbps", "people at two sites"),
    # wrong types
    case("text for a number", BEAMS, 'beams = "16"', "satellite.beams", "text where a number belongs",
         "without quotes"),
    case("wrong unit in a number", BEAMS, 'beams = "15 parsec"', "satellite.beams", "text where a number belongs",
         "the key names the unit"),
    case("truth for a number", BEAMS, "beams = true", "satellite.beams", "true or false where a number belongs"),
    case("fraction for a count", BEAMS, "beams = 16.5", "satellite.beams", "a fraction where a whole number belongs"),
    case("number for text", 'title = "A test"', "title = 5", "title", "a number where text belongs", "in quotes"),
    case("list for text", 'title = "A test"', "title = [1]", "title", "a list where text belongs"),
    case("number for a table", "[satellite]\nbeams = 16", "[x]\n", "x", "unknown key"),
    case("table for a list", "[[pops]]", "[pops]", "pops", "a table where a list belongs", "[[pops]]"),
    case("text for a list", 'regions = ["UA-30"]', 'regions = "UA-30"', "disruptions.0.regions",
         "text where a list belongs", "square brackets"),
    case("number for a yes or no", "resolution = 5", "resolution = 5\nworld = 1", "territory.world",
         "a number where true or false belongs"),
    case("pair of three", "[0, 10]", "[0, 10, 3]", "sites.0.obstruction.0", "wrong length", "a pair of numbers"),
    case("pair of one", "[0, 10]", "[0]", "sites.0.obstruction.0", "wrong length", "a pair of numbers"),
    # numbers out of range
    case("NaN", "latitude_deg = 50.45", "latitude_deg = nan", "sites.0.latitude_deg", "not a finite number",
         "-90 to 90 degrees north"),
    case("infinity", "users_per_terminal = 15", "users_per_terminal = inf", "terminals.users_per_terminal",
         "not a finite number"),
    case("latitude past the pole", "latitude_deg = 51.9", "latitude_deg = 151.9", "gateways.0.latitude_deg",
         "out of range", "from -90 to 90 degrees north"),
    case("longitude past the date line", "longitude_deg = 20.9", "longitude_deg = 380", "gateways.0.longitude_deg",
         "from -180 to 180 degrees east"),
    case("negative count", "total = 1000", "total = -1", "terminals.total", "out of range", "from 0 to 100,000,000"),
    case("no antennas", "antennas = 8\npop = \"frankfurt\"\n\n[[gateways]]", "antennas = 0\npop = \"frankfurt\"\n\n"
         "[[gateways]]", "gateways.0.antennas", "from 1 to 1,000 antennas"),
    case("share above one", "share = 0.5", "share = 50", "disruptions.0.share", "from 0 to 1 (a share)"),
    case("seed too large", "seed = 7", "seed = 4294967296", "seed", "from 0 to 4,294,967,295"),
    case("another edition", "schema = 1", "schema = 2", "schema", "the edition of the format"),
    case("no such resolution", "resolution = 5", "resolution = 16", "territory.resolution", "H3 resolution"),
    # times and durations
    case("duration in parsec", DURATION, 'duration = "15 parsec"', "time.duration", "'parsec' is not a unit of time",
         "ms, s, m, h, d"),
    case("duration without unit", DURATION, "duration = 3600", "time.duration", 'write "3600s" if seconds are meant'),
    case("duration in words", DURATION, 'duration = "an hour"', "time.duration", "not a duration", '"24h"'),
    case("negative duration", DURATION, 'duration = "-1h"', "time.duration", "not a duration"),
    case("empty duration", DURATION, 'duration = "0s"', "time.duration", "out of range", "from 1s"),
    case("a thousand years", DURATION, 'duration = "365000d"', "time.duration", "out of range", "8784h"),
    case("slot longer than an hour", 'slot = "15s"', 'slot = "2h"', "time.slot", "out of range", "1h"),
    case("too many slots", DURATION + '\nslot = "15s"', 'duration = "366d"\nslot = "1s"', "time.duration",
         "too many slots", "5,000,000"),
    case("run shorter than a slot", DURATION, 'duration = "3s"', "time.duration", "shorter than one slot"),
    case("far future", START, "start = 2999-01-01T00:00:00Z\nduration", "time.start", "the time is out of range",
         "2050-01-01"),
    case("before slots are counted", START, "start = 1999-12-31T00:00:00Z\nduration", "time.start",
         "the time is out of range", "2000-01-01"),
    case("before the first launch", START, "start = 2018-01-01T00:00:00Z\nduration", "time.start",
         "no access parameters before the service began", "2021-01-01"),
    case("text for a time", START, 'start = "yesterday"\nduration', "time.start", "not a time",
         "2022-10-24T00:00:00Z"),
    case("time of day for a time", START, "start = 12:00:00\nduration", "time.start", "a time of day where a time"),
    case("satellites of the future", "date = 2022-10-24", "date = 2049-01-01", "constellation.date",
         "nobody knows which satellites will be on station", "source = 'shells'"),
    case("no such date", "date = 2022-01-01", 'date = "2022-13-01"', "people.date", "not a date"),
    # names
    case("unknown policy", '"observed"', '"observd"', "policies.scheduling", "no scheduling policy has this name",
         "max-coverage", "did you mean 'observed'?"),
    case("unknown dish", 'dish = "standard"', 'dish = "standart"', "terminals.dish", "no such dish",
         "did you mean 'standard'?"),
    case("unknown point of presence", 'antennas = 8\npop = "frankfurt"\n\n[[pops]]', 'antennas = 8\npop = "paris"\n\n'
         "[[pops]]", "gateways.1.pop", "no such point of presence", "frankfurt"),
    case("unknown gateway in an event", DARK, 'kind = "gateway-loss"\ntitle = "Dark"\ngateways = ["nort"]\n',
         "disruptions.0.gateways", "no such gateway", "did you mean 'north'?"),
    case("unknown region in an event", 'regions = ["UA-30"]', 'regions = ["UA-99"]', "disruptions.dark.regions",
         "no such region in this scenario", "'UA-99'", "UA-30, UA-46"),
    case("region that is no code", 'regions = ["UA-30"]', 'regions = ["Kyiv"]', "disruptions.0.regions.0",
         "not of the form", "ISO 3166-2"),
    case("country by name", COUNTRY, 'country = "Ukraine"', "territory.country", "ISO 3166-1", "'UKR'"),
    case("unknown kind of event", 'kind = "power-cut"', 'kind = "powercut"', "disruptions.0.kind",
         "no such kind of disruption", "did you mean 'power-cut'?"),
    case("event without kind", 'kind = "power-cut"\n', "", "disruptions.0", "the key 'kind' is missing", "jamming"),
    case("unknown source", '"on-station"', '"onstation"', "constellation.source", "not a known word here",
         "did you mean 'on-station'?"),
    case("unknown tag", 'tag = "assumed"\nstart', 'tag = "guessed"\nstart', "disruptions.0.tag",
         "'documented', 'assumed', 'hypothetical'"),
    case("id with capitals", 'id = "kyiv"', 'id = "Kyiv Centre"', "sites.0.id", "letters (a to z)"),
    case("name that leaves the folder", 'name = "test"', 'name = "../../etc"', "name", "names a folder"),
    case("control characters", 'title = "A test"', 'title = "A\\u0007test"', "title", "control characters"),
    case("endless title", 'title = "A test"', f'title = "{"x" * 400}"', "title", "400 characters is too long"),
    # missing
    case("no duration", DURATION + "\n", "", "time.duration", "the key 'duration' is missing from time"),
    case("no territory", '[territory]\ncountry = "UKR"\nresolution = 5\n', "", "territory",
         "the key 'territory' is missing"),
    case("site without place", "latitude_deg = 50.45\nlongitude_deg = 30.52\n", "", "sites.0", "the site has no place",
         "or track"),
    case("empty territory", COUNTRY + "\n", "", "territory", "no territory is given", "exactly one of"),
    # what contradicts
    case("two territories", COUNTRY, 'country = "UKR"\nworld = true', "territory", "contradict one another",
         "exactly one of"),
    case("ids twice", 'id = "north"', 'id = "east"', "gateways.1.id", "used twice in gateways", "my.toml:47"),
    case("end before start", "end = 2022-10-24T00:50:00Z", "end = 2022-10-24T00:05:00Z", "disruptions.0.end",
         "ends before it starts", "after 2022-10-24T00:10:00"),
    case("end and duration", "end = 2022-10-24T00:50:00Z", 'end = 2022-10-24T00:50:00Z\nduration = "5m"',
         "disruptions.0.duration", "end and duration contradict one another"),
    case("event outside the run", "start = 2022-10-24T00:10:00Z\nend = 2022-10-24T00:50:00Z",
         "start = 2022-10-25T00:10:00Z\nend = 2022-10-25T00:50:00Z", "disruptions.0.start", "outside the run"),
    case("overlapping power cuts", "[[provenance]]", '[[disruptions]]\nid = "dark-too"\nkind = "power-cut"\n'
         'title = "Dark"\ntag = "assumed"\nregions = ["UA-30"]\nshare = 0.9\n\n[[provenance]]',
         "disruptions.1.regions", "overlaps in time and place with 'dark'"),
    case("overlapping power cut of no share", "[[provenance]]", '[[disruptions]]\nid = "dark-too"\n'
         'kind = "power-cut"\ntitle = "Dark"\ntag = "assumed"\nbattery_hours = 0\nshare = "all"\n\n[[provenance]]',
         "disruptions.1.share", "text where a number belongs"),
    case("documented without source", 'tag = "assumed"\nstart', 'tag = "documented"\nstart', "disruptions.0.tag",
         "needs a source", "tag it assumed"),
    case("provenance of nothing", 'keys = ["terminals"]', 'keys = ["terminal"]', "provenance.0.keys",
         "matches no key", "did you mean 'terminals'?"),
    case("documented for a day to come", 'tag = "assumed"\nnote = "made up"',
         'tag = "documented"\nsource = "x"\ndate = 2049-01-01', "provenance.0.date", "a day to come"),
    case("people do not add up", "[people]\n", "[people]\ntotal = 4_000_000\n", "people.total",
         "do not sum to the total", "5,000,000"),
    case("kinds do not add up", "share = 0.6", "share = 0.7", "terminals.kinds", "do not sum to 1", "1.1"),
    case("more users than people", "total = 1000", "total = 1_000_000", "terminals.users_per_terminal",
         "more users than people", "5,000,000"),
    case("regions twice over", "[terminals.kinds]", "[terminals.regions]\nUA-30 = 1000\n\n[terminals.region_weights]\n"
         "UA-46 = 2\n\n[terminals.kinds]", "terminals.region_weights", "contradict one another"),
    case("skyline out of order", "[90, 20], [270, 5]", "[270, 5], [90, 20]", "sites.0.obstruction", "do not rise"),
    case("more antennas reserved than built", 'antennas = 8\npop = "frankfurt"\n\n[[pops]]',
         'antennas = 8\nbackground_antennas = 9\npop = "frankfurt"\n\n[[pops]]', "gateways.1.background_antennas",
         "more antennas are reserved than there are", "0 to 8"),
    case("elements without file", '"on-station"', '"elements"', "constellation.elements", "needs the key 'elements'"),
    case("elements that are not used", "date = 2022-10-24\n", 'date = 2022-10-24\nelements = "my.toml"\n',
         "constellation.elements", "contradicts source = 'on-station'"),
    case("elements that do not exist", 'source = "on-station"', 'source = "elements"\nelements = "mine.toml"',
         "constellation.elements", "no such file", "did you mean 'my.toml'?"),
    case("catalogue numbers without elements", BEAMS, "beams = 16\n\n[x]", "x", "unknown key"),
    case("assumed gateways with points of presence", "", "", "pops", "bring their own points of presence"),
    case("no gateway", "", "", "gateways", "there is no gateway", "world-assumed"),
    # sizes
    case("too fine for a country", "resolution = 5", "resolution = 12", "territory.resolution", "too fine", "0 to 8"),
    case("a thousand million cells", COUNTRY + "\nresolution = 5", "world = true\nresolution = 9",
         "territory.resolution", "4,842,432,842 cells are too many", "resolution 4 is the finest here"),
    case("too many satellites", 'source = "on-station"\ndate = 2022-10-24', 'source = "shells"\n'
         "shells = [{ altitude_km = 550, inclination_deg = 53, planes = 1000, per_plane = 1000 }]",
         "constellation.shells", "too many satellites", "100,000"),
    case("Walker's F too large", 'source = "on-station"\ndate = 2022-10-24', 'source = "shells"\n'
         "shells = [{ altitude_km = 550, inclination_deg = 53, planes = 4, per_plane = 4, phasing = 4 }]",
         "constellation.shells.0.phasing", "from 0 to 3"),
    case("polygon of two corners", COUNTRY, "polygon = [[50, 30], [51, 31]]", "territory.polygon",
         "at least three corners"),
    case("polygon over the date line", COUNTRY, "polygon = [[50, 170], [51, -170], [52, -175]]", "territory.polygon",
         "180th meridian"),
    case("polygon that crosses itself", COUNTRY, "polygon = [[50, 30], [51, 31], [50, 31], [51, 30]]",
         "territory.polygon", "cross one another"),
    case("polygon without area", COUNTRY, "polygon = [[50, 30], [50, 31], [50, 32]]", "territory.polygon",
         "encloses no area"),
    case("cell that does not exist", COUNTRY, 'cells = ["951e6387fffffff"]', "territory.cells", "not an H3 cell"),
    case("cells of another resolution", COUNTRY + "\nresolution = 5", 'cells = ["851e6387fffffff"]\nresolution = 4',
         "territory.resolution", "contradicts the cells"),
    case("more cut off than there are", DARK + "tag", 'kind = "terminals-cut-off"\ntitle = "Dark"\ncount = 1300\ntag',
         "disruptions.0.count", "more terminals are cut off than there are"),
    case("satellites lost in two ways", DARK, 'kind = "satellite-loss"\ntitle = "Dark"\nshell = 0\nplanes = [0]\n',
         "disruptions.0", "none or several ways"),
    case("circle without radius", DARK, 'kind = "jamming"\ntitle = "Dark"\ncentre = [50, 30]\n', "disruptions.0",
         "a circle needs centre and radius_km"),
    case("masks that contradict", "[policies]", '[[licence.masks]]\nregions = ["UA-30"]\nallowed = true\n\n'
         '[[licence.masks]]\nregions = ["UA-30"]\nallowed = false\n\n[policies]', "licence.masks.1",
         "allowed and refused at the same time"),
    case("extends nothing known", "schema = 1", 'schema = 1\nextends = "ukraine-2020"', "extends",
         "neither a built-in scenario nor a file", "did you mean 'ukraine-2022'?"),
    case("without nothing to inherit", "schema = 1", 'schema = 1\nwithout = ["sites"]', "without",
         "nothing is inherited"),
    case("extends a number", "schema = 1", "schema = 1\nextends = 5", "extends", "not the name of a scenario"),
]  # fmt: skip


def broken(right: str, wrong: Case) -> str:
    """Apply a case to the right scenario; some need more than one change."""
    text = right
    if wrong.name.startswith("assumed gateways"):
        cut = text.index("[[gateways]]"), text.index("[[pops]]")
        return text[: cut[0]].replace("seed = 7", 'seed = 7\ngateways = "world-assumed"') + text[cut[1] :]
    if wrong.name == "no gateway":
        return text[: text.index("[[gateways]]")] + text[text.index("[[pops]]") :]
    assert text.count(wrong.old) >= 1, wrong.name
    text = text.replace(wrong.old, wrong.new, 1)
    if wrong.name.startswith(("unknown gateway", "circle")) or "lost in two" in wrong.name:
        extra = "share = 0.5\n" if "lost in two" in wrong.name else ""
        text = text.replace(EVENT, extra)
    if wrong.name.startswith("unknown region"):
        text = text.replace(COUNTRY, COUNTRY + '\nadmin1 = ["UA-30", "UA-46"]')
    if wrong.name.startswith("more cut off"):
        text = text.replace("share = 0.5\n", "")
    return text


def line_of(text: str, wrong: Case) -> int | None:
    """Find the line of the new text, where it is one and writes the faulty key."""
    first = wrong.new.strip().splitlines()
    if len(first) != 1 or text.count(first[0]) != 1:
        return None
    if not first[0].startswith(f"{wrong.key.rsplit('.', maxsplit=1)[-1]} ="):
        return None
    return text[: text.index(first[0])].count("\n") + 1


@pytest.mark.parametrize("wrong", CASES, ids=[c.name.replace(" ", "-") for c in CASES])
def test_wrong_scenario_is_refused_in_words(right: str, write: Callable[..., Path], wrong: Case) -> None:
    text = broken(right, wrong)
    path = write(text)
    faults = validate(path)
    assert faults, "accepted"
    mine = [f for f in faults if f.where.endswith(wrong.key)]
    assert mine, [str(f) for f in faults]
    message = str(mine[0])
    for words in wrong.says:
        assert words in message
    assert message.startswith(f"{path}:")
    line = line_of(text, wrong)
    if line is not None:
        assert f":{line}: " in mine[0].where
    assert "Traceback" not in message and "pydantic" not in message


def test_a_cut_that_leaves_nothing_contradicts_no_other(right: str, write: Callable[..., Path]) -> None:
    cut = 'id = "all"\nkind = "power-cut"\ntitle = "All"\ntag = "assumed"\nshare = 1\n'
    text = right.replace("[[provenance]]", f"[[disruptions]]\n{cut}battery_hours = 0\n\n[[provenance]]", 1)
    assert not validate(write(text))
    (fault,) = validate(write(text.replace("battery_hours = 0\n", "battery_hours = 1\n")))
    assert "overlaps" in fault.what


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 45
    assert len({c.name for c in CASES}) == len(CASES)


def only(path: Path) -> Fault:
    (fault,) = validate(path)
    return fault


def test_one_typing_error_is_one_fault(right: str, write: Callable[..., Path]) -> None:
    assert len(validate(write(right.replace("beams = 16", "beams = -1")))) == 1


@pytest.mark.parametrize("content", [b"", b" \n\t\n"])
def test_empty_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    assert "the file is empty" in only(path).what
    assert "bentpipe scenarios copy" in only(path).remedy


@pytest.mark.parametrize(
    ("content", "line", "byte"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), 1, "0x89"),
        (b'name = "a"\n\xff\xfe', 2, "0xff"),
        (b'name = "a"\x00\n', 1, "0x00"),
        (b'\xef\xbb\xbfname = "a"\nx = "\xe9"', 2, "0xe9"),
    ],
)
def test_binary_file(tmp_path: Path, content: bytes, line: int, byte: str) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    assert "not text" in only(path).what and byte in only(path).what
    assert only(path).where == f"{path}:{line}"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("name = ", 1, "invalid value"),
        ('name = "a', 1, "not TOML"),
        ('name = "a"\n[time\n', 2, "not TOML"),
        ('name = "a"\nname = "b"\n', 2, "cannot overwrite a value"),
        ('name = "a"\n\n[time]\nstart = 2022-10-24\n[time]\n', 5, "cannot declare"),
        ("x = 15 parsec", 1, "not TOML"),
        ("sites = [\n  1,\n", 2, "not TOML"),
    ],
)
def test_syntax_comes_alone_with_its_line(write: Callable[..., Path], text: str, line: int, says: str) -> None:
    path = write(text)
    assert says in only(path).what.lower() or says in only(path).what
    assert only(path).where == f"{path}:{line}"


def test_truncated_anywhere_gives_faults_and_never_a_traceback(right: str, write: Callable[..., Path]) -> None:
    for end in range(0, len(right), 37):
        for fault in validate(write(right[:end])):
            assert fault.what


def test_nested_without_end(write: Callable[..., Path]) -> None:
    path = write("x = " + "[" * 50_000)
    assert only(path).what.startswith(("lists or tables nested too deeply", "not TOML"))
    deep = write("name = 1\nx = " + "[" * 150 + "]" * 150)
    assert validate(deep)


def test_number_of_many_digits(write: Callable[..., Path]) -> None:
    assert "cannot be read" in only(write("seed = " + "9" * 5000)).what


def test_huge_integers_are_out_of_range(right: str, write: Callable[..., Path]) -> None:
    (fault,) = validate(write(right.replace("seed = 7", "seed = 99999999999999999999999")))
    assert "from 0 to 4,294,967,295" in fault.allowed


def test_file_too_large(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(b"# " + b"x" * 2_000_001)
    assert "too large" in only(path).what and "sites_file" in only(path).remedy


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    assert "a folder" in only(tmp_path).what


def test_no_such_file_names_the_near_one(write: Callable[..., Path], right: str) -> None:
    path = write(right)
    assert only(path.with_name("mi.toml")).remedy == "did you mean 'my.toml'?"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_named_pipe_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "pipe.toml"
    os.mkfifo(path)
    assert "not a regular file" in only(path).what


def test_unknown_builtin() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'ukraine-2022'"):
        load_scenario("ukrain-2022")


def test_circle_of_extends(write: Callable[..., Path]) -> None:
    write('extends = "b.toml"\nname = "a"\n', "a.toml")
    path = write('extends = "a.toml"\nname = "b"\n', "b.toml")
    assert "extends itself" in only(path).what and "a.toml:1" in only(path).where
    assert "extends itself" in only(write('extends = "c.toml"\n', "c.toml")).what


def test_chain_of_extends_has_an_end(write: Callable[..., Path]) -> None:
    write('name = "s0"\n', "s0.toml")
    for n in range(1, 12):
        path = write(f'extends = "s{n - 1}.toml"\nname = "s{n}"\n', f"s{n}.toml")
    assert "too deeply" in only(path).what


def test_all_faults_at_once_with_types_and_contradictions(right: str, write: Callable[..., Path]) -> None:
    text = right.replace("beams = 16", "beams = -16").replace('id = "north"', 'id = "east"')
    text = text.replace('regions = ["UA-30"]', 'regions = ["UA-99"]').replace("share = 0.6", "share = 0.7")
    text = text.replace('"observed"', '"observd"').replace("latitude_deg = 50.45", 'latitude_deg = "north"')
    with pytest.raises(ScenarioError) as caught:
        load_scenario(write(text.replace(COUNTRY, COUNTRY + '\nadmin1 = ["UA-30", "UA-46"]')))
    message = str(caught.value)
    for words in (
        "satellite.beams",
        "used twice",
        "UA-99",
        "do not sum to 1",
        "did you mean 'observed'",
        "text where a number",
    ):
        assert words in message
    lines = [int(f.where.rsplit("my.toml:", 1)[1].split(":")[0]) for f in caught.value.faults]
    assert lines == sorted(lines) and len(lines) == 6


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("time.durration", "1h", "did you mean 'duration'?"),
        ("gateways.nort.antennas", 4, "did you mean 'north'?"),
        ("satellite.beams", "many", "text where a number belongs"),
        ("time.start.hour", 5, "holds"),
        ("disruptions.dark.share", 2, "from 0 to 1"),
        ("policies.scheduling", "best", "no scheduling policy"),
    ],
)
def test_wrong_overrides(right: str, write: Callable[..., Path], key: str, value: object, says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(write(right), {key: value})
    assert says in str(caught.value) and "override" in str(caught.value)


WEIRD: tuple[object, ...] = (
    "x", "", "\x00", -1, 0, 10**30, 1e300, float("nan"), True, [], [[]], [1, 2, 3], {}, {"id": []}, [{}], [{"id": 1}],
    time(12), date(2022, 10, 24), datetime(1, 1, 1), "world-assumed",
)  # fmt: skip


def steps(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """List the path of every key and item."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, below in items:
        yield (*path, step)
        yield from steps(below, (*path, step))


def test_any_value_anywhere_is_accepted_or_refused_in_words(right: str) -> None:
    extra = '[[licence.masks]]\nregions = ["UA-30"]\nallowed = true\n[dishes.mine]\ntilt_deg = 1\n'
    tree = tomllib.loads(right + extra)
    for number, path in enumerate(steps(tree)):
        for value in (WEIRD[number % len(WEIRD)], WEIRD[(7 * number + 3) % len(WEIRD)]):
            changed = copy.deepcopy(tree)
            holder: Any = changed
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = value
            with contextlib.suppress(ScenarioError):
                parse_scenario("name = 'x'", overrides=changed)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_at_the_ends_of_the_calendar(right: str, write: Callable[..., Path], moment: str) -> None:
    (fault,) = validate(write(right.replace("start = 2022-10-24T00:00:00Z", f"start = {moment}")))
    assert "the time is out of range" in fault.what


@pytest.mark.parametrize("key", ["sites_file", "extends"])
def test_endless_file_names(right: str, write: Callable[..., Path], key: str) -> None:
    faults = validate(write(right.replace("seed = 7", f'{key} = "{"x" * 3000}.toml"')))
    assert [f.where.rsplit(": ", 1)[1] for f in faults] == [key]
    assert validate("x" * 3000 + ".toml")[0].what.startswith(("no such file", "cannot be read"))
