"""Slots of a run, read one at a time: of a finished run, of one that is being written, or of a what-if over one.

The stored chunks are decoded here, without xarray and Zarr's own reader, which would take up more memory than all else
that the server holds.
"""

from __future__ import annotations

import json
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from numcodecs import Blosc

from bentpipe.errors import Fault, StoreError
from bentpipe.results.soundness import chunk_path, mend, read_manifest
from bentpipe.results.variables import Variable, variables
from bentpipe.slots import SlotClock

Array = npt.NDArray[Any]
T = TypeVar("T")
#: Decoded chunks that are kept, bytes.
CHUNK_BYTES = 24_000_000
#: Columns of a run that are kept: a place that is looked at is asked for more than once.
COLUMNS = 24


class ChunkCache:
    """Decoded chunks, the longest unused of which go first.

    Parameters
    ----------
    limit : int
        Bytes that are kept at most; a chunk larger than that is kept alone.
    """

    def __init__(self, limit: int = CHUNK_BYTES) -> None:
        self.limit, self._held = limit, 0
        self._chunks: OrderedDict[tuple[Path, str, int], Array] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[Path, str, int]) -> Array | None:
        """Chunk, or None."""
        with self._lock:
            found = self._chunks.get(key)
            if found is not None:
                self._chunks.move_to_end(key)
            return found

    def put(self, key: tuple[Path, str, int], chunk: Array) -> None:
        """Keep a chunk."""
        with self._lock:
            if key in self._chunks:  # two requests decoded it at once
                return
            self._chunks[key] = chunk
            self._held += chunk.nbytes
            while self._held > self.limit and len(self._chunks) > 1:
                self._held -= self._chunks.popitem(last=False)[1].nbytes


