"""Files that are there whole or not at all, written bit by bit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from bentpipe.errors import Fault, InputError


@contextmanager
def whole_files(*paths: Path) -> Iterator[list[TextIO]]:
    """Open text files for writing; they take their names together, once all is written.

    Parameters
    ----------
    *paths : pathlib.Path
        Files; those that are there are replaced.

    Yields
    ------
    list of text streams
        In the order of the files; UTF-8, line ends as in Unix.

    Raises
    ------
    InputError
        A folder is missing.
    """
    for path in paths:
        if not path.parent.is_dir():
            raise InputError(Fault("there is no such folder", "-o", str(path.parent), remedy="make it first"))
        if path.is_dir():
            raise InputError(Fault("a file is wanted, this is a folder", "-o", str(path)))
    parts = [path.with_name(f".{path.name}.{os.getpid()}.part") for path in paths]
    try:
        with ExitStack() as stack:
            streams: list[TextIO] = [
                stack.enter_context(part.open("w", encoding="utf-8", newline="\n")) for part in parts
            ]
            yield streams
            for stream in streams:
                stream.flush()
                os.fsync(stream.fileno())
        for part, path in zip(parts, paths, strict=True):
            part.replace(path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
