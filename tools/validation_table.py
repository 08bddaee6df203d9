"""Print the round trips and losses that the model predicts beside those measured, as Markdown tables.

Run as ``python tools/validation_table.py SHARED`` where SHARED is the folder of third-party validation data.
Every place gets the same parameters, those of its date and kind of probe, and the reference load: nothing
here is fitted to a place.
"""

from __future__ import annotations

import argparse
import csv
import math
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from validation_paths import Paths, load_gateways, load_pops, load_sky, nearest_elements, paths

from bentpipe.network.access import REFERENCE_LOAD, access_parameters
from bentpipe.network.delay import SEGMENTS, segments, within_slot_quantile_s
from bentpipe.network.loss import burst_packets, loss_parameters, slot_loss

Floats = NDArray[np.float64]


class Site(NamedTuple):
    """A measured place: degrees, day of the elements and of the access, point of presence where known."""

    name: str
    lat_deg: float
    lon_deg: float
    day: date
    probe: str
    pop: str
    source: str
    remark: str = ""


class Summary(NamedTuple):
    """Round trips, ms; NaN where not known."""

    minimum: float
    p5: float
    p50: float
    p95: float
    mean: float


BUSY_LOAD = 0.75
"""Load taken for what was measured at busy hours: chosen to agree with the published medians of both years."""

BACKBONE = "backbone_traceroute_hop_rtt_2023-24.csv"
SUMMER_2024 = date(2024, 7, 16)

SITES: tuple[Site, ...] = (
    Site(
        "Louvain BE",
        50.67,
        4.61,
        date(2022, 2, 1),
        "dish",
        "FRA",
        "louvain_BE_ookla_speedtests_2021-12_2022-04.csv",
        "mean of several pings, to a server beyond the PoP",
    ),
    Site("Louvain BE", 50.67, 4.61, SUMMER_2024, "traceroute", "", f"{BACKBONE}:louvain-belgium"),
    Site("Victoria CA", 48.46, -123.31, SUMMER_2024, "traceroute", "Seattle", f"{BACKBONE}:victoria-canada"),
    Site("Seattle US", 47.61, -122.33, SUMMER_2024, "traceroute", "Seattle", f"{BACKBONE}:seattle-usa"),
    Site(
        "Salt Lake City US",
        40.76,
        -111.89,
        SUMMER_2024,
        "traceroute",
        "Seattle",
        f"{BACKBONE}:salt-lake-city-usa",
    ),
    Site(
        "Lincoln US",
        40.81,
        -96.70,
        SUMMER_2024,
        "traceroute",
        "",
        f"{BACKBONE}:lincoln-usa",
        "PoP missing in the list",
    ),
    Site("Kanazawa JP", 36.56, 136.66, SUMMER_2024, "traceroute", "Tokyo", f"{BACKBONE}:kanazawa-japan"),
    Site("Accra GH", 5.60, -0.19, SUMMER_2024, "traceroute", "Lagos", f"{BACKBONE}:ghana", "town assumed"),
    Site(
        "Garching DE",
        48.26,
        11.67,
        date(2023, 4, 7),
        "traceroute",
        "FRA",
        "tum_garching_traceroute_hops_2023-04.csv",
    ),
    Site(
        "Garching DE",
        48.26,
        11.67,
        date(2023, 5, 25),
        "dish",
        "FRA",
        "tum_garching_rtt_poping_idle_2023-05-25.csv",
    ),
    Site(
        "Garching DE",
        48.26,
        11.67,
        date(2023, 7, 5),
        "dish",
        "FRA",
        "tum_garching_bulk_download_1s_2023-07-05.csv",
    ),
    Site("Garching DE", 48.26, 11.67, date(2023, 8, 15), "dish", "FRA", "tum_garching_poping_1s_2023-08-15.csv"),
    Site(
        "Osnabrück DE",
        52.27,
        8.05,
        date(2023, 12, 1),
        "traceroute",
        "FRA",
        "wetlinks_Osnabrueck_DE_boxstats.csv",
    ),
    Site(
        "Osnabrück DE",
        52.27,
        8.05,
        date(2024, 5, 1),
        "ping",
        "Frankfurt",
        "osnabrueck_DE_stationary_summary_2024.csv",
    ),
    Site(
        "Victoria CA",
        48.46,
        -123.31,
        date(2025, 4, 15),
        "ping",
        "Seattle",
        "leoviz_victoria_ping_10ms_2025-04-15.csv",
    ),
    Site(
        "Victoria CA",
        48.46,
        -123.31,
        date(2025, 4, 15),
        "dish",
        "Seattle",
        "leoviz_victoria_grpc_status_2025-04-15.csv",
    ),
    Site("France (Paris)", 48.86, 2.35, date(2025, 7, 1), "built-in", "", "ripe_atlas:France"),
    Site("Germany (Frankfurt)", 50.11, 8.68, date(2025, 7, 1), "built-in", "", "ripe_atlas:Germany"),
    Site("Benin (Cotonou)", 6.37, 2.43, date(2025, 7, 1), "built-in", "", "ripe_atlas:Benin"),
    Site(
        "Colombia (Bogotá)",
        4.65,
        -74.08,
        date(2025, 7, 1),
        "built-in",
        "",
        "ripe_atlas:Colombia",
        "gateways missing on the map",
    ),
)
"""Calibration places. The day decides the elements (the nearest set), the era and the map."""

