"""Become a program in the namespaces of a running process: ``python joinlink.py PID PROGRAM [ARGUMENTS]``.

Run as a file of its own, with nothing but the standard library, so that starting a program behind a link costs a few
milliseconds. Linux only.
"""

from __future__ import annotations

import ctypes
import os
import sys

_KINDS = ("user", "mnt", "net")  # the user's first: it gives the right to enter the others


def join(pid: int) -> None:
    """Enter the namespaces of a process that are not the caller's own; setns(2).

    Parameters
    ----------
    pid : int
        A process behind a link.

    Raises
    ------
    OSError
        It is gone, or belongs to another user.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    here = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in _KINDS}
    folder = os.getcwd()
    files = [
        os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
        for kind in _KINDS
        if os.readlink(f"/proc/{pid}/ns/{kind}") != here[kind]
    ]
    for file in files:
        if libc.setns(file, 0) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        os.close(file)
    os.chdir(folder)  # entering a mount namespace leaves it


def main(arguments: list[str]) -> int:
    """Join, and become the program.

    Parameters
    ----------
    arguments : list of str
        Process, program and its arguments.

    Returns
    -------
    int
        126 or 127, as of a shell, where that fails.
    """
    pid, program, *rest = arguments
    try:
        join(int(pid))
    except OSError as error:
        sys.stderr.write(f"bentpipe: the link's namespace cannot be entered: {error.strerror}\n")
        return 126
    try:
        os.execvp(program, [program, *rest])
    except OSError as error:
        sys.stderr.write(f"{program}: {error.strerror}\n")
        return 127 if isinstance(error, FileNotFoundError | NotADirectoryError) else 126


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
