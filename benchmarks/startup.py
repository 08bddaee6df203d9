"""Time the start: ``python benchmarks/startup.py``.

Targets: ``bentpipe --help`` in 0.3 s, ``import bentpipe`` in 0.05 s, and the first run ever, which compiles the
kernels, in 90 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

COMMAND = "from bentpipe.cli import main; main()"
IMPORT = "import time; t = time.perf_counter(); import bentpipe; print(time.perf_counter() - t)"


def wall(*arguments: str, cache: str | None = None) -> float:
    """Seconds of wall time of a Python process."""
    environment = os.environ if cache is None else {**os.environ, "BENTPIPE_CACHE": cache}
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
    return time.perf_counter() - begin


def import_time() -> float:
    """Seconds that ``import bentpipe`` takes in a fresh process."""
    told = subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True)
    return float(told.stdout)


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    rows = [
        ("bentpipe --help, s", min(wall("-c", COMMAND, "--help") for _ in range(7)), 0.3),
        ("import bentpipe, s", min(import_time() for _ in range(7)), 0.05),
    ]
    with tempfile.TemporaryDirectory() as folder:
        run = ("-c", COMMAND, "run", "one-site", "--duration", "15min", "--no-report", "--out")
        rows.append(("first run ever, s", wall(*run, f"{folder}/first", cache=f"{folder}/cache"), 90.0))
        rows.append(("the same again, s", wall(*run, f"{folder}/second", cache=f"{folder}/cache"), 0.0))
    for what, value, target in rows:
        print(f"{what:24s} {value:8.3f}" + (f"   target {target:g}" if target else ""))


if __name__ == "__main__":
    main()
