"""Traces of Mahimahi (Netravali et al., USENIX ATC 2015): times at which a link can pass 1,500 bytes.

One whole number a line, ms, not falling: each is one chance to deliver 1,500 bytes. An outage is a gap. The file has
no comments, must not be empty or end with 0, and starts anew at its end. Delay and loss are separate, fixed shells
(``mm-delay``, ``mm-loss``); a text file beside says with which values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from bentpipe.emulate.exports.timed import PACKET_BYTES, QUEUE_S, WAYS, Profile, Written, beside, kept, way_of
from bentpipe.emulate.tracefile import TraceHead
from bentpipe.emulate.wholefiles import whole_files
from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue import TraceSteps

LARGE_BYTES: Final = 50_000_000
"""Size of a file that is worth a word, bytes."""

LOSES: Final = (
    "the delay: mm-delay adds one fixed delay, the same both ways; the median is proposed",
    "the bursts of loss: mm-loss drops each packet by itself, at the mean rate",
    "the rate within a millisecond, and chances that are not used",
    "an outage holds packets in the queue, as far as it reaches; it drops none by itself",
)
"""What the format loses."""


class _Way:
    """Chances of one way: what is left over of 1,500 bytes goes on to the next step."""

    def __init__(self) -> None:
        self.bits, self.lines, self.last_ms = 0.0, 0, 0

    def chances(self, start_s: np.ndarray, kept_s: np.ndarray, rate: np.ndarray) -> list[int]:
        """Times of the chances in some steps, ms, rounded up."""
        size = 8.0 * PACKET_BYTES
        sent = self.bits + np.concatenate(([0.0], np.cumsum(rate * kept_s)))
        wanted = size * np.arange(1, math.floor(sent[-1] / size + 1e-9) + 1)
        step = np.minimum(np.searchsorted(sent, wanted - 1e-6) - 1, len(rate) - 1)
        when = start_s[step] + (wanted - sent[step]) / np.maximum(rate[step], 1e-30)
        self.bits = sent[-1] - size * len(wanted)
        times = np.maximum(np.ceil(1e3 * when - 1e-6), 1.0).astype(np.int64)
        self.lines += len(times)
        self.last_ms = int(times[-1]) if len(times) else self.last_ms
        found: list[int] = times.tolist()
        return found


def write_mahimahi(path: Path, head: TraceHead, parts: Iterable[TraceSteps]) -> Written:
    """Write a trace for ``mm-link``: a file for each way, and a text file that says how to use them.

    Parameters
    ----------
    path : pathlib.Path
        ``NAME`` gives ``NAME-up.mahimahi``, ``NAME-down.mahimahi`` and ``NAME-mahimahi.txt``.
    head : TraceHead
        What the trace is.
    parts : iterable of TraceSteps
        Its steps.

    Returns
    -------
    Written

    Raises
    ------
    InputError
        A way never passes 1,500 bytes: Mahimahi refuses an empty file.
    """
    files = [beside(path, f"-{way}.mahimahi") for way in WAYS]
    note = beside(path, "-mahimahi.txt")
    profile, ways = Profile(), {way: _Way() for way in WAYS}
    with whole_files(*files, note) as streams:
        for part, time_s in kept(parts, head.duration_s):
            profile.add(part, time_s)
            for way, stream in zip(WAYS, streams, strict=False):
                rate = np.where(part.connected, way_of(part, way)[1], 0.0)
                stream.writelines(f"{ms}\n" for ms in ways[way].chances(part.start_s, time_s, rate))
        for way in WAYS:
            if not ways[way].lines:
                what = f"the link never passes {PACKET_BYTES} bytes {way}: Mahimahi refuses an empty trace"
                raise InputError(Fault(what, remedy="take a longer part of the run, or one with a link"))
        lines = _lines(files, profile, ways, head)
        streams[-1].writelines(f"{line}\n" for line in (*head.lines(), *lines))
    sizes = [(file.name, file.stat().st_size) for file in files]
    large = [f"{name} has {size / 1e6:,.0f} MB: mm-link reads it whole" for name, size in sizes if size > LARGE_BYTES]
    return Written((*files, note), (*large, *lines))


def _lines(files: list[Path], profile: Profile, ways: dict[str, _Way], head: TraceHead) -> tuple[str, ...]:
    """How to use the files."""
    delay = max(1, round(500.0 * sum(profile.delay_s(way) for way in WAYS)))
    loss = " ".join(f"mm-loss {way}link {profile.loss(way):.5f}" for way in WAYS if profile.loss(way) > 0.0)
    queue = " ".join(
        f'--{way}link-queue=droptail --{way}link-queue-args="bytes={max(30_000, round(_queue_bytes(profile, way)))}"'
        for way in WAYS
    )
    end = 1e3 * head.duration_s
    last = {way: ways[way].last_ms for way in WAYS}
    ends = [
        f"the trace {way} ends at {ms / 1e3:g} s, {(end - ms) / 1e3:g} s before the link's"
        for way, ms in last.items()
        if end - ms > 1e3
    ]
    link = f"mm-link {files[1].name} {files[0].name} {queue} --once -- PROGRAM"
    return (
        " ".join(filter(None, (f"mm-delay {delay}", loss, link))),
        f"buffers: {QUEUE_S * 1e3:g} ms at the median rate (assumed)",
        *ends,
        *(f"loses: {one}" for one in LOSES),
    )


def _queue_bytes(profile: Profile, way: str) -> float:
    """Size of the buffer, bytes."""
    return QUEUE_S * profile.rate_bit_s(way) / 8.0
