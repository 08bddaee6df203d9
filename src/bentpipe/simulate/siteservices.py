"""What services get over the link of one place in a span of time: models driven in time beside those of single slots.

::

    link, slot by slot ─┬─ windows of 15 s ──── voice, videoconference, published needs
                        ├─ frames of 1/750 s ── freezes, a file and the largest transfer, packet by packet (CUBIC)
                        │                            └─ adaptive video, over what that transfer gets each second
                        └─ slots ────────────── page, post, vote, news

Thresholds are those of the catalogue with a scenario's own values, the same as of a run's verdicts. A service's one
word is what at least `LEVEL` of the windows or slots reach.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.queues import Queues, access_queues
from bentpipe.catalog.requirements import (
    Requirement,
    ladder,
    page_parts,
    requirement_origins,
    requirements,
    service_names,
)
from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue.series import LinkSeries, TraceSteps
from bentpipe.network.loss import BURST_S
from bentpipe.scenario import Scenario
from bentpipe.scenario.ground import Access
from bentpipe.scenario.services import Services
from bentpipe.service.adaptive import Player, adaptive_video
from bentpipe.service.bulk import PACKET_BYTES, PAYLOAD_BYTES, BulkTransfer, bulk_transfer, series_steps
from bentpipe.service.conference import (
    WINDOW_S,
    Windows,
    conference_freezes,
    conference_windows,
    needs_met,
    published_needs,
)
from bentpipe.service.emodel import opinion_scores
from bentpipe.service.exchange import CONNECTIONS, SEGMENT_BYTES, page_times
from bentpipe.service.quality import LinkState, judge
from bentpipe.service.tcprates import cubic_window, window_bit_s
from bentpipe.service.videophone import video_scores
from bentpipe.simulate.services import limits_beside, model_needs, needed
from bentpipe.simulate.siteserviceslines import service_lines

FloatArray = npt.NDArray[np.float64]

MOST_S: Final = 7200.0
"""Longest span, s: a transfer goes through it packet by packet."""
LEVEL: Final = 0.95
"""Share of the windows or slots that must reach a verdict."""
_LIMITS: Final = ("one_way_ms", "loss_percent", "rates_kbps")
WORDS: Final = ("fails", "degraded", "works")
UNKNOWN: Final = "unknown"
"""In place of a word, where the span is too short to tell."""
PAYLOAD: Final = PAYLOAD_BYTES / PACKET_BYTES
PICTURE_BIT_S: Final = 1.2e6
"""Bit rate of a picture, bit/s: 720p of Zoom and Teams."""


@dataclass(frozen=True)
class SiteServices:
    """What services get over the link of a place; simulated.

    Parameters
    ----------
    lines : tuple of str
        For people.
    data : dict
        The same, with units in the keys, and rule and source of each service; a time that never ends is infinite.
    """

    lines: tuple[str, ...]
    data: dict[str, Any]


@dataclass(frozen=True)
class _Link:
    """The link of a place over a span: steps with the path behind it, and T slots, NaN where there is no link."""

    series: LinkSeries
    span_s: float
    steps: TraceSteps
    connected: npt.NDArray[np.bool_]
    start_s: FloatArray
    rtt_s: FloatArray
    loss: FloatArray
    events_per_s: FloatArray
    burst_s: float


def site_services(
    series: LinkSeries,
    duration_s: float | None = None,
    scenario: Scenario | None = None,
    moment: str = "",
    notes: tuple[str, ...] = (),
) -> SiteServices:
    """Tell what services get over the link of one place, from the start of its first slot on.

    Parameters
    ----------
    series : LinkSeries
        Link of the place, such as `bentpipe.emulate.fromrun.site_series` reads from a run.
    duration_s : float, optional
        For how long, s, 15 s to 2 hours; as long as the series by default.
    scenario : Scenario, optional
        Whose services (what each needs, how far the server is) and whose queue to take; the defaults where not given.
    moment : str
        What happens at the start, for the answer.
    notes : tuple of str
        What else the answer is to say of the link.

    Returns
    -------
    SiteServices
        ITU-T G.107 (06/2015), G.1070 (06/2018), RFC 9438, and as each entry says. One user, who has the rate of one
        terminal alone.

    Raises
    ------
    InputError
        The span is too short, too long, or longer than the series.
    """
    services = Services() if scenario is None else scenario.services
    queues = access_queues((Access() if scenario is None else scenario.access).queue)
    needs = {one.name: one for one in needed(service_names(), services)}
    beyond_s = 1e-3 * services.server_rtt_ms
    link = _link(series, _span(series, duration_s), beyond_s)
    windows = conference_windows(link.steps, link.span_s, series.seed, series.key)
    fill = {way: _filled(link, queues, way) for way in ("down", "up")}
    data: dict[str, Any] = {
        "place": series.place, "simulated": True, "moment": moment, "start_unix_s": series.start_unix_s,
        "duration_s": link.span_s, "connected_s": _connected_s(link.steps, link.span_s),
        "changes_of_satellite": int((link.series.handover & link.connected).sum()),
        "server_rtt_s": beyond_s, "level": LEVEL, "window_s": WINDOW_S, "slot_s": series.slot_s,
        "queue": queues.name,
        "services": {
            **_calls(link, windows, needs),
            **_exchanges(link, needs),
            "bulk": _file(link, queues, needs["bulk"]) | {"filled": {w: _rates(link, w, t) for w, t in fill.items()}},
            "video": _video(link, fill["down"], needs["video"]),
        },
        "notes": [*notes, *_notes(series)],
    }  # fmt: skip
    for name, entry in data["services"].items():
        entry |= {"title": needs[name].title, "threshold": _threshold(name, needs[name])}
    return SiteServices(service_lines(data), data)


def check_span(span_s: float) -> None:
    """Refuse a span that is too short or too long.

    Parameters
    ----------
    span_s : float
        Length, s.

    Raises
    ------
    InputError
        It is.
    """
    if not WINDOW_S <= span_s <= MOST_S:
        allowed = f"{WINDOW_S:g} s to {MOST_S / 3600:g} h"
        remedy = "a long run is judged slot by slot, by [services] in its scenario"
        raise InputError(Fault("the span is out of range", "--duration", f"{span_s:g} s", allowed, remedy))


def _span(series: LinkSeries, duration_s: float | None) -> float:
    """Length of the span, s."""
    there = len(series) * series.slot_s
    span = there if duration_s is None else duration_s
    check_span(span)
    if span > there + 1e-6:
        raise InputError(Fault("the link is not known for so long", "duration_s", f"{span:g} s", f"up to {there:g} s"))
    return span


def _link(series: LinkSeries, span_s: float, beyond_s: float) -> _Link:
    """The link with half of the round trip behind it on each way."""
    count = math.ceil(span_s / series.slot_s - 1e-9)
    given: dict[str, Any] = {row.name: getattr(series, row.name) for row in fields(series)}
    rows: dict[str, Any] = {name: row[:count] for name, row in given.items() if isinstance(row, np.ndarray)}
    series = replace(series, **rows)
    steps = series_steps(series)
    steps = steps._replace(down_s=steps.down_s + 0.5 * beyond_s, up_s=steps.up_s + 0.5 * beyond_s)
    on = series.connected
    rtt: FloatArray = np.where(on, series.fixed_down_s + series.fixed_up_s + series.wait_s, np.nan)
    bursts, changes = series.bursts_per_s, series.handover * series.handover_probability
    # As `bentpipe.network.loss.slot_loss`: share of time in bursts, and in the interruption of a change of satellite.
    busy = bursts * series.burst_s / (1.0 + bursts * series.burst_s)
    cut = series.handover_s * -math.expm1(-series.slot_s / series.handover_s) if series.handover_s else 0.0
    loss: FloatArray = 1.0 - (1.0 - busy) * (1.0 - changes * cut / series.slot_s)
    return _Link(
        series, span_s, steps, on, np.arange(count, dtype=np.float64) * series.slot_s, rtt + beyond_s, loss,
        bursts + changes / series.slot_s, series.burst_s or BURST_S,
    )  # fmt: skip


def _connected_s(steps: TraceSteps, span_s: float) -> float:
    lasts = np.diff(np.minimum(np.append(steps.start_s, span_s), span_s))
    return float(lasts[np.asarray(steps.connected, bool)].sum())


def _judged(
    needs: tuple[Requirement, ...], on: npt.NDArray[np.bool_], rtt: FloatArray, loss: FloatArray, down: FloatArray,
    up: FloatArray, burst_s: float,
) -> tuple[npt.NDArray[np.uint8], FloatArray]:  # fmt: skip
    """Verdict and measure of some services in each window or slot, (T, S), by the code of a run's verdicts."""
    rungs = ladder()
    columns = (np.asarray(row, np.float32)[:, None] for row in (rtt, loss, down, up))
    verdict, measure = judge(
        model_needs(needs), LinkState(on[:, None], *columns), burst_s=burst_s, ladder_bit_s=rungs.rungs_bit_s,
        headroom=rungs.headroom, measures=True,
    )  # fmt: skip
    return verdict[:, 0], measure[:, 0].astype(np.float64)


