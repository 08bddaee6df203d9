"""The store: blocks lie where they belong, a record stands for whole chunks, a damaged one stands for nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from bentpipe.errors import StoreError
from bentpipe.results.store import Grid, Store, write_atomically
from bentpipe.results.variables import variables

SIZES = {
    "cell": 3,
    "site": 2,
    "track": 1,
    "satellite": 5,
    "gateway": 2,
    "region": 2,
    "event": 1,
    "segment": 8,
    "service": 3,
    "path": 3,
}
GRID = Grid(range(13, 38), 10)


def values_of(block: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random values of every variable with a slot axis."""
    rng, slots = np.random.default_rng([block, seed]), len(GRID.of_block(block))
    found = {}
    for v in variables():
        if "slot" in v.dims:
            shape = [slots if d == "slot" else SIZES[d] for d in v.dims]
            found[v.name] = rng.integers(0, 2 if v.dtype == "bool" else 100, shape).astype(v.dtype)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path, GRID)
    made.create(SIZES, {"area_m2": np.array([1.0, 2.0, 3.0])})
    return made


def test_blocks_are_absolute() -> None:
    assert GRID.origin == 10
    assert GRID.rows == 30
    assert list(GRID.blocks()) == [1, 2, 3]
    assert [GRID.of_block(b) for b in GRID.blocks()] == [range(13, 20), range(20, 30), range(30, 38)]


@pytest.mark.parametrize("slots", [range(0, 1), range(9, 10), range(10, 20), range(19, 21), range(5, 47)])
def test_every_slot_lies_in_one_block_and_one_row(slots: range) -> None:
    grid = Grid(slots, 10)
    assert [s for b in grid.blocks() for s in grid.of_block(b)] == list(slots)
    assert 0 <= slots.start - grid.origin < 10
    assert slots.stop - grid.origin <= grid.rows < slots.stop - grid.origin + 10


def test_what_is_written_is_read_again(store: Store) -> None:
    for block in (3, 1, 2):
        store.write(block, values_of(block), {"samples": [block]})
    again = Store(store.folder, GRID)
    assert {b: r["samples"] for b, r in again.committed().items()} == {1: [1], 2: [2], 3: [3]}
    for v in variables():
        if "slot" in v.dims:
            stored = np.asarray(again.group[v.name])
            assert stored.dtype == np.dtype(v.dtype)
            expected = np.concatenate([values_of(b)[v.name] for b in GRID.blocks()])
            np.testing.assert_array_equal(stored[3:28], expected)
    np.testing.assert_array_equal(np.asarray(again.group["area_m2"]), [1.0, 2.0, 3.0])


def test_an_uncommitted_block_is_invisible(store: Store) -> None:
    assert store.committed() == {}
    store.write(2, values_of(2), {})
    assert set(store.committed()) == {2}


@pytest.mark.parametrize("harm", ["cut", "gone", "flipped"])
def test_a_damaged_chunk_is_not_committed(store: Store, harm: str) -> None:
    for block in GRID.blocks():
        store.write(block, values_of(block), {})
    chunk = store.folder / "results.zarr" / "rtt_s" / "c" / "1" / "0"
    content = bytearray(chunk.read_bytes())
    if harm == "gone":
        chunk.unlink()
    else:
        content[-1] ^= 1
        chunk.write_bytes(content[:-3] if harm == "cut" else content)
    assert set(store.committed()) == {1, 3}
    assert set(store.committed(verify=False)) == {1, 2, 3}


@pytest.mark.parametrize("text", ["", "{", '{"block": 2', "[]", "null", '{"block": 2}'])
def test_a_torn_record_is_no_record(store: Store, text: str) -> None:
    for block in GRID.blocks():
        store.write(block, values_of(block), {})
    (store.commits / "2.json").write_text(text)
    assert set(store.committed()) == {1, 3}


def test_a_block_written_again_is_the_new_one(store: Store) -> None:
    store.write(2, values_of(2), {})
    store.write(2, values_of(2, seed=1), {})
    np.testing.assert_array_equal(np.asarray(store.group["rtt_s"])[10:20], values_of(2, seed=1)["rtt_s"])
    assert set(store.committed()) == {2}


def test_a_block_that_lacks_a_variable_is_refused(store: Store) -> None:
    values = values_of(1)
    del values["rtt_s"]
    with pytest.raises(StoreError, match="rtt_s"):
        store.write(1, values, {})
    assert store.committed() == {}


def test_no_sites_and_no_events(tmp_path: Path) -> None:
    made = Store(tmp_path, GRID)
    made.create({**SIZES, "site": 0, "event": 0}, {})
    values = values_of(1)
    for v in variables():
        if "slot" in v.dims and {"site", "event"} & set(v.dims):
            values[v.name] = np.zeros([7] + [{**SIZES, "site": 0, "event": 0}[d] for d in v.dims[1:]], v.dtype)
    made.write(1, values, {})
    assert set(made.committed()) == {1}


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "manifest.json"
    write_atomically(path, b"old")

    def fail(self: Path, target: Path) -> Path:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="no space"):
            write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_the_table_of_variables_is_sound() -> None:
    table = variables()
    assert len({v.name for v in table}) == len(table)
    for v in table:
        np.dtype(v.dtype)
        assert v.unit and v.meaning
        assert "slot" not in v.dims[1:]


BY_CELL = {v.dtype: v.name for v in variables() if v.dims == ("slot", "cell")}


@pytest.mark.parametrize("name", sorted(BY_CELL.values()))
def test_a_chunk_is_what_zarr_itself_writes_and_reads(tmp_path: Path, name: str) -> None:
    dtype = next(v.dtype for v in variables() if v.name == name)
    values = (np.random.default_rng(1).normal(size=(10, 7)) * 100).astype(dtype)
    store = Store(tmp_path, Grid(range(0, 20), 10))
    store.create({d: 7 for v in variables() for d in v.dims if d != "slot"}, {})
    store._write_chunk(name, 1, values)
    array = zarr.open_group(str(tmp_path / "results.zarr"), mode="r+")[name]
    np.testing.assert_array_equal(array[10:20], values)
    chunk = tmp_path / "results.zarr" / name / "c" / "1" / "0"
    written = chunk.read_bytes()
    array[10:20] = values
    assert chunk.read_bytes() == written
