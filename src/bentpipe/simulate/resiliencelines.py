"""The answer of `resilience` in lines for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Row = Mapping[str, Any]

#: Shares that have a word of their own.
_WORDS = {0.01: "hundredth", 0.05: "twentieth", 0.1: "tenth", 0.2: "fifth", 0.25: "quarter", 0.5: "half"}

#: The share that is quoted is the one nearest to this.
_QUOTED = 0.1


def resilience_lines(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Write the answer out.

    Parameters
    ----------
    data : mapping
        As in `Resilience.data`.

    Returns
    -------
    tuple of str
    """
    return (*_head(data), "", *_table(data), "", *_closing(data))


def headline(data: Mapping[str, Any]) -> str:
    """Say what losing about a tenth costs, in one sentence to quote.

    Parameters
    ----------
    data : mapping
        As in `Resilience.data`.

    Returns
    -------
    str
    """
    row = quoted(data)
    what, band = data["counted"], row["connected_share"]
    loss = f"With {share_words(row['share'])} of the {data['lose']} lost"
    if row["share"] == 0.0:
        loss = f"With no {data['lose']} lost"
    if band is None:
        return f"{loss}, no {what} is connected: none is without the loss, either (simulated, hypothetical)."
    return (
        f"{loss}, {percent(band['median'])} ({percent(band['p05'])} to {percent(band['p95'])}) of the {what} that are "
        f"connected without the loss stay connected (simulated, hypothetical)."
    )


def quoted(data: Mapping[str, Any]) -> Row:
    """Choose the share that the headline is about: the one nearest to a tenth, but not 0 where there is another.

    Parameters
    ----------
    data : mapping
        As in `Resilience.data`.

    Returns
    -------
    mapping
        One of its shares.
    """
    rows: list[Row] = [row for row in data["shares"] if row["share"] > 0.0] or data["shares"]
    return min(rows, key=lambda row: (abs(row["share"] - _QUOTED), row["share"]))


def share_words(share: float) -> str:
    """Say a share that is lost at random: ``a random tenth``, ``a random 30 %``.

    Parameters
    ----------
    share : float
        Above 0, up to 1.

    Returns
    -------
    str
    """
    known = next((word for value, word in _WORDS.items() if math.isclose(value, share)), None)
    if math.isclose(share, 1.0):
        return "all"
    return f"a random {known}" if known else f"a random {100 * share:g} %"


def percent(share: float) -> str:
    """Write a share in per cent with one decimal; ``100 %`` and ``0 %`` only where it is exactly so.

    Parameters
    ----------
    share : float
        1 for all.

    Returns
    -------
    str
    """
    if not math.isfinite(share):
        return "-"
    if share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    text = f"{100 * share:.1f}"
    return {"100.0": ">99.9", "0.0": "<0.1"}.get(text, text) + " %" if share < 1.0 else f"{text} %"


def _head(data: Mapping[str, Any]) -> list[str]:
    number = round(data["in_service"])
    there = _times(number, data["lose"].removesuffix("s"))
    if data["lose"] == "lasers":
        there = f"the lasers of {_times(number, 'satellite')}"
    return [
        f"{data['scenario']}: random losses among {there} in service; {_times(data['draws'], 'draw')} in "
        f"{_times(data['slots'], 'slot')} "
        f"sampled from {data['first_slot_utc']} to {data['last_slot_utc']} UTC (simulated, hypothetical).",
        data["headline"],
    ]


