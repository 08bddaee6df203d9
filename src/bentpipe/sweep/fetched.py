"""The folder of a worker for files that it has fetched: gone with the process, however it ends."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from bentpipe.errors import StoreError
from bentpipe.results.lock import only_writer

#: Folders in the system's place for temporary files are called so, then the process, then letters.
PREFIX = "bentpipe-sweep-"
_NAME = re.compile(re.escape(PREFIX) + r"(\d+)-\w+")


@functools.cache
def fetched_folder() -> Path:
    """Make the folder of this process; those of processes that are gone are deleted.

    Returns
    -------
    pathlib.Path
        It is deleted when the process ends; where it is killed, when the next one begins.
    """
    tidy()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    holding = contextlib.ExitStack()
    atexit.register(_end, holding, folder)
    holding.enter_context(only_writer(folder, "folder"))
    return folder


def _end(holding: contextlib.ExitStack, folder: Path) -> None:
    with holding:
        pass
    shutil.rmtree(folder, ignore_errors=True)


def tidy() -> list[Path]:
    """Delete the folders of our own whose process is gone.

    Neither a number that another process has by now, nor a process that is not seen from here (in another container
    with the same folder) deceives: a living process holds a lock.

    Returns
    -------
    list of pathlib.Path
        What was deleted.
    """
    gone = []
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, StoreError):  # somebody else's, or held
            if _abandoned(folder):
                with only_writer(folder, "folder"):
                    pass
                shutil.rmtree(folder)
                gone.append(folder)
    return gone


def _abandoned(folder: Path) -> bool:
    """Whether it is a folder of ours, and its process cannot be found."""
    match = _NAME.fullmatch(folder.name)
    if match is None or folder.is_symlink() or not folder.is_dir():
        return False
    if sys.platform == "win32":  # asking for a process there would end it: the lock alone decides
        return (folder / "lock").exists()
    if folder.stat().st_uid != os.getuid():
        return False
    try:
        os.kill(int(match[1]), 0)
    except ProcessLookupError:
        return True
    except OverflowError:
        return False
    return False
