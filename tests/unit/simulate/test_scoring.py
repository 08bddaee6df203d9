"""A user's policy that goes wrong is told by its name and the slot, never as a raw exception."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bentpipe
from bentpipe.cli import main
from bentpipe.errors import InputError

SHORT = {"time.duration": "1m"}


def raises(links: Any) -> Any:
    raise ValueError("my own mistake")


def gives_text(links: Any) -> Any:
    return "high"


def gives_words(links: Any) -> Any:
    return ["high"] * len(links.satellite)


def gives_nothing(links: Any) -> Any:
    return None


def gives_one(links: Any) -> Any:
    return np.zeros(1)


@pytest.mark.parametrize(
    ("policy", "says", "cause"),
    [
        (raises, "failed in slot [0-9]+: ValueError: my own mistake; correct", ValueError),
        (gives_text, "returned something other than numbers in slot [0-9]+; found 'str'", ValueError),
        (gives_words, "returned something other than numbers in slot [0-9]+; found 'list'", ValueError),
        (gives_nothing, "returned scores of another shape in slot [0-9]+", type(None)),
        (gives_one, r"returned scores of another shape in slot [0-9]+; found \[1\]", type(None)),
    ],
)
def test_a_policy_that_goes_wrong_is_named(
    tmp_path: Path, policy: Callable[[Any], Any], says: str, cause: type
) -> None:
    with pytest.raises(InputError) as caught:
        bentpipe.run("one-site", out=tmp_path / "r", scheduling=policy, **SHORT)
    assert re.search(f"the policy '{policy.__name__}' {says}", str(caught.value))
    assert isinstance(caught.value.__cause__, cause)


def test_the_terminal_shows_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Point:
        name = "raises"

        def load(self) -> Any:
            return raises

    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Point()])
    assert main(["run", "one-site", "--policy", "RAISES", "--duration", "1m", "--out", str(tmp_path / "r")]) == 2
    told = capsys.readouterr().err
    assert "the policy 'raises' failed in slot" in told and "Traceback" not in told
