"""A static profile for the network emulation of Chrome's DevTools protocol.

``Network.emulateNetworkConditions`` is deprecated since Chrome 147 for ``Network.emulateNetworkConditionsByRule`` with
``Network.overrideNetworkState``; the file holds the parameters of all three. Delays are ms from request to headers,
rates bytes/s, losses %; what concerns packets acts on WebRTC only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from bentpipe.emulate.exports.timed import WAYS, Profile, Written, kept
from bentpipe.emulate.tracefile import TraceHead
from bentpipe.emulate.wholefiles import whole_files
from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue import TraceSteps

LOSES: Final = (
    "all that changes: one median delay and rate each way for the whole trace; outages are left out of them",
    "losses outside WebRTC, and their bursts",
    "the order of things below a request: the delay is added to each request, not to packets",
)
"""What the format loses."""


def write_chrome(path: Path, head: TraceHead, parts: Iterable[TraceSteps]) -> Written:
    """Write the medians of a trace for Chrome.

    Parameters
    ----------
    path : pathlib.Path
        JSON file.
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
        There is no link in the whole trace.
    """
    profile = Profile()
    for part, time_s in kept(parts, head.duration_s):
        profile.add(part, time_s)
    if not profile.connected_s:
        what = "the link is out all the time: there is no median of it"
        raise InputError(Fault(what, remedy="take another part of the run, or set Chrome offline"))
    with whole_files(path) as (stream,):
        json.dump(_document(head, profile), stream, indent=2, ensure_ascii=False)
        stream.write("\n")
    return Written((path,), (
        "send the parameters under a name to that method of the DevTools protocol; from Chrome 147 on "
        "Network.emulateNetworkConditionsByRule and Network.overrideNetworkState, before it "
        "Network.emulateNetworkConditions (now deprecated)",
        *(f"loses: {one}" for one in LOSES),
    ))  # fmt: skip


def _document(head: TraceHead, profile: Profile) -> dict[str, Any]:
    """Parameters of the three methods."""
    down, up = (max(1, round(profile.rate_bit_s(way) / 8.0)) for way in WAYS)
    delay = round(1e3 * sum(profile.delay_s(way) for way in WAYS), 2)
    kept_through = (1.0 - profile.loss("down")) * (1.0 - profile.loss("up"))
    state = {"latency": delay, "downloadThroughput": down, "uploadThroughput": up, "connectionType": "other"}
    packets = {"packetLoss": round(100.0 * (1.0 - kept_through), 4), "packetReordering": False}
    return {
        "about": [
            *head.lines(),
            f"connected for {profile.connected_s:g} of {profile.total_s:g} s; the medians are over that time",
            *(f"loses: {one}" for one in LOSES),
        ],
        "Network.emulateNetworkConditionsByRule": {
            "offline": False, "matchedNetworkConditions": [{"urlPattern": "", **state, **packets}],
        },
        "Network.overrideNetworkState": {"offline": False, **state},
        "Network.emulateNetworkConditions": {"offline": False, **state, **packets},
    }  # fmt: skip