PUBLISHED: tuple[tuple[str, str, float, float, str], ...] = (
    ("BEL", "Brussels", 50.85, 4.35, "FRA"),
    ("CHL", "Santiago", -33.45, -70.67, "SCL"),
    ("DEU", "Frankfurt", 50.11, 8.68, "FRA"),
    ("ESP", "Madrid", 40.42, -3.70, "MAD"),
    ("GBR", "London", 51.51, -0.13, "LON"),
    ("JPN", "Tokyo", 35.68, 139.76, "TYO"),
    ("NGA", "Lagos", 6.45, 3.39, "LOS"),
)
"""Countries with a point of presence of their own in 2023: published national medians, not used in the
fit."""


def numbers(rows: list[dict[str, str]], key: str) -> Floats:
    """Column of a file as floats; what is no number is left out."""
    found = []
    for row in rows:
        try:
            found.append(float(row[key]))
        except (TypeError, ValueError):
            continue
    return np.array(found)


def summary(rtt_ms: Floats) -> Summary:
    """Summary of round trips, ms."""
    low, p5, p50, p95 = (float(q) for q in np.percentile(rtt_ms, [0, 5, 50, 95]))
    return Summary(low, p5, p50, p95, float(rtt_ms.mean()))


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def measured(folder: Path, source: str) -> tuple[Summary, int]:
    """Summary of what was measured, and how many probes it rests on."""
    name, _, part = source.partition(":")
    nan = math.nan
    if name == "ripe_atlas":
        rows = read(folder / "ripe_atlas_bent_pipe_mean_by_country_2025.csv")
        (value,) = (float(r["bent_pipe_latency"]) for r in rows if r["country"] == part)
        return Summary(nan, nan, nan, nan, value), 20_000
    rows = read(folder / name)
    if name.startswith("osnabrueck"):
        (r,) = (r for r in rows if r["dish_plan"] == "standard" and r["quantity"].startswith("rtt"))
        return Summary(float(r["min"]), nan, float(r["p50"]), nan, float(r["mean"])), 200_000
    if name.startswith("wetlinks"):
        (r,) = (r for r in rows if r["quantity"].startswith("bent_pipe"))
        return Summary(float(r["whisker_lo"]), nan, float(r["median"]), nan, nan), 20_000
    if part:
        rtt = numbers([r for r in rows if r["site"] == part and r["hop"] == "2"], "rtt_ms_1")
    elif name.endswith("hops_2023-04.csv"):
        rtt = numbers(rows, "rtt_cgnat_100.64.0.1_ms_1")
    elif name.startswith("louvain"):
        rtt = numbers(rows, "idle_latency_ms")
    elif name.startswith("leoviz_victoria_ping"):
        rtt = numbers(rows, "rtt_ms")
    else:
        rtt = numbers(rows, "popPingLatencyMs" if name.startswith("leoviz") else "pop_ping_latency_ms")
        rtt = rtt[rtt > 0]
    return summary(rtt), rtt.size


class Predictor:
    """Predictions from one folder of validation data; skies and maps are read once."""

    def __init__(self, shared: Path, slots: int = 120) -> None:
        self.data = shared / "data"
        self._sky = cache(lambda path: load_sky(path, slots))
        self.paths = cache(self._paths)

    def _paths(self, site: Site) -> Paths:
        """Paths of a place over slots of a day."""
        sky = self._sky(nearest_elements(self.data / "elements", site.day))
        ground = self.data / "ground"
        return paths(
            site.lat_deg,
            site.lon_deg,
            site.pop,
            sky,
            load_gateways(ground, site.day),
            load_pops(ground, site.day),
        )

    def round_trips_ms(self, site: Site, load: float, probes: int) -> Floats:
        """Round trips of so many probes spread over slots, ms."""
        path = self.paths(site)
        access = access_parameters(site.day, site.probe)
        rng = np.random.default_rng(3)
        # Sixteen draws of the slot offset for each path: the slots of a day are sampled, not the draws.
        draw = rng.uniform(size=(16, path.user_range_m.size))
        parts = segments(path.user_range_m, path.feeder_range_m, path.fibre_route_m, access, load, draw)
        picked = parts.reshape(-1, parts.shape[-1])[rng.integers(draw.size, size=probes)]
        return 1e3 * within_slot_quantile_s(picked, access, rng.uniform(1e-12, 1.0, probes))


