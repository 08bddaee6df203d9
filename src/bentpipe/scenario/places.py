"""Where every key of a TOML text stands: a scanner for texts that `tomllib` has already accepted.

`tomllib` gives values and forgets lines; this keeps lines and forgets values. Both walk the same grammar, so the
scanner need not tell right from wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Step = str | int


@dataclass
class Places:
    """A tree shaped like the parsed text, with the file and line of each key and list item.

    Equal to every other tree and of one hash: where a scenario was written is no part of what it says.
    """

    file: str = ""
    line: int = 0  # from 1; 0 where not known
    below: dict[Step, Places] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Places)

    def __hash__(self) -> int:
        return 0

    def child(self, step: Step, file: str, line: int) -> Places:
        """Find the place one step down, or make it.

        Parameters
        ----------
        step : str or int
        file : str
        line : int
            From 1.

        Returns
        -------
        Places
        """
        return self.below.setdefault(step, Places(file, line))

    def find(self, path: Sequence[Step]) -> Places:
        """Find the nearest place on the way to a path.

        Parameters
        ----------
        path : sequence of str or int
            Keys and list positions; a list item also answers to its id.

        Returns
        -------
        Places
            The deepest one that was written; of an absent key, the table it would be in.
        """
        here = self
        for step in path:
            if isinstance(step, str) and step not in here.below:
                step = here.ids.get(step.lower(), int(step) if step.isdigit() else step)
            if step not in here.below:
                break
            here = here.below[step]
        return here

    def where(self, path: Sequence[Step]) -> str:
        """Write a place for a message.

        Parameters
        ----------
        path : sequence of str or int

        Returns
        -------
        str
            "file:line: dotted.key".
        """
        place = self.find(path)
        key = ".".join(str(step) for step in path)
        spot = f"{place.file}:{place.line}" if place.line else place.file
        return ": ".join(part for part in (spot, key) if part)


def scan(text: str, file: str) -> Places:
    """Find the line of every key.

    Parameters
    ----------
    text : str
        TOML that parses.
    file : str
        The name to give in messages.

    Returns
    -------
    Places
    """
    return _Scanner(text, file).document()


class _Scanner:
    """Walks the text once, character by character."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text.replace("\r\n", "\n"), file
        self.at, self.line = 0, 1

    def document(self) -> Places:
        root = table = Places(self.file, 0)
        while self.skip(" \t\n"):
            if self.peek() == "[":
                table = self.header(root)
            else:
                self.pair(table)
        return root

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, count: int = 1) -> None:
        self.line += self.text.count("\n", self.at, self.at + count)
        self.at += count

    def skip(self, blanks: str) -> bool:
        """Pass blanks and comments; tell whether anything is left."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at] in blanks:
                self.take()
            else:
                return True
        return False

    def header(self, root: Places) -> Places:
        line, double = self.line, self.text.startswith("[[", self.at)
        self.take(2 if double else 1)
        keys = self.keys("]")
        self.take(2 if double else 1)
        here = root
        for step in keys[:-1]:
            here = self.last(here.child(step, self.file, line))
        here = here.child(keys[-1], self.file, line)
        return here.child(len(here.below), self.file, line) if double else here

    @staticmethod
    def last(here: Places) -> Places:
        """Enter the newest item, where the place is a list of tables."""
        newest = len(here.below) - 1
        return here.below.get(newest, here)

    def keys(self, until: str) -> list[str]:
        found: list[str] = []
        while self.skip(" \t") and self.peek() != until:
            if self.peek() in "\"'":
                found.append(self.string())
            elif self.peek() == ".":
                self.take()
            else:
                start = self.at
                while self.peek() not in (".", " ", "\t", until, ""):
                    self.take()
                found.append(self.text[start : self.at])
        return found

    def pair(self, table: Places) -> None:
        line, here = self.line, table
        keys = self.keys("=")
        for step in keys:
            here = here.child(step, self.file, line)
        self.take()
        self.skip(" \t")
        self.value(here)

    def value(self, here: Places) -> None:
        """Pass one value, noting what is inside it."""
        first = self.peek()
        if first in ('"', "'"):
            self.string()
        elif first == "[":
            self.items(here)
        elif first == "{":
            self.inline(here)
        else:
            while self.peek() not in (",", "]", "}", "\n", "#", ""):
                self.take()

    def items(self, here: Places) -> None:
        self.take()
        while self.skip(" \t\n,") and self.peek() != "]":
            self.value(here.child(len(here.below), self.file, self.line))
        self.take()

    def inline(self, here: Places) -> None:
        self.take()
        while self.skip(" \t\n,") and self.peek() != "}":
            self.pair(here)
        self.take()

    def string(self) -> str:
        quote = self.peek()
        mark = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.take(len(mark))
        start = self.at
        while not self.text.startswith(mark, self.at) and self.at < len(self.text):
            self.take(2 if quote == '"' and self.peek() == "\\" else 1)
        said = self.text[start : self.at]
        self.take(len(mark))
        while len(mark) == 3 and self.peek() == quote:  # up to two more quotes may end the text
            self.take()
        return said
