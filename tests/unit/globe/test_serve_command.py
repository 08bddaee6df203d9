"""``bentpipe serve`` as a user starts and ends it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import stand_ins

import bentpipe

PROGRAM = "import sys; from bentpipe.cli import main; sys.exit(main(sys.argv[1:]))"


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    own = str(Path(bentpipe.__file__).parents[1])  # also where another bentpipe is installed
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": own}
    command = [sys.executable, "-c", PROGRAM, "serve", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        text=True,
        start_new_session=True,
        **pipes,  # type: ignore[call-overload]
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_tells_where_it_is_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip(f"{number.name} is ignored here, as under nohup, and so by what is started from here")
    stand_ins.made_up_run(tmp_path / "runs" / "first")
    (tmp_path / "runs" / "damaged").mkdir()
    (tmp_path / "runs" / "damaged" / "manifest.json").write_text("{}")  # none that was asked for: left out
    with started(tmp_path) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Globe: http://127.0.0.1:")
        assert line.endswith("/ (Ctrl-C ends it)\n")
        url = line.split()[1]
        assert httpx.get(f"{url}api/runs", timeout=20).json()["runs"][0]["id"] == "first"
        stand_ins.wait_for(lambda: bool(list(tmp_path.glob("bentpipe-serve-*"))))
        with httpx.stream("GET", f"{url}api/events", timeout=20) as stream:  # a page that listens does not hold it up
            assert next(stream.iter_lines()).startswith("retry")
            own = children(process.pid)
            os.killpg(process.pid, number)
            out, error = process.communicate(timeout=20)
        assert process.returncode == 0
        assert out == ""
        assert "Traceback" not in error
        assert not list(tmp_path.glob("bentpipe-serve-*"))
        for child in own:
            stand_ins.wait_for(lambda pid=child: not Path(f"/proc/{pid}").exists())  # type: ignore[misc]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_killed_it_leaves_no_process_behind(tmp_path: Path) -> None:
    stand_ins.made_up_run(tmp_path / "runs" / "first")
    with started(tmp_path, "first", "--quiet") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        httpx.get(f"{url}api/runs/first/fleet", timeout=20)
        own = children(process.pid)
        process.kill()
        for child in own:
            stand_ins.wait_for(lambda pid=child: not Path(f"/proc/{pid}").exists())  # type: ignore[misc]


def test_other_machines_are_asked_for_a_token(tmp_path: Path) -> None:
    stand_ins.made_up_run(tmp_path / "runs" / "first")
    with started(tmp_path, "first", "--host", "0.0.0.0") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().split()[1]
        assert "warning: other machines" in process.stderr.readline()
        port, token = url.partition("?token=")[0].rpartition(":")[2].strip("/"), url.partition("?token=")[2]
        assert len(token) >= 32
        local = f"http://127.0.0.1:{port}/api/runs"
        assert httpx.get(local, timeout=20).status_code == 401
        with httpx.Client(timeout=20) as client:
            assert client.get(f"{local}?token={token}", follow_redirects=True).status_code == 200
            assert client.get(local).status_code == 200


def test_what_cannot_be_served_is_said(tmp_path: Path) -> None:
    def fails(*arguments: str) -> str:
        with started(tmp_path, *arguments) as process:
            error = process.communicate(timeout=20)[1]
        assert process.returncode == 2
        assert "Traceback" not in error
        return str(error)

    assert "there is no run to show" in fails()
    assert "no such run" in fails("nothing")
    stand_ins.made_up_run(tmp_path / "runs" / "first")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "no server can be there" in fails("first", "--port", str(taken.getsockname()[1]))
    assert "0 to 65535" in fails("first", "--port", "70000")
    assert "no server can be there" in fails("first", "--host", "host.invalid")
