"""Study files: what they say, and every fault with file and line."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import bentpipe
from bentpipe.errors import InputError, ScenarioError, UnknownNameError
from bentpipe.results.variables import variables
from bentpipe.sweep.axes import Drawn, from_range, quantile
from bentpipe.sweep.design import read_design
from bentpipe.sweep.keep import is_a_name
from bentpipe.sweep.planning import check
from bentpipe.sweep.studyfile import example_study, parse_study

HEAD = 'schema = 1\nname = "s"\nbase = "one-site"\n'
SHORT = '[fixed]\n"time.duration" = "5min"\n'


def faults_of(text: str, read: Any = parse_study) -> str:
    with pytest.raises(InputError) as told:
        read(text, "study.toml")
    return str(told.value)


def planned(text: str, file: str = "study.toml") -> Any:
    return check(parse_study(text, file))


def test_every_fault_is_told_at_once_with_its_line() -> None:
    text = """schema = 1
name = "no spaces, please"
base = 3
draw = 4
seeds = [1, 1]
[[axes]]
name = "load"
key = "access.load"
values = []
[[axes]]
name = "load"
key = "access.load"
range = { start = 0, stop = 1, step = -0.1 }
[[axes]]
name = "slot"
key = "satellite.beams"
range = { start = "a", stop = 3, count = 2 }
[[axes]]
name = "d"
key = "seed"
distribution = { kind = "uniforn", low = 0, high = 1 }
[keep]
rtt = ["mean"]
serving_satellite = ["mean"]
site_rtt_s = ["p95"]
[limits]
runs = "many"
"""
    told = faults_of(text)
    for part in (
        "study.toml:2: name: the study needs a name",
        "study.toml:3: base: the study needs a base scenario",
        "study.toml:4: draw: unknown key; allowed: one of schema",
        "did you mean 'draws'?",
        "study.toml:5: seeds: not a list of seeds",
        "study.toml:9: axes.0.values: the axis has no values",
        "study.toml:11: axes.1.name: two axes have one name",
        "study.toml:12: axes.1.key: this key is set twice; found 'access.load'; it is set by axis load already",
        "study.toml:13: axes.1.range: the range is empty",
        "study.toml:15: axes.2.name: the dataset has another thing of this name",
        "study.toml:17: axes.2.range.start: text where a number belongs",
        "study.toml:21: axes.3.distribution.kind: no such kind of distribution; found 'uniforn'",
        "study.toml:23: keep.rtt: no such variable over time",
        "study.toml:24: keep.serving_satellite: this variable numbers things",
        "study.toml:25: keep.site_rtt_s: no such statistic over time; found 'p95'",
        "study.toml:27: limits.runs: text where a number belongs",
    ):
        assert part in told, told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the edition of the format"),
        ("schema = 1\nname = [", "study.toml:2: not TOML"),
        (HEAD + "draws = 3\n", "draws without anything to draw"),
        (HEAD + "keep = 3\n", "nothing is kept"),
        (HEAD + '[[axes]]\nname = "a"\nkey = "seed"\n', "exactly one of values, range, distribution"),
        (HEAD + '[[axes]]\nname = "a"\nkeys = ["a", "b"]\nvalues = [[1, 2], [3]]\n', "rows of 2 values"),
        (HEAD + '[[axes]]\nname = "a"\nkey = "seed"\nvalues = [1, 1]\n', "a value is given twice"),
        (HEAD + '[[axes]]\nname = "a"\nkey = "seed"\nvalues = [1, 2]\nlabels = ["x"]\n', "2 different texts"),
        (HEAD + "seeds = 2\n" + '[[axes]]\nname = "a"\nkey = "seed"\nvalues = [1]\n', "it is set by seeds already"),
        (
            HEAD + 'draws = 1\n[[axes]]\nname = "a"\nkey = "seed"\n'
            'distribution = { kind = "triangular", low = 0, mode = 4, high = 3 }\n',
            "the mode lies outside low and high",
        ),
    ],
)
def test_a_study_that_says_nothing_sensible_is_refused(text: str, told: str) -> None:
    assert told in faults_of(text)


@pytest.mark.parametrize(
    ("axis", "told"),
    [
        ('key = "satellite.beam"\nvalues = [8]', "study.toml:7: axis x, axes.0.values (satellite.beam): unknown key"),
        ('key = "satellite.beam"\nvalues = [8]', "did you mean 'beams'?"),
        (
            'key = "satellite.beams"\nvalues = [8, 0]',
            "study.toml:7: axis x, axes.0.values (satellite.beams): out of range; found 0",
        ),
        ('key = "satellite.beams"\nvalues = [8, "nine"]', "text where a number belongs"),
        ('key = "gateways.nowhere.antennas"\nvalues = [8]', "gateways holds no 'nowhere'"),
        ('key = "territory.resolution"\nvalues = [5, 4]', "resolution"),
        (
            'key = "time.duration"\nvalues = ["5min", "10min"]',
            "changes the simulated slots, of which rtt_s keeps every",
        ),
    ],
)
def test_values_are_checked_against_the_base(axis: str, told: str) -> None:
    text = HEAD + f'[[axes]]\nname = "x"\n{axis}\n[keep]\nrtt_s = "all"\n'
    found = faults_of(text, planned)
    assert told in found, found
    assert "study.toml:" in found


def test_an_axis_that_changes_the_size_of_what_is_kept_is_refused(tmp_path: Path) -> None:
    cells = '["851e6387fffffff"], ["851e6387fffffff", "851e638ffffffff"]'
    axis = f'[[axes]]\nname = "place"\nkey = "territory.cells"\nvalues = [{cells}]\n'
    told = faults_of(HEAD + axis + '[keep]\nrtt_s = ["mean"]\n', planned)
    assert "place changes the number of cells (1 and 2)" in told and "rtt_s has a value for each" in told
    assert planned(HEAD + SHORT + axis + '[keep]\nhandovers = ["sum"]\n').design.runs == 2


def test_a_mistaken_million_is_refused_with_the_number_and_the_key() -> None:
    axes = "".join(
        f'[[axes]]\nname = "{name}"\nkey = "{key}"\nrange = {{ start = 0.0, stop = 0.99, count = 100 }}\n'
        for name, key in (("a", "access.load"), ("b", "satellite.background_share"))
    )
    told = faults_of(HEAD + "seeds = 100\n" + axes, planned)
    assert "1,000,000 runs (100 a × 100 b × 100 seed)" in told and "raise limits.runs" in told
    assert "limits.slots" in faults_of(HEAD + "[limits]\nslots = 200\n", planned)
    assert "limits.bytes" in faults_of(HEAD + '[keep]\nrtt_s = "all"\n[limits]\nbytes = 900\n', planned)


def test_a_base_that_is_not_there_is_told_at_its_line(tmp_path: Path) -> None:
    told = faults_of(HEAD.replace("one-site", "one-sight"), planned)
    assert "one-sight" in told
    with pytest.raises(UnknownNameError, match="no such study file"):
        bentpipe.sweep_plan(tmp_path / "none.toml")


def test_blocks_and_slots_are_counted_where_the_time_varies() -> None:
    axis = '[[axes]]\nname = "span"\nkey = "time.duration"\nvalues = ["5min", "2h"]\n'
    found = planned(HEAD + "seeds = 3\n" + axis + '[keep]\nhandovers = ["sum"]\n')
    assert (found.slots, found.blocks) == (3 * (20 + 480), 3 * (1 + 2))


def test_the_example_is_a_study_of_ninety_runs(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(example_study())
    plan = bentpipe.sweep_plan(tmp_path / "study.toml")
    assert plan.data["runs"] == 90 and plan.data["tasks"] == 90
    assert plan.data["axes"][2] == {"name": "draw", "length": 10}
    assert "90 runs of one-site" in plan.lines[0]


def test_runs_are_in_c_order_with_seeds_and_draws_last() -> None:
    axis = '[[axes]]\nname = "load"\nkey = "access.load"\nvalues = [0.1, 0.9]\n'
    drawn = '[[axes]]\nname = "b"\nkey = "satellite.background_share"\ndistribution = '
    drawn += '{ kind = "uniform", low = 0.0, high = 0.5 }\n'
    design = read_design(parse_study(HEAD + "seeds = 2\ndraws = 3\n" + axis + drawn))
    assert (design.dims, design.shape) == (("load", "seed", "draw"), (2, 2, 3))
    assert [design.index(i) for i in (0, 1, 3, 11)] == [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 1, 2)]
    overrides = design.overrides((1, 1, 2))
    assert overrides["access.load"] == 0.9 and overrides["seed"] == 2
    assert overrides["satellite.background_share"] == design.drawn["b"][2]


def test_a_draw_depends_on_its_name_and_number_alone() -> None:
    one = Drawn("b", ("x",), "uniform", {"low": 0.0, "high": 1.0})
    assert one.values(1, 5) == one.values(1, 50)[:5]
    assert one.values(1, 5) != one.values(2, 5)
    assert one.values(1, 5) != Drawn("c", ("x",), "uniform", {"low": 0.0, "high": 1.0}).values(1, 5)


@pytest.mark.parametrize(
    ("kind", "given", "oracle"),
    [
        ("uniform", {"low": 2.0, "high": 5.0}, stats.uniform(2.0, 3.0)),
        ("normal", {"mean": 3.0, "sd": 2.0}, stats.norm(3.0, 2.0)),
        ("normal", {"mean": 3.0, "sd": 2.0, "low": 1.0, "high": 9.0}, stats.truncnorm(-1.0, 3.0, 3.0, 2.0)),
        ("lognormal", {"median": 4.0, "sigma": 0.5}, stats.lognorm(0.5, scale=4.0)),
        ("triangular", {"low": 1.0, "mode": 2.0, "high": 7.0}, stats.triang(1.0 / 6.0, 1.0, 6.0)),
    ],
)
def test_quantiles_are_those_of_scipy(kind: str, given: dict[str, float], oracle: Any) -> None:
    p = np.array([1e-6, 0.01, 0.2, 0.5, 0.77, 0.999, 1 - 1e-9])
    np.testing.assert_allclose([quantile(kind, given, float(x)) for x in p], oracle.ppf(p), rtol=1e-7)


def test_integers_and_choices_take_their_shares() -> None:
    p = (np.arange(10_000) + 0.5) / 10_000
    whole = [quantile("integers", {"low": 3, "high": 6}, x) for x in p]
    assert np.bincount(whole).tolist() == [0, 0, 0, 2500, 2500, 2500, 2500]
    words = [quantile("choice", {"values": ["a", "b", "c"], "weights": [1, 0, 3]}, x) for x in p]
    assert [words.count(w) for w in "abc"] == [2500, 0, 7500]


def test_ranges_hold_both_ends() -> None:
    assert from_range({"start": 0, "stop": 6, "step": 3}) == [0, 3, 6]
    assert from_range({"start": 0.0, "stop": 0.3, "step": 0.1}) == [0.0, 0.1, 0.2, 0.3]
    assert from_range({"start": 1, "stop": 2, "count": 3}) == [1, 1.5, 2]
    assert from_range({"start": 5, "stop": 1, "step": -2}) == [5, 3, 1]
    assert from_range({"start": 5, "stop": 1, "step": 2}) == []
    assert math.isclose(from_range({"start": 0.0, "stop": 1.0, "count": 7})[-1], 1.0)


def test_what_numbers_things_is_known() -> None:
    names = {v.name for v in variables() if "slot" in v.dims and is_a_name(v)}
    assert names == {
        "serving_satellite", "serving_gateway", "site_serving_satellite", "site_serving_gateway", "limit_down",
        "limit_up", "site_limit_down", "site_limit_up", "path_first_satellite", "path_last_satellite", "path_mark",
        "service_verdict", "site_service_verdict",
    }  # fmt: skip


def test_a_fault_of_many_draws_is_told_once_at_the_axis_that_draws() -> None:
    axis = '[[axes]]\nname = "room"\nkey = "{key}"\ndistribution = {{ kind = "integers", low = -9, high = 0 }}\n'
    for key in ("gateways.kaunas.antennas", "gateways.KAUNAS.antennas", "gateways.1.antennas"):
        told = faults_of(HEAD + "seeds = 2\ndraws = 9\n" + SHORT + axis.format(key=key), planned).splitlines()
        assert len(told) == 1, told
        assert told[0].startswith(
            "study.toml:11: axis room, axes.0.distribution (gateways.1.antennas): out of range; found -"
        )
        assert "the same of " in told[0]
        assert "fixed" not in told[0]


def test_a_table_that_only_an_axis_makes_is_the_axis_own_fault() -> None:
    axis = '[[axes]]\nname = "x"\nkey = "acess.load"\nvalues = [0.1, 0.2]\n'
    told = faults_of(HEAD + SHORT + axis, planned)
    assert told.startswith("study.toml:9: axis x, axes.0.values (acess): unknown key")
    assert len(told.splitlines()) == 1


def test_a_fault_of_the_base_with_what_an_axis_sets_names_both() -> None:
    axis = '[[axes]]\nname = "x"\nkey = "territory.country"\nvalues = ["UKR"]\n'
    told = faults_of(HEAD + SHORT + axis, planned)
    assert re.match(r"study.toml:9: axis x, axes.0.values \(built-in one-site:\d+: territory\): country and", told)


def test_a_fault_of_what_is_fixed_is_told_at_its_line() -> None:
    told = faults_of(HEAD + 'seeds = 3\n[fixed]\n"satellite.beams" = 0\n', planned)
    assert told.startswith("study.toml:6: fixed.satellite.beams (satellite.beams): out of range; found 0")


def test_what_must_change_together_may_be_fixed_in_part_and_varied_in_part() -> None:
    keys = ("grant_wait_ms", "load_wait_ms", "slot_log_sigma", "within_log_sigma")
    fixed = "".join(f'"access.{key}" = 0.5\n' for key in keys)
    axis = '[[axes]]\nname = "frame"\nkey = "access.frame_ms"\n'
    drawn = 'distribution = { kind = "uniform", low = 4.0, high = 6.0 }\n'
    found = planned(HEAD + "seeds = 2\ndraws = 3\n" + SHORT + fixed + axis + drawn)
    assert (found.design.runs, found.design.coordinates["seed"]) == (6, [1, 2])
    given = {found.design.scenario((0, i)).access.frame_ms for i in range(3)}
    assert given == set(found.design.drawn["frame"])
    assert planned(HEAD + "seeds = 2\n" + SHORT + fixed + axis + "values = [4.0, 6.0]\n").design.runs == 4
    told = faults_of(HEAD + "seeds = 2\ndraws = 3\n" + SHORT + axis + drawn, planned)
    assert told.startswith("study.toml:11: axis frame, axes.0.distribution (access.frame_ms): an access network")
    assert len(told.splitlines()) == 1


def test_bad_values_are_scenario_errors() -> None:
    with pytest.raises(ScenarioError):
        planned(HEAD + '[fixed]\n"time.duration" = "never"\n')
