"""The table of variables."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib.resources import files

#: What binds, by the number that a run stores in ``limit_down`` and ``limit_up``.
LIMIT_WORDS = (
    "not served, or no demand",
    "all that is asked for",
    "spectrum of the cell",
    "beam time",
    "satellite",
    "gateway",
    "laser",
)


@dataclass(frozen=True)
class Variable:
    """One variable of a run.

    Parameters
    ----------
    name : str
        Name in the dataset.
    dims : tuple of str
        Dimensions, in order.
    dtype : str
        NumPy type.
    unit : str
        SI unit, "degrees", or "1" for counts and masks.
    meaning : str
        One sentence.
    """

    name: str
    dims: tuple[str, ...]
    dtype: str
    unit: str
    meaning: str


@functools.cache
def variables() -> tuple[Variable, ...]:
    """Every variable of a run, in the order of ``variables.csv``.

    Returns
    -------
    tuple of Variable
    """
    text = files("bentpipe.results").joinpath("variables.csv").read_text(encoding="utf-8")
    return tuple(
        Variable(row["name"], tuple(row["dims"].split()), row["dtype"], row["unit"], row["meaning"])
        for row in csv.DictReader(text.splitlines())
    )
