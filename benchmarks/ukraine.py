"""The main job: one day of `ukraine-2022`, with every rule on.

Run: ``python benchmarks/ukraine.py [ELEMENTS]``. With an element set (that of 2022-10-24 for the target), it flies the
real satellites. Targets on two quiet cores, kernels compiled: simulate 10 s, whole command 20 s, 1 GB.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import bentpipe


def main() -> None:
    overrides = {}
    if len(sys.argv) > 1:
        overrides = {"constellation.source": "elements", "constellation.elements": str(Path(sys.argv[1]).resolve())}
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        run = bentpipe.run("ukraine-2022", out=Path(folder) / "run", **overrides)
        report = bentpipe.write_report(run)
        whole = time.perf_counter() - begun
        size = report.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    timings = run.manifest["timings"]
    print(f"kernels   {timings['kernels_s']:8.1f} s")
    print(f"prepare   {timings['prepare_s']:8.1f} s")
    print(f"simulate  {timings['simulate_s']:8.1f} s   target 10 s")
    print(f"whole     {whole:8.1f} s   target 20 s (without the interpreter's start)")
    print(f"memory    {peak:8.2f} GB  target 1 GB")
    print(f"report    {size / 1e6:8.2f} MB  target below 2 MB")


if __name__ == "__main__":
    main()
