"""The user's cache: where downloaded element sets and compiled kernels lie."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

#: Ending of the name of a set that came from another server than the usual one, or was asked for by name.
_OWN = re.compile(r"-[0-9a-f]{8}$")


def user_cache() -> Path:
    """Return the folder for what can be made again; it need not exist yet.

    Returns
    -------
    pathlib.Path
        Under ``$BENTPIPE_CACHE``, else the user's cache folder (``$XDG_CACHE_HOME`` or ``~/.cache``; on
        Windows ``%LOCALAPPDATA%``).
    """
    base = os.environ.get("BENTPIPE_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if not base and sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    return Path(base or Path.home() / ".cache") / "bentpipe"


def elements_folder() -> Path:
    """Return the folder for downloaded element sets; it need not exist yet.

    Returns
    -------
    pathlib.Path
    """
    return user_cache() / "elements"


def downloaded_elements(name: str) -> Path | None:
    """Find a downloaded element set by its name.

    Parameters
    ----------
    name : str
        Name of the file or of the group; case and ending are ignored. Where several answer to it, the newest is
        meant.

    Returns
    -------
    pathlib.Path or None
    """
    wanted = name.strip().lower()
    if not wanted or re.search(r"[/\\:\0]", wanted) or wanted.startswith("."):
        return None
    try:
        files = [p for p in elements_folder().iterdir() if p.suffix in (".json", ".csv") and p.is_file()]
    except OSError:
        return None
    exact = [p for p in files if wanted in (p.name.lower(), p.stem.lower())]
    found = exact or [p for p in files if _OWN.sub("", p.stem.lower()) == wanted]
    return max(found, key=lambda p: p.stat().st_mtime, default=None)
