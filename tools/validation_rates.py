"""Print the rates that the model predicts beside those measured, as Markdown tables.

Run as ``python tools/validation_rates.py SHARED`` where SHARED is the folder of third-party validation data. A place
is a scenario of one site, resolved and scheduled as any run, with the element set nearest in date and the gateways of
the map. Its links go through `bentpipe.simulate.rates.link_rates` under weather of instants drawn from a whole year.

Every place gets the same numbers: the shipped radio catalogue, the default load of the access delay (0.5, a mean over
the day) and the default curve of the day. Nothing here is fitted to a rate that was measured.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import math
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import h3
import numpy as np
from numpy.typing import NDArray
from validation_paths import load_gateways, nearest_elements

from bentpipe.catalog.elements import load_elements
from bentpipe.catalog.queues import access_queues, queue_names
from bentpipe.earth import great_circle_m
from bentpipe.link.hop import make_path
from bentpipe.link.rainfield import exceedance
from bentpipe.link.rainrate import rain_rate_of_exceedance_mm_h
from bentpipe.link.rates import hop_rates
from bentpipe.linkqueue.loaded import loaded_waits
from bentpipe.network.access import REFERENCE_LOAD
from bentpipe.scenario import load_scenario, parse_scenario
from bentpipe.scenario.rates import EVENING_PEAK
from bentpipe.simulate.linkrates import Links, Sky, link_rates, serving_links
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.radio import Direction, Radio
from bentpipe.simulate.rates import block_rates
from bentpipe.simulate.recipe import State, advance

Floats = NDArray[np.float64]

WEATHER = Path(__file__).with_name("validation_weather.csv")
SLOTS = 480
INSTANTS = 8
"""Slots scheduled for a place, two hours, and instants of weather for each."""
REACH_KM = 1000.0
"""Gateways farther from the place are left out: no bent pipe of 550 km reaches them."""
YEAR_S = 365.25 * 86400.0
LEVELS = (5, 25, 50, 75, 95)
ELEMENTS_2022 = "starlink_2022-05-05_n2191.tle.gz"

CURVE = np.array(EVENING_PEAK)
LOAD_BY_HOUR: Floats = REFERENCE_LOAD * CURVE / CURVE.mean()
"""Load of the beam at each hour of the local solar day: its mean is that of the access delay."""


class Place(NamedTuple):
    """A measured place: degrees, and the day that decides elements and gateways."""

    name: str
    lat_deg: float
    lon_deg: float
    day: date


LOUVAIN = Place("Louvain BE", 50.67, 4.61, date(2022, 2, 1))
OSNABRUECK = Place("Osnabrück DE", 52.27, 8.05, date(2023, 12, 1))
GARCHING = Place("Garching DE", 48.26, 11.67, date(2023, 7, 5))


def scenario_text(place: Place, folder: Path, weather: Path) -> str:
    """Write the scenario of a place."""
    elements = nearest_elements(folder / "elements", place.day)
    start = load_elements(elements).median_epoch.astype("datetime64[D]").astype(str)
    gateways = load_gateways(folder / "ground", place.day)
    near = great_circle_m(place.lat_deg, place.lon_deg, gateways.lat_deg, gateways.lon_deg) < 1e3 * REACH_KM
    stations = "".join(
        f'[[gateways]]\nid = "g{i}"\nname = "{gateways.name[i]}"\nlatitude_deg = {gateways.lat_deg[i]}\n'
        f'longitude_deg = {gateways.lon_deg[i]}\nantennas = 8\npop = "fra"\n'
        for i in np.flatnonzero(near)
    )
    return f"""schema = 1
