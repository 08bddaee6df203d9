"""Fixtures that every test folder shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """Third-party validation data, which is not part of the project."""
    folder = Path(os.environ.get("BENTPIPE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"third-party validation data not found at {folder} (set BENTPIPE_SHARED)")
    return folder


def pytest_runtest_logstart(nodeid: str) -> None:
    """Tell ``.ci/run`` when the tests that hold time or measure it are through: it waits for that with others."""
    mark = os.environ.get("BENTPIPE_TESTS_MARK")
    if mark and nodeid.startswith("tests/unit/geometry"):
        Path(mark).touch()
