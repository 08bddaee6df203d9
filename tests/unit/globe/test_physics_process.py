"""The process that computes: asked by name, cancelled, killed, and what is then said."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stand_ins

from bentpipe.errors import InputError
from bentpipe.globe.physicsprocess import PhysicsError, PhysicsGoneError, PhysicsProcess

RUN = Path("a-run")


def with_physics(work: Callable[[PhysicsProcess], Awaitable[None]], factory: Any = stand_ins.physics) -> list[str]:
    said: list[str] = []

    async def go() -> None:
        process = PhysicsProcess(factory, said.append)
        try:
            await asyncio.wait_for(work(process), 60)
        finally:
            process.close()

    asyncio.run(go())
    return said


def test_answers_errors_cancellation_and_two_at_once() -> None:
    async def work(physics: PhysicsProcess) -> None:
        assert await physics.call("pid", RUN) != os.getpid()
        frames = await physics.call("keyframes", RUN, [5, 6])
        assert frames.dtype == np.float32
        assert frames[1, 0, 0] == 6.0
        large = np.arange(100_000.0).reshape(2, -1)  # goes by file, which is gone then
        np.testing.assert_array_equal(await physics.call("echo", RUN, large), large)
        assert physics._child is not None and os.listdir(physics._child.folder) == []
        with pytest.raises(InputError) as refused:
            await physics.call("refuse", RUN)
        assert [fault.what for fault in refused.value.faults] == ["what", "another"]
        assert refused.value.faults[0].value == "/x"
        with pytest.raises(PhysicsError, match="ZeroDivisionError: made up"):
            await physics.call("boom", RUN)
        with pytest.raises(PhysicsError, match="KeyError"):
            await physics.call("no-such-function", RUN)
        # A slow one does not hold a quick one up.
        slow = asyncio.create_task(physics.call("nap", RUN, 30.0))
        assert await physics.call("echo", RUN, 7) == 7
        slow.cancel()

    assert with_physics(work) == []


def test_a_long_one_tells_and_stops_when_asked() -> None:
    async def work(physics: PhysicsProcess) -> None:
        told: list[tuple[str, int, int]] = []
        far = asyncio.Event()

        def tell(stage: str, done: int, total: int) -> None:
            told.append((stage, done, total))
            if done >= 3:
                far.set()

        args = (RUN, {"satellites_percent": 20}, range(1000), Path("x"))
        ticket = await physics.begin("what_if", *args, tell=tell)
        await far.wait()
        physics.cancel(ticket)
        await ticket.future
        assert told[0] == ("prepare", 0, 1000)
        assert told[1:4] == [("simulate", 1, 1000), ("simulate", 2, 1000), ("simulate", 3, 1000)]
        assert told[-1][1] < 1000

    with_physics(work)


def test_killed_once_it_comes_back_and_not_twice() -> None:
    async def work(physics: PhysicsProcess) -> None:
        first = await physics.call("pid", RUN)
        with pytest.raises(PhysicsGoneError, match="ended"):
            await physics.call("die", RUN)
        second = await physics.call("pid", RUN)
        assert second != first
        waiting = asyncio.create_task(physics.call("nap", RUN, 30.0))
        await asyncio.sleep(0.1)
        os.kill(second, signal.SIGKILL)
        with pytest.raises(PhysicsGoneError):
            await waiting
        with pytest.raises(PhysicsGoneError, match="what is stored can be seen"):
            await physics.call("pid", RUN)

    said = with_physics(work)
    assert len(said) == 2
    assert "started again" in said[0]
    assert "not started again" in said[1]


def test_physics_that_cannot_be_loaded_are_told() -> None:
    async def work(physics: PhysicsProcess) -> None:
        for _ in range(3):
            with pytest.raises(PhysicsGoneError):
                await physics.call("pid", RUN)
        with pytest.raises(PhysicsGoneError, match="no module of that name"):
            await physics.call("pid", RUN)

    with_physics(work, stand_ins.broken_physics)


def test_ctrl_c_is_not_for_it_and_it_ends_with_the_server() -> None:
    found: list[int] = []

    async def work(physics: PhysicsProcess) -> None:
        found.append(await physics.call("pid", RUN))
        os.kill(found[0], signal.SIGINT)
        assert await physics.call("pid", RUN) == found[0]
        await physics.begin("nap", RUN, 60.0)

    with_physics(work)
    with pytest.raises(ProcessLookupError):
        os.kill(found[0], 0)
