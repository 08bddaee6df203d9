"""What can be taken along from a run: tables, cells with their outlines, orbits of chosen satellites."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from bentpipe.globe.answers import ProblemError, file_response
from bentpipe.globe.asking import NOTHING_YET, compared, computed, in_grid, number, place_of, source_of, there
from bentpipe.globe.czml import MAXIMUM_POSITIONS, MAXIMUM_SATELLITES
from bentpipe.globe.keyframes import AHEAD, KEYFRAME_S
from bentpipe.globe.parts import part
from bentpipe.globe.state import Globe

__all__ = ["export"]


async def export(globe: Globe, request: Request) -> Response:
    """Answer with a file of a run."""
    handler = _EXPORTS.get(request.path_params["name"])
    if handler is None:
        raise ProblemError(404, f"no such export; there are {', '.join(_EXPORTS)}")
    try:
        return await handler(globe, request)
    except ProblemError as problem:
        if problem.status != NOTHING_YET:
            raise
        raise ProblemError(404, problem.text) from None  # nothing to save: a browser says so


async def _cells(globe: Globe, request: Request) -> Response:
    source, slot = source_of(globe, request), number(request, "slot", request.query_params)
    in_grid(source, slot)
    variable, other = request.query_params.get("variable", ""), request.query_params.get("with")
    against = None if other is None else await compared(globe, source, other)
    csv = request.path_params["name"] == "cells.csv"
    write = part("cells_csv" if csv else "cells_geojson")
    text = await computed(globe, write, source, variable, slot, against)
    name = f"{source.id}-{_plain(variable)}-{slot}" + ("" if against is None else f"-less-{against.id}")
    return file_response(text, f"{name}.csv" if csv else f"{name}.geojson", _CSV if csv else "application/geo+json")


async def _regions(globe: Globe, request: Request) -> Response:
    source, slot = source_of(globe, request), number(request, "slot", request.query_params)
    there(source, slot)
    text = await computed(globe, part("regions_csv"), source, slot)
    return file_response(text, f"{source.id}-regions-{slot}.csv", _CSV)


async def _series(globe: Globe, request: Request) -> Response:
    source, found = await place_of(globe, request)
    if found is None:
        raise ProblemError(404, "the run has no such place")
    text = await globe.read(part("series_csv"), source, found.kind, found.index)
    return file_response(text, f"{source.id}-{_plain(found.id)}.csv", _CSV)


async def _orbits(globe: Globe, request: Request) -> Response:
    source = source_of(globe, request)
    start, stop = (number(request, name, request.query_params) for name in ("from_slot", "to_slot"))
    in_grid(source, start)
    if not start < stop <= source.slots.stop:
        raise ProblemError(400, "to_slot must come after from_slot, and be of the run")
    count = await globe.read(lambda: len(source.names["satellite"]["satellite_name"]))
    chosen = request.query_params.get("satellites", "")
    if not re.fullmatch(r"[0-9]{1,9}(,[0-9]{1,9})*", chosen) or chosen.count(",") >= MAXIMUM_SATELLITES:
        raise ProblemError(400, f"satellites must be 1 to {MAXIMUM_SATELLITES} numbers with commas between")
    satellites = list(dict.fromkeys(int(text) for text in chosen.split(",")))
    if max(satellites) >= count:
        raise ProblemError(404, f"the run has satellites 0 to {count - 1}")
    first, last = source.clock.start_unix_s([start, stop]) // KEYFRAME_S
    numbers = list(range(int(first), int(last) + 2))
    if len(numbers) * len(satellites) > MAXIMUM_POSITIONS:  # said before they are computed
        most = MAXIMUM_POSITIONS // len(satellites)
        raise ProblemError(400, f"of {len(satellites)} satellites {most} minutes are given at most; choose less")
    frames = []
    for at in range(0, len(numbers), AHEAD):
        some = await globe.physics.call("keyframes", source.folder, numbers[at : at + AHEAD])
        frames.append(np.asarray(some)[:, satellites])
    times = np.array(numbers, np.float64) * KEYFRAME_S
    write = part("satellites_czml")
    text = await globe.read(write, source, satellites, np.concatenate(frames), times)
    return file_response(text, f"{source.id}-satellites.czml", "application/json")


_CSV = "text/csv; charset=utf-8"
_EXPORTS: Mapping[str, Callable[[Globe, Request], Awaitable[Response]]] = {
    "cells.csv": _cells,
    "cells.geojson": _cells,
    "regions.csv": _regions,
    "series.csv": _series,
    "satellites.czml": _orbits,
}


def _plain(name: str) -> str:
    """Leave of a name what a file's may have."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", name)[:60] or "cells"
