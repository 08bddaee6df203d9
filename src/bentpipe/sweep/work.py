"""What a worker does: one block of one run, written and committed. It returns small numbers only."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import os
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bentpipe.errors import StoreError
from bentpipe.sweep.arrays import StudyArray, chunks_of_block
from bentpipe.sweep.fetched import fetched_folder
from bentpipe.sweep.matrix import RunSpec, json_hash, with_changes
from bentpipe.sweep.place import Place, open_place
from bentpipe.sweep.store import commit_name, write_task

if TYPE_CHECKING:
    from bentpipe.simulate.prepare import Prepared

#: Prepared runs that a worker keeps, so that their blocks share them.
KEPT = 2
_ready: OrderedDict[str, Prepared] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Job:
    """What all tasks of a study have in common.

    Parameters
    ----------
    url : str
        Where the study lies.
    options : mapping
        Of the file system.
    base : str
        SHA-256 of the base document, in ``inputs/``.
    arrays : tuple of StudyArray
        What is kept.
    policies : bytes
        `bentpipe.sweep.matrix.Policies`, by cloudpickle.
    """

    url: str
    options: Mapping[str, Any] = field(repr=False)
    base: str
    arrays: tuple[StudyArray, ...]
    policies: bytes = field(repr=False)

    @property
    def variables(self) -> tuple[str, ...]:
        """Variables of which something is kept."""
        return tuple(dict.fromkeys(a.variable for a in self.arrays))


def compute(job: Job, run: RunSpec, at: int, chained: bool = False) -> dict[str, Any]:
    """Simulate one block of one run, write what is kept, and commit it.

    Whatever goes wrong is returned, not raised: an error need not be picklable.

    Parameters
    ----------
    job : Job
    run : RunSpec
    at : int
        Block, counted from the run's first.
    chained : bool
        Whether the block rests on the state after the one before, which is then read from its record.

    Returns
    -------
    dict
        Row, block, seconds; or the error, and whether it is one of the store, which no other run would escape.
    """
    told: dict[str, Any] = {"row": run.row, "at": at}
    try:
        told["seconds"] = _computed(job, run, at, chained)
    except Exception as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
        told |= {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc(), "store": full}
    return told


def _computed(job: Job, run: RunSpec, at: int, chained: bool) -> dict[str, float]:
    from bentpipe.simulate.outputs import block_variables
    from bentpipe.simulate.recipe import advance

    begun = time.perf_counter()
    place = open_place(job.url, job.options)
    prepared = prepared_run(job, run, place)
    if prepared.block_slots != run.length:
        raise StoreError(f"blocks of this run have {prepared.block_slots} slots, not {run.length} as was planned")
    ready = time.perf_counter()
    slots = run.slots(at)
    block, state = advance(prepared, _state(place, run, at, chained), slots, threads=1)
    values = block_variables(prepared, block, job.variables)
    first = slots.start - (run.first_block + at) * run.length
    chunks = chunks_of_block(job.arrays, values, run.row, at, first)
    computed = time.perf_counter()
    seconds = {"prepare": round(ready - begun, 4), "compute": round(computed - ready, 4)}
    last = None if state.previous is None else state.previous.tolist()
    write_task(place, run, at, chunks, {"seconds": seconds, "state": last})
    return seconds | {"write": round(time.perf_counter() - computed, 4)}


def _state(place: Place, run: RunSpec, at: int, chained: bool) -> Any:
    """What the scheduler remembers from the block before."""
    import numpy as np

    from bentpipe.simulate.recipe import State

    if not chained or at == 0:
        return State()
    record = json.loads(place.read(commit_name(run, at - 1)))
    return State(np.array(record["state"], np.int32))


def prepared_run(job: Job, run: RunSpec, place: Place) -> Prepared:
    """Prepare a run, or find it among those that this worker keeps.

    Parameters
    ----------
    job : Job
    run : RunSpec
    place : Place

    Returns
    -------
    Prepared
    """
    from bentpipe.simulate.prepare import prepare
    from bentpipe.simulate.saved import with_files

    key = f"{run.identity} {run.document}"
    with _lock:
        if key in _ready:
            _ready.move_to_end(key)
            return _ready[key]
        document = with_changes(_base(place, job.base), run.changes)
        scenario = with_files(document, _inputs(place, run.files))
        if json_hash(scenario.portable()) != run.document:
            raise StoreError("the scenario that the worker read is not the one that was sent")
        policies = _policies(job.policies)
        like = next(reversed(_ready.values()), None)
        while len(_ready) >= KEPT:
            _ready.popitem(last=False)
        # One seed only: the range over seeds that a plain run gives is a dimension here.
        found = prepare(scenario, policies.scheduling, 1, policies.topology, policies.routing, like)
        _ready[key] = found
        return found


@functools.lru_cache(maxsize=4)
def _policies(packed: bytes) -> Any:
    import cloudpickle

    return cloudpickle.loads(packed)


_bases: dict[str, dict[str, Any]] = {}


def _base(place: Place, digest: str) -> dict[str, Any]:
    """Base document, fetched once."""
    if digest not in _bases:
        _bases[digest] = json.loads(_fetched(place, digest))
    return _bases[digest]


def _fetched(place: Place, digest: str) -> bytes:
    content = place.read(f"inputs/{digest}")
    if hashlib.sha256(content).hexdigest() != digest:
        raise StoreError(f"{place.url}/inputs/{digest} is damaged: run the study again, which writes it anew")
    return content


def _inputs(place: Place, files: tuple[tuple[str, str, str], ...]) -> Path:
    """Folder on this machine with the files of a scenario by role, each fetched once."""
    label = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:24]
    folder = fetched_folder() / label
    for _, name, digest in files:
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            folder.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{name}.{os.getpid()}.part")
            part.write_bytes(_fetched(place, digest))
            part.replace(path)
    return folder


#: Left in the cache of kernels by the first worker that has been through a slot.
_WARM = "sweep-warm"


def kernels_known() -> bool:
    """Whether a worker of this machine has compiled the kernels already."""
    from bentpipe.kernel import cache_folder

    return (cache_folder() / _WARM).exists()


def warm(job: Job, run: RunSpec) -> float:
    """Load the kernels, and simulate one slot, so that no task is timed with it.

    Parameters
    ----------
    job : Job
    run : RunSpec
        The first that the worker is to simulate.

    Returns
    -------
    float
        Seconds.
    """
    begun = time.perf_counter()
    with contextlib.suppress(Exception):  # the run's own task will tell
        from bentpipe.kernel import cache_folder
        from bentpipe.simulate.outputs import block_variables
        from bentpipe.simulate.recipe import State, advance

        prepared = prepared_run(job, run, open_place(job.url, job.options))
        slots = range(run.start, run.start + 1)
        block_variables(prepared, advance(prepared, State(), slots, threads=1)[0], job.variables)
        (cache_folder() / _WARM).touch()
    return time.perf_counter() - begun
