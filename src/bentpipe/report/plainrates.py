"""The line of the plain answer on rates, and the same for machines."""

from __future__ import annotations

from typing import Any

import numpy as np

from bentpipe.report.measures import ratio
from bentpipe.report.ratemeasures import (
    CUT,
    Load,
    RateRow,
    cut_share,
    hour_rates,
    limit_shares,
    region_rates,
    site_rates,
    sky_rates,
    total,
)
from bentpipe.report.ratereading import Rates, Way
from bentpipe.report.reading import Reading
from bentpipe.report.wording import bit_rate, percent, plural
from bentpipe.results.variables import LIMIT_WORDS

WEATHER_WORDS = {
    "clear": "under clear sky",
    "exceeded": "in weather as bad everywhere as {percent:g} % of the time",
    "series": "in weather drawn at random",
    "file": "in the rain of the file given",
}
NO_RATES = "No rates were computed: policies.sharing is “none”, or the run was made before bentpipe had rates."


def rates_line(reading: Reading) -> str:
    """Say what terminals ask for, are given and could get, and what binds; or why there are no rates.

    Parameters
    ----------
    reading : Reading
        The run.

    Returns
    -------
    str
        One line.
    """
    rates = reading.rates
    if rates is None:
        return NO_RATES
    if not len(reading.times):
        return "The run has no slot yet: there are no rates to state."
    parts = _site_parts(reading, rates) if not rates.down.offered.any() else _parts(rates)
    if rates.up is None:
        parts.append(str(rates.inputs.get("uplink_missing") or "no rates from users: the catalogue lacks the figures"))
    return f"Simulated{_conditions(reading, rates)}: {'; '.join(parts)}."


def _conditions(reading: Reading, rates: Rates) -> str:
    """Say what the rates rest on: the weather, and the demand."""
    words = weather_words(rates)
    demand = rates.inputs.get("down_kbps_per_user")
    tags = {str(row.get("key")): str(row.get("tag")) for row in reading.manifest.get("assumptions", [])}
    if demand is not None:
        mark = tags.get("demand.down_kbps_per_user", "assumed")
        words = f"{words} with {bit_rate(1e3 * float(demand))} a user in the busiest hour ({mark})"
    return f" {words}" if words else ""


def weather_words(rates: Rates) -> str:
    """Say under which weather the rates hold; empty where the run does not say."""
    words = WEATHER_WORDS.get(str(rates.inputs.get("weather", "")), "")
    return words.format(percent=rates.inputs.get("exceeded_percent") or float("nan"))


def _parts(rates: Rates) -> list[str]:
    down, up = total(rates.down), None if rates.up is None else total(rates.up)
    asked = bit_rate(down.offered) + (" down" if up is None else f" down and {bit_rate(up.offered)} up")
    given = percent(down.share) + ("" if up is None else f" and {percent(up.share)}")
    parts = [f"the terminals ask for {asked} on average and are given {given} of it"]
    if np.isfinite(down.peak_p50):
        parts.append(_could_get(down, up, "median over connected terminals and slots"))
    else:
        return [*parts, "no terminal is served, so there is no rate that one could get"]
    return [*parts, _binding(rates)]


def _could_get(down: Load, up: Load | None, over: str) -> str:
    if up is None:
        return (
            f"one terminal could get {bit_rate(down.peak_p50)} down ({over}; 5 % of these less than "
            f"{bit_rate(down.peak_p5)})"
        )
    return (
        f"one terminal could get {bit_rate(down.peak_p50)} down and {bit_rate(up.peak_p50)} up ({over}; 5 % of "
        f"these less than {bit_rate(down.peak_p5)} and {bit_rate(up.peak_p5)})"
    )


