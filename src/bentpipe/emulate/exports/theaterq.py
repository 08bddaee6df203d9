"""Trace files of TheaterQ, a queueing discipline for Linux (Ottens et al., arXiv:2510.27057).

Extended lines, by its README and parser: KEEP (us), LATENCY (ns), JITTER (ns), RATE (bit/s; 0 is no limit), LOSS (0 to
2^32 - 1), LIMIT (packets), DUP_PROB, DUP_DELAY, ROUTE_ID. One route that is not 0 keeps the order of packets. A line
that does not begin with a digit is passed over; none may have more than 254 characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from bentpipe.emulate.exports.timed import WAYS, FloatArray, Written, beside, kept, queue_packets, way_of
from bentpipe.emulate.tracefile import TraceHead
from bentpipe.emulate.wholefiles import whole_files
from bentpipe.linkqueue import TraceSteps

ALL_LOST: Final = 2**32 - 1
"""LOSS of an outage."""

ROUTE: Final = 1
"""ROUTE_ID of all lines: packets are not reordered."""

NO_LINK_BIT_S: Final = 1_000_000
"""RATE where nothing passes, bit/s: 0 would mean no limit."""

LOSES: Final = (
    "an outage drops what arrives in it (LOSS 100 %); it cannot hold packets",
    "a burst shorter than a step is a chance of loss in that step, drawn for each packet by itself",
    "LIMIT holds what is on its way and 100 ms at the rate (assumed); versions that count waiting packets alone hold "
    "more",
    "nine columns, with ROUTE_ID as the last; a version that wants a tenth (QUEUE_ID) refuses these lines",
)
"""What the format loses."""

LONGEST: Final = 250
"""Characters of a comment at most."""


def write_theaterq(path: Path, head: TraceHead, parts: Iterable[TraceSteps]) -> Written:
    """Write a trace for TheaterQ, a file for each way.

    Parameters
    ----------
    path : pathlib.Path
        ``NAME.csv`` gives ``NAME-down.csv`` and ``NAME-up.csv``.
    head : TraceHead
        What the trace is.
    parts : iterable of TraceSteps
        Its steps.

    Returns
    -------
    Written
    """
    paths = tuple(beside(path, f"-{way}.csv") for way in WAYS)
    with whole_files(*paths) as streams:
        for way, stream in zip(WAYS, streams, strict=True):
            told = (f"TheaterQ trace, extended format; packets {'towards' if way == 'down' else 'from'} the place",
                    *head.lines(), *(f"loses: {one}" for one in LOSES))  # fmt: skip
            stream.writelines(f"# {line}"[:LONGEST] + "\n" for line in told)
        for part, time_s in kept(parts, head.duration_s):
            for way, stream in zip(WAYS, streams, strict=True):
                stream.writelines(_rows(part, time_s, way))
    return Written(paths, (
        "on the device that leads to the place, and likewise with the other file on the one that leads away from it:",
        f"  tc qdisc add dev DEVICE root handle 1: theaterq ingest EXTENDED syncgroup 0; "
        f"cat {paths[0].name} > /dev/theaterq:DEVICE:1:0",
        "  then once: tc qdisc change dev DEVICE root handle 1: theaterq stage RUN cont HOLD",
        *(f"loses: {one}" for one in LOSES),
    ))  # fmt: skip


def _rows(part: TraceSteps, kept_s: FloatArray, way: str) -> Iterator[str]:
    """Lines of some steps."""
    delay, rate, loss = way_of(part, way)
    through = part.connected & (rate >= 1.0)
    columns = (
        np.maximum(np.rint(1e6 * kept_s), 1.0).astype(np.int64), np.rint(1e9 * delay).astype(np.int64),
        np.where(through, np.rint(rate), NO_LINK_BIT_S).astype(np.int64),
        np.where(through, np.rint(loss * ALL_LOST), ALL_LOST).astype(np.int64),
        queue_packets(np.where(through, rate, NO_LINK_BIT_S), delay),
    )  # fmt: skip
    for keep, latency, speed, lost, limit in zip(*(column.tolist() for column in columns), strict=True):
        yield f"{keep},{latency},0,{speed},{lost},{limit},0,0,{ROUTE}\n"
