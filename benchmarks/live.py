"""Measure the live link: ``python benchmarks/live.py [--run RUN SITE] [--only NAME]``. Linux; one part wants iperf3.

Targets on two quiet cores, as root (SCHED_FIFO):

* throughput: TCP at 400 Mbit/s over 27 ms each way, on less than one core;
* delay: 27 ms one way at 1,000 packets a second: the error's 99th percentile at most 1 ms;
* rate: 250 Mbit/s offered to 200: within 0.5 %;
* loss: 1 % of 100,000 packets: within 3 standard deviations;
* order: 0 of 10,000 packets reordered where the delay changes 27 -> 35 -> 22 ms, with an outage;
* ready: the program runs at most 1 s after the run is open.

Both ends are programs in namespaces of their own, as `bentpipe call` has them; times are those of one clock, of the
kernel where packets arrive. What else the machine does shows: the load is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bentpipe.emulate.execute import run_call, run_program
from bentpipe.emulate.plan import LinkPlan, steps_plan
from bentpipe.linkqueue import TraceSteps
from bentpipe.linkqueue.loaded import QueueProfile

SEND = r"""
import os, socket, struct, sys, time
count, size, gap = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
begin = float(os.environ["BENTPIPE_START"]) + 0.7
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((os.environ["BENTPIPE_PEER"], 6000))
pad = bytes(size - 12)
for number in range(count):
    left = begin + gap * number - time.monotonic()
    if left > 2e-4:
        time.sleep(left)
    s.send(struct.pack("<Id", number, time.monotonic()) + pad)
time.sleep(0.5)
s.send(b"end")
time.sleep(0.2)
s.send(b"end")
"""

RECEIVE = r"""
import os, socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 35, 1)
s.setsockopt(socket.SOL_SOCKET, 33, 1 << 25)
s.bind(("0.0.0.0", 6000))
s.settimeout(60)
real = time.time() - time.monotonic()
rows = []
while True:
    content, extra, _, _ = s.recvmsg(2000, 64)
    if content == b"end":
        break
    number, sent = struct.unpack_from("<Id", content)
    a, b = struct.unpack("qq", extra[0][2][:16])
    rows.append((number, sent, a - real + 1e-9 * b))
with open(sys.argv[1], "wb") as out:
    for row in rows:
        out.write(struct.pack("<3d", *row))
"""


def link(delay_s: float = 0.0, rate: float = 1e10, loss: float = 0.0, up: TraceSteps | None = None) -> LinkPlan:
    """Make a link that does not change, with a queue of 50 ms."""
    one = np.ones(1)
    still = TraceSteps(0 * one, one > 0, delay_s * one, delay_s * one, rate * one, rate * one, loss * one, loss * one)
    queue = QueueProfile("drop-tail", max(rate * 0.05 / 8.0, 1e5))
    return steps_plan(up if up is not None else still, 600.0, place="bench", down=queue, up=queue)


def packets(plan: LinkPlan, count: int, size: int, gap_s: float) -> tuple[np.ndarray, dict[str, Any]]:
    """Send packets up a link; return number, time sent and time received of those that came, and the account."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "rows"))
        programs = (
            [sys.executable, "-c", SEND, str(count), str(size), str(gap_s)],
            [sys.executable, "-c", RECEIVE, file],
        )
        outcome = run_call((plan, link()), programs, say=lambda _: None)
        return np.fromfile(file, "<f8").reshape(-1, 3), outcome.account


