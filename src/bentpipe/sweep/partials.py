"""Statistics over time from parts: each block is reduced alone, and the parts are put together when read.

Sums of counts and masks are integers, and exact. Sums of decimals are taken block by block in double precision and
added in the order of the blocks, so that they are the same whoever computed which block, and when.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def part_type(part: str, dtype: str) -> str:
    """Type of a part of a variable's statistics.

    Parameters
    ----------
    part : str
        "sum", "square" (sum of squares), "count", "min" or "max".
    dtype : str
        Type of the variable.

    Returns
    -------
    str
    """
    if part in ("min", "max"):
        return dtype
    if part == "count":
        return "int64"
    return "float64" if part == "square" or np.dtype(dtype).kind == "f" else "int64"


def reduce_block(values: Array, parts: Iterable[str]) -> dict[str, Array]:
    """Reduce a block of one variable along its slots.

    Parameters
    ----------
    values : (T, ...) array
        Numbers or truth values; NaN stands for missing.
    parts : iterable of str
        As in `part_type`.

    Returns
    -------
    dict of str to ndarray
        Each of shape (...); "min" and "max" are NaN where all is missing.
    """
    return {part: _reduced(values, part) for part in parts}


def _reduced(values: Array, part: str) -> Array:
    decimal = values.dtype.kind == "f"
    if part == "min":
        return np.asarray(np.fmin.reduce(values, axis=0) if decimal else values.min(axis=0))
    if part == "max":
        return np.asarray(np.fmax.reduce(values, axis=0) if decimal else values.max(axis=0))
    if part == "count":
        there = ~np.isnan(values) if decimal else np.ones(values.shape, np.bool_)
        return np.asarray(there.sum(axis=0, dtype=np.int64))
    if part == "sum" and not decimal:
        return np.asarray(values.sum(axis=0, dtype=np.int64))
    filled = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf)
    return np.asarray((filled if part == "sum" else filled * filled).sum(axis=0))
