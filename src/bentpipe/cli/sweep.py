"""``bentpipe sweep plan|run|report|compare|example``: studies of many runs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from bentpipe.cli import studies
from bentpipe.cli.output import print_json, print_lines
from bentpipe.cli.progress import progress_on_stderr

INTERRUPTED, FAILED = 130, 1
#: Failed runs that are told one by one.
SHOWN = 10

app = typer.Typer(
    help="Plan and run a study of many runs on Dask; resume it; read what it gave.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "token_normalize_func": str.lower},
)

StudyFile = Annotated[str, typer.Argument(metavar="STUDY", help="A study file (TOML).")]
Out = Annotated[
    str | None, typer.Option(metavar="DIR|URL", help="Where results go, such as s3://...; studies/NAME when left out.")
]
Workers = Annotated[int | None, typer.Option(metavar="N", min=1, help="Local processes; all cores when left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")]


@app.command()
def plan(
    study: StudyFile,
    out: Out = None,
    workers: Workers = None,
    time: Annotated[bool, typer.Option("--time", help="Time some slots of the first run for the estimate.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a study, and say what it would do: runs, blocks, memory, disk, time.

    The time is estimated from finished tasks where the folder has some, with --time from slots that are simulated now,
    else from the size alone.
    """
    import bentpipe

    found = bentpipe.sweep_plan(study, out=out, workers=workers, time=time)
    if as_json:
        print_json("sweep plan", {"plan": found.data})
    else:
        print_lines(found.lines)


@app.command()
def run(
    context: typer.Context,
    study: StudyFile,
    out: Out = None,
    workers: Workers = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, such as tcp://host:8786.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help='Memory limit of a local process, such as "2GB".')
    ] = None,
    verify: Annotated[
        bool | None,
        typer.Option("--verify/--no-verify", help="Compare checksums of what is done; for folders when left out."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for another client of the same study.")] = False,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Run a study, or what is missing of it or changed; the same command resumes it.

    A run that fails is tried three times, then recorded and skipped: the exit code is then 1.
    """
    import bentpipe

    def note(text: str) -> None:
        if not quiet:
            sys.stderr.write(f"bentpipe: {text}\n")

    try:
        with progress_on_stderr(quiet) as progress:
            found = bentpipe.sweep_run(
                study, out=out, workers=workers, scheduler=scheduler, memory=memory, verify=verify, wait=wait,
                progress=progress, note=note,
            )  # fmt: skip
    except KeyboardInterrupt:
        again = shlex.join(["bentpipe", *context.obj])
        sys.stderr.write(f"bentpipe: interrupted; finished blocks are kept. To resume: {again}\n")
        raise typer.Exit(INTERRUPTED) from None
    failures = found.failures
    if as_json:
        rows = [{"run": f.number, "at": f.at, "error": f.error, "attempts": f.attempts} for f in failures]
        print_json("sweep run", {"study": found.url, "complete": found.complete, "plan": found.plan, "failures": rows})
    else:
        runs = found.plan["runs"]
        print_lines([f"{runs - len(failures):,} of {runs:,} runs are done", f"Study: {found.url}"])
    for failure in failures[:SHOWN]:
        sys.stderr.write(f"bentpipe: failed: {failure}\n")
    if len(failures) > SHOWN:
        sys.stderr.write(f"bentpipe: and {len(failures) - SHOWN} more: see failures/ in the study\n")
    if failures or not found.complete:
        raise typer.Exit(FAILED)


app.command()(studies.report)
app.command()(studies.compare)


@app.command()
def example(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to write; stdout when left out.")] = None,
) -> None:
    """Write a study to start from."""
    from bentpipe.sweep.studyfile import example_study

    if file is None:
        sys.stdout.write(example_study())
        return
    with file.open("x", encoding="utf-8") as stream:
        stream.write(example_study())
