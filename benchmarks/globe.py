"""The globe: 41,162 cells under a whole constellation, reach and scheduling, slot by slot.

Run: ``python benchmarks/globe.py [ELEMENTS [SLOTS]]``. Target for the 10,744 satellites of 2026-08-21 and 240 slots on
two quiet cores: 12 s, 2 GB; linear in slots, memory flat in slots.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

from bentpipe.scenario import load_scenario
from bentpipe.simulate.prepare import prepare
from bentpipe.simulate.recipe import State, advance
from bentpipe.simulate.run import block_length


def main() -> None:
    overrides: dict[str, object] = {}
    if len(sys.argv) > 1:
        overrides = {
            "constellation.source": "elements",
            "constellation.elements": str(Path(sys.argv[1]).resolve()),
            "time.start": "2026-08-21T12:00:00Z",
        }
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 240
    prepared = prepare(load_scenario("world", overrides), seeds=1)
    length, threads = block_length(len(prepared.place_key)), os.cpu_count() or 1
    advance(prepared, State(), prepared.slots[:1])
    print(f"{len(prepared.territory.cell_id):,} cells, {len(prepared.fleet.up):,} satellites, {threads} threads")
    for slots in (most // 4, most // 2, most):
        begun, state = time.perf_counter(), State()
        for first in range(0, slots, length):
            _, state = advance(prepared, state, prepared.slots[first : min(slots, first + length)], threads)
        wall = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{slots:4d} slots  {wall:7.1f} s  {1e3 * wall / slots:7.1f} ms a slot  peak {peak:5.2f} GB")


if __name__ == "__main__":
    main()
