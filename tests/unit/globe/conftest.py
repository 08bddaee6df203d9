"""A server over a made-up run, for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stand_ins

from bentpipe.globe.server import GlobeServer


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stand_ins.made_up_run(tmp_path_factory.mktemp("runs") / "Made_up 1")


@pytest.fixture(scope="module")
def server(run: Path) -> Iterator[GlobeServer]:
    patch = pytest.MonkeyPatch()
    stand_ins.use_parts(patch)
    with stand_ins.serving([run]) as found:
        yield found
    patch.undo()
