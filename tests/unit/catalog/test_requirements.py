"""The table of what services need: complete, ordered, sourced, and the same names as in a scenario."""

from __future__ import annotations

from typing import get_args

import pytest

from bentpipe.catalog.requirements import MODELS, ladder, requirement_origins, requirements, service_names
from bentpipe.scenario import services as keys
from bentpipe.service.quality import Model


def test_a_scenario_knows_the_same_services() -> None:
    assert service_names() == get_args(keys.ServiceName)
    assert set(get_args(keys.JudgedName)) == {*service_names(), "all"}
    assert tuple(n for n in service_names() if requirements()[n].needs_rates) == keys.NEED_RATES
    assert tuple(n for n in service_names() if requirements()[n].model == "exchange") == keys.EXCHANGES
    assert set(keys.NEED_UPLINK) == set(keys.NEED_RATES) - {"video"}  # a stream only comes down
    assert {m.replace("-", "_").upper() for m in MODELS} == {m.name for m in Model}


@pytest.mark.parametrize("name", service_names())
def test_a_service_is_worse_where_it_is_degraded(name: str) -> None:
    service = requirements()[name]
    works, degraded = service.thresholds
    assert works > degraded if service.higher_is_better else works < degraded
    assert service.one_way_s[0] <= service.one_way_s[1] and service.loss[0] <= service.loss[1]
    assert service.rates_bit_s[0] >= service.rates_bit_s[1]
    assert (service.received_bytes > 0) == (service.model == "exchange")


def test_units_are_those_of_arrays() -> None:
    call = requirements()["video-call"]
    assert call.thresholds == (1.2e6, 6e5) and call.one_way_s == pytest.approx((0.15, 0.4))
    assert call.loss == pytest.approx((0.01, 0.03)) and call.added_one_way_s == pytest.approx(0.06)
    assert requirements()["bulk"].received_bytes == 1e7
    assert list(ladder().rungs_bit_s) == sorted(ladder().rungs_bit_s) and 0 < ladder().headroom <= 1


def test_every_number_has_a_tag_and_a_source() -> None:
    rows = requirement_origins(service_names())
    assert {row.service for row in rows} == set(service_names())
    assert all(row.tag in ("documented", "recalled", "assumed") and row.source for row in rows)
    assert any(row.key == "ladder_kbps" for row in rows if row.service == "video")
    assert requirement_origins(()) == ()
