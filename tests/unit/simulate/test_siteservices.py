"""What services get over a made-up link: freezes and stalls where it is cut, all needs met where nothing is lost."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.linkqueue import LinkSeries
from bentpipe.scenario import load_scenario
from bentpipe.service.emodel import voice_rating
from bentpipe.simulate.siteservices import SiteServices, site_services


def made(slots: int = 16, cut: range = range(0), losses: float = 0.0, down: float = 20e6) -> LinkSeries:
    """A link of 30 ms down and up without waits, cut in some slots; a change of satellite every other slot."""
    ones = np.ones(slots)
    connected = ~np.isin(np.arange(slots), cut)
    handover = np.arange(slots) % 2 == 1
    return LinkSeries(
        "here", 7, 99, 1000, 1.6e9, 15.0, connected, 0.01 * ones, 0.01 * ones, 1e-5 * ones, down * ones, 5e6 * ones,
        handover, losses * ones, 0.0, 0.02 if losses else 0.0, 0.5 if losses else 0.0, 0.05 if losses else 0.0,
    )  # fmt: skip


def told(found: SiteServices, name: str) -> Any:
    return found.data["services"][name]


def test_a_link_without_loss_meets_all_needs() -> None:
    found = site_services(made())
    assert {entry["verdict"] for entry in found.data["services"].values()} == {"works"}
    assert {need["met_share"] for need in told(found, "video-call")["needs"]} == {1.0}
    assert all(f["freezes"] == 0 for f in told(found, "video-call")["freezes"].values())
    video, vote = told(found, "video"), told(found, "poll")
    assert video["stalls"] == 0 and video["stall_ratio"] == 0.0
    assert vote["sent"] == vote["counted_at_once"] == vote["counted"] == 16
    # The rating by hand: 10 ms to the server, there and back, and 60 ms at the ends.
    assert told(found, "voice")["r_median"] == pytest.approx(voice_rating(0.015 + 0.06, 0.0, 0.0, 25.1), abs=0.01)
    assert found.data["connected_s"] == 240.0 and found.data["changes_of_satellite"] == 8


@pytest.mark.parametrize("way", ["down", "up"])
def test_the_largest_file_never_exceeds_what_the_link_gives(way: str) -> None:
    for series in (made(), made(cut=range(5, 7)), made(losses=0.2)):
        filled = told(site_services(series), "bulk")["filled"][way]
        assert 0.2 < filled["goodput_bit_s"] / filled["allocated_payload_bit_s"] <= 1.0 + 1e-9
        assert filled["file_bytes"] == pytest.approx(filled["goodput_bit_s"] * 240.0 / 8.0)
        on = series.connected.mean()
        assert filled["allocated_bit_s"] == pytest.approx(on * (20e6 if way == "down" else 5e6))


def test_an_outage_freezes_the_picture_and_stalls_the_video() -> None:
    found = site_services(made(cut=range(6, 10)))
    for freezes in told(found, "video-call")["freezes"].values():
        assert freezes["freezes"] == 1 and 60.0 < freezes["longest_s"] < 61.0
        assert freezes["frozen_share"] == pytest.approx(0.25, abs=0.01)
    video = told(found, "video")
    # 30 s are ahead at most when the link goes; TCP comes back by a timer that has doubled, up to 60 s on.
    assert video["stalls"] >= 1 and 29.0 < video["longest_stall_s"] < 95.0 and 0.0 < video["stall_ratio"] < 0.5
    assert told(found, "voice")["fails_share"] == told(found, "video-call")["fails_share"] == 0.25
    assert told(found, "voice")["r_p5"] == 0.0 and told(found, "voice")["verdict"] == "fails"
    vote = told(found, "poll")
    assert (vote["sent"], vote["counted_at_once"], vote["counted"]) == (16, 12, 16)
    assert 60.0 < vote["longest_s"] < 61.0
    assert told(found, "post")["median_s"] < 1.0 and told(found, "post")["p95_s"] == math.inf
    assert told(found, "bulk")["filled"]["down"]["timeouts"] >= 1


def test_changes_of_satellite_that_lose_packets_are_loss_events() -> None:
    still, lossy = (site_services(made(losses=losses, down=5e6)) for losses in (0.0, 0.05))
    calm, torn = (told(one, "bulk")["filled"]["up"] for one in (still, lossy))
    assert torn["lost_packets"] > 0 and torn["loss_events"] >= 2
    assert torn["cubic_closed_form_bit_s"] > 0.0
    assert torn["goodput_bit_s"] <= calm["goodput_bit_s"]
    assert told(lossy, "voice")["r_median"] <= told(still, "voice")["r_median"]
    assert told(lossy, "post")["median_s"] >= told(still, "post")["median_s"]


def test_a_file_of_10_mb_by_hand() -> None:
    """Slow start fills the link in some round trips; then 10 MB of payload take 8 times as many bits over 20 Mbit/s."""
    bulk = told(site_services(made()), "bulk")
    least = 8.0 * 10e6 * 1500.0 / 1460.0 / 20e6
    assert least < bulk["median_s"] < 1.4 * least and bulk["fetched"] == bulk["finished"] == 13


def test_without_a_link_nothing_is_said_to_work() -> None:
    found = site_services(made(4, range(4)))
    assert {entry["verdict"] for entry in found.data["services"].values()} == {"fails"}
    assert found.data["connected_s"] == 0.0 and told(found, "poll")["counted"] == 0
    assert any("never begins to play" in line for line in found.lines)


def test_a_short_span_does_not_judge_a_slow_file() -> None:
    slow = site_services(made(down=1e6), 15.0)
    assert told(slow, "bulk")["verdict"] == "unknown" and told(slow, "bulk")["finished"] == 0
    assert any("not within 15 s" in line for line in slow.lines)


def test_a_part_is_judged_as_it_is_in_a_longer_series() -> None:
    whole = made(losses=0.2)
    rows = {name: getattr(whole, name)[:4] for name in whole.__dataclass_fields__ if np.ndim(getattr(whole, name))}
    assert site_services(whole, 60.0) == site_services(replace(whole, **rows))
    part = site_services(whole, 50.0)
    assert part.data["duration_s"] == 50.0 and told(part, "voice")["windows"] == 3


def test_a_scenario_brings_its_own_needs_and_server() -> None:
    changed = {"services.server_rtt_ms": 400, "services.needs.post.works": 0.1, "services.needs.post.degraded": 5.0}
    base, own = load_scenario("one-site"), load_scenario("one-site", changed)
    near, far = (site_services(made(4), scenario=one) for one in (base, own))
    assert far.data["server_rtt_s"] == 0.4
    assert told(near, "post")["verdict"] == "works" and told(far, "post")["verdict"] == "degraded"
    assert "the scenario's own" in told(far, "post")["threshold"]["source"]
    # A post is 5 round trips at least: DNS, TCP, TLS, and the request with its answer.
    assert told(far, "post")["median_s"] - told(near, "post")["median_s"] == pytest.approx(4 * 0.39, abs=0.01)


@pytest.mark.parametrize(
    ("slots", "span", "message"), [(4, 1.0, "15 s to 2 h"), (600, 9000.0, "15 s to 2 h"), (4, 75.0, "up to 60 s")]
)
def test_spans_that_are_refused(slots: int, span: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        site_services(made(slots), span)


def test_every_entry_says_rule_source_and_threshold() -> None:
    found = site_services(made(4), moment="from then on", notes=("told so",))
    for entry in found.data["services"].values():
        assert entry["rule"] and entry["source"] and entry["threshold"]["source"] and entry["title"]
    text = "\n".join(found.lines)
    for word in ("simulated", "from then on", "Note: told so.", "relative only", "HTTP/1.1", "HTTP/2", "MOS"):
        assert word in text
