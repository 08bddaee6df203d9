"""Programs behind the live link: what they meet there, how they end, and what they leave."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from behind import QUEUE, environment, need_namespaces, need_trust, python, steps, still_plan

from bentpipe.emulate import leftovers
from bentpipe.emulate.execute import Outcome, run_call, run_program
from bentpipe.emulate.farend import HOST
from bentpipe.emulate.plan import LinkPlan, steps_plan

ROUND_TRIPS = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], int(sys.argv[2])))
s.settimeout(2)
for _ in range(int(sys.argv[3])):
    begun = time.monotonic()
    s.send(b"x" * 100)
    try:
        s.recv(2000)
        print(time.monotonic() - begun)
    except TimeoutError:
        print("nan")
    time.sleep(0.02)
"""


@pytest.fixture
def echo() -> Iterator[int]:
    """A UDP echo service on this host's loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    content, client = s.recvfrom(2000)
                    if content == b"end":
                        return
                    s.sendto(content, client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield s.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"end", s.getsockname())
        thread.join()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[int]:
    """A web server on this host's loopback."""
    (tmp_path / "big").write_bytes(bytes(range(256)) * 8000)
    (tmp_path / "small").write_bytes(bytes(20_000))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


def behind(
    plan: LinkPlan, program: list[str], capfd: pytest.CaptureFixture[str], **more: object
) -> tuple[Outcome, str]:
    """Run a program, and return what it printed."""
    capfd.readouterr()
    outcome = run_program(plan, program, environment=environment(), say=lambda _: None, **more)  # type: ignore[arg-type]
    return outcome, capfd.readouterr().out


@pytest.mark.parametrize("via", ["tun", "packet"])
def test_round_trips_are_those_of_the_trace(via: str, echo: int, capfd: pytest.CaptureFixture[str]) -> None:
    need_namespaces(via)
    outcome, out = behind(still_plan(0.02, 0.03), python(ROUND_TRIPS, HOST, str(echo), "50"), capfd, via=via)
    assert outcome.exit_code == 0 and outcome.account["via"] == via
    times = sorted(float(line) for line in out.split())
    assert len(times) == 50
    assert times[0] > 0.0499  # a packet is let out early by no more than half a quantum, each way
    need_trust(outcome)
    assert times[25] < 0.0515
    ways = outcome.account["ways"]
    assert ways["up"]["packets"] == ways["down"]["packets"] == 50


def test_ping_sees_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    need_namespaces()
    if shutil.which("ping") is None:
        pytest.skip("no ping here (Debian: iputils-ping)")
    outcome, out = behind(still_plan(), ["ping", "-q", "-c", "10", "-i", "0.05", HOST], capfd)
    assert outcome.exit_code == 0 and "0% packet loss" in out
    need_trust(outcome)
    shortest, mean = (float(number) for number in out.split("mdev = ")[1].split("/")[:2])
    assert shortest > 49.9 and mean < 52.0


def test_the_rate_is_that_of_the_trace(web: int, capfd: pytest.CaptureFixture[str]) -> None:
    need_namespaces()
    text = (
        "import sys, time, urllib.request\n"
        "answer = urllib.request.urlopen(sys.argv[1])\n"
        "first, begun = answer.read(256_000), time.monotonic()\n"
        "rest = answer.read()\n"
        "print(len(first) + len(rest), 8 * len(rest) / (time.monotonic() - begun))\n"
    )
    outcome, out = behind(still_plan(0.005, 0.005, 1e7), python(text, f"http://{HOST}:{web}/big"), capfd)
    size, rate = out.split()
    assert outcome.exit_code == 0 and size == "2048000"
    need_trust(outcome)
    assert 0.93e7 < float(rate) < 1.0e7  # 1448 of 1500 bytes are the file's, and TCP takes a little


def test_packets_are_lost_at_the_share_of_the_trace(echo: int, capfd: pytest.CaptureFixture[str]) -> None:
    need_namespaces()
    text = (
        "import socket, sys, time\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "for _ in range(3000):\n"
        "    s.sendto(b'x', (sys.argv[1], 9))\n"
        "    time.sleep(0.0005)\n"
        "time.sleep(0.2)\n"
    )
    plan = still_plan(0.01, 0.01, 1e8, loss=0.05)
    outcome, _ = behind(plan, python(text, HOST), capfd)
    way = outcome.account["ways"]["up"]
    assert way["packets"] + way["lost"] + way["overload"] == 3000
    assert abs(way["lost"] - 150) < 4 * (3000 * 0.05 * 0.95) ** 0.5


