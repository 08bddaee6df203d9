"""Geomagnetic storms: which satellites stop, and when.

A satellite passes poleward of a geomagnetic latitude at some time of its orbit, or never. What is computed here rests
on the storm's own start, not on the slots that are asked for, so that a run is the same however it is cut.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, place_id, uniforms
from bentpipe.earth import geomagnetic_latitude_deg
from bentpipe.scenario import Storm
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.timeline import window_s

#: Satellites are looked for once so often, s.
STEP_S = 60.0
#: For so many orbits from the start of the storm.
ORBITS = 2
#: Steps whose positions are held at once.
_STEPS_AT_ONCE = 32
#: Gravitational parameter of the Earth, m3/s2 (WGS 84).
_MU = 3.986004418e14

FloatArray = npt.NDArray[np.float64]


def stormed(prepared: Prepared, event: Storm, unix_s: FloatArray, seed: int) -> npt.NDArray[np.bool_]:
    """Satellites that a storm has stopped.

    Parameters
    ----------
    prepared : Prepared
        The run.
    event : Storm
        One of its timeline.
    unix_s : (T,) float64
        Unix time, s.
    seed : int
        Seed of the draws.

    Returns
    -------
    (T, N) bool
    """
    start, end = window_s(prepared.scenario, event)
    stops = first_passages(prepared, start, end, event.above_latitude_deg)
    # One draw a satellite and storm: a satellite that is not drawn passes unharmed as often as it likes.
    draw = uniforms(seed, Purpose.STORM, place_id(event.id) & 0xFFFFFFFF, prepared.fleet.satellite_id, 0)
    stops = np.where(draw < event.share, stops, np.inf)
    back = np.full(len(stops), end) if event.recovery is None else stops + event.recovery.total_seconds()
    return np.asarray((unix_s[:, None] >= stops) & (unix_s[:, None] < back), np.bool_)


def first_passages(prepared: Prepared, start_s: float, end_s: float, above_latitude_deg: float) -> FloatArray:
    """When each satellite is first found poleward of a geomagnetic latitude, once a minute over two orbits.

    Parameters
    ----------
    prepared : Prepared
        The run; what is found is kept with its fleet.
    start_s, end_s : float
        From when to when the storm holds, unix time, s; the end may be infinite.
    above_latitude_deg : float
        Geomagnetic dipole latitude, north or south, degrees.

    Returns
    -------
    (N,) float64
        Unix time, s; infinity for never.
    """
    kept = prepared.fleet.passages
    key = (start_s, end_s, above_latitude_deg)
    if key not in kept:
        kept[key] = _first_passages(prepared, *key)
    return kept[key]


def _first_passages(prepared: Prepared, start_s: float, end_s: float, above_latitude_deg: float) -> FloatArray:
    first = np.full(len(prepared.fleet.up), np.inf)
    until = min(end_s, start_s + ORBITS * _period_s(prepared, start_s))
    steps = max(1, math.ceil((until - start_s) / STEP_S))
    times = start_s + STEP_S * np.arange(steps, dtype=np.float64)
    for begin in range(0, len(times), _STEPS_AT_ONCE):
        part = times[begin : begin + _STEPS_AT_ONCE]
        poleward = np.abs(geomagnetic_latitude_deg(_positions(prepared, part))) >= above_latitude_deg
        found = np.where(poleward.any(axis=0), part[poleward.argmax(axis=0)], np.inf)
        first = np.minimum(first, found)
    return first


def _positions(prepared: Prepared, unix_s: FloatArray) -> FloatArray:
    return prepared.propagator.earth_fixed_positions(unix_s, prepared.orientation.ut1_minus_utc(unix_s))


def _period_s(prepared: Prepared, unix_s: float) -> float:
    """Period of the highest satellite, as if its orbit were a circle, s."""
    (position,) = _positions(prepared, np.array([unix_s]))
    radius = np.sqrt(np.square(position).sum(axis=0))
    highest = float(radius[np.isfinite(radius)].max(initial=0.0))
    return 2.0 * math.pi * math.sqrt(highest**3 / _MU)
