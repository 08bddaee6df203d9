"""The paths between named ends, read once: pairs and slots as small arrays, and a few pairs in full.

What needs all slots of a pair is read by blocks of pairs, what needs all pairs of a slot by blocks of slots, so that
memory is bounded by the block and by neither alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray

Float = NDArray[np.float64]
Integer = NDArray[np.int64]
Boolean = NDArray[np.bool_]

PATH_BIN_S = 1e-5
PATH_BINS = 100_000  # to 1 s: once around the Earth and back over lasers takes 0.3 s
PATH_VALUES = 4_000_000  # values of one variable held at once
TIMED_PAIRS = 6
"""Up to so many pairs are all kept slot by slot; of more, three."""
LIGHT_M_S = 299_792_458.0


@dataclass(frozen=True)
class Fibre:
    """What a fibre between two places is taken to be: its way over the great circle, its speed over that of light."""

    route_factor: float
    velocity_factor: float
    tags: tuple[str, str]

    @property
    def stretch(self) -> float:
        """How many times as long as light along the great circle it takes."""
        return self.route_factor / self.velocity_factor


@dataclass(frozen=True)
class Series:
    """A few pairs slot by slot, (T, P): round trip in s (NaN without a path), and where another path begins."""

    pair: Integer
    rtt_s: Float
    changed: Boolean


@dataclass(frozen=True)
class Traffic:
    """Traffic both ways together: asked for by pair (M,), given by pair on average (M,) and by slot (T,), bit/s.

    `whole` (M,) says which pairs are given all that they ask for in every slot; `load_mean` and `load_max` (T,) are
    what the lasers and the busiest of them carry over what they could.
    """

    offered: Float
    given: Float
    whole: Boolean
    by_slot: Float
    load_mean: Float
    load_max: Float


@dataclass(frozen=True)
class Paths:
    """M pairs of ends over T slots.

    Parameters
    ----------
    ends : tuple of str
        Names of the K ends.
    pair : (M, 2) int64
        Ends of each pair.
    great_circle_m : (M,) float64
        Their distance over the ground, m.
    slots : int
        T.
    known : (M,) int64
        Slots with a path.
    rtt_p50_s, rtt_p95_s : (M,) float64
        Quantiles over those slots of light time and forwarding there and back, s; NaN where there is no path.
    lasers_p50 : (M,) float64
        Median number of lasers.
    steps, changes, end_changes, falls : (M,) int64
        Neighbouring slots that both have a path; how many of these have another path, another satellite at an end,
        and another path with a shorter delay.
    gap : (M,) int64
        Longest run of slots without a path.
    rtt_bins, fall_bins : (PATH_BINS,) float64
        Counts, by PATH_BIN_S, of round trips, and of how much the one-way delay falls where a shorter path begins.
    laser_counts : (n,) float64
        Counts by the number of lasers of the path.
    known_by_slot : (T,) int64
        Pairs with a path.
    rtt_by_slot_s : (T,) float64
        Median round trip over those, s.
    series : Series
        A few pairs in full.
    traffic : Traffic or None
        None where none is asked for.
    fibre : Fibre or None
        None where the run does not say.
    """

    ends: tuple[str, ...]
    pair: Integer
    great_circle_m: Float
    slots: int
    known: Integer
    rtt_p50_s: Float
    rtt_p95_s: Float
    lasers_p50: Float
    steps: Integer
    changes: Integer
    end_changes: Integer
    falls: Integer
    gap: Integer
    rtt_bins: Float
    fall_bins: Float
    laser_counts: Float
    known_by_slot: Integer
    rtt_by_slot_s: Float
    series: Series
    traffic: Traffic | None
    fibre: Fibre | None

    @property
    def light_s(self) -> Float:
        """Round trip of light in vacuum along the great circle, (M,) s."""
        return 2.0 * self.great_circle_m / LIGHT_M_S

    @property
    def stretch(self) -> Float:
        """Median round trip over that of light along the great circle, (M,); NaN where there is none."""
        return stretch_of(self.rtt_p50_s, self.great_circle_m)


def stretch_of(rtt_s: Float, great_circle_m: Float) -> Float:
    """Divide round trips by those of light along the great circle; NaN where the ends lie at one place."""
    light = 2.0 * great_circle_m / LIGHT_M_S
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(light > 0, rtt_s / light, np.nan)


def read_paths(data: xarray.Dataset, manifest: dict[str, Any]) -> Paths | None:
    """Read the paths of a run.

    Parameters
    ----------
    data : xarray.Dataset
        The run's variables.
    manifest : dict
        The run's manifest.

    Returns
    -------
    Paths or None
        None for a run that follows no paths, or that has no slot.
    """
    count, slots = data.sizes.get("path", 0), data.sizes.get("slot", 0)
    if not count or not slots or "path_rtt_s" not in data.variables:
        return None
    ends, pair = _ends(data)
    distance = np.asarray(data["path_great_circle_m"].values, np.float64)
    tally = _Tally(count, slots)
    offered = _offered(data, count)
    for block in _columns(slots, count):
        tally.add(data, block, offered)
    shown = timed_pairs(stretch_of(tally.quantiles[0], distance))
    known, middle = _by_slot(data, slots, count)
    return Paths(
        ends=ends, pair=pair, great_circle_m=distance, slots=slots, known=tally.known, rtt_p50_s=tally.quantiles[0],
        rtt_p95_s=tally.quantiles[1], lasers_p50=tally.lasers, steps=tally.steps, changes=tally.changes,
        end_changes=tally.end_changes, falls=tally.falls, gap=tally.gap, rtt_bins=tally.rtt_bins,
        fall_bins=tally.fall_bins, laser_counts=tally.laser_counts, known_by_slot=known, rtt_by_slot_s=middle,
        series=_series(data, shown), traffic=_traffic(data, tally, offered), fibre=_fibre(manifest),
    )  # fmt: skip


def timed_pairs(stretch: Float) -> Integer:
    """Choose the pairs that are kept slot by slot: all of a few, else those at p5, p50 and p95 of the stretch.

    Parameters
    ----------
    stretch : (M,) float64
        NaN for pairs that never have a path.

    Returns
    -------
    (P,) int64
        In the order of the pairs, or of the stretch.
    """
    if len(stretch) <= TIMED_PAIRS:
        return np.arange(len(stretch), dtype=np.int64)
    order = np.argsort(stretch, kind="stable")[: int(np.isfinite(stretch).sum())]
    places = [round(q * (len(order) - 1)) for q in (0.05, 0.5, 0.95)] if len(order) else []
    return np.array(list(dict.fromkeys(order[places].tolist())) if places else [], np.int64)


def sorted_quantiles(values: Float, shares: tuple[float, ...]) -> Float:
    """Quantiles along the first axis of what is not NaN, by linear interpolation; NaN where nothing is.

    Parameters
    ----------
    values : (n, m) float
        Any unit.
    shares : tuple of float
        Between 0 and 1.

    Returns
    -------
    (len(shares), m) float64
        Same unit.
    """
    ordered = np.sort(values, axis=0)  # NaN comes last
    last = np.isfinite(values).sum(axis=0) - 1
    out = np.full((len(shares), values.shape[1]), np.nan)
    columns = np.flatnonzero(last >= 0)
    for i, share in enumerate(shares):
        at = share * last[columns]
        low = np.floor(at).astype(np.int64)
        high = np.minimum(low + 1, last[columns])
        a, b = (ordered[k, columns].astype(np.float64) for k in (low, high))
        out[i, columns] = a + (b - a) * (at - low)
    return out


def bin_quantile_s(bins: Float, share: float) -> float:
    """Quantile in s of counts by PATH_BIN_S; NaN where nothing is counted."""
    total = np.cumsum(bins)
    if not total.size or total[-1] <= 0:
        return float("nan")
    return float((np.searchsorted(total, share * total[-1]) + 0.5) * PATH_BIN_S)


def longest_gaps(known: Boolean) -> Integer:
    """Longest run of slots without a path, by column: (T, m) to (m,)."""
    slot = np.arange(len(known), dtype=np.int64)[:, None]
    last = np.maximum.accumulate(np.where(known, slot, -1), axis=0)
    return np.asarray(np.where(known, 0, slot - last).max(axis=0, initial=0), np.int64)


def _columns(slots: int, count: int) -> Iterator[slice]:
    step = max(PATH_VALUES // max(slots, 1), 1)
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def _ends(data: xarray.Dataset) -> tuple[tuple[str, ...], Integer]:
    """Name the ends as the sites and gateways are named; a point of presence, of which no name is kept, by its id."""
    sides = [[str(v) for v in data[f"path_{side}"].values] for side in ("from", "to")]
    names: dict[str, str] = {}
    for kind in ("gateway", "site"):
        if f"{kind}_name" in data.variables:
            ids, words = (np.atleast_1d(data[v].values) for v in (kind, f"{kind}_name"))
            names |= {str(i): str(w) for i, w in zip(ids, words, strict=True)}
    ids_used = list(dict.fromkeys(sides[0] + sides[1]))
    number = {name: i for i, name in enumerate(ids_used)}
    pair = np.array([[number[e] for e in side] for side in sides], np.int64).T
    return tuple(names.get(i) or i[:1].upper() + i[1:].replace("-", " ") for i in ids_used), pair


def _offered(data: xarray.Dataset, count: int) -> tuple[Integer, Integer]:
    ways = [f"path_offered_{way}_bit_s" for way in ("there", "back")]
    there, back = (
        np.asarray(data[w].values, np.int64) if w in data.variables else np.zeros(count, np.int64) for w in ways
    )
    return there, back


@dataclass
class _Tally:
    """Sums over blocks of pairs."""

    count: int
    slots: int
    known: Integer = field(init=False)

    def __post_init__(self) -> None:
        def none() -> Integer:
            return np.zeros(self.count, np.int64)

        self.known, self.steps, self.changes, self.end_changes, self.falls, self.gap = (none() for _ in range(6))
        self.quantiles, self.lasers = np.full((2, self.count), np.nan), np.full(self.count, np.nan)
        self.rtt_bins, self.fall_bins = np.zeros(PATH_BINS), np.zeros(PATH_BINS)
        self.laser_counts = np.zeros(0)
        self.given, self.whole, self.by_slot = np.zeros(self.count), np.ones(self.count, np.bool_), np.zeros(self.slots)

    def add(self, data: xarray.Dataset, block: slice, offered: tuple[Integer, Integer]) -> None:
        """Add a block of pairs, all slots of it."""

        def of(name: str) -> NDArray[Any]:
            return np.asarray(data[name].isel(path=block).values)

        rtt = of("path_rtt_s")
        known = np.isfinite(rtt)
        self.known[block], self.gap[block] = known.sum(axis=0), longest_gaps(known)
        self.quantiles[:, block] = sorted_quantiles(rtt, (0.5, 0.95))
        self.rtt_bins += binned(rtt[known])
        self._add_changes(rtt, known, of, block)
        lasers = of("path_lasers")
        self.lasers[block] = sorted_quantiles(np.where(known, lasers, np.nan), (0.5,))[0]
        self.laser_counts = _summed(self.laser_counts, np.bincount(lasers[known]).astype(np.float64))
        if offered[0].any() or offered[1].any():
            self._add_traffic(of, block, offered)

    def _add_changes(self, rtt: Float, known: Boolean, of: Any, block: slice) -> None:
        both = known[1:] & known[:-1]
        mark, first, last = of("path_mark"), of("path_first_satellite"), of("path_last_satellite")
        changed = both & (mark[1:] != mark[:-1])
        ends = changed & ((first[1:] != first[:-1]) | (last[1:] != last[:-1]))
        # One way, and as seen from slot to slot: the little that a path changes within a slot is in it.
        fall = (rtt[:-1] - rtt[1:]) / 2.0
        falls = changed & (np.where(changed, fall, 0.0) > 0)
        self.steps[block], self.changes[block] = both.sum(axis=0), changed.sum(axis=0)
        self.end_changes[block], self.falls[block] = ends.sum(axis=0), falls.sum(axis=0)
        self.fall_bins += binned(fall[falls])

    def _add_traffic(self, of: Any, block: slice, offered: tuple[Integer, Integer]) -> None:
        for way, asked in zip(("there", "back"), offered, strict=True):
            given = of(f"path_{way}_bit_s")
            self.given[block] += given.mean(axis=0)
            self.by_slot += given.sum(axis=1)
            self.whole[block] &= (given >= asked[block]).all(axis=0)


def binned(seconds: NDArray[Any]) -> Float:
    """Count times in s by PATH_BIN_S: (PATH_BINS,)."""
    index = np.minimum(seconds.astype(np.float64) / PATH_BIN_S, PATH_BINS - 1).astype(np.int64)
    return np.bincount(index, minlength=PATH_BINS).astype(np.float64)


def _summed(a: Float, b: Float) -> Float:
    out = np.zeros(max(len(a), len(b)))
    out[: len(a)] += a
    out[: len(b)] += b
    return out


def _by_slot(data: xarray.Dataset, slots: int, count: int) -> tuple[Integer, Float]:
    """Pairs with a path, and their median round trip in s, by slot."""
    known, middle = np.zeros(slots, np.int64), np.full(slots, np.nan)
    for block in _columns(count, slots):
        rtt = np.asarray(data["path_rtt_s"].isel(slot=block).values)
        known[block] = np.isfinite(rtt).sum(axis=1)
        middle[block] = sorted_quantiles(rtt.T, (0.5,))[0]
    return known, middle


def _series(data: xarray.Dataset, shown: Integer) -> Series:
    rtt = np.asarray(data["path_rtt_s"].isel(path=shown).values, np.float64)
    mark = np.asarray(data["path_mark"].isel(path=shown).values)
    changed = np.zeros(rtt.shape, np.bool_)
    changed[1:] = (mark[1:] != mark[:-1]) & np.isfinite(rtt[1:]) & np.isfinite(rtt[:-1])
    return Series(shown, rtt, changed)


def _traffic(data: xarray.Dataset, tally: _Tally, offered: tuple[Integer, Integer]) -> Traffic | None:
    both = (offered[0] + offered[1]).astype(np.float64)
    if not both.any():
        return None
    loads = [np.asarray(data[f"laser_load_{what}"].values, np.float64) for what in ("mean", "max")]
    return Traffic(both, tally.given, tally.whole, tally.by_slot, loads[0], loads[1])


def _fibre(manifest: dict[str, Any]) -> Fibre | None:
    rows = {str(row.get("key")): row for row in manifest.get("assumptions", [])}
    found = [rows.get(f"fibre.{key}") for key in ("route_factor", "velocity_factor")]
    if found[0] is None or found[1] is None:
        return None
    route, velocity = (float(row["value"]) for row in found if row is not None)
    tags = [str(row.get("tag", "")) for row in found if row is not None]
    return Fibre(route, velocity, (tags[0], tags[1]))
