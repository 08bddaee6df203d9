"""Reads the chunks of many runs at once, as an array that Dask can cut.

A study of many small runs has many small chunks. Zarr reads each alone, which takes a millisecond or two; here those of
a range of runs are fetched together. What is read is the same (`tests/properties/test_sweep_cuts.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from numcodecs import Blosc

from bentpipe.errors import Fault, StoreError
from bentpipe.sweep.arrays import SLOTS, StudyArray
from bentpipe.sweep.place import Place


@dataclass(frozen=True)
class Chunks:
    """One array of a study over some of its runs.

    Parameters
    ----------
    place : Place
        Where the study lies.
    array : StudyArray
    rows : tuple of int
        Rows of the wanted runs, in the wanted order.
    needed : tuple of int
        For each, the blocks that must be there: none of a run that is not complete.
    """

    place: Place
    array: StudyArray
    rows: tuple[int, ...]
    needed: tuple[int, ...]

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return np.dtype(self.array.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Runs, slots or blocks, and the dimensions beside them."""
        return (len(self.rows), self.array.rows, *self.array.sizes)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def step(self) -> int:
        """Slots or blocks of one chunk."""
        return self.array.length if self.array.part == SLOTS else 1

    def __getitem__(self, index: tuple[slice, ...]) -> npt.NDArray[Any]:
        """Read a box; chunks that are not there are NaN, or 0, unless a run that is complete lacks them."""
        rows, needed = self.rows[index[0]], self.needed[index[0]]
        begin, end, _ = index[1].indices(self.array.rows)
        first, last = begin // self.step, -(-end // self.step)
        fill = np.nan if self.dtype.kind == "f" else 0
        found = np.full((len(rows), (last - first) * self.step, *self.array.sizes), fill, self.dtype)
        if not found.size:
            return found[:, begin - first * self.step : end - first * self.step]
        names = {self.array.key(row, at): (i, at - first) for i, row in enumerate(rows) for at in range(first, last)}
        codec, contents = Blosc(), self.place.read_many(names)
        gone = next((name for name, (i, at) in names.items() if name not in contents and first + at < needed[i]), None)
        if gone is not None:
            remedy = "run the study again: sound blocks are kept, the others are computed again"
            raise StoreError(Fault(f"the study is damaged: {gone} is gone", self.place.url, remedy=remedy))
        for name, content in contents.items():
            i, at = names[name]
            values = np.frombuffer(codec.decode(content), self.dtype.newbyteorder("<"))
            found[i, at * self.step : (at + 1) * self.step] = values.reshape(self.step, *self.array.sizes)
        cut = found[:, begin - first * self.step : end - first * self.step]
        return np.asarray(cut[(slice(None), slice(None), *index[2:])])
