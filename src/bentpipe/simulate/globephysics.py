"""The physics that a viewer of runs is handed by the command line: what it shows but a run does not store.

`globe_physics` is a function of a module, so that it can be sent to a process of its own; the functions that it makes
there share one `PhysicsDesk`, which holds a few runs prepared.
"""

from __future__ import annotations

import json
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.results.opened import Run
from bentpipe.results.soundness import read_manifest

if TYPE_CHECKING:  # the stages take long to load
    from bentpipe.simulate.prepare import Prepared

#: Runs that are held prepared, tens of MB each, and runs with edits, which share nearly all with theirs.
RUNS_HELD, EDITED_HELD = 4, 8
THREADS = 2

Edits = Mapping[str, Any]
Held = TypeVar("Held")


def globe_physics() -> dict[str, Callable[..., Any]]:
    """Make the functions that a viewer of runs may call, each of which takes the run's folder first.

    Returns
    -------
    dict of str to callable
        "warm", "fleet", "keyframes", "links", "ask", "check", "what_if", "scenario_text": methods of one
        `PhysicsDesk`, where they are described.
    """
    desk = PhysicsDesk()
    names = ("warm", "fleet", "keyframes", "links", "ask", "check", "what_if", "scenario_text")
    return {name: getattr(desk, name) for name in names}


