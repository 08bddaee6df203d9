"""What a what-if changes: users, regions and sites before and after, over the slots that are computed."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.globe.numbers import MBIT, MS, percentiles, plain
from bentpipe.globe.shown import has_rates
from bentpipe.globe.source import Array, Source, WhatIfSource

Float = npt.NDArray[np.float64]


class _Mean:
    """Mean of the values that are known."""

    def __init__(self, count: int) -> None:
        self.sum, self.known = np.zeros(count), np.zeros(count, np.int64)

    def add(self, values: Array) -> None:
        there = np.isfinite(values)
        self.sum += np.where(there, values, 0.0)
        self.known += there

    def value(self) -> Float:
        mean = np.divide(self.sum, self.known, out=np.full(len(self.sum), np.nan), where=self.known > 0)
        return np.asarray(mean)


class _Side:
    """A run, or a what-if over it, summed up slot by slot."""

    def __init__(self, source: Source) -> None:
        regions, sites = (len(source.names[axis][axis]) for axis in ("region", "site"))
        self.source, self.users_per_terminal = source, float(source.manifest["users_per_terminal"])
        self.rates = has_rates(source)
        self.total: list[float] = []
        self.region = {name: _Mean(regions) for name in ("users", "rate", "peak", "rtt")}
        self.least = np.full(regions, np.inf)
        self.site = {name: _Mean(sites) for name in ("connected", "rate", "peak", "rtt")}

    def add(self, slot: int) -> None:
        source = self.source
        users = source.row("region_terminals_connected", slot) * self.users_per_terminal
        self.total.append(float(users.sum()))
        self.least = np.minimum(self.least, users)
        self.region["users"].add(users)
        weights, group = source.row("terminals_connected", slot), source.static("region_of_cell")
        self.region["rtt"].add(percentiles(source.row("rtt_s", slot), weights, group, len(users), (50,))[0] * MS)
        connected = source.row("site_connected", slot)
        self.site["connected"].add(100.0 * connected)
        self.site["rtt"].add(np.where(connected, source.row("site_rtt_s", slot), np.nan) * MS)
        if self.rates:
            peak = percentiles(source.row("peak_down_bit_s", slot), weights, group, len(users), (50,))[0]
            self.region["peak"].add(peak * MBIT)
            self.region["rate"].add(source.row("region_rate_down_bit_s", slot) * MBIT)
            for name in ("rate", "peak"):
                values = source.row(f"site_{name}_down_bit_s", slot)
                self.site[name].add(np.where(connected, values, np.nan) * MBIT)


class _Both:
    """The run as it is and as it would be."""

    def __init__(self, what_if: WhatIfSource) -> None:
        self.before, self.after, self.slots = _Side(what_if.base), _Side(what_if), 0
        self.lock = threading.Lock()

    def catch_up(self, what_if: WhatIfSource) -> None:
        for slot in what_if.window[self.slots : what_if.computed]:
            self.before.add(slot)
            self.after.add(slot)
            self.slots += 1


def difference_numbers(what_if: WhatIfSource) -> dict[str, Any]:
    """Give what a what-if changes, over the slots that are computed so far.

    Each call adds the slots that came since the last one. The run as it is, in the same slots and with the same random
    draws, is what is compared with.

    Parameters
    ----------
    what_if : WhatIfSource

    Returns
    -------
    dict
        "slots" that are computed, "of" how many; "users" connected, "before" and "after" on average and at the least;
        "regions" (users on average and at the least, "rate" that the region is given together, "peak" and "rtt" of the
        terminal in the middle of each slot, on average) and "sites" (connected share of the slots in per cent; rate,
        peak and rtt while connected). Mbit/s and ms; None where there is none.
    """
    both = what_if.remembered("difference", 0, lambda: _Both(what_if))
    with both.lock:
        both.catch_up(what_if)
        return {
            "slots": both.slots,
            "of": len(what_if.window),
            "users": _users(both),
            "regions": _regions(what_if, both),
            "sites": _sites(what_if, both),
        }


def _users(both: _Both) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name, side in (("before", both.before), ("after", both.after)):
        found[name] = float(np.mean(side.total)) if side.total else None
        found[f"{name}_least"] = min(side.total, default=None)
    return found


def _columns(both: _Both, part: str, units: dict[str, str]) -> dict[str, list[float | None]]:
    return {
        f"{name}_{when}{unit}": plain(getattr(side, part)[name].value())
        for name, unit in units.items()
        for when, side in (("before", both.before), ("after", both.after))
    }


def _regions(source: Source, both: _Both) -> list[dict[str, Any]]:
    columns: dict[str, list[Any]] = {
        "code": source.names["region"]["region"],
        "name": source.names["region"]["region_name"],
        **_columns(both, "region", {"users": "", "rate": "_mbit_s", "peak": "_mbit_s", "rtt": "_ms"}),
        "users_before_least": plain(both.before.least),
        "users_after_least": plain(both.after.least),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _sites(source: Source, both: _Both) -> list[dict[str, Any]]:
    columns: dict[str, list[Any]] = {
        "id": source.names["site"]["site"],
        "name": source.names["site"]["site_name"],
        **_columns(both, "site", {"connected": "_percent", "rate": "_mbit_s", "peak": "_mbit_s", "rtt": "_ms"}),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
