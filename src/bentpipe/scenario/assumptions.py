"""Every value of physical or population meaning, with its unit and where it comes from."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from bentpipe.scenario.constellation import Constellation
from bentpipe.scenario.eventchecks import matches
from bentpipe.scenario.lasers import Paths
from bentpipe.scenario.model import Scenario
from bentpipe.scenario.people import BUILTIN_DISHES
from bentpipe.scenario.services import Services
from bentpipe.scenario.values import format_duration


@dataclass(frozen=True)
class Assumption:
    """One value and where it comes from.

    Parameters
    ----------
    key : str
        Dotted; items of lists by id.
    value : object
        A number, a text, or a list of them.
    unit : str
        Empty for a pure number.
    tag : str
        documented, assumed or hypothetical.
    source, date, note : str
        Empty where nothing is known.
    """

    key: str
    value: object
    unit: str
    tag: str
    source: str = ""
    date: str = ""
    note: str = ""


class Quantity(NamedTuple):
    """One row of quantities.csv: the unit of a key, and where its default comes from."""

    key: str
    unit: str
    tag: str
    source: str
    date: str
    note: str


@cache
def quantities() -> tuple[Quantity, ...]:
    """Read the table of units and of the defaults' sources.

    Returns
    -------
    tuple of Quantity
    """
    text = (resources.files(__package__) / "data" / "quantities.csv").read_text(encoding="utf-8")
    return tuple(Quantity(**row) for row in csv.DictReader(text.splitlines()))


#: Forms of the territory that were not chosen.
_FORMS = (("territory", "world"), ("territory", "sites"))
_LABELS = frozenset(
    ("schema_version", "name", "title", "summary", "question", "seed")
    + ("provenance", "id", "source", "date", "tag", "kind")
)


class _Leaf(NamedTuple):
    key: str
    value: Any
    default: bool


def _leaves(part: Any, key: str, default: bool = False, idle: bool = False) -> Iterator[_Leaf]:
    """Walk a part down to single values, those of parts that are not used only where `idle` asks for them."""
    if isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            value = None if not idle and _idle(part, name) else getattr(part, name, None)
            if (
                value is None
                or (value is False and (key, name) in _FORMS)
                or (name in _LABELS and not _counts(part, name))
            ):
                continue
            same = default or (not field.is_required() and value == field.get_default(call_default_factory=True))
            yield from _leaves(value, f"{key}.{name}" if key else name, same, idle)
    elif isinstance(part, Mapping):
        for name, value in part.items():
            yield from _leaves(value, f"{key}.{name}", default, idle)
    elif isinstance(part, tuple) and part and isinstance(part[0], BaseModel):
        for number, item in enumerate(part):
            yield from _leaves(item, f"{key}.{getattr(item, 'id', number)}", default, idle)
    elif part != ():
        yield _Leaf(key, part, default)


def _idle(part: BaseModel, name: str) -> bool:
    """Tell parts that a scenario does not use, and what merely chooses the pairs of paths, or the services."""
    if isinstance(part, Paths):
        return name != "routing"
    if isinstance(part, Services):
        idle = {"judge": True, "poll": not part.may_judge("poll"), "conference": not part.may_judge("video-call")}
        return idle.get(name, False)
    if not isinstance(part, Scenario):
        return False
    asked = part.traffic.matrix_file is not None or part.traffic.gravity_gbps is not None
    idle = {"paths": not part.follows_paths, "traffic": not asked, "services": not part.services.judge}
    return idle.get(name, False)


def _counts(part: BaseModel, name: str) -> bool:
    """Tell the constellation's source and date, which choose satellites, from labels of the same name."""
    return name in ("source", "date") and isinstance(part, Constellation)


def _plain(value: Any) -> object:
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return value.name
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def leaf_keys(scenario: Scenario) -> list[str]:
    """List the dotted keys of all values, labels apart.

    Parameters
    ----------
    scenario : Scenario
        Or a draft.

    Returns
    -------
    list of str
    """
    return [leaf.key for leaf in _leaves(scenario, "")]


def idle_keys(scenario: Scenario) -> list[str]:
    """List the dotted keys of values that the scenario has and does not use, as where an override switches a part off.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    list of str
    """
    return [leaf.key for leaf in _leaves(scenario.services, "services", idle=True)]


def assumptions(scenario: Scenario) -> tuple[Assumption, ...]:
    """List every value of physical or population meaning, with unit, tag and source.

    The tag of a value is that of the last matching row of `provenance`; without one, a value equal to the default
    has the tag that the default has in quantities.csv, an event's values that of the event where this is
    hypothetical, and every other value is assumed. The built-in dishes in use are listed too.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    tuple of Assumption
        In the order of the model.
    """
    made_up = {event.id for event in scenario.disruptions if event.tag == "hypothetical"}
    leaves = [*_leaves(scenario, ""), *_dishes_in_use(scenario)]
    return tuple(_row(scenario, leaf, made_up) for leaf in leaves)


def _dishes_in_use(s: Scenario) -> Iterator[_Leaf]:
    names = {s.terminals.dish} if s.terminals.total else set()
    for name in sorted((names | {site.dish for site in s.sites}) - set(s.dishes)):
        yield from _leaves(BUILTIN_DISHES[name], f"dishes.{name}", True)


def _row(s: Scenario, leaf: _Leaf, made_up: set[str]) -> Assumption:
    known = next((row for row in quantities() if matches(row.key, leaf.key)), None)
    unit = known.unit if known else ""
    said = next((row for row in reversed(s.provenance) if any(matches(key, leaf.key) for key in row.keys)), None)
    value = _plain(leaf.value)
    if said is not None and s.where(leaf.key).startswith("override"):
        # What the scenario says of its own value does not hold for another.
        return Assumption(leaf.key, value, unit, "assumed", note="given for this run in place of the scenario's value")
    if said is not None:
        day = said.date.isoformat() if said.date else ""
        return Assumption(leaf.key, value, unit, said.tag, said.source, day, said.note)
    if leaf.default and known is not None and known.tag:
        return Assumption(leaf.key, value, unit, known.tag, known.source, known.date, known.note)
    parts = leaf.key.split(".")
    if parts[0] == "disruptions" and parts[1] in made_up:
        return Assumption(leaf.key, value, unit, "hypothetical")
    return Assumption(leaf.key, value, unit, "assumed")
