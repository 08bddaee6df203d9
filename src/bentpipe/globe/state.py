"""What a server holds while it lives."""

from __future__ import annotations

import asyncio
import importlib.metadata
import itertools
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from bentpipe.errors import BentpipeError
from bentpipe.globe.assets import read_assets
from bentpipe.globe.events import Events
from bentpipe.globe.jobs import BusyError, Jobs
from bentpipe.globe.keyframes import Keyframes
from bentpipe.globe.library import Library, run_state
from bentpipe.globe.parts import part
from bentpipe.globe.physicsprocess import Factory, PhysicsProcess
from bentpipe.globe.source import RunSource

__all__ = ["Globe"]

T = TypeVar("T")
#: Runs are read by so many threads at once.
READERS = 2
#: So many reads may wait for a thread.
QUEUED = 256
#: After which it is said that a run is still being prepared, s.
PATIENCE_S = 8.0
#: So many runs are laid out at start; some MB each.
LAID_OUT = 4
#: Between two looks at a run that is being written, s.
WATCH_S = 2.0


class Globe:
    """Runs, physics, what-ifs and pages that listen.

    Parameters
    ----------
    folders : iterable of pathlib.Path
        Of the runs.
    factory : callable
        Of the physics: see `bentpipe.globe.physicsprocess.PhysicsProcess`.
    announce : callable
        Takes a line for whoever started the server.

    Raises
    ------
    StoreError
        Where a run cannot be read.
    """

    def __init__(self, folders: Iterable[Path], factory: Factory, announce: Callable[[str], None]) -> None:
        self.announce = announce
        self.version = importlib.metadata.version("bentpipe")
        self.assets = read_assets()
        self.library = Library(folders)
        self.events = Events()
        self.physics = PhysicsProcess(factory, announce)
        self.keyframes = Keyframes(lambda folder, numbers: self.physics.call("keyframes", folder, numbers))
        self.jobs = Jobs(self.library, self.physics, self.events)
        self._readers: anyio.CapacityLimiter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._told: dict[str, dict[str, Any]] = {}

    async def read(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function that reads a run, in a thread; refuse where too many wait for one."""
        if self._readers is None:
            self._readers = anyio.CapacityLimiter(READERS)
        if self._readers.statistics().tasks_waiting >= QUEUED:  # of clients that are gone, too
            raise BusyError("too much is asked for at once; ask again in a moment")
        return await anyio.to_thread.run_sync(function, *args, limiter=self._readers)

    async def start(self) -> None:
        """Begin what goes on beside the requests."""
        self._tasks = [asyncio.create_task(work) for work in (self._warm(), self.jobs.work(), self._watch())]

    async def stop(self) -> None:
        """End what goes on beside the requests."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def close(self) -> None:
        """End the physics, and remove what was computed."""
        self.physics.close()
        self.jobs.close()

    async def _warm(self) -> None:
        """Have the first run prepared before it is asked for, and a few laid out."""
        first: RunSource | None = next(iter(self.library), None)
        if first is None:
            return
        laid_out = asyncio.ensure_future(self._lay_out(*itertools.islice(self.library, LAID_OUT)))
        with suppress(BentpipeError):  # told when something is asked
            warming = asyncio.ensure_future(self.physics.call("warm", first.folder))
            done, _ = await asyncio.wait({warming}, timeout=PATIENCE_S)
            if not done:
                self.announce("preparing; until that is done the page shows what is stored (kernels are compiled once)")
            await warming
            if not done:
                self.announce("prepared")
        await laid_out

    async def _lay_out(self, *sources: RunSource) -> None:
        """Make what the page of a run begins with, and what is kept of it."""
        for source in sources:
            for name in ("scene", "territory_outlines", "course"):
                with suppress(Exception):  # told when it is asked for
                    await self.read(part(name), source)

    async def _watch(self) -> None:
        """Look at runs that are being written, while somebody looks at them."""
        while True:
            await asyncio.sleep(WATCH_S)
            if len(self.events):
                for source in self.library.unfinished():
                    with suppress(BentpipeError, OSError):
                        await self._look(source)

    async def _look(self, source: RunSource) -> None:
        def look() -> dict[str, Any]:
            source.refresh()
            return run_state(source)

        state = await self.read(look)
        if self._told.get(source.id) != state:
            self._told[source.id] = state
            self.events.tell("run", state)
