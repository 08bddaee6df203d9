"""Buffers and queue management of access networks, by name and direction.

The values stand in ``queues.toml`` beside this file, each with its tag and source.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from bentpipe.errors import Fault, UnknownNameError
from bentpipe.linkqueue.loaded import QueueProfile

_SCALE = {"buffer_kb": ("buffer_bytes", 1e3), "target_ms": ("target_s", 1e-3), "interval_ms": ("interval_s", 1e-3)}


@dataclass(frozen=True)
class Queues:
    """Queues of an access network.

    Parameters
    ----------
    name : str
        Name.
    down, up : QueueProfile
        Towards the user, and from it.
    origin : mapping
        "down.buffer_bytes" and so on to (tag, source).
    note : str
        What else there is to say.
    """

    name: str
    down: QueueProfile
    up: QueueProfile
    origin: Mapping[str, tuple[str, str]]
    note: str


@cache
def _table() -> dict[str, Any]:
    """Read the file once."""
    return tomllib.loads(files("bentpipe.catalog").joinpath("queues.toml").read_text(encoding="utf-8"))


def queue_names() -> tuple[str, ...]:
    """Return the names of the profiles."""
    return tuple(row["name"] for row in _table()["queue"])


def access_queues(name: str) -> Queues:
    """Read a profile.

    Parameters
    ----------
    name : str
        One of :func:`queue_names`, whatever the case.

    Returns
    -------
    Queues
        Bytes and s, with tag and source.

    Raises
    ------
    UnknownNameError
        For another name.
    """
    wanted = name.strip().casefold()
    found = [row for row in _table()["queue"] if row["name"] == wanted]
    if not found:
        close = difflib.get_close_matches(wanted, queue_names(), 1)
        remedy = f"did you mean {close[0]!r}?" if close else ""
        raise UnknownNameError(Fault("no queues have this name", "queue", name, ", ".join(queue_names()), remedy))
    (row,) = found
    origin: dict[str, tuple[str, str]] = {}
    profiles = {}
    for way in ("down", "up"):
        fields: dict[str, Any] = {}
        for key, (value, tag, source, *note) in row[way].items():
            field, scale = _SCALE.get(key, (key, None))
            fields[field] = value if scale is None else value * scale
            origin[f"{way}.{field}"] = (tag, ": ".join([_table()["sources"][source], *note]))
        profiles[way] = QueueProfile(**fields)
    return Queues(row["name"], profiles["down"], profiles["up"], MappingProxyType(origin), row["note"])
