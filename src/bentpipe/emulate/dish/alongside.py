"""Start a dish in the namespace of a program, then become the program: ``exec --dish`` runs it there.

``python -m bentpipe.emulate.dish.alongside RUN SITE AT_S -- PROGRAM ARGUMENTS``. The process becomes the program, so
that its exit code and signals are its own; the dish runs in a process that is nobody's child, and ends with it.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from typing import NoReturn

from bentpipe.emulate.dish.server import DISH_ADDRESS, serve
from bentpipe.errors import BentpipeError
from bentpipe.results.opened import open_run


def main(arguments: list[str]) -> NoReturn:
    """Start the dish, wait until it answers, and become the program."""
    run, site, at_s = arguments[:3]
    program = arguments[4:]
    read, write = os.pipe()
    me = os.getpid()
    if os.fork() == 0:
        if os.fork() == 0:
            os.close(read)
            os._exit(_dish(run, site, float(at_s), me, write))
        os._exit(0)
    os.close(write)
    os.wait()
    with os.fdopen(read, "rb") as told:
        trouble = told.read()
    if trouble != b"ready":
        sys.stderr.write(f"bentpipe: the dish could not be started: {trouble.decode() or 'it ended'}\n")
        raise SystemExit(1)
    try:
        os.execvp(program[0], program)
    except OSError as error:
        sys.stderr.write(f"bentpipe: {program[0]}: {error.strerror}\n")
        raise SystemExit(127 if isinstance(error, FileNotFoundError) else 126) from None


def _dish(run: str, site: str, at_s: float, program: int, write: int) -> int:
    """Answer until the program has ended."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    ended = os.pidfd_open(program)
    threading.Thread(target=lambda: (select.select([ended], [], []), os._exit(0)), daemon=True).start()
    start = float(os.environ["BENTPIPE_START"])
    try:
        # What the namespace alone can reach is no public address.
        with serve(
            open_run(run), site, DISH_ADDRESS, now_s=lambda: at_s + time.monotonic() - start, public=True
        ) as served:
            os.write(write, b"ready")
            os.close(write)
            served.wait()
    except BentpipeError as error:
        os.write(write, str(error).encode())
        return 1
    return 0


if __name__ == "__main__":
    main(sys.argv[1:])
