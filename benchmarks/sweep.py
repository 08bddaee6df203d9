"""Time sweeps: ``python benchmarks/sweep.py [--runs 32] [--small 1000] [--skip scaling] [--world FILE]``.

Targets on two cores: two workers against one at least 1.8 times as fast on 32 one-hour runs, beside which stands what
two independent plain loops without Dask reach against one; at most 50 ms of overhead a task; one worker at most 1.1
times the plain single-threaded loop; 1,000 small runs planned in 2 s, and a finished study of as many found to be
finished in 5 s. With ``--world``, element sets of some 10,000 satellites, the whole globe for a day (41,162 cells,
5,760 slots; reach, scheduling, delay) by two workers: 5 min, 2 GB a worker.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import bentpipe

HOURS = """
schema = 1
name = "hours"
base = "{base}"
seeds = {runs}
[fixed]
"time.duration" = "1h"
[keep]
region_terminals_connected = ["mean", "min"]
rtt_s = ["mean", "max"]
"""
KEPT = ("region_terminals_connected", "rtt_s")
SMALL = """
schema = 1
name = "many"
base = "one-site"
seeds = 10
[fixed]
"time.duration" = "1min"
[[axes]]
name = "load"
key = "access.load"
range = {{ start = 0.0, stop = 0.9, count = {count} }}
[keep]
site_rtt_s = ["mean", "max"]
"""


#: Every cell of H3 resolution 3, on land or not, with one terminal each on average.
WORLD = """
schema = 1
name = "globe"
[time]
start = {day}T00:00:00Z
duration = "24h"
[constellation]
source = "elements"
elements = "{elements}"
[territory]
resolution = 3
cells = {cells}
[terminals]
total = 41162
placement = "even"
[policies]
scheduling = "highest"
sharing = "none"
[access]
era = 2024-01-01
"""
DAY = """
schema = 1
name = "globe-day"
base = "globe.toml"
[keep]
reachable = ["mean"]
served = ["mean"]
rtt_s = ["mean", "max"]
"""


def session(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "session.json").read_text()))


def plain_loop(base: str) -> None:
    """Wait for a number of runs on stdin; prepare and simulate them on one thread, storing nothing; tell the seconds.

    The work is that of the study: what it keeps, and place tables shared between runs.
    """
    from bentpipe.simulate.outputs import block_variables
    from bentpipe.simulate.prepare import Prepared, prepare
    from bentpipe.simulate.recipe import State, advance

    def one(seed: int, like: Prepared | None) -> Prepared:
        prepared = prepare(bentpipe.load_scenario(base, {"time.duration": "1h", "seed": seed}), seeds=1, like=like)
        length = prepared.block_slots
        for begin in range(prepared.slots.start // length * length, prepared.slots.stop, length):
            slots = range(max(begin, prepared.slots.start), min(begin + length, prepared.slots.stop))
            block_variables(prepared, advance(prepared, State(), slots, threads=1)[0], KEPT)
        return prepared

    last = one(1, None)
    print("ready", flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        for seed in range(2, int(line) + 2):
            last = one(seed, last)
        print(time.perf_counter() - begun, flush=True)


def plain_loops_s(base: str, runs: int) -> tuple[float, float]:
    """Seconds of a plain loop over the runs, and of two at once over half of them each: what the machine itself can."""
    command = [sys.executable, __file__, "--plain", "--base", base]
    loops = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    def at_once(some: list[subprocess.Popen[str]]) -> float:
        for loop in some:
            assert loop.stdin is not None
            loop.stdin.write(f"{runs // len(some)}\n")
            loop.stdin.flush()
        return max(float(loop.stdout.readline()) for loop in some if loop.stdout is not None)

    try:
        for loop in loops:
            assert loop.stdout is not None and loop.stdout.readline() == "ready\n"
        return at_once(loops[:1]), at_once(loops)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def scaling(folder: Path, base: str, runs: int) -> None:
    study = folder / "hours.toml"
    study.write_text(HOURS.format(base=base, runs=runs))
    plain_s, both_s = plain_loops_s(base, runs)
    print(f"{runs} one-hour runs of {base}, plain loop on one thread: {plain_s:.1f} s; two such loops, each over half")
    print(
        f"of them, at once, without Dask: {both_s:.1f} s, {plain_s / both_s:.2f} times as fast: the machine's ceiling"
    )
    walls = {}
    for workers in (1, 2):
        out = folder / f"hours-{workers}"
        begun = time.perf_counter()
        bentpipe.sweep_run(study, out=out, workers=workers)
        whole, told = time.perf_counter() - begun, session(out)
        walls[workers] = told["wall_s"]
        print(
            f"{workers} worker(s): {told['wall_s']:.1f} s of tasks, {whole:.1f} s with starting and warming; "
            f"overhead {1e3 * told['overhead_a_task_s']:.0f} ms a task of {told['tasks']}; seconds {told['seconds']}"
        )
    print(
        f"one worker beside the plain loop: {walls[1] / plain_s:.2f}; two beside one: {walls[1] / walls[2]:.2f}, "
        f"two plain loops beside one: {plain_s / both_s:.2f}"
    )


def small(folder: Path, count: int) -> None:
    study = folder / "many.toml"
    study.write_text(SMALL.format(count=count // 10))
    for note in ("first, with what is loaded", "again"):
        begun = time.perf_counter()
        bentpipe.sweep_plan(study)
        print(f"plan of {count:,} runs, {note}: {time.perf_counter() - begun:.2f} s")
    out = folder / "many"
    begun = time.perf_counter()
    bentpipe.sweep_run(study, out=out, workers=2)
    told = session(out)
    print(
        f"{count:,} runs of 4 slots, 2 workers: {time.perf_counter() - begun:.1f} s, {told['wall_s']:.1f} s of tasks; "
        f"overhead {1e3 * told['overhead_a_task_s']:.0f} ms a task; seconds {told['seconds']}"
    )
    begun = time.perf_counter()
    study_ = bentpipe.sweep_run(study, out=out, workers=2)
    print(f"resume of the finished study: {time.perf_counter() - begun:.2f} s")
    begun = time.perf_counter()
    mean = float(study_.dataset.site_rtt_s_mean.mean())
    print(f"reading a mean of all runs: {time.perf_counter() - begun:.2f} s ({1e3 * mean:.1f} ms)")


def world(folder: Path, elements: Path) -> None:
    import h3.api.basic_str as h3

    cells = sorted(cell for zero in h3.get_res0_cells() for cell in h3.cell_to_children(zero, 3))
    day = bentpipe.load_elements(elements).median_epoch.astype("datetime64[D]")
    text = WORLD.format(day=day, elements=elements.resolve(), cells=json.dumps(cells))
    (folder / "globe.toml").write_text('gateways = "world-assumed"\n' + text)
    (folder / "day.toml").write_text(DAY)
    out = folder / "day"
    begun = time.perf_counter()
    found = bentpipe.sweep_run(folder / "day.toml", out=out, workers=2)
    whole, told = time.perf_counter() - begun, session(out)
    served = 100 * float(found.dataset.served_mean.mean())
    print(
        f"the globe for a day, {len(cells):,} cells, 2 workers: {told['wall_s']:.0f} s of tasks, {whole:.0f} s in all; "
        f"{served:.1f} % of cells and slots served; workers' memory {told.get('memory_bytes', 'not told')}; "
        f"seconds {told['seconds']}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=32)
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--base", default="ukraine-2022")
    parser.add_argument("--skip", default="")
    parser.add_argument("--world", type=Path, help="element sets for the globe")
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plain:
        plain_loop(options.base)
        return
    with tempfile.TemporaryDirectory() as name:
        if options.world is not None:
            world(Path(name), options.world)
            return
        if options.skip != "small":
            small(Path(name), options.small)
        if options.skip != "scaling":
            scaling(Path(name), options.base, options.runs)


if __name__ == "__main__":
    main()
