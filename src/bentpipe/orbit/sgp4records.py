"""SGP4 at key times, by the ``sgp4`` library."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..earth import julian_date
from .elements import Floats, Sgp4Elements, check_elements

SGP4_EPOCH_DAYS = 7306.0
"""Days from SGP4's own epoch, 1949-12-31T00:00:00, to 1970-01-01T00:00:00."""

DUMMY_NUMBER = 1
"""Number given to every record: SGP4 computes nothing with it, and the library refuses those above 339999."""


def sgp4_records(elements: Sgp4Elements) -> Any:
    """Initialise SGP4 for every satellite (8 us each).

    Parameters
    ----------
    elements : Sgp4Elements
        Columns of shape (N,).

    Returns
    -------
    sgp4.api.SatrecArray
        N records, with WGS 72 constants and in the improved mode of operation, as element sets require.

    Notes
    -----
    Source: D. A. Vallado et al., "Revisiting Spacetrack Report #3", AIAA 2006-6753, as wrapped by ``sgp4``.
    """
    from sgp4.api import WGS72, Satrec, SatrecArray

    check_elements(elements)
    epoch_days = np.asarray(elements.epoch_unix_s, np.float64) / 86_400.0 + SGP4_EPOCH_DAYS
    columns = [np.asarray(column, np.float64).tolist() for column in (epoch_days, *elements[2:])]
    records = []
    for row in zip(*columns, strict=True):
        record = Satrec()
        record.sgp4init(WGS72, "i", DUMMY_NUMBER, *row)
        records.append(record)
    return SatrecArray(records)


def states_at(records: Any, unix_s: Floats) -> tuple[Floats, Floats, npt.NDArray[np.uint8]]:
    """Positions and velocities of SGP4, TEME.

    Parameters
    ----------
    records : sgp4.api.SatrecArray
        N satellites.
    unix_s : numpy.ndarray, shape (K,), s
        Unix time.

    Returns
    -------
    position_km : numpy.ndarray, shape (N, K, 3), km
        Positions.
    velocity_km_s : numpy.ndarray, shape (N, K, 3), km/s
        Velocities.
    refused : numpy.ndarray of uint8, shape (N, K)
        SGP4's error code, 0 where there is none: 1 to 4 orbit out of bounds, 6 decayed.
    """
    day, fraction = julian_date(unix_s)
    error, position, velocity = records.sgp4(day, fraction)
    # SGP4 may answer NaN without an error code, where it was initialised with nonsense.
    lost = ~np.isfinite(position).all(axis=2) & (error == 0)
    error[lost] = 1
    return position, velocity, error
