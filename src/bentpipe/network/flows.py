"""What is shared out in one slot: the flows, the capacities on their way, and what each flow gets.

::

    flow -> beam cell (spectrum) -> link (beam time) -> satellite (feeder) -> gateway (antennas)

Beam time and spectrum are separate limits: a further satellite brings a cell more beam time but no more spectrum,
since overlapping beams of one channel would exceed the power-flux density limit. All rates are whole numbers of
bit/s, so that sums do not depend on their order.
"""

from __future__ import annotations

import enum
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError

IntArray = npt.NDArray[np.int64]

LARGEST_BPS: Final = 1 << 50
"""Largest rate that is taken, bit/s (about 1.1e15): whole numbers up to there are exact as float64, too."""

LARGEST_WEIGHT: Final = 1 << 20
"""Largest weight: products of a weight and a sum of four million weights fit into 64 bits."""


class Limit(enum.IntEnum):
    """What keeps a flow from getting more."""

    UNSERVED = 0
    DEMAND = 1
    CELL_SPECTRUM = 2
    BEAM_TIME = 3
    SATELLITE = 4
    GATEWAY = 5
    LASER = 6


class Flows(NamedTuple):
    """Who asks for capacity: F flows, one for each cell or for each pair of cell and class.

    Parameters
    ----------
    cell : (F,) int64
        Index of the cell.
    demand_bps : (F,) int64
        Wished rate, bit/s. Fractions of a bit/s are dropped.
    weight : (F,) int64
        Whole weight from 1 to 2**20: of two flows at one bottleneck, one of weight 3 gets three times as much.
        The number of terminals makes shares fair between terminals.
    rank : (F,) int64
        Strict order: the flows of a lower rank get their shares first, those of the next rank share what is left.
        All 0 for weights alone.
    """

    cell: IntArray
    demand_bps: IntArray
    weight: IntArray
    rank: IntArray


class SlotCapacity(NamedTuple):
    """What one slot has to give: C cells, P usable links, N satellites, G gateways. All rates in bit/s.

    Parameters
    ----------
    cell_id : (C,) uint64
        H3 cells or other ids; ties go to the lower one, so that the order of the cells does not matter.
    start, stop : (C,) int64
        Rows of each cell's links.
    satellite : (P,) int32
        Satellite of each link.
    serving : (C,) int64
        Row of the link that the scheduler chose; -1 for none. See `bentpipe.network.beams.BeamTime.link`.
    beam_bps : (P,) int64
        What a link carries in the beam time that it has: slices times the rate of one slice at the link's own
        spectral efficiency. 0 where the cell gets no beam time.
    spectrum_bps : (C,) int64
        What the spectrum over a cell carries, however many satellites there are.
    satellite_bps : (N,) int64
        Feeder link of each satellite.
    gateway : (N,) int32
        Gateway that follows each satellite; -1 for none.
    gateway_bps : (G,) int64
        Antennas and spectrum of each gateway.
    """

    cell_id: npt.NDArray[np.uint64]
    start: IntArray
    stop: IntArray
    satellite: npt.NDArray[np.int32]
    serving: IntArray
    beam_bps: IntArray
    spectrum_bps: IntArray
    satellite_bps: IntArray
    gateway: npt.NDArray[np.int32]
    gateway_bps: IntArray


class Shares(NamedTuple):
    """What each flow gets in one slot.

    Parameters
    ----------
    rate_bps : (F,) int64
        Rate, bit/s.
    limit : (F,) int8
        The `Limit` that binds the flow. Of several, the first of demand, spectrum, beam time, satellite, gateway.
    link_bps : (P,) int64
        Rate that each link carries, bit/s; over a cell's links it adds up to the rates of its flows.
    """

    rate_bps: IntArray
    limit: npt.NDArray[np.int8]
    link_bps: IntArray

    @property
    def total_bps(self) -> int:
        """Sum of the rates, bit/s."""
        return int(self.rate_bps.sum())


