"""What a study keeps of each run: variables whole, or their statistics over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bentpipe.results.variables import Variable, variables

ALL = "all"
STATISTICS = ("mean", "min", "max", "sum", "count", "std")
#: Needed of each block for each statistic.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "mean": ("sum", "count"),
    "min": ("min",),
    "max": ("max",),
    "sum": ("sum",),
    "count": ("count",),
    "std": ("sum", "square", "count"),
}
#: Kept where a study names nothing.
DEFAULT: Mapping[str, tuple[str, ...]] = {
    "region_terminals_connected": ("mean", "min"),
    "site_served": ("mean",),
    "site_rtt_s": ("mean", "max"),
}
#: Numbers that are names of something, or verdicts: their mean over time means nothing.
_NAMES = (
    "index of", "hash of", "what keeps", "see limit_down", "the same from users", "what one terminal",
    "the same of the site",
)  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """One variable that a study keeps.

    Parameters
    ----------
    variable : Variable
        Of ``variables.csv``.
    statistics : tuple of str
        Statistics over time; empty where every slot is kept.
    """

    variable: Variable
    statistics: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every slot is kept."""
        return not self.statistics

    @property
    def inner(self) -> tuple[str, ...]:
        """Dimensions beside time."""
        return tuple(d for d in self.variable.dims if d != "slot")


def over_time() -> dict[str, Variable]:
    """Variables with a slot axis, by name."""
    return {v.name: v for v in variables() if "slot" in v.dims}


def is_a_name(variable: Variable) -> bool:
    """Whether the numbers of a variable are names of something, such as a satellite."""
    integer = variable.dtype.startswith(("int", "uint"))
    return integer and variable.meaning.startswith(_NAMES)
