"""Progress on stderr: a bar with the time left on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Reporter = Callable[[str, int, int], None]

STAGES = {
    "kernels": "compiling kernels (once)",
    "prepare": "preparing",
    "simulate": "simulating",
    "write": "writing",
    "report": "writing the report",
    "study": "checking the study",
    "workers": "starting workers",
    "tasks": "tasks done",
    "runs": "runs done",
}
#: Told just before another stage, and written in its line.
BESIDE = {"runs": "tasks"}
SECONDS_BETWEEN_LINES = 3.0


def progress_on_stderr(quiet: bool = False) -> AbstractContextManager[Reporter]:
    """Choose how progress is shown.

    Parameters
    ----------
    quiet : bool
        Show none.

    Returns
    -------
    context manager
        Gives a function of (stage, steps done, steps in all); 0 steps in all stands for "not known".
    """
    if quiet:
        return nullcontext(lambda stage, done, total: None)
    if sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb"):
        return AnimatedProgress()
    return PlainProgress(sys.stderr)


def clock(seconds: float) -> str:
    """Write a span of time as m:ss, or h:mm:ss.

    Parameters
    ----------
    seconds : float
        The span, s.

    Returns
    -------
    str
        Such as ``"0:07"``.
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class PlainProgress:
    """Lines for a log: one when a stage starts, then one every few seconds with the time left.

    Parameters
    ----------
    stream : text stream
        Where the lines go.
    every_s : float
        Least time between two lines of one stage, s.
    now : callable
        A clock that never runs backwards, s.
    """

    def __init__(
        self,
        stream: TextIO,
        every_s: float = SECONDS_BETWEEN_LINES,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._every_s = every_s
        self._now = now
        self._starts: dict[str, tuple[float, int]] = {}
        self._beside: dict[str, str] = {}
        self._last = ""
        self._written_s = 0.0
        self._lock = threading.Lock()

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        return None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note of a step, and write a line if it is time for one."""
        with self._lock:
            if stage in BESIDE:
                self._beside[BESIDE[stage]] = f"{stage} {done}/{total}, "
                return
            now_s = self._now()
            if stage not in self._starts:
                # A resumed run starts part of the way: what was there before tells nothing of the speed.
                self._starts[stage] = (now_s, done)
            elif now_s - self._written_s < self._every_s:
                return
            line = self._line(stage, now_s, done, total)
            if line == self._last:  # nothing new
                return
            self._written_s, self._last = now_s, line
            self._stream.write(f"bentpipe: {line}\n")
            self._stream.flush()

    def _line(self, stage: str, now_s: float, done: int, total: int) -> str:
        words = STAGES.get(stage, stage)
        started_s, done_at_start = self._starts[stage]
        if stage in self._beside:
            words = f"{self._beside[stage]}{stage} {done}/{total}"
        if total <= 0 or done <= done_at_start:
            return words
        left_s = (now_s - started_s) / (done - done_at_start) * (total - done)
        share = f"({100 * done // total} %), {clock(left_s)} left"
        return f"{words} {share}" if stage in self._beside else f"{words}: {done} of {total} {share}"


class AnimatedProgress:
    """A bar a stage, drawn by Rich, with the time left."""

    def __init__(self) -> None:
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()
        self._progress: Progress

    def __enter__(self) -> Reporter:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(stderr=True),
            transient=True,
        )
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Move the bar of a stage."""
        with self._lock:
            known = total if total > 0 else None
            if stage not in self._tasks:
                self._finish_unmeasured()
                self._tasks[stage] = self._progress.add_task(STAGES.get(stage, stage), total=known)
            self._progress.update(self._tasks[stage], completed=done, total=known)

    def _finish_unmeasured(self) -> None:
        """End the bars of stages without known steps: they never say that they are done."""
        for task in self._progress.tasks:
            if task.total is None:
                self._progress.update(task.id, completed=1, total=1)
