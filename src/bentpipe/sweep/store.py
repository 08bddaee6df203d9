"""The store of a study: arrays with a run axis, a commit record for each task, and what the study was.

::

    study.json            dimensions, coordinates, row and identity of every run, arrays, names
    inputs/SHA256         the base document and the files that scenarios name, by content
    results.zarr          one chunk of each array for each task
    commits/ROW-BLOCK.ID  written last: identity, checksums and times of a task; without it a task is not there
    failures/ROW.json     a run that was given up, with its error
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from bentpipe.errors import Fault, InputError, StoreError
from bentpipe.sweep.arrays import GROUP, StudyArray, from_plain, metadata
from bentpipe.sweep.matrix import RunSpec
from bentpipe.sweep.place import Place

STUDY = "study.json"
SCHEMA = 1
_COMMIT = re.compile(r"(\d+)-(\d+)\.([0-9a-f]{16})\.json")
Task = tuple[int, int]


def commit_name(run: RunSpec, at: int) -> str:
    """Name of the record of a task: it tells the identity, so that a listing tells what is there."""
    return f"commits/{run.row}-{at}.{run.identity[:16]}.json"


@dataclass(frozen=True)
class Failure:
    """A run that was given up.

    Parameters
    ----------
    row : int
        Along the run axis of the store.
    block : int
        The block at which it failed, counted from the first.
    error : str
        What was raised.
    attempts : int
        How often it was tried.
    """

    row: int
    block: int
    error: str
    attempts: int


class StudyStore:
    """Reads and writes a study.

    Parameters
    ----------
    place : Place
        Where it lies.
    """

    def __init__(self, place: Place) -> None:
        self.place = place

    def study(self) -> dict[str, Any] | None:
        """What the study was; None where there is none.

        Raises
        ------
        StoreError
            Where it cannot be read.
        """
        try:
            found = json.loads(self.place.read(STUDY))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError:
            found = None
        if not isinstance(found, dict) or found.get("schema") != SCHEMA:
            remedy = "remove it and run the study again: finished blocks are found by their records"
            raise StoreError(Fault("the study's description is damaged", f"{self.place.url}/{STUDY}", remedy=remedy))
        return found

    def occupied(self) -> bool:
        """Whether something else than a study of ours lies here."""
        own = {STUDY, "lock", "lock.json", "session.json"}
        return any(name not in own for name in self.place.sizes("."))

    def known_rows(self, study: Mapping[str, Any] | None, arrays: Iterable[StudyArray]) -> dict[str, int]:
        """Rows by identity of what lies in a store whose arrays still fit."""
        if study is None:
            return {}
        old = {array.name: array for array in map(from_plain, study["arrays"])}
        fit = all(_alike(old[a.name], a) for a in arrays if a.name in old)
        return {str(k): int(v) for k, v in study["rows_by_identity"].items()} if fit else {}

    def create(
        self,
        study: dict[str, Any],
        arrays: Iterable[StudyArray],
        rows: int,
        static: Mapping[str, npt.NDArray[Any]],
        old: Mapping[str, Any] | None,
    ) -> None:
        """Make the arrays, or fit those that are there to the study; the study's description last.

        Parameters
        ----------
        study : dict
            Description.
        arrays : iterable of StudyArray
        rows : int
            Length of the run axis.
        static : mapping
            Variables without a slot axis.
        old : mapping or None
            Description of what lies there.
        """
        arrays = tuple(arrays)
        before = {array.name: array for array in map(from_plain, old["arrays"])} if old else {}
        for name, array in before.items():
            if not any(a.name == name and _alike(a, array) for a in arrays):
                self.place.delete_folder(f"{GROUP}/{name}")
        self.place.write_many(metadata(arrays, rows, static))
        self.place.write(STUDY, json.dumps(study, indent=1).encode())

    def commits(self) -> dict[Task, set[str]]:
        """First digits of the identity of every record, by row and block."""
        found: dict[Task, set[str]] = {}
        for name in self.place.sizes("commits"):
            match = _COMMIT.fullmatch(name)
            if match:
                found.setdefault((int(match[1]), int(match[2])), set()).add(match[3])
        return found

    def done(
        self, runs: Mapping[int, RunSpec], arrays: Iterable[StudyArray], verify: bool
    ) -> tuple[dict[Task, dict[str, Any]], list[str]]:
        """Tasks that are whole.

        Parameters
        ----------
        runs : mapping
            Wanted runs by row.
        arrays : iterable of StudyArray
            What a task must hold.
        verify : bool
            Compare the checksum of every chunk; otherwise that it is there, with as many bytes as were written.

        Returns
        -------
        tasks : dict
            Their records.
        stale : list of str
            Names of all other records.
        """
        wanted = {commit_name(run, at): (row, at) for row, run in runs.items() for at in run.blocks}
        names = [f"commits/{name}" for name in self.place.sizes("commits")]
        records = self.place.read_many([name for name in names if name in wanted])
        found = {}
        for name, content in records.items():
            record = _record(content)
            if record is not None and record.get("identity") == runs[wanted[name][0]].identity:
                found[wanted[name]] = record
        whole = self._verified(found, tuple(arrays), verify)
        kept = {commit_name(runs[row], at) for row, at in whole}
        return whole, [name for name in names if name not in kept]

    def _verified(
        self, found: Mapping[Task, dict[str, Any]], arrays: tuple[StudyArray, ...], verify: bool
    ) -> dict[Task, dict[str, Any]]:
        expected: dict[str, tuple[Task, str, int]] = {}
        lacking: set[Task] = set()
        for task, record in found.items():
            chunks = record.get("chunks", {})
            for array in arrays:
                if 0 in array.sizes:
                    continue
                if array.name not in chunks:
                    lacking.add(task)
                    continue
                digest, size = chunks[array.name]
                expected[array.key(*task)] = (task, digest, size)
        lacking |= self._wrong(expected, verify)
        return {task: record for task, record in found.items() if task not in lacking}

    def _wrong(self, expected: Mapping[str, tuple[Task, str, int]], verify: bool) -> set[Task]:
        if verify:
            wrong = set()
            names = list(expected)
            for begin in range(0, len(names), 200):
                content = self.place.read_many(names[begin : begin + 200])
                for name in names[begin : begin + 200]:
                    task, digest, _ = expected[name]
                    if hashlib.sha256(content.get(name, b"")).hexdigest() != digest:
                        wrong.add(task)
            return wrong
        folders: dict[str, dict[str, int]] = {}
        wrong = set()
        for name, (task, _, size) in expected.items():
            folder, _, last = name.rpartition("/")
            if folder not in folders:
                folders[folder] = self.place.sizes(folder)
            if folders[folder].get(last) != size:
                wrong.add(task)
        return wrong

    def failures(self) -> dict[int, Failure]:
        """Runs that were given up, by row."""
        names = [f"failures/{name}" for name in self.place.sizes("failures")]
        found = {}
        for content in self.place.read_many(names).values():
            record = _record(content)
            if record is not None:
                failure = Failure(record["row"], record["block"], record["error"], record["attempts"])
                found[failure.row] = failure
        return found


def write_task(
    place: Place, run: RunSpec, at: int, chunks: Mapping[str, tuple[str, bytes]], record: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the chunks of a task, then its record.

    Parameters
    ----------
    place : Place
    run : RunSpec
    at : int
        Block, counted from the run's first.
    chunks : mapping
        As `bentpipe.sweep.arrays.chunks_of_block` gives them.
    record : mapping
        What else the record is to hold.

    Returns
    -------
    dict
        The record.
    """
    place.write_many(dict(chunks.values()))
    slots = run.slots(at)
    whole = {
        "identity": run.identity,
        "block": run.first_block + at,
        "slots": [slots.start, slots.stop],
        "chunks": {name: [hashlib.sha256(c).hexdigest(), len(c)] for name, (_, c) in chunks.items()},
        **record,
    }
    place.write(commit_name(run, at), json.dumps(whole).encode())
    return whole


def check_place(store: StudyStore, name: str) -> dict[str, Any] | None:
    """Read what lies where a study is to go; refuse what is no study, or another one.

    Parameters
    ----------
    store : StudyStore
    name : str
        Of the study.

    Returns
    -------
    dict or None
        Description of the study that lies there.
    """
    old = store.study()
    if old is None and store.occupied():
        remedy = "give another folder with --out"
        raise InputError(Fault("this folder holds something else", "--out", store.place.url, remedy=remedy))
    if old is not None and old["name"] != name:
        what = f"this folder holds another study: {old['name']}"
        raise InputError(Fault(what, "--out", store.place.url, remedy="give another folder with --out"))
    return old


def _alike(left: StudyArray, right: StudyArray) -> bool:
    """Whether chunks of one array can stand in the other."""
    return (left.dtype, left.part, left.inner, left.sizes, left.length) == (
        right.dtype, right.part, right.inner, right.sizes, right.length,
    )  # fmt: skip


def _record(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
