"""``bentpipe network export RUN --at TIME``: the network of one slot for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bentpipe.cli.capacity import run_or_scenario
from bentpipe.cli.explain import utc_instant
from bentpipe.cli.output import print_json, print_lines
from bentpipe.errors import Fault, UnknownNameError

app = typer.Typer(
    help="Hand the network of a run to other programs.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "token_normalize_func": str.lower},
)

FORMATS = ("graphml", "csv")


@app.callback()
def network() -> None:
    """Hand the network of a run to other programs."""


@app.command()
def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name or folder; or a scenario's name or file.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="Instant, UTC, such as 2022-10-10T06:00Z.")],
    notation: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="graphml (one file) or csv (nodes.csv and links.csv).")
    ] = "graphml",
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="File, or folder for csv; named for run and slot when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
) -> None:
    """Write satellites, sites, gateways and points of presence of one slot, and what links them.

    GraphML holds the links that are usable now; links.csv also those that the topology wants and that are not.
    """
    instant, notation = utc_instant(at), notation.lower()
    if notation not in FORMATS:
        raise UnknownNameError(Fault("no such format", "--format", notation, ", ".join(FORMATS)))
    import bentpipe

    found = bentpipe.network_at(run_or_scenario(run), instant)
    stem = f"{found.name}-{found.start_utc.replace(':', '').replace('-', '')}"
    if notation == "csv":
        written = found.write_csv(out or Path(stem))
    else:
        written = found.write_graphml(out or Path(f"{stem}.graphml"))
    nodes, links = len(found.nodes.id), len(found.links.usable)
    if as_json:
        content = {"slot": found.slot, "start_utc": found.start_utc, "nodes": nodes, "links": links, "path": written}
        print_json("network export", content)
    else:
        usable = int(found.links.usable.sum())
        print_lines([
            f"{found.name}, slot {found.slot} from {found.start_utc} UTC (simulated): {nodes:,} nodes, "
            f"{links:,} links, {usable:,} of them usable now",
            f"Network: {written}",
        ])  # fmt: skip
