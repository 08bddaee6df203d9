"""Costs and entries as the kernels take them, or what is wrong with them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.network.mesh import Entries, FloatArray, Mesh


def check_costs(mesh: Mesh, cost_m: npt.ArrayLike) -> FloatArray:
    """Costs of the lasers as an array, or say what is wrong with them."""
    cost = np.ascontiguousarray(cost_m, np.float64)
    if cost.shape != (len(mesh.pair),):
        raise InputError(Fault("every laser needs one cost", "cost_m", cost.shape, f"({len(mesh.pair)},)"))
    if not (cost > 0.0).all():
        raise InputError(
            Fault(
                "the cost of a laser must be above zero",
                "cost_m",
                float(cost[~(cost > 0.0)][0]),
                "above 0, or inf for a laser that carries nothing",
            )
        )
    return cost


def check_entries(mesh: Mesh, entries: Entries) -> Entries:
    """The entries as arrays of the kernels' types, or say what is wrong with them."""
    start, stop = np.ascontiguousarray(entries.start, np.int64), np.ascontiguousarray(entries.stop, np.int64)
    satellite = np.ascontiguousarray(entries.satellite, np.int32)
    cost = np.ascontiguousarray(entries.cost_m, np.float64)
    if start.shape != stop.shape or start.ndim != 1 or satellite.shape != cost.shape or satellite.ndim != 1:
        shapes = (start.shape, stop.shape, satellite.shape, cost.shape)
        raise InputError(Fault("arrays of entries differ in shape", "entries", shapes, "(K,), (K,), (P,), (P,)"))
    if start.size and not (start.min() >= 0 and (start <= stop).all() and stop.max() <= len(satellite)):
        raise InputError(Fault("an end names entries that there are not", "start, stop", None, f"0 to {len(cost)}"))
    if satellite.size and not 0 <= satellite.min() <= satellite.max() < mesh.satellites:
        raise InputError(
            Fault("an entry names a satellite that there is not", "satellite", None, f"0 to {mesh.satellites - 1}")
        )
    if not (cost >= 0.0).all():
        raise InputError(
            Fault("the cost of an entry must not be negative", "cost_m", float(cost[~(cost >= 0.0)][0]), "0 or more")
        )
    return Entries(start, stop, satellite, cost)
