"""Hands tasks to workers: a few at a time to each, the blocks of a run to one worker where possible."""

from __future__ import annotations

import contextlib
import json
import queue
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bentpipe.errors import Fault, RunError, StoreError
from bentpipe.sweep.cluster import ALLOWED_DEATHS, ask_workers, own_environment, skew
from bentpipe.sweep.matrix import RunSpec
from bentpipe.sweep.place import Place
from bentpipe.sweep.store import Failure
from bentpipe.sweep.work import Job, compute, kernels_known, warm

#: Tasks that a thread of a worker has in hand: one at work, the next ones waiting.
IN_HAND = 3
#: How often a task is tried before its run is given up.
TRIES = 3
#: Seconds between two looks at who the workers are.
LOOK_S = 1.0
#: Seconds without the scheduler after which a study is left for later.
LOST_S = 15.0

_DEADLY = "its workers died again and again: it may need more memory than they have"

Tell = Callable[[str, int, int], None]


@dataclass
class Work:
    """What is left of one run."""

    run: RunSpec
    blocks: deque[int]
    chained: bool
    owner: str = ""
    out: set[int] = field(default_factory=set)
    tries: Counter[int] = field(default_factory=Counter)
    deaths: Counter[int] = field(default_factory=Counter)
    given_up: bool = False

    @property
    def ready(self) -> bool:
        """Whether a block can be handed out now."""
        return bool(self.blocks) and not self.given_up and not (self.chained and self.out)

    @property
    def finished(self) -> bool:
        """Whether nothing of it is left."""
        return not self.blocks and not self.out


@dataclass
class Counts:
    """What a session did."""

    tasks: int = 0
    seconds: Counter[str] = field(default_factory=Counter)
    wall_s: float = 0.0
    warm_s: float = 0.0
    threads: int = 0


