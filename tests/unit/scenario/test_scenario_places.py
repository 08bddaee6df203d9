"""The scanner of lines: it must agree with tomllib about what is where."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from bentpipe.scenario import builtin_names, scenario_text
from bentpipe.scenario.places import Places, scan

TRICKY = '''\
# a comment with = and [brackets]
title = "a # b = [c]" # trailing
text = """
[not.a.table]
key = 1 \\""" ""
"""
raw = \'\'\'it''s
[x]\'\'\'
"quoted key" = 'C:\\path'
a.b . "c.d" = 1
list = [ # comment ]
  1, [2, 3], # two
  { x = 1, y = [4,
  5] }, "]",
]
inline = { p = { q = 1 }, r = 'x' }
quotes = """ends in quotes"""""

[table]
key = 2022-10-24T00:00:00Z
[table.sub]
key = 1.5e3
[[rows]]
id = "one"
[rows.more]
key = true
[[rows.deep]]
key = 1
[[rows.deep]]
key = 2
[[rows]]
id = "two"
'''


def paths(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, below in items:
        yield from paths(below, (*path, step))


def all_places(places: Places, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    for step, below in places.below.items():
        yield from all_places(below, (*path, step))


@pytest.mark.parametrize("text", [TRICKY, TRICKY.replace("\n", "\r\n"), *map(scenario_text, builtin_names())])
def test_the_scanner_finds_exactly_the_keys_of_tomllib(text: str) -> None:
    assert set(all_places(scan(text, "f"))) == set(paths(tomllib.loads(text)))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2), (("text",), 3), (("raw",), 7), (("quoted key",), 9), (("a", "b", "c.d"), 10),
        (("list",), 11), (("list", 0), 12), (("list", 1, 1), 12), (("list", 2, "y"), 13), (("list", 2, "y", 1), 14),
        (("list", 3), 14), (("inline", "p", "q"), 16), (("quotes",), 17), (("table", "key"), 20),
        (("table", "sub", "key"), 22), (("rows", 0, "id"), 24), (("rows", 0, "more", "key"), 26),
        (("rows", 0, "deep", 1, "key"), 30), (("rows", 1, "id"), 32),
    ],
)  # fmt: skip
def test_lines(path: tuple[str | int, ...], line: int) -> None:
    assert scan(TRICKY, "f").find(path).line == line


def test_places_are_written_for_people() -> None:
    places = scan(TRICKY, "my.toml")
    assert places.where(["table", "key"]) == "my.toml:20: table.key"
    assert places.where(["table", "absent"]) == "my.toml:19: table.absent"
    assert places.where(["absent"]) == "my.toml: absent"
    assert places.where([]) == "my.toml"


def test_where_it_was_written_is_no_part_of_what_it_says() -> None:
    assert scan(TRICKY, "a") == Places() and hash(Places("a", 1)) == hash(Places("b", 2))
    assert Places() != "f"
