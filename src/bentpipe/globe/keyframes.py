"""Keyframes of satellites, asked of the physics a few at once and kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Keyframes"]

#: Seconds between two.
KEYFRAME_S = 60
#: Kept at most, bytes.
KEPT_BYTES = 24_000_000
#: Computed at once, so that a page that plays on finds the next ones there.
AHEAD = 8

Key = tuple[Path, int]


class Keyframes:
    """Keyframes of all runs of a server.

    Parameters
    ----------
    compute : coroutine function
        Takes a run's folder and keyframe numbers, returns (K, N, 6) float32.
    """

    def __init__(self, compute: Callable[[Path, Sequence[int]], Awaitable[Any]]) -> None:
        self._compute = compute
        self._kept: OrderedDict[Key, memoryview] = OrderedDict()
        self._held = 0
        self._awaited: dict[Key, asyncio.Task[dict[int, memoryview]]] = {}

    async def get(self, folder: Path, k: int, allowed: range) -> memoryview:
        """One keyframe.

        Parameters
        ----------
        folder : pathlib.Path
            Of the run.
        k : int
            Which: that of Unix time 60 k s.
        allowed : range
            Those that the run has.

        Returns
        -------
        memoryview
            Of bytes: (N, 6) float32, little-endian: position, m, and velocity, m/s, both Earth-fixed.
        """
        found = self._kept.get((folder, k))
        if found is not None:
            self._kept.move_to_end((folder, k))
            middle = k + AHEAD // 2
            if middle in allowed and not self._is_coming((folder, middle)):
                self._ask(folder, middle, allowed)
            return found
        task = self._awaited.get((folder, k)) or self._ask(folder, k, allowed)
        return (await asyncio.shield(task))[k]

    def _is_coming(self, key: Key) -> bool:
        return key in self._kept or key in self._awaited

    def _ask(self, folder: Path, first: int, allowed: range) -> asyncio.Task[dict[int, memoryview]]:
        numbers = [k for k in range(first, first + AHEAD) if k in allowed and not self._is_coming((folder, k))]
        task = asyncio.create_task(self._fetch(folder, numbers))
        for k in numbers:
            self._awaited[folder, k] = task
        task.add_done_callback(lambda done: self._end(folder, numbers, done))
        return task

    async def _fetch(self, folder: Path, numbers: Sequence[int]) -> dict[int, memoryview]:
        frames = await self._compute(folder, numbers)
        pairs = zip(numbers, frames, strict=True)
        # Not copied: those that came together are dropped together, more or less.
        found = {k: np.ascontiguousarray(frame, dtype="<f4").data.cast("B") for k, frame in pairs}
        for k, frame in found.items():
            self._keep((folder, k), frame)
        return found

    def _end(self, folder: Path, numbers: Sequence[int], task: asyncio.Task[dict[int, memoryview]]) -> None:
        for k in numbers:
            self._awaited.pop((folder, k), None)
        if not task.cancelled():
            task.exception()  # whoever waits is told; those fetched ahead are asked for again

    def _keep(self, key: Key, frame: memoryview) -> None:
        self._kept[key] = frame
        self._held += len(frame)
        while self._held > KEPT_BYTES and len(self._kept) > AHEAD:
            self._held -= len(self._kept.popitem(last=False)[1])