class Driver:
    """Runs what is left of a study.

    Parameters
    ----------
    client : distributed.Client
    job : Job
    place : Place
    work : iterable of Work
        In the order in which to begin.
    done : int
        Tasks that are done already.
    total : int
        All tasks.
    runs : int
        All runs, those that are done already included.
    tell : callable
        Told ``(stage, done, total)``: "runs", then "tasks".
    warn : callable
        Told of what a user should know.
    """

    def __init__(
        self, client: Any, job: Job, place: Place, work: Iterable[Work], done: int, total: int, runs: int,
        tell: Tell, warn: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.client, self.job, self.place, self.tell, self.warn = client, job, place, tell, warn
        self.waiting = deque(work)
        self.begun: list[Work] = []
        self.left = {w.run.row: w for w in self.waiting}
        self.done, self.total = done, total
        self.runs, self.runs_done = runs, runs - len(self.left)
        self.failures: list[Failure] = []
        self.counts = Counts()
        self.threads: dict[str, int] = {}
        self.in_hand: Counter[str] = Counter()
        self.warming: dict[str, Any] = {}
        self.refused: set[str] = set()
        self.futures: dict[str, tuple[Any, str, Work, int]] = {}
        self.finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
        #: Whether workers share a cache of kernels: where it is empty, one fills it before the others need it.
        self.one_first = False
        self._compiling = False
        self._looked = self._seen = time.monotonic()
        self._mine = own_environment()

    def run(self) -> None:
        """Work until nothing is left, or nothing more can be done.

        Raises
        ------
        StoreError
            Where the place of the study cannot be written to.
        RunError
            Where the scheduler is gone.
        """
        try:
            self._look(first=True)
            begun = time.perf_counter()
            self._tell()
            while self.left:
                self._hand_out()
                self._take()
            self.counts.wall_s = time.perf_counter() - begun
        finally:
            self._drop([future for future, *_ in self.futures.values()])

    def _look(self, first: bool = False) -> None:
        """See which workers there are; new ones are checked and warmed before they get work."""
        begun = time.perf_counter()
        while True:
            try:
                known = {str(address): int(n) for address, n in self.client.nthreads().items()}
                self._seen = time.monotonic()
            except Exception:
                known = None
            if known is not None:
                self._meet(known)
            if not first or (self.threads and not self.warming):
                break
            self._check_alive()
            time.sleep(0.05)
        self._looked = time.monotonic()
        if first:
            self.counts.warm_s = time.perf_counter() - begun
            self.counts.threads = sum(self.threads.values())

    def _meet(self, known: Mapping[str, int]) -> None:
        for address in [a for a in self.threads if a not in known]:
            del self.threads[address]
            self.in_hand.pop(address, None)
            self._take_back(address)
        self._drop([self.warming.pop(a) for a in list(self.warming) if a not in known])
        new = [a for a in known if a not in self.threads and a not in self.warming and a not in self.refused]
        if self.one_first and not kernels_known():
            new = [] if self.warming or self.threads else new[:1]
            if not self._compiling:
                self._compiling = True
                self.tell("kernels", 0, 0)
        if new:
            self._check(new)
        for address, future in list(self.warming.items()):
            if future.done():
                self._drop([self.warming.pop(address)])
                self.threads[address] = known[address]

    def _take_back(self, address: str) -> None:
        """Take back what a worker had in hand that is gone.

        Every task is for one worker, and placed by us: left to Dask, tasks that may go to others as well wait for ever
        where for a moment there was no worker at all.
        """
        for work in self.begun:
            work.owner = "" if work.owner == address else work.owner
        for name, (future, where, work, at) in list(self.futures.items()):
            if where != address:
                continue
            del self.futures[name]
            self._drop([future])
            work.out.discard(at)
            work.deaths[at] += 1
            if work.deaths[at] <= ALLOWED_DEATHS:
                work.blocks.appendleft(at)
            else:
                work.tries[at] = TRIES - 1
                self._failed(work, at, {"error": _DEADLY})
            self._close(work)

    def _check(self, new: list[str]) -> None:
        answers = ask_workers(self.client, new)
        for address, answer in answers.items():
            table = skew(self._mine, {address: answer})
            if table:
                self.refused.add(address)
                self.warn(f"a worker that joined does not match the client and gets no work:\n  {table}")
                continue
            run = next(iter(self.left.values())).run
            self.warming[address] = self.client.submit(warm, self.job, run, workers=[address], pure=False)

    def _hand_out(self) -> None:
        """Give every worker what it can take."""
        for depth in range(1, IN_HAND + 1):  # in turns, so that none waits while another has three
            for address, threads in self.threads.items():
                while self.in_hand[address] < depth * threads:
                    work = self._next(address)
                    if work is None:
                        break
                    self._submit(address, work)

    def _next(self, address: str) -> Work | None:
        own = next((w for w in self.begun if w.owner == address and w.ready), None)
        if own is not None:
            return own
        if self.waiting:
            work = self.waiting.popleft()
            work.owner = address
            self.begun.append(work)
            return work
        # Nothing new: help where most is left.
        open_ = [w for w in self.begun if w.ready]
        if not open_:
            return None
        most = max(open_, key=lambda w: len(w.blocks))
        most.owner = most.owner or address
        return most

    def _submit(self, address: str, work: Work) -> None:
        at = work.blocks.popleft()
        work.out.add(at)
        name = f"bentpipe-{work.run.row}-{at}-{work.run.identity[:8]}-{work.tries[at]}-{time.monotonic_ns()}"
        future = self.client.submit(
            compute, self.job, work.run, at, work.chained, key=name, pure=False, workers=[address], retries=0
        )  # fmt: skip
        self.in_hand[address] += 1
        self.futures[name] = (future, address, work, at)
        future.add_done_callback(self.finished.put)

    def _take(self) -> None:
        """Wait for a task, and take note of it and of all others that have ended."""
        with contextlib.suppress(queue.Empty):
            self._note(self.finished.get(timeout=LOOK_S / 2))
            while True:
                self._note(self.finished.get_nowait())
        if time.monotonic() - self._looked > LOOK_S:
            self._look()
            self._check_alive()

    def _check_alive(self) -> None:
        if self.client.status in ("closed", "closing") or time.monotonic() - self._seen > LOST_S:
            remedy = "finished blocks are kept: start the scheduler again, and the same command resumes the study"
            raise RunError(f"the Dask scheduler is gone; {remedy}")

    def _note(self, future: Any) -> None:
        found = self.futures.pop(future.key, None)
        if found is None:
            return
        _, address, work, at = found
        if address in self.threads:
            self.in_hand[address] -= 1
        work.out.discard(at)
        told = self._told(future)
        self._drop([future])
        if told is None:  # lost with the scheduler, or cancelled: it is handed out again
            work.blocks.appendleft(at)
            return
        if told.get("store"):
            raise StoreError(
                Fault(
                    f"the study cannot be written: {told['error']}",
                    self.place.url,
                    remedy="finished blocks are kept: make room, and the same command resumes the study",
                )
            )
        if "error" in told:
            self._failed(work, at, told)
        else:
            self.counts.tasks += 1
            self.counts.seconds.update(told["seconds"])
            self.done += 1
        self._close(work)
        self._tell()

    def _tell(self) -> None:
        """Tell what is done; runs that were given up count no more."""
        self.tell("runs", self.runs_done, self.runs - len(self.failures))
        self.tell("tasks", self.done, self.total)

    def _close(self, work: Work) -> None:
        """Strike off a run of which nothing is left."""
        if work.finished and self.left.pop(work.run.row, None) is not None:
            self.runs_done += not work.given_up
            self.begun = [w for w in self.begun if w is not work]

    def _told(self, future: Any) -> dict[str, Any] | None:
        """What a task returned; an error of Dask's own, such as of a worker that died, as one of the task."""
        if future.status == "finished":
            with contextlib.suppress(Exception):
                return dict(future.result(timeout=30))
            return None
        if future.status != "error":
            return None
        error = future.exception(timeout=30)
        died = type(error).__name__ == "KilledWorker"
        return {"error": _DEADLY if died else f"{type(error).__name__}: {error}", "traceback": ""}

    def _failed(self, work: Work, at: int, told: Mapping[str, Any]) -> None:
        work.tries[at] += 1
        if work.given_up:
            return
        if work.tries[at] < TRIES:
            work.blocks.appendleft(at)
            others = [a for a in self.threads if a != work.owner]
            work.owner = min(others, key=lambda a: self.in_hand[a]) if others else work.owner
            return
        failure = Failure(work.run.row, at, str(told["error"]), work.tries[at])
        record = asdict(failure) | {"identity": work.run.identity, "traceback": told.get("traceback", "")}
        self.place.write(f"failures/{failure.row}.json", json.dumps(record, indent=1).encode())
        self.failures.append(failure)
        self.total -= len(work.blocks) + len(work.out) + 1
        work.given_up = True
        work.blocks.clear()

    def _drop(self, futures: list[Any]) -> None:
        """Let go of futures; those that are at work are cancelled."""
        going = [f for f in futures if not f.done()]
        if going:
            with contextlib.suppress(Exception):
                self.client.cancel(going, force=True)
        for future in futures:
            with contextlib.suppress(Exception):
                future.release()
