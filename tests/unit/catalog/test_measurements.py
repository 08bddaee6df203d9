"""Readers of users' measurements: ping logs, iperf3, a dish's history, tables; and damaged ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bentpipe.catalog.measurements import Measurements, read_measurements
from bentpipe.catalog.measurements.dish import place_in_time
from bentpipe.errors import InputError

START = 1_744_680_687.0

IPUTILS_D = """PING 100.64.0.1 (100.64.0.1) 56(84) bytes of data.
[1744680687.029400] 64 bytes from 100.64.0.1: icmp_seq=1 ttl=63 time=29.4 ms
[1744680687.233500] 64 bytes from 100.64.0.1: icmp_seq=2 ttl=63 time=33.5 ms
no answer yet for icmp_seq=3
[1744680687.633500] 64 bytes from 100.64.0.1: icmp_seq=4 ttl=63 time=33.5 ms
[1744680687.640000] 64 bytes from 100.64.0.1: icmp_seq=4 ttl=63 time=40.0 ms (DUP!)
From 192.168.1.1 icmp_seq=5 Destination Host Unreachable

--- 100.64.0.1 ping statistics ---
6 packets transmitted, 3 received, 50% packet loss, time 1000ms
rtt min/avg/max/mdev = 29.400/32.133/33.500/1.9 ms
"""

MACOS = """PING one.one.one.one (1.1.1.1): 56 data bytes
64 bytes from 1.1.1.1: icmp_seq=0 ttl=57 time=24.321 ms
Request timeout for icmp_seq 1
64 bytes from 1.1.1.1: icmp_seq=2 ttl=57 time=30.001 ms

