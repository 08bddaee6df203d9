"""Linux namespaces by system call: entering, making and mapping them, from Python 3.11 on.

Nothing here has a name in the file system: a namespace without a name goes with its last process, even a killed one.
"""

from __future__ import annotations

import ctypes
import functools
import os
from pathlib import Path
from typing import Final

CLONE_NEWNS: Final = 0x0002_0000
CLONE_NEWUSER: Final = 0x1000_0000
CLONE_NEWNET: Final = 0x4000_0000

_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x4_0000
_PR_SET_PDEATHSIG, _PR_SET_TIMERSLACK = 1, 29


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> int:
    """Call a function of the C library that gives -1 and errno where it fails."""
    result: int = getattr(_libc(), name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def unshare(flags: int) -> None:
    """Leave namespaces of the caller for new ones; unshare(2)."""
    _call("unshare", ctypes.c_int(flags))


def enter(file: int, kind: int) -> None:
    """Enter a namespace given by a file descriptor; setns(2)."""
    _call("setns", ctypes.c_int(file), ctypes.c_int(kind))


def here(kind: str = "net") -> int:
    """Open the caller's own namespace.

    Parameters
    ----------
    kind : str
        Such as ``"net"`` or ``"user"``.

    Returns
    -------
    int
        File descriptor.
    """
    return os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)


def new_user_namespace() -> None:
    """Enter a new user namespace in which the caller keeps his own numbers, and has every right over what is new."""
    user, group = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def die_with_parent(parent: int, number: int) -> None:
    """Let the caller get a signal when its parent ends; prctl(2).

    Parameters
    ----------
    parent : int
        Process that the caller was forked from.
    number : int
        Signal.
    """
    _call("prctl", ctypes.c_int(_PR_SET_PDEATHSIG), ctypes.c_ulong(number), *[ctypes.c_ulong(0)] * 3)
    if os.getppid() != parent:
        os._exit(1)


def shortest_timer_slack() -> None:
    """Let sleeps of the caller end when they should rather than up to 50 us later; prctl(2)."""
    _call("prctl", ctypes.c_int(_PR_SET_TIMERSLACK), ctypes.c_ulong(1), *[ctypes.c_ulong(0)] * 3)


def lay_over(file: Path, target: str) -> None:
    """Show a file in place of another to the caller and its children alone.

    Parameters
    ----------
    file : pathlib.Path
        What to show.
    target : str
        Path that shows it.
    """
    unshare(CLONE_NEWNS)
    none = ctypes.c_char_p(None)
    _call("mount", b"none", b"/", none, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), none)
    place = os.path.realpath(target).encode()
    _call("mount", str(file).encode(), place, none, ctypes.c_ulong(_MS_BIND), none)


def signal_file(numbers: set[int]) -> int:
    """Open a file from which blocked signals are read; signalfd(2).

    Parameters
    ----------
    numbers : set of int
        Signals, blocked already.

    Returns
    -------
    int
        File descriptor, not blocking; 128 bytes a signal.
    """
    mask = sum(1 << (number - 1) for number in numbers)
    words = (ctypes.c_ulong * (128 // ctypes.sizeof(ctypes.c_ulong)))()
    words[0] = mask & (2 ** (8 * ctypes.sizeof(ctypes.c_ulong)) - 1)
    return _call("signalfd", -1, ctypes.byref(words), os.O_NONBLOCK | os.O_CLOEXEC)