def _binding(rates: Rates) -> str:
    """Say what binds, and in how many cells, where the connected are given less than they ask for."""
    words = []
    for name, way in (("down", rates.down), ("up", rates.up)):
        if way is None or not cut_share(way) > 0:
            continue
        counts = way.limit.sum(axis=0)
        order = [int(k) for k in np.argsort(-counts, kind="stable") if k in CUT and counts[k] > 0]
        what = " and ".join(f"{LIMIT_WORDS[k]} (at times in {plural(int(way.cut_cells[k]), 'cell')})" for k in order)
        most = "mostly by " if len(order) > 1 else "by "
        words.append(f"{name}, {percent(cut_share(way))} of connected terminals and slots are cut, {most}{what}")
    return "; ".join(words) or "no connected terminal is given less than it asks for"


def _site_parts(reading: Reading, rates: Rates) -> list[str]:
    """Say the same of a run that looks at named sites only."""
    peaks = [way.site_peak[np.isfinite(way.site_peak)] for way in (rates.down, rates.up) if way is not None]
    if not peaks or not peaks[0].size:
        return ["no site is served, so there is no rate to state"]
    loads = [Load(0.0, 0.0, *(float(v) for v in np.quantile(peak, (0.05, 0.5)))) for peak in peaks if peak.size]
    parts = [_could_get(loads[0], loads[1] if len(loads) > 1 else None, "median over served slots and sites")]
    served = reading.sites.served
    cut = float((rates.down.site_limit[served] >= CUT.start).mean()) if served.any() else float("nan")
    asks = "no site is given less than it asks for" if cut == 0 else f"down, {percent(cut)} of served slots are cut"
    return [*parts, asks]


def rates_data(reading: Reading) -> dict[str, Any] | None:
    """Return the rates for machines; the unit is in each key, shares are dimensionless.

    Parameters
    ----------
    reading : Reading
        The run.

    Returns
    -------
    dict or None
        JSON types only; None for a run without rates.
    """
    rates = reading.rates
    if rates is None:
        return None
    shares = limit_shares(reading, rates.down), None if rates.up is None else limit_shares(reading, rates.up)
    order = {name: i for i, name in enumerate(reading.regions.names)}
    return {
        "inputs": dict(rates.inputs),
        "down": _way_data(rates.down),
        "up": None if rates.up is None else _way_data(rates.up),
        "regions": [
            {**_row_data(row), "bound_by_down": _named(shares[0][order[row.name]]),
             "bound_by_up": None if shares[1] is None else _named(shares[1][order[row.name]])}
            for row in region_rates(reading, rates)
        ],
        "hours": [{**_row_data(row), "slots": int(row.weight)} for row in hour_rates(rates)],
        "weather": [{**_row_data(row), "terminal_slots": int(row.weight)} for row in sky_rates(rates)],
        "sites": [
            {"name": row.name, "down": _load_data(row.down), "up": None if row.up is None else _load_data(row.up),
             "rain_loss_mean_db": _number(row.rain_db)}
            for row in site_rates(reading, rates)
        ],
    }  # fmt: skip


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _named(shares: Any) -> dict[str, float | None]:
    return {words: _number(share) for words, share in zip(LIMIT_WORDS, shares, strict=True)}


def _load_data(load: Load) -> dict[str, float | None]:
    return {
        "asked_for_mean_bit_s": _number(load.offered),
        "given_mean_bit_s": _number(load.given),
        "one_terminal_could_get_p5_bit_s": _number(load.peak_p5),
        "one_terminal_could_get_p50_bit_s": _number(load.peak_p50),
    }


def _row_data(row: RateRow) -> dict[str, Any]:
    return {"name": row.name, "down": _load_data(row.down), "up": None if row.up is None else _load_data(row.up)}


def _way_data(way: Way) -> dict[str, Any]:
    counts = way.limit.sum(axis=0)
    return {
        **_load_data(total(way)),
        "given_share": _number(total(way).share),
        "cut_share_of_connected_terminal_slots": _number(cut_share(way)),
        "bound_by_share": {
            w: _number(ratio(float(c), float(counts.sum()))) for w, c in zip(LIMIT_WORDS, counts, strict=True)
        },
        "cells_bound_by": {w: int(c) for w, c in zip(LIMIT_WORDS, way.cut_cells, strict=True)},
    }
