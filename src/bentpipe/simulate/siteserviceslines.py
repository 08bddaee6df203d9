"""The answer of `site_services` in lines for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

Entry = Mapping[str, Any]

_NAMES: Final = {"zoom": "Zoom", "meet": "Meet", "teams": "Teams"}


def service_lines(data: Entry) -> tuple[str, ...]:
    """Write the answer out.

    Parameters
    ----------
    data : mapping
        As in `SiteServices.data`.

    Returns
    -------
    tuple of str
    """
    services = data["services"]
    wide = max(len(entry["title"]) for entry in services.values())
    rows = [
        f"{entry['title'] if i == 0 else '':<{wide}}  {entry['verdict'] if i == 0 else '':<8}  {text}".rstrip()
        for name, entry in services.items()
        for i, text in enumerate(_SAID[name](entry, data))
    ]
    return (*_head(data), "", *rows, "", *_foot(data))


def _head(data: Entry) -> Iterator[str]:
    moment = f", {data['moment']}" if data["moment"] else ""
    yield (
        f"{data['place']}{moment}: {data['duration_s']:g} s, connected {data['connected_s']:.6g} s, "
        f"{data['changes_of_satellite']} changes of satellite; server {1e3 * data['server_rtt_s']:g} ms beyond the "
        "point of presence, there and back (simulated, one user)"
    )


def _voice(entry: Entry, data: Entry) -> Iterator[str]:
    yield (
        f"R {entry['r_median']:.0f} (MOS {entry['mos_median']:.1f}) in the median of {entry['windows']} windows of "
        f"{data['window_s']:g} s, {entry['r_p5']:.0f} ({entry['mos_p5']:.1f}) at the 5th percentile"
    )
    yield _shares(entry, "windows")


def _shares(entry: Entry, of: str) -> str:
    words = ("works", "degraded", "fails")
    return f"share of the {of}: " + ", ".join(f"{word} {_percent(entry[f'{word}_share'])}" for word in words)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _conference(entry: Entry, data: Entry) -> Iterator[str]:
    yield _shares(entry, "windows")
    for service, name in _NAMES.items():
        alike: dict[float, list[str]] = {}
        for need in (one for one in entry["needs"] if one["service"] == service):
            alike.setdefault(need["met_share"], []).append(need["mode"])
        met = [f"{_percent(share)} ({', '.join(alike[share])})" for share in sorted(alike, reverse=True)]
        yield f"published needs of {name} met in " + ", ".join(met)
    for way, freezes in entry["freezes"].items():
        yield (
            f"freezes, picture {way}: {freezes['freezes']}, longest {freezes['longest_s']:.1f} s, "
            f"{_percent(freezes['frozen_share'])} of the time"
        )
    yield (
        f"picture of {entry['picture_bit_s'] / 1e6:g} Mbit/s, G.1070, 1 to 5, relative only: "
        f"{entry['relative_score_median']:.1f} median, {entry['relative_score_p5']:.1f} at the 5th percentile"
    )


def _time(seconds: float, watched_s: float | None) -> str:
    never = "never" if watched_s is None else f"not within {watched_s:g} s"
    return f"{seconds:.2f} s" if math.isfinite(seconds) else never


def _times(entry: Entry, watched_s: float | None = None) -> str:
    median, late = (_time(entry[key], watched_s) for key in ("median_s", "p95_s"))
    return f"{median} median, {late} at the 95th percentile"


def _page(entry: Entry, data: Entry) -> Iterator[str]:
    for protocol, told in entry["protocols"].items():
        yield f"{protocol}: {_times(told)} of {entry['slots']} slots ({told['verdict']})"


def _exchange(entry: Entry, data: Entry) -> Iterator[str]:
    yield f"{_times(entry)} of {entry['slots']} slots"


def _vote(entry: Entry, data: Entry) -> Iterator[str]:
    yield from _exchange(entry, data)
    yield (
        f"{entry['sent']} votes sent, one a slot: {entry['counted_at_once']} counted at once, {entry['counted']} by "
        f"the end, the slowest of these after {entry['longest_s']:.2f} s"
    )


def _bulk(entry: Entry, data: Entry) -> Iterator[str]:
    yield (
        f"{_times(entry, entry['watched_s'])} of {entry['fetched']} fetched, {entry['finished']} there within "
        f"{entry['watched_s']:g} s; loss events {entry['loss_events']}, timeouts {entry['timeouts']}"
    )
    for way, told in entry["filled"].items():
        yield (
            f"largest file {way}: {told['file_bytes'] / 1e6:,.1f} MB, {_mbit(told['goodput_bit_s'])} of "
            f"{_mbit(told['allocated_bit_s'])} allocated; loss events {told['loss_events']}, "
            f"timeouts {told['timeouts']}"
        )
        yield f"  {_closed(told)}"


def _mbit(bit_s: float) -> str:
    return f"{bit_s / 1e6:.3g} Mbit/s"


def _closed(told: Entry) -> str:
    if math.isnan(told["cubic_closed_form_bit_s"]):
        return "no loss event: the closed form of CUBIC has no limit"
    return (
        f"closed form of CUBIC at {told['loss_events_per_packet']:.2g} events a packet and "
        f"{1e3 * told['mean_rtt_s']:.0f} ms: {_mbit(told['cubic_closed_form_bit_s'])}"
    )


def _video(entry: Entry, data: Entry) -> Iterator[str]:
    if not math.isfinite(entry["started_s"]):
        yield "never begins to play"
        return
    yield (
        f"mean {_mbit(entry['mean_bit_s'])}, switches {entry['switches']}; starts after {entry['started_s']:.1f} s; "
        f"stalls {entry['stalls']}, longest {entry['longest_stall_s']:.1f} s, stalled {_percent(entry['stall_ratio'])}"
    )


_SAID: Final = {
    "voice": _voice, "video-call": _conference, "web": _page, "post": _exchange, "poll": _vote, "news": _exchange,
    "bulk": _bulk, "video": _video,
}  # fmt: skip


def _foot(data: Entry) -> Iterator[str]:
    services = data["services"]
    level = _percent(data["level"])
    yield f"The word is what at least {level} of the windows or slots reach (assumed); of a stream, its mean bit rate."
    yield "Thresholds, works and degraded:"
    yield from _grouped((entry["title"], _threshold(entry["threshold"])) for entry in services.values())
    yield "Rules and sources:"
    rules = [(entry["title"], f"{entry['rule']}. {entry['source']}") for entry in services.values()]
    filled = services["bulk"]["filled"]["down"]
    yield from _grouped([*rules, ("largest file", f"{filled['rule']}. {filled['source']}")])
    yield from (f"Note: {note}." for note in data["notes"])


def _grouped(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Rows that say the same in one."""
    alike: dict[str, list[str]] = {}
    for title, text in rows:
        alike.setdefault(text, []).append(title)
    yield from (f"  {', '.join(titles)}: {text}" for text, titles in alike.items())


def _threshold(limit: Entry) -> str:
    scale, unit = (1e-6, " Mbit/s") if limit["unit"] == "bit/s" else (1.0, f" {limit['unit']}".replace(" R", ""))
    told = [f"{'R ' if limit['unit'] == 'R' else ''}{scale * limit['works']:g}, {scale * limit['degraded']:g}{unit}"]
    for key, name, factor, of in (
        ("one_way_s", "one way", 1e3, "ms"), ("loss", "loss", 1e2, "%"), ("rates_bit_s", "each way", 1e-3, "kbit/s"),
    ):  # fmt: skip
        if key in limit["limits"]:
            told.append(f"{name} " + ", ".join(f"{factor * value:g}" for value in limit["limits"][key]) + f" {of}")
    if limit["added_one_way_s"]:
        told.append(f"the ends add {1e3 * limit['added_one_way_s']:g} ms one way")
    return f"{'; '.join(told)} ({limit['source']})"
