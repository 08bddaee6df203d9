"""What-ifs: some slots of a run computed anew with changes, one at a time, a few waiting."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bentpipe.errors import BentpipeError, Fault, InputError
from bentpipe.globe.events import Events
from bentpipe.globe.library import Library
from bentpipe.globe.physicsprocess import PhysicsProcess, Ticket
from bentpipe.globe.source import RunSource, WhatIfSource
from bentpipe.globe.workfolders import work_folder

__all__ = ["BusyError", "Job", "Jobs"]

#: Behind the one that is computed.
WAITING = 2
#: Kept, so that they can be looked at and compared.
KEPT = 8
ACTIVE = ("queued", "preparing", "simulating")


class BusyError(BentpipeError):
    """Enough what-ifs are waiting."""


@dataclass
class Job:
    """One what-if.

    Parameters
    ----------
    source : WhatIfSource
        Its slots, as far as they are computed.
    """

    source: WhatIfSource
    state: str = "queued"
    done: int = 0
    message: str = ""
    stopping: bool = False
    ticket: Ticket | None = field(default=None, repr=False)

    @property
    def active(self) -> bool:
        """Whether it is still to be computed."""
        return self.state in ACTIVE

    def told(self) -> dict[str, Any]:
        """Return its state, as the page is told."""
        return {
            "id": self.source.id,
            "run": self.source.base.id,
            "state": self.state,
            "done": self.done,
            "total": len(self.source.window),
            "message": self.message,
        }


class Jobs:
    """What-ifs of a server.

    Parameters
    ----------
    library : Library
        Shows them.
    physics : PhysicsProcess
        Computes them.
    events : Events
        Tells how far they are.
    """

    def __init__(self, library: Library, physics: PhysicsProcess, events: Events) -> None:
        self._library, self._physics, self._events = library, physics, events
        self._jobs: dict[str, Job] = {}
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._numbers = itertools.count(1)
        # Of this server alone: the page of an earlier one must not take another what-if for its own.
        self._life = secrets.token_hex(3)
        self.folder = work_folder("what-ifs")

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    def get(self, id: str) -> Job | None:
        """What-if of an id."""
        return self._jobs.get(id)

    def check_room(self) -> None:
        """Look whether one more may wait.

        Raises
        ------
        BusyError
            Where enough do.
        """
        if sum(job.active for job in self._jobs.values()) > WAITING:
            what = f"one what-if is computed and {WAITING} wait; cancel one, or try again when one is done"
            raise BusyError(what)

    def submit(self, base: RunSource, window: range, edits: Mapping[str, Any]) -> Job:
        """Let a what-if wait for its turn.

        Parameters
        ----------
        base : RunSource
            The run as it is.
        window : range
            Absolute slots.
        edits : mapping
            What is changed; checked before.

        Returns
        -------
        Job

        Raises
        ------
        BusyError
            Where enough wait.
        """
        self.check_room()
        id = f"what-if-{next(self._numbers)}-{self._life}"
        folder = self.folder / id
        folder.mkdir()
        job = Job(WhatIfSource(id, base, folder, window, edits))
        self._jobs[id] = job
        self._library.add(job.source)
        self._forget_oldest()
        self._queue.put_nowait(job)
        self._tell(job)
        return job

    def stop_or_forget(self, job: Job) -> None:
        """Cancel a what-if that is to be computed; forget one that is over."""
        if not job.active:
            self._forget(job)
        elif job.state == "queued":
            self._end(job, "cancelled")
        else:
            job.stopping, job.message = True, "it is being stopped"
            if job.ticket is not None:
                self._physics.cancel(job.ticket)
            self._tell(job)

    async def work(self) -> None:
        """Compute one after the other, for as long as the server lives."""
        while True:
            job = await self._queue.get()
            if job.state == "queued":
                await self._compute(job)

    def close(self) -> None:
        """Remove what was computed."""
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _compute(self, job: Job) -> None:
        self._move(job, "preparing")
        source = job.source
        try:
            args = (source.base.folder, source.edits, source.window, source.arrays)
            job.ticket = await self._physics.begin("what_if", *args, tell=lambda *told: self._progress(job, *told))
            if job.stopping:
                self._physics.cancel(job.ticket)
            await job.ticket.future
        except Exception as error:
            text = str(error) if isinstance(error, BentpipeError) else f"{type(error).__name__}: {error}"
            self._end(job, "failed", text)
            return
        if job.stopping and job.done < len(source.window):
            self._end(job, "cancelled", f"{job.done} of {len(source.window)} slots were computed")
        else:
            job.done = source.computed = len(source.window)
            self._end(job, "done")

    def _progress(self, job: Job, stage: str, done: int, total: int) -> None:
        """Take what the physics tells; of all its stages, the one that simulates counts slots of the window."""
        if not job.active:
            return
        if stage.startswith("simulat"):
            job.done = job.source.computed = max(job.done, min(done, len(job.source.window)))
            self._move(job, "simulating")
        else:
            self._move(job, "preparing")

    def _move(self, job: Job, state: str) -> None:
        job.state = state
        self._tell(job)

    def _end(self, job: Job, state: str, message: str = "") -> None:
        job.state, job.message, job.ticket = state, message, None
        self._tell(job)

    def _tell(self, job: Job) -> None:
        self._events.tell("job", job.told())

    def _forget_oldest(self) -> None:
        for job in list(self._jobs.values()):
            if len(self._jobs) <= KEPT:
                return
            if not job.active:
                self._forget(job)

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.source.id, None)
        self._library.remove(job.source.id)
        job.state = "forgotten"
        self._tell(job)
        # Gigabytes, maybe: not in the event loop.
        threading.Thread(target=shutil.rmtree, args=(job.source.arrays, True), name="forget", daemon=True).start()

    def check_disk(self, base: RunSource, window: range) -> None:
        """Refuse slots that would fill more than half of what is left where they are put; reads the run's folder.

        Raises
        ------
        InputError
            Where they would.
        """
        need = len(window) * base.slot_bytes()
        with suppress(OSError):
            free = shutil.disk_usage(self.folder).free
            if need > free / 2:
                raise InputError(
                    Fault(
                        "the slots of this what-if would fill the disk",
                        str(self.folder.parent),
                        f"{need / 1e9:.1f} GB",
                        f"half of the {free / 1e9:.1f} GB that are free",
                        "choose a shorter time",
                    )
                )
