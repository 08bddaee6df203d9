"""Which sockets of processes listen where others can reach them, from what the system itself tells."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

_LISTEN, _UNCONNECTED = "0A", "07"


def public_listeners(processes: Iterable[int] | None = None) -> set[tuple[str, str]]:
    """Sockets that wait on an address that is no loopback: table, and address in hexadecimal.

    Of this process, or of those given, as far as they are in the network namespace of this one.
    """
    if not Path("/proc/self/net/tcp").exists():
        pytest.skip("this system has no /proc/self/net/tcp")
    mine = set()
    for process in processes or [os.getpid()]:
        for name in _listed(f"/proc/{process}/fd"):
            try:
                target = os.readlink(f"/proc/{process}/fd/{name}")
            except OSError:
                continue
            if target.startswith("socket:["):
                mine.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        path = Path("/proc/self/net", table)
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            _, local, _, state, *rest = line.split()
            waits = state == (_LISTEN if table.startswith("tcp") else _UNCONNECTED)
            if waits and rest[5] in mine and not _is_loopback(local.partition(":")[0]):
                found.add((table, local))
    return found


def _is_loopback(address: str) -> bool:
    if len(address) == 8:
        return address.endswith("7F")  # in the byte order of the machine: little-endian
    return address == "00000000000000000000000001000000" or (address.endswith("7F") and address[16:24] == "FFFF0000")


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def descendants(process: int) -> set[int]:
    """Processes that a process has started, and those that these have."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parents[int(name)] = int(Path("/proc", name, "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
    found, new = set(), {process}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return found
