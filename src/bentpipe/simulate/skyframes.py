"""The satellites of a run as a viewer draws them: which serve, which climb, and where they are minute by minute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.elements import Reason, in_service, load_elements
from bentpipe.earth import to_unix_s
from bentpipe.errors import InputError
from bentpipe.orbit import recover_planes
from bentpipe.simulate.hypothetical import planes_by_number
from bentpipe.simulate.prepare import Prepared

#: Time from one key frame to the next, s; frame 0 is at Unix time 0.
KEYFRAME_S = 60.0
OUT, SERVING, RAISING = 0, 1, 2
"""States of a satellite."""
#: Satellites that climb, or that fly in strings, as those do that climb or wait to.
_RAISING = (Reason.RAISING, Reason.STRING)


def keyframes(prepared: Prepared, numbers: Sequence[int]) -> npt.NDArray[np.float32]:
    """Positions and velocities of all satellites.

    Parameters
    ----------
    prepared : Prepared
        The run.
    numbers : sequence of K int
        Key frames.

    Returns
    -------
    (K, N, 6) float32
        Earth-fixed positions, m, and velocities in the turning frame, m/s, at Unix time 60 k; NaN for a satellite that
        SGP4 refuses. Cubic Hermite interpolation between two frames is within a metre of the run's own positions:
        0.35 m from the cubic at 550 km, and up to 0.4 m from single precision.
    """
    unix_s = KEYFRAME_S * np.asarray(numbers, np.float64)
    states = prepared.propagator.earth_fixed_states(unix_s, prepared.orientation.ut1_minus_utc(unix_s))
    return states.astype(np.float32)


def fleet_states(prepared: Prepared) -> dict[str, Any]:
    """Say what the satellites of a run are.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    dict
        "state" (N,) uint8: `OUT`, `SERVING`, `RAISING`; "shell" and "plane" (N,) int32, -1 where not known; "shells",
        a list of name and planes, None where planes have no numbers that an event may name; "lasers" (N,) bool, in
        service with lasers.
    """
    fleet = prepared.fleet
    state = np.where(fleet.up, SERVING, OUT).astype(np.uint8)
    state[~fleet.up & _climbing(prepared)] = RAISING
    count = len(fleet.shells)
    # Clusters of an element set that are no shells come after those that are.
    shell = np.where(fleet.shell < count, fleet.shell, -1)
    numbered = planes_by_number(prepared)
    planes: list[int | None] = [None] * count
    if numbered is not None and len(numbered) == count:
        planes = list(numbered)
    lasers = prepared.lasers.able if prepared.lasers is not None else np.zeros(len(state), np.bool_)
    return {
        "state": state,
        "shell": shell.astype(np.int32),
        "plane": _planes(prepared).astype(np.int32),
        "shells": [{"name": fleet.shells[i][0], "planes": planes[i]} for i in range(count)],
        "lasers": lasers,
    }


def _climbing(prepared: Prepared) -> npt.NDArray[np.bool_]:
    """Satellites that their element sets show to climb, or in strings, (N,)."""
    chosen = prepared.scenario.constellation
    if chosen.source != "elements" or chosen.elements is None or chosen.in_service != "auto":
        return np.zeros(len(prepared.fleet.up), np.bool_)
    start = np.datetime64(prepared.scenario.time.start)
    found = in_service(load_elements(chosen.elements), start, chosen.include, chosen.exclude)
    return np.isin(found.reason, _RAISING)


def _planes(prepared: Prepared) -> npt.NDArray[np.int64]:
    """Plane of each satellite within its shell, (N,) int64, -1 where not known."""
    fleet = prepared.fleet
    if (fleet.plane >= 0).any():
        return fleet.plane
    if prepared.lasers is not None:
        return prepared.lasers.labels.plane
    position, velocity = fleet.propagator.inertial_states(float(to_unix_s(np.datetime64(fleet.date))))
    known = (fleet.shell[fleet.up] >= 0).any()
    try:
        return recover_planes(position, velocity, fleet.up, fleet.shell if known else None).plane
    except InputError:
        return np.full(len(fleet.up), -1, np.int64)