--- one.one.one.one ping statistics ---
3 packets transmitted, 2 packets received, 33.3% packet loss
round-trip min/avg/max/stddev = 24.321/27.161/30.001/2.840 ms
"""


def read(tmp_path: Path, text: str | bytes, name: str = "ping.txt", **asked: object) -> Measurements:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (found,) = read_measurements(path, **asked)  # type: ignore[arg-type]
    return found


def message(tmp_path: Path, text: str | bytes, name: str = "ping.txt", **asked: object) -> str:
    with pytest.raises(InputError) as error:
        read(tmp_path, text, name, **asked)
    return str(error.value)


def test_linux_ping_with_times(tmp_path: Path) -> None:
    found = read(tmp_path, IPUTILS_D)
    assert (found.kind, found.target, found.unreadable) == ("ping", "100.64.0.1", 0)
    assert found.unix_s - START == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], abs=1e-6)
    assert found.value[[0, 1, 3]] == pytest.approx([29.4e-3, 33.5e-3, 33.5e-3])
    assert found.lost.tolist() == [0, 0, 1, 0, 1, 1]
    assert found.notes == ("1 duplicate replies left out",)


def test_a_log_without_times_needs_a_start(tmp_path: Path) -> None:
    text = "\n".join(line.partition("] ")[2] or line for line in IPUTILS_D.splitlines())
    assert "--start" in message(tmp_path, text)
    found = read(tmp_path, text, start_unix_s=START)
    assert found.unix_s - START == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])  # 1000 ms over five steps
    assert "every 0.2 s, from its last lines" in found.notes[0]


def test_macos_ping_counts_from_zero_and_assumes_a_second(tmp_path: Path) -> None:
    found = read(tmp_path, MACOS, start_unix_s=START)
    assert found.unix_s.tolist() == [START, START + 1, START + 2]
    assert found.lost.tolist() == [0, 1, 0] and found.target == "1.1.1.1"
    assert "assumed" in found.notes[0]
    assert read(tmp_path, MACOS, start_unix_s=START, interval_s=0.5).unix_s[2] == START + 1


def test_apple_times_of_day_have_no_date(tmp_path: Path) -> None:
    text = "PING a (1.1.1.1): 56 data bytes\n01:31:27.384735 64 bytes from 1.1.1.1: icmp_seq=0 ttl=57 time=24.3 ms\n"
    assert "times of day but no date" in message(tmp_path, text)


@pytest.mark.parametrize(
    "line",
    [
        "64 bytes from ams.example.net (192.0.2.1): icmp_seq=7 ttl=60 time=25 ms",
        "64 bytes from 2001:db8::1: icmp_seq=7 ttl=60 time=25.0 ms",
        "64 bytes from host.example (2001:db8::1%en0): icmp_seq=7 ttl=60 time=25.0 ms",
        "16 bytes from 2001:db8::1, icmp_seq=7 hlim=64 time=25.0 ms",
        "64 bytes from 192.0.2.1: seq=7 ttl=60 time=25.000 ms",
        "[1744680687.1] 64 bytes from 192.0.2.1: icmp_seq=7 ttl=60 time=25.0 ms (truncated)",
    ],
)
def test_replies_of_many_pings(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, line + "\n", start_unix_s=START)
    assert found.value.tolist() == [0.025] and found.unreadable == 0


def test_sequence_numbers_wrap(tmp_path: Path) -> None:
    numbers = [65_534, 65_535, 0, 2]
    lines = [
        f"[{START + k}] 64 bytes from a: icmp_seq={n} ttl=1 time=0.0 ms"
        for k, n in zip((0, 1, 2, 4), numbers, strict=True)
    ]
    found = read(tmp_path, "\n".join(lines))
    assert found.unix_s.tolist() == [START + k for k in range(5)] and found.lost.tolist() == [0, 0, 0, 1, 0]


def test_unreadable_lines_are_counted_with_their_numbers(tmp_path: Path) -> None:
    lines = IPUTILS_D.splitlines()
    lines[2] = lines[2][:40]
    lines.insert(4, "\x00\x01 rubbish")
    text = "\n".join(lines).replace("\x00", "\x02")
    found = read(tmp_path, text)
    assert found.unreadable == 2
    assert found.shown[0].startswith("line 3: '[1744680687.233500] 64 bytes")
    assert found.shown[1].startswith("line 5: ")
    assert found.lost.sum() == 4  # the cut reply counts as lost: its number is missing


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("   \n\n", "empty"),
        (b"\x00\x01\x02", "not a text file"),
        ("hello\nworld\n", "not recognised"),
        ("PING a (1.1.1.1) 56(84) bytes of data.\n", "no reply"),
        ("time,colour\n1,2\n", "not recognised"),
        ("time,rtt_ms\n", "no row"),
        ("rtt_ms,icmp_seq\n12,1\n", "no column of times"),
        ("{}", "not recognised"),
        ('{"dishGetStatus": {"popPingLatencyMs": 26.8}}', "get_history"),
        (IPUTILS_D + IPUTILS_D.replace("100.64.0.1", "1.1.1.1"), "several targets"),
    ],
)
def test_files_that_are_no_measurements(tmp_path: Path, text: str | bytes, told: str) -> None:
    assert told in message(tmp_path, text)


def test_kind_is_checked_and_forced(tmp_path: Path) -> None:
    assert "no such kind" in message(tmp_path, IPUTILS_D, kind="trace")
    assert "not JSON" in message(tmp_path, IPUTILS_D, kind="iperf3")
    assert "kind ping, not dish" in message(tmp_path, "time,rtt_ms\n1744680687,20\n", kind="dish")
    assert read(tmp_path, IPUTILS_D, kind="PING").kind == "ping"
    with pytest.raises(InputError, match="No such file"):
        read_measurements(tmp_path / "none.txt")


def test_a_table_with_numbers_tells_losses(tmp_path: Path) -> None:
    text = "reply_unix_time,icmp_seq,rtt_ms\n1744680687.03,1,30\n1744680687.23,3,30\nx,4,1\n1744680687.4,5\n"
    found = read(tmp_path, text)
    assert found.unix_s - START == pytest.approx([0.0, 0.1, 0.2]) and found.lost.tolist() == [0, 1, 0]
    assert found.unreadable == 2 and "line 4" in found.shown[0] and "2 columns, not 3" in found.shown[1]


def test_a_table_without_numbers_says_that_it_tells_no_loss(tmp_path: Path) -> None:
    found = read(tmp_path, "timestamp;latency_ms\n2025-04-15 01:31:27;20,5\n2025-04-15T01:31:28Z;21\n")
    assert found.unix_s.tolist() == [START, START + 1] and found.value.tolist() == [0.0205, 0.021]
    assert np.isnan(found.lost).all()
    assert [word in " ".join(found.notes) for word in ("taken as UTC", "does not tell losses")] == [True, True]
    marked = read(tmp_path, "time,rtt_ms\n1744680687000,20\n1744680688000,timeout\n")
    assert marked.unix_s.tolist() == [START, START + 1] and marked.lost.tolist() == [0, 1]


def iperf(way: dict[str, object], sums: list[dict[str, object]], **more: object) -> dict[str, object]:
    return {
        "start": {"timestamp": {"timesecs": int(START)}, "test_start": {"protocol": "TCP", "reverse": 0, **way}},
        "intervals": [{"streams": [], **one} for one in sums],
        "end": {},
        **more,
    }


def interval(begin: float, rate: float, seconds: float = 1.0, **more: object) -> dict[str, object]:
    return {"start": begin, "end": begin + seconds, "seconds": seconds, "bits_per_second": rate, **more}


def test_iperf_ways_and_intervals(tmp_path: Path) -> None:
    sums = [{"sum": interval(0, 9e9, omitted=True)}, *({"sum": interval(k, 1e8 + k)} for k in (1, 2, 3))]
    sums.append({"sum": interval(4, 5, 0.01)})
    down = read(tmp_path, json.dumps(iperf({"reverse": 1, "target_bitrate": 2e8}, sums)), "a.json")
    assert (down.kind, down.way, down.quantity, down.limit_bit_s) == ("iperf3", "down", "rate", 2e8)
    assert down.unix_s.tolist() == [START + k for k in (1, 2, 3)]
    assert down.value.tolist() == [1e8 + k for k in (1, 2, 3)] and down.span_s == 1.0
    assert "omitted" in down.notes[0] and "shorter" in down.notes[-1]
    assert read(tmp_path, json.dumps(iperf({}, sums)), "b.json").way == "up"


def test_iperf_both_ways_several_tests_and_streams_of_events(tmp_path: Path) -> None:
    one = iperf({}, [{"sum": interval(0, 1e7), "sum_bidir_reverse": interval(0, 2e8)}])
    path = tmp_path / "two.json"
    path.write_text(json.dumps(one, indent=1) + "\n" + json.dumps(one))
    found = read_measurements(path)
    assert [(m.way, len(m), m.value[0]) for m in found] == [("up", 2, 1e7), ("down", 2, 2e8)]
    events = [
        {"event": "start", "data": one["start"]},
        {"event": "interval", "data": {"sum": interval(0, 1e7)}},
        {"event": "end", "data": {}},
    ]
    assert read(tmp_path, "\n".join(map(json.dumps, events)), "s.json").value.tolist() == [1e7]


def test_iperf_udp_counts_what_arrived(tmp_path: Path) -> None:
    sent = iperf({"protocol": "UDP"}, [{"sum": interval(0, 5e7, sender=True, packets=100)}])
    assert "--get-server-output" in message(tmp_path, json.dumps(sent), "u.json")
    got = {"sum": interval(0, 4e7, packets=100, lost_packets=20)}
    sent["server_output_json"] = {"intervals": [got]}
    found = read(tmp_path, json.dumps(sent), "u.json")
    assert (found.way, found.value.tolist(), found.lost.tolist()) == ("up", [4e7], [0.2])
    down = iperf({"protocol": "UDP", "reverse": 1}, [{"sum": interval(0, 4e7, packets=10, lost_packets=1)}])
    assert read(tmp_path, json.dumps(down), "d.json").lost.tolist() == [0.1]


def test_damaged_iperf_files(tmp_path: Path) -> None:
    whole = json.dumps(iperf({}, [{"sum": interval(0, 1e7)}, {"sum": {"start": 1}}]), indent=2)
    assert read(tmp_path, whole, "a.json").unreadable == 1
    cut = message(tmp_path, whole[: len(whole) // 2], "a.json", kind="iperf3")
    assert f"a.json:{whole[: len(whole) // 2].count(chr(10)) + 1}: " in cut
    assert "unable to connect" in message(tmp_path, '{"intervals": [], "error": "unable to connect"}', "a.json")
    assert "no interval" in message(tmp_path, json.dumps(iperf({}, [])), "a.json")
    bare = iperf({}, [{"sum": interval(0, 1e7)}])
    bare["start"] = {"test_start": {}}
    assert "--start" in message(tmp_path, json.dumps(bare), "a.json")


def history(seconds: int, current: int, gone: range, offset: float, ring: int = 900) -> dict[str, object]:
    """A dish whose seconds `gone`, counted from the oldest, were outages; oldest at START + offset."""
    drop, delay = np.zeros(ring), np.full(ring, 30.0)
    drop[[*gone, *range(400, 404)]] = 1.0
    at = (current + np.arange(ring)) % ring
    ring_drop = np.zeros(ring)
    ring_drop[at] = drop
    gps = START + offset - 315_964_800 + 18
    outages = [(gone.start, len(gone)), (400, 4), (seconds - 5, 0.5)]
    rows = [{"startTimestampNs": str(int((gps + a) * 1e9)), "durationNs": str(int(d * 1e9))} for a, d in outages]
    return {
        "current": str(current),
        "popPingDropRate": ring_drop.tolist(),
        "popPingLatencyMs": delay.tolist(),
        "outages": rows,
    }


def test_a_dish_history_is_laid_in_time_by_its_outages(tmp_path: Path) -> None:
    text = json.dumps({"dishGetHistory": history(900, 13_547, range(100, 130), 0.0)})
    found = read(tmp_path, text, "h.json")
    assert found.unix_s[0] == pytest.approx(START, abs=1.0)
    assert np.isnan(found.value[100:130]).all() and found.lost.sum() == 34
    given = read(tmp_path, text, "h.json", start_unix_s=START + 5)
    assert given.unix_s[0] == START + 5


def test_a_history_that_does_not_tell_its_time(tmp_path: Path) -> None:
    rows = history(900, 13_547, range(100, 130), 0.0)
    rows["outages"] = []
    assert "--start" in message(tmp_path, json.dumps(rows), "h.json")
    snake = {"dish_get_history": {"current": 500, "pop_ping_drop_rate": [0.0] * 900, "pop_ping_latency_ms": [25] * 900}}
    found = read(tmp_path, json.dumps(snake), "h.json", start_unix_s=START)
    assert len(found) == 500  # only so many seconds since it began
    assert "newest" in message(tmp_path, json.dumps({**rows, "current": "x"}), "h.json")
    assert "no popPingLatencyMs" in message(tmp_path, json.dumps({"popPingDropRate": [1]}), "h.json")


def test_outages_that_fit_several_times_place_nothing() -> None:
    drop = np.zeros(900)
    drop[[10, 11, 12, 13, 300, 301, 302, 303]] = 1.0
    assert place_in_time(drop, [(START, START + 4.0)]) is None
    assert place_in_time(np.ones(900), [(START, START + 4.0), (START + 50, START + 60)]) is None


def test_real_files(shared: Path) -> None:
    data = shared / "data"
    (ping,) = read_measurements(data / "measured" / "leoviz_victoria_ping_10ms_2025-04-15.csv")
    assert (len(ping), int(ping.lost.sum())) == (5008, 9)
    assert np.nanmedian(ping.value) == pytest.approx(23.8e-3, abs=1e-4)
    (dish,) = read_measurements(data / "dish" / "get_history_example_rev4_US_2024-06.json")
    assert (len(dish), dish.unreadable) == (900, 0) and "correlation 0.9" in dish.notes[0]
    (status,) = read_measurements(data / "measured" / "leoviz_victoria_grpc_status_2025-04-15.csv")
    assert (status.kind, len(status)) == ("dish", 93)
