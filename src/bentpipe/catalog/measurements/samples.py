"""What every reader of measurements returns, and the lines that it could not read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bentpipe.errors import Fault, InputError

FloatArray = NDArray[np.float64]

MOST_SHOWN: Final = 3
"""Unreadable lines that are shown; all are counted."""


class Asked(NamedTuple):
    """What a user says of a file that the file does not say itself.

    Parameters
    ----------
    start_unix_s : float or None
        Time of its first sample, s.
    interval_s : float or None
        Time between its probes, s.
    """

    start_unix_s: float | None = None
    interval_s: float | None = None


@dataclass(frozen=True)
class Measurements:
    """Samples of one quantity, in order of time.

    Parameters
    ----------
    file : str
        Its name.
    kind : str
        "ping", "iperf3" or "dish".
    quantity : str
        "rtt" or "rate".
    way : str
        "down" or "up" for a rate, as the terminal sees it; empty for a round trip.
    unix_s : (N,) float64
        When each probe was sent, or each sample began, UTC, s since 1970.
    span_s : float
        Time over which a sample is a mean, s; 0 for single probes.
    interval_s : float
        Usual time between samples, s.
    value : (N,) float64
        s, or bit/s; NaN where nothing came back.
    lost : (N,) float64
        Loss ratio of each sample, 0 to 1; NaN where the file does not tell.
    target : str
        What was probed; empty where the file does not say.
    limit_bit_s : float
        Rate that the test itself did not exceed, bit/s; infinite where it had no limit.
    unreadable : int
        Lines that could not be read.
    shown : tuple of str
        The first of them, with their numbers.
    notes : tuple of str
        What was assumed in reading, and what was left out.
    """

    file: str
    kind: str
    quantity: str
    way: str
    unix_s: FloatArray
    span_s: float
    interval_s: float
    value: FloatArray
    lost: FloatArray
    target: str = ""
    limit_bit_s: float = np.inf
    unreadable: int = 0
    shown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count samples."""
        return len(self.unix_s)


@dataclass
class Unread:
    """Lines of one file that could not be read: all counted, the first few kept.

    Parameters
    ----------
    file : str
        Its name, for messages.
    """

    file: str
    count: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, line: int, text: str, why: str = "") -> None:
        """Note a line."""
        self.count += 1
        if len(self.shown) < MOST_SHOWN:
            clean = "".join(c if c.isprintable() else "?" for c in text.strip())
            told = f" ({why})" if why else ""
            self.shown.append(f"line {line}: {clean[:60]!r}{told}")

    def refuse(self, what: str, remedy: str) -> InputError:
        """Make the error of a file of which too little could be read."""
        seen = f"{self.count:,} lines could not be read: {'; '.join(self.shown)}" if self.count else ""
        return InputError(Fault(what, self.file, seen or None, remedy=remedy))


def open_text(path: Path) -> str:
    """Tell the encoding of a text file: UTF-8, or UTF-16 by its byte-order mark.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    str

    Raises
    ------
    InputError
        The file cannot be read, or is empty.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror or error}", str(path))) from None
    if not head.strip():
        raise InputError(Fault("the file is empty", str(path)))
    utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in head and not utf16:
        raise InputError(Fault("not a text file (it holds NUL characters)", str(path)))
    return "utf-16" if utf16 else "utf-8-sig"
