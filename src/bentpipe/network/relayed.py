"""How every satellite reaches the ground in one slot: by the gateway that follows it, or over lasers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.network.followed import Followed

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]


class Relayed(NamedTuple):
    """Way to the ground of N satellites in one slot.

    Parameters
    ----------
    gateway : (N,) int32
        Gateway at its end; -1 for none.
    range_m : (N,) float64
        Feeder link of the satellite that lands there, m; infinity where there is none.
    gateways_in_view : (N,) int32
        Above 0 where a gateway with an antenna is in view of the satellite, or of one that lasers lead to.
    landing : (N,) int32
        Satellite that lands; the satellite itself where a gateway follows it, or there is no way.
    following : (N,) int32
        Next satellite on the way from one that is not followed; it leads on to the landing one, where it is -1.
    lasers : (N,) int32
        Lasers on the way.
    laser_m : (N,) float64
        Their length together, m.
    """

    gateway: Int32Array
    range_m: FloatArray
    gateways_in_view: Int32Array
    landing: Int32Array
    following: Int32Array
    lasers: Int32Array
    laser_m: FloatArray


def without_lasers(followed: Followed) -> Relayed:
    """Ways down where every path is a bent pipe.

    Parameters
    ----------
    followed : Followed
        N satellites.

    Returns
    -------
    Relayed
    """
    n = len(followed.gateway)
    own, none = np.arange(n, dtype=np.int32), np.full(n, -1, np.int32)
    return Relayed(*followed, own, none, np.zeros(n, np.int32), np.zeros(n))
