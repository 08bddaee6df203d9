"""One writer of a run at a time: a lock that the system drops when its holder dies, however it dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bentpipe.errors import Fault, StoreError


@contextmanager
def only_writer(folder: Path, what: str = "run") -> Iterator[None]:
    """Hold the lock of a run's folder.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    what : str
        What lies in the folder, for the message.

    Raises
    ------
    StoreError
        Where another process holds it.
    """
    with (folder / "lock").open("a+b") as stream:
        try:
            _take(stream)
        except OSError:
            raise StoreError(
                Fault(
                    f"another process is writing this {what}", str(folder), None, "one writer", "wait for it to finish"
                )
            ) from None
        yield


def _take(stream: IO[bytes]) -> None:
    """Lock an open file without waiting; closing it, or dying, gives the lock back."""
    if sys.platform == "win32":
        import msvcrt

        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