def cell_spectrum_bps(
    channels: npt.ArrayLike, channel_bps: npt.ArrayLike, polarisations: npt.ArrayLike = 1
) -> IntArray:
    """Rate that the spectrum over a cell carries: channels times channel rate times polarisations.

    Parameters
    ----------
    channels : (C,) or scalar
        Channels that may be lit over the cell at once; 8 for the Starlink user downlink (10.7 to 12.7 GHz).
    channel_bps : (C,) or scalar
        Bandwidth times spectral efficiency, bit/s.
    polarisations : (C,) or scalar
        1 or 2.

    Returns
    -------
    (C,) int64
        Limit in bit/s, whatever the number of satellites (power-flux density, ITU Radio Regulations Article 22).
    """
    limit = np.asarray(channels, np.float64) * np.asarray(channel_bps, np.float64) * np.asarray(polarisations)
    return np.atleast_1d(checked_rates(limit, "spectrum"))


def scheduled_beam_bps(link: IntArray, slices: IntArray, slice_bps: npt.ArrayLike) -> IntArray:
    """Rate that each link carries in the beam time that the scheduler gave.

    Parameters
    ----------
    link : (C,) int64
        Row of the link that serves each cell; -1 for none.
    slices : (C,) int64
        Slices of beam time.
    slice_bps : (P,) float64
        Rate of one slice on each link, bit/s: channel bandwidth times spectral efficiency over slices a beam.

    Returns
    -------
    (P,) int64
        In bit/s; 0 on links that do not serve.
    """
    rate = np.asarray(slice_bps, np.float64)
    out = np.zeros(rate.shape, np.int64)
    served = link >= 0
    out[link[served]] = checked_rates(slices[served] * rate[link[served]], "slice_bps")
    return out


def checked_rates(value: npt.ArrayLike, where: str) -> IntArray:
    """Rates in whole bit/s, or what is wrong with them.

    Parameters
    ----------
    value : array_like
        Rates, bit/s.
    where : str
        What they are, for the message.

    Returns
    -------
    array of int64
        In bit/s; fractions are dropped.

    Raises
    ------
    InputError
        A rate is negative, not a number or above `LARGEST_BPS`.
    """
    array = np.asarray(value)
    fault = _rate_fault(array, where)
    if fault:
        raise InputError(fault)
    return np.ascontiguousarray(array, np.int64)


def _rate_fault(array: npt.NDArray[Any], where: str) -> Fault | None:
    allowed = f"0 to {LARGEST_BPS} bit/s"
    if array.dtype.kind not in "iuf":
        return Fault("rates must be numbers", where, str(array.dtype), allowed)
    # Written so that NaN fails.
    if array.size and not (array.min() >= 0 and array.max() <= LARGEST_BPS):
        bad = array[~((array >= 0) & (array <= LARGEST_BPS))].flat[0]
        what = "a rate is not a number" if bad != bad else "a rate is out of range"
        return Fault(what, where, bad.item(), allowed)
    return None


def _weight_fault(weight: npt.NDArray[Any], where: str) -> Fault | None:
    allowed = f"whole numbers from 1 to {LARGEST_WEIGHT}"
    if weight.dtype.kind not in "iuf":
        return Fault("weights must be numbers", where, str(weight.dtype), allowed)
    good = (weight >= 1) & (weight <= LARGEST_WEIGHT) & (weight == np.floor(weight))
    if not good.all():
        return Fault(
            "a weight is not a whole number in the range", where, weight[~good].flat[0].item(), allowed,
            "scale the weights to whole numbers; a flow without demand needs no weight of 0",
        )  # fmt: skip
    return None


def _index_fault(index: npt.NDArray[Any], low: int, size: int, where: str) -> Fault | None:
    if index.dtype.kind not in "iu":
        return Fault("indices must be whole numbers", where, str(index.dtype))
    if index.size and (index.min() < low or index.max() >= size):
        bad = index[(index < low) | (index >= size)].flat[0]
        return Fault("an index is out of range", where, bad.item(), f"{low} to {size - 1}")
    return None


