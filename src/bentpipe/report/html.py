"""The report: one HTML file that needs nothing else and may fetch nothing.

Style and script stand in the page and are named in its content security policy by their hashes; whatever the
run carries as text is escaped by the template.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bentpipe.errors import Fault, InputError
from bentpipe.report import (
    assumptions,
    charts,
    delaycharts,
    measures,
    pathsection,
    plain,
    ratesection,
    servicesection,
    tables,
    wording,
)
from bentpipe.report.map import CLASS_LABELS, NUMBERED_REGIONS, draw_map
from bentpipe.report.outlines import Outlines, outlines_for
from bentpipe.report.reading import FinishedRun, Reading, read

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

PAGE_LIMIT_BYTES = 2_000_000
SECTIONS = (
    ("map", "Map"),
    ("time", "Over time"),
    ("regions", "Regions"),
    ("events", "Events"),
    ("delay", "Delay"),
    ("rates", "Rates"),
    ("services", "What people can do"),
    ("gateways", "Gateways"),
    ("inputs", "Inputs"),
    ("data", "Data and provenance"),
)
PATHS = ("paths", "Paths")


def write_report(
    run: FinishedRun, out: str | Path | None = None, exact_sites: bool = False, outlines: Outlines | None = None
) -> Path:
    """Write the report of a finished run as one HTML file.

    Parameters
    ----------
    run : FinishedRun
        An opened run.
    out : str or Path, optional
        Where to write; ``report.html`` in the run's folder when left out.
    exact_sites : bool
        Show the sites' own positions; otherwise each is coarsened to its region.
    outlines : Outlines, optional
        Borders for the map, in degrees; from the geodata and the cells when left out.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        Where `out` is a folder, or lies in one that cannot be written.
    """
    target = Path(out) if out is not None else run.path / "report.html"
    check_target(target)
    return put_page(target, render(read(run), exact_sites=exact_sites, outlines=outlines))


def put_page(target: Path, page: str) -> Path:
    """Write a page so that it is there whole or not at all; returns where."""
    partial = target.with_name(target.name + f".{os.getpid()}.partial")
    try:
        partial.write_text(page, encoding="utf-8", newline="\n")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def check_target(target: Path) -> None:
    """Refuse a place that no file can be written to before the work of making the page.

    Parameters
    ----------
    target : Path
        A file; its folder is made.

    Raises
    ------
    InputError
        Where it is a folder, or lies in one that cannot be written.
    """
    if target.is_dir():
        remedy = f"name a file, such as {target / 'report.html'}"
        raise InputError(Fault("a folder where a file belongs", "--out", str(target), "the name of a file", remedy))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"the report's folder cannot be made: {error.strerror or error}"
        raise InputError(Fault(what, "--out", str(target.parent), remedy="choose another place")) from None
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise InputError(Fault("the report's folder cannot be written", "--out", str(target.parent)))


def render(reading: Reading, exact_sites: bool = False, outlines: Outlines | None = None) -> str:
    """Return the report's HTML: see `write_report`."""
    from markupsafe import Markup

    return fill_page("report.html.j2", _context(reading, exact_sites, outlines, Markup))


def fill_page(template: str, context: dict[str, Any]) -> str:
    """Fill a template of the folder ``page`` with the style, the script, their policy, and what it shows."""
    from markupsafe import Markup

    folder = files("bentpipe.report").joinpath("page")
    style, script = (
        folder.joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n") for name in ("style.css", "page.js")
    )
    return _template(template).render(
        style=Markup(style), script=Markup(script), policy=content_policy(style, script), **context
    )


@lru_cache(maxsize=5)
def _template(name: str) -> Template:
    """Compile a page's template, with every value escaped and a missing one an error."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        percent=wording.percent,
        count=wording.count,
        people=wording.people,
        ms=wording.milliseconds,
        span=wording.duration,
        utc=wording.utc,
        signed=wording.signed,
        rate=wording.bit_rate,
        tag_words=wording.tag_words,
        plural=wording.plural,
        finite=_finite,
        clipped=wording.clipped,
    )
    text = files("bentpipe.report").joinpath("page", name).read_text(encoding="utf-8")
    return environment.from_string(text)


def content_policy(style: str, script: str) -> str:
    """Return the page's content security policy: nothing is fetched, only this style and script apply."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _finite(value: float) -> bool:
    return bool(np.isfinite(value))