class RunSource:
    """A run in its folder.

    Parameters
    ----------
    id : str
        By which the page names it.
    folder : pathlib.Path
        Folder of the run.
    cache : ChunkCache
        Shared with other runs.
    manifest : dict, optional
        Of the run, where it has been read.
    """

    kind = "run"

    def __init__(self, id: str, folder: Path, cache: ChunkCache, manifest: dict[str, Any] | None = None) -> None:
        self.id, self.folder, self._cache = id, folder, cache
        self.manifest: dict[str, Any] = read_manifest(folder) if manifest is None else manifest
        grid = self.manifest["grid"]
        self.slots = range(int(grid["start"]), int(grid["stop"]))
        self.clock = SlotClock(grid["interval_s"], grid["offset_s"])
        self._length, self._origin = int(grid["block"]), int(grid["origin"])
        self._table: Mapping[str, Variable] = {v.name: v for v in variables()}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._memo: dict[str, tuple[int, Any]] = {}
        self._columns: OrderedDict[tuple[str, tuple[int, ...], int], Array] = OrderedDict()
        self._making = threading.RLock()

    def remembered(self, name: str, number: int, make: Callable[[], T]) -> T:
        """Give what was made once for this run, and make it where it was not.

        Parameters
        ----------
        name : str
            Under which it is kept.
        number : int
            Of the slots that it was made from: what was made from fewer is made anew.
        make : callable
            Makes it.

        Returns
        -------
        object
        """
        with self._making:
            kept = self._memo.get(name)
            if kept is None or kept[0] != number:
                kept = self._memo[name] = (number, make())
            found: T = kept[1]
            return found

    @cached_property
    def cells(self) -> npt.NDArray[np.uint64]:
        """H3 ids of the cells, (C,) uint64."""
        return np.array([int(text, 16) for text in self.names["cell"]["cell"]], np.uint64)

    @cached_property
    def names(self) -> dict[str, dict[str, list[str]]]:
        """Texts along each dimension: ids and names of cells, sites, satellites, gateways, regions, events."""
        path = self.folder / "inputs" / "names.json"
        try:
            found: dict[str, dict[str, list[str]]] = json.loads(path.read_text(encoding="utf-8"))
            return found
        except (OSError, ValueError):
            what = "the names of the run's cells, sites and regions cannot be read"
            raise StoreError(Fault(what, str(path), remedy=mend(self.folder))) from None

    def refresh(self) -> None:
        """Read the manifest again, where the run was not complete."""
        if not self.manifest["complete"]:
            self.manifest = read_manifest(self.folder)

    def has(self, slot: int) -> bool:
        """Whether a slot is there to be read."""
        block = slot // self._length
        return slot in self.slots and (
            bool(self.manifest["complete"]) or (self.folder / "commits" / f"{block}.json").is_file()
        )

    def done(self) -> npt.NDArray[np.bool_]:
        """Which slots of the run are there, (T,) bool."""
        block = np.arange(self.slots.start, self.slots.stop) // self._length
        there = {b: self.has(max(self.slots.start, b * self._length)) for b in np.unique(block).tolist()}
        return np.array([there[b] for b in block.tolist()], np.bool_)

    def holds(self, name: str) -> bool:
        """Whether the run has a variable: those of earlier versions lack some."""
        return name in self._table and (self.folder / "results.zarr" / name / "zarr.json").is_file()

    def static(self, name: str) -> Array:
        """Read a variable without a slot axis.

        Parameters
        ----------
        name : str
            As in ``results/variables.csv``.

        Returns
        -------
        ndarray
        """
        return self._chunk(name, 0)

    def row(self, name: str, slot: int) -> Array:
        """Read a variable in one slot.

        Parameters
        ----------
        name : str
            As in ``results/variables.csv``.
        slot : int
            Absolute slot, one that `has`.

        Returns
        -------
        ndarray
            Of the variable's other dimensions.
        """
        return np.asarray(
            self._chunk(name, (slot - self._origin) // self._length)[(slot - self._origin) % self._length]
        )

    def pieces(self, name: str, slots: range | None = None) -> Iterator[tuple[int, Array]]:
        """Read a variable block by block, in the slots that are there.

        Parameters
        ----------
        name : str
            As in ``results/variables.csv``.
        slots : range, optional
            Absolute slots; those of the run where not given.

        Yields
        ------
        tuple of (int, (K, ...) ndarray)
            The first absolute slot of the piece, and its K rows. They are not kept in the cache.
        """
        slots = self.slots if slots is None else slots
        start, stop = max(slots.start, self.slots.start), min(slots.stop, self.slots.stop)
        for block in range(start // self._length, -(-stop // self._length)):
            first, last = max(start, block * self._length), min(stop, (block + 1) * self._length)
            if first < last and self.has(first):
                skip = first - block * self._length
                chunk = self._chunk(name, block - self._origin // self._length, keep=False)
                yield first, chunk[skip : skip + last - first]

    def column(self, name: str, index: int | tuple[int, ...]) -> Array:
        """Read a variable at one cell, site, ... over the slots of the run.

        Parameters
        ----------
        name : str
            As in ``results/variables.csv``.
        index : int or tuple of int
            Along its other dimensions.

        Returns
        -------
        (T,) ndarray
            0 in slots that are not `done`.
        """
        where = tuple(np.atleast_1d(index).tolist())
        key = (name, where, int(self.done().sum()))
        with self._making:
            if key in self._columns:
                return self._columns[key]
        out = np.zeros(len(self.slots), self._table[name].dtype)
        for first, values in self.pieces(name):
            out[first - self.slots.start : first - self.slots.start + len(values)] = values[(slice(None), *where)]
        with self._making:
            self._columns[key] = out
            while len(self._columns) > COLUMNS:
                self._columns.popitem(last=False)
        return out

    def slot_bytes(self) -> int:
        """Bytes that one slot has, over all its variables."""
        own = [v for v in self._table.values() if v.dims[:1] == ("slot",) and self.holds(v.name)]
        return sum(math.prod(self._shape(v.name)[1:]) * np.dtype(v.dtype).itemsize for v in own)

    def _shape(self, name: str) -> tuple[int, ...]:
        """Shape of one chunk."""
        if name not in self._shapes:
            path = self.folder / "results.zarr" / name / "zarr.json"
            try:
                shape = tuple(json.loads(path.read_bytes())["shape"])
            except (OSError, ValueError, KeyError):
                raise StoreError(Fault(f"the run lacks {name}", str(path), remedy=mend(self.folder))) from None
            self._shapes[name] = (self._length, *shape[1:]) if "slot" in self._table[name].dims[:1] else shape
        return self._shapes[name]

    def _chunk(self, name: str, chunk: int, keep: bool = True) -> Array:
        key = (self.folder, name, chunk)
        found = self._cache.get(key)
        if found is not None:
            return found
        shape, dtype = self._shape(name), np.dtype(self._table[name].dtype).newbyteorder("<")
        path = chunk_path(self.folder, name, len(shape), chunk)
        if 0 in shape:
            return np.zeros(shape, dtype)
        try:
            values: Array = np.frombuffer(Blosc().decode(path.read_bytes()), dtype).reshape(shape)
        except (OSError, ValueError, RuntimeError) as error:
            what = f"{name} cannot be read: {error}"
            raise StoreError(Fault(what, str(path), remedy=mend(self.folder))) from None
        if keep:
            self._cache.put(key, values)
        return values


class WhatIfSource(RunSource):
    """Some slots of a run as they would be with changes: arrays of those slots in files, filled as they are computed.

    Parameters
    ----------
    id : str
        By which the page names it.
    base : RunSource
        The run as it is.
    folder : pathlib.Path
        Holds ``NAME.npy`` of shape (W, ...) for every variable with a slot axis.
    window : range
        The W absolute slots.
    edits : mapping
        What was changed: see `bentpipe.globe.edits`.
    """

    kind = "what-if"

    def __init__(self, id: str, base: RunSource, folder: Path, window: range, edits: Mapping[str, Any]) -> None:
        super().__init__(id, base.folder, base._cache, base.manifest)
        self.base, self.arrays, self.window, self.edits = base, folder, window, dict(edits)
        self.computed = 0
        self._heads: dict[str, tuple[int, tuple[int, ...], np.dtype[Any]]] = {}

    @cached_property
    def cells(self) -> npt.NDArray[np.uint64]:
        """H3 ids of the cells, (C,) uint64: those of the run."""
        return self.base.cells

    @cached_property
    def names(self) -> dict[str, dict[str, list[str]]]:
        """Texts along each dimension: those of the run."""
        return self.base.names

    def has(self, slot: int) -> bool:
        """Whether a slot is computed."""
        return slot in self.window[: self.computed]

    def done(self) -> npt.NDArray[np.bool_]:
        """Which slots of the run are there, (T,) bool."""
        out = np.zeros(len(self.slots), np.bool_)
        first = self.window.start - self.slots.start
        out[first : first + self.computed] = True
        return out

    def row(self, name: str, slot: int) -> Array:
        """Read a variable in one slot that `has`."""
        return np.asarray(self._read(name, slot, slot + 1)[0])

    def holds(self, name: str) -> bool:
        """Whether the variable is there: what has a slot axis must have been computed anew."""
        return super().holds(name) and ("slot" not in self._table[name].dims or (self.arrays / f"{name}.npy").is_file())

    def pieces(self, name: str, slots: range | None = None) -> Iterator[tuple[int, Array]]:
        """Read a variable piece by piece, in the slots that are computed; see `RunSource.pieces`."""
        slots = self.window if slots is None else slots
        start = max(slots.start, self.window.start)
        stop = min(slots.stop, self.window.start + self.computed)
        for first in range(start, stop, self._length):
            last = min(stop, first + self._length)
            yield first, self._read(name, first, last)

    def _read(self, name: str, first: int, last: int) -> Array:
        """Read slots from the file; not mapped, since what is mapped counts as memory for as long as it is."""
        with (self.arrays / f"{name}.npy").open("rb") as stream:
            if name not in self._heads:
                np.lib.format.read_magic(stream)
                shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
                self._heads[name] = (stream.tell(), shape[1:], dtype)
            begin, shape, dtype = self._heads[name]
            count = math.prod(shape)
            stream.seek(begin + (first - self.window.start) * count * dtype.itemsize)
            return np.fromfile(stream, dtype, (last - first) * count).reshape(last - first, *shape)


#: What the page's numbers are read from: a what-if is read as a run is.
Source = RunSource