def checked_flows(flows: Flows, cells: int) -> Flows:
    """Flows with the types that the kernels take, or all that is wrong with them.

    Parameters
    ----------
    flows : Flows
        F flows; rates and weights may be floats.
    cells : int
        C.

    Returns
    -------
    Flows

    Raises
    ------
    InputError
        No flows, negative or missing demand, a weight of zero, an unknown cell, or lengths that differ.
    """
    cell, demand, weight, rank = (np.asarray(array) for array in flows)
    if cell.size == 0:
        raise InputError(Fault("there are no flows", "flows", (), "at least one flow"))
    faults = [
        Fault("one value for each flow is wanted", f"flows.{name}", array.shape, str((cell.size,)))
        for name, array in zip(Flows._fields, (cell, demand, weight, rank), strict=True)
        if array.shape != (cell.size,)
    ]
    found = (
        _index_fault(cell, 0, cells, "flows.cell"),
        _rate_fault(demand, "flows.demand_bps"),
        _weight_fault(weight, "flows.weight"),
        None if rank.dtype.kind in "iu" else Fault("ranks must be whole numbers", "flows.rank", str(rank.dtype)),
    )
    faults += [fault for fault in found if fault]
    if faults:
        raise InputError(*faults)
    return Flows(*(np.ascontiguousarray(array, np.int64) for array in (cell, demand, weight, rank)))


def checked_capacity(capacity: SlotCapacity) -> SlotCapacity:
    """Capacities with the types that the kernels take, or all that is wrong with them.

    Parameters
    ----------
    capacity : SlotCapacity
        Rates may be floats; fractions of a bit/s are dropped.

    Returns
    -------
    SlotCapacity

    Raises
    ------
    InputError
        Negative or missing rates, unknown satellites, gateways or links, or lengths that differ.
    """
    arrays: list[Any] = [np.asarray(array) for array in capacity]
    given = SlotCapacity(*arrays)
    cells, links = len(given.start), len(given.satellite)
    satellites, gateways = len(given.satellite_bps), len(given.gateway_bps)
    lengths = (cells, cells, cells, links, cells, links, cells, satellites, satellites, gateways)
    size = dict(zip(SlotCapacity._fields, lengths, strict=True))
    faults: list[Fault | None] = [
        Fault("the length is wrong", f"capacity.{name}", getattr(given, name).shape, str((count,)))
        for name, count in size.items()
        if getattr(given, name).shape != (count,)
    ]
    if not faults:
        faults = [
            _rate_fault(array, f"capacity.{name}") for name, array in given._asdict().items() if name.endswith("_bps")
        ]
        faults += [
            _index_fault(given.satellite, 0, satellites, "capacity.satellite"),
            _index_fault(given.gateway, -1, gateways, "capacity.gateway"),
            _index_fault(given.start, 0, links + 1, "capacity.start"),
            _index_fault(given.stop, 0, links + 1, "capacity.stop"),
            _serving_fault(given),
        ]
    real = [fault for fault in faults if fault]
    if real:
        raise InputError(*real)
    types = (np.uint64, np.int64, np.int64, np.int32, np.int64, np.int64, np.int64, np.int64, np.int32, np.int64)
    typed: list[Any] = [np.ascontiguousarray(array, kind) for array, kind in zip(arrays, types, strict=True)]
    return SlotCapacity(*typed)


def _serving_fault(given: SlotCapacity) -> Fault | None:
    own = (given.serving == -1) | ((given.serving >= given.start) & (given.serving < given.stop))
    if not own.all():
        bad = given.serving[~own].flat[0].item()
        what = "a cell is served over a link that is not its own"
        return Fault(what, "capacity.serving", bad, "start to stop, or -1")
    if len(np.unique(given.cell_id)) != len(given.cell_id):
        return Fault("two cells have the same id", "capacity.cell_id", None, "one id a cell")
    return None