def _context(reading: Reading, exact_sites: bool, outlines: Outlines | None, markup: type[Markup]) -> dict[str, Any]:
    paths = pathsection.paths_context(reading, exact_sites, _stamp(reading), markup)
    alone = paths is not None and paths["alone"]
    lines = outlines if outlines is not None else outlines_for(reading)
    rows = measures.region_rows(reading)
    inputs = assumptions.ranked(reading, exact_sites)
    total = measures.totals(reading)
    figures = _figures(reading, rows, _stamp(reading), markup)
    drawn = draw_map(reading, lines, exact_sites, _stamp(reading))
    sites = tables.site_rows(reading, exact_sites)
    gateways = tables.gateway_rows(reading)
    services = servicesection.services_context(reading, rows, _stamp(reading), markup)
    return {
        "reading": reading,
        "manifest": reading.manifest,
        "answer": plain.labelled_lines(reading),
        "disclaimer": plain.DISCLAIMER,
        "stamp": _stamp(reading),
        "total": total,
        "population_share": plain.ratio_of_population(total),
        "seeds": measures.seed_range(reading),
        "gauge": markup(_gauge(reading, total)),
        "map": drawn,
        "map_svg": markup(drawn.svg) if drawn else None,
        "outline_source": lines.source,
        "exact_sites": exact_sites,
        "figures": figures,
        "time_rows": tables.time_rows(reading),
        "regions": rows,
        "events": measures.event_changes(reading),
        "sites": sites[: tables.LISTED],
        "sites_unlisted": max(len(sites) - tables.LISTED, 0),
        "gateways": gateways[: tables.LISTED],
        "gateways_unlisted": max(len(gateways) - tables.LISTED, 0),
        "inputs_assumed": measures.assumed(reading),
        "inputs_all": len(reading.manifest.get("assumptions", [])),
        "site_mean": float(reading.sites.connected.mean()) if reading.sites.connected.size else float("nan"),
        "access": _access_words(reading),
        "inputs_marked": [r for r in inputs if r.marked],
        "inputs_other": [r for r in inputs if not r.marked],
        "how_ranked": assumptions.HOW_RANKED,
        "measured": tables.nearest_to_territory(reading),
        "measured_sites": tables.measured_sites(),
        "segments": [
            (delaycharts.segment_class(n), delaycharts.SEGMENT_WORDS.get(n, n)) for n in reading.sites.segment_names
        ],
        "sections": _sections(paths is not None, alone, services is not None),
        "paths": paths,
        "paths_html": markup(_template("paths.html.j2").render(p=paths) if paths else ""),
        "alone": alone,
        "rates": ratesection.rates_context(reading, _stamp(reading), markup),
        "services_html": markup(_template("services.html.j2").render(s=services) if services else ""),
        "classes": list(enumerate(CLASS_LABELS)),
        "limits": {
            "heatmap": charts.HEATMAP_ROWS,
            "sites": delaycharts.SITE_ROWS,
            "site_time": delaycharts.TIMED_SITES,
            "gateways": charts.GATEWAY_ROWS,
            "numbered": NUMBERED_REGIONS,
        },
    }


def _sections(paths: bool, alone: bool, services: bool) -> tuple[tuple[str, str], ...]:
    """Return the sections that the page has; one on paths alone leaves out what only terminals could fill."""
    if alone:
        kept = ("map", "inputs", "data")
        return (PATHS, *(section for section in SECTIONS if section[0] in kept))
    there = tuple(section for section in SECTIONS if services or section[0] != "services")
    if not paths:
        return there
    after = 1 + [name for name, _ in there].index("delay")
    return (*there[:after], PATHS, *there[after:])