def _times(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _plain(scale: float = 1.0, form: str = ",.0f") -> Callable[[float], str]:
    return lambda value: f"{scale * value:{form}}"


def _columns(data: Mapping[str, Any]) -> list[tuple[str, str, Callable[[float], str], bool]]:
    """Heading, key, how it is written, and whether the band is shown beside the median."""
    what = data["counted"]
    columns: list[tuple[str, str, Callable[[float], str], bool]] = [
        ("are lost", "lost", _plain(1.0, ",.1f" if data["in_service"] < 100 else ",.0f"), False),
        (f"% of {what}", "connected_share", _plain(100.0, ".1f"), True),
        (what, what, _plain(), False),
    ]
    if what == "terminals":
        columns.append(("people", "users", _plain(), False))
    columns += [
        ("% of cells", "cells_reachable_share", _plain(100.0, ".1f"), True),
        ("RTT ms", "rtt_median_s", _plain(1e3, ".1f"), True),
        ("p95 ms", "rtt_p95_s", _plain(1e3, ".1f"), False),
        ("gateways", "gateways_in_use", _plain(1.0, ".1f"), False),
        ("% given", "given_share", _plain(100.0, ".1f"), True),
        ("kbit/s", "rate_down_per_user_bit_s", _plain(1e-3, ",.1f"), False),
        ("peak Mbit/s", "peak_down_bit_s", _plain(1e-6, ",.0f"), False),
    ]
    return [column for column in columns if any(row[column[1]] is not None for row in data["shares"])]


def _table(data: Mapping[str, Any]) -> list[str]:
    columns = _columns(data)
    lines = [["lost", *(heading for heading, *_ in columns)]]
    for row in data["shares"]:
        lines.append(
            [f"{100 * row['share']:g} %", *(_cell(key, row[key], write, band) for _, key, write, band in columns)]
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    told = ["  ".join(f"{cell:>{wide}}" for cell, wide in zip(line, widths, strict=True)) for line in lines]
    return [*told, *_legend(data, {key for _, key, *_ in columns})]


def _cell(key: str, band: Mapping[str, float] | None, write: Callable[[float], str], wide: bool) -> str:
    if band is None:
        return "-"
    middle = write(band["mean" if key == "lost" else "median"])
    return f"{middle} ({write(band['p05'])}-{write(band['p95'])})" if wide else middle


def _legend(data: Mapping[str, Any], keys: set[str]) -> list[str]:
    what = data["counted"]
    said = [
        "Each number is a mean over the slots: the median of the draws, in brackets their 5th to 95th percentile; are "
        "lost: the mean.",
        f"% of {what}: connected, of those connected without loss"
        + ("; % of cells: reachable, of those reachable without loss" if "cells_reachable_share" in keys else "")
        + ("; gateways: in use." if "gateways_in_use" in keys else "."),
    ]
    if "users" in keys:
        said[1] += f" People: terminals times {data['users_per_terminal']:g} users."
    if "rtt_median_s" in keys:
        said.append(f"RTT: median and 95th percentile of the round trip of the {what} that are still connected.")
    if "given_share" in keys and what == "paths":
        said.append("% given: of what flows between the ends ask for, both ways.")
    elif "given_share" in keys:
        said.append(
            "% given: of what all terminals that are on ask for, downlink; kbit/s: downlink rate per user, median of "
            "the terminals that are still connected, at the demand of the hour; peak: what one of them could get, "
            "median."
        )
    return said


def _closing(data: Mapping[str, Any]) -> list[str]:
    lines = []
    error = _error(data)
    if error:
        lines.append(error)
    events = "; ".join(data["events"])
    lines.append(
        "Each is lost for itself with that probability, for the whole run; a draw's losses at a smaller share are "
        f"among those at a larger one. The events of the run stay{f' ({events})' if events else ' (none)'}. Not "
        "modelled: any reaction of the operator, satellites moved into gaps, debris, losses that come together."
    )
    lines.append("It tells what random losses cost, not which loss would cost most: nothing is ranked.")
    return [*lines, *(f"Note: {note}." for note in data["notes"])]


def _error(data: Mapping[str, Any]) -> str:
    """How well the medians are known: by the draws, and by the slots."""
    parts = []
    rows = [row for row in data["shares"] if row["connected_share"] and "median_low" in row["connected_share"]]
    widest = max(rows, key=lambda row: _width(row["connected_share"]), default=None)
    if widest is not None and _width(widest["connected_share"]) > 0.0:
        band = widest["connected_share"]
        parts.append(
            f"the medians of {data['draws']} draws are least sure at {100 * widest['share']:g} % lost: between "
            f"{percent(band['median_low'])} and {percent(band['median_high'])} with 95 % confidence (order statistics)"
        )
    errors = [row["slots_standard_error"] for row in data["shares"] if row["slots_standard_error"] is not None]
    if errors and max(errors) > 0.0:
        parts.append(
            f"by the choice of slots, shares connected are known to {196 * max(errors):.1f} points at worst (1.96 "
            f"standard errors of {data['slots']} of {data['slots_of_run']:,} slots, as if these were independent)"
        )
    return f"Sampling error: {'; '.join(parts)}." if parts else ""


def _width(band: Mapping[str, float]) -> float:
    return band["median_high"] - band["median_low"]
