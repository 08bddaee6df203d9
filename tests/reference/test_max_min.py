"""Max-min fair rates printed in textbooks, in units of a million bit/s; whole numbers leave one bit/s a flow."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.network.maxmin import max_min_rates

UNIT = 1_000_000
ENDLESS = 1_000.0

KESHAV = "S. Keshav, An Engineering Approach to Computer Networking, Addison-Wesley 1997, pages 215-217"

VECTORS = [
    # source, flows as links, capacities, demands, weights, rates
    pytest.param([[0]] * 4, [10], [2, 2.6, 4, 5], [1, 1, 1, 1], [2, 2.6, 2.7, 2.7], id=f"{KESHAV}: unweighted"),
    # Weights 2.5, 4, 0.5 and 1, doubled to be whole.
    pytest.param([[0]] * 4, [16], [4, 2, 10, 4], [5, 8, 1, 2], [4, 2, 6, 4], id=f"{KESHAV}: weighted"),
    # A chain of two links, one long flow: facts of the project, section 4.3; Bertsekas and Gallager 1992, 6.5.2.
    pytest.param([[0, 1], [0], [1]], [1, 1], [ENDLESS] * 3, [1, 1, 1], [0.5, 0.5, 0.5], id="chain"),
    # Worked by hand from the definition: the long flow counts double, so each link has 3 parts.
    pytest.param([[0, 1], [0], [1]], [1, 1], [ENDLESS] * 3, [2, 1, 1], [2 / 3, 1 / 3, 1 / 3], id="weighted chain"),
    # Worked by hand: three flows over the first link take 1/3 each; the second leaves 2/3, the third everything.
    pytest.param(
        [[1], [0], [0, 1], [2], [0]], [1, 1, 1], [ENDLESS] * 5, [1] * 5, [2 / 3, 1 / 3, 1 / 3, 1, 1 / 3],
        id="three levels",
    ),
    # Worked by hand: link 0 stops at 2; link 1 has 12 - 2 left for two flows.
    pytest.param([[0], [0, 1], [1], [1]], [4, 12], [ENDLESS] * 4, [1] * 4, [2, 2, 5, 5], id="unequal links"),
]  # fmt: skip


@pytest.mark.parametrize(("links", "capacity", "demand", "weight", "rate"), VECTORS)
def test_textbook_rates(
    links: list[list[int]], capacity: list[float], demand: list[float], weight: list[int], rate: list[float]
) -> None:
    offset = np.concatenate([[0], np.cumsum([len(row) for row in links])])
    flat = [link for row in links for link in row]
    found = max_min_rates(offset, flat, np.array(capacity) * UNIT, np.array(demand) * UNIT, weight)
    assert np.abs(found.rate_bps - np.array(rate) * UNIT).max() <= len(links)


def test_the_link_that_stops_each_flow_is_named() -> None:
    found = max_min_rates([0, 1, 2, 3, 4], [0] * 4, [10 * UNIT], np.array([2, 2.6, 4, 5]) * UNIT)
    assert found.bottleneck.tolist() == [-1, -1, 0, 0]
