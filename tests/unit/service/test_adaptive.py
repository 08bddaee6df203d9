"""Adaptive video: worked examples, a plain twin, stalls in outages, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.service.adaptive import LADDER_BIT_S, Player, adaptive_video


def plain_rungs(rate: float, rtt: float, segments: int, player: Player) -> list[int]:
    """Rungs over a link that does not change, from the rule alone."""
    rungs: list[int] = []
    seen: list[float] = []
    for _ in range(segments):
        expected = 0.8 * len(seen[-5:]) / sum(1.0 / s for s in seen[-5:]) if seen else 0.0
        rungs.append(max([i for i, bit in enumerate(player.ladder_bit_s) if bit <= expected], default=0))
        bits = player.ladder_bit_s[rungs[-1]] * player.segment_s
        seen.append(bits / (rtt + bits / rate))
    return rungs


@pytest.mark.parametrize("rate", [1e5, 1e6, 5e6, 2e7, 1e9])
def test_rungs_over_a_steady_link(rate: float) -> None:
    got = adaptive_video([0.0], [rate], 0.05, 200.0)
    assert list(got.rung) == plain_rungs(rate, 0.05, len(got.rung), Player())
    assert LADDER_BIT_S[got.rung.max()] <= max(0.8 * rate, LADDER_BIT_S[0])
    if rate > 5e5:
        assert got.stalls == 0 and got.stall_ratio == 0.0
        assert got.started_s == pytest.approx(0.05 + 4.0 * LADDER_BIT_S[0] / rate)
        assert got.started_s + got.played_s == pytest.approx(200.0)


def test_a_link_below_the_lowest_rung_stalls_in_every_segment() -> None:
    got = adaptive_video([0.0], [100e3], 0.0, 5.8 * 20)
    assert got.started_s == pytest.approx(5.8) and got.stalls == 19  # a segment of 580 kbit takes 5.8 s and lasts 4 s
    assert got.stalled_s == pytest.approx(19 * 1.8) and got.longest_stall_s == pytest.approx(1.8)


def test_an_outage_stalls_by_what_the_buffer_does_not_hold() -> None:
    short, long = (adaptive_video([0.0, 60.0, 60.0 + t], [2e7, 0.0, 2e7], 0.05, 150.0) for t in (20.0, 50.0))
    assert short.stalls == 0 and long.stalls == 1
    # At most 30 s and at least 26 s are ahead; a segment at the highest rung takes 1.56 s and a round trip.
    assert 20.0 < long.stalled_s < 26.0
    dark = adaptive_video([0.0], [0.0], 0.05, 60.0)
    assert dark.started_s == np.inf and dark.played_s == dark.fetched_bits == 0.0 and np.isnan(dark.stall_ratio)


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="rises"):
        Player(ladder_bit_s=(2e6, 1e6))
    with pytest.raises(InputError, match="buffer is too small"):
        Player(buffer_s=6.0, start_s=5.0)
    with pytest.raises(InputError, match="duration_s"):
        adaptive_video([0.0], [1e6], 0.05, 0.0)
