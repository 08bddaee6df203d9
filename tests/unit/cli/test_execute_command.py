"""The command lines of the live link: what is bentpipe's and what the program's, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bentpipe.cli import main
from bentpipe.cli.execute import split_words
from bentpipe.errors import InputError


def test_words_before_the_dashes_are_bentpipes() -> None:
    line = ["exec", "run", "--at", "handover", "kyiv", "--", "curl", "--rate", "1", "--", "x"]
    words = ["run", "kyiv", "curl", "--rate", "1", "--", "x"]
    assert split_words(line, words, 1) == (["run", "kyiv"], [["curl", "--rate", "1", "--", "x"]])


def test_a_call_has_two_programs() -> None:
    line = ["call", "run", "a", "b", "--", "one", "-x", "--", "two", "--", "three"]
    words = ["run", "a", "b", "one", "-x", "--", "two", "--", "three"]
    before, programs = split_words(line, words, 2)
    assert before == ["run", "a", "b"] and programs == [["one", "-x"], ["two", "--", "three"]]


@pytest.mark.parametrize(
    ("line", "programs"),
    [(["exec", "run", "kyiv"], 1), (["exec", "run", "kyiv", "--"], 1), (["call", "r", "a", "b", "--", "one"], 2)],
)
def test_a_program_is_needed(line: list[str], programs: int) -> None:
    words = [word for word in line[1:] if word != "--"]
    with pytest.raises(InputError, match="program"):
        split_words(line, words, programs)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["exec", "no-such-run", "Kyiv", "--", "true"], "bentpipe run SCENARIO"),
        (["exec", "only-a-run", "--", "true"], "needed before the program: RUN SITE"),
        (["exec", "--trace", "no.csv", "--", "true"], "no.csv"),
        (["exec", "run", "--trace", "no.csv", "--", "true"], "a trace needs no run"),
        (["exec", "r", "s", "--outage", "wait", "--", "true"], "hold, drop"),
        (["call", "r", "a", "--", "one", "--", "two"], "a run and two sites"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(
    line: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(line) == 2
    message = capsys.readouterr().err
    assert said in message and "Traceback" not in message


def test_a_clean_up_without_leftovers_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert main(["exec", "--cleanup"]) == 0
    assert capsys.readouterr().err == "bentpipe: nothing was left\n"
