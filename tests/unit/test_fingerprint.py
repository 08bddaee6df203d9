"""Fingerprints of functions: another as soon as anything that the function uses is another."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.fingerprint import fingerprint

FACTOR = 1.0


def make(sign: Any) -> Callable[[Any], Any]:
    return lambda x: sign * x


def scaled(x: Any, by: float = 2.0) -> Any:
    return by * FACTOR * x


class Weighted:
    """A policy that is an object."""

    def __init__(self, weight: Any) -> None:
        self.weight = weight

    def __call__(self, x: Any) -> Any:
        return self.weight * x

    def method(self, x: Any) -> Any:
        return x + self.weight


def distinct(*functions: Callable[..., Any]) -> bool:
    found = [fingerprint(f) for f in functions]
    return len(set(found)) == len(found) and found == [fingerprint(f) for f in functions]


def test_closures_partials_objects_and_methods_differ_by_their_values() -> None:
    assert distinct(make(1), make(-1), make(1.0), make((1,)), make([1]), make(np.ones(2)), make(np.ones(3)))
    assert distinct(functools.partial(scaled, by=1.0), functools.partial(scaled, by=3.0), scaled)
    assert distinct(Weighted(1), Weighted(2), Weighted(1).method, Weighted(2).method)
    assert fingerprint(make(1)) == fingerprint(make(1))
    assert fingerprint(Weighted(np.arange(3))) == fingerprint(Weighted(np.arange(3)))


def test_lambdas_of_one_line_differ() -> None:
    a, b = (lambda x: x + 1), (lambda x: x + 2)
    assert distinct(a, b, lambda x: x.real, lambda x: x.imag)


def test_globals_and_what_they_call_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def outer(x: Any) -> Any:
        return scaled(x)

    before = fingerprint(outer)
    monkeypatch.setattr(sys.modules[__name__], "FACTOR", 3.0)
    assert fingerprint(outer) != before


def test_an_attribute_is_no_global() -> None:
    lock = threading.Lock()
    globals()["slot_of"] = lock

    def uses_attribute(x: Any) -> Any:
        return x.slot_of

    assert fingerprint(uses_attribute)


def test_compiled_and_built_in_functions() -> None:
    assert distinct(np.abs, np.sqrt, abs, max, numba.njit(lambda x: x + 1), numba.njit(lambda x: x + 2))


def test_recursion_ends() -> None:
    def down(n: int) -> int:
        return 0 if n == 0 else down(n - 1)

    assert fingerprint(down) == fingerprint(down)


def test_what_cannot_be_told_apart_is_refused() -> None:
    lock = threading.Lock()
    with pytest.raises(InputError, match=r"cannot be pickled.*lock"):
        fingerprint(lambda x: (lock, x))


def test_the_same_in_another_process() -> None:
    program = (
        "from bentpipe.fingerprint import fingerprint\n"
        "import numpy as np\n"
        "def make(a):\n"
        "    return lambda x: {'b', 'a', 'c'} and np.abs(x) * a\n"
        "print(fingerprint(make(np.arange(4))))"
    )
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in "ab"]
    assert len({run.stdout for run in runs}) == 1
