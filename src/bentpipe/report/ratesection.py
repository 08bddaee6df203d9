"""What the page's section on rates shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bentpipe.report import charts, measures, ratecharts, ratemeasures
from bentpipe.report.plainrates import NO_RATES, weather_words
from bentpipe.report.ratereading import Rates
from bentpipe.report.reading import Reading
from bentpipe.report.wording import bit_rate, percent
from bentpipe.results.variables import LIMIT_WORDS

if TYPE_CHECKING:
    from markupsafe import Markup

SITES = 300
"""Sites listed at most; the run's own files hold the rest."""


@dataclass(frozen=True)
class RateInput:
    """One input that the rates rest on, in words, with its mark."""

    words: str
    tag: str


def rates_context(reading: Reading, stamp: str, markup: type[Markup]) -> dict[str, Any]:
    """Return what the template needs to show the rates.

    Parameters
    ----------
    reading : Reading
        The run.
    stamp : str
        The word written on the figures.
    markup : type
        markupsafe's mark of finished markup.

    Returns
    -------
    dict
        ``there`` says whether there is anything to show, ``why_not`` why not.
    """
    rates = reading.rates
    if rates is None or not len(reading.times):
        return {"there": False, "why_not": NO_RATES if rates is None else "The run has no slot yet."}
    rows, hours = ratemeasures.region_rates(reading, rates), ratemeasures.hour_rates(rates)
    territory = bool(rates.down.offered.any())
    sites = ratemeasures.site_rates(reading, rates)
    wet = ratemeasures.sky_rates(rates)
    changes = measures.event_changes(reading)
    return {
        "there": True,
        "territory": territory,
        "total": ratemeasures.total(rates.down),
        "total_up": None if rates.up is None else ratemeasures.total(rates.up),
        "shaded": any(e.active.any() and not e.active.all() for e in reading.events),
        "no_up": "" if rates.up is not None else str(rates.inputs.get("uplink_missing") or "no rates from users"),
        "rows": rows if territory else (),
        "most": {row.name: _most(reading, rates, row.name) for row in rows},
        "hours": (hours[0], hours[-1]) if len(hours) > 1 and territory else (),
        "hours_covered": len(hours),
        "sky": wet if all(row.weight for row in wet) else (),
        "dry_only": bool(wet[0].weight) and not wet[1].weight,
        "events": ratemeasures.event_rates(reading, rates, changes) if territory else (),
        "sites": sites[:SITES],
        "sites_unlisted": max(len(sites) - SITES, 0),
        "limits": [(k, LIMIT_WORDS[k]) for k in ratecharts.ORDER if k != 6 or reading.lasers],
        "patterns": markup(ratecharts.pattern_defs()),
        "weather": weather_words(rates),
        "sharing": str(rates.inputs.get("sharing", "")),
        "compared": compared_words(reading.manifest.get("rates_compared")),
        "inputs": _inputs(reading),
        "figures": _figures(reading, rates, rows, stamp, markup, territory),
    }


def compared_words(found: dict[str, Any] | None) -> str:
    """Say how the rates differ under the other seeds and sharing policies; nothing where they were not compared."""
    if not found:
        return ""
    seeds, parts = found["seeds"], []
    for way in ("down", "up"):
        pairs = zip(seeds[f"given_{way}_bit_s"], seeds[f"offered_{way}_bit_s"], strict=True)
        shares = [given / asked for given, asked in pairs if given is not None and asked]
        if shares:
            parts.append(f"{percent(min(shares))} to {percent(max(shares))} {way}")
    peaks = [value for value in seeds["peak_down_bit_s"] if value is not None]
    count = len(seeds["given_down_bit_s"])
    words = f"Under {count} seeds, in {found['slots']} sampled slots, they are given {' and '.join(parts)}"
    words += (
        f", and one terminal could get {bit_rate(min(peaks))} to {bit_rate(max(peaks))} down at the median."
        if peaks
        else "."
    )
    given = {name: row["down_bit_s"] for name, row in found["sharing"].items()}
    bound = given.get("max-throughput")
    if not parts or not bound:
        return words if parts else ""
    gaps = ", ".join(
        f"{name} {percent(1.0 - value / bound)}" for name, value in given.items() if name != "max-throughput"
    )
    return f"{words} Below the most that these links can carry together (max-throughput) stay: {gaps}."


def _most(reading: Reading, rates: Rates, region: str) -> str:
    """Name what cuts most of a region's terminals towards users; a dash where nothing does."""
    shares = ratemeasures.limit_shares(reading, rates.down)[reading.regions.names.index(region)]
    cut = shares[ratemeasures.CUT.start :]
    if not (cut > 0).any():
        return "–"
    return LIMIT_WORDS[ratemeasures.CUT.start + int(cut.argmax())]


def _inputs(reading: Reading) -> list[RateInput]:
    """List the inputs of demand, weather and sharing, with their marks."""
    words = {
        "demand.down_kbps_per_user": "a user’s rate down in the busiest hour",
        "demand.up_kbps_per_user": "a user’s rate up in the busiest hour",
        "demand.diurnal": "the curve over the day",
        "weather.mode": "the weather",
        "policies.sharing": "the rule of sharing",
        "radio.terminal_duty_up": "the share of the time that a terminal may send",
        "satellite.background_share": "the neighbours’ share of each satellite",
    }
    tags = {str(row.get("key")): str(row.get("tag", "")) for row in reading.manifest.get("assumptions", [])}
    return [RateInput(text, tags[key]) for key, text in words.items() if tags.get(key)]


def _figures(
    reading: Reading,
    rates: Rates,
    rows: tuple[ratemeasures.RateRow, ...],
    stamp: str,
    markup: type[Markup],
    territory: bool,
) -> dict[str, Markup]:
    draw: dict[str, Callable[[charts.Size], str]] = {}
    if territory:
        draw["load"] = lambda size: ratecharts.load_over_time(reading, rates, size, stamp)
        if ratecharts.has_limits(reading, rates) and rows:
            draw["limits"] = lambda size: ratecharts.limits_chart(reading, rates, rows, size, stamp)
    if reading.gateways.ids and rates.down.through.any():
        draw["gateways"] = lambda size: ratecharts.gateway_traffic(reading, rates, size, stamp)
    names = ("load", "limits", "gateways")
    return {name: markup("".join(draw[name](size) for size in charts.SIZES) if name in draw else "") for name in names}
