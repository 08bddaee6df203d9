"""Nothing of a live link listens in public, cleaning up spares what lives, and a killed test leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from behind import environment, need_namespaces
from listening import descendants, public_listeners

from bentpipe.testing import open_link

TRACE = "time_s,down_ms,up_ms,down_mbit_s,up_mbit_s\n0,27,27,100,20\n600,27,27,100,20\n"
CLI = "import sys; from bentpipe.cli import main; sys.exit(main())"

pytestmark = pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="read from /proc")


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "trace.csv"
    path.write_text(TRACE)
    return path


@pytest.mark.parametrize("way", ["relay", "namespace"])
def test_nothing_listens_in_public_and_cleaning_up_spares_a_living_link(way, trace):
    if way == "namespace":
        need_namespaces()
    with open_link(trace, require=way, untrusted="ignore") as link:
        program = link.popen(["sleep", "600"])
        ours = descendants(os.getpid())
        assert program.pid in ours and len(ours) >= 3
        assert public_listeners(ours) == set()
        done = subprocess.run([sys.executable, "-c", CLI, "exec", "--cleanup"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert program.poll() is None
        assert link.run(["true"]).returncode == 0
    assert program.poll() is not None
    assert link.verdict.account["exit_code"] == 0


@pytest.mark.parametrize("way", ["relay", "namespace"])
def test_a_killed_test_leaves_nothing(way, trace):
    if way == "namespace":
        need_namespaces()
    code = f"""
import time
from bentpipe.testing import open_link
with open_link({str(trace)!r}, require={way!r}, untrusted="ignore") as link:
    print("open", flush=True)
    time.sleep(600)
"""
    test = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment())
    try:
        assert test.stdout.readline() == "open\n"
        ours = descendants(test.pid)
        assert ours
    finally:
        test.send_signal(signal.SIGKILL)
        test.wait()
        test.stdout.close()
    for _ in range(200):
        left = {process for process in ours if Path("/proc", str(process)).exists()}
        if not left:
            return
        time.sleep(0.1)
    assert left == set()
