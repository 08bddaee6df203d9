"""A shell script that replays a trace with ``tc qdisc change ... netem``, one way on one device.

The table of steps stands at the end of the script, both ways side by side; the script waits for the time of each step
on the machine's clock, so that what tc itself takes does not add up. ``rate`` is always given: netem then bases its
times on the packet queued last, and a lower delay does not reorder packets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from bentpipe.emulate.exports.timed import FloatArray, Written, kept, queue_packets, way_of
from bentpipe.emulate.tracefile import TraceHead
from bentpipe.emulate.wholefiles import whole_files
from bentpipe.linkqueue import TraceSteps

FASTEST_S: Final = 0.05
"""Step below which the script falls behind, s: each step starts three programs (assumed: 10 ms together)."""

NO_LINK_BIT_S: Final = 1_000_000
"""Rate where nothing passes, bit/s: netem refuses 0."""

LOSES: Final = (
    "steps are as exact as sh, sleep and tc: some 10 ms each",
    "an outage is loss 100 %: it drops what arrives, and cannot hold packets",
    "a burst shorter than a step is a chance of loss in that step, drawn for each packet by itself",
    "limit holds what is on its way and 100 ms at the rate (assumed)",
)
"""What the format loses."""

_SCRIPT: Final = r"""
# Usage: sh {name} DEVICE down|up        as root; needs tc (iproute2) with netem, date and sleep of GNU coreutils
#   down on the device that leads to the place, up on the one that leads away from it; start both at once with &
set -eu
device=${{1:?the device is missing: sh {name} DEVICE down|up}}
way=${{2:?the way is missing: down or up}}
case $way in down|up) ;; *) echo "the way is down or up" >&2; exit 2 ;; esac
trap 'tc qdisc del dev "$device" root 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM
verb=replace
begin=$(date +%s%3N)
while read -r at down_delay down_loss down_rate down_limit up_delay up_loss up_rate up_limit; do
  case $at in \#*|'') continue ;; esac
  ahead=$(( at - $(date +%s%3N) + begin ))
  if [ "$ahead" -gt 0 ]; then sleep "$(( ahead / 1000 )).$(printf %03d $(( ahead % 1000 )))"; fi
  if [ "$down_delay" = end ]; then break; fi
  if [ "$way" = down ]; then set -- "$down_delay" "$down_loss" "$down_rate" "$down_limit"
  else set -- "$up_delay" "$up_loss" "$up_rate" "$up_limit"; fi
  tc qdisc "$verb" dev "$device" root netem delay "$1" loss "$2" rate "$3" limit "$4"
  verb=change
done <<'STEPS'
# ms down: delay loss rate limit (packets) up: the same
"""


def write_netem(path: Path, head: TraceHead, parts: Iterable[TraceSteps]) -> Written:
    """Write a trace as a shell script for ``tc``.

    Parameters
    ----------
    path : pathlib.Path
        Script.
    head : TraceHead
        What the trace is.
    parts : iterable of TraceSteps
        Its steps.

    Returns
    -------
    Written
    """
    with whole_files(path) as (stream,):
        told = (*head.lines(), *(f"loses: {one}" for one in LOSES))
        stream.write("#!/bin/sh\n# Replays a link with tc netem.\n" + "".join(f"# {line}\n" for line in told))
        stream.write(_SCRIPT.lstrip("\n").format(name=path.name))
        for part, _ in kept(parts, head.duration_s):
            stream.writelines(_rows(part))
        stream.write(f"{round(1e3 * head.duration_s)} end\nSTEPS\n")
    late = []
    if head.step_s < FASTEST_S:
        late.append(
            f"steps of {1e3 * head.step_s:g} ms are faster than sh and tc: the script falls behind; give --step 100ms"
        )
    use = f"as root: sh {path.name} DEVICE down, and on the device that leads away from the place: up"
    return Written((path,), (*late, use, *(f"loses: {one}" for one in LOSES)))


def _rows(part: TraceSteps) -> Iterator[str]:
    """Lines of the table."""
    sides = [_side(part, way) for way in ("down", "up")]
    for at, down, up in zip(np.rint(1e3 * part.start_s).astype(np.int64).tolist(), *sides, strict=True):
        yield f"{at} {down} {up}\n"


def _side(part: TraceSteps, way: str) -> list[str]:
    """Arguments of one way."""
    delay, rate, loss = way_of(part, way)
    through: FloatArray = np.where(part.connected & (rate >= 8.0), rate, 0.0)
    speed = np.where(through > 0.0, np.rint(through), NO_LINK_BIT_S)
    lost = 100.0 * np.where(through > 0.0, loss, 1.0)
    limit = queue_packets(speed, delay)
    columns = (np.rint(1e6 * delay).astype(np.int64), lost, speed.astype(np.int64), limit)
    return [f"{us}us {share:.4g}% {bits}bit {packets}" for us, share, bits, packets in
            zip(*(column.tolist() for column in columns), strict=True)]  # fmt: skip
