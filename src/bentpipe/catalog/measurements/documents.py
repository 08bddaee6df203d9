"""JSON of measurements: one document or several after one another, with line numbers where it is damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from bentpipe.catalog.measurements.samples import open_text
from bentpipe.errors import Fault, InputError

MOST_BYTES: Final = 500_000_000


def documents(path: Path, remedy: str) -> list[dict[str, Any]]:
    """Read all JSON objects of a file.

    Parameters
    ----------
    path : pathlib.Path
        At most 500 MB; objects may follow one another, with or without line breaks.
    remedy : str
        What to do where it ends early.

    Returns
    -------
    list of dict

    Raises
    ------
    InputError
        Not JSON from some line on, or too large.
    """
    if path.stat().st_size > MOST_BYTES:
        raise InputError(Fault("file too large", path.name, path.stat().st_size, f"at most {MOST_BYTES:,} bytes"))
    text = path.read_text(encoding=open_text(path), errors="replace")
    found: list[dict[str, Any]] = []
    decoder, at = json.JSONDecoder(), 0
    while True:
        while at < len(text) and (text[at].isspace() or text[at] == ","):
            at += 1
        if at >= len(text):
            return found
        try:
            one, at = decoder.raw_decode(text, at)
        except ValueError as error:
            place = getattr(error, "pos", at)
            early = not text[place:].strip()
            what = "the file ends early" if early else f"not JSON: {getattr(error, 'msg', error)}"
            line = text.count("\n", 0, place) + 1
            raise InputError(Fault(what, f"{path.name}:{line}", remedy=remedy)) from None
        if not isinstance(one, dict):
            line = text.count("\n", 0, at) + 1
            raise InputError(Fault("not a JSON object", f"{path.name}:{line}", str(one)[:40], remedy=remedy))
        found.append(one)
