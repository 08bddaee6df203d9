"""Bytes of an element-set file, plain or gzip, within bounds, and what format they are in."""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bentpipe.errors import ElementsError, Fault

Format = Literal["tle", "omm-json", "omm-csv", "omm-xml", "omm-kvn"]

#: Most bytes read from a file, and most it may unpack to (the whole public catalogue in XML: about 50 MiB).
MAX_BYTES = 256 * 1024 * 1024

_CHUNK = 1 << 20
_FORMATS = "TLE or 3LE text, or OMM as JSON, CSV, XML or KVN, plain or gzip"


@dataclass(frozen=True)
class Content:
    """Text of a file and the SHA-256 of its bytes as stored.

    Parameters
    ----------
    text : str
        The decoded, decompressed text.
    sha256 : str
        Hexadecimal digest of the file as it is on disk.
    size : int
        Size of the text, bytes.
    """

    text: str
    sha256: str
    size: int


def read_content(path: Path, limit: int = MAX_BYTES) -> Content:
    """Read a plain or gzip file of at most `limit` bytes, unpacked.

    Parameters
    ----------
    path : Path
        The file.
    limit : int
        Most bytes accepted, of the stored file and of its unpacked content each.

    Returns
    -------
    Content
        Its text and digest.

    Raises
    ------
    ElementsError
        The file is missing, unreadable, empty, too large, truncated, packed by something else, or not text.
    """
    stored = _stored_bytes(path, limit)
    content = unpack(stored, path.name, limit)
    return Content(decode(content, path.name), hashlib.sha256(stored).hexdigest(), len(content))


def _stored_bytes(path: Path, limit: int) -> bytes:
    """Bytes of a regular file; devices and pipes are refused because they may never end."""
    if not path.exists():
        raise ElementsError(Fault("no such file", str(path), remedy="check the path of the element sets"))
    if not path.is_file():
        raise ElementsError(Fault("not a regular file", str(path), allowed="a file of element sets"))
    try:
        with path.open("rb") as stream:
            stored = stream.read(limit + 1)
    except OSError as error:
        raise ElementsError(Fault(f"cannot be read ({error.strerror})", str(path))) from error
    if len(stored) > limit:
        raise ElementsError(_too_large(path.name, limit, "the file"))
    return stored


def unpack(stored: bytes, file: str, limit: int = MAX_BYTES) -> bytes:
    """Decompress gzip bytes (any number of members) up to `limit`; other bytes pass through.

    Parameters
    ----------
    stored : bytes
        Bytes as stored.
    file : str
        Name for the messages.
    limit : int
        Most bytes of unpacked content; decompression stops there, so a bomb costs `limit` bytes at most.

    Returns
    -------
    bytes
        The unpacked content.
    """
    if not stored.startswith(b"\x1f\x8b"):
        return stored
    out = io.BytesIO()
    rest = stored
    try:
        while rest:
            engine = zlib.decompressobj(wbits=31)
            out.write(engine.decompress(rest, limit + 1 - out.tell()))
            if out.tell() > limit:
                raise ElementsError(_too_large(file, limit, "its unpacked content"))
            if not engine.eof:
                raise ElementsError(
                    Fault("the gzip file ends too early", file, remedy="download or copy the file again")
                )
            rest = engine.unused_data.lstrip(b"\0")  # gzip allows padding after the last member
    except zlib.error as error:
        raise ElementsError(Fault(f"the gzip file is damaged ({error})", file)) from error
    return out.getvalue()


def _too_large(file: str, limit: int, what: str) -> Fault:
    return Fault(
        f"{what} is larger than this reader accepts",
        file,
        allowed=f"at most {limit / 1024 / 1024:g} MiB",
        remedy="give the element sets of one constellation",
    )


def decode(content: bytes, file: str) -> str:
    """Decode UTF-8 text, with or without a byte-order mark; anything else is refused.

    Parameters
    ----------
    content : bytes
        Unpacked bytes.
    file : str
        Name for the messages.

    Returns
    -------
    str
        The text.
    """
    if not content.strip():
        raise ElementsError(Fault("the file is empty", file, allowed=_FORMATS))
    if content.startswith(b"PK\x03\x04"):
        raise ElementsError(Fault("a zip archive", file, allowed=_FORMATS, remedy="unpack it first"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = content.count(b"\n", 0, error.start) + 1
        raise ElementsError(
            Fault("not text: a byte that is not UTF-8", f"{file}, line {place}", allowed=_FORMATS)
        ) from error
    if "\0" in text:
        raise ElementsError(Fault("not text: it holds NUL bytes", file, allowed=_FORMATS))
    return text


def detect_format(text: str, file: str) -> Format:
    """Tell the format of element sets from the text itself; the file's name is never believed.

    Parameters
    ----------
    text : str
        The whole text.
    file : str
        Name for the messages.

    Returns
    -------
    str
        "tle", "omm-json", "omm-csv", "omm-xml" or "omm-kvn".
    """
    start = text[:4096].lstrip()
    if start[:1] in ("[", "{"):
        return "omm-json"
    if start[:1] == "<":
        if "<html" in start.lower() or "<!doctype html" in start.lower():
            raise ElementsError(Fault("a web page, not element sets", file, allowed=_FORMATS))
        return "omm-xml"
    lines = [line.strip() for line in start.splitlines() if line.strip()]
    if any(line.replace(" ", "").startswith(("CCSDS_OMM_VERS=", "OBJECT_NAME=")) for line in lines[:20]):
        return "omm-kvn"
    if "," in lines[0] and "NORAD_CAT_ID" in lines[0].upper():
        return "omm-csv"
    if any(line.startswith(("1 ", "2 ")) for line in lines[:20]):
        return "tle"
    raise ElementsError(Fault("not a known format of element sets", f"{file}, line 1", lines[0], allowed=_FORMATS))
