"""Planes and places of satellites whose orbits alone are known.

Element sets carry no labels. At one time the nodes of a shell's satellites stand like the teeth of a comb, and so do
the arguments of latitude in each plane; the spacings that explain both best are the shell's planes and places.

Numbers run like this:

- planes by rising right ascension of the ascending node, the first at or after 0 degrees is 0;
- places by rising argument of latitude, place 0 of the first plane at or after 0 degrees;
- the same place of the next plane is the one near in phase: with a common step between planes (a Walker phasing), the
  phase steps by it, taken between -1/2 and 1/2 of a spacing; with a step of one half it goes up and down in turn, as
  in Hypatia's shells; without one it is the nearest;
- so a whole number of places is left over where the last plane meets the first: ``seam_shift``. The neighbour of
  place s of the last plane is place ``s + seam_shift`` of the first.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import Fault, InputError
from .combs import Floats, Integers, best_places, best_planes, gap_planes
from .walker import EQUATORIAL_RADIUS

Mask = npt.NDArray[np.bool_]

#: Fewer satellites show no planes.
FEWEST: Final = 12
#: Inclinations of one family lie closer than this, degrees; the short-period swing is 0.02.
FAMILY_GAP_DEG: Final = 0.1
#: Altitudes are counted in bins of this width, km; the short-period swing of the radius is 2.
ALTITUDE_BIN_KM: Final = 2.0
#: Satellites more bunched in their planes than this are no shell, unless the caller says that they are.
BUNCHED: Final = 0.5
#: Phase steps between planes agree when the mean of exp(2 pi i step) is longer than this.
SAME_STEP: Final = 0.8


class ShellFit(NamedTuple):
    """How well the planes and places of one shell are known.

    Parameters
    ----------
    shell : int
        Its number.
    satellites : int
        Able satellites in it.
    inclination_deg, altitude_km : float
        Medians: degrees, and km above the equatorial radius.
    planes, occupied : int
        Planes in a turn of the node, and those with satellites; 0 where none were found.
    even : bool
        Whether the planes stand evenly (a comb); else they are told apart by gaps, and `planes` are those found.
    places : int
        Places in a plane; 0 where none were found.
    plane_rms_deg, place_rms_deg : float
        How far nodes and arguments of latitude lie from the comb, root mean square of those assigned, degrees.
    assigned : float
        Share of the satellites with plane and place, 0 to 1.
    plane_contrast, place_contrast : float
        Length of the mean of exp(i P node), and of exp(i S latitude) in each plane: 0 no comb, 1 a perfect one.
    phase_step : float
        Step of the phase from plane to plane, of a spacing, -1/2 to 1/2; NaN where it has none.
    seam_shift : int
        See `bentpipe.orbit.planes`.
    """

    shell: int
    satellites: int
    inclination_deg: float
    altitude_km: float
    planes: int
    occupied: int
    even: bool
    places: int
    plane_rms_deg: float
    place_rms_deg: float
    assigned: float
    plane_contrast: float
    place_contrast: float
    phase_step: float
    seam_shift: int


class Recovered(NamedTuple):
    """Labels of N satellites.

    Parameters
    ----------
    shell, plane, place : (N,) int64
        Labels, -1 where there is none; no two satellites share all three.
    planes, places, seam_shift : (N,) int64
        Planes of the shell of each satellite, places in each of its planes, and places left over at its seam; 0
        outside shells.
    fits : tuple of ShellFit
        One for each shell.
    """

    shell: Integers
    plane: Integers
    place: Integers
    planes: Integers
    places: Integers
    seam_shift: Integers
    fits: tuple[ShellFit, ...]


class _Angles(NamedTuple):
    """Osculating angles, degrees, and height, km, each (N,)."""

    node: Floats
    latitude: Floats
    inclination: Floats
    altitude: Floats


def recover_planes(position_m: Floats, velocity_m_s: Floats, able: Mask, shell: Integers | None = None) -> Recovered:
    """Find shells, planes and places from states at one time.

    Nodes and arguments of latitude are osculating (from ``r x v``): the short-period terms of J2, 0.03 and 0.06
    degrees, stay in. The comb of each kind is the count whose spacing explains the angles best, a normal scatter
    about the teeth and a uniform share of misfits, at the cost in nats of describing it; see
    `bentpipe.orbit.combs`. Planes that are no comb are told apart by gaps between nodes.

    A satellite more than a quarter of a spacing, or 2.5 degrees, from its plane has no plane, one more than an eighth
    of a spacing from every place (a spare) has no place. Where two claim a place the nearer has it, then the lower
    index.

    Parameters
    ----------
    position_m, velocity_m_s : numpy.ndarray, shape (3, N), m and m/s
        Inertial states (TEME) at one time, as `Propagator.inertial_states` gives them; NaN where there is none.
    able : numpy.ndarray of bool, shape (N,)
        Satellites that count; the others have no labels.
    shell : numpy.ndarray of int64, shape (N,), optional
        Shell of each satellite where it is known, -1 where not. Satellites without one are sorted into shells by
        inclination and altitude, and keep none where their orbits show no planes and places, or where they are
        bunched in their planes (satellites that climb or descend).

    Returns
    -------
    Recovered
        Labels (N,) and how well they fit.

    Raises
    ------
    InputError
        Arrays of shapes that do not fit.

    Notes
    -----
    Source: the method is this project's own. Walker's pattern: J. G. Walker, "Satellite constellations", Journal of
    the British Interplanetary Society 37, 1984.
    """
    count = _check(position_m, velocity_m_s, able, shell)
    angles = _angles(position_m, velocity_m_s)
    usable = able & np.isfinite(angles.latitude)
    given = np.full(count, -1, np.int64) if shell is None else np.array(shell, np.int64)
    given[~usable] = -1
    none, zero = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    labels = Recovered(given.copy(), none, none.copy(), zero, zero.copy(), zero.copy(), ())
    fits = [
        _fit_shell(number, np.flatnonzero(given == number), angles, labels)
        for number in np.unique(given[given >= 0]).tolist()
    ]
    number = int(given.max(initial=-1)) + 1
    for rows in _crowds(np.flatnonzero(usable & (given < 0)), angles):
        fit = _fit_shell(number, rows, angles, labels)
        if fit.planes and fit.places and _bunching(rows, angles, labels) < BUNCHED:
            labels.shell[rows] = number
            fits.append(fit)
            number += 1
        else:
            _forget(rows, labels)
    return labels._replace(fits=tuple(fits))


def _check(position_m: Floats, velocity_m_s: Floats, able: Mask, shell: Integers | None) -> int:
    shapes = [np.shape(position_m), np.shape(velocity_m_s), np.shape(able)]
    shapes += [] if shell is None else [np.shape(shell)]
    count = len(able)
    if shapes != [(3, count), (3, count), (count,), (count,)][: len(shapes)]:
        raise InputError(Fault("states, able and shell differ in shape", "", shapes, "(3, N), (3, N), (N,), (N,)"))
    return count


def _angles(position_m: Floats, velocity_m_s: Floats) -> _Angles:
    x, y, z = np.asarray(position_m, np.float64)
    u, v, w = np.asarray(velocity_m_s, np.float64)
    normal = np.stack([y * w - z * v, z * u - x * w, x * v - y * u])
    long = np.sqrt(np.square(normal).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = normal / long
        # Of an orbit in the plane of the equator the node is taken at right ascension 0.
        flat = np.hypot(unit[0], unit[1]) < 1e-9
        node = np.where(flat, 0.0, np.arctan2(unit[0], -unit[1]))
        along = x * np.cos(node) + y * np.sin(node)
        # The third axis of node, normal: normal x node.
        across = (-unit[2] * np.sin(node)) * x + unit[2] * np.cos(node) * y
        across += (unit[0] * np.sin(node) - unit[1] * np.cos(node)) * z
        latitude = np.arctan2(across, along)
        inclination = np.arccos(np.clip(unit[2], -1.0, 1.0))
    height = (np.sqrt(x * x + y * y + z * z) - EQUATORIAL_RADIUS) * 1e-3
    return _Angles(np.degrees(node) % 360.0, np.degrees(latitude) % 360.0, np.degrees(inclination), height)


def _crowds(rows: Integers, angles: _Angles) -> list[Integers]:
    """Satellites at one inclination and one crowded altitude, most first."""
    found = []
    order = rows[np.argsort(angles.inclination[rows], kind="stable")]
    for family in np.split(order, np.flatnonzero(np.diff(angles.inclination[order]) > FAMILY_GAP_DEG) + 1):
        level = np.floor(angles.altitude[family] / ALTITUDE_BIN_KM).astype(np.int64)
        levels, numbers = np.unique(level, return_counts=True)
        crowded = levels[numbers >= max(5.0, 0.01 * len(family))]
        for run in np.split(crowded, np.flatnonzero(np.diff(crowded) > 1) + 1):
            if len(run) and len(members := family[(level >= run[0]) & (level <= run[-1])]) >= FEWEST:
                found.append(np.sort(members))
    return sorted(found, key=lambda members: (-len(members), int(members[0])))


def _bunching(rows: Integers, angles: _Angles, labels: Recovered) -> float:
    """Mean over the satellites of abs(mean(exp(iu))) of their plane: 0 spread around it, 1 all in one place."""
    rows = rows[labels.plane[rows] >= 0]
    wave = np.exp(1j * np.radians(angles.latitude[rows]))
    total = np.bincount(labels.plane[rows], wave.real) + 1j * np.bincount(labels.plane[rows], wave.imag)
    return float(np.abs(total).sum() / len(rows))


def _forget(rows: Integers, labels: Recovered) -> None:
    labels.plane[rows] = labels.place[rows] = -1
    labels.planes[rows] = labels.places[rows] = labels.seam_shift[rows] = 0


def _fit_shell(number: int, rows: Integers, angles: _Angles, labels: Recovered) -> ShellFit:
    """Label the satellites of a shell, and say how well."""
    fit = ShellFit(
        number,
        len(rows),
        float(np.median(angles.inclination[rows])),
        float(np.median(angles.altitude[rows])),
        *(0, 0, False, 0),
        *(np.nan, np.nan, 0.0),
        *(0.0, 0.0),
        *(np.nan, 0),
    )
    if len(rows) < FEWEST:
        return fit
    comb = best_planes(angles.node[rows])
    found = comb or gap_planes(angles.node[rows])
    if found is None:
        return fit
    labels.plane[rows], labels.planes[rows] = found.label, found.number
    fit = fit._replace(
        planes=found.number,
        occupied=len(np.unique(found.label[found.label >= 0])),
        even=comb is not None,
        plane_rms_deg=found.rms,
        plane_contrast=found.contrast,
    )
    return _fit_places(rows, angles, labels, fit)


def _fit_places(rows: Integers, angles: _Angles, labels: Recovered, fit: ShellFit) -> ShellFit:
    rows = rows[labels.plane[rows] >= 0]
    plane, latitude = labels.plane[rows], angles.latitude[rows]
    found = best_places(latitude, plane, fit.planes)
    if found is None:
        return fit
    phase, step, seam_shift = _unwrapped(found.phase)
    turn = latitude * (found.number / 360.0) - phase[plane]
    place = np.rint(turn).astype(np.int64) % found.number
    off = np.abs(turn - np.rint(turn))
    # The nearer has the place, then the lower index.
    order = np.lexsort((rows, off))
    first = np.unique((plane * found.number + place)[order], return_index=True)[1]
    keeps = np.zeros(len(rows), bool)
    keeps[order[first]] = True
    keeps &= off <= 1.0 / 8.0
    labels.place[rows[keeps]] = place[keeps]
    in_shell = labels.shell == fit.shell
    in_shell[rows] = True
    labels.places[in_shell], labels.seam_shift[in_shell] = found.number, seam_shift
    return fit._replace(
        places=found.number,
        place_rms_deg=float(np.sqrt(np.square(off[keeps]).mean()) * 360.0 / found.number),
        place_contrast=found.contrast,
        assigned=float(keeps.sum() / fit.satellites),
        phase_step=step,
        seam_shift=seam_shift,
    )


def _unwrapped(phase: Floats) -> tuple[Floats, float, int]:
    """Phases of the planes, of a spacing, with the whole places that the numbering needs; step; shift at the seam.

    Parameters
    ----------
    phase : numpy.ndarray, shape (P,)
        Phases modulo 1; NaN for a plane without.
    """
    planes = len(phase)
    held = np.flatnonzero(np.isfinite(phase))
    step = (np.roll(phase, -1) - phase)[np.isfinite(phase) & np.isfinite(np.roll(phase, -1))]
    mean = np.exp(2j * np.pi * step).mean() if planes > 1 and len(step) else 0.0
    common = float(np.angle(mean) / (2.0 * np.pi)) if abs(mean) >= SAME_STEP else float("nan")
    # A step that leaves one half by less than half a place in a whole turn of planes is one half.
    halves = bool(abs(abs(common) - 0.5) < 0.25 / planes)
    start = phase[held[0]] % 1.0
    start -= start > 0.98  # A place just before 0 degrees is at 0.
    if halves:
        # Of the two phases the lower is the foot of the stair.
        other = (start + 0.5) % 1.0
        sign = 1.0 if start < other and other <= 0.98 else -1.0
        target = sign * 0.5 * ((np.arange(planes + 1) - held[0]) % 2)
        target[planes] = target[0] if planes % 2 == 0 else sign * 0.5 * ((planes - held[0]) % 2)
    else:
        target = (0.0 if np.isnan(common) else common) * np.arange(planes + 1)
    out = np.full(planes, np.nan)
    out[held[0]] = start
    last = held[0]
    for p in held[1:]:
        expected = out[last] + target[p] - target[last]
        out[p] = phase[p] + np.rint(expected - phase[p])
        last = p
    closing = out[last] + target[planes] - target[last] + target[held[0]] - target[0]
    return out, common, int(np.rint(closing - out[held[0]]))
