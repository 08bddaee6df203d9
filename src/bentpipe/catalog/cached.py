"""The folder of downloaded element sets: what is in it, and one writer at a time."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bentpipe.cachefolder import elements_folder
from bentpipe.errors import FetchError, InputError

#: A lock older than this was left by a program that died: no download may last so long.
_STALE_LOCK_S: Final = 900.0


@dataclass(frozen=True)
class CachedFile:
    """One file of the cache.

    Parameters
    ----------
    path : Path
        The file.
    fetched_unix_s : float
        When it was downloaded, Unix seconds.
    age_s : float
        Age of the download, s.
    satellites : int or None
        Satellites in it; None where it can no longer be read.
    median_epoch : str or None
        Middle epoch of its element sets, UTC, ISO 8601.
    first_epoch, last_epoch : str or None
        Their range.
    elements_age_s : float or None
        Time since the middle epoch, s: the age that counts for positions of today.
    fault : str
        Why it cannot be read; "" where it can.
    """

    path: Path
    fetched_unix_s: float
    age_s: float
    satellites: int | None
    median_epoch: str | None
    first_epoch: str | None = None
    last_epoch: str | None = None
    elements_age_s: float | None = None
    fault: str = ""


def cached_files(folder: Path | None = None) -> tuple[CachedFile, ...]:
    """List the downloaded element sets, newest download first.

    Parameters
    ----------
    folder : Path, optional
        The cache; the user's where not given.

    Returns
    -------
    tuple of CachedFile
        Every file, those that can no longer be read included.
    """
    where = folder or elements_folder()
    found = [_describe(path) for path in sorted(where.glob("*.*")) if path.suffix in (".json", ".csv")]
    return tuple(sorted(found, key=lambda file: -file.fetched_unix_s))


def _describe(path: Path) -> CachedFile:
    from bentpipe.catalog.elements import load_elements

    fetched = path.stat().st_mtime
    age = time.time() - fetched
    try:
        elements = load_elements(path)
    except InputError as error:
        return CachedFile(path, fetched, age, None, None, fault=str(error.faults[0]))
    median, first, last = (
        f"{str(when)[:19]}Z" for when in (elements.median_epoch, elements.epoch.min(), elements.epoch.max())
    )
    since = elements_age_s(elements.median_epoch)
    return CachedFile(path, fetched, age, len(elements), median, first, last, since)


def elements_age_s(median_epoch: np.datetime64) -> float:
    """Tell the time since the middle epoch of element sets, s.

    Parameters
    ----------
    median_epoch : datetime64
        UTC.

    Returns
    -------
    float
        Negative where they are for a time to come.
    """
    return time.time() - float(median_epoch.astype("datetime64[us]").astype(np.int64)) / 1e6


@contextlib.contextmanager
def exclusive(lock: Path, wait_s: float, poll_s: float = 0.1) -> Iterator[None]:
    """Hold a lock file, so that two programs never download the same file at once.

    Parameters
    ----------
    lock : Path
        The lock file; made, and removed at the end.
    wait_s : float
        Longest wait for another holder, s.
    poll_s : float
        Time between looks, s.

    Raises
    ------
    FetchError
        If the other holder is still there after `wait_s`.
    """
    deadline = time.monotonic() + wait_s
    while not _take(lock):
        if time.monotonic() >= deadline:
            raise FetchError(f"another download holds {lock}; wait for it, or remove the file if none is running")
        time.sleep(poll_s)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _take(lock: Path) -> bool:
    try:
        handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        _remove_if_stale(lock)
        return False
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(f"{os.getpid()}\n")
    return True


def _remove_if_stale(lock: Path) -> None:
    """Move an abandoned lock aside under a name of our own first: of several that see it, one succeeds."""
    with contextlib.suppress(FileNotFoundError):
        if time.time() - lock.stat().st_mtime > _STALE_LOCK_S:
            aside = lock.with_name(f"{lock.name}.{uuid.uuid4().hex}")
            lock.rename(aside)
            aside.unlink()
