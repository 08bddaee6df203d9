"""What a scheduling policy sees: the usable links of one slot, as arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class Links(NamedTuple):
    """Usable links of one slot, between C places and N satellites; P links in all.

    The links of place ``c`` are rows ``start[c]:stop[c]`` of the arrays over links. A policy gives each link a
    score; among the satellites that a gateway follows and that have beam time left, a place is served by the one
    of highest score. Links to satellites that no gateway follows are never chosen and need no score.

    Parameters
    ----------
    slot : int
        Absolute slot number.
    seed : int
        Seed of the run's draws.
    start, stop : (C,) int64
        Rows of each place.
    satellite : (P,) int32
        Index of the satellite.
    sin_elevation : (P,) float32
        Sine of the elevation at the place.
    north : (P,) float32
        North component of the unit direction at the place.
    slant_range_m : (P,) float32
        Distance from place to satellite, m.
    remaining_slots : (P,) int16
        Slots for which the satellite stays usable from the place without a break, this one included, up to
        one more than the policy's ``lookahead_slots``; empty where the policy asks for no lookahead.
    followed : (N,) bool
        Satellites that a gateway follows in this slot.
    feeder_path_m : (N,) float64
        Range to the gateway that follows the satellite plus its fibre route to the point of presence, the
        latter divided by the velocity factor, m; infinity where none follows.
    satellite_id : (N,) int64
        Catalogue numbers.
    satellite_log_weight : (N,) float64
        Logarithm of the preference for the satellite's generation.
    place_id : (C,) uint64
        H3 cells, or hashes of site ids.
    poleward_sign : (C,) float64
        Factor that turns north into poleward, from -1 to 1.
    previous : (C,) int32
        Satellite that served each place in the previous slot; -1 for none. Only for a policy with memory.
    """

    slot: int
    seed: int
    start: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]
    satellite: npt.NDArray[np.int32]
    sin_elevation: npt.NDArray[np.float32]
    north: npt.NDArray[np.float32]
    slant_range_m: npt.NDArray[np.float32]
    remaining_slots: npt.NDArray[np.int16]
    followed: npt.NDArray[np.bool_]
    feeder_path_m: FloatArray
    satellite_id: npt.NDArray[np.int64]
    satellite_log_weight: FloatArray
    place_id: npt.NDArray[np.uint64]
    poleward_sign: FloatArray
    previous: npt.NDArray[np.int32]

    def place_of_link(self) -> npt.NDArray[np.int64]:
        """Index of the place of each link, (P,) int64."""
        place = np.empty(len(self.satellite), np.int64)
        order = np.argsort(self.start, kind="stable")
        place[:] = np.repeat(order, (self.stop - self.start)[order])
        return place