@pytest.mark.parametrize("outage", ["hold", "drop"])
def test_an_outage_holds_packets_or_drops_them(outage: str, echo: int, capfd: pytest.CaptureFixture[str]) -> None:
    need_namespaces()
    made = steps([0.0, 0.5, 1.5], [0.01] * 3, [0.01] * 3, [1e7, 0.0, 1e7])
    plan = steps_plan(made, 60.0, down=QUEUE, up=QUEUE, outage=outage)
    text = (
        "import os, socket, sys, time\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.connect((sys.argv[1], int(sys.argv[2])))\n"
        "s.settimeout(2)\n"
        "time.sleep(max(0, float(os.environ['BENTPIPE_START']) + 1.0 - time.monotonic()))\n"
        "s.send(b'x')\n"
        "try:\n"
        "    s.recv(10)\n"
        "    print(time.monotonic() - float(os.environ['BENTPIPE_START']))\n"
        "except TimeoutError:\n"
        "    print('lost')\n"
    )
    outcome, out = behind(plan, python(text, HOST, str(echo)), capfd)
    if outage == "drop":
        assert out.strip() == "lost" and outcome.account["ways"]["up"]["outage"] == 1
    else:
        assert float(out) > 1.5199
        need_trust(outcome)
        assert float(out) < 1.54


def test_a_port_where_nothing_waits_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    need_namespaces()
    text = "import socket, sys; s = socket.socket(); print(s.connect_ex((sys.argv[1], 9)))"
    _, out = behind(still_plan(0.0, 0.0), python(text, HOST), capfd)
    assert int(out) == 111


def test_addresses_beyond_this_host_are_out_of_reach_without_leave(capfd: pytest.CaptureFixture[str]) -> None:
    need_namespaces()
    text = "import socket; s = socket.socket(); s.settimeout(3); print(s.connect_ex(('192.0.2.1', 80)))"
    _, out = behind(still_plan(), python(text), capfd)
    assert int(out) == 101  # network unreachable, at once


