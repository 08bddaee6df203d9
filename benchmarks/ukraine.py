"""Time the whole command on Ukraine: ``python benchmarks/ukraine.py [--elements FILE]``.

Targets on two quiet cores, 5,760 slots x 2,493 cells x 3,171 satellites with every rule on: who is reached and served
and at what delay simulated in 10 s, the whole command in 20 s, in 1 GB; with weather and rates in 20 s, 30 s and
1.5 GB. Without ``--elements`` the satellites are the scenario's own shells.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from brute import print_ratio

from bentpipe.scenario import load_scenario
from bentpipe.simulate.prepare import prepare


def command(*arguments: str) -> tuple[float, float, float]:
    """Run bentpipe as a user would; returns wall time and processor time, s, and memory at most, GB."""
    begin = time.perf_counter()
    program = "from bentpipe.cli import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"bentpipe {' '.join(arguments)}: status {status}")
    return time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elements", type=Path, help="element set to fly")
    chosen = parser.parse_args().elements
    flown = [] if chosen is None else ["--elements", str(chosen.resolve())]
    overrides = {} if chosen is None else {"constellation.source": "elements", "constellation.elements": str(chosen)}
    load = os.getloadavg()[0]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        # Kernels are compiled outside the timing.
        command("run", "ukraine-2022", *flown, "--duration", "15min", "--out", f"{folder}/short", "--no-report")
        for name, sharing, targets in (
            ("reach, scheduling, delay", "none", (10.0, 20.0, 1.0)),
            ("with weather and rates", "single-satellite", (20.0, 30.0, 1.5)),
        ):
            out = f"{folder}/{sharing}"
            wall, used, memory = command(
                "run", "ukraine-2022", *flown, "--out", out, "--set", f"policies.sharing={sharing}"
            )
            timings = json.loads(Path(f"{out}/manifest.json").read_text(encoding="utf-8"))["timings"]
            rows.append((name, timings["simulate_s"], wall, memory, used, targets))
    prepared = prepare(load_scenario("ukraine-2022", overrides), seeds=1)
    print(
        f"{len(prepared.slots):,} slots x {len(prepared.territory.cell_id):,} cells x "
        f"{len(prepared.fleet.up):,} satellites; {os.cpu_count()} cores, load {load:.1f} before"
    )
    print(f"{'':26s}{'simulate, s':>18s}{'whole, s':>18s}{'memory, GB':>18s}{'processor, s':>14s}")
    for name, simulate, wall, memory, used, targets in rows:
        values = zip((simulate, wall, memory), targets, strict=True)
        print(f"{name:26s}" + "".join(f"{v:10.2f} (<{t:5g})" for v, t in values) + f"{used:14.1f}")
    unix_s = prepared.clock.start_unix_s(np.array([prepared.slots.start]))
    position = prepared.propagator.earth_fixed_positions(unix_s, prepared.orientation.ut1_minus_utc(unix_s))[0]
    print_ratio(position, prepared.places, prepared.scenario.satellite.steering_deg)


if __name__ == "__main__":
    main()
