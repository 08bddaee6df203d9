"""A made-up finished run with the variables of the results contract, for the report's own tests.

Nothing here is simulated: the numbers only have the right shapes, units and rough sizes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h3
import numpy as np
import xarray

OUTLINE = [
    (51.5, 23.6), (51.9, 25.5), (51.4, 28.5), (51.5, 30.6), (52.3, 32.4), (52.3, 33.9), (51.2, 35.1), (50.4, 36.4),
    (49.9, 38.9), (49.0, 40.1), (47.9, 39.7), (47.1, 38.2), (46.7, 36.2), (46.1, 34.8), (46.2, 33.4), (46.5, 31.6),
    (45.4, 29.7), (45.5, 28.3), (46.4, 30.1), (48.2, 28.9), (48.4, 27.5), (47.9, 26.0), (48.0, 24.6), (48.3, 22.4),
    (49.1, 22.6), (50.3, 23.6),
]  # fmt: skip
REGIONS = {
    "UA-30": ("Kyiv", 50.45, 30.52, 2.95e6),
    "UA-46": ("Lviv Oblast", 49.84, 24.03, 2.48e6),
    "UA-51": ("Odesa Oblast", 46.6, 30.7, 2.35e6),
    "UA-63": ("Kharkiv Oblast", 49.8, 36.4, 2.6e6),
    "UA-14": ("Donetsk Oblast", 48.0, 37.8, 4.06e6),
    "UA-65": ("Kherson Oblast", 46.7, 33.4, 1.0e6),
    "UA-12": ("Dnipropetrovsk Oblast", 48.4, 34.9, 3.1e6),
    "UA-23": ("Zaporizhzhia Oblast", 47.3, 35.6, 1.64e6),
    "UA-18": ("Zhytomyr Oblast", 50.4, 28.3, 1.18e6),
    "UA-05": ("Vinnytsia Oblast", 49.0, 28.6, 1.51e6),
    "UA-74": ("Chernihiv Oblast", 51.4, 32.0, 0.96e6),
    "UA-53": ("Poltava Oblast", 49.6, 33.8, 1.35e6),
    "UA-71": ("Cherkasy Oblast", 49.2, 31.4, 1.16e6),
    "UA-48": ("Mykolaiv Oblast", 47.4, 31.8, 1.09e6),
    "UA-09": ("Luhansk Oblast", 48.9, 39.0, 2.1e6),
    "UA-56": ("Rivne Oblast", 51.0, 26.3, 1.14e6),
}
GATEWAYS = {
    "wola-krobowska": ("Wola Krobowska", 51.864, 20.921),
    "kaunas": ("Kaunas", 54.879, 23.842),
    "muallim": ("Muallim", 40.789, 29.509),
    "usingen": ("Usingen", 50.330, 8.471),
}
SEGMENTS = ("user_link", "feeder_link", "fibre", "access_frame", "access_scheduling", "access_load")
SEGMENT_MS = (7.6, 8.1, 9.4, 1.3, 8.2, 5.1)
FIRST_SLOT = 48_000_000
START = np.datetime64("2022-10-24T00:00:12", "ms")


@dataclass(frozen=True)
class MadeUpRun:
    """The three attributes a report reads."""

    path: Path
    manifest: dict[str, Any]
    dataset: xarray.Dataset
    scenario: object = field(default=None)


def make_run(
    path: Path,
    *,
    slots: int = 300,
    slot_s: float = 15.0,
    resolution: int = 4,
    regions: int = 5,
    sites: int = 8,
    gateways: int = 4,
    events: int = 5,
    seeds: int = 10,
    outage: bool = False,
    cells: list[str] | None = None,
    rates: bool = True,
    uplink: bool = True,
    start: np.datetime64 = START,
) -> MadeUpRun:
    """Make a run of the given size; `outage` serves nobody at all; without `rates`, it is one with rates off."""
    rng = np.random.default_rng(7)
    codes = list(REGIONS)[:regions]
    if cells is None:
        cells = sorted(h3.h3shape_to_cells(h3.LatLngPoly(OUTLINE), resolution)) if regions else []
    place = np.array([h3.cell_to_latlng(c) for c in cells]).reshape(-1, 2)
    where = np.array([REGIONS[c][1:3] for c in codes]).reshape(-1, 2)
    near = np.hypot(place[:, None, 0] - where[None, :, 0], 0.65 * (place[:, None, 1] - where[None, :, 1]))
    region = near.argmin(axis=1) if len(cells) and regions else np.full(len(cells), -1)
    count, R, G, S = len(cells), len(codes), gateways, sites
    crowded = np.exp(-near.min(axis=1, initial=9)) * (rng.random(count) > 0.22)
    terminals = (rng.exponential(8, count) * crowded).astype(int) * 5
    times = start + (np.arange(slots) * round(slot_s * 1e3)).astype("timedelta64[ms]")
    phase = np.arange(slots) / max(slots, 2)

    capacity = rng.random((slots, count)) < (0.995 - 0.1 * (phase[:, None] > 0.7))
    served = capacity & (not outage)
    power = np.ones((slots, count))
    if events:
        power = 1 - 0.45 * ((phase[:, None] > 0.35) & (phase[:, None] < 0.8)) * ((region % 3) != 1)
        power = power * (1 - 0.08 * rng.random((slots, count)))
    powered = np.floor(terminals * power).astype(np.int64)
    connected = powered * served
    by_region = np.zeros((count, R), dtype=np.int64)
    by_region[np.arange(count), region] = 1 if count else 0
    rtt = (0.040 + 0.004 * rng.standard_normal((slots, count)) + 0.008 * rng.random((slots, count)) ** 4).astype("f4")
    rtt[~served] = np.nan

    names = [REGIONS[c][0] for c in codes]
    gate = list(GATEWAYS)[:G]
    gate_place = np.array([GATEWAYS[g][1:] for g in gate]).reshape(-1, 2)
    available = np.full((slots, G), 8)
    if events and G:
        available[:, 0] = np.where((phase > 0.5) & (phase < 0.65), 0, 8)
    in_use = np.minimum(rng.poisson(5.5, (slots, G)), available)
    site_place = where[np.arange(S) % max(R, 1)] + rng.normal(0, 0.3, (S, 2)) if R else np.tile((48.5, 31.2), (S, 1))
    site_served = (rng.random((slots, S)) < 0.98) & (not outage)
    segment = np.array(SEGMENT_MS)[None, None, :] * 1e-3 * (1 + 0.12 * rng.standard_normal((slots, S, 6)))
    site_rtt = np.where(site_served, segment.sum(axis=2), np.nan)
    masks, rows = _events(events, times, slots, slot_s, codes)
    sampled = (
        np.unique(np.linspace(0, slots - 1, min(96, slots)).round().astype(int)) if slots else np.zeros(0, dtype=int)
    )
    region_connected = connected @ by_region
    replica = region_connected[sampled][:, None, :] * (1 - 0.02 * rng.random((1, seeds, R)))

    data = xarray.Dataset(
        {
            "region_of_cell": ("cell", region.astype(np.int32)),
            "population": ("cell", terminals * 1000.0),
            "terminals": ("cell", terminals.astype(np.int32)),
            "served": (("slot", "cell"), served),
            "reachable": (("slot", "cell"), np.ones_like(served)),
            "rtt_s": (("slot", "cell"), rtt),
            "terminals_connected": (("slot", "cell"), connected.astype(np.int32)),
            "site_served": (("slot", "site"), site_served),
            "site_connected": (("slot", "site"), site_served & (rng.random((slots, S)) < 0.8)),
            "site_serving_satellite": (("slot", "site"), rng.integers(0, 3, (slots, S)).astype(np.int32)),
            "site_rtt_s": (("slot", "site"), site_rtt.astype("f4")),
            "site_rtt_p95_s": (("slot", "site"), (site_rtt * 1.4).astype("f4")),
            "site_loss": (("slot", "site"), np.where(site_served, 0.004, np.nan).astype("f4")),
            "site_segment_s": (
                ("slot", "site", "segment"),
                np.where(site_served[:, :, None], segment, np.nan).astype("f4"),
            ),
            "gateway_antennas_in_use": (("slot", "gateway"), in_use.astype(np.int16)),
            "gateway_antennas": (("slot", "gateway"), available.astype(np.int16)),
            "region_terminals_connected": (("slot", "region"), region_connected),
            "region_terminals_powered": (("slot", "region"), powered @ by_region),
            "region_terminals_served": (("slot", "region"), (terminals * served) @ by_region),
            "region_cells_served": (("slot", "region"), (served @ by_region).astype(np.int32)),
            "region_cells_reachable": (("slot", "region"), np.tile(by_region.sum(axis=0), (slots, 1)).astype(np.int32)),
            "region_terrestrial_down": (("slot", "region"), 0.5 * (rng.random((slots, R)) < 0.1).astype("f4")),
            "satellites_tracked": ("slot", np.full(slots, 3171, dtype=np.int32)),
            "handovers": ("slot", rng.poisson(0.7 * count, slots).astype(np.int32)),
            "event_active": (("slot", "event"), masks),
            "replica_terminals_connected": (("sample", "replica", "region"), replica.astype(np.int64)),
            "region_population": ("region", np.array([REGIONS[c][3] for c in codes], dtype=float)),
            "region_terminals": ("region", (terminals @ by_region).astype(np.int64)),
        },
        coords={
            "time": ("slot", times.astype("datetime64[ns]")),
            "slot": FIRST_SLOT + np.arange(slots),
            "cell": np.array(cells, dtype=np.str_),
            "latitude_deg": ("cell", place[:, 0]),
            "longitude_deg": ("cell", place[:, 1]),
            "region": np.array(codes, dtype=np.str_),
            "region_name": ("region", names),
            "gateway": np.array(gate, dtype=np.str_),
            "gateway_name": ("gateway", [GATEWAYS[g][0] for g in gate]),
            "gateway_latitude_deg": ("gateway", gate_place[:, 0]),
            "gateway_longitude_deg": ("gateway", gate_place[:, 1]),
            "site": [f"site-{i + 1}" for i in range(S)],
            "site_name": ("site", [f"Hospital no. {i + 1}" for i in range(S)]),
            "site_kind": ("site", ["hospital"] * S),
            "site_region": ("site", [codes[i % R] if R else "" for i in range(S)]),
            "site_latitude_deg": ("site", site_place[:, 0]),
            "site_longitude_deg": ("site", site_place[:, 1]),
            "segment": list(SEGMENTS),
            "event": [r["id"] for r in rows],
            "sample_slot": ("sample", FIRST_SLOT + sampled),
            "sample_index": ("sample", sampled),
        },
        attrs={"users_per_terminal": 15.0},
    )
    if rates:
        data = data.assign(_rates(rng, data, terminals * power, by_region, uplink))
    grid = {"interval_s": slot_s, "origin": FIRST_SLOT - 40, "start": FIRST_SLOT, "stop": FIRST_SLOT + slots}
    return MadeUpRun(path, {**_manifest(rows, seeds, rates, uplink), "grid": grid}, data)


def _rates(rng: Any, data: xarray.Dataset, ready: Any, by_region: Any, uplink: bool) -> dict[str, Any]:
    """Rates of the right shapes and sizes: cells of more than 20 terminals are cut by beam time, a few by the rest."""
    sizes, online = data.sizes, data["terminals_connected"].values
    cells, sites = (sizes["slot"], sizes["cell"]), (sizes["slot"], sizes["site"])
    rain = np.where(data["served"].values, rng.exponential(0.25, cells), np.nan)
    site_served = data["site_served"].values
    out: dict[str, Any] = {
        "rain_loss_db": (("slot", "cell"), rain.astype("f4")),
        "site_rain_loss_db": (("slot", "site"), np.where(site_served, 0.3, np.nan).astype("f4")),
    }
    for way, each, channel in (("down", 2e6, 764e6), ("up", 2e5, 33e6)):
        there = uplink or way == "down"
        limit = np.where(online > 20, rng.choice([2, 3, 3, 3, 4, 5], cells), 1) * (online > 0) * there
        offered = ready * each * there
        given = np.where(limit > 1, 0.6, 1.0) * online * each * there
        peak = np.where(
            data["served"].values, channel * rng.random(cells) * 10 ** (-0.05 * np.nan_to_num(rain)), np.nan
        )
        through = rng.random((sizes["slot"], sizes["gateway"])) * given.sum() / max(given.size, 1)
        site_peak = np.where(site_served, 0.5 * channel * (1 + rng.random(sites)), np.nan)
        out |= {
            f"rate_{way}_bit_s": (("slot", "cell"), np.where(there, given, np.nan).astype("f4")),
            f"peak_{way}_bit_s": (("slot", "cell"), np.where(there, peak, np.nan).astype("f4")),
            f"limit_{way}": (("slot", "cell"), limit.astype(np.int8)),
            f"site_rate_{way}_bit_s": (("slot", "site"), np.where(site_served & there, each, np.nan).astype("f4")),
            f"site_peak_{way}_bit_s": (("slot", "site"), np.where(there, site_peak, np.nan).astype("f4")),
            f"site_limit_{way}": (("slot", "site"), (site_served & there).astype(np.int8)),
            f"region_offered_{way}_bit_s": (("slot", "region"), (offered @ by_region).astype(np.int64)),
            f"region_rate_{way}_bit_s": (("slot", "region"), (given @ by_region).astype(np.int64)),
            f"gateway_{way}_bit_s": (("slot", "gateway"), through.astype(np.int64)),
        }
    return out


def _events(count: int, times: Any, slots: int, slot_s: float, codes: list[str]) -> tuple[Any, list[dict[str, Any]]]:
    spans = [
        ("power-cut", "Rolling power cuts after strikes on the grid", 0.35, 0.8, "documented", codes[::2]),
        ("gateway-loss", "Gateway Wola Krobowska is lost", 0.5, 0.65, "hypothetical", []),
        ("terminals-cut-off", "1,300 terminals are cut off", 0.4, 1.0, "documented", codes[:1]),
        ("terrestrial-outage", "Terrestrial networks down along the front", 0.0, 1.0, "documented", codes[2:4]),
        ("satellite-loss", "One plane is lost", 0.9, 0.93, "hypothetical", []),
    ][:count]
    masks = np.zeros((slots, len(spans)), dtype=bool)
    rows = []
    for i, (kind, title, a, b, tag, regions) in enumerate(spans):
        first, last = round(a * slots), max(round(b * slots), round(a * slots) + 1)
        masks[first:last, i] = True
        step = np.timedelta64(round(slot_s * 1e3), "ms")
        begin = times[0] + first * step if slots else START
        stop = times[0] + min(last, slots) * step if slots else START
        rows.append(
            {
                "id": kind, "kind": kind, "title": title, "tag": tag, "regions": regions,
                "start_utc": f"{begin}Z", "end_utc": f"{stop}Z",
                "source": "press report of 2022-10-25", "changed": "",
            }
        )  # fmt: skip
    return masks, rows


def _manifest(rows: list[dict[str, Any]], seeds: int, rates: bool, uplink: bool) -> dict[str, Any]:
    assumptions = [
        ("terminals.total", 10000, "terminals", "documented", "press report", "2022-05-02", ""),
        (
            "terminals.users_per_terminal",
            15,
            "users a terminal",
            "assumed",
            "ratio of two press figures",
            "2022-05-02",
            "",
        ),
        ("people.total", 41.2e6, "people", "documented", "state statistics", "2022-01-01", "ignores displacement"),
        ("satellite.beams", 16, "beams", "documented", "filing", "2021", ""),
        ("satellite.cells_per_beam", 16, "cells", "assumed", "beam hopping, not published", "", ""),
        ("gateways.wola-krobowska.antennas", 8, "antennas", "assumed", "community map", "2023-10-10", "state in 2022"),
        ("disruptions.power-cut.share", 0.45, "", "assumed", "reports of rolling cuts", "2022-10", ""),
        ("access.load", 0.5, "", "assumed", "", "", ""),
        ("fibre.route_factor", 1.4, "", "assumed", "", "", ""),
        ("disruptions.gateway-loss.target", "wola-krobowska", "", "hypothetical", "what if", "", ""),
        ("dishes.standard.minimum_elevation_deg", 25, "degrees", "documented", "filing", "2021", ""),
        ("demand.down_kbps_per_user", 133, "kbit/s", "assumed", "", "", ""),
        ("radio.user-down-standard.g_t_db_k", 9.2, "dB/K", "recalled", "filing", "", ""),
    ]
    return {
        "schema": 1,
        "name": "ukraine-2022",
        "title": "Ukraine, October 2022",
        "identity": "9f2c4be1a07755d3c1aa",
        "created_utc": "2026-09-01T10:00:00Z",
        "bentpipe": "0.1.0",
        "complete": True,
        "hypothetical": any(r["tag"] == "hypothetical" for r in rows),
        "question": "Who stays connected by satellite while the power is cut and the ground networks are down?",
        "assumptions": [
            dict(zip(("key", "value", "unit", "tag", "source", "date", "note"), a, strict=True)) for a in assumptions
        ],
        "data": [
            {
                "name": "Starlink elements", "kind": "elements", "date": "2022-10-24", "sha256": "ab" * 32,
                "source": "tracking catalogue", "note": "3,171 satellites",
            },
            {
                "name": "Regions", "kind": "geodata", "date": "2021", "sha256": "cd" * 32,
                "source": "Natural Earth", "note": "public domain",
            },
        ],
        "warnings": ["Population of 2022-01-01 ignores people displaced since."],
        "versions": {"numpy": np.__version__, "xarray": xarray.__version__},
        "rates": None if not rates else {
            "sharing": "single-satellite", "operator": "starlink", "weather": "series", "exceeded_percent": None,
            "uplink": uplink, "uplink_missing": "" if uplink else "no rates from users: no figures of the uplink",
            "down_kbps_per_user": 133.0, "up_kbps_per_user": 13.3, "terminal_duty_up": 0.11,
        },
        "timings": {"orbit": 1.2, "geometry": 2.5, "network": 3.1},
        "seeds": list(range(1, seeds + 1)),
        "constellation": {
            "operator": "starlink", "source": "on-station", "date": "2022-10-24",
            "satellites": 3171, "in_service": 2760,
            "shells": [{"name": "550 km 53.0°", "count": 1457}, {"name": "540 km 53.2°", "count": 1068}],
        },
        "events": rows,
    }  # fmt: skip
