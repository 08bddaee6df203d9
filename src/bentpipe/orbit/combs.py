"""The comb behind a set of angles: how many teeth, where they stand, who is at which.

Every count from 1 to `MOST` is tried. Given the count, a share w of the angles lies about the teeth with a normal
scatter s, the rest anywhere. In nats, with angles in turns, it is worth

- for planes, ``on (ln w - H - ln(s sqrt(2 pi e))) + off ln(1 - w)`` less `TOOTH_COST` for each occupied tooth, with H
  the entropy of the occupied teeth: a few planes of many are told from one wide plane;
- for places, with ``ln S`` in the place of H, since every tooth may be taken once, and less one angle a plane, which
  its free phase explains.

Both pay the logarithm of the count, so that of a comb and its multiples the comb is found. The scatter is not taken
below `FINEST_DEG`, or twice the teeth would be worth as much where angles are exact.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

#: Most planes in a turn, and most places in a plane, that are looked for.
MOST: Final = 150
#: Least scatter, degrees: about the short-period swing of osculating angles.
FINEST_DEG: Final = 0.05
#: So near an angle is at its tooth however narrow the others are, degrees: real planes are 0.1 to 1 wide.
WINDOW_DEG: Final = 0.5
#: What an occupied tooth costs, nats: half the logarithm of a thousand satellites.
TOOTH_COST: Final = 3.5
#: A count that divides the best is as good where it is worth this share of it.
ALIKE: Final = 0.95
#: A comb whose contrast is lower is none: shells told by eye are above 0.9, heaps of sub-shells below 0.75.
LEAST_CONTRAST: Final = 0.8
#: Places must be worth so much for each satellite, nats, to be taken for real.
LEAST_WORTH: Final = 0.5
#: A plane reaches so far to both sides, and without a comb is no wider, degrees.
WIDEST_DEG: Final = 2.5
#: Without a comb, planes are apart by more than this, degrees, and hold so many satellites at least.
GAP_DEG, FEWEST_IN_PLANE = 0.5, 3


class Planes(NamedTuple):
    """Planes of n nodes: how many, plane of each (-1 for none), scatter in degrees, contrast from 0 to 1."""

    number: int
    label: Integers
    rms: float
    contrast: float


class Places(NamedTuple):
    """Places in P planes: how many, phase of each plane (P,), of a spacing, NaN where it has no satellite; contrast."""

    number: int
    phase: Floats
    contrast: float


def _near(off: Floats, spacing_deg: float) -> tuple[npt.NDArray[np.bool_], float, float]:
    """Who is at the teeth, scatter in turns, and share, of offsets in degrees."""
    scatter = max(1.4826 * float(np.median(np.abs(off))), FINEST_DEG)
    on = np.abs(off) <= min(max(3.0 * scatter, WINDOW_DEG), 0.5 * spacing_deg)
    scatter = max(float(np.sqrt(np.square(off[on]).mean())), FINEST_DEG) if on.any() else scatter
    return on, scatter / 360.0, float(on.mean())


def _worth(on: int, off: int, share: float, scatter: float, teeth_nats: float) -> float:
    """Nats gained over no comb at all."""
    normal = on * (np.log(max(share, 1e-9)) - teeth_nats - np.log(scatter * np.sqrt(2.0 * np.pi * np.e)))
    return float(normal + (off * np.log(1.0 - share) if off else 0.0))


def _settled(turn: Floats, group: Integers, groups: int) -> Floats:
    """Phase of each group of angles (in spacings), robust against misfits away from the teeth; NaN without angles."""
    near = np.ones(len(turn), bool)
    # Angles that cancel out to nothing have no phase of their own: any will do.
    phase = np.where(np.bincount(group, minlength=groups) > 0, 0.0, np.nan)
    for _ in range(3):
        wave = np.exp(2j * np.pi * turn) * near
        total = np.bincount(group, wave.real, groups) + 1j * np.bincount(group, wave.imag, groups)
        told = np.abs(total) > 1e-9
        phase[told] = np.angle(total[told]) / (2.0 * np.pi)
        off = turn - phase[group]
        near = np.abs(off - np.rint(off)) <= 1.0 / 8.0
    return phase


def _worth_of_planes(node_deg: Floats, one: Integers, count: int) -> float:
    turn = node_deg * (count / 360.0)
    off = turn - _settled(turn, one, 1)[0]
    tooth = np.rint(off)
    on, scatter, share = _near((off - tooth) * (360.0 / count), 360.0 / count)
    if not on.any():
        return -np.inf
    sizes = np.bincount(tooth[on].astype(np.int64) % count)
    sizes = sizes[sizes > 0]
    entropy = float(-(sizes / on.sum() * np.log(sizes / on.sum())).sum())
    value = _worth(int(on.sum()), int((~on).sum()), share, scatter, entropy)
    return float(value - TOOTH_COST * len(sizes) - np.log(count))


def best_planes(node_deg: Floats) -> Planes | None:
    """Evenly spaced planes that explain nodes best.

    Parameters
    ----------
    node_deg : numpy.ndarray, shape (n,), degrees
        Right ascensions of the ascending nodes.

    Returns
    -------
    Planes or None
        None where the nodes are no comb.
    """
    one = np.zeros(len(node_deg), np.int64)
    counts = np.arange(1, MOST + 1)
    worth = np.array([_worth_of_planes(node_deg, one, count) for count in counts.tolist()])
    sharp = np.abs(np.exp(2j * np.pi / 360.0 * counts[:, None] * node_deg).mean(axis=1))
    top = int(np.argmax(worth))
    # Twice the teeth catch some misfits: the count that divides it is the comb where it is as sharp.
    as_good = (counts[top] % counts == 0) & (worth >= ALIKE * worth[top]) & (sharp >= sharp[top])
    best = int(counts[np.argmax(as_good)])
    turn = node_deg * (best / 360.0)
    contrast = float(sharp[best - 1])
    if contrast < LEAST_CONTRAST:
        return None
    phase = _settled(turn, one, 1)[0] % 1.0
    phase -= phase > 0.98  # A plane just before 0 degrees is at 0.
    off = turn - phase
    label = np.rint(off).astype(np.int64) % best
    off -= np.rint(off)
    held = np.abs(off) <= min(0.25, WIDEST_DEG * best / 360.0)
    label[~held] = -1
    return Planes(best, label, float(np.sqrt(np.square(off[held]).mean()) * 360.0 / best), contrast)


def gap_planes(node_deg: Floats) -> Planes | None:
    """Planes told apart by gaps between nodes.

    Parameters
    ----------
    node_deg : numpy.ndarray, shape (n,), degrees
        Right ascensions of the ascending nodes.

    Returns
    -------
    Planes or None
        Numbered by rising node; None where fewer than half of the nodes lie in planes of three or more satellites
        and at most 2.5 degrees.
    """
    order = np.argsort(node_deg, kind="stable")
    node = node_deg[order]
    gap = np.diff(np.append(node, node[0] + 360.0))
    if not (gap > GAP_DEG).any():
        return None
    # Counted from just after the widest gap, so that no plane is cut at 0 degrees.
    shift = int(np.argmax(gap)) + 1
    order, node = np.roll(order, -shift), np.roll(node, -shift)
    node = node + 360.0 * (np.arange(len(node)) >= len(node) - shift)
    group = np.cumsum(np.diff(node, prepend=node[0]) > GAP_DEG)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    size = np.diff(np.append(first, len(node)))
    width = node[first + size - 1] - node[first]
    real = (size >= FEWEST_IN_PLANE) & (width <= WIDEST_DEG)
    if 2 * size[real].sum() < len(node):
        return None
    middle = np.bincount(group, node) / size
    number = np.full(len(size), -1, np.int64)
    number[np.flatnonzero(real)[np.argsort(middle[real] % 360.0, kind="stable")]] = np.arange(real.sum())
    label = np.empty(len(node), np.int64)
    label[order] = number[group]
    off = (node - middle[group])[real[group]]
    return Planes(int(real.sum()), label, float(np.sqrt(np.square(off).mean())), 0.0)


def best_places(latitude_deg: Floats, plane: Integers, planes: int) -> Places | None:
    """Evenly spaced places, one count for all planes, that explain arguments of latitude best.

    At least two, and half as many as a plane has satellites: a bunch is at one place only for who asks no better.

    Parameters
    ----------
    latitude_deg : numpy.ndarray, shape (n,), degrees
        Arguments of latitude.
    plane : numpy.ndarray of int64, shape (n,)
        Plane of each.
    planes : int
        Planes.

    Returns
    -------
    Places or None
        None where they are no comb.
    """
    free = len(np.unique(plane))
    if len(plane) <= free:
        return None
    size = np.bincount(plane)
    best, worth = 0, -np.inf
    for count in range(max(2, int(np.median(size[size > 0])) // 2), MOST + 1):
        turn = latitude_deg * (count / 360.0)
        off = turn - _settled(turn, plane, planes)[plane]
        on, scatter, share = _near((off - np.rint(off)) * (360.0 / count), 360.0 / count)
        value = _worth(int(on.sum()), int((~on).sum()), share, scatter, float(np.log(count)))
        value = value * (1.0 - free / len(plane)) - np.log(count)
        if value > worth:
            best, worth = count, value
    if worth < LEAST_WORTH * len(plane):
        return None
    turn = latitude_deg * (best / 360.0)
    wave = np.exp(2j * np.pi * turn)
    total = np.bincount(plane, wave.real, planes) + 1j * np.bincount(plane, wave.imag, planes)
    return Places(best, _settled(turn, plane, planes), float(np.abs(total).sum() / len(plane)))
