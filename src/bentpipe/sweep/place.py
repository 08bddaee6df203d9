"""Where a study lies: a local folder, or whatever fsspec reaches. Whole objects are written, never parts."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bentpipe.errors import Fault, InputError

#: Objects that are read or written together.
AT_ONCE = 200


class Place(Protocol):
    """A folder of objects, named with ``/`` between parts."""

    @property
    def url(self) -> str:
        """Path or URL."""

    @property
    def local(self) -> bool:
        """Whether it is a folder of this machine."""

    def read(self, name: str) -> bytes:
        """Read an object; FileNotFoundError where there is none."""

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """Read those of some objects that there are."""

    def write(self, name: str, content: bytes) -> None:
        """Write an object: it is there whole, or not at all."""

    def write_many(self, contents: Mapping[str, bytes]) -> None:
        """Write several objects."""

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of every object in a folder, by its name in there."""

    def delete(self, names: Iterable[str]) -> None:
        """Delete those of some objects that there are."""

    def delete_folder(self, folder: str) -> None:
        """Delete a folder with all that is in it."""

    def zarr_store(self, folder: str) -> Any:
        """What `xarray.open_zarr` opens, for reading."""


def open_place(where: str | Path, options: Mapping[str, Any] | None = None) -> Place:
    """Open a place by its path or URL.

    Parameters
    ----------
    where : str or pathlib.Path
        A folder, or a URL that fsspec knows, such as ``s3://bucket/folder``.
    options : mapping, optional
        Of the file system, such as ``endpoint_url``.

    Returns
    -------
    Place

    Raises
    ------
    InputError
        Where nothing knows the kind of URL, or what it needs is not installed.
    """
    text = str(where)
    scheme = re.match(r"([a-z][a-z0-9+.-]+)://", text)
    if scheme is None or scheme[1] == "file":
        return LocalFolder(Path(text.removeprefix("file://")).absolute())
    try:
        import fsspec

        system, root = fsspec.core.url_to_fs(text, **_uncached(options))
    except ImportError as error:
        remedy = f"install what it needs: {error}"
        raise InputError(Fault(f"{scheme[1]}:// cannot be reached", "--out", text, remedy=remedy)) from None
    except ValueError as error:
        raise InputError(Fault(f"not a place to write to: {error}", "--out", text, "a folder or a URL")) from None
    return ObjectStore(text.rstrip("/"), system, root.rstrip("/"), dict(options or {}))


def _uncached(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Listings change under our hands: other processes write."""
    return {"use_listings_cache": False, **(options or {})}


@dataclass(frozen=True)
class LocalFolder:
    """A folder of this machine, or of a file system that all workers share."""

    folder: Path
    local: bool = True

    @property
    def url(self) -> str:
        """Its path."""
        return str(self.folder)

    def read(self, name: str) -> bytes:
        """Read an object; FileNotFoundError where there is none."""
        return (self.folder / name).read_bytes()

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """Read those of some objects that there are."""
        found = {}
        for name in names:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                found[name] = self.read(name)
        return found

    def write(self, name: str, content: bytes) -> None:
        """Write an object: under another name first, so that it is never there in part."""
        path = self.folder / name
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            try:
                stream = part.open("wb")
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                stream = part.open("wb")
            with stream:
                stream.write(content)
            part.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise

    def write_many(self, contents: Mapping[str, bytes]) -> None:
        """Write several objects."""
        for name, content in contents.items():
            self.write(name, content)

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of every object in a folder, by its name in there."""
        try:
            with os.scandir(self.folder / folder) as entries:
                return {e.name: e.stat().st_size for e in entries if e.is_file() and not e.name.startswith(".")}
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def delete(self, names: Iterable[str]) -> None:
        """Delete those of some objects that there are."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def delete_folder(self, folder: str) -> None:
        """Delete a folder with all that is in it."""
        shutil.rmtree(self.folder / folder, ignore_errors=True)

    def zarr_store(self, folder: str) -> Any:
        """Path for `xarray.open_zarr`."""
        return str(self.folder / folder)


@dataclass(frozen=True)
class ObjectStore:
    """A place that fsspec reaches: an object appears whole when its upload ends."""

    url: str
    system: Any
    root: str
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    local: bool = False

    def read(self, name: str) -> bytes:
        """Read an object; FileNotFoundError where there is none."""
        return bytes(self.system.cat_file(f"{self.root}/{name}"))

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """Read those of some objects that there are, many at once."""
        paths = {f"{self.root}/{name}": name for name in names}
        found: dict[str, bytes] = {}
        listed = list(paths)
        for begin in range(0, len(listed), AT_ONCE):
            some = self.system.cat(listed[begin : begin + AT_ONCE], on_error="return")
            for path, content in some.items():
                if isinstance(content, FileNotFoundError):
                    continue
                if isinstance(content, BaseException):  # what cannot be reached now is not the same as gone
                    raise content
                found[paths[path]] = bytes(content)
        return found

    def write(self, name: str, content: bytes) -> None:
        """Write an object by one upload."""
        self.system.pipe_file(f"{self.root}/{name}", content)

    def write_many(self, contents: Mapping[str, bytes]) -> None:
        """Write several objects, at once where the file system can."""
        self.system.pipe({f"{self.root}/{name}": content for name, content in contents.items()})

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of every object in a folder, by its name in there."""
        self.system.invalidate_cache()
        try:
            found = self.system.ls(f"{self.root}/{folder}", detail=True)
        except FileNotFoundError:
            return {}
        return {str(e["name"]).rpartition("/")[2]: int(e["size"] or 0) for e in found if e["type"] == "file"}

    def delete(self, names: Iterable[str]) -> None:
        """Delete those of some objects that there are."""
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                self.system.rm_file(f"{self.root}/{name}")

    def delete_folder(self, folder: str) -> None:
        """Delete a folder with all that is in it."""
        with contextlib.suppress(FileNotFoundError):
            self.system.rm(f"{self.root}/{folder}", recursive=True)

    def zarr_store(self, folder: str) -> Any:
        """A store for `xarray.open_zarr`."""
        from zarr.storage import FsspecStore

        return FsspecStore.from_url(f"{self.url}/{folder}", storage_options=_uncached(self.options), read_only=True)
