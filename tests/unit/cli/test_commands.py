"""Each command asks the API the right thing and prints its answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import bentpipe
from bentpipe.cli import main
from bentpipe.cli.explain import utc_instant
from bentpipe.cli.run import read_overrides, toml_value
from bentpipe.errors import InputError, UnknownNameError


def test_run_prints_five_lines_and_where_the_report_is(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "ukraine-2022"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "one",
        "two",
        "three",
        "four",
        "five",
        "Report: runs/ukraine-2022/report.html",
    ]
    assert "simulating" in err


def test_run_quiet_says_nothing_on_stderr(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "ukraine-2022", "--quiet", "--no-report"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines()[-1] == "Run: runs/ukraine-2022"
    assert not any(name == "write_report" for name, _ in api.calls)


def test_run_json_is_one_strict_object(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["RUN", "ukraine-2022", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name))
    assert answer["schema"] == 1
    assert answer["report"] == "runs/ukraine-2022/report.html"
    assert answer["answer"] == {"gap_s": None}


@pytest.mark.parametrize("as_json", [False, True])
def test_dry_run_plans_and_runs_nothing(api: Any, capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    options = ["--out", "here", "--threads", "3"]
    assert main(["run", "ukraine-2022", "--dry-run", *options, *(["--json"] if as_json else [])]) == 0
    assert [name for name, _ in api.calls] == ["load_scenario", "plan"]
    assert api.asked("plan") == {"out": Path("here"), "threads": 3}
    out = capsys.readouterr().out
    if as_json:
        assert json.loads(out)["plan"]["cells"] == 12
    else:
        assert out == "12 cells\n1 GB\n"


def test_run_hands_every_option_on(api: Any, tmp_path: Path) -> None:
    elements = tmp_path / "set.tle"
    elements.write_text("")
    options = [
        "--elements",
        str(elements),
        "--policy",
        "Nearest",
        "--seed",
        "7",
        "--start",
        "2022-10-10T00:00Z",
    ]
    options += ["--duration", "1h", "--set", "satellite.beams=8", "--set", "name=mine"]
    options += ["--threads", "2", "--out", str(tmp_path / "r")]
    assert main(["run", "UKRAINE-2022", *options]) == 0
    assert api.asked("load_scenario") == (
        "UKRAINE-2022",
        {
            "seed": 7,
            "time.start": "2022-10-10T00:00Z",
            "time.duration": "1h",
            "policies.scheduling": "Nearest",
            "constellation.source": "elements",
            "constellation.elements": str(elements),
            "satellite.beams": 8,
            "name": "mine",
        },
    )
    asked = api.asked("run")
    assert asked["threads"] == 2
    assert asked["out"] == tmp_path / "r"


def test_report_coarsens_sites_unless_asked(api: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["report", "ukraine-2022"]) == 0
    assert api.asked("write_report") == (None, False)
    api.calls.clear()
    assert main(["report", "ukraine-2022", "--out", str(tmp_path / "x.html"), "--exact-sites", "--json"]) == 0
    assert api.asked("write_report") == (tmp_path / "x.html", True)
    assert '"report"' in capsys.readouterr().out


def test_a_report_of_an_unfinished_run_says_so(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "unfinished", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["complete"] is False
    assert "the run is unfinished" in err
    assert main(["report", "ukraine-2022", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["complete"] is True
    assert err == ""
    assert api.asked("open_run") is True  # checksums are compared: a report must not rest on damaged data


def test_capacity_asks_in_bit_s(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity", "ukraine-2022", "--target", "25/3"]) == 0
    run, *asked = api.asked("capacity")
    assert run.path == Path("runs/ukraine-2022") and asked == [25e6, 3e6, 0.95, 48]
    out, err = capsys.readouterr()
    assert out == "209 terminals\n" and "simulating" in err
    api.calls.clear()
    options = ["--target", "0.5/0.1", "--availability", "1", "--slots", "12", "--json", "--quiet"]
    assert main(["capacity", "ukraine-2022", *options]) == 0
    assert api.asked("capacity")[1:] == pytest.approx((5e5, 1e5, 1.0, 12))
    out, err = capsys.readouterr()
    assert json.loads(out)["capacity"] == {"kits": 209} and err == ""


def test_capacity_takes_a_scenario_where_there_is_no_run(
    api: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_run(name: str) -> Any:
        raise UnknownNameError(f"no run is called {name!r}")

    monkeypatch.setattr(bentpipe, "open_run", no_run)
    monkeypatch.setattr(bentpipe, "load_scenario", lambda name: api.load_scenario(name, {}))
    assert main(["capacity", "ukraine-2022", "--target", "25/3", "-q"]) == 0
    assert api.asked("capacity")[0].name == "ukraine-2022"
    assert main(["capacity", "nowhere", "--target", "25/3"]) == 2
    err = capsys.readouterr().err
    assert "no run is called 'nowhere'" in err and "no scenario is called 'nowhere'" in err


def test_resilience_asks_with_shares_and_writes_the_page(
    api: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["resilience", "ukraine-2022"]) == 0
    run, *asked = api.asked("resilience")
    assert run.path == Path("runs/ukraine-2022")
    assert asked == ["satellites", (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5), 20, 12, None]
    assert api.asked("write_resilience") == Path("runs/ukraine-2022/resilience.html")
    out, err = capsys.readouterr()
    assert out == "98 % stay connected\nReport: runs/ukraine-2022/resilience.html\n" and "simulating" in err
    api.calls.clear()
    options = ["--lose", "gateways", "--shares", "2.5, 50", "--draws", "7", "--slots", "3", "--seed", "9"]
    assert main(["resilience", "ukraine-2022", *options, "--out", "page.html", "--json", "-q"]) == 0
    assert api.asked("resilience")[1:] == ("gateways", (0.025, 0.5), 7, 3, 9)
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["resilience"] == {"draws": 7} and found["report"] == "page.html" and err == ""


def test_resilience_of_a_scenario_writes_where_it_is_told(
    api: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def no_run(name: str) -> Any:
        raise UnknownNameError(f"no run is called {name!r}")

    monkeypatch.setattr(bentpipe, "open_run", no_run)
    monkeypatch.setattr(bentpipe, "load_scenario", lambda name: api.load_scenario(name, {}))
    assert main(["resilience", "ukraine-2022", "-q"]) == 0
    assert "name --out" in capsys.readouterr().out
    assert main(["resilience", "ukraine-2022", "-q", "--out", str(tmp_path / "here")]) == 0
    assert api.asked("write_resilience") == tmp_path / "here" / "resilience.html"
    (tmp_path / "file").write_text("")
    api.calls.clear()
    assert main(["resilience", "ukraine-2022", "-q", "--out", str(tmp_path / "file" / "x.html")]) == 2
    assert "resilience" not in dict(api.calls)  # refused before the work


def test_explain_asks_for_the_link_where_it_is_wanted(api: Any) -> None:
    assert main(["explain", "ukraine-2022", "kyiv", "--at", "2022-10-10T06:00Z", "--link"]) == 0
    assert api.asked("explain") == ("kyiv", "2022-10-10T06:00:00", "link")


def test_explain_asks_for_one_instant(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "ukraine-2022", "kyiv", "--at", "2022-10-10T09:00+03:00"]) == 0
    assert api.asked("explain") == ("kyiv", "2022-10-10T06:00:00")
    assert main(["explain", "ukraine-2022", "kyiv", "--at", "2022-10-10T06:00Z", "--json"]) == 0
    assert '"satellite": "STARLINK-1"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25", 25),
        ("0.5", 0.5),
        ("true", True),
        ("24h", "24h"),
        ('["UA-30"]', ["UA-30"]),
        ("Kyiv", "Kyiv"),
        ("1\nother = 2", "1\nother = 2"),
        ("", ""),
    ],
)
def test_values_are_read_as_a_scenario_file_would(text: str, value: object) -> None:
    assert toml_value(text) == value


def test_all_faults_of_the_options_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_overrides({"seed": 1, "time.start": None}, tmp_path / "none", ["seed=2", "nonsense", "=3", "a.b=1"])
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize("text", ["2022-10-10T06:00", "2022-10-10T06:00Z", "2022-10-10 06:00:00"])
def test_instants_are_utc(text: str) -> None:
    assert utc_instant(text) == "2022-10-10T06:00:00"


def test_compare_opens_each_run_and_prints_lines_or_json(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "one", "two", "three"]) == 0
    assert capsys.readouterr().out == "side by side\n"
    assert api.asked("compare") == ["one", "two", "three"]
    assert main(["COMPARE", "one", "two", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["command"], found["runs"]) == ("compare", ["runs/one", "runs/two"])


def test_compare_tells_all_that_is_wrong_with_its_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "alone"]) == 2
    err = capsys.readouterr().err
    assert "no such run; found 'alone'" in err and "a comparison needs two runs" in err
    assert main(["compare", "this", "that"]) == 2
    err = capsys.readouterr().err
    assert "'this'" in err and "'that'" in err
    assert main(["compare"]) == 2


def test_compare_with_measurements(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", "one", "--measured", "a.txt", "--measured", "b.json", "--site", "x", "--offset", "0.5"]
    assert main([*words, "--start", "2025-04-15T01:31:27Z", "--interval", "0.2", "--kind", "ping"]) == 0
    assert capsys.readouterr().out == "beside a run\n"
    given = {"kind": "ping", "start_unix_s": 1_744_680_687.0, "interval_s": 0.2}
    assert api.asked("read_measurements") == (Path("a.txt"), given)
    options = {"site": "x", "offset_s": 0.5, "probe": None}
    assert api.asked("compare_measured") == ("one", ("a.txt", "b.json"), options)
    assert main(["compare", "one", "--measured", "a.txt", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "command": "compare", "run": "one"}


def test_compare_with_measurements_tells_all_that_is_wrong(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "one", "two", "--measured", "a.bad", "--start", "noon", "--interval", "0"]) == 2
    err = capsys.readouterr().err
    for words in ("no reply", "compared with one run", "--start: not a time", "not a time between pings"):
        assert words in err
    assert main(["compare", "one", "two", "--site", "x"]) == 2
    assert "--site: only of use with --measured FILE" in capsys.readouterr().err