def _told(verdict: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """The word that `LEVEL` of the windows or slots reach, and the share of each."""
    word = WORDS[int(_quantile(verdict, 1.0 - LEVEL))]
    return {"verdict": word, **{f"{w}_share": float(np.mean(verdict == i)) for i, w in enumerate(WORDS)}}


def _quantile(values: npt.NDArray[Any], probability: float) -> float:
    """A value that occurs, so that one without end stays one."""
    return float(np.sort(values)[max(math.ceil(probability * len(values) - 1e-9) - 1, 0)])


def _calls(link: _Link, windows: Windows, needs: dict[str, Requirement]) -> dict[str, dict[str, Any]]:
    """Voice and videoconference, window by window."""
    on = np.isfinite(windows.rtt_s)
    pair = (needs["voice"], needs["video-call"])
    verdict, measure = _judged(
        pair, on, windows.rtt_s, windows.loss, windows.down_bit_s, windows.up_bit_s, link.burst_s
    )
    rating = np.where(on, measure[:, 0], 0.0)
    levels = {"median": _quantile(rating, 0.5), "p5": _quantile(rating, 1.0 - LEVEL)}
    voice = _told(verdict[:, 0]) | {"windows": len(on), "source": "ITU-T G.107 (06/2015)"}
    for name, value in levels.items():
        voice |= {f"r_{name}": value, f"mos_{name}": float(np.maximum(opinion_scores(value), 1.0))}
    voice["rule"] = (
        "delay: half the window's median round trip and what the ends add; loss: the window's share on the worse way, "
        "counted as random; a window without a link counts as R 0"
    )
    return {"voice": voice, "video-call": _told(verdict[:, 1]) | _conference(link, windows)}


def _conference(link: _Link, windows: Windows) -> dict[str, Any]:
    """Published needs, freezes, and the relative score."""
    bit_s = np.minimum(np.minimum(windows.down_bit_s, windows.up_bit_s), PICTURE_BIT_S)
    score = np.where(bit_s > 0.0, video_scores(np.maximum(bit_s, 1.0), 30.0, windows.loss), 1.0)
    freezes = {
        way: conference_freezes(link.steps, link.span_s, way, PICTURE_BIT_S, seed=link.series.seed, key=link.series.key)
        for way in ("down", "up")
    }
    return {
        "windows": len(bit_s),
        "needs": [
            {"service": need.service, "mode": need.mode, "met_share": float(needs_met(need, *windows[1:]).mean()),
             "source": need.source}
            for need in published_needs()
        ],
        "freezes": {
            way: {"freezes": f.freezes, "longest_s": f.longest_s, "frozen_s": f.frozen_s,
                  "frozen_share": f.frozen_share, "frames": f.frames}
            for way, f in freezes.items()
        },
        "relative_score_median": _quantile(score, 0.5), "relative_score_p5": _quantile(score, 1.0 - LEVEL),
        "picture_bit_s": PICTURE_BIT_S,
        "rule": "a packet each 20 ms both ways; a freeze is that of the W3C, with lost frames sent again; the score "
                "tells which of two links is better and is nobody's opinion",
        "source": "published needs as in each row; W3C WebRTC Statistics (freezeCount); ITU-T G.1070 (06/2018)",
    }  # fmt: skip


def _exchanges(link: _Link, needs: dict[str, Requirement]) -> dict[str, dict[str, Any]]:
    """Page, post, vote and news, slot by slot."""
    count, down, up = len(link.start_s), link.series.down_bit_s, link.series.up_bit_s
    some = (needs["post"], needs["poll"], needs["news"])
    verdict, measure = _judged(some, link.connected, link.rtt_s, link.loss, down, up, link.burst_s)
    times = np.where(link.connected[:, None], measure, np.inf)
    rule = "expected time from the start of a slot, by its median round trip, rates and loss; none without a link"
    source = "service/exchange.py: RFC 5681, 6298, 6928, 8446, 9438"
    told = {
        one.name: _told(verdict[:, i]) | _levels(times[:, i]) | {"slots": count, "rule": rule, "source": source}
        for i, one in enumerate(some)
    }
    told["poll"] |= _votes(link, verdict[:, 1], times[:, 1])
    return {"web": _pages(link, down, up, needs["web"]) | {"slots": count}, **told}


def _levels(times: FloatArray) -> dict[str, float]:
    return {"median_s": _quantile(times, 0.5), "p95_s": _quantile(times, LEVEL)}


def _votes(link: _Link, verdict: npt.NDArray[np.uint8], times: FloatArray) -> dict[str, Any]:
    """A vote is sent at the start of every slot and again until one slot counts it."""
    end = len(verdict)
    next_good = np.minimum.accumulate(np.where(verdict > 0, np.arange(end), end)[::-1])[::-1]
    found = next_good < end
    at = np.minimum(next_good, end - 1)
    waits = np.where(found, link.start_s[at] - link.start_s + times[at], np.inf)
    counted = link.start_s + waits <= link.span_s
    return {
        "sent": end, "counted_at_once": int((verdict > 0).sum()), "counted": int(counted.sum()),
        "longest_s": float(waits[counted].max(initial=0.0)),
        "rule": "a vote is sent at the start of each slot, and again until it is counted, which takes one slot in "
                "which it does not fail; counted: by the end of the span",
    }  # fmt: skip


def _pages(link: _Link, down: FloatArray, up: FloatArray, web: Requirement) -> dict[str, Any]:
    """A page of many objects, under each protocol."""
    parts = page_parts()
    document = min(parts.document_bytes, web.received_bytes)
    objects = np.full(parts.objects, (web.received_bytes - document) / parts.objects)
    told: dict[str, Any] = {"protocols": {}}
    verdicts = []
    for protocol in CONNECTIONS:
        times = np.full(len(down), np.inf)
        for i in np.flatnonzero(link.connected & (down > 0.0) & (up > 0.0)):
            lost = float(link.loss[i])
            # What a sender answers is a burst: one that it begins in, and those that begin while it sends.
            events = lost * SEGMENT_BYTES / web.received_bytes + link.events_per_s[i] * 8.0 * SEGMENT_BYTES / down[i]
            times[i] = page_times(
                float(link.rtt_s[i]), float(down[i]), float(up[i]), document, objects, protocol,
                setup_round_trips=web.setup_round_trips, loss=min(lost, float(events)),
            ).page_s  # fmt: skip
        verdicts.append(_rank(times, web))
        told["protocols"][protocol] = _told(verdicts[-1]) | _levels(times)
    return told | _told(np.maximum.reduce(verdicts)) | {
        "page_bytes": web.received_bytes, "document_bytes": document, "objects": parts.objects,
        "rule": "expected time from the start of a slot until all objects are there, from one server; the verdict is "
                "that of the faster protocol",
        "source": f"service/exchange.py: RFC 9112, 9113, 9438; the page: {parts.source}",
    }  # fmt: skip


def _rank(times: FloatArray, need: Requirement) -> npt.NDArray[np.uint8]:
    works, degraded = need.thresholds
    return ((times <= works).astype(np.uint8) + (times <= degraded)).astype(np.uint8)


def _filled(link: _Link, queues: Queues, way: str) -> BulkTransfer:
    """A transfer without end over the whole span."""
    queue = queues.down if way == "down" else queues.up
    return bulk_transfer(link.steps, link.span_s, queue, direction=way, seed=link.series.seed, key=link.series.key)


def _file(link: _Link, queues: Queues, need: Requirement) -> dict[str, Any]:
    """A file, fetched from the start of every slot on."""
    watched = min(need.thresholds[1], link.span_s)
    starts = link.start_s[link.start_s <= link.span_s - watched]
    usual = float(np.nanmedian(link.rtt_s)) if link.connected.any() else 0.0
    rtt = np.nan_to_num(link.rtt_s[: len(starts)], nan=usual)
    got = [
        bulk_transfer(_from(link.steps, float(start), watched), watched, queues.down, need.received_bytes,
                      seed=link.series.seed, key=link.series.key)
        for start in starts
    ]  # fmt: skip
    times = np.array([one.completion_s for one in got]) + (need.setup_round_trips + 0.5) * rtt
    told = _told(_rank(times, need))
    if watched < need.thresholds[1] and not np.isfinite(times).all():
        told = {"verdict": UNKNOWN}
    return told | _levels(times) | {
        "file_bytes": need.received_bytes, "fetched": len(got), "finished": int(np.isfinite(times).sum()),
        "watched_s": watched, "loss_events": sum(one.loss_events for one in got),
        "timeouts": sum(one.timeouts for one in got),
        "rule": "CUBIC packet by packet through the queue of the link, begun at the start of each slot from which it "
                "can be watched for so long; opening the connection counts by round trips; packets are lost in outages",
        "source": f"RFC 9438, 8985, 6298; queue {queues.name} (assumed: catalog/queues.toml)",
    }  # fmt: skip


def _from(steps: TraceSteps, start_s: float, lasts_s: float) -> TraceSteps:
    """The steps of a while, counted from its start."""
    first = max(int(np.searchsorted(steps.start_s, start_s + 1e-9, "right")) - 1, 0)
    last = int(np.searchsorted(steps.start_s, start_s + lasts_s + 1e-9, "right"))
    rows: list[Any] = [row[first:last] for row in steps]
    part = TraceSteps(*rows)
    return part._replace(start_s=np.maximum(part.start_s - start_s, 0.0))


def _rates(link: _Link, way: str, got: BulkTransfer) -> dict[str, Any]:
    """The largest file of the span, beside what the link had to give and the closed form."""
    rate = np.where(link.steps.connected, link.steps.down_bit_s if way == "down" else link.steps.up_bit_s, 0.0)
    begins = np.minimum(np.append(link.steps.start_s, link.span_s), link.span_s)
    offered_bit = float((rate * np.diff(begins)).sum())
    events = got.loss_events / got.sent_packets if got.sent_packets else 0.0
    known = events > 0.0 and math.isfinite(got.mean_rtt_s)
    closed = window_bit_s(cubic_window(events, got.mean_rtt_s), got.mean_rtt_s) if known else math.nan
    return {
        "file_bytes": got.delivered_bytes, "goodput_bit_s": 8.0 * got.delivered_bytes / link.span_s,
        "allocated_bit_s": offered_bit / link.span_s, "allocated_payload_bit_s": PAYLOAD * offered_bit / link.span_s,
        "sent_packets": got.sent_packets, "lost_packets": got.lost_packets, "loss_events": got.loss_events,
        "timeouts": got.timeouts, "mean_rtt_s": got.mean_rtt_s, "loss_events_per_packet": events,
        "cubic_closed_form_bit_s": float(closed),
        "rule": "one CUBIC transfer that lasts as long as the span; allocated: what one terminal could get, outages as "
                "0, never exceeded; the closed form knows no link and no outage",
        "source": "RFC 9438, section 5.1",
    }  # fmt: skip


def _video(link: _Link, got: BulkTransfer, need: Requirement) -> dict[str, Any]:
    """Adaptive video over what a transfer gets each second."""
    rungs = ladder()
    player = Player(ladder_bit_s=rungs.rungs_bit_s, caution=rungs.headroom)
    starts = np.arange(len(got.goodput_bit_s)) * got.bin_s
    usual = float(np.nanmedian(link.rtt_s)) if link.connected.any() else 0.0
    slot = np.minimum((starts / link.series.slot_s + 1e-9).astype(int), len(link.rtt_s) - 1)
    rtt = np.nan_to_num(link.rtt_s, nan=usual)[slot]
    seen = adaptive_video(starts, got.goodput_bit_s, rtt, link.span_s, player)
    rate = seen.mean_bit_s if math.isfinite(seen.started_s) else 0.0
    works, degraded = need.thresholds
    return {
        "verdict": WORDS[int(rate >= works) + int(rate >= degraded)], "mean_bit_s": seen.mean_bit_s,
        "started_s": seen.started_s, "played_s": seen.played_s, "stalls": seen.stalls, "stalled_s": seen.stalled_s,
        "stall_ratio": seen.stall_ratio, "longest_stall_s": seen.longest_stall_s, "switches": seen.switches,
        "segment_s": player.segment_s, "buffer_s": player.buffer_s, "ladder_bit_s": list(rungs.rungs_bit_s),
        "rule": "segments at the highest rung below the caution's share of the harmonic mean of the last five, over "
                "what the transfer above gets each second; the verdict is that of the mean bit rate, stalls are told "
                "beside it: no threshold of theirs stands in the catalogue",
        "source": "Jiang, Sekar and Zhang, CoNEXT 2012; segments, buffer and ladder assumed",
    }  # fmt: skip


def _threshold(name: str, need: Requirement) -> dict[str, Any]:
    """What the words rest on."""
    origins = [o for o in requirement_origins((name,)) if o.key in ("thresholds", *_LIMITS)]
    source = "; ".join(dict.fromkeys(origin.source for origin in origins))
    if need != requirements()[name]:
        source = f"some values are the scenario's own; else {source}"
    return {
        "unit": need.unit, "works": need.thresholds[0], "degraded": need.thresholds[1], "source": source,
        "limits": limits_beside(need), "added_one_way_s": need.added_one_way_s,
    }  # fmt: skip


def _notes(series: LinkSeries) -> list[str]:
    return [
        "a rate is what one terminal could get and an upper bound; whoever uses a service has it alone",
        *(["no losses but in outages: the link has none"] if not series.bursts_per_s.any() else []),
    ]
