"""Time the whole command on Ukraine: ``python benchmarks/ukraine.py [--elements FILE]``.

Targets on two quiet cores: 5,760 slots x 2,493 cells x 3,171 satellites with every rule on: simulated in 10 s,
the whole command in 20 s, in 1 GB. Without ``--elements`` the satellites are the scenario's own shells.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from brute import print_ratio

from bentpipe.scenario import load_scenario
from bentpipe.simulate.prepare import prepare


def command(*arguments: str) -> None:
    """Run bentpipe as a user would."""
    subprocess.run(
        [sys.executable, "-c", "from bentpipe.cli import main; main()", *arguments], check=True, capture_output=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elements", type=Path, help="element set to fly")
    chosen = parser.parse_args().elements
    flown = [] if chosen is None else ["--elements", str(chosen.resolve())]
    overrides = {} if chosen is None else {"constellation.source": "elements", "constellation.elements": str(chosen)}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        # Kernels are compiled outside the timing.
        command("run", "ukraine-2022", *flown, "--duration", "15min", "--out", f"{folder}/short", "--no-report")
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin, before = time.perf_counter(), used.ru_utime + used.ru_stime
        command("run", "ukraine-2022", *flown, "--out", f"{folder}/run")
        whole = time.perf_counter() - begin
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        timings = json.loads(Path(f"{folder}/run/manifest.json").read_text(encoding="utf-8"))["timings"]
    prepared = prepare(load_scenario("ukraine-2022", overrides), seeds=1)
    print(
        f"{len(prepared.slots):,} slots x {len(prepared.territory.cell_id):,} cells x "
        f"{len(prepared.fleet.up):,} satellites; {os.cpu_count()} cores, load {load:.1f} before"
    )
    for what, value, target in (
        ("simulate, s", timings["simulate_s"], 10.0),
        ("whole command, s", whole, 20.0),
        ("memory at most, GB", used.ru_maxrss * 1024 / 1e9, 1.0),
    ):
        print(f"{what:24s} {value:8.2f}   target {target:g}")
    print(f"processor time, s        {used.ru_utime + used.ru_stime - before:8.2f}")
    unix_s = prepared.clock.start_unix_s(np.array([prepared.slots.start]))
    position = prepared.propagator.earth_fixed_positions(unix_s, prepared.orientation.ut1_minus_utc(unix_s))[0]
    print_ratio(position, prepared.places, prepared.scenario.satellite.steering_deg)


if __name__ == "__main__":
    main()
