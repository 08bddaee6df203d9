"""Commands of the terminal: each is one call of the Python API.

``bentpipe`` and ``bentpipe --help`` are answered here, from a table and without importing anything, so that
they come at once; everything else goes through :mod:`bentpipe.cli.app`, which loads one command only.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["COMMANDS", "Command", "main"]


class Command(NamedTuple):
    """Where a command lives, and the line of the front page that says what it does."""

    module: str
    attribute: str
    usage: str
    summary: str
    is_group: bool = False


COMMANDS: dict[str, Command] = {
    "run": Command("run", "run", "run SCENARIO", "Simulate a scenario, print the answer, write the report."),
    "report": Command("report", "report", "report RUN", "Write the one-file HTML report of a finished run."),
    "serve": Command("serve", "serve", "serve [RUN...]", "Runs on a globe, as a web page: look, ask, break, compare."),
    "compare": Command(
        "compare", "compare", "compare RUN RUN...", "Finished runs side by side, or one beside your own measurements."
    ),
    "explain": Command(
        "explain",
        "explain",
        "explain RUN SITE --at TIME",
        "Why this satellite, and where the delay comes from.",
    ),
    "paths": Command(
        "paths",
        "paths",
        "paths RUN A B",
        "The path between two ends over lasers: delay, stretch, changes, gaps.",
    ),
    "network": Command(
        "network",
        "app",
        "network export RUN --at TIME",
        "The network of one slot as GraphML or CSV.",
        True,
    ),
    "capacity": Command(
        "capacity",
        "capacity",
        "capacity RUN --target 25/3",
        "How many terminals each region carries, and what would lift that.",
    ),
    "resilience": Command(
        "resilience",
        "resilience",
        "resilience RUN",
        "How service falls when a random share of the satellites is lost.",
    ),
    "services": Command(
        "services", "services", "services RUN SITE", "What calls, pages, votes, files, video get at a place."
    ),
    "trace": Command(
        "trace", "trace", "trace RUN SITE", "The link of a place as a trace: CSV, TheaterQ, Mahimahi, netem, Chrome."
    ),
    "dish": Command("dish", "dish", "dish RUN SITE", "A virtual dish: a terminal's local gRPC service, from a run."),
    "exec": Command(
        "execute",
        "execute",
        "exec RUN SITE -- PROGRAM",
        "Run a program behind the link of a site, live.",
    ),
    "call": Command(
        "execute",
        "call",
        "call RUN A B -- PROGRAM -- PROGRAM",
        "Run two programs at two sites, joined by both their links.",
    ),
    "sweep": Command(
        "sweep", "app", "sweep", "Plan and run a study of many runs on Dask; resume it; read what it gave.", True
    ),
    "scenarios": Command(
        "scenarios", "app", "scenarios", "List, show, copy the built-in scenarios; start a new one.", True
    ),
    "validate": Command("scenarios", "validate", "validate SCENARIO", "Check a scenario file, all faults at once."),
    "elements": Command("elements", "app", "elements", "Fetch and inspect element sets of satellites.", True),
}

_INTRODUCTION = """\
Usage: bentpipe COMMAND [ARGUMENTS]

An open digital twin of satellite internet access. A simulation, not live status;
affiliated with no operator.

Commands:
"""

_CLOSING = """
Options:
  -h, --help  Show this page, or the page of a command: bentpipe run --help
  --version   Show the version.

Start here:
  bentpipe run ukraine-2022

Exit codes: 0 done, 1 a run failed, 2 the input is wrong, 130 interrupted.
"""


def front_page() -> str:
    """Text of ``bentpipe --help``.

    Returns
    -------
    str
        The page, ending with a newline.
    """
    width = max(len(command.usage) for command in COMMANDS.values())
    rows = (f"  {command.usage:<{width}}  {command.summary}\n" for command in COMMANDS.values())
    return _INTRODUCTION + "".join(rows) + _CLOSING


def main(argv: Sequence[str] | None = None) -> int:
    """Run the terminal program.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments after the program's name; those of the process when left out.

    Returns
    -------
    int
        0 done, 1 a run failed, 2 the input is wrong, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write(front_page())
        return 0
    from bentpipe.cli.app import dispatch

    return dispatch(arguments)
