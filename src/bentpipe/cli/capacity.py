"""``bentpipe capacity RUN --target 25/3``: how many terminals a territory carries, and what would lift that."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from bentpipe.cli.output import print_json, print_lines
from bentpipe.cli.progress import progress_on_stderr
from bentpipe.errors import Fault, InputError, UnknownNameError


def capacity(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name or folder; or a scenario's name or file.")],
    target: Annotated[
        str,
        typer.Option(metavar="DOWN/UP", help="Rate for each terminal, Mbit/s towards it and from it, such as 25/3."),
    ],
    availability: Annotated[
        str, typer.Option(metavar="SHARE", help="Share of the slots in which it is to get it, above 0, up to 1.")
    ] = "0.95",
    slots: Annotated[
        int, typer.Option(metavar="N", min=1, max=100_000, help="Slots to look at, evenly spaced over the run.")
    ] = 48,
    threads: Annotated[int | None, typer.Option(metavar="N", min=1, help="All cores when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Tell how many terminals each region can carry at a rate, what binds, and what would lift it.

    A run is scheduled anew in some of its slots: with all its terminals asking for the target at once, with
    regions that ask without end, and with one antenna, gateway, beam or channel more.
    """
    down, up = target_rates(target)
    share = share_of_slots(availability)
    import bentpipe

    source = run_or_scenario(run)
    with progress_on_stderr(quiet) as progress:
        found = bentpipe.capacity(source, 1e6 * down, 1e6 * up, share, slots, threads=threads, progress=progress)
    if as_json:
        print_json("capacity", {"lines": found.lines, "capacity": found.data})
    else:
        print_lines(found.lines)


def target_rates(text: str, option: str = "--target") -> tuple[float, float]:
    """Read the rate that each terminal is to get.

    Parameters
    ----------
    text : str
        Such as ``25/3``.
    option : str
        Where it was given.

    Returns
    -------
    down, up : float
        Mbit/s.

    Raises
    ------
    InputError
        If it is not two rates in the range.
    """
    parts = text.split("/")
    allowed, remedy = "0.001 to 100000 Mbit/s each, down then up", f"write for example {option} 25/3"
    try:
        rates = [float(part) for part in parts]
    except ValueError:
        rates = []
    if len(rates) != 2:
        raise InputError(Fault("not a rate down and a rate up", option, text, allowed, remedy))
    if not all(0.001 <= rate <= 100_000 for rate in rates):
        raise InputError(Fault("a rate is out of range", option, text, allowed, remedy))
    return rates[0], rates[1]


def share_of_slots(text: str) -> float:
    """Read the share of the slots.

    Parameters
    ----------
    text : str
        Such as ``0.95``.

    Returns
    -------
    float
        Above 0, up to 1.

    Raises
    ------
    InputError
        If it is not a number in the range.
    """
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0.0 < share <= 1.0:
        remedy = "95 % of the slots is --availability 0.95"
        raise InputError(Fault("not a share of the slots", "--availability", text, "above 0, up to 1", remedy))
    return share


def run_or_scenario(name: str) -> Any:
    """A run of that name or folder; else the scenario of that name or file.

    Parameters
    ----------
    name : str
        As given to a command.

    Returns
    -------
    Run or Scenario

    Raises
    ------
    UnknownNameError
        Where there is neither.
    """
    import bentpipe

    if Path(name).is_file():
        return bentpipe.load_scenario(name)
    try:
        return bentpipe.open_run(name)
    except UnknownNameError as no_run:
        try:
            return bentpipe.load_scenario(name)
        except UnknownNameError as no_scenario:
            raise UnknownNameError(*no_run.faults, *no_scenario.faults) from None