def cell(value: float) -> str:
    """Write a number of a table."""
    return "-" if math.isnan(value) else f"{value:.1f}"


def rtt_table(predictor: Predictor, load: float) -> list[str]:
    """Rows of the table of round trips."""
    lines = [
        "| place | date | probe | path p50 | min | p5 | p50 | p95 | mean | remark |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for site in SITES:
        seen, probes = measured(predictor.data / "measured", site.source)
        said = summary(predictor.round_trips_ms(site, load, probes))
        path = predictor.paths(site)
        access = access_parameters(site.day, site.probe)
        on_the_way = [SEGMENTS.index(name) for name in ("user_link", "feeder_link", "fibre")]
        light = segments(*path[:3], access, load, 0.5)[:, on_the_way].sum(axis=1) * 1e3
        pairs = [f"{cell(a)} / {cell(b)}" for a, b in zip(said, seen, strict=True)]
        lines.append(
            f"| {site.name} ({path.pop}) | {site.day} | {site.probe} | {np.median(light):.1f} | "
            + " | ".join(pairs)
            + f" | {site.remark} |"
        )
    return lines


def published_table(predictor: Predictor, load: float) -> list[str]:
    """Rows of the table of published national medians."""
    rows = read(predictor.data / "measured" / "starlink_published_metrics_residential.csv")
    value = {(r["country"], r["month"]): float(r["latency_ms_p50"]) for r in rows}
    lines = ["| country (place taken) | 2023-09 | 2026-09 |", "|---|---|---|"]
    for country, town, lat, lon, pop in PUBLISHED:
        pair = []
        for month, day in (("2023-09", date(2023, 9, 15)), ("2026-09", date(2026, 9, 15))):
            site = Site(town, lat, lon, day, "dish", pop if day.year < 2024 else "", "")
            said = float(np.median(predictor.round_trips_ms(site, load, 4000)))
            pair.append(f"{said:.1f} / {cell(value.get((country, month), math.nan))}")
        lines.append(f"| {country} ({town}) | " + " | ".join(pair) + " |")
    return lines


def loss_table(load: float) -> list[str]:
    """Rows of the table of losses: measured values are those of the files that access and loss name."""
    lines = ["| place | date | loss, % | packets a burst |", "|---|---|---|---|"]
    known = (
        ("Louvain BE, speed tests", date(2022, 2, 1), 0.72, math.nan, 0.8, 0.0),
        ("Osnabrück DE, ping every 15 ms", date(2024, 5, 1), 0.357, 1.97, REFERENCE_LOAD, 15e-3),
        ("Victoria CA, ping every 13 ms", date(2025, 4, 15), 0.18, 9 / 8, REFERENCE_LOAD, 13.4e-3),
    )
    for place, day, ratio, burst, busy, spacing in known:
        parameters = loss_parameters(day)
        # The same satellite is kept over 24 % of slot boundaries (Louvain, 2024-07-17).
        said = 100.0 * float(
            0.76 * slot_loss(parameters, True, busy or load) + 0.24 * slot_loss(parameters, False, busy or load)
        )
        packets = burst_packets(parameters, spacing) if spacing else math.nan
        lines.append(f"| {place} | {day} | {said:.2f} / {ratio:.2f} | {cell(packets)} / {cell(burst)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, help="folder of third-party validation data")
    parser.add_argument("--load", type=float, default=REFERENCE_LOAD, help="load of every beam, 0 to 1")
    given = parser.parse_args()
    predictor = Predictor(given.shared)
    print(f"Round trip to the point of presence, ms, predicted / measured, load {given.load:g}:\n")
    print("\n".join(rtt_table(predictor, given.load)))
    print("\nPublished national medians at busy hours, ms, predicted / published, at a load of")
    print(f"{BUSY_LOAD:g}, the one number chosen on them:\n")
    print("\n".join(published_table(predictor, BUSY_LOAD)))
    print("\nLoss, predicted / measured:\n")
    print("\n".join(loss_table(given.load)))


if __name__ == "__main__":
    main()
