"""Terminals of each place: where they are, of what kind, which are cut off, which have power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, place_id, uniforms

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
#: Windows of a rolling cut without a start after which a place counts as dark forever.
WINDOWS_BACK = 2000
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Terminals:
    """Terminals by kind and place, for one seed.

    Parameters
    ----------
    count : (K, C) int64
        Terminals of each kind in each place.
    battery_s : (K, C) float64
        How long they run without mains power, s.
    cut_off : (E, K, C) int64
        Terminals that each cut-off event takes.
    """

    count: IntArray
    battery_s: FloatArray
    cut_off: IntArray


def place_terminals(total: int, weight: FloatArray, place: npt.NDArray[np.uint64], seed: int) -> IntArray:
    """Share out whole terminals in proportion to a weight; which cells get the odd ones is drawn.

    Parameters
    ----------
    total : int
        Terminals to share out.
    weight : (C,) float64
        Weights, at least 0.
    place : (C,) uint64
        Keys of the places.
    seed : int
        Seed.

    Returns
    -------
    (C,) int64
        Sums to `total`, unless no place has weight.
    """
    whole = weight.sum()
    if total <= 0 or whole <= 0.0:
        return np.zeros(len(weight), np.int64)
    exact = total * weight / whole
    count = np.floor(exact).astype(np.int64)
    odd = total - int(count.sum())
    rest = exact - count
    # Weighted sampling without replacement (Efraimidis and Spirakis 2006): the largest u ** (1 / w).
    draw = uniforms(seed, Purpose.TERMINALS, 0, 0, place)
    key = np.where(rest > 0.0, np.log(draw) / np.maximum(rest, 1e-12), -np.inf)
    count[np.lexsort((place, -key))[:odd]] += 1
    return np.asarray(count, np.int64)


def split_kinds(count: IntArray, share: Sequence[float], place: npt.NDArray[np.uint64], seed: int) -> IntArray:
    """Split the terminals of each place into kinds, by systematic sampling.

    Parameters
    ----------
    count : (C,) int64
        Terminals.
    share : sequence of K floats
        Shares, which sum to 1.
    place : (C,) uint64
        Keys of the places.
    seed : int
        Seed.

    Returns
    -------
    (K, C) int64
        Sums over kinds to `count`.
    """
    draw = uniforms(seed, Purpose.TERMINALS, 1, 0, place)
    edge = np.concatenate([[0.0], np.cumsum(share)])
    edge[-1] = 1.0
    until = np.floor(edge[:, None] * count[None, :] + draw[None, :]).astype(np.int64)
    split: IntArray = np.diff(until, axis=0)
    return split


def cut_off_terminals(
    count: IntArray, events: Sequence[tuple[str, int, Mask]], place: npt.NDArray[np.uint64], seed: int
) -> IntArray:
    """Draw which terminals each event cuts off; a terminal is cut off once.

    Parameters
    ----------
    count : (K, C) int64
        Terminals.
    events : sequence of (id, number, mask (C,))
        How many terminals each event cuts off, among which places.
    place : (C,) uint64
        Keys of the places.
    seed : int
        Seed.

    Returns
    -------
    (E, K, C) int64
        Fewer than asked for where the places hold fewer.
    """
    kinds, places = count.shape
    cut = np.zeros((len(events), kinds, places), np.int64)
    flat = np.repeat(np.arange(kinds * places), count.ravel())
    ordinal = np.arange(flat.size) - np.repeat(np.cumsum(count.ravel()) - count.ravel(), count.ravel())
    taken = np.zeros(flat.size, np.bool_)
    for e, (name, number, mask) in enumerate(events):
        key = place_id(name) & 0xFFFFFFFF
        draw = uniforms(seed, Purpose.CUT_OFF, key, ordinal * kinds + flat // places, place[flat % places])
        draw[taken | ~mask[flat % places]] = np.inf
        chosen = np.argsort(draw, kind="stable")[: min(number, int(np.isfinite(draw).sum()))]
        taken[chosen] = True
        cut[e] = np.bincount(flat[chosen], minlength=kinds * places).reshape(kinds, places)
    return cut


def dark_for_s(
    unix_s: FloatArray,
    start_s: float,
    end_s: float,
    share: float,
    window_s: float | None,
    event: str,
    mask: Mask,
    place: npt.NDArray[np.uint64],
    seed: int,
) -> FloatArray:
    """How long each place has been without mains power.

    Parameters
    ----------
    unix_s : (T,) float64
        Starts of slots, Unix time, s.
    start_s, end_s : float
        When the power cut holds; a start of -inf: it has held forever.
    share : float
        Share of the places that are dark at any time.
    window_s : float or None
        Length of a rolling window, after which other places are dark; None for the same places throughout.
    event : str
        Id of the event, which keys its draws.
    mask : (C,) bool
        Places concerned.
    place : (C,) uint64
        Keys of the places.
    seed : int
        Seed.

    Returns
    -------
    (T, C) float64
        Seconds; -1 where there is power.
    """
    out = np.full((len(unix_s), len(mask)), -1.0)
    active = (unix_s >= start_s) & (unix_s < end_s)
    if not active.any():
        return out
    if window_s is None or (share >= 1.0 and not np.isfinite(start_s)):
        dark = mask & _drawn_dark(0, share, event, place, seed)
        out[np.ix_(active, dark)] = (unix_s[active] - start_s)[:, None]
        return out
    origin = _origin_s(start_s)
    window = np.floor((unix_s[active] - origin) / window_s).astype(np.int64)
    first = 0 if np.isfinite(start_s) else _back_to_light(int(window.min()), share, event, mask, place, seed)
    since = np.full(len(mask), -1, np.int64)
    rows = np.flatnonzero(active)
    for w in range(first, int(window.max()) + 1):
        dark = mask & _drawn_dark(w, share, event, place, seed)
        since = np.where(dark, np.where(since < 0, w, since), -1)
        these = rows[window == w]
        if len(these):
            elapsed = unix_s[these, None] - (origin + since * window_s)
            if not np.isfinite(start_s):
                elapsed = np.where(w - since >= WINDOWS_BACK, np.inf, elapsed)
            out[these] = np.where(dark, elapsed, -1.0)
    return out


def is_dark(
    unix_s: FloatArray,
    start_s: float,
    end_s: float,
    share: float,
    window_s: float | None,
    event: str,
    mask: Mask,
    place: npt.NDArray[np.uint64],
    seed: int,
) -> Mask:
    """Whether one thing that moves stands where mains power is cut.

    Parameters
    ----------
    unix_s : (T,) float64
        Times, s.
    start_s, end_s, share, window_s, event, seed
        As in `dark_for_s`.
    mask : (T,) bool
        Whether it stands in the area concerned.
    place : (T,) uint64
        Key of the place where it stands.

    Returns
    -------
    (T,) bool
        The same answer as `dark_for_s` has for these places.
    """
    active = (unix_s >= start_s) & (unix_s < end_s) & mask
    steady = window_s is None or (share >= 1.0 and not np.isfinite(start_s))
    window = 0 if steady else np.floor((unix_s - _origin_s(start_s)) / (window_s or 1.0)).astype(np.int64)
    return np.asarray(active & _drawn_dark(np.maximum(window, 0), share, event, place, seed), np.bool_)


def _origin_s(start_s: float) -> float:
    """Where the windows of a rolling cut are counted from: its start, or 1970 where it has none."""
    return start_s if np.isfinite(start_s) else 0.0


def _drawn_dark(window: npt.ArrayLike, share: float, event: str, place: npt.NDArray[np.uint64], seed: int) -> Mask:
    """Places whose power a window of an event cuts."""
    draws = uniforms(seed, Purpose.POWER, window, place_id(event) & 0xFFFFFFFF, place)
    return np.asarray(draws < share, np.bool_)


def _back_to_light(window: int, share: float, event: str, mask: Mask, place: npt.NDArray[np.uint64], seed: int) -> int:
    """Window from which to look, so that every place that is dark in this window has been seen with power before."""
    held = mask & _drawn_dark(window, share, event, place, seed)
    first = window
    while held.any() and first > max(0, window - WINDOWS_BACK):
        first -= 1
        held &= _drawn_dark(first, share, event, place, seed)
    return first
