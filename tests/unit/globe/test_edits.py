"""Edits of the page: read, refused in words, told, and back to JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentpipe.errors import InputError
from bentpipe.globe.edits import Edits, read_edits, words

ALL: dict[str, Any] = {
    "gateways": ["wola-krobowska", "kaunas"],
    "shell": 0,
    "planes": [0, 17],
    "satellites_percent": 10,
    "lasers_percent": 100,
    "power_regions": ["UA-63"],
    "rain_exceeded_percent": 0.1,
}


def test_every_key_is_read_and_written_back() -> None:
    edits = read_edits(ALL)
    assert edits.gateways == ("wola-krobowska", "kaunas") and edits.planes == (0, 17)
    assert edits.as_json() == ALL
    assert read_edits(json.loads(json.dumps(edits.as_json()))) == edits
    assert read_edits({"gateways": ["Kaunas"], "power_regions": ["ua-63"]}) == Edits(
        ("kaunas",), power_regions=("UA-63",)
    )


def test_names_where_they_are_known() -> None:
    names = {
        "gateways": {"kaunas": "Kaunas, Lithuania"},
        "regions": {"UA-63": "Kharkiv"},
        "shells": {"0": "550 km 53°"},
    }
    assert words(read_edits(ALL), names) == [
        "gateways wola-krobowska and Kaunas, Lithuania off",
        "planes 0, 17 of 550 km 53° off",
        "10 % of the satellites off, drawn at random",
        "all lasers off",
        "no power and empty batteries in Kharkiv",
        "weather everywhere as bad as in 0.1 % of an average year",
    ]
    assert words(Edits(lasers_percent=5.0, shell=2, planes=(1,))) == [
        "plane 1 of shell 2 off",
        "lasers of 5 % of the satellites off",
    ]


@pytest.mark.parametrize(
    ("wrong", "where", "what"),
    [
        ([], "edits", "no table"),
        ({}, "edits", "nothing is changed"),
        ({"gateway": ["x"]}, "edits.gateway", "unknown key"),
        ({7: 1}, "edits.7", "unknown key"),
        ({"gateways": "kaunas"}, "edits.gateways", "not a list of ids"),
        ({"gateways": []}, "edits.gateways", "no ids"),
        ({"gateways": ["a" * 64]}, "edits.gateways", "too long"),
        ({"gateways": ["a", "A"]}, "edits.gateways", "given twice"),
        ({"power_regions": [3]}, "edits.power_regions", "not a list of ids"),
        ({"power_regions": ["x"] * 1_001}, "edits.power_regions", "too many"),
        ({"shell": 0}, "edits.planes", "go together"),
        ({"planes": [0]}, "edits.planes", "go together"),
        ({"shell": True, "planes": [0]}, "edits.shell", "not a shell"),
        ({"shell": 0, "planes": [1.0]}, "edits.planes", "not a plane"),
        ({"shell": 0, "planes": [1, 1]}, "edits.planes", "given twice"),
        ({"shell": 0, "planes": 1}, "edits.planes", "not a list of planes"),
        ({"shell": -1, "planes": [1]}, "edits.shell", "not a shell"),
        ({"satellites_percent": 0}, "edits.satellites_percent", "out of range"),
        ({"satellites_percent": "10"}, "edits.satellites_percent", "not a number"),
        ({"lasers_percent": 101}, "edits.lasers_percent", "out of range"),
        ({"lasers_percent": float("nan")}, "edits.lasers_percent", "out of range"),
        ({"lasers_percent": True}, "edits.lasers_percent", "not a number"),
        ({"rain_exceeded_percent": 0.0001}, "edits.rain_exceeded_percent", "out of range"),
        ({"rain_exceeded_percent": 10**400}, "edits.rain_exceeded_percent", "out of range"),
        ({"rain_exceeded_percent": None}, "edits.rain_exceeded_percent", "not a number"),
    ],
)
def test_what_is_wrong_is_refused_in_words(wrong: Any, where: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        read_edits(wrong)
    (fault,) = caught.value.faults
    assert fault.where == where and what in fault.what and (fault.allowed or fault.what == "nothing is changed")
    assert str(fault)


def test_all_faults_come_at_once() -> None:
    with pytest.raises(InputError) as caught:
        read_edits({"shell": "x", "gateways": 3, "rain": 1})
    assert {fault.where for fault in caught.value.faults} == {
        "edits.shell", "edits.gateways", "edits.rain", "edits.planes",
    }  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*ALL, "other"]), JSON, max_size=4) | JSON)
def test_anything_is_read_or_refused(given_edits: Any) -> None:
    try:
        edits = read_edits(given_edits)
    except InputError:
        return
    assert read_edits(edits.as_json()) == edits
    assert words(edits)
