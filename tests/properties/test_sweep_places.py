"""A study on an object store (a local server that speaks S3), on a disk that fills, and held by another client."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_world import assert_same

pytest.importorskip("distributed", reason="dask and distributed are not installed: they are in the extra sweep")

from small_study import alone, use_threads, values_of, write_study

import bentpipe
from bentpipe.errors import InputError, StoreError
from bentpipe.results.lock import only_writer
from bentpipe.sweep import holding
from bentpipe.sweep.place import open_place


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def reference(study: Path) -> dict[str, Any]:
    return alone(study, study.parent / "alone")


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, Any]]:
    pytest.importorskip("s3fs", reason="s3fs is not installed: it is in the extra test")
    server = pytest.importorskip("moto.server", reason="moto is not installed: it is in the extra test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        running.start()
        host, port = running.get_host_and_port()
        options = {"endpoint_url": f"http://{host}:{port}", "key": "nobody", "secret": "nothing"}
        import s3fs

        s3fs.S3FileSystem(**options).mkdir("bucket")
        yield options
        running.stop()


def test_an_object_store_holds_what_a_folder_holds(
    study: Path, reference: dict[str, Any], s3: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_threads(monkeypatch)
    monkeypatch.setattr(holding, "SETTLE_S", 0.1)
    url = "s3://bucket/deep/study"
    found = bentpipe.sweep_run(study, out=url, workers=2, storage_options=s3)
    assert found.complete
    assert_same(reference, values_of(found))
    place = open_place(url, s3)
    records = place.sizes("commits")
    assert len(records) == 6 * len({name.split("-")[1].split(".")[0] for name in records})
    assert holding.LOCK not in place.sizes(".")
    # One record lost, one chunk cut short, one changed: the sizes tell the second, only a checksum the third.
    place.delete([f"commits/{sorted(records)[0]}"])
    short, changed = "results.zarr/rtt_s/c/2/0/0", "results.zarr/rtt_s/c/4/0/0"
    content = place.read(changed)
    place.write(short, place.read(short)[:-1])
    place.write(changed, content[:-1] + bytes([content[-1] ^ 1]))
    again = bentpipe.sweep_run(study, out=url, workers=2, storage_options=s3)
    assert json.loads(place.read("session.json"))["tasks"] == 2
    with pytest.raises(StoreError, match=r"damaged: run 4 block 0"):
        bentpipe.open_study(url, verify=True, storage_options=s3)
    again = bentpipe.sweep_run(study, out=url, workers=2, storage_options=s3, verify=True)
    assert json.loads(place.read("session.json"))["tasks"] == 1
    assert_same(reference, values_of(again))
    assert "secret" not in place.read("study.json").decode()


def test_a_lock_object_keeps_a_second_client_out_until_it_is_stale(
    s3: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "SETTLE_S", 0.05)
    monkeypatch.setattr(holding, "BEAT_S", 0.1)
    monkeypatch.setattr(holding, "STALE_S", 0.5)
    place = open_place("s3://bucket/held", s3)
    with holding.only_client(place):
        time.sleep(0.8)  # several heartbeats: it is not stale
        with pytest.raises(StoreError, match="is writing this study"), holding.only_client(place):
            pass
    with holding.only_client(place):
        pass
    place.write(holding.LOCK, json.dumps({"owner": "dead", "host": "h", "pid": 1, "time": time.time()}).encode())
    with pytest.raises(StoreError, match="is writing this study"), holding.only_client(place):
        pass
    with holding.only_client(place, wait=True):
        assert json.loads(place.read(holding.LOCK))["owner"] != "dead"


def test_a_second_client_is_refused_or_waits(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with only_writer(tmp_path, "study"), pytest.raises(StoreError, match="another process is writing this study"):
        bentpipe.sweep_run(study, out=tmp_path)


def test_a_folder_of_something_else_is_refused(study: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")
    with pytest.raises(InputError, match="something else"):
        bentpipe.sweep_run(study, out=tmp_path)
    (tmp_path / "thesis.txt").unlink()
    (tmp_path / "study.json").write_text(json.dumps({"schema": 1, "name": "another", "arrays": []}))
    with pytest.raises(InputError, match="another study: another"):
        bentpipe.sweep_run(study, out=tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only the superuser can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160k", "none", str(disk)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=False)


def test_a_full_disk_is_told_and_the_study_resumes(
    study: Path, reference: dict[str, Any], small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_threads(monkeypatch)
    with pytest.raises(StoreError, match=r"cannot be written.*No space left.*make room") as told:
        bentpipe.sweep_run(study, out=small_disk / "study", workers=2)
    assert "Traceback" not in str(told.value)
    half = bentpipe.open_study(small_disk / "study", verify=True)  # what is committed is whole
    assert not half.complete
    kept = values_of(half)
    for index in np.argwhere(kept["run_complete"]):
        at = tuple(index)
        assert kept["rtt_s"][at].tobytes() == reference["rtt_s"][at].tobytes()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert_same(reference, values_of(bentpipe.sweep_run(study, out=small_disk / "study", workers=2)))


def test_a_run_that_fails_is_recorded_and_the_rest_goes_on(
    study: Path, reference: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_threads(monkeypatch)

    def choosy(links: Any) -> Any:
        if links.seed == 12:
            raise RuntimeError("twelve is not liked")
        return links.sin_elevation

    found = bentpipe.sweep_run(study, out=tmp_path / "study", workers=2, scheduling=choosy)
    assert not found.complete
    assert [(f.at["beams"], f.at["seed"], f.attempts) for f in found.failures] == [(1, 12, 3), (2, 12, 3)]
    assert all("twelve is not liked" in f.error for f in found.failures)
    data = found.dataset.load()
    assert data.run_complete.values.tolist() == [[True, False, True]] * 2
    assert np.isnan(data.site_rtt_s_mean.sel(seed=12)).all()
    assert not data.served.sel(seed=12).any()
    plain = alone(study, tmp_path / "alone", lambda links: links.sin_elevation)
    for name in ("rtt_s", "site_rtt_s_mean"):
        assert data[name].values[:, [0, 2]].tobytes() == plain[name][:, [0, 2]].tobytes()
    # Another source of the policy: all of it is computed again, and nothing fails.
    mended = bentpipe.sweep_run(study, out=tmp_path / "study", workers=2, scheduling=lambda links: links.sin_elevation)
    assert mended.complete and mended.failures == ()
    assert_same(plain, values_of(mended))
