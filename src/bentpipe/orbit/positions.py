"""Earth-fixed positions of satellites, the one thing the other stages need of an orbit."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..earth import gmst82_rad
from ..earth.rotation import EARTH_RATE
from ..errors import Fault, InputError
from .circular import circular_states
from .elements import CircularElements, Floats, Sgp4Elements, check_elements
from .hermite import NODES, hermite_earth_fixed, hermite_earth_fixed_states
from .sgp4records import sgp4_records, states_at

KEY_STEP_S = 360.0
"""Key times are the multiples of this in Unix time, so that every cut of a run shares them, s."""

STEPS_AT_ONCE = 32
"""Steps between key times that are computed at once: it bounds the memory to 2 kB a satellite,
7 kB where the times lie far apart."""

KEYS_KEPT = 64
"""Key times whose states are kept: neighbouring blocks of a run, and those who ask again, share them.
3 kB a satellite."""


#: States at key times (positions, velocities, refusals), the step between these, and of each output time the key time
#: before it and the part of the step gone by: as the kernels take them.
_Between = tuple[Floats, Floats, npt.NDArray[np.uint8], float, npt.NDArray[np.int64], Floats]


class Propagator:
    """Satellites, ready to be propagated any number of times.

    Holding one across blocks of a run saves the initialisation of SGP4. Any number of threads may share it;
    SGP4 itself runs in one at a time (the library holds the interpreter lock), interpolation in all.

    Parameters
    ----------
    elements : Sgp4Elements or CircularElements
        Columns of shape (N,).
    """

    def __init__(self, elements: Sgp4Elements | CircularElements) -> None:
        self.elements = elements
        self.count = check_elements(elements)
        self._lock = threading.Lock()
        self._kept: dict[float, tuple[Floats, Floats, npt.NDArray[np.uint8]]] = {}
        if isinstance(elements, Sgp4Elements):
            self._records = sgp4_records(elements)
        else:
            self._columns = np.array(elements[2:], dtype=np.float64, order="C")

    def __reduce__(self) -> tuple[type[Propagator], tuple[Sgp4Elements | CircularElements]]:
        return Propagator, (self.elements,)

    def earth_fixed_positions(self, unix_s: npt.ArrayLike, ut1_minus_utc_s: npt.ArrayLike = 0.0) -> Floats:
        """Positions at the times given, as `earth_fixed_positions` describes them.

        Parameters
        ----------
        unix_s : array_like, shape (T,), s
            Unix time.
        ut1_minus_utc_s : array_like, shape (T,) or (), s
            UT1-UTC.

        Returns
        -------
        numpy.ndarray, shape (T, 3, N), m
            Earth-fixed positions.
        """
        times, ut1 = _check_times(unix_s, ut1_minus_utc_s)
        out = np.empty((len(times), 3, self.count))
        if self.count:
            gmst = gmst82_rad(times, ut1)
            for part, given in self._parts(times):
                hermite_earth_fixed(*given, gmst[part], out[part])
        return out

    def earth_fixed_states(self, unix_s: npt.ArrayLike, ut1_minus_utc_s: npt.ArrayLike = 0.0) -> Floats:
        """Positions as of `earth_fixed_positions`, bit for bit, with velocities.

        Parameters
        ----------
        unix_s : array_like, shape (T,), s
            Unix time.
        ut1_minus_utc_s : array_like, shape (T,) or (), s
            UT1-UTC.

        Returns
        -------
        numpy.ndarray, shape (T, N, 6), m and m/s
            Earth-fixed positions, then velocities in the frame that turns with the Earth.

        Notes
        -----
        Source: the derivative of the polynomial that gives the positions; see `bentpipe.orbit.hermite`.
        """
        times, ut1 = _check_times(unix_s, ut1_minus_utc_s)
        out = np.empty((len(times), self.count, 6))
        if self.count:
            gmst = gmst82_rad(times, ut1)
            for part, given in self._parts(times):
                hermite_earth_fixed_states(*given, gmst[part], EARTH_RATE, out[part])
        return out

    def inertial_states(self, unix_s: float) -> tuple[Floats, Floats]:
        """States at one time, TEME, straight from SGP4 or from the circles.

        Nothing is interpolated and nothing is kept: this is for looking at orbits, not for a run's slots.

        Parameters
        ----------
        unix_s : float, s
            Unix time.

        Returns
        -------
        position_m : numpy.ndarray, shape (3, N), m
            Positions (TEME); NaN for a satellite that SGP4 refuses at this time.
        velocity_m_s : numpy.ndarray, shape (3, N), m/s
            Velocities, likewise.

        Raises
        ------
        InputError
            A time that is not finite.

        Notes
        -----
        Source: D. A. Vallado et al., "Revisiting Spacetrack Report #3", AIAA 2006-6753.
        """
        times, _ = _check_times([unix_s], 0.0)
        with self._lock:
            position, velocity, refused = self._fresh_states(times)
        lost = refused[:, 0] != 0
        states = []
        for part in (position, velocity):
            state = np.ascontiguousarray(1e3 * part[:, 0].T)
            state[:, lost] = np.nan
            states.append(state)
        return states[0], states[1]

    def _states(self, unix_s: Floats) -> tuple[Floats, Floats, npt.NDArray[np.uint8]]:
        """Positions (N, K, 3) km, velocities (N, K, 3) km/s and refusals (N, K) at key times (K,)."""
        with self._lock:
            missing = np.array([t for t in unix_s.tolist() if t not in self._kept])
            if len(missing):
                position, velocity, refused = self._fresh_states(missing)
                for k, time_s in enumerate(missing.tolist()):
                    self._kept[time_s] = (position[:, k].copy(), velocity[:, k].copy(), refused[:, k].copy())
            held = [self._kept[t] for t in unix_s.tolist()]
            # What came in first goes first.
            for time_s in list(self._kept)[: max(0, len(self._kept) - KEYS_KEPT)]:
                del self._kept[time_s]
        position, velocity, refused = (np.stack(part, axis=1) for part in zip(*held, strict=True))
        return position, velocity, refused

    def _fresh_states(self, unix_s: Floats) -> tuple[Floats, Floats, npt.NDArray[np.uint8]]:
        """Compute the states of `_states`."""
        if isinstance(self.elements, Sgp4Elements):
            return states_at(self._records, unix_s)
        shape = (self.count, len(unix_s))
        position, velocity = np.empty((*shape, 3)), np.empty((*shape, 3))
        circular_states(self._columns, unix_s, position, velocity)
        return position, velocity, np.zeros(shape, np.uint8)

    def _parts(self, times: Floats) -> Iterator[tuple[slice, _Between]]:
        """Parts of the times, each with what its polynomials rest on."""
        step = np.floor(times / KEY_STEP_S)
        fraction = (times - step * KEY_STEP_S) / KEY_STEP_S
        for part in _parts(step):
            nearby = np.arange(-1.0, NODES - 1.0)
            keys = np.unique(np.unique(step[part])[:, None] + nearby)
            before = np.searchsorted(keys, step[part]).astype(np.int64)
            yield part, (*self._states(keys * KEY_STEP_S), KEY_STEP_S, before, fraction[part])


def _check_times(unix_s: npt.ArrayLike, ut1_minus_utc_s: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return times and UT1-UTC as fresh arrays of one shape (T,)."""
    times = np.array(unix_s, dtype=np.float64)
    ut1 = np.array(ut1_minus_utc_s, dtype=np.float64)
    if times.ndim != 1 or ut1.shape not in ((), times.shape):
        found = (times.shape, ut1.shape)
        raise InputError(Fault("times and UT1-UTC differ in shape", "", found, "(T,) and (T,) or ()"))
    # Beyond 3,000 years the resonance steps of SGP4 would take minutes a satellite, and mean nothing.
    if not ((np.abs(times) <= 1e11).all() and (np.abs(ut1) <= 1.0).all()):
        raise InputError(Fault("a time or UT1-UTC is not finite, or too large", "", None, "1e11 s and 1 s"))
    return times, np.broadcast_to(ut1, times.shape)


