"""What an operator other than Starlink brings where a scenario does not say it.

The defaults of the model are Starlink's. For another operator, the values of ``operators.toml`` are written into the
scenario where a key is absent, each with a row of provenance, so that they are listed in the report like any other.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, NamedTuple

STARLINK: Final = "starlink"
SECTIONS: Final = ("satellite", "access", "policies", "radio")
"""Tables of the scenario whose defaults an operator decides, dishes and gateways apart."""
_TIME: Final = {
    "keys": ["time.slot", "time.slot_offset_s"],
    "tag": "assumed",
    "note": "Starlink's scheduling interval, taken over as the time step only",
}


class OperatorDefault(NamedTuple):
    """One value that an operator brings.

    Parameters
    ----------
    value : object
        As a scenario file would hold it.
    tag, source, note : str
        Where it is from.
    """

    value: Any
    tag: str
    source: str
    note: str


@cache
def _tables() -> Mapping[str, Any]:
    text = (resources.files(__package__) / "operators.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def rival_names() -> tuple[str, ...]:
    """List the operators that bring defaults of their own: all but Starlink.

    Returns
    -------
    tuple of str
    """
    return tuple(name for name in _tables() if name != "sources")


def operator_defaults(operator: str, part: str) -> dict[str, OperatorDefault]:
    """Tell what an operator brings to one part of a scenario.

    Parameters
    ----------
    operator : str
        One of `rival_names`; any other name brings nothing.
    part : str
        One of `SECTIONS`, "dish" or "gateway".

    Returns
    -------
    dict of str to OperatorDefault
        By key of the part.
    """
    if operator not in rival_names():
        return {}
    table, sources = _tables()[operator], _tables()["sources"]
    return {
        key: OperatorDefault(value, tag, sources[source], note)
        for key, (value, tag, source, note) in table.get(part, {}).items()
    }


def gateway_defaults(operator: str) -> dict[str, Any]:
    """Give the plain values that an operator brings to a gateway.

    Parameters
    ----------
    operator : str

    Returns
    -------
    dict of str to object
        Empty for Starlink: the model's defaults are its own.
    """
    return {key: entry.value for key, entry in operator_defaults(operator, "gateway").items()}


def fill_in(tree: dict[str, Any]) -> None:
    """Write an operator's values into a scenario where it says nothing, and where they are from, in place.

    Parameters
    ----------
    tree : dict
        Parsed, merged and overridden. Parts of a wrong type are left for the model to refuse.
    """
    constellation = tree.get("constellation")
    said = constellation.get("operator") if isinstance(constellation, dict) else None
    operator = said.lower() if isinstance(said, str) else STARLINK
    if operator not in rival_names():
        return
    filled: list[tuple[str, OperatorDefault]] = []
    for section in SECTIONS:
        filled += _fill(tree.setdefault(section, {}), section, operator_defaults(operator, section))
    dishes = tree.setdefault("dishes", {})
    if isinstance(dishes, dict):
        dishes.setdefault("standard", {})
        for name, dish in dishes.items():
            filled += _fill(dish, f"dishes.{name}", operator_defaults(operator, "dish"))
    gateways = tree.get("gateways")
    for item in gateways if isinstance(gateways, list) else ():
        if isinstance(item, dict) and isinstance(item.get("id"), str):
            filled += _fill(item, f"gateways.{item.get('id')}", operator_defaults(operator, "gateway"))
    _say_where_from(tree, filled)


def _fill(holder: Any, path: str, defaults: Mapping[str, OperatorDefault]) -> Iterator[tuple[str, OperatorDefault]]:
    """Set the keys that are absent, and tell which."""
    if not isinstance(holder, dict):
        return
    for key, entry in defaults.items():
        if key not in holder:
            holder[key] = entry.value
            yield f"{path}.{key}", entry


def _say_where_from(tree: dict[str, Any], filled: list[tuple[str, OperatorDefault]]) -> None:
    """Add rows of provenance for what was filled in, and for the time step where no row speaks of it."""
    rows = tree.get("provenance", [])
    if not isinstance(rows, list):
        return
    keys: dict[tuple[str, str, str], list[str]] = {}
    for key, entry in filled:
        keys.setdefault(entry[1:], []).append(key)
    added = [{"keys": names, "tag": tag, "source": source, "note": note} for (tag, source, note), names in keys.items()]
    named = [key for row in rows if isinstance(row, dict) for key in row.get("keys") or () if isinstance(key, str)]
    known = any(key == "time" or key.startswith("time.slot") for key in named)
    tree["provenance"] = [*rows, *([] if known else [dict(_TIME)]), *added]
