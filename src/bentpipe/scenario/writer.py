"""Writes a scenario as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bentpipe.scenario.model import Scenario

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dump_toml(scenario: Scenario, *, defaults: bool = False) -> str:
    """Write a scenario as a file that reads back as an equal scenario.

    Parameters
    ----------
    scenario : Scenario
    defaults : bool
        Whether to write values that equal the default too.

    Returns
    -------
    str
        TOML. Paths are absolute; what the scenario extended is written out.
    """
    document = {"schema": scenario.schema_version, **scenario.document(defaults=defaults)}
    lines: list[str] = []
    _table(document, [], lines)
    return "\n".join(lines).strip() + "\n"


def _table(table: Mapping[str, Any], path: list[str], lines: list[str]) -> None:
    """Write plain values first, then the tables below, as TOML demands."""
    below = {key: value for key, value in table.items() if _is_table(value) or _is_tables(value)}
    for key, value in table.items():
        if key not in below:
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in below.items():
        name = ".".join(map(_key, [*path, key]))
        for item in value if isinstance(value, list) else [value]:
            lines += ["", f"[[{name}]]" if isinstance(value, list) else f"[{name}]"]
            _table(item, [*path, key], lines)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return repr(value)
