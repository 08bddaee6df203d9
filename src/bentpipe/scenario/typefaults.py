"""Builds the model from a parsed tree, and turns what pydantic refuses into faults with file, line and key.

Where something is refused, `build` still gives a draft that holds whatever could be read, with None in place of what
could not: cross-field checks run on it, so that a typing error in one field hides no contradiction in two others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from bentpipe.errors import Fault
from bentpipe.scenario.disruptions import KINDS
from bentpipe.scenario.merge import Tree
from bentpipe.scenario.model import Scenario
from bentpipe.scenario.places import Places, Step
from bentpipe.scenario.values import FrozenMap, did_you_mean, kind_of

NOT_MODELLED = {
    "handover": "handover follows from the scheduling policy; it has no policy of its own yet",
}
"""Keys of models that bentpipe does not have: refused by name, never faked."""


@dataclass
class Built:
    """A scenario, or the draft of one where `faults` is not empty."""

    scenario: Scenario
    faults: list[Fault]


def build(tree: Tree, places: Places) -> Built:
    """Build a scenario from a tree.

    Parameters
    ----------
    tree : dict
        As `tomllib` gives it, merged and overridden.
    places : Places
        Where its keys stand.

    Returns
    -------
    Built
    """
    try:
        return Built(Scenario.model_validate(tree), [])
    except ValidationError as error:
        faults = [_fault(detail, tree, places) for detail in error.errors(include_url=False)]
    return Built(cast(Scenario, _draft(Scenario, tree)), faults)


def _fault(detail: Any, tree: Tree, places: Places) -> Fault:
    kind, path = detail["type"], _path(detail["loc"], tree)
    where, value, context = places.where(path), _plain(detail["input"]), detail.get("ctx", {})
    found = kind_of(detail["input"])
    if kind == "bentpipe":
        return Fault(context["what"], where, value, context["allowed"], context["remedy"])
    if kind in ("too_short", "too_long") or (kind == "missing" and isinstance(detail["loc"][-1], int)):
        return Fault("the list has a wrong length", where, value, "a pair of numbers in square brackets")
    if kind == "missing":
        table = ".".join(str(step) for step in path[:-1]) or "the scenario"
        return Fault(f"the key '{path[-1]}' is missing from {table}", where)
    if kind == "extra_forbidden":
        return _unknown_key(path, value, tree, where)
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        return _unknown_kind(kind, detail["input"], path, places)
    if kind in ("tuple_type", "list_type"):
        return Fault(
            f"{found} where a list belongs",
            where,
            value,
            "a list in square brackets",
            _double_brackets(path),
        )
    if kind in ("model_type", "model_attributes_type", "mapping_type", "dict_type"):
        return Fault(f"{found} where a table belongs", where, value, f"a table such as [{_dotted(path)}]")
    return Fault(detail["msg"], where, value)


def _plain(value: Any) -> Any:
    """Show scalars and short lists only: a whole table says nothing in a message."""
    if isinstance(value, Mapping):
        return dict(value) if len(value) <= 3 else f"a table with the keys {', '.join(map(str, value))}"
    return value


def _dotted(path: list[Step]) -> str:
    return ".".join(str(step) for step in path if isinstance(step, str))


def _double_brackets(path: list[Step]) -> str:
    tables = ("sites", "gateways", "pops", "disruptions", "provenance", "shells", "masks")
    return f"write each item as [[{_dotted(path)}]]" if path and path[-1] in tables else ""


def _path(location: tuple[Step, ...], tree: Any) -> list[Step]:
    """Take pydantic's union tags out of a location: keep the steps that the tree knows, and the last."""
    path: list[Step] = []
    here = tree
    for number, step in enumerate(location):
        inside = (isinstance(here, Mapping) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        )
        if inside:
            here = here[step]
        elif number + 1 < len(location) or step in ("by-list", "by-name", "[key]") or not isinstance(here, Mapping):
            continue
        path.append(step)
    return path


def _unknown_key(path: list[Step], value: Any, tree: Tree, where: str) -> Fault:
    key = str(path[-1])
    if key.lower() in NOT_MODELLED:
        return Fault(f"not modelled: {NOT_MODELLED[key.lower()]}", where, value, "", "take it out")
    model = _model_at(path[:-1], tree)
    known = _keys(model) if model else []
    if model is Scenario:
        known += ["extends", "without"]
    elsewhere = [f"{name}.{key}" for name, part in _sections().items() if key in _keys(part)]
    hint = f"did you mean '{elsewhere[0]}'?" if elsewhere else did_you_mean(key, known)
    if model is not Scenario and key in _sections():
        hint = f"did you mean the part [{key}]?"
    return Fault("unknown key", where, value, "one of " + ", ".join(sorted(known)), hint)


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _sections() -> dict[str, type[BaseModel]]:
    found = {name: _model_of(field.annotation) for name, field in Scenario.model_fields.items()}
    return {name: model for name, model in found.items() if model is not None}


def _unknown_kind(problem: str, value: Any, path: list[Step], places: Places) -> Fault:
    allowed = "one of " + ", ".join(f"'{kind}'" for kind in KINDS)
    if problem == "union_tag_not_found":
        return Fault("the key 'kind' is missing from a disruption", places.where(path), None, allowed)
    said = value.get("kind") if isinstance(value, Mapping) else value
    return Fault("no such kind of disruption", places.where([*path, "kind"]), said, allowed, did_you_mean(said, KINDS))


def _model_at(path: list[Step], tree: Any) -> type[BaseModel] | None:
    """Find the model of the table at a path."""
    model: type[BaseModel] | None = Scenario
    here = tree
    for number, step in enumerate(path):
        here = here[step]
        if isinstance(step, int):
            kind = here.get("kind") if isinstance(here, dict) else None
            model = KINDS.get(str(kind)) if path[0] == "disruptions" and number == 1 else model
        elif model is not None and step in model.model_fields:
            model = _model_of(model.model_fields[step].annotation)
    return model


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """Find the one model inside an annotation such as ``tuple[Model, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _model_of(inner))), None)


def _draft(model: type[BaseModel], tree: Any) -> BaseModel | None:
    """Read what can be read: None in place of what cannot, items of lists dropped."""
    if not isinstance(tree, Mapping):
        return None
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in tree:
            values[name] = _draft_field(name, field, tree[key])
        elif field.is_required():
            values[name] = None
    return model.model_construct(**values)


def _draft_field(name: str, field: FieldInfo, value: Any) -> Any:
    inner = _model_of(field.annotation)
    if name == "disruptions":
        items = value if isinstance(value, list) else []
        drafts = [_draft(KINDS[i["kind"]], i) for i in items if isinstance(i, dict) and str(i.get("kind")) in KINDS]
        return tuple(item for item in drafts if item is not None)
    if inner is not None and isinstance(field.annotation, type):
        return _draft(inner, value)
    if inner is not None and isinstance(value, list):
        return tuple(item for item in (_draft(inner, i) for i in value) if item is not None)
    if inner is not None and isinstance(value, Mapping):
        return FrozenMap({key: item for key, i in value.items() if (item := _draft(inner, i)) is not None})
    try:
        annotation: Any = field.rebuild_annotation()
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return None
