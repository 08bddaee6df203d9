"""Routes of the server: each finds what is asked for by looking it up, and has it read in a thread or computed."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bentpipe.errors import BentpipeError, Fault, InputError
from bentpipe.globe import exportroutes
from bentpipe.globe.answers import (
    ProblemError,
    array_response,
    file_response,
    json_response,
    problem_of,
    problem_response,
)
from bentpipe.globe.asking import changes_of, compared, computed, in_grid, number, place_of, source_of, there
from bentpipe.globe.events import EventResponse
from bentpipe.globe.keyframes import KEYFRAME_S
from bentpipe.globe.library import run_state
from bentpipe.globe.parts import part
from bentpipe.globe.source import RunSource, WhatIfSource
from bentpipe.globe.state import Globe

__all__ = ["routes"]

Handler = Callable[[Globe, Request], Awaitable[Response]]
_KEPT_SHORTLY = {"Cache-Control": "private, max-age=600, immutable"}


def routes(globe: Globe) -> list[Route]:
    """All routes.

    Parameters
    ----------
    globe : Globe
        What the server holds.

    Returns
    -------
    list of Route
    """
    run = "/api/runs/{id}"
    table: list[tuple[str, Handler]] = [
        ("/", page),
        ("/static/{name:path}", static),
        ("/api/runs", runs),
        (f"{run}/scene", scene),
        (f"{run}/index", index),
        (f"{run}/values/{{variable}}/{{slot}}", values),
        (f"{run}/difference/{{variable}}/{{slot}}", difference),
        (f"{run}/slots/{{slot}}", slots),
        (f"{run}/links/{{slot}}", links),
        (f"{run}/keyframes/{{k}}", keyframes),
        (f"{run}/fleet", fleet),
        (f"{run}/place", place),
        (f"{run}/series", series),
        (f"{run}/course", course),
        (f"{run}/outlines", territory),
        (f"{run}/export/{{name}}", exportroutes.export),
        ("/api/what-ifs/{id}/result", result),
        ("/api/what-ifs/{id}/scenario.toml", scenario),
        ("/api/outlines", outlines),
        ("/api/events", events),
    ]
    found = [Route(path, _endpoint(globe, handler), methods=["GET"]) for path, handler in table]
    found.append(Route("/api/what-ifs", _endpoint(globe, submit), methods=["POST"]))
    found.append(Route("/api/what-ifs/{id}", _endpoint(globe, forget), methods=["DELETE"]))
    return found


def _endpoint(globe: Globe, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(globe, request)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                globe.announce(f"{request.url.path}: {type(error).__name__}: {error}; this is a fault of bentpipe")
                problem = ProblemError(500, f"{type(error).__name__}; the terminal of bentpipe serve says more")
            return problem_response(problem)

    return answer


async def page(globe: Globe, request: Request) -> Response:
    """Page itself."""
    return _asset(globe, request, "index.html")


async def static(globe: Globe, request: Request) -> Response:
    """Script, style or picture of the page."""
    return _asset(globe, request, request.path_params["name"])


def _asset(globe: Globe, request: Request, name: str) -> Response:
    asset = globe.assets.get(name)
    if asset is None:
        raise ProblemError(404, "no such file")
    headers = {"ETag": asset.etag, "Cache-Control": "no-cache"}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(asset.content, 200, headers, asset.type)


async def runs(globe: Globe, request: Request) -> Response:
    """Runs and what-ifs that can be shown."""
    return json_response({"version": globe.version, "runs": [_listed(source) for source in globe.library]})


def _listed(source: RunSource) -> dict[str, Any]:
    changed = source if isinstance(source, WhatIfSource) else None
    complete = source.manifest["complete"] if changed is None else changed.computed == len(changed.window)
    return {
        "id": source.id,
        "title": source.manifest["title"],
        "name": source.manifest["name"],
        "kind": source.kind,
        "of": None if changed is None else changed.base.id,
        "complete": bool(complete),
        "hypothetical": changed is not None or bool(source.manifest.get("hypothetical", False)),
        "edits": None if changed is None else changed.edits,
        "edits_text": part("edits_text")(source),
        "window": None if changed is None else [changed.window.start, changed.window.stop],
        "slots": [source.slots.start, source.slots.stop],
    }


async def scene(globe: Globe, request: Request) -> Response:
    """What does not change from slot to slot."""
    source = source_of(globe, request)
    return json_response(await globe.read(part("scene"), source))


async def index(globe: Globe, request: Request) -> Response:
    """Cell of every pixel of a map."""
    source = source_of(globe, request)
    pixels, _ = await globe.read(part("index_map"), source)
    return array_response(_little(pixels, pixels.dtype))


async def values(globe: Globe, request: Request) -> Response:
    """A variable of every cell in a slot."""
    source, slot = source_of(globe, request), number(request, "slot")
    in_grid(source, slot)
    found = await computed(globe, part("cell_values"), source, request.path_params["variable"], slot)
    return array_response(_little(found, np.float32), {"Cache-Control": "no-store", "X-Slot-Ready": "1"})


async def difference(globe: Globe, request: Request) -> Response:
    """A variable of every cell in a slot, less the same of another run."""
    source, slot = source_of(globe, request), number(request, "slot")
    in_grid(source, slot)
    other = await compared(globe, source, request.query_params.get("with", ""))
    found = await computed(globe, part("difference"), source, other, request.path_params["variable"], slot)
    return array_response(_little(found, np.float32), {"Cache-Control": "no-store", "X-Slot-Ready": "1"})


async def slots(globe: Globe, request: Request) -> Response:
    """Numbers of a slot."""
    source, slot = source_of(globe, request), number(request, "slot")
    there(source, slot)
    return json_response(await computed(globe, part("slot_numbers"), source, slot))


async def links(globe: Globe, request: Request) -> Response:
    """Which satellites the gateways follow, and the lasers, in a slot."""
    source, slot = source_of(globe, request), number(request, "slot")
    in_grid(source, slot)
    found = dict(await globe.physics.call("links", source.folder, slot, *changes_of(source)))
    for name in ("feeder", "lasers"):
        found[name] = np.asarray(found.get(name, ()), np.int32).ravel()
    return json_response(found)


async def keyframes(globe: Globe, request: Request) -> Response:
    """Where the satellites are, and whither they go, at a whole minute."""
    source, k = source_of(globe, request), number(request, "k")
    first, last = source.clock.start_unix_s([source.slots.start, source.slots.stop]) // KEYFRAME_S
    # Fast play takes every eighth, and asks for the next pair beforehand.
    allowed = range(int(first) - 8, int(last) + 25)
    if k not in allowed:
        raise ProblemError(404, "the run has no such time")
    return array_response(await globe.keyframes.get(source.folder, k, allowed), _KEPT_SHORTLY)


async def fleet(globe: Globe, request: Request) -> Response:
    """Which satellites serve, raise their orbits, or are out; shells and planes."""
    return json_response(await globe.physics.call("fleet", source_of(globe, request).folder))


async def place(globe: Globe, request: Request) -> Response:
    """All about a place in a slot: now, why, and for how long."""
    source, found = await place_of(globe, request)
    slot = number(request, "slot", request.query_params)
    if found is None:
        return json_response({"found": False})
    there(source, slot)
    # What is stored is shown also where nothing can be computed.
    explained: Any
    now: Any
    explained, now = await asyncio.gather(
        globe.physics.call("ask", source.folder, found.id, slot, *changes_of(source)),
        computed(globe, part("place_now"), source, found.kind, found.index, slot),
        return_exceptions=True,
    )
    if isinstance(now, BaseException):
        raise now
    if isinstance(explained, BentpipeError):
        explained = {"lines": [f"why cannot be told: {explained}"]}
    elif isinstance(explained, BaseException):
        raise explained
    reason = dict(explained)
    lines = reason.pop("lines", [])
    return json_response({"found": True, **dataclasses.asdict(found), "explanation": reason, "lines": lines, **now})


async def series(globe: Globe, request: Request) -> Response:
    """Course of a place over the run."""
    source, found = await place_of(globe, request)
    if found is None:
        raise ProblemError(404, "the run has no such place")
    return json_response(await globe.read(part("series"), source, found.kind, found.index))


async def course(globe: Globe, request: Request) -> Response:
    """Users connected over the run."""
    return json_response(await globe.read(part("course"), source_of(globe, request)))


async def territory(globe: Globe, request: Request) -> Response:
    """Outlines of and around the territory."""
    return json_response(await globe.read(part("territory_outlines"), source_of(globe, request)))


async def outlines(globe: Globe, request: Request) -> Response:
    """Outlines of all countries, coarse."""
    return json_response(await globe.read(part("world_outlines")))


async def events(globe: Globe, request: Request) -> Response:
    """News of what-ifs and of runs that are being written."""
    if request.method == "HEAD":
        return Response(media_type="text/event-stream")
    if globe.events.full:
        raise ProblemError(429, "too many pages listen; close some")
    states = await globe.read(lambda: [run_state(source) for source in globe.library.unfinished()])
    if globe.events.full:
        raise ProblemError(429, "too many pages listen; close some")
    first = [("run", state) for state in states] + [("job", job.told()) for job in globe.jobs]
    return EventResponse(globe.events, globe.events.open(first))


async def submit(globe: Globe, request: Request) -> Response:
    """Begin a what-if."""
    asked = await _json_object(request)
    base = globe.library.get(str(asked.get("run", "")))
    if isinstance(base, WhatIfSource):
        raise ProblemError(409, "a what-if is made over a run, not over another what-if")
    if not base.manifest["complete"]:
        raise ProblemError(409, "the run is not complete yet; a what-if is made over a whole one")
    window = _window(base, asked.get("from_slot"), asked.get("to_slot"))
    globe.jobs.check_room()
    try:
        edits = part("read_edits")(asked.get("edits")).as_json()
        await globe.read(globe.jobs.check_disk, base, window)
        faults = tuple(await globe.physics.call("check", base.folder, edits))
    except InputError as error:
        faults = error.faults
    if faults:
        raise ProblemError(422, "\n".join(map(str, faults)), faults)
    return json_response({"id": globe.jobs.submit(base, window, edits).source.id}, 202)


def _window(base: RunSource, start: Any, stop: Any) -> range:
    whole = all(isinstance(slot, int) and not isinstance(slot, bool) for slot in (start, stop))
    if not whole or not base.slots.start <= start < stop <= base.slots.stop:
        allowed = f"from_slot below to_slot, both from {base.slots.start} to {base.slots.stop}"
        fault = Fault("the time of the what-if is not within the run", value=f"{start} to {stop}", allowed=allowed)
        raise ProblemError(422, str(fault), (fault,))
    return range(start, stop)


async def forget(globe: Globe, request: Request) -> Response:
    """Cancel a what-if, or forget one that is over."""
    job = globe.jobs.get(request.path_params["id"])
    if job is None:
        raise ProblemError(404, "no such what-if")
    globe.jobs.stop_or_forget(job)
    return json_response({"id": job.source.id, "state": job.state}, 202)


async def result(globe: Globe, request: Request) -> Response:
    """What a what-if changed, over the slots that are computed."""
    job = globe.jobs.get(request.path_params["id"])
    if job is None:
        raise ProblemError(404, "no such what-if")
    found: Mapping[str, Any] = {}
    if job.source.computed:
        found = await globe.read(part("difference_numbers"), job.source)
    return json_response({**found, "slots": job.source.computed, "of": len(job.source.window), "state": job.state})


async def scenario(globe: Globe, request: Request) -> Response:
    """Scenario of a what-if, to run as a whole."""
    job = globe.jobs.get(request.path_params["id"])
    if job is None:
        raise ProblemError(404, "no such what-if")
    source = job.source
    text = await globe.physics.call("scenario_text", source.base.folder, source.edits, source.window)
    return file_response(text, f"{source.base.id}-{source.id}.toml", "application/toml")


async def _json_object(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ProblemError(400, "the request must be of type application/json")
    try:
        found = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise ProblemError(400, "the request is not JSON") from None
    if not isinstance(found, dict):
        raise ProblemError(400, "the request must be a JSON object")
    return found


def _little(values: Any, dtype: Any) -> bytes:
    return np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<")).tobytes()
