from __future__ import annotations

from typing import get_args

import pytest

from bentpipe.catalog.queues import access_queues, queue_names
from bentpipe.errors import UnknownNameError
from bentpipe.scenario.ground import QueueName


def test_a_scenario_may_name_what_the_catalogue_has() -> None:
    assert get_args(QueueName) == queue_names()


@pytest.mark.parametrize("name", queue_names())
def test_every_number_has_a_tag_and_a_source(name: str) -> None:
    queues = access_queues(name.upper())
    assert queues.name == name and queues.note
    for way in ("down", "up"):
        profile = getattr(queues, way)
        fields = {"discipline", "buffer_bytes"}
        fields |= set() if profile.discipline == "drop-tail" else {"target_s", "interval_s"}
        assert {key for key in queues.origin if key.startswith(way)} == {f"{way}.{field}" for field in fields}
    assert {tag for tag, _ in queues.origin.values()} <= {"documented", "assumed", "recalled"}


def test_units() -> None:
    down = access_queues("starlink-2023").down
    assert (down.buffer_bytes, down.target_s, down.interval_s) == pytest.approx((4e6, 5e-3, 0.1))


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="starlink-2023"):
        access_queues("starlink-2032")
