"""Videoconference: published needs, windows against a plain count, and freezes by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tracesteps import link

from bentpipe.errors import InputError
from bentpipe.service.conference import (
    conference_freezes,
    conference_windows,
    needs_met,
    published_need,
    published_needs,
)

FRAME_S = 1.0 / 30.0


def test_published_needs() -> None:
    needs = published_needs()
    assert len({(need.service, need.mode) for need in needs}) == len(needs)
    assert {need.service for need in needs} == {"zoom", "meet", "teams"} and all(need.source for need in needs)
    hd = published_need("zoom", "group-720p")
    assert (hd.down_bit_s, hd.up_bit_s) == (1.8e6, 2.6e6) and np.isnan(hd.rtt_s)
    teams = published_need("teams", "quality")
    assert teams[4:9] == (0.05, 0.1, 0.01, 0.1, 0.03)
    with pytest.raises(InputError, match="teams quality"):
        published_need("skype", "group")


def test_needs_at_their_limits() -> None:
    teams = published_need("teams", "quality")
    assert needs_met(teams, 0.0, 0.0, 0.05, 0.1, 0.01, 0.1, 0.03)
    assert not needs_met(teams, 1e9, 1e9, [0.051, np.nan], 0.1, 0.0, 0.0, 0.0).any()
    hd = published_need("zoom", "group-720p")
    np.testing.assert_array_equal(needs_met(hd, [1.8e6, 1.7e6, 9e9], [2.6e6, 9e9, np.nan], 9, 9, 1, 1, 9), [1, 0, 0])


def test_windows_of_a_link_with_an_outage_and_a_changing_delay() -> None:
    delay = np.where(np.arange(750) % 2 == 0, 0.02, 0.03)
    steps = link(4e6, np.concatenate((delay, [0.05, 0.05])), 0.0, np.concatenate((np.arange(750) * 0.02, [15.0, 30.0])))
    steps.connected[-1] = False
    got = conference_windows(steps, 46.0)
    np.testing.assert_allclose(got.jitter_s, [0.01, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(got.rtt_s, [0.05, 0.1, np.inf])
    np.testing.assert_array_equal(got.loss, [0.0, 0.0, 1.0])
    np.testing.assert_array_equal(got.down_bit_s, [4e6, 4e6, 0.0])
    burst = conference_windows(link(4e6, 0.02, [0.0, 1.0, 0.0], [0.0, 1.0, 1.1]), 15.0)
    assert burst.loss[0] == pytest.approx(5 / 750) and burst.burst_loss[0] == 0.5
    random = conference_windows(link(4e6, 0.02, 0.02), 1500.0, seed=5)
    assert random.loss.mean() == pytest.approx(0.02, abs=0.002)


@pytest.mark.parametrize("outage", [0.05, 0.5, 4.0])
def test_one_outage_is_one_freeze(outage: float) -> None:
    """The frame sent first in it comes a frame and a round trip after the first chance: after the outage at least."""
    steps = link([5e6, 0.0, 5e6], 0.02, 0.0, [0.0, 10.0, 10.0 + outage])
    got = conference_freezes(steps, 30.0)
    lost = np.arange(300, 900) * FRAME_S
    lost = lost[lost < 10.0 + outage]
    back = max(10.0 + outage, lost[0] + FRAME_S) + 0.04 + 0.02  # noticed, asked for, sent again, there
    gap = back - (lost[0] - FRAME_S + 0.02)
    assert got.repaired == len(lost)
    if gap < FRAME_S + 0.15:
        assert got.freezes == 0
    else:
        assert got.freezes == 1 and got.longest_s == got.frozen_s == pytest.approx(gap, abs=1e-9)
        assert got.frozen_share == pytest.approx(gap / 30.0)


def test_short_round_trips_repair_before_a_freeze_and_long_ones_do_not() -> None:
    near, far = (conference_freezes(link(5e6, one_way, 0.002), 600.0) for one_way in (0.02, 0.3))
    assert near.repaired == far.repaired > 50 and near.freezes == 0 and far.freezes > 50
    # A frame of 1.2 Mbit/s at 30 a second is five packets of 1,200 bytes.
    assert near.repaired == pytest.approx(18_000 * (1.0 - 0.998**5), rel=0.2)


def test_without_enough_rate_there_is_no_picture() -> None:
    got = conference_freezes(link(4e5), 20.0)
    assert got.freezes == 1 and got.frozen_s == pytest.approx(20.0 - 0.02)
    assert conference_freezes(link(6e5), 20.0).freezes == 0
    assert conference_freezes(link([5e6, 0.0], start_s=[0.0, 10.0]), 20.0).frozen_s == pytest.approx(10.0, abs=0.05)
    up = conference_freezes(link(5e6, back_loss=1.0), 20.0, direction="up")
    assert up.freezes == 1 and conference_freezes(link(5e6, back_loss=1.0), 20.0).freezes == 0


def test_what_is_refused() -> None:
    with pytest.raises(InputError) as fault:
        conference_freezes(link(5e6), 20.0, direction="both", video_bit_s=0.0)
    assert len(fault.value.faults) == 2
    with pytest.raises(InputError, match="window"):
        conference_windows(link(5e6), 5.0)
