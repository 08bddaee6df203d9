"""What the page's section on services shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bentpipe.report import charts, plainservices, servicecharts
from bentpipe.report.measures import RegionRow, ratio
from bentpipe.report.reading import Reading
from bentpipe.report.servicereading import WORDS, Service, Services
from bentpipe.report.wording import percent, utc

if TYPE_CHECKING:
    from markupsafe import Markup

SITES = 100
"""Sites listed at most; the run's own files hold the rest."""


@dataclass(frozen=True)
class ServiceRow:
    """One service: what it needs, in words, and shares of the terminal users (NaN where there are none)."""

    service: Service
    needs: str
    limits: str
    works: float
    degraded: float
    connected_fails: float
    worst: float
    worst_at: str


@dataclass(frozen=True)
class SiteCell:
    """One service at one site: its verdict in most slots, the shares of time, and its measure in the median."""

    verdict: str
    kind: int
    works: float
    degraded: float
    measure: str
    rank: float


def services_context(
    reading: Reading, rows: tuple[RegionRow, ...], stamp: str, markup: type[Markup]
) -> dict[str, Any] | None:
    """Return what the template needs to show the services.

    Parameters
    ----------
    reading : Reading
        The run.
    rows : tuple of RegionRow
        Its regions, worst off first.
    stamp : str
        The word written on the figures.
    markup : type
        markupsafe's mark of finished markup.

    Returns
    -------
    dict or None
        None where nothing is judged.
    """
    services = reading.services
    if services is None or not len(reading.times):
        return None
    users = float(reading.regions.users.sum())
    strips = ""
    if users > 0:
        strips = "".join(servicecharts.region_strips(reading, services, rows, size, stamp) for size in charts.SIZES)
    sites = [(name, _site_cells(services, s)) for s, name in enumerate(reading.sites.names[:SITES])]
    return {
        "rows": [_service_row(reading, services, i) for i in range(len(services.services))],
        "users": users,
        "strips": markup(strips),
        "patterns": markup(servicecharts.pattern_defs()),
        "regions_shown": min(sum(row.users > 0 for row in rows), charts.HEATMAP_ROWS),
        "regions_all": sum(row.users > 0 for row in rows),
        "region_rows": _region_rows(reading, services, rows) if users > 0 else [],
        "sites": sites,
        "sites_unlisted": max(len(reading.sites.names) - SITES, 0),
        "lines": plainservices.service_lines(reading, services)[1:] if users > 0 else [],
        "followed": _followed_rows(reading, services, rows) if users > 0 else [],
        "poll": services.poll,
        "conference": services.conference,
        "server_ms": 1e3 * float(services.inputs.get("server_rtt_s", 0.0)),
        "loss_modelled": bool(services.inputs.get("loss_modelled", True)),
        "rates": bool(services.inputs.get("rates", True)),
    }


def _limits(service: Service) -> str:
    parts = []
    if service.one_way_s is not None:
        parts.append(f"one way ≤ {1e3 * service.one_way_s[0]:g} and {1e3 * service.one_way_s[1]:g} ms")
    if service.loss is not None:
        parts.append(f"loss ≤ {percent(service.loss[0])} and {percent(service.loss[1])}")
    return ", ".join(parts)


def _service_row(reading: Reading, services: Services, i: int) -> ServiceRow:
    service, terminals = services.services[i], float(reading.regions.terminals.sum())
    works, degraded = services.works[:, i], services.degraded[:, i]
    connected = float(reading.regions.connected.sum(axis=1).mean())
    worst = int(np.argmin(works))
    fails = connected - float(works.mean()) - float(degraded.mean())
    return ServiceRow(
        service,
        plainservices.threshold_words(service),
        _limits(service),
        ratio(float(works.mean()), terminals),
        ratio(float(degraded.mean()), terminals),
        ratio(fails, terminals),
        ratio(float(works[worst]), terminals),
        utc(reading.times[worst], "s"),
    )


def _region_rows(
    reading: Reading, services: Services, rows: tuple[RegionRow, ...]
) -> list[tuple[str, list[tuple[float, float]]]]:
    """Shares of each region's terminal users by service: works, and degraded."""
    works, degraded = services.by_region()
    order = {name: i for i, name in enumerate(reading.regions.names)}
    found = []
    for row in rows:
        r, total = order[row.name], float(reading.regions.terminals[order[row.name]])
        if total > 0:
            pairs = [(float(w) / total, float(d) / total) for w, d in zip(works[r], degraded[r], strict=True)]
            found.append((row.name, pairs))
    return found


def _followed_rows(
    reading: Reading, services: Services, rows: tuple[RegionRow, ...]
) -> list[tuple[str, float, list[float]]]:
    """Shares of each region's terminal users who can vote, and whose conference holds."""
    order, each = {name: i for i, name in enumerate(reading.regions.names)}, plainservices.per_terminal(reading)
    columns = [(services.poll, name) for name in ("at_once", "soon", "before_it_closes", "able_once")]
    columns.append((services.conference, "held"))
    found = []
    for row in rows:
        r = order[row.name]
        known = next((f for f, _ in columns if f is not None), None)
        if known is None or not known.regions["terminals"][r] > 0:
            continue
        shares = [ratio(f.regions[name][r], f.regions["terminals"][r]) for f, name in columns if f is not None]
        found.append((row.name, each * known.regions["terminals"][r], shares))
    return found


def _site_cells(services: Services, site: int) -> list[SiteCell]:
    cells = []
    for i, service in enumerate(services.services):
        share = services.site_share[site, i]
        # In the median slot: half of the time it is this good or better.
        kind = 2 if share[2] >= 0.5 else 1 if share[2] + share[1] >= 0.5 else 0
        value = float(services.site_measure[site, i, 1])
        words = plainservices.measure_words(service, value)
        cells.append(SiteCell(WORDS[kind], kind, float(share[2]), float(share[1]), words, float(share[2])))
    return cells
