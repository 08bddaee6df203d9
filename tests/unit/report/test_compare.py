"""Comparisons of made-up runs: what they warn of, and runs without rates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from finished_run import make_run

from bentpipe.cli.output import as_json
from bentpipe.errors import InputError
from bentpipe.report import compare


def test_runs_without_rates_say_so(tmp_path: Path) -> None:
    one, two = (make_run(tmp_path / name, slots=40, rates=False) for name in ("one", "two"))
    found = compare(one, two)
    text = "\n".join(found.lines)
    assert "one has no rates to users" in text and "two has no rates from users" in text
    assert "not computed" in text and "No inputs differ." in text
    assert found.data["differences"] == []
    assert [run["name"] for run in found.data["runs"]] == ["one", "two"]  # both are called ukraine-2022


def test_spans_and_territories_are_warned_of_and_compared(tmp_path: Path) -> None:
    one, two = make_run(tmp_path / "one", slots=40), make_run(tmp_path / "two", slots=20, regions=3)
    warnings = " ".join(compare(one, two).data["warnings"])
    assert "different spans" in warnings and "different numbers of terminal users" in warnings


def test_unfinished_runs_are_told(tmp_path: Path) -> None:
    one, two = make_run(tmp_path / "one", slots=40), make_run(tmp_path / "two", slots=40)
    half = replace(two, manifest={**two.manifest, "complete": False, "name": "half"})
    assert any("half is unfinished" in text for text in compare(one, half).data["warnings"])


def test_empty_runs_and_runs_without_service(tmp_path: Path) -> None:
    empty, dark = make_run(tmp_path / "empty", slots=0), make_run(tmp_path / "dark", slots=20, outage=True)
    found = compare(empty, dark)
    assert json.loads(json.dumps(as_json(found.data), allow_nan=False))["runs"][1]["round_trip_p50_ms"] is None
    assert all("nan" not in line for line in found.lines)


def test_inputs_that_differ_carry_their_tags(tmp_path: Path) -> None:
    one, two = make_run(tmp_path / "one", slots=20), make_run(tmp_path / "two", slots=20)
    rows = [dict(row) for row in two.manifest["assumptions"] if row["key"] != "access.load"]
    rows[3] |= {"value": 48, "tag": "hypothetical"}
    rows[5]["value"] = 4
    other = replace(two, manifest={**two.manifest, "assumptions": rows})
    found = {row["key"]: row["values"] for row in compare(one, other).data["differences"]}
    assert set(found) == {"satellite.beams", "access.load", "gateways"}
    assert found["satellite.beams"] == [{"value": 16, "tag": "documented"}, {"value": 48, "tag": "hypothetical"}]
    assert found["access.load"][1] is None
    assert found["gateways"][0]["value"] == ["wola-krobowska"]


def test_no_run_or_one_run_or_one_twice(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one", slots=5)
    for runs in ((), (one,)):
        with pytest.raises(InputError, match="two runs"):
            compare(*runs)
    with pytest.raises(InputError, match="named twice"):
        compare(one, one)