def _parts(step: Floats) -> Iterator[slice]:
    """Cut the times where the step changes, `STEPS_AT_ONCE` steps to a part, whatever their order."""
    starts = np.flatnonzero(np.diff(step, prepend=np.nan) != 0.0)
    bounds = [*starts[::STEPS_AT_ONCE].tolist(), len(step)]
    for first, last in itertools.pairwise(bounds):
        yield slice(first, last)


def earth_fixed_positions(
    elements: Sgp4Elements | CircularElements,
    unix_s: npt.ArrayLike,
    ut1_minus_utc_s: npt.ArrayLike = 0.0,
) -> Floats:
    """Earth-fixed positions of satellites.

    States are computed at the multiples of 360 s of Unix time (element sets by SGP4, Walker shells as circles
    that drift), positions between by polynomials of degree seven (0.4 m from SGP4 on average, within 3 m but
    for fits through manoeuvres, 12 m; within 0.1 m of the circles), and all turn by Greenwich sidereal time
    of UT1. The numbers of a time are the same, bit for bit, in whatever company of times they are asked for.

    Parameters
    ----------
    elements : Sgp4Elements or CircularElements
        Columns of shape (N,).
    unix_s : array_like, shape (T,), s
        Unix time (UTC without leap seconds), in any order.
    ut1_minus_utc_s : array_like, shape (T,) or (), s
        UT1-UTC, from `bentpipe.earth.load_earth_orientation`. Zero takes UTC for UT1.

    Returns
    -------
    numpy.ndarray, shape (T, 3, N), m
        Earth-fixed (ITRS, WGS 84) positions, C-contiguous; NaN for a satellite that SGP4 refuses (decayed, or
        elements without an orbit) at the key time before or after. The rotation leaves out polar motion: 17 m
        at 550 km at most (2024 to mid-2026); with UTC for UT1 it is 50 m, and 460 m where UT1-UTC is 0.9 s.
        SGP4 itself is wrong by kilometres days after its epoch.

    Raises
    ------
    InputError
        Shapes that do not fit, or times that are not finite.

    Notes
    -----
    Source: D. A. Vallado et al., "Revisiting Spacetrack Report #3", AIAA 2006-6753.
    """
    return Propagator(elements).earth_fixed_positions(unix_s, ut1_minus_utc_s)
