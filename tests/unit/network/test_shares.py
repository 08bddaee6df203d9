"""Fair shares of a slot: which limit binds, priorities, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from slots_to_share import flows_of, slot_of

from bentpipe.errors import InputError, UnknownNameError
from bentpipe.network.flows import Flows, Limit, SlotCapacity, cell_spectrum_bps, scheduled_beam_bps
from bentpipe.network.maxmin import max_min_rates
from bentpipe.network.sharing import SHARING, SharingPolicy, find_sharing, gaps_to_bound, share_capacity

PLENTY = 1_000_000


def one_satellite(cells: int, beam: int = PLENTY, spectrum: int = PLENTY, feeder: int = PLENTY) -> SlotCapacity:
    return slot_of([[0]] * cells, [beam] * cells, [spectrum] * cells, [feeder], [0], [PLENTY])


@pytest.mark.parametrize("name", SHARING)
@pytest.mark.parametrize(
    ("capacity", "rate", "limit"),
    [
        (one_satellite(2), 1_000, Limit.DEMAND),
        (one_satellite(2, spectrum=300), 300, Limit.CELL_SPECTRUM),
        (one_satellite(2, beam=300), 300, Limit.BEAM_TIME),
        (one_satellite(2)._replace(gateway_bps=np.array([2_000])), 1_000, Limit.DEMAND),
        (one_satellite(2)._replace(serving=np.array([-1, -1]), beam_bps=np.array([0, 0])), 0, Limit.UNSERVED),
        (one_satellite(2)._replace(gateway=np.array([-1], np.int32)), 0, Limit.UNSERVED),
    ],
    ids=["demand", "spectrum", "beam", "all just fits", "no beam time", "no gateway"],
)
def test_each_limit_is_named(name: str, capacity: SlotCapacity, rate: int, limit: Limit) -> None:
    shares = share_capacity(flows_of([1_000, 1_000]), capacity, name)
    assert shares.rate_bps.tolist() == [rate, rate]
    assert shares.limit.tolist() == ([limit, limit])
    assert shares.limit.dtype == np.int8
    assert shares.link_bps.tolist() == [rate, rate]


@pytest.mark.parametrize("name", ["single-satellite", "multipath"])
@pytest.mark.parametrize(
    ("capacity", "limit"),
    [
        (one_satellite(2, feeder=600), Limit.SATELLITE),
        (one_satellite(2)._replace(gateway_bps=np.array([600])), Limit.GATEWAY),
    ],
)
def test_shared_limits_are_split(name: str, capacity: SlotCapacity, limit: Limit) -> None:
    shares = share_capacity(flows_of([1_000, 1_000], weight=[1, 2]), capacity, name)
    assert shares.rate_bps.tolist() == [200, 400]
    assert shares.limit.tolist() == [limit, limit]


def test_spectrum_does_not_grow_with_satellites_but_beam_time_does() -> None:
    two = slot_of([[0, 1]], [300, 300], [PLENTY], [PLENTY] * 2, [0, 0], [PLENTY])
    wants = flows_of([1_000])
    assert share_capacity(wants, two).rate_bps.tolist() == [300]
    assert share_capacity(wants, two, "multipath").rate_bps.tolist() == [600]
    narrow = two._replace(spectrum_bps=np.array([400]))
    assert share_capacity(wants, narrow, "multipath").rate_bps.tolist() == [400]
    assert share_capacity(wants, narrow, "multipath").limit.tolist() == [Limit.CELL_SPECTRUM]


@pytest.mark.parametrize("name", SHARING)
def test_ranks_are_strict_within_a_cell_and_weights_share_within_a_rank(name: str) -> None:
    capacity = one_satellite(1, feeder=700)
    wants = flows_of([300, 600, 600], [0, 0, 0], [1, 1, 3], [0, 1, 1])
    shares = share_capacity(wants, capacity, name)
    assert shares.rate_bps.tolist() == [300, 100, 300]
    assert shares.limit.tolist() == [Limit.DEMAND, Limit.SATELLITE, Limit.SATELLITE]


@pytest.mark.parametrize("name", ["single-satellite", "multipath"])
def test_a_lower_rank_gets_what_is_left_by_all_others(name: str) -> None:
    capacity = one_satellite(3, feeder=1_000)
    shares = share_capacity(flows_of([900, 600, 600], rank=[5, 0, 0]), capacity, name)
    assert shares.rate_bps.tolist() == [0, 500, 500]
    shares = share_capacity(flows_of([900, 300, 300], rank=[5, 0, 0]), capacity, name)
    assert shares.rate_bps.tolist() == [400, 300, 300]


def test_multipath_moves_a_cell_with_a_choice_off_the_satellite_that_others_need() -> None:
    capacity = slot_of([[0, 1], [0], [0]], [900] * 4, [900] * 3, [600, 900], [0, 0], [PLENTY])
    wants = flows_of([300, 300, 300])
    assert share_capacity(wants, capacity).rate_bps.tolist() == [200, 200, 200]
    assert share_capacity(wants, capacity, "multipath").rate_bps.tolist() == [300, 300, 300]


def test_gaps_are_to_the_maximum_flow() -> None:
    capacity = slot_of([[0, 1], [0]], [900] * 3, [900] * 2, [600, 300], [0, 0], [PLENTY])
    gaps = gaps_to_bound(flows_of([600, 600]), capacity)
    assert {gap.bound_bps for gap in gaps.values()} == {900}
    assert gaps["single-satellite"].gap == pytest.approx(1 / 3)
    assert gaps["max-throughput"].gap == 0.0
    nothing = gaps_to_bound(flows_of([0, 0]), capacity)
    assert nothing["multipath"].gap == 0.0


def test_scheduled_beam_time_and_spectrum_in_bits() -> None:
    beam = scheduled_beam_bps(np.array([2, -1]), np.array([3, 0]), [1.0, 1.0, 31.25e6])
    assert beam.tolist() == [0, 0, 93_750_000]
    assert cell_spectrum_bps(8, 240e6 * 2.966728).tolist() == [5_696_117_760]
    assert cell_spectrum_bps([8, 4], 100, [1, 2]).tolist() == [800, 800]


def bad_flows() -> list[tuple[str, Flows]]:
    good = flows_of([5, 5])
    return [
        ("there are no flows", flows_of([])),
        ("out of range", good._replace(demand_bps=np.array([5, -1]))),
        ("not a number", good._replace(demand_bps=np.array([5.0, np.nan]))),
        ("out of range", good._replace(demand_bps=np.array([5.0, np.inf]))),
        ("weight", good._replace(weight=np.array([0, 1]))),
        ("weight", good._replace(weight=np.array([np.nan, 1]))),
        ("whole number", good._replace(weight=np.array([1.5, 1]))),
        ("index", good._replace(cell=np.array([0, 2]))),
        ("one value for each flow", good._replace(rank=np.zeros(3, np.int64))),
        ("ranks", good._replace(rank=np.zeros(2))),
    ]


@pytest.mark.parametrize(("words", "flows"), bad_flows(), ids=lambda value: value if isinstance(value, str) else "")
def test_bad_flows_are_refused(words: str, flows: Flows) -> None:
    with pytest.raises(InputError, match=words):
        share_capacity(flows, one_satellite(2))


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("satellite_bps", {"satellite_bps": np.array([-1])}),
        ("not a number", {"gateway_bps": np.array([np.nan])}),
        ("must be numbers", {"spectrum_bps": np.array(["a", "b"])}),
        ("capacity.satellite", {"satellite": np.array([0, 1], np.int32)}),
        ("capacity.gateway", {"gateway": np.array([1], np.int32)}),
        ("length", {"beam_bps": np.array([1])}),
        ("not its own", {"serving": np.array([1, 0])}),
        ("same id", {"cell_id": np.array([4, 4], np.uint64)}),
        ("whole numbers", {"satellite": np.array([0.0, 0.0])}),
    ],
)
def test_bad_capacities_are_refused(words: str, change: dict[str, np.ndarray]) -> None:
    with pytest.raises(InputError, match=words):
        share_capacity(flows_of([5, 5]), one_satellite(2)._replace(**change))


def test_all_faults_are_reported_at_once() -> None:
    bad = one_satellite(2)._replace(satellite_bps=np.array([-1]), gateway_bps=np.array([np.nan]))
    with pytest.raises(InputError) as caught:
        share_capacity(flows_of([5, 5]), bad)
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ([0], [], [5], []),
        ([0, 1], [0], [-5], [5]),
        ([0, 1], [0], [5], [np.nan]),
        ([0, 1], [1], [5], [5]),
        ([0, 2], [0, 0], [5], [5]),
        ([0, 2], [0], [5], [5]),
        ([0, 1], [0], [5], [5], [0]),
    ],
    ids=["empty", "negative", "NaN", "no such link", "link twice", "offsets", "weight 0"],
)
def test_the_general_form_refuses_bad_input(arguments: tuple[list[float], ...]) -> None:
    with pytest.raises(InputError):
        max_min_rates(*arguments)


def test_a_flow_without_links_gets_its_demand() -> None:
    result = max_min_rates([0, 0, 1], [0], [5], [7, 7])
    assert result.rate_bps.tolist() == [7, 5]
    assert result.bottleneck.tolist() == [-1, 0]


def test_policies_are_found_by_name_and_unknown_ones_refused() -> None:
    assert find_sharing("Multipath") is SHARING["multipath"]
    own = find_sharing(lambda flows, capacity: None)
    assert isinstance(own, SharingPolicy) and find_sharing(own) is own
    with pytest.raises(UnknownNameError, match="did you mean 'multipath'"):
        find_sharing("multi-path")
    with pytest.raises(InputError, match="a name or a function"):
        find_sharing(3)  # type: ignore[arg-type]


def test_sums_do_not_overflow() -> None:
    large = 1 << 50
    cells = 20_000
    capacity = slot_of([[0]] * cells, [large] * cells, [large] * cells, [large], [0], [large])
    for name in SHARING:
        shares = share_capacity(flows_of([large] * cells, weight=[1 << 20] * cells), capacity, name)
        assert large - cells <= shares.total_bps <= large
