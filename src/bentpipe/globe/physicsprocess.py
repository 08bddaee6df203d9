"""The process that computes: the server asks it by name, and never loads what it needs.

One child, started by ``spawn`` and joined by one pipe. Quick questions are answered by some threads, what-ifs by one
more, one at a time. Large arrays come in files: from a pipe the server would copy them five times. The child ignores
Ctrl-C, which is the server's, and leaves as soon as the pipe is closed, even where the server was killed.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import queue
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from bentpipe.errors import BentpipeError, Fault, InputError, RunError
from bentpipe.globe.workfolders import work_folder

__all__ = ["PhysicsError", "PhysicsGoneError", "PhysicsProcess", "Tell", "Ticket"]

#: Stage, done, total.
Tell = Callable[[str, int, int], None]
#: Returns functions by name: see ``bentpipe.globe.physics``.
Factory = Callable[[], Mapping[str, Callable[..., Any]]]
QUICK_THREADS = 4
#: Questions under way at once.
QUESTIONS = 256
#: Arrays from here on come in files, bytes.
LARGE = 200_000


class PhysicsError(RunError):
    """A function of the physics failed, not for its input."""


class PhysicsGoneError(PhysicsError):
    """The physics process is not there."""


@dataclass(frozen=True)
class Ticket:
    """A question under way."""

    number: int
    future: asyncio.Future[Any]
    tell: Tell | None = None


class _Child:
    """One life of the process, seen from the server."""

    def __init__(self, factory: Factory) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.folder = work_folder("physics")
        given = theirs, factory, self.folder
        self.process = context.Process(target=serve_physics, args=given, name="physics", daemon=True)
        with _interrupts_held():
            self.process.start()
        theirs.close()
        self.outgoing: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        threading.Thread(target=self._send, name="physics-send", daemon=True).start()

    def _send(self) -> None:
        while (message := self.outgoing.get()) is not None:
            try:
                self.pipe.send(message)
            except (OSError, ValueError):  # the reader finds out that the child is gone
                return

    def end(self) -> None:
        """Close the pipe, and see the process out."""
        self.outgoing.put(None)
        self.process.terminate()
        self.process.join(2.0)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(2.0)
        with suppress(OSError):
            self.pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class PhysicsProcess:
    """Ask the physics from an event loop.

    Parameters
    ----------
    factory : callable
        Of a module, so that the child finds it by name; called there, it returns functions by name.
    announce : callable
        Takes a line about what happened to the process.
    """

    def __init__(self, factory: Factory, announce: Callable[[str], None] = lambda line: None) -> None:
        self._factory, self._announce = factory, announce
        self._numbers = itertools.count(1)
        self._tickets: dict[int, Ticket] = {}
        self._child: _Child | None = None
        self._starting = asyncio.Lock()
        self._starts = 0
        self._closed = False
        self._why = ""

    @property
    def pid(self) -> int | None:
        """Number of the process, where there is one."""
        return None if self._child is None else self._child.process.pid

    async def start(self) -> None:
        """Start the process, where there is none; a second time if it died, and no more.

        Raises
        ------
        PhysicsGoneError
            Where it died twice, or the server ends.
        """
        async with self._starting:
            if self._child is not None:
                return
            if self._closed or self._starts >= 2:
                raise PhysicsGoneError(self._gone())
            self._starts += 1
            loop = asyncio.get_running_loop()
            child = await asyncio.to_thread(_Child, self._factory)
            if self._closed:
                await asyncio.to_thread(child.end)
                raise PhysicsGoneError(self._gone())
            self._child = child
            threading.Thread(target=self._listen, args=(child, loop), name="physics-read", daemon=True).start()

    async def call(self, name: str, *args: Any) -> Any:
        """Ask, and wait for the answer.

        Parameters
        ----------
        name : str
            Of the function.
        *args : object
            What it takes; goes through a pipe.

        Returns
        -------
        object
            What it returned.

        Raises
        ------
        InputError
            Where the function found its input wrong.
        PhysicsError
            Where it failed.
        PhysicsGoneError
            Where there is no process to ask.
        """
        return await (await self.begin(name, *args)).future

    async def begin(self, name: str, *args: Any, tell: Tell | None = None) -> Ticket:
        """Ask, to wait for the answer later.

        Parameters
        ----------
        name : str
            Of the function; of one that tells how far it is, with `tell`.
        *args : object
            What it takes, but for its last argument where `tell` is given.
        tell : callable, optional
            Called in the event loop. The function is then asked to stop by `cancel`.

        Returns
        -------
        Ticket
        """
        if len(self._tickets) >= QUESTIONS:
            raise PhysicsGoneError("too many questions at once; ask again in a moment")
        await self.start()
        child = self._child
        if child is None:
            raise PhysicsGoneError(self._gone())
        ticket = Ticket(next(self._numbers), asyncio.get_running_loop().create_future(), tell)
        self._tickets[ticket.number] = ticket
        child.outgoing.put(("call", ticket.number, name, args, tell is not None))
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Ask a function that tells how far it is to stop; its answer still comes."""
        if self._child is not None:
            self._child.outgoing.put(("cancel", ticket.number))

    def close(self) -> None:
        """End the process; questions under way fail."""
        self._closed = True
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _listen(self, child: _Child, loop: asyncio.AbstractEventLoop) -> None:
        """Hand answers on to the event loop; in a thread of its own."""
        with suppress(RuntimeError):  # the loop is closed
            try:
                while True:
                    loop.call_soon_threadsafe(self._answered, *_read(child.pipe.recv()))
            except (EOFError, OSError):
                loop.call_soon_threadsafe(self._died, child)

    def _answered(self, what: str, number: int, *content: Any) -> None:
        if what == "broken":
            self._why = content[0]
            return
        ticket = self._tickets.get(number)
        if ticket is None:
            return
        if what == "told":
            if ticket.tell is not None:
                ticket.tell(*content)
            return
        del self._tickets[number]
        if ticket.future.done():  # whoever asked has left
            return
        if what == "done":
            ticket.future.set_result(content[0])
        elif what == "faults":
            ticket.future.set_exception(InputError(*(Fault(*fault) for fault in content[0])))
        else:
            ticket.future.set_exception(PhysicsError(content[0]))

    def _died(self, child: _Child) -> None:
        if self._child is child:
            self._child = None
            child.outgoing.put(None)
            shutil.rmtree(child.folder, ignore_errors=True)
        tickets, self._tickets = self._tickets, {}
        for ticket in tickets.values():
            if not ticket.future.done():
                ticket.future.set_exception(PhysicsGoneError(self._gone()))
        if not self._closed:
            again = "it is started again when next asked" if self._starts < 2 else "it is not started again"
            self._announce(f"the physics process ended{self._reason()}; {again}")

    def _gone(self) -> str:
        return f"the physics process ended{self._reason()}; what is stored can be seen, nothing new be computed"

    def _reason(self) -> str:
        return f": {self._why}" if self._why else ""


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let a process start that no Ctrl-C reaches before it says that it ignores them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # else it is started with the process, and lets the signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _read(message: tuple[Any, ...]) -> tuple[Any, ...]:
    """An answer with its array, where that came in a file, which is removed."""
    what, number, *content = message
    if what != "array":
        return message
    path, dtype, shape = content
    try:
        return "done", number, np.fromfile(path, dtype).reshape(shape)
    except (OSError, ValueError) as error:
        return "failed", number, f"what was computed cannot be read: {error}"
    finally:
        Path(path).unlink(missing_ok=True)