class _Latest(Generic[Held]):
    """The things made last, by key; each is made once, and who asks for one waits for no other that is being made."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._held: OrderedDict[Hashable, Future[Held]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Held]) -> Held:
        with self._lock:
            found = self._held.get(key)
            mine = found is None
            if found is None:
                found = self._held[key] = Future()
                while len(self._held) > self._most:
                    self._held.popitem(last=False)
            self._held.move_to_end(key)
        # Not under the lock: while one run is prepared, questions about another are answered.
        if mine:
            try:
                found.set_result(make())
            except BaseException as error:
                with self._lock:
                    if self._held.get(key) is found:
                        del self._held[key]
                found.set_exception(error)
        return found.result()


@dataclass(frozen=True)
class RunAtHand:
    """A run, prepared.

    Parameters
    ----------
    run : Run
        In its folder.
    prepared : Prepared
        With one seed. Where `refused`, with policies that stand for those of the run.
    refused : InputError or None
        Why its slots cannot be computed again: a policy is a function which the run does not hold.
    note : str
        What a user should know of slots that are computed again.
    """

    run: Run
    prepared: Prepared
    refused: InputError | None
    note: str


class PhysicsDesk:
    """Answers questions about runs, and holds those asked about last prepared.

    Threads may share it. Every method may raise `InputError`, and `StoreError` where a folder holds no sound run.
    """

    def __init__(self) -> None:
        self._runs: _Latest[RunAtHand] = _Latest(RUNS_HELD)
        self._edited: _Latest[Prepared] = _Latest(EDITED_HELD)

    def warm(self, run: Path) -> None:
        """Prepare a run, and go once through what a what-if takes, so that kernels and tables are loaded.

        Parameters
        ----------
        run : pathlib.Path
            Folder.
        """
        from bentpipe.simulate.outputs import block_variables
        from bentpipe.simulate.recipe import State, advance

        at_hand = self._at_hand(run)
        prepared = at_hand.prepared
        self.keyframes(run, [int(prepared.clock.start_unix_s(prepared.slots.start) // 60)])
        if at_hand.refused is None and prepared.policy.memory_slots is not None:
            block, _ = advance(prepared, State(), prepared.slots[:1])
            block_variables(prepared, block)

    def fleet(self, run: Path) -> dict[str, Any]:
        """Say what the satellites are.

        Parameters
        ----------
        run : pathlib.Path
            Folder.

        Returns
        -------
        dict
            As of `bentpipe.simulate.skyframes.fleet_states`, and "note": what differs from when the run was made.
        """
        from bentpipe.simulate.skyframes import fleet_states

        at_hand = self._at_hand(run)
        return {**fleet_states(at_hand.prepared), "note": at_hand.note}

    def keyframes(self, run: Path, numbers: Sequence[int]) -> npt.NDArray[np.float32]:
        """Give positions and velocities of all satellites.

        Parameters
        ----------
        run : pathlib.Path
            Folder.
        numbers : sequence of K int
            Key frames: k is at Unix time 60 k s.

        Returns
        -------
        (K, N, 6) float32
            Earth-fixed, m and m/s; see `bentpipe.simulate.skyframes.keyframes`.
        """
        from bentpipe.simulate.skyframes import keyframes

        return keyframes(self._at_hand(run).prepared, numbers)

    def links(self, run: Path, slot: int, edits: Edits | None = None, window: range | None = None) -> dict[str, Any]:
        """Give the feeder links and lasers of a slot.

        Parameters
        ----------
        run : pathlib.Path
            Folder.
        slot : int
            Absolute slot.
        edits, window : mapping, range, optional
            Edits in force, and from which slot to which; of this slot alone where no window is given.

        Returns
        -------
        dict
            "feeder" (F, 2) int32, "lasers" (L, 2) int32: see `bentpipe.simulate.slotlinks.SlotLinks`; "exact" bool, and
            "note" str, why they may not be the run's.
        """
        from bentpipe.simulate.slotlinks import slot_links

        at_hand = self._at_hand(run)
        found = slot_links(self._in_force(at_hand, slot, edits, window), slot)
        note = at_hand.note if at_hand.refused is None else str(at_hand.refused)
        return {"feeder": found.feeder, "lasers": found.lasers, "exact": at_hand.refused is None, "note": note}

    def ask(
        self, run: Path, place: str, slot: int, edits: Edits | None = None, window: range | None = None
    ) -> dict[str, Any]:
        """Explain a place in a slot.

        Parameters
        ----------
        run : pathlib.Path
            Folder.
        place : str
            Id of a site, or an H3 cell.
        slot : int
            Absolute slot.
        edits, window : mapping, range, optional
            As for `links`.

        Returns
        -------
        dict
            The data of `bentpipe.explain`, "lines", and "link" where the run has rates. JSON types, None for NaN.
        """
        from bentpipe.simulate.explain import explain_slot
        from bentpipe.simulate.whatif import state_before

        at_hand = self._at_hand(run, computed_again=True)
        prepared = self._in_force(at_hand, slot, edits, window)
        begin = None if edits is None else (window or range(slot, slot + 1)).start
        state = state_before(prepared, at_hand.run, slot, begin)
        found = explain_slot(prepared, place, slot, state, link=prepared.radio is not None)
        answer: dict[str, Any] = plain({**found.data, "lines": list(found.lines)})
        return answer

    def check(self, run: Path, edits: Edits) -> list[Fault]:
        """Find what is wrong with edits of a run.

        Parameters
        ----------
        run : pathlib.Path
            Folder.
        edits : mapping
            See `bentpipe.simulate.hypothetical`.

        Returns
        -------
        list of Fault
            None where they can be simulated.
        """
        from bentpipe.simulate.hypothetical import edit_faults

        at_hand = self._at_hand(run)
        refused = () if at_hand.refused is None else at_hand.refused.faults
        return [*refused, *edit_faults(at_hand.prepared, edits)]

    def what_if(
        self, run: Path, edits: Edits, window: range, folder: Path, tell: Callable[[str, int, int], bool]
    ) -> None:
        """Simulate some slots with edits in force.

        Parameters
        ----------
        run : pathlib.Path
            Folder.
        edits : mapping
            See `bentpipe.simulate.hypothetical`.
        window : range
            W absolute slots, in which they hold.
        folder : pathlib.Path
            Written: see `bentpipe.simulate.whatif.simulate_window`.
        tell : callable
            Told ("prepare", 0, W), then ("simulate", done, W) after each piece; where it returns False, that is all.
        """
        from bentpipe.simulate.whatif import simulate_window

        at_hand = self._at_hand(run, computed_again=True)
        if not tell("prepare", 0, len(window)):
            return
        prepared = self._in_force(at_hand, window.start, edits, window)
        threads = min(THREADS, os.cpu_count() or 1)
        simulate_window(prepared, at_hand.run, window, folder, tell, threads)

    def scenario_text(self, run: Path, edits: Edits, window: range) -> str:
        """Write the run's scenario with edits as disruptions.

        Parameters
        ----------
        run : pathlib.Path
            Folder.
        edits, window
            As for `what_if`.

        Returns
        -------
        str
            TOML.
        """
        from bentpipe.simulate.hypothetical import edited_text

        at_hand = self._at_hand(run, computed_again=True)
        self._refuse(at_hand, edits)
        return edited_text(at_hand.prepared, edits, window)

    def _at_hand(self, folder: Path, computed_again: bool = False) -> RunAtHand:
        run = Run(Path(folder), read_manifest(Path(folder)))
        key = (str(run.path.resolve()), run.manifest["identity"])
        found = self._runs.get(key, lambda: _prepare(run))
        if computed_again and found.refused is not None:
            raise found.refused
        return replace(found, run=run)

    def _in_force(self, at_hand: RunAtHand, slot: int, edits: Edits | None, window: range | None) -> Prepared:
        """The run, or the run with edits."""
        prepared = at_hand.prepared
        if slot not in prepared.slots:
            allowed = f"{prepared.slots.start} to {prepared.slots.stop - 1}"
            raise InputError(Fault("the run has no such slot", "slot", slot, allowed))
        if not edits:
            return prepared
        held = window or range(slot, slot + 1)
        key = (at_hand.run.path.resolve(), at_hand.run.manifest["identity"], json.dumps(edits, sort_keys=True), held)

        def make() -> Prepared:
            from bentpipe.simulate.hypothetical import edited

            self._refuse(at_hand, edits)
            return edited(prepared, edits, held)

        return self._edited.get(key, make)

    @staticmethod
    def _refuse(at_hand: RunAtHand, edits: Edits) -> None:
        from bentpipe.simulate.hypothetical import edit_faults

        faults = edit_faults(at_hand.prepared, edits)
        if faults:
            raise InputError(*faults)


def _prepare(run: Run) -> RunAtHand:
    from bentpipe.simulate.explain import policy_of, topology_of
    from bentpipe.simulate.prepare import prepare
    from bentpipe.simulate.saved import saved_scenario

    scenario = saved_scenario(run)
    refused: InputError | None = None
    scheduling: Any = "highest"
    topology: Any = None
    try:
        scheduling = policy_of(run, None)
        topology = topology_of(run, None)
    except InputError as error:
        refused = InputError(
            *(replace(fault, remedy="ask for it in Python, with the function") for fault in error.faults)
        )
    prepared = prepare(scenario, scheduling, seeds=1, topology=topology)
    return RunAtHand(run, prepared, refused, "" if refused else _made_otherwise(run, prepared))


def _made_otherwise(run: Run, prepared: Prepared) -> str:
    """Say where a run was made by other code than that which is to compute some of its slots again."""
    from bentpipe.simulate.identity import run_identity

    seeded = tuple(replace(prepared.people[0], seed=seed) for seed in run.manifest["seeds"])
    if run_identity(replace(prepared, people=seeded)) == run.manifest["identity"]:
        return ""
    return (
        "this run was made by another version of bentpipe or of its libraries: what is computed anew may differ from "
        "it by more than what was changed"
    )


def plain(value: Any) -> Any:
    """Turn numbers of NumPy and what is in containers into JSON types.

    Parameters
    ----------
    value : object
        Of mappings, sequences, texts and numbers.

    Returns
    -------
    object
        NaN and infinities become None.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
