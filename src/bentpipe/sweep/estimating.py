"""How long a study will take: from what finished tasks took, from slots that are timed, or by its size alone."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bentpipe.errors import StoreError
from bentpipe.sweep.arrays import StudyArray, chunks_of_block, from_plain
from bentpipe.sweep.place import Place
from bentpipe.sweep.shapes import slots_of
from bentpipe.sweep.store import StudyStore

if TYPE_CHECKING:
    from bentpipe.scenario import Scenario

#: Rough cost of a run on one core, s: preparing; and a slot, a slot and place, a slot and satellite. Fitted to runs on
#: one core of 2022: one dish under 3,000 satellites (6 ms a slot), Ukraine (2,493 cells, 3.5 ms), the globe (41,162
#: cells under 10,744 satellites, 50 ms).
PREPARE_S, SLOT_S, SLOT_PLACE_S, SLOT_SATELLITE_S = 0.3, 0.5e-3, 1.1e-6, 0.4e-6
#: Records of finished tasks that are read at most, spread over all.
RECORDS = 200
#: Slots of the shorter of two spans that are timed, of the longer at most, and about the seconds that it may take.
FEW, MANY, LONGER_S = 3, 60, 1.0


@dataclass(frozen=True)
class Cost:
    """What a study costs one core.

    Parameters
    ----------
    run_s, task_s, slot_s : float
        Seconds that come once a run, once a task and once a slot.
    source : str
        "finished tasks", "timed slots" or "size".
    count : int
        How many tasks or slots it rests on; 0 for the size.
    """

    run_s: float
    task_s: float
    slot_s: float
    source: str
    count: int = 0

    def seconds(self, runs: int, tasks: int, slots: int, workers: int) -> float:
        """Seconds for so many runs, tasks and slots, shared out evenly to workers."""
        return (runs * self.run_s + tasks * self.task_s + slots * self.slot_s) / max(1, min(workers, tasks))

    @property
    def words(self) -> str:
        """What it rests on, for people."""
        if self.source == "size":
            return "a rough guess by the number of slots, places and satellites: --time measures it"
        if self.source == "timed slots":
            return f"from {self.count} slot{'s' if self.count != 1 else ''} of the first run timed here"
        return f"from {self.count:,} finished task{'s' if self.count != 1 else ''}"


def by_size(places: int, satellites: int) -> Cost:
    """Guess the cost by size.

    Parameters
    ----------
    places : int
        Cells and sites.
    satellites : int

    Returns
    -------
    Cost
        Fitted, see `PREPARE_S`.
    """
    return Cost(PREPARE_S, 0.0, SLOT_S + SLOT_PLACE_S * places + SLOT_SATELLITE_S * satellites, "size")


def by_records(place: Place, name: str, arrays: tuple[StudyArray, ...]) -> Cost | None:
    """Find the cost in the records of finished tasks.

    Parameters
    ----------
    place : Place
        Where the study would go.
    name : str
        Of the study.
    arrays : tuple of StudyArray
        What it keeps: records of a study of other sizes tell nothing.

    Returns
    -------
    Cost or None
        None where there is no record that tells.
    """
    store = StudyStore(place)
    try:
        study = store.study()
    except StoreError:  # told when the study is run
        return None
    if study is None or study["name"] != name or not _same_sizes(study, arrays):
        return None
    identities = {str(identity)[:16] for identity in study["identities"]}
    names = sorted(n for n in place.sizes("commits") if n.split(".")[1:2] and n.split(".")[1] in identities)
    step = max(1, -(-len(names) // RECORDS))
    found = map(_record, place.read_many([f"commits/{n}" for n in names[::step]]).values())
    records = [r for r in found if r is not None and "seconds" in r and "slots" in r]
    seconds = [r["seconds"] for r in records]
    slots = sum(r["slots"][1] - r["slots"][0] for r in records)
    if not slots:
        return None
    beside = sum(s["prepare"] + s.get("write", 0.0) for s in seconds) / len(seconds)
    return Cost(0.0, beside, sum(s["compute"] for s in seconds) / slots, "finished tasks", len(seconds))


def _record(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except ValueError:  # its task is done again when the study is run
        return None
    return found if isinstance(found, dict) else None


def _same_sizes(study: Mapping[str, Any], arrays: tuple[StudyArray, ...]) -> bool:
    before = {a.name: a for a in map(from_plain, study["arrays"])}
    return all(a.name in before and before[a.name].sizes == a.sizes for a in arrays)


def by_timing(scenario: Scenario, length: int, arrays: tuple[StudyArray, ...]) -> Cost:
    """Time a run: preparing it, and two spans of its first block, kernels warm.

    Parameters
    ----------
    scenario : Scenario
        Of the run.
    length : int
        Slots of a block.
    arrays : tuple of StudyArray
        What is kept.

    Returns
    -------
    Cost
        What both spans have in common counts for each task, the difference for each slot.
    """
    from bentpipe.simulate.outputs import block_variables
    from bentpipe.simulate.prepare import prepare
    from bentpipe.simulate.recipe import State, advance

    whole = slots_of(scenario)
    block = whole.start // length
    slots = range(whole.start, min(whole.stop, (block + 1) * length))
    prepared = prepare(scenario, seeds=1)
    kept = {a.variable for a in arrays}

    def span_s(count: int) -> float:
        begun = time.perf_counter()
        values = block_variables(prepared, advance(prepared, State(), slots[:count], threads=1)[0], kept)
        chunks_of_block(arrays, values, 0, 0, slots.start - block * length)
        return time.perf_counter() - begun

    span_s(1)
    begun = time.perf_counter()
    prepared = prepare(scenario, seeds=1, like=prepared)  # as a worker prepares all runs but its first
    run_s = time.perf_counter() - begun
    short = min(FEW, len(slots))
    short_s = span_s(short)
    longer = min(len(slots), MANY, max(short, int(LONGER_S * short / short_s)))
    if longer <= short:
        return Cost(run_s, 0.0, short_s / short, "timed slots", short)
    slot_s = max(0.0, span_s(longer) - short_s) / (longer - short)
    return Cost(run_s, max(0.0, short_s - short * slot_s), slot_s, "timed slots", short + longer)
