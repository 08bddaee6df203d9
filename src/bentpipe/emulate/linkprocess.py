"""The process of the link: makes the namespaces, then shapes until told to stop.

It lives apart from the caller, which stays in the host's namespaces, and dies with it. All that it makes goes with
it: namespaces without names, and devices that last as long as their files.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bentpipe.emulate import netdevices as net
from bentpipe.emulate.account import Account, reasons_against, way_account
from bentpipe.emulate.farend import HOST, HostPorts, Watch
from bentpipe.emulate.feed import Feed
from bentpipe.emulate.namespaces import (
    CLONE_NEWNET,
    enter,
    here,
    new_user_namespace,
    shortest_timer_slack,
    unshare,
)
from bentpipe.emulate.plan import DISH_HOST, LinkPlan
from bentpipe.emulate.shaper import Flow, Port, Shaper
from bentpipe.linkqueue.onclock import LiveQueue

ADDRESSES: Final = ("100.64.0.2", "100.64.0.3")
"""Addresses of programs: of the only one, or of the two of a call."""
WAYS: Final = ("tun", "packet")
"""Ways to take packets: a TUN device each, or pairs of Ethernet devices and packet sockets."""
_PRIORITY = 10
_NICE = -10


@dataclass
class Ends:
    """What was made.

    Parameters
    ----------
    via : str
        One of :data:`WAYS`.
    user_namespace : bool
        Whether a user namespace was needed.
    ports : list of Port
        One an end.
    namespaces : list of int
        File descriptors of the network namespaces, one an end.
    keep : list
        What must not be closed.
    """

    via: str = "tun"
    user_namespace: bool = False
    ports: list[Port] = field(default_factory=list)
    namespaces: list[int] = field(default_factory=list)
    keep: list[Any] = field(default_factory=list)
    tables: list[int] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)

    def dropped(self) -> list[int]:
        """Packets that the device of each end dropped on their way into the link, so far."""
        found = []
        for table, device in zip(self.tables, self.devices, strict=True):
            text = os.pread(table, 65_536, 0).decode()
            row = next((line for line in text.splitlines() if line.strip().startswith(f"{device}:")), "")
            fields = row.partition(":")[2].split()
            found.append(int(fields[11]) if len(fields) > 11 else 0)
        return found


def make_ends(via: str | None, addresses: Sequence[str], internet: bool) -> Ends:
    """Make the namespaces of both ends of a link, and what joins them to the shaper.

    Parameters
    ----------
    via : str, optional
        Way to take packets; the first that works by default.
    addresses : sequence of str
        Address of each end.
    internet : bool
        Whether the second end answers for every address, and the first sends them all there.

    Returns
    -------
    Ends

    Raises
    ------
    OSError
        Not allowed here.
    """
    ends = Ends()
    try:
        unshare(CLONE_NEWNET)
    except PermissionError:
        new_user_namespace()
        ends.user_namespace = True
    if via != "packet":
        try:
            os.close(os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC))
            return _tun_ends(ends, addresses, internet)
        except OSError:
            if via == "tun":
                raise
    return _packet_ends(ends, addresses, internet)


def _tun_ends(ends: Ends, addresses: Sequence[str], internet: bool) -> Ends:
    for number, _ in enumerate(addresses):
        unshare(CLONE_NEWNET)
        _quiet()
        ends.ports.append(Port(net.open_tun("sat0")))
        _configure(ends, number, addresses, internet)
    return ends


def _packet_ends(ends: Ends, addresses: Sequence[str], internet: bool) -> Ends:
    ends.via = "packet"
    spaces = []
    for _ in addresses:
        unshare(CLONE_NEWNET)
        _quiet()
        spaces.append(here())
    unshare(CLONE_NEWNET)  # the shaper's own, with the inner ends of the pairs
    _quiet()
    middle = here()
    for number, space in enumerate(spaces):
        enter(middle, CLONE_NEWNET)
        inner = f"link{number}"
        net.add_pair(inner, "sat0", space)
        net.one_hardware_address(inner)
        net.set_up(inner, arp=False)
        s = net.packet_socket(inner)
        ends.keep.append(s)
        ends.ports.append(Port(s.fileno(), header=14))
        enter(space, CLONE_NEWNET)
        net.one_hardware_address("sat0")
        net.whole_packets("sat0")
        _configure(ends, number, addresses, internet, arp=False)
    return ends


def _configure(ends: Ends, number: int, addresses: Sequence[str], internet: bool, arp: bool = True) -> None:
    """Give the device of an end, in the namespace of the caller, its address and routes."""
    other = addresses[1 - number]
    net.set_up("lo")
    # Where a dish answers, if there is one.
    net.add_route("lo", DISH_HOST, 32, local=True, in_local_table=True)
    net.set_up("sat0", addresses[number], arp=arp)
    net.add_route("sat0", other, 32, in_local_table=True)
    if internet and number == 0:
        net.add_route("sat0", "0.0.0.0", 0)
    elif internet:
        net.add_route("lo", "0.0.0.0", 0, local=True)
    ends.namespaces.append(here())
    ends.tables.append(os.open("/proc/self/net/dev", os.O_RDONLY | os.O_CLOEXEC))
    ends.devices.append("sat0")


def _quiet() -> None:
    """Turn IPv6 off in the caller's namespace, which would send packets of its own; let its user ping."""
    group = os.getegid()
    for name, value in (
        ("ipv6/conf/all/disable_ipv6", "1"),
        ("ipv6/conf/default/disable_ipv6", "1"),
        ("ipv4/ping_group_range", f"{group} {group}"),
    ):
        with contextlib.suppress(OSError):
            Path("/proc/sys/net", name).write_text(value)


