"""Folders of workers: gone with their process, or when the next one begins; nobody else's is touched."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bentpipe.sweep.fetched import PREFIX, tidy

MAKE = """
import os, signal, sys
from bentpipe.sweep.fetched import fetched_folder
folder = fetched_folder()
(folder / "file").write_text("x")
print(folder, flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "held":
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def started(how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MAKE, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )


@pytest.mark.skipif(os.name != "posix", reason="kills by signals")
def test_what_a_killed_worker_leaves_is_deleted_by_the_next(temporary: Path) -> None:
    killed = started("killed")
    left = Path(killed.communicate(timeout=60)[0].strip())
    assert killed.returncode < 0
    assert left.parent == temporary and (left / "file").exists()
    ended = started("ended")
    own = Path(ended.communicate(timeout=60)[0].strip())
    assert own.name.startswith(f"{PREFIX}{ended.pid}-")
    assert list(temporary.iterdir()) == []


def test_nothing_that_is_held_or_not_ours_is_deleted(temporary: Path) -> None:
    process = started("held")
    assert process.stdout is not None
    held = Path(process.stdout.readline().strip())
    free = subprocess.Popen([sys.executable, "-c", ""])
    free.wait()
    for name in (f"{PREFIX}abc", f"{PREFIX}{os.getpid()}-abc", "other-1-abc", f"{PREFIX}{10**30}-abc"):
        (temporary / name).mkdir()
    (temporary / f"{PREFIX}{free.pid}-link").symlink_to(temporary / "other-1-abc")
    before = sorted(temporary.iterdir())
    assert tidy() == []
    # As seen from elsewhere, where the holder has another number: its lock tells that it lives.
    moved = held.rename(temporary / f"{PREFIX}{free.pid}-moved")
    assert tidy() == []
    moved.rename(held)
    assert sorted(temporary.iterdir()) == before
    process.communicate(timeout=60)
    assert not held.exists()
