"""The tables ``fields.csv`` and ``enums.csv``: the service on the wire, and where each answer comes from.

Names and numbers are facts of the service, gathered from a list of fields of February 2026 and from the descriptors
that the package starlink-client 0.1.13 (MIT) carries, and checked against a real answer of June 2024.
"""

from __future__ import annotations

import csv
import functools
from importlib.resources import files
from typing import Final, NamedTuple

NOT_MODELLED: Final = "not modelled"
"""What `Field.given` says of a field that exists but is never set."""


class Field(NamedTuple):
    """One field of a message.

    Parameters
    ----------
    message, name : str
        Message, with a dot where it lies within another; name of the field.
    number : int
        On the wire.
    type : str
        A scalar type, a message or an enum.
    label : str
        "", "repeated", or "oneof:" and the name of the group.
    given : str
        Where the answer comes from, or `NOT_MODELLED`.
    """

    message: str
    name: str
    number: int
    type: str
    label: str
    given: str


@functools.cache
def fields() -> tuple[Field, ...]:
    """Every field, message by message in the order of ``fields.csv``.

    Returns
    -------
    tuple of Field
    """
    return tuple(
        Field(row["message"], row["field"], int(row["number"]), row["type"], row["label"], row["given"])
        for row in _rows("fields.csv")
    )


@functools.cache
def enums() -> dict[str, dict[str, int]]:
    """Numbers of the values of each enum, by names.

    Returns
    -------
    dict of str to dict of str to int
    """
    found: dict[str, dict[str, int]] = {}
    for row in _rows("enums.csv"):
        found.setdefault(row["enum"], {})[row["value"]] = int(row["number"])
    return found


def _rows(name: str) -> list[dict[str, str]]:
    text = files("bentpipe.emulate.dish").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