def be_prompt() -> str:
    """Ask the system to run the caller at once when its time comes.

    Returns
    -------
    str
        What was granted, in words.
    """
    shortest_timer_slack()
    gc.freeze()
    gc.disable()
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
        return f"SCHED_FIFO {_PRIORITY}"
    except OSError:
        pass
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        return f"normal scheduling, nice {_NICE}"
    except OSError:
        return "normal scheduling"


def live(
    plans: Sequence[LinkPlan],
    feeds: Sequence[int],
    control: socket.socket,
    offers: socket.socket | None,
    via: str | None,
    internet: bool,
    between_s: float,
) -> None:
    """Be the process of the link: tell the caller what was made, wait for the start, shape, tell how it went.

    Parameters
    ----------
    plans : sequence of LinkPlan
        One for a program and the far end, two for a call.
    feeds : sequence of int
        File descriptors to read the steps of each from.
    control : socket.socket
        To the caller, message by message.
    offers : socket.socket, optional
        To the forwarder; none in a call.
    via, internet
        As of :func:`make_ends`.
    between_s : float
        Time between the points of presence of a call, one way, s.
    """
    call = len(plans) == 2
    addresses = ADDRESSES if call else (ADDRESSES[0], HOST)
    ports = HostPorts()
    try:
        ends = make_ends(via, addresses, internet)
    except OSError as error:
        if os.environ.get("BENTPIPE_TRACEBACK"):
            traceback.print_exc()
        control.send(json.dumps({"error": error.strerror, "number": error.errno}).encode())
        return
    watch = None
    if offers is not None:
        watch = Watch(offers, ends.namespaces[1], internet, ports)
        watch.enter()
    shaper, flows = _shaper(plans, feeds, ends, watch, between_s)
    shaper.prepare()
    user = [here("user")] if ends.user_namespace else []
    made = {"via": ends.via, "user_namespace": ends.user_namespace, "call": call}
    socket.send_fds(control, [json.dumps(made).encode()], [*ends.namespaces, *user])
    before = ends.dropped()
    order = control.recv(100)
    if not order.startswith(b"start "):
        return
    scheduling = be_prompt()
    origin = float(order.split()[1])
    cpu = time.process_time()
    shaper.run(origin, control.fileno(), lambda: not control.recv(100).startswith(b"go on"))
    ran = time.monotonic() - origin
    overload = [after - was for after, was in zip(ends.dropped(), before, strict=True)]
    ways = {name: way_account(flow, overload[port]) for name, (flow, port) in flows.items()}
    beyond = max([ran - feed.end_s for feed in shaper.feeds if feed.over], default=0.0)
    account = Account(
        ends.via, ends.user_namespace, "python, one thread, quantum 0.1 ms", scheduling, ran, max(beyond, 0.0), ways,
        reasons_against(ways, beyond), time.process_time() - cpu,
    )  # fmt: skip
    control.send(json.dumps(account.as_dict()).encode())


def _shaper(
    plans: Sequence[LinkPlan], files: Sequence[int], ends: Ends, watch: Watch | None, between_s: float
) -> tuple[Shaper, dict[str, tuple[Flow, int]]]:
    """Put queues between the ports."""
    down = [LiveQueue(p.down, p.outage, p.seed, p.key, 0) for p in plans]
    up = [LiveQueue(p.up, p.outage, p.seed, p.key, 1) for p in plans]
    feeds = [Feed(file, d.steps, u.steps) for file, d, u in zip(files, down, up, strict=True)]
    looking = None
    if watch is not None:
        header = ends.ports[0].header
        looking = watch if not header else lambda packet: watch(packet[header:])
    near, far = ends.ports
    if len(plans) == 1:
        there = Flow(near, far, [(up[0], feeds[0], 0.0)], looking)
        back = Flow(far, near, [(down[0], feeds[0], 0.0)])
        names = ("up", "down")
    else:
        there = Flow(near, far, [(up[0], feeds[0], between_s), (down[1], feeds[1], 0.0)])
        back = Flow(far, near, [(up[1], feeds[1], between_s), (down[0], feeds[0], 0.0)])
        names = ("there", "back")
    return Shaper([there, back], feeds), {names[0]: (there, 0), names[1]: (back, 1)}


def ignore_the_terminal() -> None:
    """Leave the terminal's signals to the program and its caller."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
