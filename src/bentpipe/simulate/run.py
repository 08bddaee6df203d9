"""Run a scenario: blocks of slots, each committed, resumed where a run was left."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError, StoreError
from bentpipe.registry import Policy
from bentpipe.results.lock import only_writer
from bentpipe.results.opened import Run, open_run
from bentpipe.results.soundness import read_manifest
from bentpipe.results.store import Grid, Store, write_atomically
from bentpipe.scenario import Scenario, load_scenario
from bentpipe.scenario.files import file_content, name_by_role
from bentpipe.slots import block_length

if TYPE_CHECKING:
    from bentpipe.simulate.prepare import Prepared
    from bentpipe.simulate.recipe import Block

#: Told how far a run is: stage, done, total (0 where not known).
Progress = Callable[[str, int, int], None]
#: Blocks that are simulated side by side at most, each on its share of the threads: it bounds the memory, too.
BLOCKS_AT_ONCE = 4


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    Parameters
    ----------
    lines : tuple of str
        For people.
    data : dict
        The same as numbers.
    """

    lines: tuple[str, ...]
    data: dict[str, Any]


def memory_estimate(
    slots: int,
    places: int,
    satellites: int,
    length: int,
    at_once: int,
    cold: bool = False,
    *,
    paths: int = 0,
    ways: int = 0,
) -> float:
    """Estimate the largest resident memory of a run with its report, fitted to measurements on Linux.

    Interpreter, libraries and catalogue; then the larger of what preparing the places takes and what the blocks
    side by side hold; then the report, which reads up to two million values of a variable at once. Measured runs
    lie from 5 % above to 15 % below (tests/unit/simulate/test_plan.py).

    Parameters
    ----------
    slots, places, satellites : int
        Of the run; places are cells and sites.
    length : int
        Slots of a block.
    at_once : int
        Blocks side by side.
    cold : bool
        Whether kernels have to be compiled first.
    paths : int
        Paths between named ends.
    ways : int
        Satellites whose ways to the ground over lasers are kept for the rates.

    Returns
    -------
    float
        Bytes.
    """
    blocks = at_once * length * (90.0 * places + 14.0 * satellites + 60.0 * paths + 36.0 * ways)
    report = 30e6 + 40.0 * min(slots * places, 2_000_000)
    return max(250e6 + 5600.0 * places, 290e6 + blocks) + report + (120e6 if cold else 0.0)


def kernels_are_cold() -> bool:
    """Whether no kernel has been compiled yet for this source."""
    from bentpipe.kernel import cache_folder

    return not any(cache_folder().iterdir())


