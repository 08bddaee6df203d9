"""The arrays of a study as one lazy dataset."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import dask.array as da
import numpy as np
import numpy.typing as npt
import xarray
import zarr

from bentpipe.slots import SlotClock
from bentpipe.sweep.arrays import GROUP, SLOTS, StudyArray, from_plain
from bentpipe.sweep.chunks import Chunks
from bentpipe.sweep.keep import over_time
from bentpipe.sweep.place import Place

#: Bytes of a chunk of a lazy array, about.
CHUNK_BYTES = 32e6
Lazy = Any


def labelled(study: Mapping[str, Any], place: Place, complete: Sequence[bool]) -> xarray.Dataset:
    """Build the dataset of a study.

    Parameters
    ----------
    study : mapping
        Its description.
    place : Place
        Where it lies.
    complete : sequence of bool
        Whether each run is there.

    Returns
    -------
    xarray.Dataset
    """
    group = zarr.open_group(place.zarr_store(GROUP), mode="r")
    arrays = {a.name: a for a in map(from_plain, study["arrays"])}
    reader = _Reader(study, place, np.array(complete, np.bool_))
    variables: dict[str, Any] = {}
    for name, wanted in study["keep"].items():
        if wanted == "all":
            variables[name] = reader.whole(arrays[name])
            continue
        parts = {a.part: reader.lazy(a) for a in arrays.values() if a.variable == name}
        array = next(a for a in arrays.values() if a.variable == name)
        for statistic in wanted:
            variables[f"{name}_{statistic}"] = reader.statistic(array, statistic, parts)
    dims, shape = tuple(study["dims"]), tuple(study["shape"])
    variables["run_complete"] = (dims, reader.complete.reshape(shape), {"long_name": "every block of the run is there"})
    return xarray.Dataset(
        variables,
        coords=_coordinates(study, group, {d for v in variables.values() for d in v[0]}),
        attrs={
            "title": study.get("title") or study["name"],
            "study": study["name"],
            "base": study["base_name"],
            "slot_s": study["interval_s"],
            "note": "simulated; not live status",
        },
    )


def _coordinates(study: Mapping[str, Any], group: zarr.Group, used: set[str]) -> dict[str, Any]:
    coords: dict[str, Any] = {}
    for dim, values in study["coordinates"].items():
        keys = ", ".join(study["axis_keys"].get(dim, ()))
        coords[dim] = (dim, _as_array(values), {"key": keys} if keys else {})
    for name, values in study["drawn"].items():
        coords[name] = ("draw", _as_array(values), {"key": ", ".join(study["axis_keys"][name])})
    for dim, part in study["names"].items():
        if dim in used:
            coords |= {name: (dim, np.array(values, np.str_)) for name, values in part.items()}
    if "slot" in used:
        slots = np.arange(study["start"], study["stop"], dtype=np.int64)
        clock = SlotClock(study["interval_s"], study["offset_s"])
        coords |= {"slot": ("slot", slots), "time": ("slot", clock.start_utc(slots).astype("datetime64[ns]"))}
    for name, array in group.arrays():
        dims = tuple(getattr(array.metadata, "dimension_names", None) or ())
        if "run" not in dims and used.issuperset(dims) and name not in coords:
            coords[name] = (dims, np.asarray(array[...]), dict(array.attrs))
    return coords


def _as_array(values: Sequence[Any]) -> npt.NDArray[Any]:
    if all(isinstance(v, bool) for v in values) or all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in values
    ):
        return np.array(values)
    return np.array([str(v) for v in values], np.str_)


class _Reader:
    """Turns arrays with a run axis into arrays with the study's dimensions."""

    def __init__(self, study: Mapping[str, Any], place: Place, complete: npt.NDArray[np.bool_]) -> None:
        self.place, self.complete = place, complete
        self.dims, self.shape = tuple(study["dims"]), tuple(study["shape"])
        self.rows = tuple(int(row) for row in study["rows"])
        self.blocks = np.array(study["blocks"], np.int64)
        length = study["block_slots"]
        skip = study["start"] % length
        self.slots = slice(skip, skip + study["stop"] - study["start"])

    def lazy(self, array: StudyArray) -> Lazy:
        """(R, time, ...) of the wanted runs, in order; chunks of many runs, or of some blocks of one."""
        inner = math.prod(array.sizes) * np.dtype(array.dtype).itemsize
        a_run = max(1, array.rows * inner)
        runs = int(max(1, min(len(self.rows), CHUNK_BYTES // a_run)))
        time = array.rows if array.part != SLOTS or a_run <= CHUNK_BYTES else array.length
        needed = tuple((self.blocks * self.complete).tolist())
        stored = Chunks(self.place, array, self.rows, needed)
        chunks = (runs, max(1, time), *(max(1, n) for n in array.sizes))
        return da.from_array(stored, chunks=chunks, asarray=False, inline_array=True, meta=np.empty(0, stored.dtype))

    def on_grid(self, values: Lazy) -> Lazy:
        """(R, ...) as (axes..., ...)."""
        return values.reshape(*self.shape, *values.shape[1:])

    def there(self, values: Lazy) -> Lazy:
        """NaN in place of the decimals of runs that are not there."""
        mask = self.complete.reshape(-1, *(1,) * (values.ndim - 1))
        return da.where(mask, values, np.asarray(np.nan, values.dtype))

    def whole(self, array: StudyArray) -> tuple[tuple[str, ...], Lazy, dict[str, str]]:
        """A variable of which every slot is kept."""
        values = self.lazy(array)[:, self.slots]
        if values.dtype.kind == "f":
            values = self.there(values)
        else:
            mask = self.complete.reshape(-1, *(1,) * (values.ndim - 1))
            values = da.where(mask, values, values.dtype.type(0))
        variable = over_time()[array.variable]
        return (
            (*self.dims, "slot", *array.inner),
            self.on_grid(values),
            {"units": variable.unit, "long_name": variable.meaning},
        )

    def statistic(
        self, array: StudyArray, statistic: str, parts: Mapping[str, Lazy]
    ) -> tuple[tuple[str, ...], Lazy, dict[str, str]]:
        """A statistic over the slots of each run."""
        values = self.there(self._put_together(statistic, parts).astype(self._type(statistic, parts)))
        variable = over_time()[array.variable]
        unit = "1" if statistic == "count" else variable.unit
        meaning = f"{_WORDS[statistic]} over the slots: {variable.meaning}"
        return (*self.dims, *array.inner), self.on_grid(values), {"units": unit, "long_name": meaning}

    @staticmethod
    def _type(statistic: str, parts: Mapping[str, Lazy]) -> npt.DTypeLike:
        """Decimals as they are stored, all else in double precision, which has room for NaN."""
        kept = parts[statistic].dtype if statistic in ("min", "max") else np.dtype(np.float64)
        return kept if kept.kind == "f" else np.dtype(np.float64)

    def _put_together(self, statistic: str, parts: Mapping[str, Lazy]) -> Lazy:
        if statistic in ("min", "max"):
            return self._extreme(parts[statistic], statistic)
        total = {part: self._own(parts[part], 0).sum(axis=1) for part in ("sum", "square", "count") if part in parts}
        if statistic in ("sum", "count"):
            return total[statistic]
        count = da.where(total["count"] > 0, total["count"], np.nan)
        mean = total["sum"] / count
        if statistic == "mean":
            return mean
        return da.sqrt(da.maximum(total["square"] / count - mean * mean, 0.0))

    def _own(self, values: Lazy, other: Any) -> Lazy:
        """Something else in place of blocks that a run does not have."""
        own = np.arange(values.shape[1])[None, :] < self.blocks[:, None]
        if own.all():
            return values
        return da.where(own.reshape(*own.shape, *(1,) * (values.ndim - 2)), values, values.dtype.type(other))

    def _extreme(self, values: Lazy, statistic: str) -> Lazy:
        if values.dtype.kind == "f":
            reduce = np.fmin.reduce if statistic == "min" else np.fmax.reduce
            own = self._own(values, np.nan)
            return da.map_blocks(reduce, own.rechunk({1: -1}), axis=1, drop_axis=1, dtype=values.dtype)
        if values.dtype.kind == "b":
            own = self._own(values, statistic == "min")
            return own.all(axis=1) if statistic == "min" else own.any(axis=1)
        limits = np.iinfo(values.dtype)
        own = self._own(values, limits.max if statistic == "min" else limits.min)
        return own.min(axis=1) if statistic == "min" else own.max(axis=1)


_WORDS = {
    "mean": "mean", "min": "least", "max": "largest", "sum": "sum", "count": "values that are not missing",
    "std": "standard deviation",
}  # fmt: skip
