"""Answers of the server: JSON, arrays, files, and what went wrong as one clear message."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from starlette.responses import Response

from bentpipe.errors import BentpipeError, Fault, InputError, UnknownNameError
from bentpipe.globe.jobs import BusyError
from bentpipe.globe.physicsprocess import PhysicsGoneError, plain_fault

__all__ = ["ProblemError", "array_response", "file_response", "json_response", "problem_of", "problem_response"]

_FRESH = {"Cache-Control": "no-store"}


class ProblemError(Exception):
    """A request that gets a message instead of an answer.

    Parameters
    ----------
    status : int
        Of HTTP.
    text : str
        What is wrong, for people.
    faults : tuple of Fault
        Each thing that is wrong with what was sent.
    """

    def __init__(self, status: int, text: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(text)
        self.status, self.text, self.faults = status, text, faults


def json_response(content: Any, status: int = 200) -> Response:
    """Answer in JSON; numbers that are not finite become null.

    Parameters
    ----------
    content : object
        Of plain values, NumPy scalars and arrays.
    status : int
        Of HTTP.

    Returns
    -------
    Response
    """
    try:
        text = _dump(content)
    except ValueError:
        text = _dump(_finite(content))
    return Response(text.encode(), status, _FRESH, "application/json")


def array_response(values: bytes | memoryview, headers: Mapping[str, str] = _FRESH) -> Response:
    """Answer with an array as it lies in memory, little-endian."""
    return Response(values, 200, dict(headers), "application/octet-stream")


def file_response(text: str | bytes, name: str, type: str) -> Response:
    """Answer with a file to keep.

    Parameters
    ----------
    text : str or bytes
        Its content.
    name : str
        Offered by the browser; of letters, digits, ``-``, ``_`` and ``.``.
    type : str
        Of media.

    Returns
    -------
    Response
    """
    content = text.encode() if isinstance(text, str) else text
    return Response(content, 200, {**_FRESH, "Content-Disposition": f'attachment; filename="{name}"'}, type)


def problem_response(problem: ProblemError) -> Response:
    """Answer that something is wrong, or that there is nothing yet."""
    if problem.status == 204:
        return Response(status_code=204, headers=_FRESH)
    content: dict[str, Any] = {"error": problem.text}
    if problem.faults:
        keys = ("what", "where", "value", "allowed", "remedy")
        content["faults"] = [
            {**dict(zip(keys, plain_fault(fault), strict=True)), "text": str(fault)} for fault in problem.faults
        ]
    return json_response(content, problem.status)


def problem_of(error: Exception) -> ProblemError | None:
    """Find what to say about an error; None for one that nobody expected."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, UnknownNameError):
        return ProblemError(404, str(error))
    if isinstance(error, InputError):
        return ProblemError(400, str(error), error.faults)
    if isinstance(error, BusyError):
        return ProblemError(429, str(error))
    if isinstance(error, PhysicsGoneError):
        return ProblemError(503, str(error))
    if isinstance(error, BentpipeError):
        return ProblemError(500, str(error))
    if isinstance(error, FileNotFoundError):  # of a what-if that was forgotten meanwhile
        return ProblemError(404, "this is not there any more")
    return None


def _dump(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | range):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _finite(value.tolist())
    return value
