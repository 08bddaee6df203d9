"""Fair shares where lasers carry traffic to the gateways: one more kind of limit on the way of each flow.

::

    flow -> spectrum over its place -> beam time -> satellite -> lasers, one by one -> feeder link -> gateway

Max-min fair (Bertsekas and Gallager, Data Networks, 1992, section 6.5.2), exact, for the ways that `relayed` found.
A satellite that lasers lead to carries the traffic of others besides its own; a bent pipe does not change.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.network.blockshares import BlockShares
from bentpipe.network.flows import Flows, Limit
from bentpipe.network.maxmin import max_min_rates
from bentpipe.network.relayed import Relayed
from bentpipe.network.relaying import laser_steps
from bentpipe.simulate.classes import Classes
from bentpipe.simulate.linkrates import Links
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.radio import UNLIMITED_BPS, Direction
from bentpipe.simulate.recipe import Block

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def share_over_lasers(
    prepared: Prepared,
    block: Block,
    direction: Direction,
    own: tuple[Links, FloatArray, FloatArray],
    offered: IntArray,
    free: FloatArray,
    trunk: IntArray,
) -> BlockShares:
    """Share out a block, slot by slot.

    Parameters
    ----------
    prepared : Prepared
        The run, with lasers.
    block : Block
        T slots, scheduled.
    direction : Direction
        Down or up.
    own : (Links, (L,) float64, (L,) float64)
        Serving links, by slot, what a channel carries over each, and what its width carries over the feeder link at its
        end (`bentpipe.simulate.linkrates.landing_rates`), bit/s.
    offered : (T, C) int64
        What each place asks for, bit/s.
    free, trunk : (T,) float64, (T,) int64
        Part of a satellite, and bit/s of a gateway, that the neighbours leave.

    Returns
    -------
    BlockShares
    """
    shape = block.satellite.shape
    out = BlockShares(
        np.zeros(shape, np.int64), np.zeros(shape, np.int8), np.zeros(shape),
        np.zeros((shape[0], len(prepared.ground.id)), np.int64),
    )  # fmt: skip
    classes = Classes(prepared, prepared.people[0])
    links, channel_bps, landing_bps = own
    first = np.searchsorted(links.row, np.arange(shape[0] + 1))
    for row in range(shape[0]):
        ways, flows = block.ways[row], classes.flows(offered[row], block.world.ready[row])
        rows = slice(first[row], first[row + 1])
        if ways is None or flows is None or rows.stop == rows.start:
            continue
        mine = Links._make(column[rows] for column in links)
        slices = block.beam_slices[row, mine.place]
        bps = channel_bps[rows], landing_bps[rows]
        slot = _Slot(prepared, direction, mine, bps, slices, ways, free[row], int(trunk[row]))
        slot.share(flows, row, out)
    return out


class _Slot:
    """Limits of one slot, numbered in the order in which a packet from the ground meets them.

    Places (spectrum), links (beam time), satellites, lasers by their sender, feeder links by the satellite that lands,
    gateways.
    """

    def __init__(
        self,
        prepared: Prepared,
        direction: Direction,
        links: Links,
        bps: tuple[FloatArray, FloatArray],
        slices: npt.NDArray[np.int32],
        ways: Relayed,
        free: float,
        trunk: int,
    ) -> None:
        assert prepared.lasers is not None
        places, satellites = len(prepared.place_key), len(prepared.fleet.up)
        channel_bps, landing_bps = bps
        self.links, self.ways = links, ways
        self.landing = ways.landing[links.satellite].astype(np.int64)
        worth = np.zeros(satellites)
        np.maximum.at(worth, self.landing, landing_bps)
        spectrum = np.zeros(places)
        spectrum[links.place] = (direction.channels * prepared.beam_cells)[links.place] * channel_bps
        feeder = np.full(satellites, float(UNLIMITED_BPS))
        if direction.gateway is not None:
            feeder = free * direction.feeder_channels * worth
        parts = (
            spectrum, slices * channel_bps / prepared.scenario.satellite.cells_per_beam,
            free * direction.satellite_bps, np.full(satellites, prepared.lasers.rate_bps), feeder,
            np.full(len(prepared.ground.id), trunk),
        )  # fmt: skip
        self.begin = np.cumsum([0, *(len(part) for part in parts)])
        self.capacity = np.concatenate(parts).astype(np.int64)
        self.link_of = np.full(places, -1, np.int64)
        self.link_of[links.place] = np.arange(len(links.place))

    def share(self, flows: Flows, row: int, out: BlockShares) -> None:
        """Give each flow its share, and write the row."""
        link = self.link_of[flows.cell]
        served = np.flatnonzero(link >= 0)
        flows = Flows._make(column[served] for column in flows)
        offset, limit = self._limits(link[served])
        rate, kind = np.zeros(len(served), np.int64), np.zeros(len(served), np.int8)
        left = self.capacity.copy()
        for rank in np.unique(flows.rank):
            chosen = np.flatnonzero(flows.rank == rank)
            at, part = _rows(offset, chosen)
            given = max_min_rates(part, limit[at], left, flows.demand_bps[chosen], flows.weight[chosen])
            rate[chosen] = given.rate_bps
            kind[chosen] = np.where(given.bottleneck < 0, Limit.DEMAND, self._kind(given.bottleneck))
            np.subtract.at(left, limit[at], np.repeat(given.rate_bps, np.diff(part)))
        np.add.at(out.given_bps[row], flows.cell, rate)
        np.maximum.at(out.limit[row], flows.cell, kind)
        self._write(left, rate, link[served], row, out)

    def _limits(self, link: IntArray) -> tuple[IntArray, IntArray]:
        """Limits on the way of each flow: offsets and numbers."""
        satellite = self.links.satellite[link]
        steps, sender = laser_steps(self.ways, satellite)
        lasers = np.diff(steps)
        offset = np.concatenate([[0], np.cumsum(5 + lasers)]).astype(np.int64)
        limit = np.empty(offset[-1], np.int64)
        ends = (
            self.links.place[link], self.begin[1] + link, self.begin[2] + satellite,
            self.begin[4] + self.landing[link], self.begin[5] + self.links.gateway[link],
        )  # fmt: skip
        for i, values in enumerate(ends):
            limit[offset[:-1] + i + (lasers if i > 2 else 0)] = values
        flow = np.repeat(np.arange(len(link)), lasers)
        limit[offset[flow] + 3 + np.arange(len(sender)) - steps[flow]] = self.begin[3] + sender
        return offset, limit

    def _kind(self, number: IntArray) -> npt.NDArray[np.int8]:
        """Kind of the limits of these numbers."""
        kinds = (
            Limit.CELL_SPECTRUM, Limit.BEAM_TIME, Limit.SATELLITE, Limit.LASER, Limit.SATELLITE, Limit.GATEWAY,
        )  # fmt: skip
        return np.array(kinds, np.int8)[np.searchsorted(self.begin, number, "right") - 1]

    def _write(self, left: IntArray, rate: IntArray, link: IntArray, row: int, out: BlockShares) -> None:
        """What goes through the gateways, and what the way of each place has left."""
        through = np.bincount(self.links.gateway[link], rate, out.gateway_bps.shape[1])
        out.gateway_bps[row] = through.astype(np.int64)
        every = np.arange(len(self.links.place))
        offset, limit = self._limits(every)
        # From the satellite on: beam time and spectrum are looked at where the peak is made.
        shared = np.where(limit >= self.begin[2], left[limit], UNLIMITED_BPS)
        out.room_bps[row, self.links.place] = np.minimum.reduceat(shared, offset[:-1])


def _rows(offset: IntArray, chosen: IntArray) -> tuple[IntArray, IntArray]:
    """Rows of some flows' limits, one flow after the other, and their offsets."""
    count = np.diff(offset)[chosen]
    part = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    at = np.repeat(offset[chosen] - part[:-1], count) + np.arange(part[-1])
    return at, part