def plan(
    scenario: Scenario | str | Path,
    *,
    out: str | Path | None = None,
    scheduling: str | Policy | Callable[[Any], Any] | None = None,
    topology: Any = None,
    routing: Any = None,
    threads: int | None = None,
) -> Plan:
    """Say what a run would do, without doing it.

    Parameters
    ----------
    scenario : Scenario, str or pathlib.Path
        A scenario, a built-in name or a file.
    out, scheduling, topology, routing, threads
        As for `run`.

    Returns
    -------
    Plan
        Slots, places, satellites, blocks, the folder, and an estimate of memory (bytes).

    Raises
    ------
    InputError
        Where `run` would refuse the scenario or `out`.
    """
    resolved = _scenario(scenario, {})
    _check_place(resolved.name, out)
    cold = kernels_are_cold()
    from bentpipe.simulate.identity import run_identity
    from bentpipe.simulate.prepare import prepare

    ready = prepare(resolved, scheduling, topology=topology, routing=routing)
    folder = _folder(resolved.name, run_identity(ready), out)
    places, satellites = len(ready.place_key), len(ready.fleet.up)
    length = block_length(ready.block_values)
    grid = Grid(ready.slots, length)
    blocks_done = len(Store(folder, grid).committed(verify=False)) if _identity_in(folder) else 0
    # A policy that remembers without bound takes block after block, one computed while another is written.
    side_by_side = BLOCKS_AT_ONCE if ready.policy.memory_slots is not None else 2
    at_once = min(threads or os.cpu_count() or 1, side_by_side, len(grid.blocks()))
    paths = len(ready.paths.pair) if ready.paths else 0
    ways = satellites if ready.lasers and ready.radio else 0
    memory = memory_estimate(len(ready.slots), places, satellites, length, at_once, cold, paths=paths, ways=ways)
    disk = len(ready.slots) * (8.0 * places + 24.0 * paths)
    data: dict[str, Any] = {
        "scenario": ready.scenario.name,
        "slots": len(ready.slots),
        "slot_s": ready.clock.interval_s,
        "cells": len(ready.territory.cell_id),
        "sites": len(ready.territory.sites),
        "satellites": satellites,
        "satellites_in_service": int(ready.fleet.up.sum()),
        "gateways": len(ready.ground.id),
        "policy": ready.policy.name,
        "blocks": len(grid.blocks()),
        "block_slots": length,
        "memory_bytes": round(memory),
        "disk_bytes": round(disk),
        "folder": str(folder),
        "blocks_done": blocks_done,
        "warnings": list(ready.warnings),
    }
    return Plan(
        (
            f"{ready.scenario.title or ready.scenario.name}: {_count(data['slots'], 'slot')} "
            f"of {ready.clock.interval_s:g} s",
            f"{_count(data['cells'], 'cell')} and {_count(data['sites'], 'site')}, {data['satellites_in_service']:,} "
            f"of {_count(satellites, 'satellite')} in service, {_count(data['gateways'], 'gateway')}, "
            f"policy {ready.policy.name}",
            f"{_count(data['blocks'], 'block')} of up to {length} slots, {at_once} at once; "
            f"about {memory / 1e6:.0f} MB of memory{', kernels compiled first' if cold else ''}, "
            f"up to {max(1.0, disk / 1e6):.0f} MB on disk",
            f"results go to {folder}" + (f", which holds {blocks_done} of the blocks already" if blocks_done else ""),
            *(f"note: {w}" for w in ready.warnings),
        ),
        data,
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def run(
    scenario: Scenario | str | Path,
    *,
    out: str | Path | None = None,
    scheduling: str | Policy | Callable[[Any], Any] | None = None,
    topology: Any = None,
    routing: Any = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **overrides: Any,
) -> Run:
    """Simulate a scenario, or resume a run that was left unfinished.

    Parameters
    ----------
    scenario : Scenario, str or pathlib.Path
        A scenario, a built-in name or a file.
    out : str or pathlib.Path, optional
        Folder of the run; ``runs/NAME`` when left out, or ``runs/NAME-IDENTITY`` where that holds another run.
    scheduling : str, Policy or callable, optional
        Scheduling policy in place of the scenario's: a name, or a function of `bentpipe.Links` that returns a
        score for each link.
    topology : str, Topology or callable, optional
        Who points lasers at whom, in place of the scenario's: a name, or a function of
        `bentpipe.network.topology.LaserSky` that returns pairs of satellites.
    routing : str, Routing or callable, optional
        What paths are chosen by, in place of the scenario's: a name, or a function of
        `bentpipe.network.routing.RouteView` that returns a cost for each laser.
    threads : int, optional
        Threads; all cores when left out. The results do not depend on it.
    progress : callable, optional
        Told ``(stage, done, total)``.
    **overrides
        Scenario values by dotted key, such as ``**{"time.duration": "1h"}``.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        Where the scenario is wrong, or `out` holds another run.
    StoreError
        Where the store is damaged or in use.
    """
    tell: Progress = progress or (lambda stage, done, total: None)
    resolved = _scenario(scenario, overrides)
    _check_place(resolved.name, out)
    begun = time.perf_counter()
    if kernels_are_cold():
        tell("kernels", 0, 0)
    import bentpipe.simulate.recipe

    if resolved.lasers is not None:
        import bentpipe.network.relaying
        import bentpipe.simulate.lasers
        import bentpipe.simulate.paths  # noqa: F401
    from bentpipe.simulate.prepare import prepare

    compiled = time.perf_counter()
    tell("prepare", 0, 0)
    prepared = prepare(resolved, scheduling, topology=topology, routing=routing)
    from bentpipe.simulate.identity import run_identity

    identity = run_identity(prepared)
    folder = _folder(resolved.name, identity, out)
    grid = Grid(prepared.slots, block_length(prepared.block_values))
    folder.mkdir(parents=True, exist_ok=True)
    with only_writer(folder):
        store = _open_or_create(folder, grid, prepared, identity)
        timings = {"kernels_s": compiled - begun, "prepare_s": time.perf_counter() - compiled}
        simulated = time.perf_counter()
        samples = _simulate(prepared, store, threads or os.cpu_count() or 1, tell)
        timings["simulate_s"] = time.perf_counter() - simulated
        _finish(store, prepared, identity, samples, timings, threads or os.cpu_count() or 1)
    return open_run(folder)


def _scenario(scenario: Scenario | str | Path, overrides: Mapping[str, Any]) -> Scenario:
    if isinstance(scenario, Scenario):
        if overrides:
            raise InputError(Fault("overrides go with a name or a file", "overrides", sorted(overrides)))
        return scenario
    return load_scenario(scenario, overrides)


def _folder(name: str, identity: str, out: str | Path | None) -> Path:
    """Folder of a run; one that holds another run is refused where it was asked for, else passed over."""
    folder = Path(out) if out is not None else Path("runs") / name
    held = _identity_in(folder)
    if held == identity or (held is None and not _occupied(folder)):
        return folder
    if out is not None:
        raise InputError(
            Fault(
                "this folder holds something else" if held is None else "this folder holds another run",
                "--out",
                str(folder),
                "a new folder, or one that holds this same run",
                "give another folder, or remove this one",
            )
        )
    return folder.with_name(f"{name}-{identity[:8]}")


def _check_place(name: str, out: str | Path | None) -> None:
    """Refuse a place that no run can be written to before the work of preparing one; leaves nothing behind."""
    folder = Path(out) if out is not None else Path("runs") / name
    where = "--out" if out is not None else "the folder of the run"
    # os.path answers False where pathlib raises: names too long for the file system.
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise InputError(
            Fault("a file where a folder belongs: this folder holds something else", where, str(folder),
                  "a new folder, or one that holds this same run", "give another folder")
        )  # fmt: skip
    made: list[Path] = []
    try:
        for level in [*reversed(folder.parents), folder]:
            if not level.exists():
                level.mkdir()
                made.append(level)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        what = f"the folder cannot be made or written: {getattr(error, 'strerror', None) or error}"
        raise InputError(Fault(what, where, str(folder), remedy="give another folder with --out")) from None
    finally:
        for level in reversed(made):
            with contextlib.suppress(OSError):  # another run has begun in it
                level.rmdir()


def _identity_in(folder: Path) -> str | None:
    try:
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["identity"]
        return str(found)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _occupied(folder: Path) -> bool:
    """Whether a folder holds anything that a run of ours, killed before its manifest, did not leave."""
    own = {"lock", "inputs", "commits", "results.zarr"}
    return (
        folder.is_dir() and any(p.name not in own and not p.name.endswith(".part") for p in folder.iterdir())
    ) or folder.is_file()


def _open_or_create(folder: Path, grid: Grid, prepared: Prepared, identity: str) -> Store:
    from bentpipe.simulate.manifest import first_manifest, static_variables

    store = Store(folder, grid)
    _keep_inputs(folder / "inputs", prepared)
    static = static_variables(prepared, sampled_slots(prepared))
    regions, seeds = len(prepared.territory.region_code), len(prepared.people)
    replicas = {"replica_terminals_connected": np.zeros((len(static["sample_slot"]), seeds, regions), np.int64)}
    if _identity_in(folder) == identity:
        damaged = store.restore(run_sizes(prepared), static | replicas)
        if not damaged and _is_sound(folder, store):
            return store
    else:
        store.create(run_sizes(prepared), static | replicas)
    # The manifest comes last: without it the folder is no run, and is made anew.
    write_atomically(folder / "manifest.json", json.dumps(first_manifest(prepared, identity, grid), indent=1).encode())
    return store


def _is_sound(folder: Path, store: Store) -> bool:
    """Whether a manifest can be read and, where it says that the run is complete, every block is whole."""
    try:
        complete = read_manifest(folder)["complete"]
    except StoreError:
        return False
    return not complete or len(store.committed()) == len(store.grid.blocks())


def _keep_inputs(inputs: Path, prepared: Prepared) -> None:
    """Copy what the run was given; what lies there already, and is the same, is left alone."""
    from bentpipe.simulate.manifest import names

    inputs.mkdir(exist_ok=True)
    files = prepared.scenario.files().items()
    wanted = {name_by_role(role, path): file_content(path) for role, path in files}
    wanted["scenario.json"] = json.dumps(prepared.scenario.portable(), indent=1).encode()
    wanted["names.json"] = json.dumps(names(prepared)).encode()
    for name, content in wanted.items():
        if not (inputs / name).is_file() or (inputs / name).read_bytes() != content:
            write_atomically(inputs / name, content)


def run_sizes(prepared: Prepared) -> dict[str, int]:
    """Length of each dimension of a run's variables but ``slot``.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    dict of str to int
    """
    from bentpipe.network.delay import SEGMENTS
    from bentpipe.simulate.services import judged_names

    return {
        "cell": len(prepared.territory.cell_id),
        "site": len(prepared.territory.sites),
        "track": len(prepared.territory.tracks),
        "satellite": len(prepared.fleet.up),
        "gateway": len(prepared.ground.id),
        "region": len(prepared.territory.region_code),
        "event": len(prepared.scenario.disruptions),
        "path": 0 if prepared.paths is None else len(prepared.paths.pair),
        "segment": len(SEGMENTS),
        "service": len(judged_names(prepared)),
    }


def sampled_slots(prepared: Prepared) -> npt.NDArray[np.int64]:
    """Slots in which the seeds are compared, by absolute number: about twelve at least, one in `SEED_STRIDE` at least.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    (M,) int64
    """
    from bentpipe.simulate.prepare import SEED_SAMPLES, SEED_STRIDE

    slots = np.arange(prepared.slots.start, prepared.slots.stop, dtype=np.int64)
    stride = min(max(len(slots) // SEED_SAMPLES, 1), SEED_STRIDE)
    chosen: npt.NDArray[np.int64] = slots[slots % stride == 0]
    return chosen


def _simulate(prepared: Prepared, store: Store, threads: int, tell: Progress) -> npt.NDArray[np.int64]:
    """Every block that is not committed yet; returns the seeds' samples."""
    if prepared.policy.memory_slots is None:
        samples = _one_after_the_other(prepared, store, threads, tell)
    else:
        samples = _side_by_side(prepared, store, threads, tell)
    seeds, regions = len(prepared.people), len(prepared.territory.region_code)
    return np.concatenate([samples[block].reshape(-1, seeds, regions) for block in store.grid.blocks()])


def _side_by_side(prepared: Prepared, store: Store, threads: int, tell: Progress) -> dict[int, npt.NDArray[np.int64]]:
    """Blocks of a policy with bounded memory: each stands alone, so that threads take whole blocks."""
    from bentpipe.simulate.recipe import State, advance

    grid, total = store.grid, len(prepared.slots)
    samples = {
        block: np.array(record["samples"], np.int64)
        for block, record in store.committed().items()
        if "samples" in record
    }
    missing = [block for block in grid.blocks() if block not in samples]
    finished = sum(len(grid.of_block(block)) for block in samples)
    tell("simulate", finished, total)
    at_once = max(1, min(threads, BLOCKS_AT_ONCE, len(missing)))

    def whole(block: int) -> npt.NDArray[np.int64]:
        result, _ = advance(prepared, State(), grid.of_block(block), threads // at_once)
        drawn = _samples(prepared, grid.of_block(block), threads // at_once)
        _write(prepared, store, block, result, drawn, None)
        return drawn

    with _short_turns(), ThreadPoolExecutor(at_once) as pool:
        futures = {pool.submit(whole, block): block for block in missing}
        try:
            for future in as_completed(futures):
                block = futures[future]
                samples[block] = future.result()
                finished += len(grid.of_block(block))
                tell("simulate", finished, total)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return samples


@contextlib.contextmanager
def _short_turns() -> Iterator[None]:
    """Let threads take turns at the interpreter more often.

    While one writes its block, in Python, another comes back from its kernels several times a slot, and would wait
    for up to 5 ms each time.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _one_after_the_other(
    prepared: Prepared, store: Store, threads: int, tell: Progress
) -> dict[int, npt.NDArray[np.int64]]:
    """Blocks of a policy with unbounded memory: each rests on the state after the one before."""
    from bentpipe.simulate.recipe import State, advance

    grid, done, state = store.grid, store.committed(), State()
    samples: dict[int, npt.NDArray[np.int64]] = {}
    pending: Future[None] | None = None
    finished = 0
    with ThreadPoolExecutor(1) as writer:
        for block in grid.blocks():
            record = done.get(block)
            if record is not None and "samples" in record and record.get("state") is not None:
                samples[block] = np.array(record["samples"], np.int64)
                state = State(np.array(record["state"], np.int32))
            else:
                done = {}  # what follows rests on this block's state: compute it, too
                result, state = advance(prepared, state, grid.of_block(block), threads)
                samples[block] = _samples(prepared, grid.of_block(block), threads)
                if pending is not None:
                    pending.result()
                pending = writer.submit(_write, prepared, store, block, result, samples[block], state.previous)
            finished += len(grid.of_block(block))
            tell("simulate", finished, len(prepared.slots))
        if pending is not None:
            pending.result()
    return samples


def _write(
    prepared: Prepared,
    store: Store,
    block: int,
    result: Block,
    samples: npt.NDArray[np.int64],
    state: npt.NDArray[np.int32] | None,
) -> None:
    from bentpipe.simulate.outputs import block_variables

    content = {"samples": samples.tolist(), "state": None if state is None else state.tolist()}
    store.write(block, block_variables(prepared, result), content)


def _samples(prepared: Prepared, slots: range, threads: int) -> npt.NDArray[np.int64]:
    """Terminals connected under each seed in those of some slots that are sampled."""
    from bentpipe.simulate.alone import seed_samples

    sampled = sampled_slots(prepared)
    own = sampled[(sampled >= slots.start) & (sampled < slots.stop)]
    parts = [part for part in np.array_split(own, max(1, threads)) if len(part)]
    if not parts:
        return np.zeros((0, len(prepared.people), len(prepared.territory.region_code)), np.int64)
    with ThreadPoolExecutor(len(parts)) as pool:
        return np.concatenate([found for found, _ in pool.map(lambda part: seed_samples(prepared, part), parts)])


def _finish(
    store: Store,
    prepared: Prepared,
    identity: str,
    samples: npt.NDArray[np.int64],
    timings: dict[str, float],
    threads: int,
) -> None:
    """Write what is known only at the end; the manifest last."""
    from bentpipe.simulate.effects import event_effects
    from bentpipe.simulate.manifest import first_manifest
    from bentpipe.simulate.raterange import rates_compared
    from bentpipe.simulate.voters import voters_and_conferences

    path = store.folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if manifest["complete"]:
        return
    store.write_static({"replica_terminals_connected": samples})
    manifest = {**first_manifest(prepared, identity, store.grid), "created_utc": manifest["created_utc"]}
    manifest["warnings"] += _unproven(store)
    begun = time.perf_counter()
    for event, effect in zip(manifest["events"], event_effects(prepared), strict=True):
        event["effect"] = effect
    manifest["rates_compared"] = rates_compared(prepared, threads)
    if manifest["services"] is not None:
        manifest["services"] |= voters_and_conferences(prepared, store)
    timings["effects_s"] = time.perf_counter() - begun
    manifest["complete"] = True
    manifest["finished_utc"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    manifest["timings"] = {key: round(value, 3) for key, value in timings.items()}
    write_atomically(path, json.dumps(manifest, indent=1).encode())


def _unproven(store: Store) -> list[str]:
    """What a user should know where coverage came first and the choice is not proven best."""
    skip = store.grid.slots.start - store.grid.origin
    gap = np.asarray(store.group["coverage_gap"][skip : skip + len(store.grid.slots)])  # type: ignore[index]
    if gap.max() <= 0:
        return []
    return [
        f"in {(gap > 0).sum():,} of {len(gap):,} slots it is not proven that the policy serves as many places as could "
        f"be served: it may be up to {gap.max():,} fewer"
    ]
