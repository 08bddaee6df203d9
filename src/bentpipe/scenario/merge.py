"""How one scenario extends another, and how an override changes a key: plain trees in, plain trees out.

The rules. A table is merged key by key. The lists `gateways`, `pops`, `sites` and `disruptions` are merged by `id`:
an item with a known id changes the keys it names (a disruption of another `kind` replaces the old one), a new id is
added at the end. `provenance` rows are added after the inherited ones, and so prevail. Every other list and value
replaces the inherited one. ``without = ["disruptions.power-cuts"]`` drops inherited keys first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bentpipe.errors import Fault
from bentpipe.scenario.places import Places, Step
from bentpipe.scenario.values import did_you_mean

BY_ID = ("gateways", "pops", "sites", "disruptions")
NAMED: Mapping[tuple[str, str], str] = {
    ("people", "regions"): "upper",
    ("terminals", "regions"): "upper",
    ("terminals", "region_weights"): "upper",
    ("terminals", "kinds"): "lower",
    ("", "dishes"): "lower",
}
"""Tables whose keys are names, by section, and the case that names are kept in there."""
Tree = dict[str, Any]


def fold_names(tree: Tree, places: Places) -> list[Fault]:
    """Write ids, kinds of disruption and region codes in the case that they are kept in, in place.

    Parameters
    ----------
    tree : dict
    places : Places

    Returns
    -------
    list of Fault
        Names that are then given twice.
    """
    for key in BY_ID:
        items = tree.get(key)
        for item in items if isinstance(items, list) else ():
            for name in ("id", "kind") if isinstance(item, dict) else ():
                if isinstance(item.get(name), str) and item[name].isascii():
                    item[name] = item[name].lower()
    faults = []
    for (section, key), case in NAMED.items():
        holder = tree.get(section) if section else tree
        table = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(table, dict):
            faults += _fold_keys(table, [*([section] if section else []), key], case, places)
    return faults


def _fold_keys(table: dict[str, Any], path: list[Step], case: str, places: Places) -> list[Fault]:
    faults, at = [], places.find(path)
    for name in list(table):
        folded = name.upper() if case == "upper" else name.lower()
        if folded == name or not name.isascii():
            continue
        where = places.where([*path, name])
        if folded in table:
            faults.append(Fault("the name is given twice: names ignore case", where, name, "once"))
        table[folded] = table.pop(name)
        if name in at.below:
            at.below[folded] = at.below.pop(name)
    return faults


def merge(old: Tree, old_places: Places, new: Tree, new_places: Places) -> tuple[Tree, Places]:
    """Lay a scenario over the one that it extends.

    Parameters
    ----------
    old, new : dict
        Parsed texts.
    old_places, new_places : Places
        Where their keys stand.

    Returns
    -------
    tree : dict
    places : Places
    """
    return _tables(old, old_places, new, new_places, top=True)


def _tables(old: Tree, old_at: Places, new: Tree, new_at: Places, *, top: bool = False) -> tuple[Tree, Places]:
    tree, at = dict(old), Places(new_at.file, new_at.line, dict(old_at.below))
    for key, value in new.items():
        here = new_at.below.get(key, Places(new_at.file, new_at.line))
        before, there = tree.get(key), old_at.below.get(key, Places())
        if isinstance(before, dict) and isinstance(value, dict):
            tree[key], at.below[key] = _tables(before, there, value, here)
        elif top and isinstance(before, list) and isinstance(value, list) and key in BY_ID:
            tree[key], at.below[key] = _by_id(before, there, value, here)
        elif top and isinstance(before, list) and isinstance(value, list) and key == "provenance":
            rows = [*there.below.values(), *here.below.values()]
            tree[key], at.below[key] = before + value, Places(here.file, here.line, dict(enumerate(rows)))
        else:
            tree[key], at.below[key] = value, here
    return tree, at


def _by_id(old: list[Any], old_at: Places, new: list[Any], new_at: Places) -> tuple[list[Any], Places]:
    items, at = list(old), Places(new_at.file, new_at.line, dict(old_at.below))
    for number, item in enumerate(new):
        here = new_at.below.get(number, new_at)
        match = position(old, item.get("id")) if isinstance(item, dict) else None
        if match is None or item.get("kind", old[match].get("kind")) != old[match].get("kind"):
            slot = len(items) if match is None else match
            items[slot : slot + 1] = [item]
            at.below[slot] = here
        else:
            items[match], at.below[match] = _tables(old[match], old_at.below.get(match, old_at), item, here)
    return items, at


def position(items: Sequence[Any], name: object) -> int | None:
    """Find the item of a list with an id.

    Parameters
    ----------
    items : sequence
    name : object

    Returns
    -------
    int or None
    """
    if not isinstance(name, str) or not name:
        return None
    wanted = name.lower()
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    return next((n for n, found in enumerate(ids) if isinstance(found, str) and found.lower() == wanted), None)


def drop(tree: Tree, places: Places, keys: object, where: str) -> list[Fault]:
    """Take inherited keys out, in place.

    Parameters
    ----------
    tree : dict
    places : Places
    keys : object
        What `without` holds: a list of dotted keys.
    where : str
        The place of `without`, for the faults.

    Returns
    -------
    list of Fault
    """
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        return [Fault("not a list of dotted keys", where, keys, 'such as ["disruptions.power-cuts"]')]
    faults = []
    for key in keys:
        path, fault = resolve(tree, key, where)
        if fault:
            faults.append(fault)
            continue
        holder, at = _walk(tree, path[:-1]), places.find(path[:-1])
        if isinstance(holder, list):
            number = int(path[-1])
            del holder[number]
            kept = [at.below.get(n, at) for n in range(len(holder) + 1) if n != number]
            at.below = dict(enumerate(kept))
        else:
            del holder[path[-1]]
            at.below.pop(path[-1], None)
    return faults


def resolve(tree: Tree, key: str, where: str) -> tuple[list[Step], Fault | None]:
    """Turn a dotted key into steps that exist.

    Parameters
    ----------
    tree : dict
    key : str
        Items of lists go by id or number.
    where : str
        For the fault.

    Returns
    -------
    path : list of str or int
    fault : Fault or None
    """
    here: Any = tree
    path: list[Step] = []
    for part in key.split("."):
        step = _step(here, part)
        if step is None:
            inside = ".".join(str(p) for p in path) or "the scenario"
            return path, Fault(f"{inside} holds no '{part}'", where, key, "", did_you_mean(part, _names(here)))
        path.append(step)
        here = here[step]
    return path, None


def _step(here: Any, part: str) -> Step | None:
    if isinstance(here, dict):
        near = (key for key in here if str(key).lower() == part.lower())
        return part if part in here else next(near, None)
    if isinstance(here, list):
        number = position(here, part)
        if number is None and part.isdigit() and int(part) < len(here):
            number = int(part)
        return number
    return None


def _names(here: Any) -> list[str]:
    if isinstance(here, dict):
        return [str(key) for key in here]
    return (
        [str(item["id"]) for item in here if isinstance(item, dict) and "id" in item] if isinstance(here, list) else []
    )


def _walk(tree: Any, path: Sequence[Step]) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def override(tree: Tree, places: Places, changes: Mapping[str, Any]) -> list[Fault]:
    """Change dotted keys in place; tables on the way are made where absent, list items must exist.

    Parameters
    ----------
    tree : dict
    places : Places
    changes : mapping of str to object
        New values; None takes the key out, so that its default holds.

    Returns
    -------
    list of Fault
    """
    faults = []
    for key, value in changes.items():
        parts, where = key.split("."), f"override: {key}"
        here: Any = tree
        at = places
        for number, part in enumerate(parts[:-1]):
            if isinstance(here, dict) and _step(here, part) is None:
                here[part] = {}
            step = _step(here, part)
            if step is None:
                inside = ".".join(parts[:number])
                faults.append(Fault(f"{inside} holds no '{part}'", where, value, "", did_you_mean(part, _names(here))))
                break
            here, at = here[step], at.child(step, "override", 0)
        else:
            faults += _set(here, at, parts[-1], value, where)
    return faults


def _set(here: Any, at: Places, last: str, value: Any, where: str) -> list[Fault]:
    step = _step(here, last)
    if step is None and isinstance(here, dict):
        step = last
    if step is None:
        return [Fault(f"nothing here holds '{last}'", where, value, "", did_you_mean(last, _names(here)))]
    if value is None:
        if isinstance(here, dict):
            here.pop(step, None)
        else:
            del here[int(step)]
        at.below.pop(step, None)
        return []
    here[step] = value
    at.below[step] = Places("override", 0)
    return []


def number_ids(tree: Tree, places: Places) -> None:
    """Let `Places.find` know list items by id.

    Parameters
    ----------
    tree : dict
    places : Places
    """
    for key in BY_ID:
        items = tree.get(key)
        if isinstance(items, list) and key in places.below:
            at = places.below[key]
            at.ids = {}
            for number, item in enumerate(items):
                if isinstance(item, dict) and isinstance(item.get("id"), str):
                    at.ids.setdefault(item["id"], number)
