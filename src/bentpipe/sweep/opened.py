"""A study, finished or not, opened for reading: one dataset with the axes as dimensions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bentpipe.errors import Fault, StoreError, UnknownNameError
from bentpipe.sweep.cluster import need_dask
from bentpipe.sweep.matrix import RunSpec
from bentpipe.sweep.place import Place, open_place
from bentpipe.sweep.store import Failure, StudyStore

if TYPE_CHECKING:
    import xarray

    from bentpipe.sweep.effects import Effect
    from bentpipe.sweep.measure import Measure


@dataclass(frozen=True)
class FailedRun:
    """A run that was given up.

    Parameters
    ----------
    number : int
        Of the run, in C order of the dimensions.
    at : mapping
        Its value along each dimension.
    error : str
        What was raised.
    attempts : int
        How often it was tried.
    """

    number: int
    at: Mapping[str, Any]
    error: str
    attempts: int

    def __str__(self) -> str:
        along = ", ".join(f"{dim} = {value}" for dim, value in self.at.items())
        return f"run {self.number}{f' ({along})' if along else ''}: {self.error}"


@dataclass(frozen=True)
class StudyResults:
    """A study in its place.

    Parameters
    ----------
    url : str
        Folder or URL.
    study : dict
        What was asked: dimensions, coordinates, what is kept, versions.
    _store : StudyStore
        Reads it.
    """

    url: str
    study: dict[str, Any]
    _store: StudyStore = field(repr=False)

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimensions of the grid of runs: axes in their order, then ``seed``, then ``draw``."""
        return tuple(self.study["dims"])

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension of the grid."""
        return tuple(self.study["shape"])

    @property
    def plan(self) -> dict[str, Any]:
        """Sizes of the study as numbers."""
        study = self.study
        return {
            "study": study["name"],
            "axes": [{"name": d, "length": n} for d, n in zip(self.dims, self.shape, strict=True)],
            "runs": len(study["rows"]),
            "tasks": sum(dict(zip(study["rows"], study["blocks"], strict=True)).values()),
            "block_slots": study["block_slots"],
            "keep": study["keep"],
        }

    @property
    def complete(self) -> bool:
        """Whether every run is there."""
        return all(self._complete)

    @cached_property
    def _complete(self) -> list[bool]:
        """Whether each run is there: a record of its identity for each of its blocks."""
        found = self._store.commits()
        runs = zip(self.study["rows"], self.study["identities"], self.study["blocks"], strict=True)
        return [all(identity[:16] in found.get((row, at), ()) for at in range(n)) for row, identity, n in runs]

    @property
    def complete_runs(self) -> int:
        """How many runs are there."""
        return sum(self._complete)

    def base_document(self) -> dict[str, Any]:
        """The scenario of the first run as a document, from which the others differ.

        Raises
        ------
        StoreError
            Where it is missing or damaged.
        """
        where = f"inputs/{self.study['base']}"
        content = self._store.place.read_many([where]).get(where, b"")
        if hashlib.sha256(content).hexdigest() != self.study["base"]:
            remedy = "run the study again, which writes it anew"
            raise StoreError(Fault("the study's base document is damaged", f"{self.url}/{where}", remedy=remedy))
        return dict(json.loads(content))

    @cached_property
    def failures(self) -> tuple[FailedRun, ...]:
        """Runs that were given up, with their errors."""
        by_row: Mapping[int, Failure] = self._store.failures()
        found = []
        for number, row in enumerate(self.study["rows"]):
            if row in by_row:
                failure = by_row[row]
                found.append(FailedRun(number, self.values_of(number), failure.error, failure.attempts))
        return tuple(found)

    def values_of(self, number: int) -> dict[str, Any]:
        """Values of a run along each dimension, those that were drawn included.

        Parameters
        ----------
        number : int
            In C order of the dimensions.

        Returns
        -------
        dict
        """
        index: list[int] = []
        for length in reversed(self.shape):
            number, position = divmod(number, length)
            index.append(position)
        along = {d: self.study["coordinates"][d][i] for d, i in zip(self.dims, reversed(index), strict=True)}
        return along | {name: values[index[0]] for name, values in self.study["drawn"].items()}

    @cached_property
    def dataset(self) -> xarray.Dataset:
        """All that is kept, lazily, with the axes as dimensions.

        Statistics over time are called ``rtt_s_mean`` and so on. Where ``run_complete`` is False decimals and
        statistics are NaN; counts and masks of every slot are 0.
        """
        from bentpipe.sweep.labelled import labelled

        need_dask()
        return labelled(self.study, self._store.place, self._complete)

    def quantiles(
        self, variable: str, q: float | Sequence[float], over: str | Sequence[str] | None = None
    ) -> xarray.Dataset:
        """Quantiles of a variable over runs, lazily; linear between order statistics.

        Parameters
        ----------
        variable : str
            Of the dataset, such as ``site_rtt_s_mean``.
        q : float or sequence of float
            Probabilities from 0 to 1.
        over : str or sequence of str, optional
            Dimensions of the grid; ``seed`` and ``draw`` when left out.

        Returns
        -------
        xarray.Dataset
            ``value`` in the unit of the variable, with the dimension ``quantile`` for several; ``runs`` behind it, and
            ``left_out``: runs that are unfinished, were given up or have no value.

        Raises
        ------
        InputError
            Where the study has no such variable or dimension, or `q` is out of range.
        """
        from bentpipe.sweep.statistics import quantiles

        return quantiles(self.dataset, self.dims, variable, q, over)

    def exceedance(
        self,
        variable: str,
        level: float | Sequence[float],
        over: str | Sequence[str] | None = None,
        *,
        below: bool = False,
    ) -> xarray.Dataset:
        """Share of the runs in which a variable is above a level, lazily.

        Parameters
        ----------
        variable : str
            Of the dataset.
        level : float or sequence of float
            In the unit of the variable.
        over : str or sequence of str, optional
            Dimensions of the grid; ``seed`` and ``draw`` when left out.
        below : bool
            Count runs below the level instead.

        Returns
        -------
        xarray.Dataset
            ``share`` (1 = all runs that have a value), with the dimension ``level`` for several; ``runs`` and
            ``left_out`` as for `quantiles`.

        Raises
        ------
        InputError
            Where the study has no such variable or dimension, or a level is no finite number.
        """
        from bentpipe.sweep.statistics import exceedance

        return exceedance(self.dataset, self.dims, variable, level, over, below)

    def bootstrap(
        self,
        variable: str,
        statistic: str | float = "mean",
        over: str | Sequence[str] | None = None,
        *,
        resamples: int = 1000,
        seed: int = 1,
        confidence: float = 0.95,
    ) -> xarray.Dataset:
        """Interval of a statistic over runs by the percentile bootstrap, lazily.

        Runs are drawn anew with replacement, with keyed random numbers: the same interval each time. Over several
        dimensions each is drawn by itself and the two are crossed, as runs that share a seed or a draw are not
        independent (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007). With few runs a
        percentile interval is too narrow: ``runs`` says how many there are.

        Parameters
        ----------
        variable : str
            Of the dataset.
        statistic : str or float
            "mean", "median", or a quantile from 0 to 1.
        over : str or sequence of str, optional
            Dimensions of the grid; ``seed`` and ``draw`` when left out.
        resamples : int
            How often runs are drawn anew, from 100.
        seed : int
            Of the random numbers.
        confidence : float
            Above 0 and below 1.

        Returns
        -------
        xarray.Dataset
            ``estimate``, ``low`` and ``high`` in the unit of the variable (the ends are NaN with fewer than two
            runs); ``runs`` and ``left_out`` as for `quantiles`.

        Raises
        ------
        InputError
            Where the study has no such variable or dimension, or an argument is out of range.
        """
        from bentpipe.sweep.statistics import bootstrap

        return bootstrap(self.dataset, self.dims, variable, statistic, over, resamples, seed, confidence)

    def measure(self, name: str | None = None) -> Measure:
        """One number for each run.

        Parameters
        ----------
        name : str, optional
            ``VARIABLE`` or ``VARIABLE@HOW``, such as ``site_rtt_s_mean@kyiv``: HOW names a site, a region and so on,
            or says "mean", "sum", "min" or "max" of all. By what is kept when left out: the share of the terminals
            that are connected, else the round trip of the sites, and so on.

        Returns
        -------
        Measure
            ``values`` over the dimensions of the grid, lazily, with words, unit and rule.

        Raises
        ------
        InputError
            Where the study keeps no such variable, or has no such place.
        """
        from bentpipe.sweep.measure import measure_of

        varied = [key for keys in self.study["axis_keys"].values() for key in keys]
        return measure_of(self.dataset, self.dims, name, varied)

    def effects(
        self, measure: str | None = None, *, resamples: int = 1000, seed: int = 1, confidence: float = 0.95
    ) -> tuple[Effect, ...]:
        """Tell how much a measure changes with each axis and each drawn input, all else averaged out.

        Parameters
        ----------
        measure : str, optional
            As for `measure`.
        resamples, seed, confidence
            As for `bootstrap`.

        Returns
        -------
        tuple of Effect
            The largest change first.

        Raises
        ------
        InputError
            As for `measure` and `bootstrap`.
        """
        from bentpipe.sweep.effects import effects_of
        from bentpipe.sweep.measure import in_numbers

        values = in_numbers(self.measure(measure).values, self.dims)
        return effects_of(
            values, self.dims, self.study["coordinates"], self.study["drawn"], resamples, seed, confidence
        )


def open_study(
    path: str | Path, *, verify: bool = False, storage_options: Mapping[str, Any] | None = None
) -> StudyResults:
    """Open a study.

    Parameters
    ----------
    path : str or pathlib.Path
        Folder or URL of the study, or its name within ``studies/``.
    verify : bool
        Compare the checksums of all that is stored.
    storage_options : mapping, optional
        Of the file system.

    Returns
    -------
    StudyResults

    Raises
    ------
    UnknownNameError
        Where there is no such study.
    StoreError
        Where its description is damaged, or with `verify` anything that is stored.
    """
    place, study = _found(path, storage_options)
    store = StudyStore(place)
    if verify:
        _verify(store, study)
    return StudyResults(place.url, study, store)


def _found(path: str | Path, options: Mapping[str, Any] | None) -> tuple[Place, dict[str, Any]]:
    candidates: list[str | Path] = [path]
    if "://" not in str(path):
        candidates.append(Path("studies") / str(path))
    for candidate in candidates:
        place = open_place(candidate, options)
        study = StudyStore(place).study()
        if study is not None:
            return place, study
    root = Path("studies")
    known = sorted(p.parent.name for p in root.glob("*/study.json")) if root.is_dir() else []
    raise UnknownNameError(
        Fault(
            "no such study",
            value=str(path),
            allowed="a study's folder or URL, or one of: " + (", ".join(known) or "(none in studies/)"),
            remedy="make one with: bentpipe sweep run STUDY",
        )
    )


def _verify(store: StudyStore, study: Mapping[str, Any]) -> None:
    from bentpipe.sweep.arrays import from_plain

    arrays = tuple(map(from_plain, study["arrays"]))
    length = study["block_slots"]
    specs = {
        row: RunSpec(row, identity, 0, blocks * length, length, (), "", "")
        for row, identity, blocks in zip(study["rows"], study["identities"], study["blocks"], strict=True)
    }
    present = {task for task, found in store.commits().items() if task[0] in specs
               and specs[task[0]].identity[:16] in found}  # fmt: skip
    whole, _ = store.done(specs, arrays, verify=True)
    damaged = sorted(task for task in present if task not in whole and task[1] < len(specs[task[0]].blocks))
    if damaged:
        shown = ", ".join(f"run {row} block {at}" for row, at in damaged[:6])
        more = f" and {len(damaged) - 6} more" if len(damaged) > 6 else ""
        remedy = "run the study again: sound blocks are kept, the others are computed again"
        raise StoreError(Fault(f"the study is damaged: {shown}{more}", store.place.url, remedy=remedy))