name = "place"
[time]
start = {start}T12:00:00Z
duration = "{15 * SLOTS}s"
[constellation]
source = "elements"
elements = "{elements.resolve()}"
[territory]
cells = ["{h3.latlng_to_cell(place.lat_deg, place.lon_deg, 5)}"]
resolution = 5
[[sites]]
id = "here"
name = "Here"
kind = "home"
latitude_deg = {place.lat_deg}
longitude_deg = {place.lon_deg}
[weather]
mode = "series"
table = "{weather.resolve()}"
{stations}[[pops]]
id = "fra"
name = "Frankfurt"
latitude_deg = 50.11
longitude_deg = 8.68
"""


class Sample(NamedTuple):
    """Links of a place under weather: L of them."""

    prepared: Prepared
    links: Links
    places: Sky
    gateways: Sky


def sample(place: Place, folder: Path, weather: Path = WEATHER) -> Sample:
    """Schedule a place, and draw weather for each of its links.

    Parameters
    ----------
    place : Place
        Where and when.
    folder, weather : Path
        Third-party data; table of the climate.

    Returns
    -------
    Sample
    """
    prepared = prepare(parse_scenario(scenario_text(place, folder, weather), folder=folder), seeds=1)
    block, _ = advance(prepared, State(), prepared.slots)
    once = serving_links(block)
    once = Links._make(column[once.place == len(prepared.territory.cell_id)] for column in once)
    number = np.repeat(np.arange(len(once.row)), INSTANTS)
    # One row for each link and instant: `link_rates` reads the weather of a row.
    links = Links(np.arange(len(number)), *(column[number] for column in once[1:]))
    unix_s = np.random.default_rng(5).uniform(0.0, YEAR_S, len(number))
    radio = radio_of(prepared)
    skies = []
    for lat, lon, climate in (
        (prepared.territory.latitude_deg, prepared.territory.longitude_deg, radio.climate),
        (prepared.ground.latitude_deg, prepared.ground.longitude_deg, radio.gateway_climate),
    ):
        assert climate is not None
        rank = exceedance(radio.fields[0], lat, lon, unix_s).T
        skies.append(Sky(rank, rain_rate_of_exceedance_mm_h(rank, climate.rain_rate_001_mm_h,
                                                            climate.rain_probability_pct)))  # fmt: skip
    return Sample(prepared, links, *skies)


def radio_of(prepared: Prepared) -> Radio:
    """Radio of a run that has rates."""
    assert prepared.radio is not None
    return prepared.radio


class Predictor:
    """Predictions from one folder of validation data; a place is sampled once."""

    def __init__(self, shared: Path, weather: Path = WEATHER) -> None:
        self.data, self.weather = shared / "data", weather
        self.sample = cache(lambda place: sample(place, self.data, weather))

    def channel_mbit_s(self, place: Place, way: str) -> Floats:
        """What one channel carries to a place, by link and weather, Mbit/s."""
        found = self.sample(place)
        direction = getattr(radio_of(found.prepared), way)
        return 1e-6 * link_rates(found.prepared, found.links, direction, way, found.places, found.gateways)[0]

    def terminal_mbit_s(self, place: Place, way: str, hours: Floats | None = None) -> Floats:
        """Rate of one terminal in a beam that others load, Mbit/s: (1 - load) of a channel, at most its duty."""
        channel = self.channel_mbit_s(place, way)
        load = LOAD_BY_HOUR[np.resize(np.arange(24) if hours is None else hours.astype(int), len(channel))]
        duty = self.sample(place).prepared.scenario.radio.terminal_duty_up if way == "up" else 1.0
        return channel * np.minimum(1.0 - load, duty)


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def column(rows: list[dict[str, str]], key: str) -> Floats:
    """Column of a file; what is no number is left out."""
    return np.array([float(row[key]) for row in rows if row[key] not in ("", "nan")])


def pair(said: float, seen: float) -> str:
    """Write predicted, measured and the gap."""
    return f"{said:.0f} / {seen:.0f} ({100.0 * (said / seen - 1.0):+.0f} %)"


def quantiles(values: Floats) -> list[float]:
    """Percentiles of a sample."""
    return [float(q) for q in np.percentile(values, LEVELS)]


def wetlinks(folder: Path, quantity: str, group: str = "all") -> dict[str, list[float]]:
    """Box of Osnabrück by group: q1, median, q3."""
    rows = read(folder / "measured" / "wetlinks_Osnabrueck_DE_boxstats.csv")
    found = [r for r in rows if r["quantity"] == quantity and r["group"] == group]
    return {r["group_value"]: [float(r[key]) for key in ("q1", "median", "q3")] for r in found}


class Row(NamedTuple):
    """One line of the table of rates; percentiles predicted in an empty beam, in a loaded one, and measured."""

    name: str
    way: str
    alone: list[float]
    loaded: list[float]
    seen: list[float]


def rows(predictor: Predictor) -> list[Row]:
    """Rates of terminals: percentiles 5, 25, 50, 75 and 95, NaN where not known."""
    folder, nan = predictor.data, math.nan
    ookla = read(folder / "measured" / "louvain_BE_ookla_speedtests_2021-12_2022-04.csv")
    bulk = read(folder / "measured" / "tum_garching_bulk_download_1s_2023-07-05.csv")
    rate = 1e-6 * column(bulk, "dish_downlink_throughput_bps")
    # Local summer time, two hours ahead of UTC; solar time at 11.67 E is 0.78 h ahead.
    clock = np.array([float(r["timestamp_local"][11:13]) + float(r["timestamp_local"][14:16]) / 60.0 for r in bulk])
    hours = np.floor(clock - 2.0 + GARCHING.lon_deg / 15.0)
    tests = np.array([float(r["timestamp_utc"][11:13]) for r in ookla]) + LOUVAIN.lon_deg / 15.0
    out = []
    for way in ("down", "up"):
        box = wetlinks(folder, f"{way}load_throughput")[""]
        for place, seen, when in (
            (LOUVAIN, quantiles(column(ookla, f"{way}load_mbit_s")), np.floor(tests) % 24),
            (OSNABRUECK, [nan, *box, nan], None),
        ):
            alone = predictor.channel_mbit_s(place, way)
            if way == "up":
                alone = alone * predictor.sample(place).prepared.scenario.radio.terminal_duty_up
            loaded = predictor.terminal_mbit_s(place, way, when)
            out.append(Row(f"{place.name}, {place.day.year}", way, quantiles(alone), quantiles(loaded), seen))
    alone, loaded = predictor.channel_mbit_s(GARCHING, "down"), predictor.terminal_mbit_s(GARCHING, "down", hours)
    name = f"{GARCHING.name}, 2023, five at once"
    out.append(Row(name, "down", quantiles(alone), quantiles(loaded), quantiles(rate)))
    return out


def rate_table(predictor: Predictor) -> list[str]:
    """Rows of the table of rates."""
    lines = ["| place | way | beam | p5 | p25 | p50 | p75 | p95 |", "|---|---|---|---|---|---|---|---|"]
    for row in rows(predictor):
        for label, said in (("empty", row.alone), ("loaded", row.loaded)):
            cells = ["-" if math.isnan(b) else pair(a, b) for a, b in zip(said, row.seen, strict=True)]
            lines.append(f"| {row.name} | {row.way} | {label} | " + " | ".join(cells) + " |")
    return lines


class Hours(NamedTuple):
    """Best hour's median over the worst's, predicted and measured; the load that would explain it."""

    said: float
    seen: float
    implied_load: float
    implied_mbit_s: float


def hours(predictor: Predictor) -> Hours:
    """Best and worst hour at Osnabrück."""
    medians = np.array([box[1] for box in wetlinks(predictor.data, "download_throughput", "hour_of_day").values()])
    seen = float(medians.max() / medians.min())
    low, high = CURVE.min(), CURVE.max()
    said = (1.0 - LOAD_BY_HOUR.min()) / (1.0 - LOAD_BY_HOUR.max())
    # (1 - a low) / (1 - a high) = seen
    busy = (seen - 1.0) / (seen * high - low)
    return Hours(float(said), seen, float(busy), float(medians.max() / (1.0 - busy * low)))


class Rain(NamedTuple):
    """Medians of a channel in rain over those in dry air, one part after another, and what was measured."""

    parts: dict[str, float]
    seen: float
    rain_mm_h: float


def rain(predictor: Predictor) -> Rain:
    """Loss in rain at Osnabrück, by its parts."""
    found = predictor.sample(OSNABRUECK)
    down = radio_of(found.prepared).down
    measured = {r["window"]: float(r["median_download_mbit_s"]) for r in read(
        predictor.data / "measured" / "wetlinks_both_sites_rain_window_download_median.csv")}  # fmt: skip
    assert found.places.rain_mm_h is not None
    here = found.places.rain_mm_h[found.links.row, found.links.place]
    wet = here > 0.0
    dry_gateways = Sky(found.gateways.rank * 0.0 + 1.0, found.gateways.rain_mm_h * 0.0)  # type: ignore[operator]

    def loss(direction: Direction, gateways: Sky) -> float:
        rate, _ = link_rates(found.prepared, found.links, direction, "down", found.places, gateways)
        return float(np.median(rate[wet]) / np.median(rate[~wet]) - 1.0)

    quiet = without(down, noise=True, antenna=True)
    return Rain(
        {
            "user link, rain and cloud (P.618)": loss(quiet, dry_gateways),
            "and their noise": loss(without(down, antenna=True), dry_gateways),
            "and the wet dish": loss(down, dry_gateways),
            "and the feeder link (P.618, noise, wet radome)": loss(down, found.gateways),
        },
        measured["rain"] / measured["no_rain"] - 1.0,
        float(np.median(here[wet])),
    )


def without(direction: Direction, noise: bool = False, antenna: bool = False) -> Direction:
    """Leave parts of the user link's loss in rain out."""
    user = direction.user
    if noise:
        user = tuple(dataclasses.replace(s, hop=dataclasses.replace(s.hop, rain_temperature_k=0.0)) for s in user)
    if antenna:
        user = tuple(dataclasses.replace(side, wet=(0.0, 1.0)) for side in user)
    return dataclasses.replace(direction, user=user)


