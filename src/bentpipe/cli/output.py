"""What a command hands to stdout: lines for people, or one JSON object for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

JSON_SCHEMA = 1


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stdout.

    Parameters
    ----------
    lines : iterable of str
        Without newlines at their ends.
    """
    for line in lines:
        sys.stdout.write(f"{line}\n")


def print_json(command: str, content: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout, with the version of its layout first.

    Parameters
    ----------
    command : str
        The command that answers.
    content : mapping
        Plain values, NumPy scalars and arrays, dates and paths; a NaN becomes ``null``.
    """
    whole = {"schema": JSON_SCHEMA, "command": command, **content}
    sys.stdout.write(json.dumps(as_json(whole), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def as_json(value: Any) -> Any:
    """Turn a value into what JSON can hold.

    Parameters
    ----------
    value : object
        A mapping, sequence, number, date, path, NumPy scalar or array.

    Returns
    -------
    object
        Dictionaries, lists, strings, finite numbers, booleans and None.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if type(value).__module__ == "numpy":
        # datetime64 lists itself as a count of nanoseconds where Python has no such date: its text is exact.
        return as_json(value.astype(str).tolist() if value.dtype.kind in "mM" else value.tolist())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)
