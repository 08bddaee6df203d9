"""The ASGI application of the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from bentpipe.globe.answers import ProblemError, problem_response
from bentpipe.globe.guard import Guard
from bentpipe.globe.routes import routes
from bentpipe.globe.state import Globe

__all__ = ["application"]


def application(globe: Globe, host: str = "127.0.0.1", port: int = 0, token: str | None = None) -> ASGIApp:
    """Make the application.

    Parameters
    ----------
    globe : Globe
        What the server holds.
    host : str
        Name or address that the server is bound to.
    port : int
        Its port.
    token : str or None
        Asked of whoever comes; None on loopback.

    Returns
    -------
    ASGI application
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await globe.start()
        try:
            yield
        finally:
            await globe.stop()

    app = Starlette(routes=routes(globe), lifespan=lifespan, exception_handlers={HTTPException: _problem})
    app.router.redirect_slashes = False  # a redirect would be made of what the client says the host is
    return Guard(app, host, port, token)


async def _problem(request: Request, error: Exception) -> Response:
    """Say in JSON that there is no such route, or that it takes another method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    text = {404: "there is nothing here", 405: "this cannot be asked in that way"}.get(status, "this failed")
    answer = problem_response(ProblemError(status, text))
    if isinstance(error, HTTPException) and error.headers:
        answer.headers.update(error.headers)
    return answer