def rain_table(predictor: Predictor) -> list[str]:
    """Rows of the table of the loss in rain."""
    found = rain(predictor)
    lines = ["| part, added to those above | median in rain over dry |", "|---|---|"]
    lines += [f"| {name} | {100.0 * value:+.1f} % |" for name, value in found.parts.items()]
    return [*lines, f"| measured (both sites of the study) | {100.0 * found.seen:+.1f} % |"]


def sinr_db(predictor: Predictor) -> tuple[Floats, Floats]:
    """C/N at the satellites that served a dish at Victoria, clear sky, and the SINR that it reported, dB."""
    folder = predictor.data / "measured"
    served = read(folder / "leoviz_victoria_serving_satellite_2025-04-15.csv")
    azimuth, elevation, distance_km = (column(served, key) for key in ("Azimuth", "Elevation", "Distance"))
    axis, up = np.radians(62.6), np.radians(elevation)
    cosine = np.sin(up) * np.sin(axis) + np.cos(up) * np.cos(axis) * np.cos(np.radians(azimuth))
    down = radio_of(predictor.sample(GARCHING).prepared).down  # the standard dish, as everywhere
    path = make_path(distance_km * 1e3, receive_scan_deg=np.degrees(np.arccos(cosine)))
    said = hop_rates(down.user[0].hop, path, down.profile).c_n_db
    return said, column(read(folder / "leoviz_victoria_grpc_status_2025-04-15.csv"), "sinr")


