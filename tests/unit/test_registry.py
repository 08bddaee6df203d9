"""Policies by name, by function, by entry point."""

from __future__ import annotations

import importlib.metadata

import numpy as np
import pytest

from bentpipe.errors import InputError, UnknownNameError
from bentpipe.network.policies import SCHEDULING
from bentpipe.registry import ENTRY_POINT_GROUP, Policy, find_policy


def northern(links: object) -> np.ndarray:
    return np.asarray(links.north, np.float64)  # type: ignore[attr-defined]


def test_names_ignore_case() -> None:
    assert find_policy(SCHEDULING, "Max-Coverage") is SCHEDULING["max-coverage"]
    assert find_policy(SCHEDULING, "OBSERVED") is SCHEDULING["observed"]


def test_an_unknown_name_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_policy(SCHEDULING, "higest")
    fault = caught.value.faults[0]
    assert "highest" in fault.remedy
    assert all(name in fault.allowed for name in SCHEDULING)
    assert isinstance(caught.value, InputError)


def test_a_function_is_a_policy_without_memory() -> None:
    policy = find_policy(SCHEDULING, northern)
    assert policy.name == "northern"
    assert (policy.memory_slots, policy.lookahead_slots, policy.coverage_first) == (0, 0, False)


def test_a_function_may_say_what_it_needs() -> None:
    def mine(links: object) -> np.ndarray:
        return northern(links)

    mine.memory_slots, mine.lookahead_slots, mine.coverage_first = None, 4, True  # type: ignore[attr-defined]
    policy = find_policy(SCHEDULING, mine)
    assert (policy.memory_slots, policy.lookahead_slots, policy.coverage_first) == (None, 4, True)


def test_a_policy_is_taken_as_it_is() -> None:
    policy = Policy("mine", northern, memory_slots=2)
    assert find_policy({}, policy) is policy


@pytest.mark.parametrize("wanted", [7, None, ["highest"]])
def test_anything_else_is_refused(wanted: object) -> None:
    with pytest.raises(InputError, match="a name or a function"):
        find_policy(SCHEDULING, wanted)  # type: ignore[arg-type]


def test_an_installed_policy_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    point = importlib.metadata.EntryPoint("Northern", "numpy:abs", ENTRY_POINT_GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point] if group == ENTRY_POINT_GROUP else [])
    assert find_policy(SCHEDULING, "northern").score is np.abs
    with pytest.raises(UnknownNameError, match="northern"):
        find_policy(SCHEDULING, "southern")


def test_the_identity_of_a_policy_is_its_function_and_its_settings() -> None:
    def northern_too(links: object) -> np.ndarray:
        return -northern(links)

    identities = {
        Policy("a", northern).identity(),
        Policy("b", northern).identity(),
        Policy("a", northern_too).identity(),
        Policy("a", northern, memory_slots=1).identity(),
        Policy("a", northern, coverage_first=True).identity(),
    }
    assert len(identities) == 5
    assert Policy("a", np.abs).identity() == Policy("a", np.abs).identity()
