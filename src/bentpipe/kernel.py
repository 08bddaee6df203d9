"""The one decorator for compiled kernels.

A kernel is a Numba function: it releases the interpreter lock, is never ``parallel`` (threads over tiles are
our own) and never ``fastmath`` (results are the same bit for bit however a run is cut). Machine code is cached
in a folder named after a hash of every kernel source, because Numba does not notice that a *called* kernel
was edited. Where the user's cache folder cannot be written, a temporary folder is used.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

from bentpipe.cachefolder import user_cache

F = TypeVar("F", bound=Callable[..., Any])


@functools.cache
def source_hash() -> str:
    """Hash of the source of every module of bentpipe that holds a kernel.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    # Numba's own index would hand code compiled without bounds checks to who asks for them.
    digest = hashlib.sha256(f"{numba.__version__} {os.environ.get('NUMBA_BOUNDSCHECK', '')}".encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        text = path.read_bytes()
        if b"@kernel" in text:
            digest.update(str(path.relative_to(Path(__file__).parent)).encode() + b"\0" + text)
    return digest.hexdigest()[:16]


@functools.cache
def cache_folder() -> Path:
    """Folder that holds the compiled kernels of this source.

    Returns
    -------
    pathlib.Path
        ``$BENTPIPE_CACHE`` or the user's cache folder, else a temporary folder.
    """
    folder = user_cache() / f"kernels-{source_hash()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.mkdtemp(prefix="bentpipe-kernels-"))


def kernel(signature: str | None = None, inline: bool = False) -> Callable[[F], F]:
    """Compile a function with Numba, without the interpreter lock, cached on disk.

    Parameters
    ----------
    signature : str, optional
        Numba signature, such as ``"float64(float64[::1])"``. Kernels that take arrays give one, so that
        a read-only or strided array is refused rather than compiled for a second time. Scalar helpers
        give none and are compiled into their callers.
    inline : bool
        Let Numba inline the function into its callers.

    Returns
    -------
    callable
        A decorator.
    """
    options: dict[str, Any] = {
        "nogil": True,
        "cache": True,
        "error_model": "numpy",  # a division by zero is inf or NaN, without a branch in every loop
        "inline": "always" if inline else "never",
    }

    def decorate(function: F) -> F:
        config: Any = numba.config
        previous = config.CACHE_DIR
        config.CACHE_DIR = str(cache_folder())
        try:
            compile_it: Any = numba.njit(**options) if signature is None else numba.njit(signature, **options)
            compiled: F = compile_it(function)
            return compiled
        finally:
            config.CACHE_DIR = previous

    return decorate