def test_with_leave_other_addresses_are_reached_through_this_host(capfd: pytest.CaptureFixture[str]) -> None:
    """This host's own address stands for one beyond: the way to it is the same."""
    need_namespaces()
    own = next((a for a in _own() if not a.startswith("127.")), None)
    if own is None:
        pytest.skip("this host has no address but its loopback")
    with socket.create_server((own, 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            with contextlib.suppress(OSError):
                s, _ = server.accept()
                with s:
                    s.sendall(s.recv(100).upper())

        threading.Thread(target=serve, daemon=True).start()
        text = (
            "import socket, sys\n"
            "print(open('/etc/resolv.conf').read().strip())\n"
            "s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)\n"
            "s.sendall(b'beyond')\n"
            "print(s.recv(100).decode())\n"
        )
        outcome, out = behind(still_plan(), python(text, own, str(port)), capfd, internet=True)
    assert out.splitlines() == [f"nameserver {HOST}", "BEYOND"] and outcome.exit_code == 0


def _own() -> list[str]:
    from bentpipe.emulate.farend import _own_addresses

    return _own_addresses()


def test_input_output_and_exit_code_are_the_programs(capfd: pytest.CaptureFixture[str]) -> None:
    need_namespaces()
    outcome, out = behind(still_plan(), ["sh", "-c", "echo $BENTPIPE_HOST $BENTPIPE_SITE; exit 7"], capfd)
    assert (outcome.exit_code, out) == (7, f"{HOST} here\n")
    assert behind(still_plan(), ["sh", "-c", "kill -9 $$"], capfd)[0].exit_code == 137
    assert behind(still_plan(), ["/no/such/program"], capfd)[0].exit_code == 127
    assert behind(still_plan(), ["/etc/passwd"], capfd)[0].exit_code == 126


def test_a_program_that_outlives_its_time_is_asked_to_end(capfd: pytest.CaptureFixture[str]) -> None:
    need_namespaces()
    assert behind(still_plan(), ["sleep", "60"], capfd, duration_s=0.3)[0].exit_code == 128 + signal.SIGTERM


def test_beyond_the_end_of_the_trace_the_link_is_down_and_the_verdict_says_so(
    echo: int, capfd: pytest.CaptureFixture[str]
) -> None:
    need_namespaces()
    plan = steps_plan(steps([0.0], [0.01], [0.01], [1e7]), 0.5, down=QUEUE, up=QUEUE)
    script = f"import time; time.sleep(1.2)\n{ROUND_TRIPS}"
    outcome, out = behind(plan, python(script, HOST, str(echo), "1"), capfd)
    assert out.strip() == "nan" and outcome.account["ways"]["up"]["trace_ended"] == 1
    assert not outcome.account["trusted"] and "beyond the end of the trace" in outcome.account["verdict"]
    outcome, out = behind(plan, python(script, HOST, str(echo), "1"), capfd, loop=True)
    assert float(out) > 0.0199


def test_a_call_crosses_both_links(tmp_path: Path) -> None:
    need_namespaces()
    answer = (
        "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.bind(('0.0.0.0', 5000))\n"
        "while (got := s.recvfrom(2000))[0] != b'end':\n"
        "    s.sendto(*got)\n"
    )
    ask = (
        "import os, socket, sys, time\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.connect((os.environ['BENTPIPE_PEER'], 5000))\n"
        "s.settimeout(0.2)\n"
        "times = []\n"
        "while len(times) < 20:\n"
        "    begun = time.monotonic()\n"
        "    try:\n"
        "        s.send(b'x'); s.recv(10); times.append(time.monotonic() - begun)\n"
        "    except (TimeoutError, ConnectionRefusedError):\n"
        "        pass\n"
        "s.send(b'end')\n"
        "open(sys.argv[1], 'w').write(' '.join(map(str, times)))\n"
        "time.sleep(0.2)\n"
    )
    plans = (still_plan(0.01, 0.02), still_plan(0.003, 0.004))
    outcome = run_call(
        plans, (python(answer), python(ask, str(tmp_path / "times"))), between_s=0.005,
        environment=environment(), say=lambda _: None,
    )  # fmt: skip
    times = sorted(float(one) for one in (tmp_path / "times").read_text().split())
    assert outcome.exit_code == 0
    assert times[0] > 0.0467  # up 20 + between 5 + down 3, and back 4 + 5 + 10, ms; let out early by a little, each way
    need_trust(outcome)
    assert times[10] < 0.0485


COMMAND = """
import sys
sys.path.insert(0, {folder!r})
from behind import still_plan
from bentpipe.emulate.execute import run_program
print("exit", run_program(still_plan(), sys.argv[1:], say=lambda line: None).exit_code, flush=True)
"""


def started(*program: str, **more: object) -> subprocess.Popen[str]:
    """A caller of its own, in a process group of its own."""
    text = COMMAND.format(folder=str(Path(__file__).parent))
    return subprocess.Popen(
        python(text, *program), stdout=subprocess.PIPE, text=True, start_new_session=True, env=environment(), **more
    )  # type: ignore[call-overload,no-any-return]


def wait_for(path: Path, seconds: float = 60.0) -> str:
    """Wait for a file with something in it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if path.exists() and path.read_text().strip():
            return path.read_text().strip()
        time.sleep(0.05)
    raise AssertionError(f"{path} never came")


def gone(pid: int, seconds: float = 30.0) -> bool:
    """Whether a process ends in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = leftovers.start_time(pid) and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if not state or state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGUSR1])
def test_a_signal_to_the_caller_alone_reaches_the_program_once(number: signal.Signals, tmp_path: Path) -> None:
    need_namespaces()
    note = tmp_path / "note"
    script = (
        "import os, signal, sys, time\n"
        "got = []\n"
        f"signal.signal({int(number)}, lambda *_: got.append(1))\n"
        "open(sys.argv[1], 'w').write(str(os.getpid()))\n"
        "while not got: time.sleep(0.02)\n"
        "time.sleep(0.5)\n"
        "sys.exit(40 + len(got))\n"
    )
    caller = started(*python(script, str(note)))
    wait_for(note)
    caller.send_signal(number)
    assert caller.communicate(timeout=60)[0].split() == ["exit", "41"]


def test_ctrl_c_on_a_terminal_reaches_the_program_once_and_leaves_nothing(tmp_path: Path) -> None:
    need_namespaces()
    note = tmp_path / "note"
    script = (
        "import os, signal, sys, time\n"
        "got = []\n"
        "signal.signal(2, lambda *_: got.append(1))\n"
        "open(sys.argv[1], 'w').write(str(os.getpid()))\n"
        "while not got: time.sleep(0.02)\n"
        "time.sleep(0.5)\n"
        "sys.exit(40 + len(got))\n"
    )
    text = COMMAND.format(folder=str(Path(__file__).parent))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, python(text, *python(script, str(note))), environment())
    wait_for(note)
    os.write(terminal, b"\x03")
    out = b""
    with contextlib.suppress(OSError):
        while select.select([terminal], [], [], 60.0)[0]:
            out += os.read(terminal, 1000)
            if b"exit" in out and out.endswith(b"\n"):
                break
    os.waitpid(pid, 0)
    os.close(terminal)
    assert b"exit 41" in out
    assert gone(int(note.read_text()))
    assert not list(leftovers.records_folder().glob(f"link-{pid}-*"))


