"""Routing policies: what lasers cost, and what a policy must not give."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import random_mesh

from bentpipe.errors import InputError, UnknownNameError
from bentpipe.network.mesh import join_entries, make_mesh
from bentpipe.network.routes import route
from bentpipe.network.routing import ROUNDS, ROUTING, RouteView, Routing, find_routing, laser_costs


def view_of(seed: int = 12, load: float = 0.0) -> RouteView:
    mesh, _, _ = random_mesh(seed)
    return RouteView(3, mesh, 2e4, np.zeros((3, mesh.satellites)), np.full(len(mesh.pair), load))


def test_costs_of_the_built_in_policies() -> None:
    view = view_of(load=0.5)
    delay = view.mesh.length_m + 2e4
    assert len(delay) > 5
    np.testing.assert_array_equal(laser_costs(ROUTING["least-delay"], view), delay)
    np.testing.assert_array_equal(laser_costs(ROUTING["fewest-hops"], view) - view.mesh.length_m, 1e9)
    np.testing.assert_allclose(laser_costs(ROUTING["load-aware"], view), delay * (1 + 0.15 * 0.5**4), rtol=1e-15)
    assert [policy.sees_load for policy in ROUTING.values()] == [False, False, True]
    assert all(policy.source for policy in ROUTING.values())


@pytest.mark.parametrize(
    ("cost", "words", "value"),
    [
        (lambda view: view.mesh.length_m[:-1], "gives no cost for each laser", None),
        (lambda view: 1.0, "gives no cost for each laser", None),
        (lambda view: view.mesh.length_m - view.mesh.length_m, "gives a cost that is not above 0", "0"),
        (lambda view: -view.mesh.length_m, "gives a cost that is not above 0", "-"),
        (lambda view: np.full(len(view.mesh.pair), np.nan), "gives a cost that is not above 0", "nan"),
    ],
)
def test_bad_costs_are_refused_by_name(cost: object, words: str, value: str | None) -> None:
    with pytest.raises(InputError, match=words) as caught:
        laser_costs(Routing("mine", cost), view_of())  # type: ignore[arg-type]
    (fault,) = caught.value.faults
    assert "'mine'" in fault.what and fault.where == "paths.routing"
    assert value is None or str(fault.value).startswith(value)


def test_infinity_closes_a_laser() -> None:
    """A triangle whose direct side is closed: the way goes round."""
    mesh = make_mesh(np.array([[0, 1], [0, 2], [1, 2]], np.int32), np.array([1e6, 1e6, 1e6]), 3)
    entries = join_entries([(np.array([0], np.int32), np.array([6e5])), (np.array([1], np.int32), np.array([6e5]))])
    view = RouteView(0, mesh, 0.0, np.zeros((3, 3)), np.zeros(3))
    nothing, pair = np.zeros(1, np.int64), np.array([[0, 1]], np.int32)
    for closed, lasers, length in (([], 1, 1e6), ([0], 2, 2e6), ([0, 2], -1, 0.0)):
        cost = np.where(np.isin(np.arange(3), closed), np.inf, 1e6)
        found = route(Routing("closing", lambda view, cost=cost: cost), view, entries, pair, (nothing, nothing), 10)
        assert found.lasers[0] == lasers and found.laser_m[0] == length
    assert np.isnan(found.path_m[0])


def test_names_functions_and_policies_are_found() -> None:
    def mine(view: RouteView) -> np.ndarray:
        return view.mesh.length_m

    assert find_routing("Least-Delay") is ROUTING["least-delay"]
    assert find_routing(ROUTING["load-aware"]) is ROUTING["load-aware"]
    found = find_routing(mine)
    assert (found.name, found.sees_load, found.source) == ("mine", False, "given by the user")
    mine.sees_load = True  # type: ignore[attr-defined]
    assert find_routing(mine).sees_load
    with pytest.raises(UnknownNameError, match="did you mean 'least-delay'"):
        find_routing("least-delays")
    with pytest.raises(InputError, match="a routing policy is a name or a function"):
        find_routing(3)  # type: ignore[arg-type]


def test_identity_follows_the_function() -> None:
    def one(view: RouteView) -> np.ndarray:
        return view.mesh.length_m

    def other(view: RouteView) -> np.ndarray:
        return view.mesh.length_m + 1.0

    assert Routing("x", one).identity() == Routing("x", one).identity()
    assert len({Routing("x", one).identity(), Routing("x", other).identity(), Routing("x", one, True).identity()}) == 3


def test_load_is_of_the_rounds_before_and_the_largest_go_first() -> None:
    """Two ways of like length between two ends: what comes after the first half of the traffic sees it."""
    pair = np.array([[0, 1], [0, 2], [1, 3], [2, 3]], np.int32)
    mesh = make_mesh(pair, np.array([1e6, 1.01e6, 1e6, 1.01e6]), 4)
    one = np.array([0], np.int32), np.array([6e5])
    two = np.array([3], np.int32), np.array([6e5])
    entries = join_entries([one, two] * 2)
    ends = np.array([[0, 1], [2, 3]], np.int32)
    seen = []

    def watching(view: RouteView) -> np.ndarray:
        seen.append(view.load.copy())
        return (view.mesh.length_m + view.hop_m) * (1.0 + 0.15 * view.load**4)

    view = RouteView(0, mesh, 0.0, np.zeros((3, 4)), np.zeros(4))
    small_and_large = np.array([40, 60], np.int64), np.zeros(2, np.int64)
    found = route(Routing("watching", watching, True), view, entries, ends, small_and_large, 60)
    assert len(seen) == 2 <= ROUNDS
    assert not seen[0].any()
    np.testing.assert_allclose(seen[1], [1.0, 0.0, 1.0, 0.0])
    assert found.laser_m.tolist() == [2.02e6, 2e6]


def test_traffic_beyond_what_64_bits_hold_ten_times_over_goes_in_the_same_rounds() -> None:
    mesh, _, entries = random_mesh(12)
    count = len(entries.start)
    pair = np.array([(a, b) for a in range(count) for b in range(a)], np.int32).reshape(-1, 2)
    weight = np.random.default_rng(0).integers(1, 1000, len(pair))
    view = RouteView(0, mesh, 0.0, np.zeros((3, mesh.satellites)), np.zeros(len(mesh.pair)))
    nothing = np.zeros_like(weight)
    few, many = (
        route(ROUTING["load-aware"], view, entries, pair, (weight * times, nothing), 1000 * times)
        for times in (1, 10**14)
    )
    assert 10**14 * int(weight.sum()) * ROUNDS > 2**63
    np.testing.assert_array_equal(few.mark, many.mark)
