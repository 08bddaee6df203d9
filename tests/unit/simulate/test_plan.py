"""What a dry run says: the memory against measured runs, and whole sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

import bentpipe
from bentpipe.kernel import cache_folder
from bentpipe.simulate.run import memory_estimate

MIB = 1024 * 1024

#: Largest resident memory of `bentpipe run`, report included, measured on 2026-11-26 (Linux, Python 3.11), in MiB:
#: slots, places, satellites, slots of a block, blocks at once, cold, measured.
MEASURED = [
    (5760, 2, 2760, 240, 2, False, 329),
    (20, 41162, 2760, 20, 1, False, 464),
    (20, 41162, 2760, 20, 1, True, 574),
    (80, 41162, 2760, 20, 2, False, 534),
    (5760, 2505, 2760, 240, 1, False, 428),
    (5760, 2505, 2760, 240, 2, False, 448),
    (5760, 2505, 2760, 240, 4, False, 558),
]


@pytest.mark.parametrize("row", MEASURED)
def test_the_estimate_of_memory_is_near_what_was_measured(row: tuple[int, int, int, int, int, bool, int]) -> None:
    *given, measured = row
    assert 0.95 < memory_estimate(*given) / (measured * MIB) < 1.18  # type: ignore[arg-type]


def test_threads_count_in_the_estimate(tmp_path: Path) -> None:
    loaded = bentpipe.load_scenario("ukraine-2022")
    one, four = (bentpipe.plan(loaded, out=tmp_path / "r", threads=n).data["memory_bytes"] for n in (1, 4))
    assert 1.3 < four / one < 2.0


def test_lines_are_whole_sentences(tmp_path: Path) -> None:
    lines = bentpipe.plan("one-site", out=tmp_path / "r").lines
    assert "240 slots" in lines[0]
    assert lines[1].startswith("1 cell and 1 site, ") and "2 gateways" in lines[1]
    assert lines[2].startswith("1 block of up to 240 slots, 1 at once; about ")


def test_kernels_are_told_of_only_where_they_are_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    short = {"time.duration": "1m"}
    assert any(cache_folder().iterdir())  # this very test session has compiled them
    bentpipe.run("one-site", out=tmp_path / "a", progress=lambda stage, done, total: told.append(stage), **short)
    assert told and "kernels" not in told
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr("bentpipe.kernel.cache_folder", lambda: tmp_path / "empty")
    bentpipe.run("one-site", out=tmp_path / "b", progress=lambda stage, done, total: told.append(stage), **short)
    assert "kernels" in told
