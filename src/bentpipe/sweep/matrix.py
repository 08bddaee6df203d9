"""Every run of a study as its identity, its slots and how it differs from the base document."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bentpipe.errors import Fault, InputError
from bentpipe.registry import ENTRY_POINT_GROUP, Policy, find_policy
from bentpipe.scenario import Scenario
from bentpipe.scenario.files import name_by_role
from bentpipe.simulate.identity import source_digest, versions
from bentpipe.sweep.design import Design
from bentpipe.sweep.shapes import Shapes, slots_of

Change = tuple[list[str | int], Any]
_GONE = {"bentpipe": "gone"}


@dataclass(frozen=True)
class RunSpec:
    """One run, as a worker needs it.

    Parameters
    ----------
    row : int
        Along the run axis of the store.
    identity : str
        Hash of all that its results rest on.
    start, stop : int
        Absolute slots.
    length : int
        Slots of a block.
    changes : tuple
        Paths and values in which its document differs from the base's.
    document : str
        SHA-256 of the document.
    scheduling : str
        Name of the scenario's scheduling policy.
    files : tuple of (str, str, str)
        Role, name and SHA-256 of each file that the scenario names.
    """

    row: int
    identity: str
    start: int
    stop: int
    length: int
    changes: tuple[Change, ...] = field(repr=False)
    document: str
    scheduling: str
    files: tuple[tuple[str, str, str], ...] = ()

    @property
    def first_block(self) -> int:
        """Absolute number of its first block."""
        return self.start // self.length

    @property
    def blocks(self) -> range:
        """Blocks, counted from the first."""
        return range((self.stop - 1) // self.length - self.first_block + 1)

    def slots(self, at: int) -> range:
        """Absolute slots of a block, counted from the first."""
        begin = (self.first_block + at) * self.length
        return range(max(self.start, begin), min(self.stop, begin + self.length))


@dataclass(frozen=True)
class Policies:
    """Policies in place of the scenario's, for every run.

    Parameters
    ----------
    scheduling, topology, routing : str, policy or callable, optional
        As for `bentpipe.run`.
    """

    scheduling: str | Policy | Callable[[Any], Any] | None = None
    topology: Any = None
    routing: Any = None

    def identities(self, scenario: Scenario) -> list[str]:
        """What tells the policies of a run from others, beside our own source."""
        wanted = self.scheduling or scenario.policies.scheduling
        return [_identity(wanted), *(_other(one) for one in (self.topology, self.routing))]


def _identity(wanted: str | Policy | Callable[[Any], Any]) -> str:
    if not isinstance(wanted, str):
        return find_policy({}, wanted).identity()
    return f"{wanted.lower()}:{_installed(wanted.lower())}"


@functools.cache
def _installed(name: str) -> str:
    """Identity of a policy of another package; "" for our own, which our source stands for."""
    for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        if point.name.lower() == name:
            return find_policy({}, point.load()).identity()
    return ""


def _other(one: Any) -> str:
    if one is None or isinstance(one, str):
        return str(one or "")
    if hasattr(one, "identity"):
        return str(one.identity())
    from bentpipe.fingerprint import fingerprint

    return fingerprint(one)


@functools.cache
def reduction_digest() -> str:
    """SHA-256 of the source by which blocks are reduced."""
    return hashlib.sha256((Path(__file__).parent / "partials.py").read_bytes()).hexdigest()


@dataclass
class Matrix:
    """Runs of a study.

    Parameters
    ----------
    runs : list of RunSpec
        By number, in C order; two runs that are the same share a row.
    base : dict
        Document of the first run, from which the others differ.
    contents : dict of str to pathlib.Path
        Files by SHA-256.
    first : Scenario
        The first run's.
    """

    runs: list[RunSpec]
    base: dict[str, Any]
    contents: dict[str, Path]
    first: Scenario

    def rows(self) -> dict[int, RunSpec]:
        """Runs by row, each once."""
        return {run.row: run for run in self.runs}

    def placed(self, known: Mapping[str, int]) -> Matrix:
        """The same runs in the rows where a store has them; others where there is room, then at the end.

        Parameters
        ----------
        known : mapping of str to int
            Rows by identity.

        Returns
        -------
        Matrix
        """
        wanted = dict.fromkeys(run.identity for run in self.runs)
        rows = {identity: known[identity] for identity in wanted if identity in known}
        taken = set(rows.values())
        free = (row for row in range(len(wanted) + len(known) + len(taken) + 1) if row not in taken)
        for identity in wanted:
            if identity not in rows:
                rows[identity] = next(free)
        return replace(self, runs=[replace(run, row=rows[run.identity]) for run in self.runs])


def matrix(design: Design, shapes: Shapes, policies: Policies) -> Matrix:
    """Resolve every run of a study, without preparing any but the first of each form.

    Parameters
    ----------
    design : Design
    shapes : Shapes
    policies : Policies

    Returns
    -------
    Matrix

    Raises
    ------
    InputError
        Where a run's scenario is wrong.
    """
    first = design.scenario((0,) * len(design.shape))
    base = first.portable()
    alike = {"versions": versions(), "source": source_digest(), "reduction": reduction_digest()}
    contents: dict[str, Path] = {}
    runs = []
    for number in range(design.runs):
        scenario = design.scenario(design.index(number))
        document = scenario.portable()
        files = []
        for role, path in sorted(scenario.files().items()):
            digest = _hash_of(shapes, path, scenario.where(role))
            contents[digest] = path
            files.append((role, name_by_role(role, path), digest))
        made_of = {
            "scenario": document,
            "files": {role: digest for role, _, digest in files},
            "policies": policies.identities(scenario),
            **alike,
        }
        slots = slots_of(scenario)
        runs.append(
            RunSpec(
                row=number,
                identity=json_hash(made_of),
                start=slots.start,
                stop=slots.stop,
                length=shapes.of(scenario).length,
                changes=tuple(differences(base, document)),
                document=json_hash(document),
                scheduling=scenario.policies.scheduling,
                files=tuple(files),
            )
        )
    return Matrix(runs, base, contents, first).placed({})


def _hash_of(shapes: Shapes, path: Path, where: str) -> str:
    try:
        return shapes.file_hash(path)
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror}", where, str(path))) from None


def json_hash(value: Any) -> str:
    """SHA-256 of a value as JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def differences(old: Any, new: Any, path: tuple[str | int, ...] = ()) -> Iterator[Change]:
    """Paths in which two documents differ.

    Parameters
    ----------
    old, new : JSON values
    path : tuple
        Where they stand.

    Yields
    ------
    path : list
    value : JSON value
        The new one, or a mark that the key is gone.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if key not in new:
                yield [*path, key], _GONE
            elif key not in old:
                yield [*path, key], new[key]
            else:
                yield from differences(old[key], new[key], (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from differences(left, right, (*path, at))
    elif type(old) is not type(new) or old != new:
        yield list(path), new


def with_changes(document: dict[str, Any], changes: tuple[Change, ...]) -> dict[str, Any]:
    """Apply what `differences` found.

    Parameters
    ----------
    document : dict
        Left as it is.
    changes : tuple

    Returns
    -------
    dict
    """
    changed: Any = json.loads(json.dumps(document))
    for path, value in changes:
        here = changed
        for step in path[:-1]:
            here = here[step]
        if value == _GONE:
            del here[path[-1]]
        else:
            here[path[-1]] = value
    return dict(changed)
