"""``bentpipe serve RUN...``: runs as a web page, on this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from bentpipe.cli.output import print_lines

#: Runs shown at most, where none is named.
NEWEST = 20


def serve(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN]...", help="Runs, by name or folder; all under runs/ when left out, newest first."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Where to answer. Other machines reach any but 127.0.0.1: with a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="A free one when left out.")] = 0,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the address only.")] = False,
) -> None:
    """Show runs on a globe and a map, as a web page of this machine: look, ask a place, break things, compare.

    Finished runs, and one that is still being written. Nothing is fetched from outside, nothing is sent anywhere. What
    is changed on the page is computed anew here, and marked as hypothetical. Ctrl-C ends it.
    """
    from bentpipe.globe.server import serve as serve_globe

    def ready(url: str) -> None:
        print_lines([url if quiet else f"Globe: {url} (Ctrl-C ends it)"])
        sys.stdout.flush()

    def announce(line: str) -> None:
        if not quiet:
            sys.stderr.write(f"bentpipe: {line}\n")

    chosen = list(runs) if runs else newest_runs(Path("runs"), announce)
    serve_globe(chosen, physics, host, port, open_browser, announce, ready)


def physics() -> Any:
    """Load what the page has computed anew; called in a process of its own, never in the server's."""
    from bentpipe.globe.physics import make_physics
    from bentpipe.simulate.globephysics import globe_physics

    return make_physics(globe_physics)._asdict()


def newest_runs(root: Path, announce: Callable[[str], None]) -> list[Path]:
    """Runs in a folder, the newest first; what is no sound run is left out.

    Parameters
    ----------
    root : pathlib.Path
        Where runs lie.
    announce : callable
        Takes a line about each that is left out.

    Returns
    -------
    list of pathlib.Path
        `NEWEST` at most.

    Raises
    ------
    InputError
        Where there is none.
    """
    from bentpipe.errors import Fault, InputError, StoreError
    from bentpipe.results.soundness import read_manifest

    found: list[Path] = []
    for path in sorted(root.glob("*/manifest.json"), key=lambda path: (-path.stat().st_mtime, path.parent.name)):
        try:
            read_manifest(path.parent)
        except StoreError as error:
            announce(f"{path.parent} is left out: {error}")
            continue
        found.append(path.parent)
        if len(found) == NEWEST:
            break
    if not found:
        what = "there is no run to show"
        raise InputError(Fault(what, f"{root}/", remedy="make one with: bentpipe run ukraine-2022"))
    return found
