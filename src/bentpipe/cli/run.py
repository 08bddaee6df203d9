"""``bentpipe run SCENARIO``: simulate, print the answer, write the report."""

from __future__ import annotations

import shlex
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bentpipe.cachefolder import downloaded_elements
from bentpipe.cli.output import print_json, print_lines
from bentpipe.cli.progress import progress_on_stderr
from bentpipe.errors import Fault, InputError

INTERRUPTED = 130
#: Options that set a key of the scenario.
OPTIONS = {
    "seed": "--seed",
    "time.start": "--start",
    "time.duration": "--duration",
    "policies.scheduling": "--policy",
    "constellation.source": "--elements",
    "constellation.elements": "--elements",
}


def run(
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A built-in name, or a TOML file.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the run; runs/NAME when left out.")] = None,
    elements: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Element set to fly: a file, or the name of a downloaded one."),
    ] = None,
    policy: Annotated[str | None, typer.Option(metavar="NAME", help="Scheduling policy.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Seed of the random draws.")] = None,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="First instant, UTC, such as 2022-10-10T00:00Z.")
    ] = None,
    duration: Annotated[str | None, typer.Option(metavar="SPAN", help='Such as "15s", "90min", "24h".')] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change any key of the scenario; may be repeated."),
    ] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", min=1, help="All cores when left out.")] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no HTML report.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and the memory; run nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Simulate a scenario, print the answer in plain lines and write the report.

    The same command resumes a run that was interrupted. A folder that holds another run is never
    overwritten.
    """
    options = {"seed": seed, "time.start": start, "time.duration": duration, "policies.scheduling": policy}
    overrides = read_overrides(options, elements, settings or ())
    typed = {key for key, value in options.items() if value is not None}
    typed |= {"constellation.source", "constellation.elements"} if elements is not None else set()
    import bentpipe

    with told_by_option(typed):
        loaded = bentpipe.load_scenario(scenario, overrides)
    if dry_run:
        with told_by_option(typed):
            plan = bentpipe.plan(loaded, out=out, threads=threads)
        if as_json:
            print_json("run", {"dry_run": True, "plan": plan.data})
        else:
            print_lines(plan.lines)
        return
    try:
        with told_by_option(typed), progress_on_stderr(quiet) as progress:
            finished = bentpipe.run(loaded, out=out, threads=threads, progress=progress)
            answer = bentpipe.answer(finished)
            if not no_report:
                progress("report", 0, 0)
            page = None if no_report else bentpipe.write_report(finished)
    except KeyboardInterrupt:
        again = shlex.join(["bentpipe", *context.obj])
        sys.stderr.write(f"bentpipe: interrupted; finished blocks are kept. To resume: {again}\n")
        raise typer.Exit(INTERRUPTED) from None
    for warning in finished.manifest.get("warnings", ()):
        sys.stderr.write(f"bentpipe: note: {warning}\n")
    if as_json:
        print_json("run", {"run": finished.path, "report": page, "lines": answer.lines, "answer": answer.data})
        return
    print_lines(answer.lines)
    print_lines([f"Report: {page}" if page else f"Run: {finished.path}"])


@contextmanager
def told_by_option(typed: Collection[str]) -> Iterator[None]:
    """Let faults of overridden keys name what was typed: an option of its own for the keys of `typed`, else --set."""
    try:
        yield
    except InputError as error:
        own = [replace(fault, where=_option(fault.where, typed)) for fault in error.faults]
        raise type(error)(*own) from error


def _option(where: str, typed: Collection[str]) -> str:
    key = where.removeprefix("override: ")
    if key == where:
        return where
    return OPTIONS[key] if key in typed else f"--set {key}"


def read_overrides(options: Mapping[str, Any], elements: Path | None, settings: Sequence[str]) -> dict[str, Any]:
    """Gather what the command line changes in the scenario.

    Parameters
    ----------
    options : mapping
        Dotted key to the value of the option that sets it; None where the option was not given.
    elements : pathlib.Path or None
        The file given with ``--elements``.
    settings : sequence of str
        The ``KEY=VALUE`` of each ``--set``.

    Returns
    -------
    dict
        Dotted keys to values.

    Raises
    ------
    InputError
        With every fault found.
    """
    given = {key: value for key, value in options.items() if value is not None}
    faults: list[Fault] = []
    if elements is not None:
        found = elements if elements.is_file() else downloaded_elements(str(elements))
        if found is None:
            remedy = "bentpipe elements list shows the downloaded ones; without --elements the built-in shells fly"
            allowed = "a file, or the name of a downloaded set"
            faults.append(Fault("no such file", "--elements", str(elements), allowed, remedy))
        given["constellation.source"] = "elements"
        given["constellation.elements"] = str((found or elements).absolute())
    for setting in settings:
        key, equals, text = setting.partition("=")
        key = key.strip()
        if not equals or not key:
            faults.append(Fault("not KEY=VALUE", "--set", setting, remedy="write for example --set seed=2"))
        elif key in given:
            faults.append(Fault(f"{key} is set twice", "--set", setting, remedy="keep one of the two"))
        else:
            given[key] = toml_value(text.strip())
    if faults:
        raise InputError(*faults)
    return given


def toml_value(text: str) -> Any:
    """Read a value as a scenario file would; what is no TOML value is taken as a string.

    Parameters
    ----------
    text : str
        Such as ``25``, ``true``, ``["UA-30"]`` or ``24h``.

    Returns
    -------
    object
        A number, boolean, date, list, table or string.
    """
    try:
        read = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return read["value"] if len(read) == 1 else text
