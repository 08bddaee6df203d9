"""Collecting what is wrong with an element-set file, all of it, up to a readable number."""

from __future__ import annotations

from bentpipe.errors import ElementsError, Fault


class FaultList:
    """The faults of one file, in the order found; past `limit` they are only counted.

    Parameters
    ----------
    file : str
        Name shown in front of every place.
    limit : int
        Faults kept in full: a file of another kind has one on every line, and nobody reads 10,000.
    """

    def __init__(self, file: str, limit: int = 20) -> None:
        self.file = file
        self.limit = limit
        self.total = 0
        self.kept: list[Fault] = []

    def add(self, what: str, place: str = "", value: object = None, allowed: str = "", remedy: str = "") -> None:
        """Note one fault at `place` ("line 12", "record 3") of the file."""
        self.total += 1
        if len(self.kept) < self.limit:
            where = f"{self.file}, {place}" if place else self.file
            self.kept.append(Fault(what, where, value, allowed, remedy))

    def error(self) -> ElementsError:
        """Return the faults so far as one error."""
        more = self.total - len(self.kept)
        extra = (Fault(f"{more:,} more faults of this kind or others", self.file),) if more else ()
        return ElementsError(*self.kept, *extra)

    def raise_any(self) -> None:
        """Raise ElementsError where at least one fault was noted."""
        if self.total:
            raise self.error()
