"""``bentpipe elements``: fetch element sets, list those at hand, show what a file holds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bentpipe.cachefolder import downloaded_elements, elements_folder
from bentpipe.cli.output import print_json, print_lines
from bentpipe.errors import Fault, UnknownNameError

if TYPE_CHECKING:
    from bentpipe.catalog.elements import ElementSet, InService

app = typer.Typer(
    help="Fetch and inspect element sets of satellites.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "token_normalize_func": str.lower},
)

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")]


@app.command()
def fetch(
    group: Annotated[str | None, typer.Argument(metavar="[GROUP]", help="A CelesTrak group.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Part of a name, in place of a group.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Ask another server than CelesTrak.")] = None,
    notation: Annotated[str, typer.Option("--format", help="json or csv.")] = "json",
    as_json: AsJson = False,
) -> None:
    """Download element sets (the group starlink, unless you name another) into the cache.

    CelesTrak renews its data every two hours: within two hours the cached file is used instead.
    """
    from bentpipe.catalog.fetch import fetch_elements

    notation = notation.lower()
    if notation not in ("json", "csv"):
        raise typer.BadParameter("json or csv", param_hint="--format")
    got = fetch_elements(group, name=name, url=url, notation="csv" if notation == "csv" else "json", tell=_notice)
    if not got.downloaded:
        _notice(f"not downloaded: the cached file is {_age(got.age_s)} old, and newer data come every two hours")
    for note in got.notes:
        _notice(note)
    if as_json:
        print_json("elements fetch", {key: getattr(got, key) for key in got.__dataclass_fields__})
    else:
        verb = "Downloaded" if got.downloaded else "Cached"
        print_lines([f"{verb}: {got.path}", f"{got.satellites:,} satellites, median epoch {got.median_epoch}"])


@app.command("list")
def list_cached(as_json: AsJson = False) -> None:
    """List the downloaded element sets: satellites, epochs, age of the elements and of the download."""
    from bentpipe.catalog.cached import cached_files

    found = cached_files()
    if as_json:
        rows = [{key: getattr(file, key) for key in file.__dataclass_fields__} for file in found]
        print_json("elements list", {"folder": elements_folder(), "files": rows})
        return
    if not found:
        _notice(f"none in {elements_folder()}; bentpipe elements fetch downloads some")
        return
    cells = [
        (
            f.path.name,
            "damaged" if f.satellites is None else f"{f.satellites:,}",
            f"{f.first_epoch[:10]} to {f.last_epoch[:10]}" if f.first_epoch and f.last_epoch else "-",
            f.median_epoch or "-",
            "-" if f.elements_age_s is None else _age(f.elements_age_s),
            _age(f.age_s),
        )
        for f in found
    ]
    titles = ("file", "satellites", "epochs", "median epoch", "age of elements", "downloaded before")
    print_lines([f"In {elements_folder()}:", *_columns(titles, cells)])
    print_lines(["", "Use one by its name: bentpipe run SCENARIO --elements NAME, bentpipe elements show NAME"])


@app.command()
def show(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file, or the name of one in the cache.")],
    date: Annotated[str | None, typer.Option(metavar="DATE", help="Simulated date, UTC; the epoch's else.")] = None,
    include: Annotated[list[int] | None, typer.Option(help="Catalogue number that serves; may repeat.")] = None,
    exclude: Annotated[list[int] | None, typer.Option(help="Catalogue number that does not serve.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the shells in a file, and how many satellites serve and why the others do not."""
    from bentpipe.catalog.elements import age_warning, in_service, load_elements

    elements = load_elements(_find(file))
    service = in_service(elements, date, include or (), exclude or ())
    warning = age_warning(elements, date) if date is not None else None
    for note in (*elements.source.notes, *((warning.message,) if warning else ())):
        _notice(note)
    if as_json:
        print_json("elements show", _content(elements, service, warning.message if warning else None))
    else:
        print_lines(_lines(elements, service))


def _content(elements: ElementSet, service: InService, warning: str | None) -> dict[str, Any]:
    return {
        "file": elements.source.path,
        "format": elements.source.format,
        "sha256": elements.source.sha256,
        "satellites": len(elements),
        "median_epoch": elements.median_epoch,
        "first_epoch": elements.epoch.min(),
        "last_epoch": elements.epoch.max(),
        "in_service": int(service.mask.sum()),
        "reasons": [
            {
                "reason": reason.name.lower(),
                "text": reason.text,
                "serves": reason.serves,
                "satellites": number,
            }
            for reason, number in service.counts().items()
        ],
        "clusters": [{key: getattr(c, key) for key in c.__dataclass_fields__} for c in service.clusters],
        "notes": elements.source.notes,
        "warning": warning,
    }


def _lines(elements: ElementSet, service: InService) -> list[str]:
    epochs = f"{str(elements.epoch.min())[:10]} to {str(elements.epoch.max())[:10]}"
    head = [
        f"{elements.source.path}: {len(elements):,} satellites ({elements.source.format}), epochs {epochs}",
        f"{int(service.mask.sum()):,} in service on {str(service.date)[:10]}",
        "",
    ]
    reasons = [
        (f"{number:,}", "yes" if reason.serves else "no", reason.text) for reason, number in service.counts().items()
    ]
    rows = [
        (
            f"{c.inclination_deg:.2f}°",
            f"{c.altitude_km:.1f}",
            f"{c.satellites:,}",
            f"{c.sectors}",
            f"{c.bunching:.2f}",
            c.verdict,
        )
        for c in service.clusters
    ]
    titles = ("inclination", "altitude km", "satellites", "sectors of 72", "bunching", "verdict")
    clusters = ["", *_columns(titles, rows)] if rows else []
    return [*head, *_columns(("satellites", "serve", "why"), reasons), *clusters]


def _find(file: str) -> Path:
    """Return the file itself, or the downloaded one of that name."""
    given = Path(file)
    found = None if given.exists() else downloaded_elements(file)
    if found is None and not given.exists() and given.name == file and not given.suffix:
        known = ", ".join(sorted(path.stem for path in elements_folder().glob("*.*") if path.suffix != ".lock"))
        remedy = "bentpipe elements fetch downloads some; bentpipe elements list shows those at hand"
        raise UnknownNameError(
            Fault("no such file, and no downloaded element set of this name", "FILE", file, known or "a file", remedy)
        )
    return found or given


def _columns(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table: numbers to the right, words to the left."""
    widths = [max(len(row[at]) for row in (titles, *rows)) for at in range(len(titles))]

    def line(row: Sequence[str]) -> str:
        cells = [
            text.rjust(width) if body[:1].isdigit() else text.ljust(width)
            for text, width, body in zip(row, widths, rows[0], strict=True)
        ]
        return "  ".join(cells).rstrip()

    return [line(row) for row in (titles, *rows)]


def _age(seconds: float) -> str:
    if seconds < 5400:
        return f"{max(seconds, 0.0) / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def _notice(line: str) -> None:
    sys.stderr.write(f"bentpipe: {line}\n")
