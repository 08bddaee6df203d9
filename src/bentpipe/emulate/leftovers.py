"""What a killed run leaves behind, and how it goes: records of live links, by process and start time.

Namespaces and devices have no names and go with their processes. What can be left is a record, a resolver file, and
programs started in the background by the program. They are known by the token in their environment; only those of
links whose own process is gone are touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TOKEN: Final = "BENTPIPE_LINK"
"""Variable that marks every process behind a link."""


def records_folder() -> Path:
    """Folder for the records of this user's live links; made where it is missing.

    Returns
    -------
    pathlib.Path
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    name = "bentpipe" if base else f"bentpipe-{os.geteuid()}"
    folder = Path(base or tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise PermissionError(1, "belongs to another user", str(folder))
    return folder


def start_time(pid: int) -> str:
    """When a process started, in the system's ticks; empty where there is none.

    Parameters
    ----------
    pid : int
        Process.

    Returns
    -------
    str
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def new_record() -> tuple[Path, str]:
    """Make the folder of this process's live link.

    Returns
    -------
    tuple of pathlib.Path and str
        Folder, named after the process and its start, and the token of what runs behind the link.
    """
    token = secrets.token_hex(16)
    folder = records_folder() / f"link-{os.getpid()}-{start_time(os.getpid())}"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "link.json").write_text(json.dumps({"token": token}))
    return folder, token


def behind(token: str) -> Iterator[int]:
    """Find the processes behind a link.

    Parameters
    ----------
    token : str
        Its token.

    Yields
    ------
    int
        Processes, never the caller.
    """
    wanted = f"{TOKEN}={token}".encode()
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in Path("/proc", name, "environ").read_bytes().split(b"\0"):
                    yield int(name)


def end_all(token: str, number: int = signal.SIGTERM) -> int:
    """End what still runs behind a link.

    Parameters
    ----------
    token : str
        Its token.
    number : int
        Signal.

    Returns
    -------
    int
        Processes that got it.
    """
    count = 0
    for pid in behind(token):
        with contextlib.suppress(OSError):
            os.kill(pid, number)
            count += 1
    return count


def clean_up() -> tuple[int, int]:
    """Remove what links left whose process is gone.

    Returns
    -------
    tuple of int
        Links whose record was removed, and processes that were ended.
    """
    links, ended = 0, 0
    for folder in sorted(records_folder().glob("link-*-*")):
        pid, _, started = folder.name.removeprefix("link-").partition("-")
        if not pid.isdigit() or start_time(int(pid)) == started:
            continue
        try:
            token = json.loads((folder / "link.json").read_text())["token"]
        except (OSError, ValueError, KeyError, TypeError):
            token = ""
        if token:
            ended += end_all(token, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
        links += 1
    return links, ended
