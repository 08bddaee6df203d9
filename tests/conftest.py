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
