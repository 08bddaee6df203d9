"""Values of the cells in one slot, in the unit that is shown; and what they are less than elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bentpipe.globe.shown import Float32, Shown, one
from bentpipe.globe.source import Array, Source, WhatIfSource


def cell_values(source: Source, variable: str, slot: int) -> Float32:
    """Give a variable of every cell in one slot.

    Parameters
    ----------
    source : Source
        A run or a what-if.
    variable : str
        A name of ``shown.csv``; "service-NAME" for the verdict on a service.
    slot : int
        Absolute slot; of no matter for what is one value of the whole run.

    Returns
    -------
    (C,) float32
        In the unit shown; NaN where there is none. Flags are 0 and 1; categories and verdicts the index of the word.

    Raises
    ------
    UnknownNameError
        Where the run lacks the variable.
    LookupError
        Where the slot is not computed (yet).
    """
    return values_of(source, one(source, variable), slot)


def values_of(source: Source, shown: Shown, slot: int) -> Float32:
    """Give a variable of every cell in one slot; see `cell_values`."""
    if shown.static:
        return _static(source, shown)
    checked(source, slot)
    if shown.name.startswith("service-"):
        services = source.names["service"]["service"]
        verdicts = source.row("service_verdict", slot)[:, services.index(shown.name.removeprefix("service-"))]
        return np.asarray(verdicts, np.float32)
    rows = [source.static(n) if n == "terminals" else source.row(n, slot) for n in shown.source]
    return _COMPUTED.get(shown.name, _plain)(rows, shown.factor)


def checked(source: Source, slot: int) -> None:
    """Refuse a slot that is not there."""
    if not source.has(slot):
        raise LookupError(f"slot {slot} is not computed yet")


def _plain(rows: list[Array], factor: float) -> Float32:
    return np.asarray(rows[0] * np.float32(factor) if factor != 1 else rows[0], np.float32)


def _share(rows: list[Array], factor: float) -> Float32:
    """The first over the second; NaN where the second is 0."""
    part, whole = (np.asarray(row, np.float64) for row in rows)
    ratio = np.divide(part * factor, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return np.asarray(ratio, np.float32)


def _where(rows: list[Array], factor: float) -> Float32:
    """The first where the second is true."""
    return np.asarray(np.where(rows[1], rows[0] * np.float32(factor), np.nan), np.float32)


_COMPUTED: Mapping[str, Callable[[list[Array], float], Float32]] = {
    "connected": _share,
    "rate-down": _share,
    "rate-up": _share,
    "gateway": _where,
    "lasers": _where,
}


def _static(source: Source, shown: Shown) -> Float32:
    if shown.name != "availability":
        return np.asarray(source.static(shown.source[0]) * shown.factor, np.float32)
    return np.asarray(availability(source) * np.float32(shown.factor), np.float32)


def availability(source: Source) -> Float32:
    """Share of the slots that are there in which a terminal of each cell is connected, (C,); NaN without terminals."""
    return source.remembered("availability", int(source.done().sum()), lambda: _availability(source, source.slots))


def _availability(source: Source, slots: range) -> Float32:
    connected, done = np.zeros(len(source.cells), np.int64), 0
    for _, rows in source.pieces("terminals_connected", slots):
        connected += np.count_nonzero(rows, axis=0)
        done += len(rows)
    share = np.where(source.static("terminals") > 0, connected / max(done, 1), np.nan)
    return (share if done else np.full(len(share), np.nan)).astype(np.float32)


def values_of_both(source: Source, other: Source, variable: str, slot: int) -> tuple[Float32, Float32]:
    """Give a variable of every cell in two runs, so that they can be compared.

    Parameters
    ----------
    source, other, variable, slot
        As for `difference`.

    Returns
    -------
    (C,) float32, (C,) float32
        As of `cell_values`; but availability in both is that of the slots that both have, and gateways are numbered as
        in the first, those that it lacks beyond its own.
    """
    if variable == "availability":
        factors = [np.float32(one(run, variable).factor) for run in (source, other)]
        common = _span(source, _span(other, source.slots))
        return _availability(source, common) * factors[0], _availability(other, common) * factors[1]
    here, there = cell_values(source, variable, slot), cell_values(other, variable, slot)
    if variable == "gateway":
        own, others = (run.names["gateway"]["gateway"] for run in (source, other))
        number = {id: n for n, id in enumerate([*own, *(id for id in others if id not in own)])}
        known = np.isfinite(there)
        there = there.copy()
        there[known] = np.array([number[id] for id in others], np.float32)[there[known].astype(np.int64)]
    return here, there


def _span(source: Source, slots: range) -> range:
    """Slots from the first to the last of some that are there."""
    done = np.flatnonzero(source.done()) + source.slots.start
    done = done[(done >= slots.start) & (done < slots.stop)]
    return range(int(done[0]), int(done[-1]) + 1) if len(done) else range(slots.start, slots.start)


def difference(source: Source, other: Source, variable: str, slot: int) -> Float32:
    """Give a variable of every cell less what it is in another run.

    Parameters
    ----------
    source, other : Source
        Of the same cells in the same order.
    variable : str
        A name of ``shown.csv``.
    slot : int
        Absolute slot.

    Returns
    -------
    (C,) float32
        This minus the other, in the unit shown; NaN where either has no value. Of categories, 1 where they differ.
        Availability is that of the slots which both have: of a what-if and its run, those of the what-if.

    Raises
    ------
    UnknownNameError
        Where one of them lacks the variable.
    LookupError
        Where the slot is not computed in both, or the cells are not the same.
    """
    if not comparable(source, other):
        raise LookupError("the two runs do not have the same cells")
    here, there = values_of_both(source, other, variable, slot)
    shown = one(source, variable)
    if shown.kind == "category":
        known = np.isfinite(here) & np.isfinite(there)
        return np.asarray(np.where(known, here != there, np.nan), np.float32)
    return here - there


def comparable(source: Source, other: Source) -> bool:
    """Whether two runs have the same cells and the same slots of time."""
    base = [s.base if isinstance(s, WhatIfSource) else s for s in (source, other)]
    return base[0] is base[1] or (source.clock == other.clock and bool(np.array_equal(source.cells, other.cells)))
