"""The contract of `advance`: whole = chunked = one thread = two threads, bit for bit, and draws by key alone."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_world import SECOND_SITE, TEXT, assert_same, small_world, write_world

from bentpipe.network.links import Links
from bentpipe.network.policies import SCHEDULING
from bentpipe.registry import Policy
from bentpipe.scenario import load_scenario
from bentpipe.simulate.alone import seed_samples, slot_in_detail
from bentpipe.simulate.outputs import block_variables
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.recipe import State, advance


def sticky(links: Links) -> np.ndarray:
    """Keep the satellite of the slot before, but start afresh every fourth slot: three slots are remembered."""
    score = links.sin_elevation.astype(np.float64)
    if links.slot % 4:
        score[links.previous[links.place_of_link()] == links.satellite] += 10.0
    return score


def keeping(links: Links) -> np.ndarray:
    """Keep the satellite as long as it is usable: declared to look back one slot, it depends on all of them."""
    score = links.sin_elevation.astype(np.float64)
    score[links.previous[links.place_of_link()] == links.satellite] += 10.0
    return score


def foresighted(links: Links) -> np.ndarray:
    """Prefer the satellite that stays usable longest, without memory."""
    return links.remaining_slots.astype(np.float64) + 0.5 * links.sin_elevation


POLICIES: dict[str, str | Policy] = {
    **{name: name for name in SCHEDULING},
    "user-memory-3": Policy("user-memory-3", sticky, memory_slots=3),
    "user-keeping": Policy("user-keeping", keeping, memory_slots=1),
    "user-lookahead-5": Policy("user-lookahead-5", foresighted, lookahead_slots=5),
}


@pytest.fixture(scope="module", params=sorted(POLICIES))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, dict[str, Any]]:
    """The small world under one policy, with its results computed whole on one thread."""
    prepared = small_world(tmp_path_factory.mktemp("world"), POLICIES[request.param])
    prepared.__dict__["block_slots"] = 12  # the memory starts anew three times within the 40 slots
    return prepared, run_in_pieces(prepared, [], [1])


def run_in_pieces(prepared: Prepared, cuts: list[int], threads: list[int]) -> dict[str, Any]:
    """Every stored variable, from pieces cut where told, the state handed on."""
    edges = [0, *sorted(cuts), len(prepared.slots)]
    state, parts = State(), []
    for i, (first, last) in enumerate(itertools.pairwise(edges)):
        block, state = advance(prepared, state, prepared.slots[first:last], threads[i % len(threads)])
        parts.append({**block_variables(prepared, block), "handover": block.handover, "slices": block.beam_slices})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def test_the_small_world_is_worth_testing(world: tuple[Prepared, dict[str, Any]]) -> None:
    prepared, whole = world
    assert 0.05 < whole["served"].mean() < 0.95
    assert whole["handovers"].sum() > 0
    assert len(np.unique(whole["gateway_antennas"], axis=0)) == 2  # the gateway's loss begins and ends within
    assert len(np.unique(whole["region_terminals_powered"], axis=0)) > 3  # the windows of the power cut roll
    assert whole["event_active"].any(axis=0).all()
    assert not np.array_equal(prepared.people[0].total, prepared.people[1].total)


@settings(max_examples=6, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 39), unique=True, max_size=6),
    threads=st.lists(st.sampled_from([1, 2]), min_size=1, max_size=4),
)
def test_whole_is_chunked_is_one_thread_is_two(
    world: tuple[Prepared, dict[str, Any]], cuts: list[int], threads: list[int]
) -> None:
    prepared, whole = world
    assert_same(whole, run_in_pieces(prepared, cuts, threads), f"{prepared.policy.name} {cuts} {threads}")


def test_single_slots_and_many_threads(world: tuple[Prepared, dict[str, Any]]) -> None:
    prepared, whole = world
    assert_same(whole, run_in_pieces(prepared, list(range(1, 40)), [1]), "slot by slot")
    assert_same(whole, run_in_pieces(prepared, [], [2]), "two threads")
    assert_same(whole, run_in_pieces(prepared, [7], [5]), "five threads")


def test_a_block_of_bounded_memory_stands_alone(world: tuple[Prepared, dict[str, Any]]) -> None:
    prepared, whole = world
    if prepared.policy.memory_slots is None:
        pytest.skip("a policy without bound needs the state of the block before")
    block, _ = advance(prepared, State(), prepared.slots[23:31])
    alone = block_variables(prepared, block)
    assert_same({name: whole[name][23:31] for name in alone}, alone)


def test_one_slot_in_detail_is_the_slot_of_the_run(world: tuple[Prepared, dict[str, Any]]) -> None:
    prepared, whole = world
    at, cells = 21, len(prepared.territory.cell_id)
    _, state = advance(prepared, State(), prepared.slots[:at])
    result, _ = slot_in_detail(prepared, state, prepared.slots[at])
    served = whole["served"][at]
    np.testing.assert_array_equal(result.serving[:cells] >= 0, served)
    np.testing.assert_array_equal(result.serving[:cells][served], whole["serving_satellite"][at][served])


def test_the_seeds_are_compared_under_every_policy(world: tuple[Prepared, dict[str, Any]]) -> None:
    prepared, whole = world
    at = np.array([0, 13, 39])
    connected, _ = seed_samples(prepared, np.array(prepared.slots)[at])
    assert connected.shape == (3, 2, len(prepared.territory.region_code))
    if prepared.policy.memory_slots == 0:
        np.testing.assert_array_equal(connected[:, 0], whole["region_terminals_connected"][at])


def test_the_gap_of_coverage_is_told_where_coverage_comes_first(world: tuple[Prepared, dict[str, Any]]) -> None:
    prepared, whole = world
    gap = whole["coverage_gap"]
    assert (gap >= 0).all() if prepared.policy.coverage_first else (gap == -1).all()


def test_adding_a_site_changes_no_other_draw(tmp_path: Path) -> None:
    before = small_world(tmp_path)
    text = TEXT.replace("[[sites]]", SECOND_SITE + "\n[[sites]]", 1)
    path = write_world(tmp_path)
    path.write_text(text, encoding="utf-8")
    after = prepare(load_scenario(path), seeds=2)
    cells = len(before.territory.cell_id)
    kept = [*range(cells), cells + 1]  # the new site comes before the old one
    np.testing.assert_array_equal(after.place_key[kept], before.place_key)
    for old, new in zip(before.people, after.people, strict=True):
        np.testing.assert_array_equal(new.total[kept], old.total)
        np.testing.assert_array_equal(new.terminals.count[:, kept], old.terminals.count)
        np.testing.assert_array_equal(new.terminals.cut_off[..., kept], old.terminals.cut_off)
    first, _ = advance(before, State(), before.slots)
    second, _ = advance(after, State(), after.slots)
    np.testing.assert_array_equal(second.world.ready[:, kept], first.world.ready)
    np.testing.assert_array_equal(second.usable[:, kept], first.usable)
    # The new site takes beam time; where a place is still served the same way, its delay is the same.
    same = (first.satellite == second.satellite[:, kept]) & (first.gateway == second.gateway[:, kept])
    same &= first.satellite >= 0
    assert same.sum() > 0.5 * (first.satellite >= 0).sum() > 0
    np.testing.assert_array_equal(second.rtt_s[:, kept][same], first.rtt_s[same])


def test_another_seed_is_another_draw(tmp_path: Path) -> None:
    one = small_world(tmp_path)
    other = small_world(tmp_path, seed=12)
    assert not np.array_equal(one.people[0].total, other.people[0].total)
    np.testing.assert_array_equal(one.people[1].total, other.people[0].total)  # the range takes the seeds that follow


@pytest.mark.parametrize("sharing", ["none", "single-satellite", "multipath"])
def test_a_computed_load_is_the_same_however_the_run_is_cut(tmp_path: Path, sharing: str) -> None:
    keys = {"access.load": "computed", "policies.sharing": sharing, "demand.background_diurnal": True}
    prepared = small_world(tmp_path, **keys)
    whole = run_in_pieces(prepared, [], [1])
    assert len(np.unique(whole["site_load"][whole["site_served"]])) > 1
    assert_same(whole, run_in_pieces(prepared, [7, 8, 23], [1, 2]), "in pieces")
    assert_same(whole, run_in_pieces(prepared, list(range(1, 40)), [1]), "slot by slot")
