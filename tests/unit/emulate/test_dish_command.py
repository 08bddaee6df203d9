"""``bentpipe dish``: what it prints, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from small_run import small_run

from bentpipe.cli import main

pytest.importorskip("grpc", reason="needs grpcio: pip install 'bentpipe[dish]'")
pytest.importorskip("grpc_reflection", reason="needs grpcio-reflection: pip install 'bentpipe[dish]'")

# Takes interrupts back, which a shell has ignored in the background.
START = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from bentpipe.cli import main; sys.exit(main())"
)


def test_it_tells_where_it_answers_and_stops_with_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(small_run().path)
    assert main(["dish", path, "Kyiv", "--listen", "127.0.0.1:0", "--speed", "1000", "--at", "worst-outage"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "ut-virtual-" in lines[0] and "not a real terminal" in lines[0]
    assert "127.0.0.1:" in lines[1] and "around the longest outage of kyiv" in lines[1]
    assert "not told" in lines[3]
    assert lines[-1] == "The run is over."


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(small_run().path)
    arguments = ["dish", path, "kyiv", "--listen", "127.0.0.1:0", "--speed", "1000", "--json", "--show-location"]
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["command"] == "dish" and told["at_s"] == 0.0
    assert told["ends_in_s"] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("option", "message"),
    [(["--listen", "0.0.0.0:9200"], "--public"), (["--speed", "0"], "--speed"), (["--at", "noon"], "--at"),
     (["--listen", "nine"], "HOST:PORT")],
)  # fmt: skip
def test_bad_input_is_told_in_one_line(option: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dish", str(small_run().path), "kyiv", *option]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1


def test_an_interrupt_stops_it_quietly() -> None:
    command = [sys.executable, "-c", START, "dish", str(small_run().path), "kyiv", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        for line in started.stdout:
            if "Ctrl-C" in line:
                break
        started.send_signal(signal.SIGINT)
        try:
            _, errors = started.communicate(timeout=60)
        finally:
            started.kill()
    assert started.returncode == 0
    assert "Traceback" not in errors
