"""One client of a study at a time: a lock of the file system where it is local, elsewhere an object that beats."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

from bentpipe.errors import Fault, StoreError
from bentpipe.results.lock import only_writer
from bentpipe.sweep.place import LocalFolder, Place

LOCK = "lock.json"
#: Seconds between two heartbeats, and after how many without one the holder counts as dead.
BEAT_S = 15.0
STALE_S = 60.0
#: Seconds after which one who wrote the lock looks whether another did, too.
SETTLE_S = 1.0


@contextlib.contextmanager
def only_client(place: Place, wait: bool = False) -> Iterator[None]:
    """Hold a study.

    Parameters
    ----------
    place : Place
        Where it lies.
    wait : bool
        Wait for the one who holds it.

    Raises
    ------
    StoreError
        Where another client holds it.
    """
    while True:
        with contextlib.ExitStack() as stack:
            try:
                if isinstance(place, LocalFolder):
                    place.folder.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(only_writer(place.folder, "study"))
                else:
                    stack.enter_context(_beating(place))
            except StoreError:
                if not wait:
                    raise
                time.sleep(1.0)
                continue
            yield
            return


@contextlib.contextmanager
def _beating(place: Place) -> Iterator[None]:
    mine = uuid.uuid4().hex
    holder = _holder(place)
    if holder is not None and time.time() - float(holder.get("time", 0.0)) < STALE_S:
        raise _held(place, holder)
    _beat(place, mine)
    time.sleep(SETTLE_S)
    holder = _holder(place)
    if holder is None or holder.get("owner") != mine:
        raise _held(place, holder or {})
    stop = threading.Event()
    thread = threading.Thread(target=_keep_beating, args=(place, mine, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)
        with contextlib.suppress(Exception):
            place.delete([LOCK])


def _keep_beating(place: Place, mine: str, stop: threading.Event) -> None:
    while not stop.wait(BEAT_S):
        with contextlib.suppress(Exception):  # one lost beat is no loss: three fit into the time allowed
            _beat(place, mine)


def _beat(place: Place, mine: str) -> None:
    held = {"owner": mine, "host": platform.node(), "pid": os.getpid(), "time": time.time()}
    place.write(LOCK, json.dumps(held).encode())


def _holder(place: Place) -> dict[str, Any] | None:
    try:
        return dict(json.loads(place.read(LOCK)))
    except (OSError, ValueError):
        return None


def _held(place: Place, holder: dict[str, Any]) -> StoreError:
    who = f"{holder.get('host', '?')}, process {holder.get('pid', '?')}"
    remedy = f"wait for it to finish (--wait), or, where it has died, {STALE_S:.0f} s after its last heartbeat"
    return StoreError(Fault(f"another process ({who}) is writing this study", place.url, None, "one client", remedy))