def sinr_table(predictor: Predictor) -> list[str]:
    """Rows of the table of SINR."""
    said, seen = sinr_db(predictor)
    rows_ = [
        f"| {name} | " + " | ".join(f"{q:.1f}" for q in np.percentile(values, (0, *LEVELS, 100))) + " |"
        for name, values in (("predicted, clear sky", said), ("reported by the dish", seen))
    ]
    return ["| dB | min | p5 | p25 | p50 | p75 | p95 | max |", "|---|---|---|---|---|---|---|---|", *rows_]


class Country(NamedTuple):
    """Ukraine in May 2022, Gbit/s: mean traffic, that of the busiest hour, and what the simulated country can carry."""

    traffic: float
    busy: float
    capacity: Floats


DAY_GB = 7000.0
TERMINALS = 10_000


def country(shared: Path, slots: int = 24) -> Country:
    """Traffic of the country over its simulated capacity: what 10,000 terminals get that ask without end."""
    overrides: dict[str, Any] = {
        "time.start": "2022-05-05T00:00:00Z", "time.duration": "24h", "terminals.total": TERMINALS,
        "constellation.source": "elements", "access.era": "2022-05-02",
        "constellation.elements": str((shared / "data" / "elements" / ELEMENTS_2022).resolve()),
        "demand.down_kbps_per_user": 1e6,
    }  # fmt: skip
    # Its events are of October; those without a start would hold in May, too.
    quiet = load_scenario("ukraine-2022", overrides).model_copy(update={"disruptions": ()})
    prepared = prepare(quiet, seeds=1)
    every = len(prepared.slots) // slots
    found = []
    for slot in prepared.slots[::every]:
        block, _ = advance(prepared, State(), [slot], 2)
        down, _ = block_rates(prepared, block)
        assert down is not None
        found.append(1e-9 * float(down.served_bps.sum()))
    mean = DAY_GB * 8.0 / 86_400.0
    return Country(mean, mean * float(CURVE.max() / CURVE.mean()), np.array(found))


