"""Who asks for capacity: the terminals of each place, by kind where kinds weigh differently."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.network.flows import LARGEST_WEIGHT, Flows
from bentpipe.simulate.people import People
from bentpipe.simulate.prepare import Prepared

IntArray = npt.NDArray[np.int64]


class Classes:
    """Who asks for capacity: one flow for each place, or for each place and kind where kinds weigh differently.

    Parameters
    ----------
    prepared : Prepared
        The run.
    people : People
        Terminals of one seed.
    """

    def __init__(self, prepared: Prepared, people: People) -> None:
        scenario, sites = prepared.scenario, prepared.territory.sites
        by_kind = scenario.demand.weights
        weights = np.ones(people.terminals.count.shape, np.int64)
        weights *= np.array([by_kind.get(kind, 1) for kind in scenario.terminals.kinds] or [1])[:, None]
        for i, site in enumerate(sites):
            weights[0, len(prepared.territory.cell_id) + i] = by_kind.get(site.kind, 1)
        count = people.terminals.count
        if len(np.unique(weights[count > 0])) > 1:
            self.cell, kind = (np.ascontiguousarray(index) for index in np.nonzero(count.T > 0))
            self.weight = weights[kind, self.cell]
            self.share = count[kind, self.cell] / people.total[self.cell]
        else:
            self.cell = np.flatnonzero(people.total > 0)
            self.weight, self.share = np.ones(len(self.cell), np.int64), np.ones(len(self.cell))
        highest = int(self.weight.max()) if scenario.demand.strict and len(self.weight) else 0
        self.rank = np.maximum(highest - self.weight, 0)

    def flows(self, offered: IntArray, ready: npt.NDArray[np.int32]) -> Flows | None:
        """Flows that ask for something in a slot; None where nobody does.

        Terminals that are off are taken to be of all kinds alike.

        Parameters
        ----------
        offered : (C,) int64
            What each place asks for, bit/s.
        ready : (C,) int32
            Terminals that are on.

        Returns
        -------
        Flows or None
        """
        demand = (offered[self.cell] * self.share).astype(np.int64)
        some = demand > 0
        if not some.any():
            return None
        terminals = np.maximum(np.rint(ready[self.cell] * self.share), 1).astype(np.int64)
        weight = np.minimum(terminals * self.weight, LARGEST_WEIGHT)
        return Flows(self.cell[some], demand[some], weight[some], self.rank[some])
