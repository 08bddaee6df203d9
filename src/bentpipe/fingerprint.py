"""What a function is made of, as one hash: its code, its defaults, and every value that it reaches for.

Two closures of one source differ by what they close over; two lambdas of one line by their constants. The identity
of a run must tell them apart, in this process and in the next.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import pickle
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bentpipe.errors import Fault, InputError

_TRUSTED = ("bentpipe", "numba", "numpy", "pandas", "scipy", "xarray")
#: Values met so far by their address, with their number: held here, so that no other value takes the address.
Seen = dict[int, tuple[int, object]]
_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis))


def fingerprint(function: Callable[..., Any]) -> str:
    """Hash of a function, of the values it closes over and of the globals it names.

    Parameters
    ----------
    function : callable
        A function, method, `functools.partial`, compiled Numba function, or object with ``__call__``.

    Returns
    -------
    str
        64 hexadecimal digits: the same in every process of one version of Python, and another as soon as the code
        or any value that it uses differs. Functions and classes of installed packages count by name and by the
        package's version.

    Raises
    ------
    InputError
        If it uses a value that cannot be pickled, and so not told apart from another.
    """
    digest = hashlib.sha256()
    for piece in _pieces(function, {}):
        digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.hexdigest()


def _pieces(value: Any, seen: Seen) -> Iterator[bytes]:
    """Bytes that stand for a value; one met before stands for its number."""
    if isinstance(value, _PLAIN):
        yield f"{type(value).__name__}:{value!r}".encode()
        return
    if id(value) in seen:
        yield f"seen:{seen[id(value)][0]}".encode()
        return
    seen[id(value)] = (len(seen), value)
    value = getattr(value, "py_func", value)  # what Numba compiled
    if isinstance(value, types.ModuleType):
        yield f"module:{value.__name__}:{getattr(value, '__version__', '')}".encode()
    elif isinstance(value, types.CodeType):
        yield from _code(value, seen)
    elif isinstance(value, types.FunctionType):
        yield from _function(value, seen)
    elif isinstance(value, types.MethodType):
        yield from _all("method", (value.__func__, value.__self__), seen)
    elif isinstance(value, functools.partial):
        yield from _all("partial", (value.func, value.args, value.keywords), seen)
    elif isinstance(value, tuple | list):
        yield from _all(type(value).__name__, value, seen)
    elif isinstance(value, set | frozenset):
        yield from _all(type(value).__name__, sorted(value, key=repr), seen)
    elif isinstance(value, Mapping):
        yield from _all(type(value).__name__, [part for item in value.items() for part in item], seen)
    elif isinstance(value, type):
        yield from _class(value, seen)
    else:
        yield from _object(value, seen)


def _all(kind: str, values: Any, seen: Seen) -> Iterator[bytes]:
    yield f"{kind}:{len(values)}".encode()
    for value in values:
        yield from _pieces(value, seen)


def _trusted(module: str) -> bytes | None:
    """Name and version of a package whose code need not be read: the library's, and those that runs rest on."""
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names:
        return root.encode()
    return f"{root} {getattr(sys.modules.get(root), '__version__', '')}".encode() if root in _TRUSTED else None


def _function(value: types.FunctionType, seen: Seen) -> Iterator[bytes]:
    package = _trusted(value.__module__ or "")
    if package is not None:
        yield b"installed:" + package + f":{value.__module__}.{value.__qualname__}".encode()
        return
    cells = [cell.cell_contents for cell in value.__closure__ or ()]
    names = sorted(_names(value.__code__))
    held = {name: value.__globals__[name] for name in names if name in value.__globals__}
    yield from _all("function", (value.__code__, value.__defaults__, value.__kwdefaults__, cells, held), seen)


def _names(code: types.CodeType) -> set[str]:
    """Globals that some code reads, nested functions included."""
    read = {str(i.argval) for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return read.union(*(_names(c) for c in code.co_consts if isinstance(c, types.CodeType)))


def _code(value: types.CodeType, seen: Seen) -> Iterator[bytes]:
    yield b"code:" + value.co_code
    names = (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars)
    # The first constant may be the docstring, which changes nothing.
    constants = tuple(c for i, c in enumerate(value.co_consts) if i or not isinstance(c, str))
    yield from _all("names", (*names, constants), seen)


def _class(value: type, seen: Seen) -> Iterator[bytes]:
    package = _trusted(value.__module__)
    yield f"class:{value.__module__}.{value.__qualname__}".encode()
    if package is not None or value.__module__ == "builtins":
        yield package or b""
        return
    own = {k: v for k, v in vars(value).items() if k not in ("__dict__", "__weakref__", "__doc__", "__module__")}
    yield from _all("members", [part for k in sorted(own) for part in (k, _member(own[k]))], seen)


def _member(value: Any) -> Any:
    """What a class holds under a name, as something that can be told apart."""
    if isinstance(value, property):
        return (value.fget, value.fset)
    return value.__func__ if isinstance(value, staticmethod | classmethod) else value


def _object(value: Any, seen: Seen) -> Iterator[bytes]:
    if type(value).__module__ == "builtins" and hasattr(value, "__qualname__"):  # a built-in function, a slot
        yield f"builtin:{getattr(value, '__module__', '')}.{value.__qualname__}".encode()
        return
    yield from _pieces(type(value), seen)
    if callable(value) and hasattr(value, "__dict__"):
        yield from _pieces(vars(value), seen)
        return
    if type(value).__name__ == "ufunc":
        yield str(value.__name__).encode()
        return
    try:
        yield pickle.dumps(value, protocol=4)
    except Exception:
        what = "a policy uses a value that cannot be pickled: runs with two such values could not be told apart"
        remedy = "build the value inside the function, or hand it over as numbers or arrays"
        raise InputError(Fault(what, "policies", type(value).__qualname__, remedy=remedy)) from None