def _access_words(reading: Reading) -> str:
    """Say how the delay of the sites divides between distance and access; empty without sites."""
    mean = reading.sites.segment_s
    known = mean[np.isfinite(mean).all(axis=1)] if mean.size else mean[:0]
    if not known.size:
        return ""
    access = [name.startswith("access") for name in reading.sites.segment_names]
    parts = known.mean(axis=0)
    return (
        f"At the named sites, {wording.milliseconds(float(parts[np.logical_not(access)].sum()))} of it is light "
        f"time{', forwarding by lasers' if reading.lasers else ''} and fibre, and "
        f"{wording.milliseconds(float(parts[access].sum()))} is access to the shared link, on average."
    )


def _stamp(reading: Reading) -> str:
    return "simulated, with hypothetical events" if reading.hypothetical else "simulated"


def _figures(
    reading: Reading, rows: tuple[measures.RegionRow, ...], stamp: str, markup: type[Markup]
) -> dict[str, Markup]:
    """Draw every figure that the run has numbers for, in both layouts."""
    names = ("timeline", "heatmap", "handovers", "delay", "sites", "gateways", "site_time")
    if not len(reading.times):
        return dict.fromkeys(names, markup(""))
    draw: dict[str, Callable[[charts.Size], str]] = {}
    if reading.regions.terminals.sum() > 0:
        draw["timeline"] = lambda size: charts.timeline(reading, size, stamp)
        draw["heatmap"] = lambda size: charts.heatmap(reading, rows, size, stamp)
    elif np.isfinite(reading.sites.delay_s).any():
        draw["site_time"] = lambda size: delaycharts.delay_over_time(reading, size, stamp)
    cells = reading.regions.cells_served.sum(axis=1).astype(np.float64)
    if cells.any():
        words = ("Handovers over time", "% of served cells, by slot", "served cells changed satellite in a slot")
        hands = reading.handovers.astype(np.float64)
        draw["handovers"] = lambda size: charts.share_over_time(reading, hands, cells, size, words, stamp)
    if reading.delay_histogram.any():
        draw["delay"] = lambda size: delaycharts.delay_distribution(reading, size, stamp)
    if np.isfinite(reading.sites.segment_s).all(axis=1).any() and reading.sites.segment_names:
        draw["sites"] = lambda size: delaycharts.delay_by_site(reading, size, stamp)
    if reading.gateways.ids:
        draw["gateways"] = lambda size: charts.gateways_chart(reading, size, stamp)
    return {name: markup("".join(draw[name](size) for size in charts.SIZES) if name in draw else "") for name in names}


def _gauge(reading: Reading, total: measures.Totals) -> str:
    """Draw the headline on a line from 0 to 100 %: mean, range over the seeds, worst slot."""
    from bentpipe.report.svg import Drawing, number

    if total.users <= 0 or not len(reading.times):
        return ""
    seeds = measures.seed_range(reading)
    drawing = Drawing(360, 58, "Connected terminal users: mean, range over the seeds, worst slot (simulated)")

    def at(users: float) -> float:
        return 6 + 348 * min(users / total.users, 1.0)

    drawing.rect(6, 20, 348, 8, "gauge-track", radius=4)
    drawing.rect(6, 20, at(total.mean) - 6, 8, "gauge-fill", radius=4)
    if seeds is not None:
        span = f"{wording.count(seeds.low)} to {wording.count(seeds.high)} terminal users"
        words = f"range over {seeds.seeds} seeds: {span}"
        drawing.rect(at(seeds.low) - 1, 14, max(at(seeds.high) - at(seeds.low), 1) + 2, 20, "gauge-range", words, 2)
    x = number(at(total.worst))
    drawing.path(f"M{x} 10v28", "gauge-worst", f"worst slot: {wording.count(total.worst)} terminal users")
    left, right = at(total.worst), at(total.mean)
    anchor = "end" if left > 300 else "middle" if left > 40 else ""
    drawing.text(left, 8, "worst slot", "gauge-word", anchor)
    anchor = "end" if right > 300 else "middle" if right > 40 else ""
    drawing.text(right, 50, "mean and seeds", "gauge-word", anchor)
    if right > 90:
        drawing.text(6, 50, "0 %", "gauge-word")
    if right < 220:
        drawing.text(354, 50, "100 %", "gauge-word", "end")
    return drawing.markup("gauge")
