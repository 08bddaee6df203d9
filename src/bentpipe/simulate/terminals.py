"""Terminals of each place: where they are, of what kind, which are cut off, which have power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, place_id, uniforms

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
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
        When the power cut holds.
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
    key = place_id(event) & 0xFFFFFFFF
    if window_s is None:
        dark = mask & (uniforms(seed, Purpose.POWER, 0, key, place) < share)
        out[np.ix_(active, dark)] = (unix_s[active] - start_s)[:, None]
        return out
    window = np.floor((unix_s[active] - start_s) / window_s).astype(np.int64)
    since = np.full(len(mask), np.nan)
    rows = np.flatnonzero(active)
    for w in range(int(window.max()) + 1):
        dark = mask & (uniforms(seed, Purpose.POWER, w, key, place) < share)
        since = np.where(dark, np.where(np.isnan(since), start_s + w * window_s, since), np.nan)
        these = rows[window == w]
        out[these] = np.where(dark, unix_s[these, None] - since, -1.0)
    return out
