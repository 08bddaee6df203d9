"""The reference of scenario keys, read off the models that check scenarios and their docstrings."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from markdown_table import table
from numpydoc.docscrape import NumpyDocString
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

WORDS = {"str": "text", "float": "number", "int": "whole number", "bool": "true or false"}
WORDS |= {"datetime": "UTC time", "date": "date", "timedelta": "duration", "Path": "file"}


def scenario_keys() -> Iterator[str]:
    """Tables of keys: the scenario's own first, then each part in the order in which it is first named."""
    from bentpipe.scenario import Scenario

    waiting: list[type[BaseModel]] = [Scenario]
    for model in waiting:
        waiting.extend(part for part in parts_of(model) if part not in waiting)
        yield f"### {model.__name__}\n"
        summary = " ".join(NumpyDocString(model.__doc__ or "")["Summary"])
        shared = base_of(model)
        yield (
            f"{summary} Also takes every key of [{shared.__name__}](#{shared.__name__.lower()}).\n"
            if shared
            else f"{summary}\n"
        )
        yield from table(("key", "value", "when left out", "meaning"), rows(model))
        yield ""


def parts_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Models that the fields of a model hold, once each."""
    shared = base_of(model)
    found: dict[type[BaseModel], None] = {shared: None} if shared else {}
    for field in model.model_fields.values():
        for kind in leaves(field.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found[kind] = None
    yield from found


def base_of(model: type[BaseModel]) -> type[BaseModel] | None:
    """Find the model whose keys this one takes too."""
    return next((base for base in model.__bases__ if getattr(base, "model_fields", None)), None)


def leaves(kind: Any) -> Iterator[Any]:
    """Take the types at the ends of tuples, mappings, unions and annotations."""
    inner = get_args(kind)[:1] if get_origin(kind) is Annotated else get_args(kind)
    if get_origin(kind) is Literal or not inner:
        yield kind
        return
    for part in inner:
        yield from leaves(part)


def rows(model: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    """One row a field: key, value, default, meaning."""
    said = meanings(model)
    shared = base_of(model)
    for name, field in model.model_fields.items():
        if shared and name in shared.model_fields:
            continue
        key = field.alias or name
        yield f"`{key}`", described(field.annotation, field.metadata), default(field), said.get(name, "")


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Meaning of each field, from the docstrings of the model and its bases."""
    said: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, BaseModel) and owner is not BaseModel and owner.__doc__:
            for parameter in NumpyDocString(owner.__doc__)["Parameters"]:
                for name in parameter.name.split(","):
                    said[name.strip()] = " ".join(parameter.desc)
    return said


def described(kind: Any, checks: list[Any] | tuple[Any, ...] = ()) -> str:
    """Say in words what a value may be."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return described(inner[0], inner[1:])
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in inner)
    for check in checks:
        if getattr(check, "allowed", None) or getattr(check, "described", None):
            words = str(getattr(check, "allowed", None) or check.described)
            # "an id of letters, ..., such as 'x'" belongs into a message, not into every row.
            return re.sub(r"^(an id) of .*", r"\1", words)
        if hasattr(check, "word"):
            return f"`{check.word}`, or {check.number.allowed}"
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(described(one) for one in inner if one is not types.NoneType))
    if origin is tuple:
        several = inner[-1] is Ellipsis
        return f"list of {described(inner[0])}" if several else f"[{', '.join(map(described, inner))}]"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"table: {described(inner[0])} = {described(inner[1])}"
    name = getattr(kind, "__name__", str(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"[{name}](#{name.lower()})"
    return WORDS.get(name, name)


def default(field: FieldInfo) -> str:
    """Show the default of a field, or nothing where there is none worth showing."""
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, str | int | float) and value != "":
        return f"`{str(value).lower() if isinstance(value, bool) else value}`"
    if isinstance(value, timedelta):
        return f"`{value.total_seconds():g}s`"
    if value is PydanticUndefined or not value or isinstance(value, BaseModel):
        return ""
    return f"`{value}`" if isinstance(value, tuple) and not isinstance(value[0], BaseModel) else ""
