"""Rates under every seed, and beside the most that could be carried, in a few sampled slots."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.network.sharing import SHARING
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.rates import block_rates
from bentpipe.simulate.recipe import Block, blocks_alone
from bentpipe.simulate.world import world_state

#: Slots in which rates are compared, at most.
COMPARED = 6


def rates_compared(prepared: Prepared, threads: int = 1) -> dict[str, Any] | None:
    """Compare the run's rates with those of the other seeds and of the other sharing policies.

    Every slot is scheduled for itself, without the memory of the slot before.

    Parameters
    ----------
    prepared : Prepared
        The run.
    threads : int
        Threads over slots; the answer does not depend on it.

    Returns
    -------
    dict or None
        Means over the slots: by seed what is asked for and given, bit/s, and the median of what one terminal could
        get, bit/s; by sharing policy what is given, "max-throughput" being the most that these links can carry. None
        where rates are not computed.
    """
    if prepared.radio is None:
        return None
    slots = np.arange(prepared.slots.start, prepared.slots.stop, dtype=np.int64)
    stride = max(1, -(-len(slots) // COMPARED))
    chosen = slots[slots % stride == 0] if (slots % stride == 0).any() else slots[:1]
    seeds, policies = [*_seeds(prepared)], [*_policies(prepared)]
    with ThreadPoolExecutor(max(1, threads)) as pool:
        found = list(pool.map(lambda slot: _one_slot(int(slot), seeds, policies), chosen))
    by_seed = np.mean([seed for seed, _ in found], axis=0)
    by_policy = np.mean([policy for _, policy in found], axis=0)
    columns = ("offered_down", "given_down", "peak_down", "offered_up", "given_up", "peak_up")
    return {
        "slots": len(chosen),
        "seeds": {f"{name}_bit_s": [_whole(x) for x in by_seed[:, i]] for i, name in enumerate(columns)},
        "sharing": {
            name: {"down_bit_s": _whole(row[1]), "up_bit_s": _whole(row[4])}
            for name, row in zip(SHARING, by_policy, strict=True)
        },
    }


def _whole(value: float) -> int | None:
    """Whole bit/s; None where it is not known, or nobody is served."""
    return None if np.isnan(value) else round(float(value))


def _seeds(prepared: Prepared) -> Iterator[tuple[Prepared, int]]:
    """The run as each seed has it, and the number of the seed."""
    radio = prepared.radio
    assert radio is not None
    for i, who in enumerate(prepared.people):
        own = replace(radio, fields=radio.fields[i : i + 1])
        yield replace(prepared, people=(who,), radio=own), i


def _policies(prepared: Prepared) -> Iterator[Prepared]:
    """The run under each sharing policy."""
    scenario = prepared.scenario
    for name in SHARING:
        chosen = scenario.policies.model_copy(update={"sharing": name})
        yield replace(prepared, scenario=scenario.model_copy(update={"policies": chosen}))


def _one_slot(
    slot: int, seeds: list[tuple[Prepared, int]], policies: list[Prepared]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sums of one slot, a row for each seed and for each policy."""
    slots = np.array([slot], np.int64)
    worlds = [world_state(prepared, slots) for prepared, _ in seeds]
    first = worlds[0]
    cases = [(prepared, world) for (prepared, _), world in zip(seeds, worlds, strict=True)]
    cases += [(prepared, first) for prepared in policies]
    rows = np.array(
        [_sums(prepared, block) for (prepared, _), block in zip(cases, blocks_alone(slot, cases), strict=True)]
    )
    return rows[: len(seeds)], rows[len(seeds) :]


def _sums(prepared: Prepared, block: Block) -> list[float]:
    """Asked for and given in the cells of regions, and the median peak of served cells with a terminal that is on."""
    cells = len(prepared.territory.cell_id)
    on = (block.satellite[0, :cells] >= 0) & (block.world.ready[0, :cells] > 0)
    out: list[float] = []
    for rates in block_rates(prepared, block):
        if rates is None:
            out += [np.nan] * 3
            continue
        offered, given = (int(array[0, :cells].sum()) for array in (rates.offered_bps, rates.served_bps))
        peak = float(np.median(rates.peak_bps[0, :cells][on])) if on.any() else np.nan
        out += [float(offered), float(given), peak]
    return out
