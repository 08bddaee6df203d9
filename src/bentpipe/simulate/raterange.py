"""Rates under every seed, and beside the most that could be carried, in a few sampled slots."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.network.sharing import SHARING
from bentpipe.simulate.alone import blocks_alone
from bentpipe.simulate.linkrates import Sky, skies
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.rates import block_rates
from bentpipe.simulate.recipe import Block
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
        Means over the slots in which they are known: by seed what is asked for and given, bit/s, and the median of what
        one terminal could get, bit/s; by sharing policy what is given, "max-throughput" being the most that these links
        can carry. None where rates are not computed.
    """
    if prepared.radio is None:
        return None
    slots = np.arange(prepared.slots.start, prepared.slots.stop, dtype=np.int64)
    stride = max(1, -(-len(slots) // COMPARED))
    chosen = slots[slots % stride == 0] if (slots % stride == 0).any() else slots[:1]
    # Over lasers one policy is modelled.
    compared = tuple(SHARING) if prepared.lasers is None else (prepared.scenario.policies.sharing,)
    cases = [*_seeds(prepared), *_policies(prepared, compared)]
    skies_of = [skies(prepared, chosen, i) for i in range(len(prepared.people))]
    skies_of += [skies_of[0]] * len(compared)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        found = list(pool.map(lambda row: _one_slot(chosen[row : row + 1], row, cases, skies_of), range(len(chosen))))
    known = np.isfinite(found)
    mean = np.divide(np.where(known, found, 0.0).sum(axis=0), known.sum(axis=0), where=known.any(axis=0),
                     out=np.full(np.shape(found)[1:], np.nan))  # fmt: skip
    by_seed, by_policy = mean[: len(prepared.people)], mean[len(prepared.people) :]
    columns = ("offered_down", "given_down", "peak_down", "offered_up", "given_up", "peak_up")
    return {
        "slots": len(chosen),
        "seeds": {f"{name}_bit_s": [_whole(x) for x in by_seed[:, i]] for i, name in enumerate(columns)},
        "sharing": {
            name: {"down_bit_s": _whole(row[1]), "up_bit_s": _whole(row[4])}
            for name, row in zip(compared, by_policy, strict=True)
        },
    }


def _whole(value: float) -> int | None:
    """Whole bit/s; None where it is not known, or nobody is served."""
    return None if np.isnan(value) else round(float(value))


def _seeds(prepared: Prepared) -> Iterator[Prepared]:
    """The run as each seed has it."""
    for who in prepared.people:
        yield replace(prepared, people=(who,))


def _policies(prepared: Prepared, names: tuple[str, ...]) -> Iterator[Prepared]:
    """The run under each of these sharing policies."""
    scenario = prepared.scenario
    for name in names:
        chosen = scenario.policies.model_copy(update={"sharing": name})
        yield replace(prepared, scenario=scenario.model_copy(update={"policies": chosen}))


def _one_slot(
    slot: npt.NDArray[np.int64], row: int, cases: list[Prepared], skies_of: list[tuple[Sky, Sky]]
) -> npt.NDArray[np.float64]:
    """Sums of one slot, a row for each case."""
    worlds = [(prepared, world_state(prepared, slot)) for prepared in cases]
    blocks = zip(cases, blocks_alone(int(slot[0]), worlds), skies_of, strict=True)
    return np.array(
        [_sums(prepared, block, (_at(pair[0], row), _at(pair[1], row))) for prepared, block, pair in blocks]
    )


def _at(sky: Sky, row: int) -> Sky:
    """The weather of one slot."""
    return Sky(*(None if part is None else part[row : row + 1] for part in sky))


def _sums(prepared: Prepared, block: Block, sky: tuple[Sky, Sky]) -> list[float]:
    """Asked for and given in the cells of regions, and the median peak of served cells with a terminal that is on."""
    cells = len(prepared.territory.cell_id)
    on = (block.satellite[0, :cells] >= 0) & (block.world.ready[0, :cells] > 0)
    out: list[float] = []
    for rates in block_rates(prepared, block, sky):
        if rates is None:
            out += [np.nan] * 3
            continue
        offered, given = (int(array[0, :cells].sum()) for array in (rates.offered_bps, rates.served_bps))
        peak = float(np.median(rates.peak_bps[0, :cells][on])) if on.any() else np.nan
        out += [float(offered), float(given), peak]
    return out