def test_a_stopped_program_stops_the_caller_and_both_go_on(tmp_path: Path) -> None:
    need_namespaces()
    note = tmp_path / "note"
    caller = started("sh", "-c", f"echo $$ > {note}; kill -STOP $$; exit 5")
    program = int(wait_for(note))

    def state(pid: int) -> str:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

    end = time.monotonic() + 30.0
    while (state(program), state(caller.pid)) != ("T", "T") and time.monotonic() < end:
        time.sleep(0.05)
    assert (state(program), state(caller.pid)) == ("T", "T")
    caller.send_signal(signal.SIGCONT)
    assert caller.communicate(timeout=60)[0].split() == ["exit", "5"]


def test_a_killed_caller_leaves_nothing(tmp_path: Path) -> None:
    need_namespaces()
    note = tmp_path / "note"
    caller = started("sh", "-c", f"sleep 300 & echo $! $$ > {note}; wait")
    pids = [int(one) for one in wait_for(note).split()]
    caller.kill()
    caller.wait()
    assert all(gone(pid) for pid in pids)
    _no_records_of_the_dead()


def test_a_killed_supervisor_leaves_what_the_next_start_cleans_up(tmp_path: Path) -> None:
    need_namespaces()
    note = tmp_path / "note"
    caller = started("sh", "-c", f"setsid sleep 300 & echo $! $$ > {note}; wait")
    background, program = (int(one) for one in wait_for(note).split())
    (supervisor,) = (
        int(p.name.split("-")[1])
        for p in leftovers.records_folder().glob("link-*-*")
        if _parent(int(p.name.split("-")[1])) == caller.pid
    )
    os.kill(supervisor, signal.SIGKILL)
    caller.wait(timeout=60)
    assert gone(program)  # by the signal of its parent's death
    links, ended = leftovers.clean_up()
    assert links >= 1 and ended >= 1
    assert gone(background)
    _no_records_of_the_dead()


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _no_records_of_the_dead() -> None:
    end = time.monotonic() + 30.0
    while time.monotonic() < end:
        names = [p.name.split("-") for p in leftovers.records_folder().glob("link-*-*")]
        if all(leftovers.start_time(int(pid)) == began for _, pid, began in names):
            return
        time.sleep(0.05)
    raise AssertionError("a record of a link was left")


def test_an_ordinary_user_gets_the_same_in_a_user_namespace(echo: int) -> None:
    """Root gives its rights up, all but that of mapping itself, which an ordinary user needs not."""
    need_namespaces()
    command = python(
        "import json, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from behind import still_plan\n"
        "from bentpipe.emulate.execute import NotAllowedError, run_program\n"
        "try:\n"
        "    out = run_program(still_plan(), sys.argv[1:], say=lambda line: None)\n"
        "except NotAllowedError as error:\n"
        "    print('not allowed:', error)\n"
        "else:\n"
        "    print(json.dumps([out.exit_code, out.account['user_namespace'], out.account['ways']['up']['packets']]))\n",
        *python(ROUND_TRIPS + "\nimport os; print(os.geteuid(), file=sys.stderr)", HOST, str(echo), "5"),
    )
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("no setpriv here (util-linux)")
        command = ["setpriv", "--bounding-set=-all,+setfcap", "--inh-caps=-all", *command]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=120)
    if done.stdout.startswith("not allowed"):
        pytest.skip(done.stdout.strip())
    *times, last = done.stdout.split("\n")[:-1]
    assert json.loads(last) == [0, True, 5], done.stderr
    assert len(times) == 5 and min(map(float, times)) > 0.0499
    assert done.stderr.strip() == str(os.geteuid())


def test_a_call_with_a_program_that_cannot_start_ends(tmp_path: Path) -> None:
    need_namespaces()
    programs = (["sleep", "60"], ["/no/such/program"])
    outcome = run_call((still_plan(), still_plan()), programs, environment=environment(), say=lambda _: None)
    assert outcome.exit_code == 128 + signal.SIGTERM  # of the first that failed, in their order


def test_many_connections_at_once(web: int, capfd: pytest.CaptureFixture[str]) -> None:
    need_namespaces()
    text = (
        "import sys, urllib.request\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "get = lambda _: len(urllib.request.urlopen(sys.argv[1], timeout=60).read())\n"
        "print(sum(ThreadPoolExecutor(60).map(get, range(120))))\n"
    )
    outcome, out = behind(still_plan(0.005, 0.005, 3e8), python(text, f"http://{HOST}:{web}/small"), capfd)
    assert (outcome.exit_code, int(out)) == (0, 120 * 20_000)
