"""``bentpipe scenarios list|show|copy|new`` and ``bentpipe validate SCENARIO``."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bentpipe.cli.output import print_json, print_lines
from bentpipe.errors import Fault, InputError

if TYPE_CHECKING:
    from bentpipe.scenario import Scenario

app = typer.Typer(
    help="List, show, copy the built-in scenarios; start a new one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "token_normalize_func": str.lower},
)

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the file.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the built-in scenarios."""
    from bentpipe.scenario import builtin_names, load_scenario

    loaded = [load_scenario(name) for name in builtin_names()]
    if as_json:
        rows = [
            {"name": s.name, "title": s.title, "question": s.question, "hypothetical": s.hypothetical} for s in loaded
        ]
        print_json("scenarios list", {"scenarios": rows})
        return
    width = max(len(s.name) for s in loaded)
    print_lines(f"{s.name:<{width}}  {s.title}{' (hypothetical)' if s.hypothetical else ''}" for s in loaded)


@app.command()
def show(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A built-in name, or a TOML file.")],
    text: Annotated[bool, typer.Option("--text", help="The whole scenario as TOML, what it extends included.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a scenario says, each value with its unit, tag and source."""
    from bentpipe.scenario import dump_toml, load_scenario

    loaded = load_scenario(scenario)
    if as_json:
        rows = [asdict(row) for row in loaded.assumptions()]
        content: dict[str, Any] = {"scenario": loaded.document(), "assumptions": rows}
        print_json("scenarios show", {**content, "hypothetical": loaded.hypothetical})
    elif text:
        print_lines(dump_toml(loaded).splitlines())
    else:
        print_lines([*_head(loaded), "", *_values(loaded)])


def _head(s: Scenario) -> list[str]:
    lines = [f"{s.name}: {s.title}", *s.summary.strip().splitlines(), s.question]
    lines.append(f"{s.time.start:%Y-%m-%d %H:%M} UTC to {s.time.end:%Y-%m-%d %H:%M} UTC, slots of {s.time.slot_s:g} s")
    for event in s.disruptions:
        start, end = s.window(event)
        lines.append(f"  {start:%d %b %H:%M} to {end:%d %b %H:%M}  {event.title} [{event.kind}, {event.tag}]")
    if s.hypothetical:
        lines.append("Part of this is hypothetical: its answers are no statement about the past.")
    return [line for line in lines if line.strip()]


def _values(s: Scenario) -> list[str]:
    rows = s.assumptions()
    counts = [f"{sum(row.tag == tag for row in rows)} {tag}" for tag in ("documented", "assumed", "hypothetical")]
    width = max(len(row.key) for row in rows)
    lines = [f"{len(rows)} values: {', '.join(counts)}"]
    for row in rows:
        value = str(row.value) if len(str(row.value)) <= 40 else f"{str(row.value)[:37]}..."
        source = ", ".join(part for part in (row.source, row.date, row.note) if part)
        lines.append(f"{row.key:<{width}}  {value} {row.unit}".rstrip() + f"  [{row.tag}] {source}".rstrip())
    return lines


@app.command()
def copy(
    scenario: Annotated[str, typer.Argument(metavar="NAME", help="A built-in name.")],
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="NAME.toml when left out.")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Copy a built-in scenario, with its comments, into a file of your own."""
    from bentpipe.scenario import scenario_text

    body = scenario_text(scenario)
    target = write_new(file or Path(f"{scenario.lower()}.toml"), body, force)
    if as_json:
        print_json("scenarios copy", {"file": target, "name": scenario.lower()})
    else:
        print_lines([f"Written: {target}"])


@app.command()
def new(
    country: Annotated[str, typer.Option(metavar="ISO3", help="Country, such as UKR.")],
    sites: Annotated[Path | None, typer.Option(metavar="FILE", help="Sites to follow: CSV, GeoJSON or KML.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="my-ISO3.toml when left out.")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Start a scenario of your own: a commented file that runs as it stands."""
    from bentpipe.scenario import new_scenario, parse_scenario
    from bentpipe.simulate.checking import outside_faults

    if sites is not None and not sites.is_file():
        raise InputError(Fault("no such file", "--sites", str(sites)))
    name = f"my-{country.strip().lower()}"
    target = out or Path(f"{name}.toml")
    listed = None if sites is None else _seen_from(sites, target)
    body = new_scenario(country, listed, called=_country_name(country))
    faults = outside_faults(parse_scenario(body, file=str(target), folder=target.resolve().parent))
    if faults:
        raise InputError(*(replace(fault, where=f"--country {country}") for fault in faults))
    write_new(target, body, force)
    if as_json:
        print_json("scenarios new", {"file": target, "name": name})
    else:
        print_lines([f"Written: {target}", f"Next: bentpipe run {target}"])


def _country_name(code: str) -> str:
    """Name of a country; nothing where there is none, which is told later with the rest."""
    from bentpipe.catalog.geodata import load_geodata

    try:
        return load_geodata().country(code).name
    except InputError:
        return ""


def _seen_from(sites: Path, target: Path) -> Path:
    """Write the path of the sites as the scenario file must: relative to its folder, where there is a way."""
    try:
        return Path(os.path.relpath(sites.resolve(), target.resolve().parent))
    except ValueError:  # another drive
        return sites.resolve()


def write_new(target: Path, text: str, force: bool) -> Path:
    """Write a file that must not exist yet.

    Parameters
    ----------
    target : pathlib.Path
    text : str
    force : bool
        Overwrite it all the same.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        Where the file exists, or its folder does not.
    """
    if not target.parent.is_dir():
        raise InputError(Fault("no such folder", value=str(target.parent), remedy="make it first"))
    if target.is_dir():
        raise InputError(Fault("a folder where a file belongs", value=str(target)))
    try:
        with target.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        remedy = "choose another name, or overwrite it with --force"
        raise InputError(Fault("the file exists already", value=str(target), remedy=remedy)) from None
    return target


def validate(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A TOML file, or a built-in name.")],
    as_json: AsJson = False,
) -> None:
    """Check a scenario with the files that it names, and tell all faults at once.

    Times without an offset are UTC. Exit code 0: nothing wrong; 2: faults.
    """
    import bentpipe
    from bentpipe.scenario import load_scenario

    faults = bentpipe.validate(scenario)
    if as_json:
        rows = [
            {"what": f.what, "where": f.where, "value": f.value, "allowed": f.allowed, "remedy": f.remedy}
            for f in faults
        ]
        print_json("validate", {"valid": not faults, "faults": rows})
        if faults:
            raise typer.Exit(2)
        return
    if faults:
        raise InputError(*faults)
    loaded = load_scenario(scenario)
    print_lines(
        [
            f"{scenario}: valid; {loaded.name}, {loaded.time.start:%Y-%m-%d %H:%M} UTC to "
            f"{loaded.time.end:%Y-%m-%d %H:%M} UTC"
        ]
    )
