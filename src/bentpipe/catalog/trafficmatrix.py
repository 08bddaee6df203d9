"""A user's own table of the traffic between places."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from bentpipe.catalog.delimited import Faults, decode_text, number, read_bounded, rows_of
from bentpipe.errors import InputError

ALIASES = {
    "from": ("source", "src", "origin"),
    "to": ("destination", "dst", "target"),
    "mbit_s": ("mbps", "mbits", "demand_mbit_s"),
}
MOST_MBIT_S = 1e9


class Demand(NamedTuple):
    """Traffic one way: ids of the ends, and bit/s."""

    source: str
    target: str
    bps: int


def read_traffic_matrix(path: str | Path, ends: Collection[str]) -> tuple[Demand, ...]:
    """Read a CSV file with the columns from, to and mbit_s.

    Parameters
    ----------
    path : path
        The file.
    ends : collection of str
        Ids that it may name.

    Returns
    -------
    tuple of Demand
        In the order of the file.

    Raises
    ------
    InputError
        With the line of every fault: an end that there is not, an end with itself, a pair twice, not a number.
    """
    file = Path(path)
    faults = Faults(InputError, file.name)
    text = decode_text(read_bounded(file, faults), faults)
    known = {end.lower() for end in ends}
    seen: dict[tuple[str, str], int] = {}
    found = []
    for line, row in rows_of(text, ALIASES, tuple(ALIASES), faults, ("note",)):
        pair = row["from"].lower(), row["to"].lower()
        for end in pair:
            if end not in known:
                shown = sorted(known)
                allowed = ", ".join(shown[:20]) + (", ..." if len(shown) > 20 else "")
                faults.add(str(line), "no such site, gateway or point of presence", end, allowed)
        if pair[0] == pair[1]:
            faults.add(str(line), "traffic of an end with itself", pair[0], "two different ids")
        if pair in seen:
            faults.add(
                str(line), "the pair stands twice in the file", " to ".join(pair), remedy=f"see line {seen[pair]}"
            )
        seen[pair] = line
        try:
            found.append(Demand(*pair, round(1e6 * number(row["mbit_s"], 0, MOST_MBIT_S))))
        except ValueError as error:
            faults.add(str(line), f"mbit_s: {error}", row["mbit_s"], f"a number from 0 to {MOST_MBIT_S:,.0f}")
    if not found and not faults.found:
        faults.add("", "no traffic in the file")
    faults.stop()
    return tuple(found)
