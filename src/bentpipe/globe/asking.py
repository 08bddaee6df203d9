"""What a request asks for: run, slot, place; looked up, or refused with a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request

from bentpipe.globe.answers import ProblemError
from bentpipe.globe.library import Place, find_place
from bentpipe.globe.parts import part
from bentpipe.globe.source import RunSource, WhatIfSource
from bentpipe.globe.state import Globe

__all__ = ["NOTHING_YET", "changes_of", "compared", "computed", "in_grid", "number", "place_of", "source_of", "there"]


#: No Content: what a page meets wherever a what-if ends is no error, which browsers would write to their console.
NOTHING_YET = 204


def source_of(globe: Globe, request: Request) -> RunSource:
    """Find the run that a URL names."""
    return globe.library.get(request.path_params["id"])


def changes_of(source: RunSource) -> tuple[dict[str, Any] | None, range | None]:
    """Tell what is changed, and in which slots; None for a run as it is."""
    return (source.edits, source.window) if isinstance(source, WhatIfSource) else (None, None)


def number(request: Request, name: str, where: Mapping[str, str] | None = None) -> int:
    """Read a whole number of a URL; a long row of digits is none."""
    text = (request.path_params if where is None else where).get(name, "")
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise ProblemError(400, f"{name} must be a whole number")
    return int(text)


def in_grid(source: RunSource, slot: int) -> None:
    """Refuse a slot that is not of the run."""
    if slot not in source.slots:
        raise ProblemError(404, f"the run has no such slot; it has {source.slots.start} to {source.slots.stop - 1}")


def there(source: RunSource, slot: int) -> None:
    """Refuse a slot that is not of the run; say that there is nothing yet in one that is not computed."""
    in_grid(source, slot)
    if not source.has(slot):
        raise ProblemError(NOTHING_YET, "not computed yet")


async def computed(globe: Globe, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function that reads a run, in a thread; it may find a slot not computed yet."""
    try:
        return await globe.read(function, *args)
    except LookupError as error:
        if isinstance(error, KeyError | IndexError):  # a fault of ours
            raise
        raise ProblemError(NOTHING_YET, str(error) or "not computed yet") from None


async def compared(globe: Globe, source: RunSource, id: str) -> RunSource:
    """Find the run that another is compared with; refuse one of other cells."""
    other = globe.library.get(id)
    if not await globe.read(part("comparable"), source, other):
        raise ProblemError(409, "the two runs do not have the same cells, and cannot be subtracted")
    return other


async def place_of(globe: Globe, request: Request) -> tuple[RunSource, Place | None]:
    """Find the run of a URL, and the place that its query names; None where the run has no such place."""
    source, given = source_of(globe, request), dict(request.query_params)
    try:
        return source, await globe.read(find_place, source, given)
    except (ValueError, KeyError):
        raise ProblemError(400, "name a place: cell=, site=, or lat= and lon= in degrees") from None
