"""Folders for what is computed while a server lives; those of servers that were killed are removed by the next."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

_NAME = re.compile(r"bentpipe-serve-(\d+)-.+")


def work_folder(what: str) -> Path:
    """Make a folder of this process among the temporary ones; whoever asks removes it.

    Parameters
    ----------
    what : str
        Part of its name.

    Returns
    -------
    pathlib.Path
    """
    return Path(tempfile.mkdtemp(prefix=f"bentpipe-serve-{os.getpid()}-{what}-"))


def remove_leftovers() -> list[Path]:
    """Remove the folders of processes of this user that are no more.

    Returns
    -------
    list of pathlib.Path
        Those that were removed; none where processes cannot be looked for (Windows).
    """
    if os.name != "posix":
        return []
    found = []
    for folder in Path(tempfile.gettempdir()).glob("bentpipe-serve-*"):
        name = _NAME.fullmatch(folder.name)
        if name and not _lives(int(name[1])) and _is_own(folder):
            shutil.rmtree(folder, ignore_errors=True)
            found.append(folder)
    return found


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or no number of a process
        return True
    return True


def _is_own(folder: Path) -> bool:
    try:
        about = folder.lstat()
    except OSError:
        return False
    return about.st_uid == os.getuid() and folder.is_dir() and not folder.is_symlink()
