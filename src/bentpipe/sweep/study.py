"""A study: a base scenario, axes, seeds, draws, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bentpipe.scenario.places import Places
from bentpipe.sweep.axes import Axis, Drawn
from bentpipe.sweep.keep import Kept


@dataclass(frozen=True)
class Limits:
    """Guards against a mistaken million.

    Parameters
    ----------
    runs : int
        Runs at most.
    slots : int
        Slots of all runs together at most.
    bytes : int
        Bytes of the uncompressed arrays at most.
    """

    runs: int = 10_000
    slots: int = 100_000_000
    bytes: int = 1_000_000_000_000


@dataclass(frozen=True)
class Study:
    """A study as its file says it; see ``docs/sweeps.md``.

    Parameters
    ----------
    name, title : str
        The name names the folder.
    base : str or pathlib.Path
        A built-in scenario or a file.
    fixed : mapping
        Values for all runs by dotted key.
    axes : tuple of Axis
        Dimensions in order.
    drawn : tuple of Drawn
        Values along the dimension ``draw``.
    seeds : tuple of int, int or None
        Seeds of the scenario, or how many from the base's own on; None for the base's own.
    draws : int
        Draws; 0 for none.
    seed : int
        Of the draws of the distributions.
    keep : tuple of Kept
        What is kept of each run.
    limits : Limits
        Guards.
    """

    name: str
    title: str
    base: str | Path
    fixed: Mapping[str, Any] = field(default_factory=dict)
    axes: tuple[Axis, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    seeds: tuple[int, ...] | int | None = None
    draws: int = 0
    seed: int = 1
    keep: tuple[Kept, ...] = ()
    limits: Limits = Limits()
    file: str = ""
    places: Places = field(default_factory=Places, repr=False)

    def where(self, *path: str | int) -> str:
        """Tell where a key was written, "file:line: key"."""
        return self.places.where(path) or self.file