def serve_physics(pipe: Connection, factory: Factory, folder: Path) -> None:
    """Answer questions until the pipe is closed; the child's main function.

    Parameters
    ----------
    pipe : multiprocessing.connection.Connection
        To the server.
    factory : callable
        Makes the functions.
    folder : pathlib.Path
        For large arrays.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        answering = _Answering(pipe, factory(), folder)
    except Exception as error:
        pipe.send(("broken", 0, f"it could not be loaded: {type(error).__name__}: {error}"))
        return
    with suppress(EOFError, OSError):
        while True:
            answering.take(*pipe.recv())
    # A what-if under way is nobody's any more; its thread would hold an ordinary exit up.
    os._exit(0)


class _Answering:
    """The child's side."""

    def __init__(self, pipe: Connection, physics: Mapping[str, Callable[..., Any]], folder: Path) -> None:
        self._pipe, self._physics, self._folder = pipe, physics, folder
        self._sending = threading.Lock()
        self._cancelled: set[int] = set()
        self._quick = ThreadPoolExecutor(QUICK_THREADS, "quick")
        self._long = ThreadPoolExecutor(1, "what-if")

    def take(self, what: str, number: int, name: str = "", args: tuple[Any, ...] = (), tells: bool = False) -> None:
        """Begin what a message asks for."""
        if what == "cancel":
            self._cancelled.add(number)
        elif tells:
            self._long.submit(self._answer, number, name, (*args, self._teller(number)))
        else:
            self._quick.submit(self._answer, number, name, args)

    def _teller(self, number: int) -> Callable[[str, int, int], bool]:
        def tell(stage: str, done: int, total: int) -> bool:
            self._send("told", number, str(stage), int(done), int(total))
            return number not in self._cancelled

        return tell

    def _answer(self, number: int, name: str, args: tuple[Any, ...]) -> None:
        try:
            value = self._physics[name](*args)
            if isinstance(value, np.ndarray) and value.nbytes >= LARGE:
                path = self._folder / f"{number}.bin"
                value.tofile(path)
                self._send("array", number, str(path), value.dtype.str, value.shape)
            else:
                self._send("done", number, value)
        except InputError as error:
            self._send("faults", number, [plain_fault(fault) for fault in error.faults])
        except BentpipeError as error:
            self._send("failed", number, str(error))
        except MemoryError:
            self._send("failed", number, "out of memory")
        except OSError as error:
            self._send("failed", number, error.strerror or str(error))
        except Exception as error:
            self._send("failed", number, f"{type(error).__name__}: {error}; this is a fault of bentpipe")
        finally:
            self._cancelled.discard(number)

    def _send(self, *message: Any) -> None:
        with self._sending:
            try:
                self._pipe.send(message)
            except (BrokenPipeError, ConnectionResetError):
                os._exit(0)


def plain_fault(fault: Fault) -> tuple[str, str, Any, str, str]:
    """Turn a fault into what goes through a pipe or into JSON: its value as a text, where it is no plain one.

    Parameters
    ----------
    fault : Fault
        Found in an input.

    Returns
    -------
    tuple
        what, where, value, allowed, remedy.
    """
    value = fault.value
    if not (value is None or isinstance(value, str | int | float | bool)):
        value = str(value)
    return fault.what, fault.where, value, fault.allowed, fault.remedy
