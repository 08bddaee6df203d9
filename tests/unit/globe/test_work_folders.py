"""Folders of servers that were killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bentpipe.globe.workfolders import remove_leftovers, work_folder


@pytest.mark.skipif(os.name != "posix", reason="processes are looked for by POSIX signals")
def test_folders_of_processes_that_are_no_more_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    own = work_folder("what-ifs")
    left = tmp_path / f"bentpipe-serve-{ended.pid}-what-ifs-x"
    left.mkdir()
    (left / "rate.npy").write_bytes(b"1")
    elsewhere = tmp_path / "kept"
    elsewhere.mkdir()
    link = tmp_path / f"bentpipe-serve-{ended.pid}-what-ifs-link"
    link.symlink_to(elsewhere)
    odd = tmp_path / "bentpipe-serve-x-what-ifs"
    odd.mkdir()
    assert remove_leftovers() == [left]
    assert own.is_dir() and odd.is_dir() and link.is_symlink() and elsewhere.is_dir() and not left.exists()
