"""Damaged files of measurements: a reading or an error that says what is wrong, never anything else."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bentpipe.catalog.measurements import KINDS, read_measurements
from bentpipe.catalog.measurements.sequence import Train, probes_of
from bentpipe.errors import InputError

PING = "PING a (1.1.1.1) 56(84) bytes of data.\n" + "".join(
    f"[{1744680687 + k}.5] 64 bytes from 1.1.1.1: icmp_seq={k} ttl=57 time=2{k}.3 ms\n" for k in range(1, 6)
)
TABLE = "time,icmp_seq,rtt_ms\n" + "".join(f"{1744680687 + k},{k},2{k}.5\n" for k in range(5))
IPERF = json.dumps(
    {
        "start": {"timestamp": {"timesecs": 1744680687}, "test_start": {"protocol": "TCP", "reverse": 1}},
        "intervals": [{"sum": {"start": k, "end": k + 1, "seconds": 1, "bits_per_second": 1e8}} for k in range(3)],
    }
)
DISH = json.dumps(
    {
        "dishGetHistory": {
            "current": "40",
            "popPingDropRate": [0.0, 1.0] * 5,
            "popPingLatencyMs": [25.0] * 10,
            "outages": [{"startTimestampNs": "1428715905000000000", "durationNs": "2000000000"}],
        }
    }
)


@settings(max_examples=150, deadline=None)
@given(
    text=st.sampled_from([PING, TABLE, IPERF, DISH]),
    cut=st.integers(0, 400),
    edits=st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from([*'[]{}":,;-e9 \n\x00', "nan", "-1", "é"])), max_size=6
    ),
    kind=st.sampled_from([None, *KINDS]),
)
def test_damage_is_read_or_refused(text: str, cut: int, edits: list[tuple[int, str]], kind: str | None) -> None:
    damaged = text[: len(text) - cut] if cut < len(text) else text
    for at, what in edits:
        damaged = damaged[:at] + what + damaged[at + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_text(damaged, encoding="utf-8")
        try:
            found = read_measurements(path, kind, start_unix_s=1744680687.0)
        except InputError:
            return
    for one in found:
        assert len(one.unix_s) == len(one.value) == len(one.lost) > 0
        assert np.isfinite(one.unix_s).all() and (np.diff(one.unix_s) >= 0.0).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=300).filter(any), st.integers(0, 65_535), st.integers(0, 2**31))
def test_every_probe_between_the_first_and_the_last_answer_is_there(
    answered: list[bool], first: int, seed: int
) -> None:
    """Numbers of 16 bits, neighbours swapped: what was not answered is lost, and times lie on the line."""
    order = np.flatnonzero(answered)
    swap = np.random.default_rng(seed).random(len(order) // 2) < 0.2
    for k in np.flatnonzero(swap):
        order[2 * k], order[2 * k + 1] = order[2 * k + 1], order[2 * k]
    train = Train()
    for k in order:
        train.answer((first + int(k)) % 65_536, 100.0 + 0.5 * k, 0.02)
    found = probes_of(train)
    low, high = np.flatnonzero(answered)[[0, -1]]
    assert len(found.number) == high - low + 1
    assert np.isfinite(found.rtt_s).tolist() == answered[low : high + 1]
    assert np.allclose(found.sent_unix_s, 100.0 + 0.5 * np.arange(low, high + 1))