def country_table(shared: Path) -> list[str]:
    """Rows of the table of the country."""
    found = country(shared)
    median = float(np.median(found.capacity))
    return [
        "| Ukraine, May 2022 | Gbit/s | of the capacity |",
        "|---|---|---|",
        f"| traffic, mean of the day ({DAY_GB:,.0f} GB) | {found.traffic:.2f} | {100 * found.traffic / median:.1f} % |",
        f"| traffic, busiest hour of the assumed curve | {found.busy:.2f} | {100 * found.busy / median:.1f} % |",
        f"| simulated capacity, median of the day's slots | {median:.1f} | 100 % |",
        f"| simulated capacity, least and most | {found.capacity.min():.1f} to {found.capacity.max():.1f} | |",
    ]


BULK_BIT_S = {"down": 320e6, "up": 17e6}
"""Rates at which the queues are driven: medians of Garching 2023 and of Louvain 2021-22."""


def queue_table(shared: Path) -> list[str]:
    """Rows of the table of waits that a bulk transfer adds, ms."""
    bulk = read(shared / "data" / "measured" / "tum_garching_bulk_download_1s_2023-07-05.csv")
    ping = column(bulk, "pop_ping_latency_ms")
    lines = ["| queue | down, p50 | down, p95 | up, p50 | up, p95 |", "|---|---|---|---|---|"]
    for name in queue_names():
        queues, cells = access_queues(name), []
        for way, rate in BULK_BIT_S.items():
            wait = loaded_waits(getattr(queues, way), [rate], probability=(0.5, 0.95)).wait_s[0]
            cells += [f"{1e3 * value:.1f}" for value in wait]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    seen = f"the dish's ping: {np.median(ping[ping > 0.0]):.0f} in all"
    return [*lines, f"| measured | {seen} | - | - | 400, reported in 2021 |"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, help="folder of third-party validation data")
    parser.add_argument("--weather", type=Path, default=WEATHER, help="climate of places, from tools/build_weather.py")
    given = parser.parse_args()
    predictor = Predictor(given.shared, given.weather)
    print("Rate of one terminal, Mbit/s, predicted / measured (gap), percentiles:\n")
    print("\n".join(rate_table(predictor)))
    found = hours(predictor)
    print("\nBest hour over worst, download medians at Osnabrück: ", end="")
    print(f"{found.said:.2f} predicted, {found.seen:.2f} measured.")
    print("The measured ratio asks for a load of ", end="")
    print(f"{found.implied_load:.2f} at the busiest hour and {found.implied_mbit_s:.0f} Mbit/s in an empty beam.")
    print("\nDownload in rain at Osnabrück:\n")
    print("\n".join(rain_table(predictor)))
    print("\nSINR of a dish at Victoria, April 2025:\n")
    print("\n".join(sinr_table(predictor)))
    print("\nWait that a bulk transfer adds, ms, at 320 Mbit/s down and 17 Mbit/s up:\n")
    print("\n".join(queue_table(given.shared)))
    print("\nThe country's traffic:\n")
    print("\n".join(country_table(given.shared)))


if __name__ == "__main__":
    main()
