"""Records of live links: only those of the dead are removed, and only what ran behind them is ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bentpipe.emulate.leftovers import TOKEN, clean_up, end_all, new_record, records_folder, start_time

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="namespaces are there on Linux only")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def sleeper(token: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"], TOKEN: token})


def record(pid: int, started: str, token: str) -> Path:
    folder = records_folder() / f"link-{pid}-{started}"
    folder.mkdir()
    (folder / "link.json").write_text(json.dumps({"token": token}))
    return folder


def test_the_living_keep_their_record() -> None:
    folder, token = new_record()
    assert len(token) == 32 and oct(folder.stat().st_mode & 0o777) == "0o700"
    assert clean_up() == (0, 0)
    assert folder.is_dir()


def test_what_a_dead_link_left_goes_and_nothing_else() -> None:
    behind, other = sleeper("of-the-dead"), sleeper("of-another")
    ended = subprocess.Popen(["true"])
    ended.wait()
    gone = record(ended.pid, "1", "of-the-dead")
    reused = record(os.getpid(), "1", "")  # a process of today under the number of one long gone
    try:
        assert clean_up() == (2, 1)
        assert behind.wait(timeout=30) == -9
        assert other.poll() is None
        assert not gone.exists() and not reused.exists()
    finally:
        for each in (behind, other):
            each.kill()
            each.wait()


def test_a_damaged_record_ends_nothing() -> None:
    folder = record(2**22 + 5, "1", "")
    (folder / "link.json").write_text("{")
    assert clean_up() == (1, 0)


def test_all_behind_a_link_are_ended_and_never_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "mine")
    one, two = sleeper("mine"), sleeper("mine")
    assert end_all("mine") == 2
    assert {one.wait(timeout=30), two.wait(timeout=30)} == {-15}


def test_a_process_has_a_start_and_none_has_none() -> None:
    assert start_time(os.getpid()).isdigit()
    assert start_time(2**22 + 5) == ""
