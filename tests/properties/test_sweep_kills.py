"""Real processes, killed: workers, clients, the scheduler. Nothing is lost, and nothing counts twice.

The long form, fifty kills, runs where ``BENTPIPE_SLOW`` is set.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_world import assert_same

pytest.importorskip("distributed", reason="dask and distributed are not installed: they are in the extra sweep")

import psutil
from small_study import STUDY, alone, use_threads, values_of, write_study

import bentpipe
from bentpipe.errors import InputError, RunError, StoreError
from bentpipe.sweep import cluster, driver

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signals")
LONG = STUDY.replace("seeds = [11, 12, 13]", "seeds = 12")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"), LONG)


@pytest.fixture(scope="module")
def reference(study: Path) -> dict[str, Any]:
    return alone(study, study.parent / "alone")


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    """Processes of Dask's workers below a process."""
    found = []
    for child in process.children(recursive=True):
        try:
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def records(folder: Path) -> int:
    return len(list((folder / "commits").glob("*.json")))


def client(study: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    """``bentpipe sweep run`` as a user starts it, in a group of its own."""
    command = [sys.executable, "-c", "import sys; from bentpipe.cli import main; sys.exit(main())", "sweep", "run"]
    return subprocess.Popen(
        [*command, str(study), "--out", str(folder), "--workers", "1", *options],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def wait_for(what: Any, seconds: float = 120.0) -> None:
    begun = time.monotonic()
    while not what():
        assert time.monotonic() - begun < seconds, "waited too long"
        time.sleep(0.01)


def test_clients_and_workers_that_are_killed_lose_nothing(
    study: Path, reference: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "study"
    first = client(study, folder)
    wait_for(lambda: records(folder) >= 2 or first.poll() is not None)
    with pytest.raises(StoreError, match="another process is writing this study"):
        bentpipe.sweep_run(study, out=folder, workers=1)
    os.killpg(first.pid, signal.SIGINT)  # as Ctrl-C does: the workers get it, too
    _, told = first.communicate(timeout=60)
    assert first.returncode == 130, told
    assert "interrupted; finished blocks are kept. To resume: bentpipe sweep run" in told
    assert "Traceback" not in told

    had = records(folder)
    second = client(study, folder)
    wait_for(lambda: records(folder) >= had + 2 or second.poll() is not None)
    orphans = workers_of(psutil.Process(second.pid))
    second.kill()
    second.communicate(timeout=60)
    _, alive = psutil.wait_procs(orphans, timeout=30)
    assert orphans and not alive  # workers end with their client
    had = records(folder)
    assert had >= 4
    assert bentpipe.open_study(folder, verify=True).plan["runs"] == 24

    killed: list[int] = []

    def kill(stage: str, done: int, total: int) -> None:
        if stage == "tasks" and done == had + 2 and not killed:
            victim = random.Random(done).choice(workers_of(psutil.Process()))
            victim.kill()
            killed.append(victim.pid)

    found = bentpipe.sweep_run(study, out=folder, workers=2, progress=kill)
    assert killed and found.complete and not found.failures
    assert json.loads((folder / "session.json").read_text())["tasks"] == found.plan["tasks"] - had
    assert_same(reference, values_of(found))


@pytest.fixture
def own_cluster() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A scheduler with a worker, in processes of their own."""
    code = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip(), process
    process.kill()
    process.wait()


def test_a_scheduler_that_dies_is_told_and_the_study_resumes(
    study: Path, reference: dict[str, Any], tmp_path: Path, own_cluster: tuple[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    address, process = own_cluster
    monkeypatch.setattr(driver, "LOST_S", 2.0)
    folder = tmp_path / "study"
    with monkeypatch.context() as patch:
        mine = {**cluster.environment(), "numpy": "1.0", "python": "2.7"}
        for module in (cluster, driver):
            patch.setattr(module, "own_environment", lambda: mine)
        with pytest.raises(RunError, match=r"(?s)do not match.*worker +what +client +worker has.*python +2\.7 +3\."):
            bentpipe.sweep_run(study, out=folder, scheduler=address)
    assert records(folder) == 0

    def kill(stage: str, done: int, total: int) -> None:
        if stage == "tasks" and done == 3:
            process.kill()

    with pytest.raises(RunError, match=r"scheduler is gone; finished blocks are kept"):
        bentpipe.sweep_run(study, out=folder, scheduler=address, progress=kill)
    assert 3 <= records(folder) < 24
    use_threads(monkeypatch)
    assert_same(reference, values_of(bentpipe.sweep_run(study, out=folder)))


def test_a_scheduler_that_does_not_answer_is_told_in_time(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cluster.ANSWER_S < 9.0
    monkeypatch.setattr(cluster, "ANSWER_S", 1.0)
    for address in ("tcp://127.0.0.1:1", "nowhere"):
        with pytest.raises(InputError, match=r"--scheduler: no Dask scheduler answers"):
            bentpipe.sweep_run(study, out=tmp_path / "study", scheduler=address)


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("BENTPIPE_SLOW"), reason="minutes long: set BENTPIPE_SLOW to run it")
def test_fifty_kills(tmp_path: Path) -> None:
    study = write_study(tmp_path, STUDY.replace("seeds = [11, 12, 13]", "seeds = 150"))
    folder, draw, kills, rounds = tmp_path / "study", random.Random(7), 0, 0
    while kills < 50:
        rounds += 1
        assert rounds < 60
        process = client(study, folder, "--quiet")
        had = records(folder)
        wait_for(lambda had=had, process=process: records(folder) > had or process.poll() is not None)
        for _ in range(draw.randint(1, 4)):
            time.sleep(draw.uniform(0.0, 1.0))
            victims = workers_of(psutil.Process(process.pid)) if process.poll() is None else []
            if victims:
                draw.choice(victims).kill()
                kills += 1
        if process.poll() is None:
            time.sleep(draw.uniform(0.0, 0.5))
            process.kill()
            kills += 1
        process.communicate(timeout=60)
        assert bentpipe.open_study(folder, verify=True).failures == ()
    found = bentpipe.sweep_run(study, out=folder, workers=2)
    assert found.complete and not found.failures
    assert_same(alone(study, tmp_path / "alone"), values_of(found))
