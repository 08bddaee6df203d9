"""What a terminal draws from the mains or a battery, by kind of dish."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import NamedTuple


class TerminalPower(NamedTuple):
    """One row of terminal_power.csv.

    Parameters
    ----------
    dish : str
        Kind of dish, as in radio.toml.
    power_w : float
        Average, W.
    tag, source, date, note : str
        Where it comes from.
    """

    dish: str
    power_w: float
    tag: str
    source: str
    date: str
    note: str


@cache
def _rows() -> dict[str, TerminalPower]:
    text = (resources.files(__package__) / "terminal_power.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["dish"]: TerminalPower(**{**row, "power_w": float(row["power_w"])}) for row in rows}  # type: ignore[arg-type]


def terminal_power(dish: str) -> TerminalPower:
    """Average power of a terminal.

    Parameters
    ----------
    dish : str
        Kind of dish.

    Returns
    -------
    TerminalPower
        W; the row of the standard dish for a kind that is not listed.
    """
    rows = _rows()
    return rows.get(dish, rows["standard"])
