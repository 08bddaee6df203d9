"""What a live link did, and whether to believe it: how late it was, what it dropped and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from bentpipe.emulate.shaper import BIN_S, BINS, Flow

LATE_S: Final = 1e-3
"""Packets later than this are counted, s; a run with more than one in a hundred of them is not trusted (assumed: small
against the spread of delays within a slot, which is several ms)."""
_FEWEST = 20


@dataclass(frozen=True)
class WayAccount:
    """One direction.

    Parameters
    ----------
    packets, bytes : int
        Let out at the far end; bytes of IP, headers included.
    late_p50_s, late_p99_s, late_max_s : float
        How much later than simulated packets came out, s: upper edges of bins of 10 us. What cannot be known, when
        between two looks a packet came, counts in full.
    late : int
        Packets later than 1 ms.
    lost : int
        Lost on the link, as the trace says.
    queue_full, managed : int
        Dropped by a full queue; dropped by its management (CoDel).
    outage : int
        Dropped in an outage.
    trace_ended : int
        Dropped after the end of the trace.
    overload : int
        Dropped by a device of the emulator, which the simulated link would not have dropped here.
    """

    packets: int
    bytes: int
    late_p50_s: float
    late_p99_s: float
    late_max_s: float
    late: int
    lost: int
    queue_full: int
    managed: int
    outage: int
    trace_ended: int
    overload: int


@dataclass(frozen=True)
class Account:
    """The whole link.

    Parameters
    ----------
    via : str
        How packets were taken: ``"tun"`` or ``"packet"``.
    user_namespace : bool
        Whether without root.
    engine, scheduling : str
        What shaped, and how the system scheduled it.
    ran_s, beyond_s : float
        How long it ran, and of that after the end of the trace, s.
    ways : mapping of str to WayAccount
        By direction: ``"down"`` and ``"up"``.
    reasons : tuple of str
        Why not to trust the run; empty where nothing speaks against it.
    cpu_s : float
        Processor time of the shaper, s; 0 where it is not told.
    """

    via: str
    user_namespace: bool
    engine: str
    scheduling: str
    ran_s: float
    beyond_s: float
    ways: Mapping[str, WayAccount]
    reasons: tuple[str, ...]
    cpu_s: float = 0.0

    @property
    def trusted(self) -> bool:
        """Whether nothing speaks against the run."""
        return not self.reasons

    @property
    def line(self) -> str:
        """The verdict in one line, for people."""
        if self.reasons:
            return "do not trust this run: " + "; ".join(self.reasons)
        ways = self.ways.values()
        number = sum(way.packets for way in ways)
        if not number:
            return "link as simulated: no packet passed"
        worst = max(way.late_p99_s for way in ways)
        lost = sum(way.lost + way.queue_full + way.managed + way.outage for way in ways)
        drops = f", {lost} dropped as simulated" if lost else ""
        return f"link as simulated: {number} packets{drops}, p99 lateness {1e3 * worst:.2f} ms ({self.scheduling})"

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON.

        Returns
        -------
        dict
        """
        whole = asdict(self)
        return {"trusted": self.trusted, "verdict": self.line, **whole}


def way_account(flow: Flow, overload: int) -> WayAccount:
    """Sum up one direction.

    Parameters
    ----------
    flow : Flow
        As the shaper left it.
    overload : int
        Packets that devices dropped before the shaper saw them.

    Returns
    -------
    WayAccount
    """
    fates = [sum(int(queue.fates[k]) for queue, _, _ in flow.stages) for k in range(6)]
    p50, p99 = (quantile_s(flow.late, probability, flow.late_max_s) for probability in (0.5, 0.99))
    late = sum(flow.late[int(LATE_S / BIN_S) :])
    return WayAccount(
        flow.packets, flow.octets, p50, p99, flow.late_max_s, late, fates[1], fates[2], fates[5], fates[3], fates[4],
        overload + flow.refused,
    )  # fmt: skip


def quantile_s(counts: list[int], probability: float, largest_s: float) -> float:
    """Quantile of a histogram of lateness.

    Parameters
    ----------
    counts : list of int
        By bins of :data:`~bentpipe.emulate.shaper.BIN_S`; the last one is open.
    probability : float
        0 to 1.
    largest_s : float
        Largest value counted, s.

    Returns
    -------
    float
        Upper edge of the bin, s, at most the largest; 0 where nothing was counted.
    """
    left = probability * sum(counts)
    for number, count in enumerate(counts):
        left -= count
        if count and left <= 0.0:
            return largest_s if number == BINS else min((number + 1) * BIN_S, largest_s)
    return 0.0


def reasons_against(ways: Mapping[str, WayAccount], beyond_s: float) -> tuple[str, ...]:
    """Why a run is not to be trusted.

    Parameters
    ----------
    ways : mapping of str to WayAccount
        By direction.
    beyond_s : float
        How long it ran after the end of the trace, s.

    Returns
    -------
    tuple of str
    """
    found = []
    for name, way in ways.items():
        if way.late > max(0.01 * way.packets, 1.0) and (way.packets >= _FEWEST or way.late > 2):
            found.append(
                f"on the way {name} {way.late} of {way.packets} packets were more than 1 ms late (p99"
                f" {1e3 * way.late_p99_s:.1f} ms, max {1e3 * way.late_max_s:.0f} ms): the machine was too busy"
            )
        if way.overload > 1e-4 * way.packets:
            found.append(f"on the way {name} the emulator could not keep up and dropped {way.overload} packets")
    if beyond_s > 1.0:
        found.append(f"the program ran {beyond_s:.0f} s beyond the end of the trace, where the link is down")
    return tuple(found)
