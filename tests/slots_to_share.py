"""Small slots to share out, for tests of the sharing policies."""

from __future__ import annotations

import numpy as np

from bentpipe.network.flows import Flows, SlotCapacity


def flows_of(
    demand: list[int], cell: list[int] | None = None, weight: list[int] | None = None, rank: list[int] | None = None
) -> Flows:
    """One flow a cell, of weight 1 and rank 0, where nothing else is said."""
    count = len(demand)
    return Flows(
        np.array(range(count) if cell is None else cell, np.int64),
        np.array(demand, np.int64),
        np.array([1] * count if weight is None else weight, np.int64),
        np.array([0] * count if rank is None else rank, np.int64),
    )


def slot_of(
    sets: list[list[int]],
    beam: list[int],
    spectrum: list[int],
    satellite: list[int],
    gateway_of: list[int],
    gateway: list[int],
    serving: list[int] | None = None,
) -> SlotCapacity:
    """Cells that see the satellites in `sets`, served by the first of them unless said otherwise."""
    stop = np.cumsum([len(row) for row in sets], dtype=np.int64)
    start = np.concatenate([np.zeros(1, np.int64), stop[:-1]])
    first = np.where(stop > start, start, -1)
    return SlotCapacity(
        np.arange(len(sets), dtype=np.uint64) + np.uint64(100),
        start,
        stop,
        np.array([s for row in sets for s in row], np.int32),
        first if serving is None else np.array(serving, np.int64),
        np.array(beam, np.int64),
        np.array(spectrum, np.int64),
        np.array(satellite, np.int64),
        np.array(gateway_of, np.int32),
        np.array(gateway, np.int64),
    )


def random_slot(seed: int, cells: int = 12, satellites: int = 5, gateways: int = 3) -> tuple[Flows, SlotCapacity]:
    """Cells, satellites and gateways by chance; some cells see nothing, some satellites are not followed."""
    rng = np.random.default_rng(seed)
    chance, largest = rng.uniform(0.2, 0.9), int(rng.choice([20, 1_000, 10**9]))
    sets = [[s for s in range(satellites) if rng.random() < chance] for _ in range(cells)]
    links = sum(map(len, sets))
    capacity = slot_of(
        sets,
        rng.integers(0, largest, links).tolist(),
        rng.integers(0, largest, cells).tolist(),
        rng.integers(0, 2 * largest, satellites).tolist(),
        rng.integers(-1 if rng.random() < 0.5 else 0, gateways, satellites).tolist(),
        rng.integers(0, 3 * largest, gateways).tolist(),
    )
    capacity = capacity._replace(cell_id=rng.permutation(cells).astype(np.uint64))
    count = int(rng.integers(1, 2 * cells))
    flows = flows_of(
        rng.integers(0, largest, count).tolist(),
        rng.integers(0, cells, count).tolist(),
        rng.integers(1, 9, count).tolist(),
        (rng.integers(0, 3, count) if rng.random() < 0.3 else np.zeros(count, np.int64)).tolist(),
    )
    return flows, capacity


def permuted(flows: Flows, capacity: SlotCapacity, order: np.ndarray) -> tuple[Flows, SlotCapacity]:
    """The same slot with its cells in another order; flows keep theirs."""
    length = (capacity.stop - capacity.start)[order]
    stop = np.cumsum(length)
    start = stop - length
    row = np.concatenate([np.arange(capacity.start[c], capacity.stop[c]) for c in order]).astype(np.int64)
    new_place, back = np.empty(len(order), np.int64), np.full(len(capacity.satellite), -1, np.int64)
    new_place[order], back[row] = np.arange(len(order)), np.arange(len(row))
    serving = np.where(capacity.serving[order] >= 0, back[capacity.serving[order]] if len(back) else -1, -1)
    return flows._replace(cell=new_place[flows.cell]), capacity._replace(
        cell_id=capacity.cell_id[order], start=start, stop=stop, serving=serving, satellite=capacity.satellite[row],
        beam_bps=capacity.beam_bps[row], spectrum_bps=capacity.spectrum_bps[order],
    )  # fmt: skip
