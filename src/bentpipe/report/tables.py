"""The tables of the report that are not in `measures`: over time, gateways, sites, measured places."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from bentpipe.earth.greatcircle import great_circle_m
from bentpipe.report import measures
from bentpipe.report.delaycharts import site_quantiles
from bentpipe.report.map import region_middle
from bentpipe.report.reading import Reading
from bentpipe.report.svg import bins, means
from bentpipe.report.wording import count, significant

TIME_ROWS = 24
LISTED = 300
"""Sites and gateways listed at most; the run's own files hold the rest."""


@dataclass(frozen=True)
class TimeRow:
    """Means over one stretch of the run, in terminal users and cells."""

    start: np.datetime64
    connected: float
    powered: float
    served: float
    handovers: float
    cells_served: float


@dataclass(frozen=True)
class GatewayRow:
    """Antennas of one gateway: mean in use, most in use, mean available, share of the slots with all in use."""

    name: str
    mean: float
    peak: int
    available: float
    full_share: float
    down_s: float


@dataclass(frozen=True)
class SiteRow:
    """One named site; the place is its region unless exact positions are asked for."""

    name: str
    kind: str
    place: str
    connected_share: float
    served_share: float
    delay_p50_s: float
    delay_p95_s: float
    loss: float
    handovers_per_hour: float
    nearest: str


@dataclass(frozen=True)
class MeasuredSite:
    """A place whose published measurements the delay model was compared with."""

    name: str
    country: str
    latitude_deg: float
    longitude_deg: float
    when: str
    probe: str


def time_rows(reading: Reading) -> tuple[TimeRow, ...]:
    """Return the timeline as a table of at most TIME_ROWS rows."""
    cuts = bins(len(reading.times), TIME_ROWS)
    regions = reading.regions
    columns = [
        means(values, cuts)
        for values in (
            measures.users(reading, regions.connected),
            measures.users(reading, regions.powered),
            measures.users(reading, regions.served),
            reading.handovers.astype(np.float64),
            regions.cells_served.sum(axis=1).astype(np.float64),
        )
    ]
    return tuple(TimeRow(reading.times[a], *(float(column[i]) for column in columns)) for i, (a, _) in enumerate(cuts))


def gateway_rows(reading: Reading) -> tuple[GatewayRow, ...]:
    """Return the gateways, busiest first."""
    gateways, rows = reading.gateways, []
    slots = max(len(reading.times), 1)
    for g, name in enumerate(gateways.names):
        use, have = gateways.in_use[:, g], gateways.available[:, g]
        rows.append(
            GatewayRow(
                name=name,
                mean=float(use.sum()) / slots,
                peak=int(use.max(initial=0)),
                available=float(have.sum()) / slots,
                full_share=float(((use >= have) & (have > 0)).sum()) / slots,
                down_s=float((have == 0).sum()) * reading.slot_s,
            )
        )
    return tuple(sorted(rows, key=lambda r: (-r.mean, r.name)))


def site_rows(reading: Reading, exact_sites: bool) -> tuple[SiteRow, ...]:
    """Return the named sites in the order of the scenario."""
    sites, measured = reading.sites, measured_sites()
    p50, p95 = site_quantiles(reading)
    slots = max(len(reading.times), 1)
    hours = max(reading.span_s / 3600, 1e-9)
    names = dict(zip(reading.regions.codes, reading.regions.names, strict=True))
    rows = []
    for i, name in enumerate(sites.names):
        place = names.get(sites.regions[i], "position not shown")
        if exact_sites:
            place = f"{sites.latitude_deg[i]:.4f}°, {sites.longitude_deg[i]:.4f}°"
        known = sites.loss[np.isfinite(sites.loss[:, i]), i]
        rows.append(
            SiteRow(
                name=name,
                kind=sites.kinds[i],
                place=place,
                connected_share=float(sites.connected[:, i].sum()) / slots,
                served_share=float(sites.served[:, i].sum()) / slots,
                delay_p50_s=float(p50[i]),
                delay_p95_s=float(p95[i]),
                loss=float(known.mean()) if known.size else float("nan"),
                handovers_per_hour=float(sites.handovers[i]) / hours,
                nearest=_nearest_words(reading, i, exact_sites, measured),
            )
        )
    return tuple(rows)


def _nearest_words(reading: Reading, site: int, exact: bool, measured: tuple[MeasuredSite, ...]) -> str:
    """Say how far the nearest measured place is; from the middle of the region unless exact."""
    sites = reading.sites
    if exact:
        place: tuple[float, float] | None = (float(sites.latitude_deg[site]), float(sites.longitude_deg[site]))
    elif sites.regions[site] in reading.regions.codes:
        place = region_middle(reading, reading.regions.codes.index(sites.regions[site]))
    else:
        place = None
    if place is None or not np.isfinite(place).all():
        return "not shown"
    found, distance = nearest(place, measured)
    return f"{found.name}, {count(significant(distance / 1e3, 2))} km"


def measured_sites() -> tuple[MeasuredSite, ...]:
    """Return the measured places; coordinates are those of the town, to about 1 km."""
    text = files("bentpipe.report").joinpath("measured_sites.csv").read_text(encoding="utf-8")
    return tuple(
        MeasuredSite(
            name=row["name"],
            country=row["country"],
            latitude_deg=float(row["latitude_deg"]),
            longitude_deg=float(row["longitude_deg"]),
            when=row["when"],
            probe=row["probe"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def nearest(place: tuple[float, float], measured: tuple[MeasuredSite, ...]) -> tuple[MeasuredSite, float]:
    """Return the measured site nearest a place (latitude, longitude in degrees) and its distance in m."""
    lat, lon = np.array([m.latitude_deg for m in measured]), np.array([m.longitude_deg for m in measured])
    distances = great_circle_m(place[0], place[1], lat, lon)
    best = int(distances.argmin())
    return measured[best], float(distances[best])


def nearest_to_territory(reading: Reading) -> tuple[MeasuredSite, float, float] | None:
    """Return the measured site nearest any cell, with the least and the greatest distance to it, in m."""
    cells, measured = reading.cells, measured_sites()
    if not len(cells.ids):
        return None
    spans = [great_circle_m(m.latitude_deg, m.longitude_deg, cells.latitude_deg, cells.longitude_deg) for m in measured]
    best = int(np.argmin([float(s.min()) for s in spans]))
    return measured[best], float(spans[best].min()), float(spans[best].max())