def throughput() -> str:
    """TCP over 400 Mbit/s and 27 ms each way."""
    if shutil.which("iperf3") is None:
        return "not measured: no iperf3 here"
    found = []
    for rate in (400e6, 10e9):
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder, "client"))
            delay = 0.027 if rate < 1e9 else 0.0
            programs = (
                ["sh", "-c", f"sleep 0.5; iperf3 -c $BENTPIPE_PEER -t 10 -O 3 -C cubic -J > {file}"],
                ["sh", "-c", "iperf3 -s -1 > /dev/null"],
            )
            plan = link(delay, rate)
            account = run_call((plan, link()), programs, say=lambda _: None).account
            bit_s = json.loads(Path(file).read_text())["end"]["sum_received"]["bits_per_second"]
        found.append(
            f"{rate / 1e6:.0f} Mbit/s, {1e3 * delay:g} ms up: {bit_s / 1e6:.0f} Mbit/s of TCP payload, "
            f"{100 * account['cpu_s'] / account['ran_s']:.0f} % of a core; {account['verdict']}"
        )
    return "\n  ".join(found)


def delay() -> str:
    """Error of the delay at 27 ms one way."""
    rows, account = packets(link(0.027), 20_000, 200, 1e-3)
    error = 1e6 * (rows[:, 2] - rows[:, 1] - 0.027)
    p1, p50, p99 = np.quantile(error, (0.01, 0.5, 0.99))
    return f"error p1 {p1:.0f}, p50 {p50:.0f}, p99 {p99:.0f}, max {error.max():.0f} us; {account['verdict']}"


def rate() -> str:
    """Rate delivered where more is offered."""
    rows, account = packets(link(0.01, 200e6), 120_000, 1472, 1500 * 8 / 250e6)
    came = rows[:, 2]
    inner = slice(len(came) // 5, -len(came) // 5)
    bit_s = 12_000.0 * (len(came[inner]) - 1) / (came[inner][-1] - came[inner][0])
    return f"{bit_s / 1e6:.2f} Mbit/s of 200 ({100 * (bit_s / 200e6 - 1):+.2f} %); {account['verdict']}"


def loss() -> str:
    """Share of packets lost."""
    rows, account = packets(link(0.005, loss=0.01), 100_000, 100, 1e-4)
    share, sigma = 1.0 - len(rows) / 100_000, (0.01 * 0.99 / 100_000) ** 0.5
    overload = account["ways"]["there"]["overload"]
    return f"{100 * share:.3f} % ({(share - 0.01) / sigma:+.1f} standard deviations), overload {overload}"


def order() -> str:
    """Reordered packets over steps and an outage."""
    start = np.array([0.0, 3.0, 5.0, 6.5, 7.0])
    delay_s, bit_s = np.array([0.027, 0.035, 0.022, 0.022, 0.022]), np.array([1e8, 1e8, 1e8, 0.0, 1e8])
    steps = TraceSteps(start, bit_s > 0, delay_s, delay_s, bit_s, bit_s, 0 * bit_s, 0 * bit_s)
    rows, account = packets(link(up=steps), 10_000, 200, 1e-3)
    late = np.sum(np.diff(rows[:, 0]) < 0)
    return f"{late} of {len(rows)} reordered; {account['verdict']}"


def ready(run: str, site: str) -> str:
    """Time from an open run to the program."""
    from bentpipe.emulate.runplan import run_plan
    from bentpipe.results.opened import open_run

    opened = open_run(run)
    times = []
    for _ in range(5):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "at")
            run_program(run_plan(opened, site), ["cp", "/proc/uptime", str(file)], say=lambda _: None)
            up = float(file.read_text().split()[0])
        times.append(up - (begun + time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()))
    return f"median {np.median(times):.2f} s, longest {max(times):.2f} s, of 5 (the first compiles or loads kernels)"


def main() -> None:
    """Print a line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", nargs=2, metavar=("RUN", "SITE"))
    parser.add_argument("--only")
    chosen = parser.parse_args()
    parts: dict[str, Callable[[], str]] = {
        "throughput": throughput, "delay": delay, "rate": rate, "loss": loss, "order": order,
    }  # fmt: skip
    if chosen.run:
        parts["ready"] = lambda: ready(*chosen.run)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, user {os.geteuid()}")
    for name, part in parts.items():
        if chosen.only in (None, name):
            print(f"{name}: {part()}", flush=True)


if __name__ == "__main__":
    main()
