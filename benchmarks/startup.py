"""How long the terminal and an import take to answer. Targets: ``--help`` 0.3 s, ``import bentpipe`` 0.05 s."""

from __future__ import annotations

import subprocess
import sys
import time

HELP = "import sys; from bentpipe.cli import main; sys.exit(main())"


def best(command: list[str], times: int = 5) -> float:
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        found.append(time.perf_counter() - begun)
    return min(found)


def main() -> None:
    bare = best([sys.executable, "-c", "pass"])
    print(f"interpreter      {bare:6.3f} s")
    print(f"import bentpipe  {best([sys.executable, '-c', 'import bentpipe']) - bare:6.3f} s more   target 0.05 s")
    print(f"bentpipe --help  {best([sys.executable, '-c', HELP, '--help']):6.3f} s        target 0.3 s")


if __name__ == "__main__":
    main()
