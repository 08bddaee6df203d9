"""Programs behind the relay: environment, exit codes, signals, and nothing that listens in public."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from listening import public_listeners
from sockspeer import connect, plan, still

from bentpipe.emulate.behindrelay import RelayResult, _in_foreground, relay_running, run_behind_relay
from bentpipe.emulate.relayudp import Forward
from bentpipe.errors import InputError


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def page():
    """A web server on loopback; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello from beyond")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_curl_goes_over_the_link_by_its_environment_alone(page, capfd):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    said = []
    out = "%{time_pretransfer} %{time_starttransfer}"
    result = run_behind_relay(plan(), ["curl", "-sS", "-w", f"\n{out}", page], say=said.append)
    body, times = capfd.readouterr().out.rsplit("\n", 1)
    connected, first = (float(t.replace(",", ".")) for t in times.split())
    assert result.exit_code == 0 and body == "hello from beyond"
    assert said[0].startswith("a relay at socks5h://127.0.0.1:") and "ICMP" in "".join(said)
    assert connected >= 0.054 and first >= 0.108


def test_the_environment_names_the_proxy_and_leaves_no_way_round():
    code = """
import os
url = os.environ["ALL_PROXY"]
assert url.startswith("socks5h://127.0.0.1:")
for name in ("HTTP_PROXY", "https_proxy", "all_proxy", "BENTPIPE_PROXY"):
    assert os.environ[name] == url, name
assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == ""
assert os.environ["KEPT"] == "yes"
"""
    environment = dict(os.environ) | {"NO_PROXY": "localhost", "KEPT": "yes"}
    result = run_behind_relay(plan(), python(code), environment=environment)
    assert result.exit_code == 0
    assert "nothing used the relay" in result.verdict.line
    assert result.account["via"] == "relay" and result.account["trusted"] is False


def test_exit_codes_are_those_of_the_program():
    assert run_behind_relay(plan(), python("raise SystemExit(7)")).exit_code == 7
    assert RelayResult(-15, None).exit_code == 143
    with pytest.raises(InputError, match="PROGRAM"):
        run_behind_relay(plan(), [])
    said = []
    assert run_behind_relay(plan(), ["/no/such/program"], say=said.append).exit_code == 127
    assert "/no/such/program: " in said[-1]
    assert run_behind_relay(plan(), [os.devnull], say=said.append).exit_code == 126


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1])
def test_signals_reach_the_program(number):
    code = f"""
import os, signal, sys
signal.signal({int(number)}, lambda *_: sys.exit(42))
os.kill(os.getppid(), {int(number)})
signal.pause()
"""
    if number == signal.SIGINT and _in_foreground():
        pytest.skip("on a terminal an interrupt is taken to come from its keys, which reach the program by themselves")
    before = signal.getsignal(number)
    assert run_behind_relay(plan(), python(code), duration_s=20).exit_code == 42
    assert signal.getsignal(number) == before


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        code = "import signal, sys; sys.exit(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
        assert run_behind_relay(plan(), python(code)).exit_code == 1
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_program_whose_time_is_over_is_ended():
    result = run_behind_relay(plan(), python("import time; time.sleep(60)"), duration_s=0.3)
    assert result.returncode != 0 and result.verdict.ran_s < 30


def test_a_program_that_outlives_the_trace_is_told_of():
    result = run_behind_relay(plan(length_s=0.05), python("import time; time.sleep(1.3)"))
    assert any("beyond the end of the trace" in reason for reason in result.verdict.reasons)


def test_the_command_line_forwards_ports_and_writes_the_account(tmp_path, capfd):
    from bentpipe.cli import main

    trace, told = tmp_path / "trace.csv", tmp_path / "told.json"
    trace.write_text("time_s,down_ms,up_ms,down_mbit_s,up_mbit_s\n0,20,20,50,5\n60,20,20,50,5\n")
    words = ["exec", "--trace", str(trace), "--via", "relay", "--forward-udp", "0:127.0.0.1:9", "--json", str(told)]
    assert main([*words, "--", *python("raise SystemExit(4)")]) == 4
    said = capfd.readouterr().err
    assert "goes to 127.0.0.1 port 9" in said and "TCP loses no packets" in said and "nothing used the relay" in said
    account = json.loads(told.read_text())
    assert account["via"] == "relay" and account["exit_code"] == 4
    words[words.index("0:127.0.0.1:9")] = "9"
    assert main([*words, "--", "true"]) == 2
    assert "LOCAL:HOST:PORT" in capfd.readouterr().err


def test_it_works_where_what_only_linux_has_is_missing():
    code = """
import asyncio, os, signal, socket, subprocess, sys, numba
for module, names in (
    (signal, "SIGQUIT SIGHUP SIGTSTP SIGUSR1 SIGUSR2 SIGCONT SIGCHLD SIGWINCH pthread_sigmask SIG_SETMASK"),
    (os, "fork tcgetpgrp geteuid getuid setsid sched_setscheduler SCHED_FIFO sched_param setns unshare"),
    (socket, "AF_PACKET AF_NETLINK SOCK_SEQPACKET send_fds recv_fds"),
):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
sys.modules["fcntl"] = None
sys.platform = sys.argv[1]
from sockspeer import plan
from bentpipe.emulate.ways import behind_link
said = []
program = [sys.executable, "-c", "import os; os.environ['ALL_PROXY']; raise SystemExit(9)"]
outcome = behind_link(plan(), program, say=said.append)
print("\\n".join(said))
assert outcome.exit_code == 9 and outcome.account["via"] == "relay", outcome
"""
    places = [str(Path(__file__).parents[2]), *sys.path]
    for platform in ("darwin", "win32"):
        done = subprocess.run(
            [*python(code), platform],
            env=dict(os.environ) | {"PYTHONPATH": os.pathsep.join(places)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "on Linux only: a relay takes its place" in done.stdout and "Traceback" not in done.stderr


def test_nothing_listens_but_on_loopback_and_nothing_is_left(page):
    async def main(relay):
        _, writer = await connect(relay.port, "127.0.0.1", int(page.rstrip("/").rpartition(":")[2]))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", ("127.0.0.1", relay.forward_ports[0]))
        await asyncio.sleep(0.2)
        writer.close()
        return public_listeners()

    before = public_listeners()
    with relay_running(still(one_way_s=0.01), [Forward(0, "127.0.0.1", 9)]) as relay:
        assert asyncio.run(main(relay)) <= before
        assert relay.verdict().ways["up"].packets >= 2  # a stream and a datagram were open meanwhile
    with relay_running(still(), port=relay.port) as again:  # the port is free again
        assert again.port == relay.port
    assert not [thread for thread in threading.enumerate() if thread.name == "bentpipe-relay"]


def test_listeners_in_public_are_seen():
    before = public_listeners()
    with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        stream.bind(("127.0.0.1", 0))
        stream.listen()
        assert public_listeners() == before
        datagrams.bind(("", 0))
        assert len(public_listeners()) == len(before) + 1
