"""Reads scenarios: bytes, syntax, what they extend, overrides, types, cross-field checks; every fault at once."""

from __future__ import annotations

import copy
import os
import pickle
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from bentpipe.cachefolder import downloaded_elements
from bentpipe.errors import Fault, ScenarioError, UnknownNameError
from bentpipe.scenario.builtin import builtin_names, is_builtin, scenario_text
from bentpipe.scenario.checks import check
from bentpipe.scenario.files import file_holders
from bentpipe.scenario.groundchecks import names_beside
from bentpipe.scenario.merge import Tree, drop, fold_names, merge, number_ids, override
from bentpipe.scenario.model import Scenario
from bentpipe.scenario.operators import fill_in
from bentpipe.scenario.places import Places, Step, scan
from bentpipe.scenario.span import within_span
from bentpipe.scenario.typefaults import build
from bentpipe.scenario.values import did_you_mean

LARGEST_FILE = 2_000_000
DEEPEST = 8


@dataclass
class _Document:
    """A parsed text with what it extends already under it."""

    tree: Tree
    places: Places
    faults: list[Fault] = field(default_factory=list)


def load_scenario(source: str | Path, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Read a scenario.

    Parameters
    ----------
    source : str or pathlib.Path
        A built-in name (upper and lower case are the same) or the path of a TOML file.
    overrides : mapping of str to object, optional
        New values by dotted key, such as ``{"time.duration": "1h", "gateways.kaunas.antennas": 4}``; list items go
        by id, None takes a key out, paths are relative to the current folder. Where one changes the time, events
        that then lie outside it are left out: see `Scenario.left_out`.

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        With every fault found.
    UnknownNameError
        Where neither a built-in scenario nor a file has this name.
    """
    return _finish(_open(source), overrides or {})


class ScenarioSource:
    """A scenario text that is read once and then varied many times, as a sweep does.

    Parameters
    ----------
    source : str or pathlib.Path
        As in `load_scenario`.

    Raises
    ------
    ScenarioError
        Where it is no TOML text; what its values say is checked by `vary`.
    UnknownNameError
        Where neither a built-in scenario nor a file has this name.
    """

    def __init__(self, source: str | Path) -> None:
        # To unpickle a tree takes a tenth of the time of copying it.
        self._document = pickle.dumps(_open(source))

    def vary(self, overrides: Mapping[str, Any]) -> Scenario:
        """Read it with some values changed.

        Parameters
        ----------
        overrides : mapping of str to object
            As in `load_scenario`.

        Returns
        -------
        Scenario

        Raises
        ------
        ScenarioError
            With every fault found.
        """
        return _finish(pickle.loads(self._document), overrides)

    def steps(self, key: str) -> tuple[str, ...]:
        """Split a dotted key into steps, items of lists by number as faults name them.

        Parameters
        ----------
        key : str
            Such as ``"gateways.kaunas.antennas"``.

        Returns
        -------
        tuple of str
            Such as ``("gateways", "1", "antennas")``.
        """
        here: Places | None = self._numbered
        found = []
        for step in key.split("."):
            number = here.ids.get(step.lower()) if here else None
            found.append(step if number is None else str(number))
            at: Step = int(found[-1]) if found[-1].isdigit() else found[-1]
            here = here.below.get(at) if here else None
        return tuple(found)

    @cached_property
    def _numbered(self) -> Places:
        document: _Document = pickle.loads(self._document)
        fold_names(document.tree, document.places)
        number_ids(document.tree, document.places)
        return document.places


def parse_scenario(
    text: str, *, file: str = "scenario", folder: str | Path = ".", overrides: Mapping[str, Any] | None = None
) -> Scenario:
    """Read a scenario from text.

    Parameters
    ----------
    text : str
        TOML.
    file : str
        The name to give in messages.
    folder : str or pathlib.Path
        Where relative paths start.
    overrides : mapping of str to object, optional
        As in `load_scenario`.

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        With every fault found.
    """
    return _finish(_parse(text, file, Path(folder).resolve(), ()), overrides or {})


def validate(source: str | Path) -> tuple[Fault, ...]:
    """Find all that is wrong with a scenario.

    Parameters
    ----------
    source : str or pathlib.Path
        As in `load_scenario`.

    Returns
    -------
    tuple of Fault
        None where it is right.
    """
    try:
        load_scenario(source)
    except (ScenarioError, UnknownNameError) as error:
        return error.faults
    return ()


def parse_override(text: str) -> tuple[str, Any]:
    """Read ``KEY=VALUE`` as a terminal gives it.

    Parameters
    ----------
    text : str
        The value is TOML where it parses as such, text otherwise; "none" takes the key out.

    Returns
    -------
    key : str
    value : object

    Raises
    ------
    ScenarioError
        Where there is no key or no value.
    """
    key, sign, value = (part.strip() for part in text.partition("="))
    if not sign or not re.fullmatch(r"[\w-]+(\.[\w-]+)*", key):
        raise ScenarioError(
            Fault(
                "not an override", value=text, allowed="KEY=VALUE with a dotted key", remedy="such as time.duration=1h"
            )
        )
    if value.lower() == "none":
        return key, None
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return key, value


def examine(source: str | Path) -> tuple[Scenario | None, tuple[Fault, ...]]:
    """Read a scenario as far as it can be read, for checks that go on where it is wrong.

    Parameters
    ----------
    source : str or pathlib.Path
        As in `load_scenario`.

    Returns
    -------
    scenario : Scenario or None
        Where there are faults, a draft: None stands in place of what was refused. None where there is not even that.
    faults : tuple of Fault
    """
    try:
        document = _open(source)
    except (ScenarioError, UnknownNameError) as error:
        return None, error.faults
    scenario, faults = _read_document(document, {})
    return scenario, tuple(faults)


def _finish(document: _Document, overrides: Mapping[str, Any]) -> Scenario:
    scenario, faults = _read_document(document, overrides)
    if faults:
        raise ScenarioError(*faults)
    return within_span(scenario) if _moved(overrides) else scenario


def _moved(overrides: Mapping[str, Any]) -> bool:
    """Whether overrides change the simulated time."""
    return any(key.split(".")[0].lower() == "time" for key in overrides)


def _read_document(document: _Document, overrides: Mapping[str, Any]) -> tuple[Scenario, list[Fault]]:
    """Build the scenario, or a draft of it, with every fault in the order of the file."""
    tree, places, faults = document.tree, document.places, document.faults
    faults += override(tree, places, overrides)
    faults += fold_names(tree, places)
    _downloaded(tree)
    number_ids(tree, places)
    fill_in(tree)
    built = build(tree, places)
    faults += built.faults
    try:
        faults += check(
            built.scenario, places, sure=not built.faults, today=date.today(), may_be_outside=_moved(overrides)
        )
    except RecursionError:
        faults.append(Fault("nested too deeply", places.file))
    built.scenario._places = places
    return built.scenario, _in_order(faults)


def _downloaded(tree: Tree) -> None:
    """Let an override name a downloaded element set."""
    holder = tree.get("constellation")
    name = holder.get("elements") if isinstance(holder, dict) else None
    if isinstance(holder, dict) and isinstance(name, str) and not os.path.exists(name):
        found = downloaded_elements(name)
        holder["elements"] = name if found is None else str(found)


def _in_order(faults: list[Fault]) -> list[Fault]:
    """Sort by file and line, each fault once."""

    def place(fault: Fault) -> tuple[str, int]:
        found = re.match(r"(.*?):(\d+)(?:: |$)", fault.where)
        return (found[1], int(found[2])) if found else (fault.where, 0)

    unique: dict[str, Fault] = {}
    for fault in faults:
        unique.setdefault(str(fault), fault)
    return sorted(unique.values(), key=place)


def _open(source: str | Path, chain: tuple[str, ...] = (), where: str = "") -> _Document:
    """Find what a name or a path stands for."""
    name = str(source)
    if not name.strip() or source == Path():
        raise UnknownNameError(Fault("no scenario is named", where, name, ", ".join(builtin_names()) + ", or a file"))
    if isinstance(source, str) and is_builtin(name):
        return _parse(scenario_text(name), f"built-in {name.lower()}", None, (*chain, f"built-in {name.lower()}"))
    path = Path(source)
    if not os.path.exists(path) and not path.suffix and len(path.parts) == 1:
        raise UnknownNameError(
            Fault(
                "neither a built-in scenario nor a file",
                where,
                name,
                ", ".join(builtin_names()) + ", or a file",
                did_you_mean(name, builtin_names()),
            )
        )
    return _parse(_read(path, where), str(path), Path(os.path.abspath(path)).parent, (*chain, os.path.abspath(path)))


def _read(path: Path, where: str) -> str:
    """Read a file of a reasonable size as UTF-8 text."""
    spot = where or str(path)
    try:
        if os.path.isdir(path):
            raise ScenarioError(Fault("a folder, not a scenario file", spot))
        if os.path.exists(path) and not os.path.isfile(path):
            raise ScenarioError(Fault("not a regular file", spot))
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise ScenarioError(
            Fault("no such file", spot, str(path) if where else None, "", did_you_mean(path.name, names_beside(path)))
        ) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ScenarioError(Fault(f"cannot be read: {why}", spot)) from None
    if len(raw) > LARGEST_FILE:
        raise ScenarioError(
            Fault(
                "the file is too large",
                spot,
                None,
                f"at most {LARGEST_FILE:,} bytes",
                "put long lists into files of their own (sites_file, gateways_file, cells_file)",
            )
        )
    return _decode(raw, str(path))


def _decode(raw: bytes, file: str) -> str:
    start = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    try:
        text = raw[start:].decode("utf-8")
        bad = text.find("\x00")
        at = len(text[:bad].encode()) + start if bad >= 0 else -1
    except UnicodeDecodeError as error:
        text, at = "", error.start + start
    if at >= 0:
        line = raw.count(b"\n", 0, at) + 1
        raise ScenarioError(
            Fault(f"not text: byte 0x{raw[at]:02x} at position {at}", f"{file}:{line}", None, "a TOML file in UTF-8")
        )
    return text


def _parse(text: str, file: str, folder: Path | None, chain: tuple[str, ...]) -> _Document:
    """Parse one text and lay it over what it extends."""
    if not text.strip():
        raise ScenarioError(
            Fault(
                "the file is empty",
                file,
                None,
                "a scenario in TOML",
                "start from `bentpipe scenarios copy one-site my-scenario.toml`",
            )
        )
    try:
        tree = tomllib.loads(text)
        places = scan(text, file)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(_syntax_fault(str(error), text, file)) from None
    except RecursionError:
        raise ScenarioError(Fault("lists or tables nested too deeply", file)) from None
    except ValueError:  # an integer of thousands of digits: Python's advice to allow more is not for here
        raise ScenarioError(_endless_number(text, file)) from None
    _absolute(tree, folder)
    return _extend(_Document(tree, places, fold_names(tree, places)), folder, chain)


def _endless_number(text: str, file: str) -> Fault:
    found = re.search(r"[0-9_]{4000,}", text)
    line = f":{text.count(chr(10), 0, found.start()) + 1}" if found else ""
    return Fault("a number of thousands of digits cannot be read", f"{file}{line}", None, "whole numbers below 2**63")


def _syntax_fault(message: str, text: str, file: str) -> Fault:
    found = re.search(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", message, re.DOTALL)
    what = found[1] if found else message
    line = int(found[2]) if found and found[2] else text.rstrip("\n").count("\n") + 1
    lines = text.splitlines()
    shown = lines[line - 1].strip() if line <= len(lines) else None
    remedy = "the file seems cut short" if found and not found[2] else ""
    return Fault(f"not TOML: {what[:1].lower() + what[1:]}", f"{file}:{line}", shown, "", remedy)


def _absolute(tree: Tree, folder: Path | None) -> None:
    """Let relative paths start from the folder of the scenario file."""
    if folder is None:
        return
    holders = file_holders(tree)
    licence = tree.get("licence")
    areas = [
        tree.get("disruptions"),
        licence.get("masks") if isinstance(licence, dict) else None,
        [tree.get("territory")],
    ]
    holders += [(item, "polygon") for items in areas if isinstance(items, list) for item in items]
    for holder, key in holders:
        path = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and isinstance(path, str) and path.strip() and "\x00" not in path:
            own = folder / path
            cached = downloaded_elements(path) if key == "elements" and not os.path.exists(own) else None
            holder[key] = str(cached or own)


def _extend(document: _Document, folder: Path | None, chain: tuple[str, ...]) -> _Document:
    tree, places = document.tree, document.places
    source, without = tree.pop("extends", None), tree.pop("without", None)
    where = places.where(["extends"])
    if source is None:
        if without is not None:
            document.faults.append(
                Fault(
                    "nothing is inherited", places.where(["without"]), without, "", "add extends, or take without out"
                )
            )
        return document
    base = _base(source, where, folder, chain)
    old, old_places = copy.deepcopy(base.tree), base.places
    faults = base.faults
    if without is not None:
        faults = faults + drop(old, old_places, without, places.where(["without"]))
    merged, merged_places = merge(old, old_places, tree, places)
    if "name" not in tree:
        merged.pop("name", None)
        merged_places.below.pop("name", None)
    return _Document(merged, merged_places, faults + document.faults)


def _base(source: object, where: str, folder: Path | None, chain: tuple[str, ...]) -> _Document:
    if not isinstance(source, str) or not source.strip() or "\x00" in source:
        raise ScenarioError(Fault("not the name of a scenario", where, source, "a built-in name or a path in quotes"))
    builtin = is_builtin(source)
    target: str | Path = source if builtin or folder is None else folder / source
    label = f"built-in {source.lower()}" if builtin else os.path.abspath(target)
    if label in chain:
        raise ScenarioError(
            Fault("a scenario extends itself", where, " -> ".join((*chain, label)), "", "break the circle")
        )
    if len(chain) >= DEEPEST:
        raise ScenarioError(
            Fault("scenarios extend one another too deeply", where, source, f"at most {DEEPEST} files in a row")
        )
    if not builtin and not os.path.exists(target):
        raise ScenarioError(
            Fault(
                "neither a built-in scenario nor a file",
                where,
                source,
                ", ".join(builtin_names()) + ", or a path from this file's folder",
                did_you_mean(source, builtin_names()),
            )
        )
    return _open(target, chain, where)
