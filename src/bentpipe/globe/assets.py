"""What the page is made of: read from the package once; a URL is looked up among the names and joined to nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

__all__ = ["Asset", "read_assets"]

TYPES: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "txt": "text/plain; charset=utf-8",
}


class Asset(NamedTuple):
    """One file of the page."""

    content: bytes
    type: str
    etag: str


def read_assets() -> dict[str, Asset]:
    """Read all files of the page.

    Returns
    -------
    dict
        By name, with ``/`` between folders: ``vendor/three.js``. Files of other kinds than a page has are left out.
    """
    root = resources.files("bentpipe.globe") / "static"
    return dict(_walk(root, "")) if root.is_dir() else {}


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Asset]]:
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        name = prefix + entry.name
        if entry.is_dir():
            yield from _walk(entry, name + "/")
        elif (type_ := TYPES.get(entry.name.rpartition(".")[2])) is not None:
            content = entry.read_bytes()
            yield name, Asset(content, type_, f'"{hashlib.sha256(content).hexdigest()[:20]}"')
