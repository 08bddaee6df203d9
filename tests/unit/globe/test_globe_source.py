"""What the page reads of a run is what `bentpipe.open_run` reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from globerun import Corner, corner, partly_written, source_of, what_if_of

import bentpipe
from bentpipe.errors import StoreError
from bentpipe.globe.source import ChunkCache, RunSource
from bentpipe.results.variables import variables


@pytest.fixture(scope="module")
def runs() -> Corner:
    return corner()


def test_every_variable_is_read_as_it_was_written(runs: Corner) -> None:
    source, data = source_of(runs.folder), bentpipe.open_run(runs.folder).dataset
    assert source.slots.start // 240 != (source.slots.stop - 1) // 240, "two blocks"
    for variable in variables():
        assert source.holds(variable.name)
        expected = data[variable.name].values
        if "slot" not in variable.dims:
            np.testing.assert_array_equal(source.static(variable.name), expected)
            continue
        rows = np.stack([source.row(variable.name, slot) for slot in source.slots])
        np.testing.assert_array_equal(rows, expected, variable.name)
        pieces = np.concatenate([piece for _, piece in source.pieces(variable.name)])
        np.testing.assert_array_equal(pieces, expected, variable.name)
        if expected.ndim == 2 and expected.shape[1]:
            np.testing.assert_array_equal(source.column(variable.name, 0), expected[:, 0])


def test_a_place_among_several_axes(runs: Corner) -> None:
    source, data = source_of(runs.folder), bentpipe.open_run(runs.folder).dataset
    expected = data["service_verdict"].values[:, 3, 1]
    np.testing.assert_array_equal(source.column("service_verdict", (3, 1)), expected)


def test_pieces_of_some_slots(runs: Corner) -> None:
    source, data = source_of(runs.folder), bentpipe.open_run(runs.folder).dataset
    some = range(source.slots.start + 5, source.slots.start + 25)
    found = list(source.pieces("served", some))
    assert [first for first, _ in found] == [some.start, source.slots.start + 20]
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in found]), data["served"].values[5:25])


def test_a_run_that_is_being_written(runs: Corner, tmp_path: Path) -> None:
    source = source_of(partly_written(runs.folder, tmp_path / "part", 1))
    whole = source_of(runs.folder)
    assert source.done().sum() == 20 and source.done()[:20].all()
    assert source.has(source.slots.start) and not source.has(source.slots.start + 20)
    assert not source.has(source.slots.start - 1) and not source.has(source.slots.stop)
    column = source.column("usable_satellites", 7)
    np.testing.assert_array_equal(column[:20], whole.column("usable_satellites", 7)[:20])
    assert not column[20:].any()
    name = f"{(source.slots.stop - 1) // 240}.json"
    (source.folder / "commits" / name).write_bytes((runs.folder / "commits" / name).read_bytes())
    assert source.done().all(), "a block that came meanwhile is there at once"
    np.testing.assert_array_equal(source.column("usable_satellites", 7), whole.column("usable_satellites", 7))


def test_a_what_if_has_its_window_only(runs: Corner, tmp_path: Path) -> None:
    base = source_of(runs.folder)
    window = range(base.slots.start + 4, base.slots.start + 30)
    source = what_if_of(base, runs.changed, tmp_path / "what-if", window, gateways=["home"])
    assert not source.has(window.start) and not source.done().any() and not list(source.pieces("served"))
    source.computed = 10
    data = bentpipe.open_run(runs.changed).dataset
    assert source.has(window.start + 9) and not source.has(window.start + 10) and not source.has(base.slots.start)
    np.testing.assert_array_equal(source.row("rtt_s", window.start + 9), data["rtt_s"].values[13])
    column = source.column("gateway_antennas_in_use", 0)
    np.testing.assert_array_equal(column[4:14], data["gateway_antennas_in_use"].values[4:14, 0])
    assert not column[:4].any() and not column[14:].any()
    np.testing.assert_array_equal(source.static("terminals"), base.static("terminals"))
    source.computed = 26
    assert source.column("served", 3)[29] == data["served"].values[29, 3], "what came since is read too"
    assert [len(rows) for _, rows in source.pieces("served", range(window.start + 20, window.stop + 9))] == [6]


def test_a_damaged_chunk_is_refused_with_the_remedy(runs: Corner, tmp_path: Path) -> None:
    source = source_of(partly_written(runs.folder, tmp_path / "run", 2))
    chunk = next(path for path in (source.folder / "results.zarr" / "rtt_s" / "c").rglob("*") if path.is_file())
    chunk.write_bytes(b"nothing")
    with pytest.raises(StoreError, match="rtt_s cannot be read"):
        list(source.pieces("rtt_s"))


def test_chunks_that_are_kept_stay_within_the_limit() -> None:
    cache, chunk = ChunkCache(1000), np.zeros(100, np.float32)
    for number in range(9):
        cache.put((Path(), "a", number), chunk)
        cache.put((Path(), "a", number), chunk)
    held = [number for number in range(9) if cache.get((Path(), "a", number)) is not None]
    assert held == [7, 8]


def test_a_run_lacks_what_an_earlier_version_did_not_have(runs: Corner, tmp_path: Path) -> None:
    folder = partly_written(runs.folder, tmp_path / "old", 2)
    (folder / "results.zarr" / "service_verdict" / "zarr.json").unlink()
    assert not RunSource("old", folder, ChunkCache()).holds("service_verdict")
