"""The arrays of a study: what a chunk holds, where it lies, and the metadata that Zarr reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.results.store import make_array, packed
from bentpipe.results.variables import Variable, variables
from bentpipe.sweep.keep import NEEDS, Kept
from bentpipe.sweep.partials import part_type, reduce_block

GROUP = "results.zarr"
SLOTS = "all"


@dataclass(frozen=True)
class StudyArray:
    """One array with a run axis.

    Parameters
    ----------
    name : str
        In the group.
    variable : str
        Of ``variables.csv``.
    part : str
        "all" for every slot, else a part of statistics; see `bentpipe.sweep.partials`.
    dtype : str
    inner : tuple of str
        Dimensions beside run and time.
    sizes : tuple of int
        Their lengths.
    rows : int
        Length of the time axis: slots, or blocks.
    length : int
        Slots of a block.
    """

    name: str
    variable: str
    part: str
    dtype: str
    inner: tuple[str, ...]
    sizes: tuple[int, ...]
    rows: int
    length: int

    @property
    def along(self) -> str:
        """Name of the time axis."""
        return "slot" if self.part == SLOTS else "block"

    @property
    def chunk(self) -> tuple[int, ...]:
        """Shape of a chunk."""
        return (1, self.length if self.part == SLOTS else 1, *(max(1, n) for n in self.sizes))

    @property
    def bytes_a_run(self) -> int:
        """Bytes of one run, not compressed."""
        return int(np.prod([self.rows, *self.sizes], dtype=np.int64)) * np.dtype(self.dtype).itemsize

    def key(self, row: int, at: int) -> str:
        """Name of a chunk in the place of the study."""
        return f"{GROUP}/{self.name}/c/{row}/{at}" + "/0" * len(self.sizes)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def from_plain(plain: Mapping[str, Any]) -> StudyArray:
    """Read an array's description back from JSON."""
    given = dict(plain)
    return StudyArray(**(given | {"inner": tuple(given["inner"]), "sizes": tuple(given["sizes"])}))


def arrays_of(
    keep: Iterable[Kept], sizes: Mapping[str, int], length: int, slot_rows: int, blocks: int
) -> tuple[StudyArray, ...]:
    """Arrays that hold what a study keeps.

    Parameters
    ----------
    keep : iterable of Kept
    sizes : mapping
        Length of each dimension beside run and time.
    length : int
        Slots of a block.
    slot_rows : int
        Rows of arrays that hold every slot.
    blocks : int
        Most blocks of a run.

    Returns
    -------
    tuple of StudyArray
    """
    found = []
    for kept in keep:
        variable, inner = kept.variable, kept.inner
        parts = [SLOTS] if kept.whole else dict.fromkeys(part for s in kept.statistics for part in NEEDS[s])
        for part in parts:
            name = variable.name if part == SLOTS else f"{variable.name}.{part}"
            dtype = variable.dtype if part == SLOTS else part_type(part, variable.dtype)
            rows = slot_rows if part == SLOTS else blocks
            lengths = tuple(sizes[d] for d in inner)
            found.append(StudyArray(name, variable.name, part, dtype, inner, lengths, rows, length))
    return tuple(found)


def chunks_of_block(
    arrays: Iterable[StudyArray], values: Mapping[str, npt.NDArray[Any]], row: int, at: int, first: int
) -> dict[str, tuple[str, bytes]]:
    """Encode what a study keeps of a block.

    Parameters
    ----------
    arrays : iterable of StudyArray
    values : mapping
        Every variable over the slots of the block, (T, ...).
    row : int
        Of the run.
    at : int
        Number of the block within the run.
    first : int
        Slots of the absolute block that lie before the run.

    Returns
    -------
    dict of str to (str, bytes)
        By array: name of the chunk and its content. Arrays without values have none.
    """
    out = {}
    for array in arrays:
        given = values[array.variable]
        if given.shape[1:] != array.sizes:
            raise ValueError(
                f"{array.variable} has {given.shape[1:]} values a slot in this run and {array.sizes} in the study"
            )
        if 0 in array.sizes:
            continue
        if array.part == SLOTS:
            chunk = np.zeros(array.chunk, given.dtype)
            chunk[0, first : first + len(given)] = given
        else:
            chunk = np.reshape(reduce_block(given, (array.part,))[array.part], array.chunk)
        out[array.name] = (array.key(row, at), packed(chunk, array.dtype))
    return out


def metadata(arrays: Iterable[StudyArray], rows: int, static: Mapping[str, npt.NDArray[Any]]) -> dict[str, bytes]:
    """Objects of a Zarr group without the chunks of its runs.

    Parameters
    ----------
    arrays : iterable of StudyArray
    rows : int
        Length of the run axis.
    static : mapping
        Variables of ``variables.csv`` without a slot axis, written whole.

    Returns
    -------
    dict of str to bytes
        By name in the place of the study.
    """
    import zarr
    from zarr.storage import MemoryStore

    held: dict[str, Any] = {}
    group = zarr.open_group(MemoryStore(held), mode="w")
    table = {v.name: v for v in variables()}
    for array in arrays:
        base = table[array.variable]
        meaning = base.meaning if array.part == SLOTS else f"{array.part} over the slots of a block: {base.meaning}"
        unit = base.unit if array.part in (SLOTS, "sum", "min", "max") else "1"
        described = Variable(array.name, ("run", array.along, *array.inner), array.dtype, unit, meaning)
        make_array(group, array.name, (rows, array.rows, *array.sizes), array.chunk, described)
    for name, values in static.items():
        made = make_array(group, name, values.shape, tuple(max(1, n) for n in values.shape), table[name])
        made[...] = values
    return {f"{GROUP}/{key}": buffer.to_bytes() for key, buffer in held.items()}
