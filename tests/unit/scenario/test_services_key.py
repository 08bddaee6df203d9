"""The key `services`: what is refused, and what it lists."""

from __future__ import annotations

from typing import Any

import pytest

from bentpipe.errors import ScenarioError
from bentpipe.scenario import Scenario, load_scenario, parse_scenario
from bentpipe.scenario.builtin import scenario_text

PLAIN = scenario_text("one-site").replace('[services]\njudge = ["all"]\n', "")


def one_site(services: str = "", **keys: Any) -> Scenario:
    return parse_scenario(PLAIN + services, overrides=keys)


def faults(services: str, **keys: Any) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        one_site(services, **keys)
    return [str(fault) for fault in caught.value.faults]


CASES = (
    ('judge = ["wbe"]', "services.judge.0", "did you mean 'web'?"),
    ('judge = ["web", "web"]', "services.judge", "named 2 times"),
    ('judge = ["all", "web"]', "services.judge", "'all' stands alone"),
    ('judge = ["voice"]\nserver_rtt_ms = -1', "services.server_rtt_ms", "out of range"),
    ('judge = ["voice"]\n[services.needs.web]\nworks = 1\ndegraded = 2', "needs.web", "a service that is not judged"),
    ('judge = ["web"]\n[services.needs.web]\nworks = 3\ndegraded = 2', "needs.web", "degraded where it works"),
    ('judge = ["voice"]\n[services.needs.voice]\nworks = 50\ndegraded = 70', "needs.voice", "more is better"),
    ('judge = ["web"]\n[services.needs.web]\nworks = 3', "needs.web", "works and degraded go together"),
    ('judge = ["voice"]\n[services.needs.voice]\nsent_kb = 3', "needs.voice.sent_kb", "only a request and its answer"),
    ('judge = ["voice"]\n[services.poll]\npatience_min = 5', "services.poll", "no vote is judged"),
    ('judge = ["voice"]\n[services.conference]\nduration_min = 5', "services.conference", "no videoconference"),
    (
        'judge = ["poll"]\n[services.poll]\nopens = 2022-10-24T12:30:00Z\ncloses = 2022-10-24T12:10:00Z',
        "services.poll.closes", "closes before it opens",
    ),
    (
        'judge = ["poll"]\n[services.poll]\nopens = 2022-10-24T18:00:00Z\ncloses = 2022-10-24T19:00:00Z',
        "services.poll", "not within the simulated time",
    ),
    (
        'judge = ["all"]\n[services.conference]\nduration_min = 1\nlongest_break_s = 60', "longest_break_s",
        "a break as long as the conference",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("text", "key", "says"), CASES, ids=[f"{i}" for i in range(len(CASES))])
def test_a_wrong_value_is_told_once(text: str, key: str, says: str) -> None:
    found = faults(f"\n[services]\n{text}\n")
    assert len(found) == 1 and key in found[0] and says in found[0], found


def test_what_needs_a_rate_is_refused_by_name_without_rates() -> None:
    keys = {"policies.sharing": "none"}
    (found,) = faults('\n[services]\njudge = ["voice", "web", "poll"]\n', **keys)
    assert "web, poll: not to be judged without rates" in found and 'policies.sharing = "single-satellite"' in found
    assert one_site('\n[services]\njudge = ["voice"]\n', **keys).services.judge == ("voice",)
    assert one_site('\n[services]\njudge = ["all"]\n', **keys).services.judge == ("all",)


def test_an_override_of_the_time_leaves_the_poll_where_it_is() -> None:
    assert load_scenario("ukraine-2022", {"time.duration": "1h"}).services.poll.opens is not None


def test_an_override_switches_services_off() -> None:
    bare = load_scenario("ukraine-2022", {"services.judge": []})
    assert not any(row.key.startswith("services") for row in bare.assumptions())


def test_nothing_is_judged_unless_asked_for() -> None:
    bare = one_site()
    assert bare.services.judge == () and not any(row.key.startswith("services") for row in bare.assumptions())


def test_its_values_are_listed_with_unit_and_tag() -> None:
    rows = {row.key: row for row in load_scenario("ukraine-2022").assumptions()}
    assert rows["services.poll.opens"].tag == "assumed" and "polling stations" in rows["services.poll.opens"].source
    assert (rows["services.server_rtt_ms"].unit, rows["services.conference.duration_min"].unit) == ("ms", "min")
    assert "services.judge" not in rows
