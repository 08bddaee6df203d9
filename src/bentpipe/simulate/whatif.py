"""Some slots of a run as they would be with edits in force, in pieces that are there to be looked at one by one."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.geometry.usable import LinkBuffers
from bentpipe.results.opened import Run
from bentpipe.results.variables import variables
from bentpipe.simulate.explain import state_at
from bentpipe.simulate.outputs import block_variables
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.recipe import State, advance, advance_after, slots_before, warm_up

Tell = Callable[[str, int, int], bool]
Values = dict[str, npt.NDArray[Any]]

#: Slots of the first piece, for a first map at once, and of the others.
FIRST_SLOTS, PIECE_SLOTS = 8, 24


def simulate_window(prepared: Prepared, run: Run, window: range, folder: Path, tell: Tell, threads: int = 2) -> bool:
    """Simulate some slots of a run with edits in force.

    Parameters
    ----------
    prepared : Prepared
        The run with the edits, as of `bentpipe.simulate.hypothetical.edited`, in force in this window.
    run : Run
        The run as it is.
    window : range
        W absolute slots of it.
    folder : pathlib.Path
        Written: ``NAME.npy``, (W, ...), of every variable with a slot axis, as a run of the edited scenario stores
        them in these slots, bit for bit. Zeros in slots that are not computed.
    tell : callable
        Told ("simulate", slots done, W) after each piece; where it returns False, no more is computed.
    threads : int
        Threads; the results do not depend on it.

    Returns
    -------
    bool
        Whether all slots are computed.

    Raises
    ------
    InputError
        The window is empty or not within the run.
    """
    whole = prepared.slots
    if not (len(window) and window.step == 1 and whole.start <= window.start and window.stop <= whole.stop):
        shown = f"{window.start} to {window.stop}"
        raise InputError(Fault("the run has no such slots", "window", shown, f"within {whole.start} to {whole.stop}"))
    folder.mkdir(parents=True, exist_ok=True)
    arrays: Values = {}
    done = 0
    with contextlib.closing(_pieces(prepared, run, window, max(1, threads))) as pieces:
        for values in pieces:
            count = 0
            for name, piece in values.items():
                if name not in arrays:
                    arrays[name] = _array(folder, name, (len(window), *piece.shape[1:]))
                count = len(piece)
                arrays[name][done : done + count] = piece
            done += count
            if not tell("simulate", done, len(window)) and done < len(window):
                return False
    return True


def _array(folder: Path, name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    dtype = {variable.name: variable.dtype for variable in variables()}[name]
    if 0 in shape:  # what holds nothing cannot be mapped
        empty = np.zeros(shape, dtype)
        np.save(folder / f"{name}.npy", empty)
        return empty
    found: npt.NDArray[Any] = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.dtype(dtype), shape)
    if hasattr(os, "posix_fallocate"):
        # On a full disk this is an error that can be told; a page that cannot be written would kill the process.
        with (folder / f"{name}.npy").open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, os.fstat(stream.fileno()).st_size)
    return found


def _pieces(prepared: Prepared, run: Run, window: range, threads: int) -> Generator[Values]:
    """Variables of the window's slots, piece by piece."""
    memory = prepared.policy.memory_slots
    if memory == 0:
        yield from _side_by_side(prepared, _cut(window), threads)
    elif memory is None:
        state = state_before(prepared, run, window.start, window.start)
        for piece in _cut(window):
            block, state = advance(prepared, state, piece, threads)
            yield block_variables(prepared, block)
    else:
        previous: npt.NDArray[np.int32] | None = None
        for piece in _cut(window, prepared.block_slots):
            if piece.start == window.start or piece.start % prepared.block_slots == 0:
                before = slots_before(prepared, piece.start, memory)
                previous = warm_up(prepared, before, (LinkBuffers(0), LinkBuffers(0))) if len(before) else None
            block, previous = advance_after(prepared, previous, piece, threads)
            yield block_variables(prepared, block)


def _cut(window: range, period: int = 0) -> list[range]:
    """Pieces of a window, cut also at the multiples of a period."""
    edges = {*range(window.start + FIRST_SLOTS, window.stop, PIECE_SLOTS), window.start, window.stop}
    if period:
        edges |= set(range(-(-window.start // period) * period, window.stop, period))
    return [range(first, last) for first, last in itertools.pairwise(sorted(edges))]


def _side_by_side(prepared: Prepared, pieces: list[range], threads: int) -> Generator[Values]:
    """Pieces of a policy without memory, each on a thread, given in order."""

    def whole(piece: range) -> Values:
        block, _ = advance(prepared, State(), piece)
        return block_variables(prepared, block)

    waiting = deque(pieces)
    under_way: deque[Future[Values]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        while waiting or under_way:
            while waiting and len(under_way) < threads + 1:
                under_way.append(pool.submit(whole, waiting.popleft()))
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def state_before(prepared: Prepared, run: Run, slot: int, unlike_from: int | None = None) -> State:
    """State that a slot rests on, from what the run has kept at the ends of its blocks.

    Parameters
    ----------
    prepared : Prepared
        The run, or the run with edits.
    run : Run
        The run as it is.
    slot : int
        Absolute slot.
    unlike_from : int, optional
        First slot in which the two differ; what is kept serves up to where the policy looks so far ahead.

    Returns
    -------
    State
        Empty where the policy's memory is bounded.
    """
    if prepared.policy.memory_slots is not None:
        return State()
    latest = slot if unlike_from is None else min(slot, unlike_from - prepared.policy.lookahead_slots)
    length = int(run.manifest["grid"]["block"])
    for end in range(latest // length * length, prepared.slots.start, -length):
        kept = _kept_state(run, end // length - 1)
        if kept is not None:
            return state_at(prepared, slot, end, kept)
    return state_at(prepared, slot)


def _kept_state(run: Run, block: int) -> State | None:
    try:
        record = json.loads((run.path / "commits" / f"{block}.json").read_bytes())
        return State(np.array(record["state"], np.int32)) if record.get("state") is not None else None
    except (OSError, ValueError, AttributeError):
        return None
