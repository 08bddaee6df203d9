"""The store of a run: preallocated Zarr arrays, blocks committed by records."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from numcodecs import Blosc
from zarr.codecs import BloscCodec

from bentpipe.errors import Fault, StoreError
from bentpipe.results.soundness import STATIC_RECORD, array_trouble, chunk_path, digest
from bentpipe.results.variables import Variable, variables

_CHUNKED = "slot"
#: That of the arrays' metadata, in `make_array`.
_COMPRESSOR = Blosc(cname="zstd", clevel=1, shuffle=Blosc.SHUFFLE)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        Where to.
    content : bytes
        What.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def packed(values: npt.NDArray[Any], dtype: npt.DTypeLike) -> bytes:
    """Encode one whole chunk as the arrays' metadata say.

    Parameters
    ----------
    values : ndarray
        Of the chunk's shape.
    dtype : dtype_like
        Of the array.

    Returns
    -------
    bytes
    """
    return bytes(_COMPRESSOR.encode(np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<"))))


@dataclass(frozen=True)
class Grid:
    """How a run's slots lie in the store.

    The slot axis of the arrays starts at the first slot of an absolute block, so that a block is exactly one
    chunk of every array; slots of that block before the run are left empty and cut off on reading.

    Parameters
    ----------
    slots : range
        Slots of the run.
    length : int
        Slots of a block.
    """

    slots: range
    length: int

    @property
    def origin(self) -> int:
        """Slot of row 0."""
        return self.slots.start // self.length * self.length

    @property
    def rows(self) -> int:
        """Rows of the arrays."""
        return -(-(self.slots.stop - self.origin) // self.length) * self.length

    def blocks(self) -> range:
        """Absolute numbers of the blocks."""
        return range(self.slots.start // self.length, (self.slots.stop - 1) // self.length + 1)

    def of_block(self, block: int) -> range:
        """Slots of a block that belong to the run."""
        return range(max(self.slots.start, block * self.length), min(self.slots.stop, (block + 1) * self.length))


class Store:
    """Arrays and commit records of one run.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    grid : Grid
        How slots lie in it.
    """

    def __init__(self, folder: Path, grid: Grid) -> None:
        self.folder, self.grid = folder, grid
        self.commits = folder / "commits"
        self._group: zarr.Group | None = None
        self._arrays: dict[str, Any] = {}

    @property
    def group(self) -> zarr.Group:
        """The Zarr group, opened for reading and writing."""
        if self._group is None:
            self._group = zarr.open_group(str(self.folder / "results.zarr"), mode="r+")
        return self._group

    def create(self, sizes: Mapping[str, int], static: Mapping[str, npt.NDArray[Any]]) -> None:
        """Make the arrays of a new run.

        Parameters
        ----------
        sizes : mapping
            Length of each dimension but ``slot``.
        static : mapping
            Variables without a slot axis, written at once.
        """
        self.commits.mkdir(parents=True, exist_ok=True)
        group = zarr.open_group(str(self.folder / "results.zarr"), mode="w")
        for variable in variables():
            if _CHUNKED in variable.dims:
                self._make_chunked(group, variable, sizes)
        self._group, self._arrays = group, {}
        self.write_static(static)

    def _make_chunked(self, group: zarr.Group, variable: Variable, sizes: Mapping[str, int]) -> None:
        shape = tuple(self.grid.rows if d == _CHUNKED else sizes[d] for d in variable.dims)
        chunks = tuple(self.grid.length if d == _CHUNKED else max(1, sizes[d]) for d in variable.dims)
        make_array(group, variable.name, shape, chunks, variable)

    def write_static(self, static: Mapping[str, npt.NDArray[Any]]) -> None:
        """Write variables without a slot axis whole, and record their checksums.

        Parameters
        ----------
        static : mapping
            Array of each variable.
        """
        table = {v.name: v for v in variables()}
        for name, values in static.items():
            shutil.rmtree(self.folder / "results.zarr" / name, ignore_errors=True)
            array = make_array(self.group, name, values.shape, tuple(max(1, n) for n in values.shape), table[name])
            array[...] = values
        hashes = {
            **self._static_record(),
            **{name: digest(chunk_path(self.folder, name, values.ndim)) for name, values in static.items()},
        }
        write_atomically(self.commits / STATIC_RECORD, json.dumps({"sha256": hashes}, indent=1).encode())

    def _static_record(self) -> dict[str, str]:
        try:
            return dict(json.loads((self.commits / STATIC_RECORD).read_bytes())["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def restore(self, sizes: Mapping[str, int], static: Mapping[str, npt.NDArray[Any]]) -> bool:
        """Make again what an existing store has lost or what is damaged in it, blocks apart.

        Parameters
        ----------
        sizes, static : mapping
            As for `create`.

        Returns
        -------
        bool
            Whether anything was made again.
        """
        if not (self.folder / "results.zarr" / "zarr.json").is_file():
            self.create(sizes, static)
            return True
        self.commits.mkdir(parents=True, exist_ok=True)
        table = {v.name: v for v in variables()}
        known = self._static_record()
        lost = {
            name: values
            for name, values in static.items()
            if array_trouble(self.folder, table[name])
            or known.get(name) != digest(chunk_path(self.folder, name, values.ndim))
        }
        gone = [v for v in table.values() if _CHUNKED in v.dims and array_trouble(self.folder, v, self.grid.rows)]
        for variable in gone:
            shutil.rmtree(self.folder / "results.zarr" / variable.name, ignore_errors=True)
            self._make_chunked(self.group, variable, sizes)
        if lost:
            self.write_static(lost)
        return bool(lost or gone)

    def write(self, block: int, values: Mapping[str, npt.NDArray[Any]], record: Mapping[str, Any]) -> None:
        """Write a block's arrays, then commit it.

        Parameters
        ----------
        block : int
            Absolute number of the block.
        values : mapping
            Array of every variable with a slot axis, rows for the block's slots of the run.
        record : mapping
            What else the commit record is to hold (JSON).
        """
        slots = self.grid.of_block(block)
        chunk = block - self.grid.origin // self.grid.length
        expected = {v.name for v in variables() if _CHUNKED in v.dims}
        if set(values) != expected:
            raise StoreError(Fault("a block lacks variables", str(self.folder), sorted(expected ^ set(values))))
        first = slots.start - block * self.grid.length
        hashes = {}
        for name, array in sorted(values.items()):
            whole = array
            if len(slots) < self.grid.length:
                whole = np.zeros((self.grid.length, *array.shape[1:]), array.dtype)
                whole[first : first + len(slots)] = array
            if whole.size:
                hashes[name] = self._write_chunk(name, chunk, whole)
        content = {"block": block, "slots": [slots.start, slots.stop], "sha256": hashes, **record}
        write_atomically(self.commits / f"{block}.json", json.dumps(content, indent=1).encode())

    def _write_chunk(self, name: str, chunk: int, values: npt.NDArray[Any]) -> str:
        """Write one whole chunk as Zarr would, and return its SHA-256.

        Zarr hands every chunk from thread to thread, which for fifty small arrays takes longer than to compress
        them; what it reads back is the same (`tests/unit/results`).
        """
        array = self._array(name)
        if values.shape != array.chunks:
            raise StoreError(Fault("a block is of another shape than its array", name, values.shape, str(array.chunks)))
        content = packed(values, array.dtype)
        path = chunk_path(self.folder, name, values.ndim, chunk)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    def _array(self, name: str) -> Any:
        """One array of the group; to open it anew for every block would take longer than to compress it."""
        if name not in self._arrays:
            self._arrays[name] = self.group[name]
        return self._arrays[name]

    def _chunk_hash(self, name: str, chunk: int) -> str:
        rank = len(self._array(name).shape)
        return digest(chunk_path(self.folder, name, rank, chunk))

    def committed(self, verify: bool = True) -> dict[int, dict[str, Any]]:
        """Blocks whose record is there, and whose chunks are as they were written.

        Parameters
        ----------
        verify : bool
            Compare the checksums; a block that fails is not among the result, and is computed again.

        Returns
        -------
        dict of int to dict
            Commit records by block.
        """
        found = {}
        for block in self.grid.blocks():
            path = self.commits / f"{block}.json"
            try:
                record = json.loads(path.read_bytes())
            except (OSError, ValueError):
                continue
            if not isinstance(record, dict) or not isinstance(record.get("sha256"), dict):
                continue
            chunk = block - self.grid.origin // self.grid.length
            sound = not verify or all(
                self._chunk_hash(name, chunk) == digest for name, digest in record["sha256"].items()
            )
            if sound:
                found[block] = record
        return found


def make_array(
    group: zarr.Group, name: str, shape: Iterable[int], chunks: Iterable[int], variable: Variable
) -> zarr.Array[Any]:
    """Make an array whose chunks `packed` can encode.

    Parameters
    ----------
    group : zarr.Group
        Where to.
    name : str
        Of the array.
    shape, chunks : iterable of int
        Of the whole, and of one chunk.
    variable : Variable
        Its type, dimensions, unit and meaning.

    Returns
    -------
    zarr.Array
    """
    dtype = np.dtype(variable.dtype)
    return group.create_array(
        name=name,
        shape=tuple(shape),
        chunks=tuple(chunks),
        dtype=dtype,
        compressors=BloscCodec(cname="zstd", clevel=1, typesize=max(1, min(255, dtype.itemsize)), shuffle="shuffle"),
        fill_value=float("nan") if dtype.kind == "f" else dtype.type(0),
        dimension_names=variable.dims,
        attributes={k: v for k, v in (("units", variable.unit), ("long_name", variable.meaning)) if v},
        config={"write_empty_chunks": True},
    )
