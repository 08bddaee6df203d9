"""Two studies, pair by pair: differences and intervals against plain ones; what differs between them is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_study import made_study
from scipy import stats

import bentpipe
from bentpipe.errors import InputError

RNG = np.random.default_rng(5)


def pair(tmp_path: Path, a: Any, b: Any, along_b: Any = None, **other: Any) -> tuple[Any, Any]:
    along = {"load": [0.1, 0.9], "draw": list(range(30))}
    first = made_study(along, {"site_rtt_s_mean": a}, folder=tmp_path / "a", document={"fibre": {"v": 0.68}})
    second = made_study(along_b or along, {"site_rtt_s_mean": b}, folder=tmp_path / "b", name="other",
                        document={"fibre": {"v": 0.6}, "x": 1}, **other)  # fmt: skip
    return first, second


def test_runs_are_paired_and_the_interval_is_that_of_their_differences(tmp_path: Path) -> None:
    a = RNG.gamma(3.0, 0.02, (2, 30))
    b = a + 0.001 + 0.0005 * RNG.normal(size=(2, 30))
    b[0, 3] = np.nan
    found = bentpipe.compare_studies(*pair(tmp_path, a, b), resamples=20_000)
    (row,) = found.data["statistics"]
    apart = b - a
    assert row["difference"] == pytest.approx(np.nanmean(apart))
    assert (row["pairs"], row["left_out"]) == (59, 1)
    assert row["larger_share"] == pytest.approx((apart[~np.isnan(apart)] > 0).mean())
    by_draw = np.nanmean(apart, axis=0)
    theirs = stats.bootstrap((by_draw,), np.mean, n_resamples=20_000, method="percentile",
                             random_state=np.random.default_rng(1))  # fmt: skip
    assert row["interval"] == pytest.approx(list(theirs.confidence_interval), abs=0.2 * theirs.standard_error)
    assert found.data["differences"] == [{"key": "fibre.v", "values": [0.68, 0.6]}, {"key": "x", "values": [None, 1]}]
    assert any(re.search(r"site_rtt_s_mean .* \+1\.\d+ ms", line) for line in found.lines)
    assert "fibre.v: 0.68 | 0.6" in found.lines


def test_pairs_go_by_their_values_not_their_places(tmp_path: Path) -> None:
    a = np.arange(60.0).reshape(2, 30)
    first, second = pair(tmp_path, a, a[::-1], {"load": [0.9, 0.1], "draw": list(range(30))})
    (row,) = bentpipe.compare_studies(first, second).data["statistics"]
    assert row["difference"] == 0.0
    turned = made_study({"draw": list(range(30)), "load": [0.1, 0.9]}, {"site_rtt_s_mean": a.T}, folder=tmp_path / "c",
                        document={})  # fmt: skip
    (row,) = bentpipe.compare_studies(first, turned).data["statistics"]
    assert row["difference"] == 0.0
    assert row["pairs"] == 60


def test_values_that_only_one_has_are_told_and_left_out(tmp_path: Path) -> None:
    first, second = pair(tmp_path, np.ones((2, 30)), np.ones((2, 20)), {"load": [0.1, 0.5], "draw": list(range(20))})
    found = bentpipe.compare_studies(first, second)
    assert found.data["pairs"] == 20
    assert "only made has load 0.9: left out" in found.data["notes"]
    assert "only other has load 0.5: left out" in found.data["notes"]
    assert any("only made has draw" in note for note in found.data["notes"])


def test_draws_of_other_values_are_told(tmp_path: Path) -> None:
    along = {"draw": [0, 1, 2]}
    a, b = (
        made_study(along, {"site_rtt_s_mean": np.arange(3.0)}, drawn={"share": values}, folder=tmp_path / name,
                   name=name, document={})
        for name, values in (("a", [0.1, 0.2, 0.3]), ("b", [0.3, 0.2, 0.1]))
    )  # fmt: skip
    assert any("the values of share differ" in n for n in bentpipe.compare_studies(a, b).data["notes"])
    assert bentpipe.compare_studies(a, a).data["notes"] == []


def test_an_unfinished_study_is_told(tmp_path: Path) -> None:
    complete = np.ones((2, 30), np.bool_)
    complete[1, :5] = False
    found = bentpipe.compare_studies(*pair(tmp_path, np.ones((2, 30)), np.ones((2, 30)), complete=complete))
    assert "other is unfinished: 5 runs are missing" in found.data["notes"]
    assert found.data["statistics"][0]["left_out"] == 5


@pytest.mark.parametrize(
    ("along", "message"),
    [
        ({"load": [0.1, 0.9]}, "different axes"),
        ({"load": [0.1, 0.9], "draw": [0], "beams": [1]}, "beams (only in other)"),
        ({"load": [0.2, 0.8], "draw": list(range(30))}, "no value of load in common"),
    ],
)
def test_what_cannot_be_paired_is_refused(along: dict[str, Any], message: str, tmp_path: Path) -> None:
    shape = tuple(len(v) for v in along.values())
    first, second = pair(tmp_path, np.ones((2, 30)), np.ones(shape), along)
    with pytest.raises(InputError, match=re.escape(message)):
        bentpipe.compare_studies(first, second)


def test_nothing_kept_in_common_is_refused(tmp_path: Path) -> None:
    first, _ = pair(tmp_path, np.ones((2, 30)), np.ones((2, 30)))
    other = made_study({"load": [0.1, 0.9], "draw": list(range(30))}, {"handovers_sum": np.ones((2, 30))},
                       folder=tmp_path / "c", document={})  # fmt: skip
    with pytest.raises(InputError, match="keep nothing in common"):
        bentpipe.compare_studies(first, other)
