"""``bentpipe services``: which place, which moment, how long, what it prints, and what is refused."""

from __future__ import annotations

import json

import pytest
from small_run import small_run

from bentpipe.cli import main


def run_path(sharing: str = "single-satellite") -> str:
    return str(small_run(sharing).path)


def test_services_around_the_worst_outage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["services", run_path(), "Kyiv", "--at", "worst-outage", "--duration", "5min"]) == 0
    told = capsys.readouterr().out
    first, _, *lines = told.splitlines()
    assert first.startswith("kyiv, around the longest outage of kyiv, 2022-10-24T10:04:12 to 2022-10-24T10:06:42 UTC")
    assert "300 s, connected 150 s" in first and "simulated" in first
    for title in ("voice call", "videoconference", "web page", "vote in a poll", "file of 10 MB", "video stream"):
        assert any(line.startswith(title) for line in lines), title
    assert "freezes, picture down: " in told and "closed form of CUBIC" in told


def test_json_is_one_strict_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["services", run_path(), "kyiv", "--at", "2022-10-24T10:03:57Z", "--duration", "1min", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name))
    found = answer["services"]
    assert (answer["command"], found["simulated"], found["duration_s"]) == ("services", True, 60.0)
    assert set(found["services"]) == {"voice", "video-call", "web", "post", "poll", "news", "bulk", "video"}
    assert found["services"]["post"]["p95_s"] is None  # there is no link for most of it
    filled = found["services"]["bulk"]["filled"]["down"]
    assert 0.0 < filled["goodput_bit_s"] <= filled["allocated_bit_s"]
    assert "Zoom" in found["services"]["video-call"]["needs"][0]["source"]


def test_a_place_and_given_rates(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--place", "50.4,30.5", "--rate", "20/2", "--duration", "30s", "--json"]
    assert main(["services", run_path("none"), *options]) == 0
    found = json.loads(capsys.readouterr().out)["services"]
    assert found["place"].startswith("50.4,30.5 (cell 8")
    assert found["services"]["bulk"]["filled"]["up"]["allocated_bit_s"] == pytest.approx(2e6)
    assert any("rates given by hand" in note for note in found["notes"])


def test_a_span_is_no_longer_than_its_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["services", run_path(), "kyiv", "--at", "2022-10-24T10:09:30Z"]) == 0
    assert "Note: the run ends there: 45 s in place of 600 s." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kyiv", "--duration", "3h"], "15 s to 2 h"),
        (["kyiv", "--duration", "5s"], "15 s to 2 h"),
        (["kyiv", "--duration", "soon"], "not a length of time"),
        (["nowhere"], "no such site"),
        ([], "one place is wanted"),
        (["kyiv", "--place", "50.4,30.5"], "one place is wanted"),
        (["kyiv", "--at", "worst"], "neither a time nor a moment"),
    ],
)
def test_bad_input_ends_with_code_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["services", run_path(), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_run_without_rates_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["services", run_path("none"), "kyiv"]) == 2
    assert "--rate DOWN/UP" in capsys.readouterr().err


def test_the_help_fits_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["services", "--help"]) == 0
    assert len(capsys.readouterr().out.splitlines()) <= 40
