"""The tables of the validation page are what the tools print today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("tool", ["validation_table.py", "validation_rates.py"])
def test_the_page_holds_every_line_that_the_tool_prints(shared: Path, tool: str) -> None:
    printed = subprocess.run(
        [sys.executable, str(ROOT / "tools" / tool), str(shared)], capture_output=True, text=True, check=True
    ).stdout
    page = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in printed.splitlines() if line.strip() and line not in page] == []
