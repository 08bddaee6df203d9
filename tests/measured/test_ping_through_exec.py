"""A ping that really runs behind the live link of Victoria, beside the one that was measured there.

The same numbers as for the link frame by frame (`test_link_within_slots`): would the emulated link deceive a call's
congestion control as independent draws do? One trace, the first slots under the first seed, picked by nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from test_link_within_slots import (
    FILE,
    Pings,
    link_of,
    measured,
    middle_of,
    ping,
    runs,
    shape_of,
    simulated,
    some_slots,
)

from bentpipe.emulate.outcome import NotAllowedError
from bentpipe.emulate.plan import series_plan
from bentpipe.emulate.ways import behind_link

__all__ = ["measured", "simulated"]

#: A ping that leaves at given times; ping itself keeps no interval of 13 ms on a busy machine.
PROGRAM = r"""
import os, socket, struct, sys, threading, time
start = float(os.environ["BENTPIPE_START"])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
s.settimeout(1.0)
times = [float(line) for line in open(sys.argv[1])]
sent, back = [], {}

def receive():
    while time.monotonic() < start + times[-1] + 1.0:
        try:
            content = s.recv(2000)
        except TimeoutError:
            continue
        back[struct.unpack_from("!I", content, 8)[0]] = time.monotonic() - start

thread = threading.Thread(target=receive)
thread.start()
for number, at in enumerate(times):
    left = start + at - time.monotonic()
    if left > 0.0:
        time.sleep(left)
    sent.append(time.monotonic() - start)
    s.sendto(struct.pack("!BBHHHI", 8, 0, 0, 0, number & 0xFFFF, number) + bytes(52), (os.environ["BENTPIPE_HOST"], 0))
thread.join()
with open(sys.argv[2], "w") as out:
    for number, at in enumerate(sent):
        out.write(f"{at!r} {1e3 * (back[number] - at) if number in back else float('nan')!r}\n")
"""


@pytest.fixture(scope="module")
def emulated(shared: Path, measured: Pings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Pings, Pings]:
    """Pings behind the live link, and the simulation of the same packets."""
    if not (shared / "data" / "measured" / FILE).is_file():
        pytest.skip(f"{FILE} is not here")
    if not sys.platform.startswith("linux"):
        pytest.skip("network namespaces are there on Linux only")
    series = some_slots(link_of(shared, "leoviz_victoria_ping", 2025), 0, 0)
    times, out = (tmp_path_factory.mktemp("ping") / name for name in ("times", "out"))
    times.write_text("\n".join(repr(at) for at in measured.sent_s.tolist()))
    try:
        done = behind_link(
            series_plan(series), [sys.executable, "-c", PROGRAM, str(times), str(out)], relay=False, say=lambda _: None
        )
    except NotAllowedError as error:
        pytest.skip(str(error))
    if any(way["late_p99_s"] > 3e-3 for way in done.account["ways"].values()):
        pytest.skip(f"the machine was too busy: {done.account['verdict']}")
    sent, rtt = np.array([line.split() for line in out.open()], float).T
    return Pings(sent, rtt), Pings(sent, ping(series, sent))


def test_pings_fare_as_simulated(emulated: tuple[Pings, Pings]) -> None:
    """Round trips to 1 ms at the median, 3 ms for 95 in 100; as many lost to 1 in 500.

    Two ways of the link, which may each be 1 ms late, and the program that sends and receives: 0.3 to 0.6 ms were seen.
    """
    live, same = emulated
    apart = live.rtt_ms - same.rtt_ms
    assert abs(np.nanmedian(apart)) < 1.0
    assert np.nanquantile(np.abs(apart), 0.95) < 3.0
    assert np.mean(np.isnan(live.rtt_ms) != np.isnan(same.rtt_ms)) < 0.002


def test_delays_move_as_measured(measured: Pings, emulated: tuple[Pings, Pings], simulated: list[np.ndarray]) -> None:
    """Correlation over 10, 50, 100 ms and 1 s, and steps from slot to slot: within those of 60 simulated traces.

    The measured values lie in the central 90 % of the same 60 (the other file). Independent draws from the measured
    delays fail at the first three and in the steps.
    """
    seen, live = shape_of(measured.sent_s, measured.rtt_ms), shape_of(*emulated[0])
    all_of_them = np.array([shape_of(measured.sent_s, rtt) for rtt in simulated])
    print(f"measured {seen.round(3)}, behind the live link {live.round(3)}")
    # A hundredth for what the machine's own lateness does to a correlation.
    assert np.all((all_of_them.min(axis=0) - 0.01 <= live) & (live <= all_of_them.max(axis=0) + 0.01)), (live, seen)
    rng = np.random.default_rng(5)
    pool = measured.rtt_ms[np.isfinite(measured.rtt_ms)]
    drawn = [shape_of(measured.sent_s, rng.choice(pool, len(measured.sent_s))) for _ in range(60)]
    _, high = middle_of(drawn)
    assert np.all(live[[0, 1, 2, 4]] > high[[0, 1, 2, 4]]), (live, high)


def test_lost_pings_come_in_runs(measured: Pings, emulated: tuple[Pings, Pings]) -> None:
    """At most 1 % lost (0.18 % measured), and longer runs than the 1.1 measured at Victoria.

    That difference is known, and told in the other file: bursts are fitted to Osnabrück (1.97).
    """
    live = emulated[0].rtt_ms
    assert np.isnan(live).mean() < 0.01
    assert runs(measured.rtt_ms).mean() == pytest.approx(1.125)
    if np.isnan(live).any():
        assert 1.0 <= runs(live).mean() < 6.0
