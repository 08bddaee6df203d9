"""Element sets from CelesTrak, with manners: none within two hours of the last, few retries, a name given.

A download replaces the cached file only once it is complete and every element set in it has been read
without a fault. Source of the interface: T. S. Kelso, "A New Way to Obtain GP Data",
https://celestrak.org/NORAD/documentation/gp-data-formats.php.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, urlsplit

from bentpipe.cachefolder import elements_folder
from bentpipe.catalog.cached import elements_age_s, exclusive
from bentpipe.catalog.elements.age import FRESH_DAYS
from bentpipe.errors import ElementsError, Fault, FetchError, InputError

if TYPE_CHECKING:
    import httpx

CELESTRAK_URL: Final = "https://celestrak.org/NORAD/elements/gp.php"
#: CelesTrak renews its data every two hours, and asks not to download more often.
FRESH_S: Final = 2 * 3600.0
#: Most bytes of one download, unpacked.
MAX_DOWNLOAD_BYTES: Final = 64 * 1024 * 1024
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0


@dataclass(frozen=True)
class Fetched:
    """Element sets at hand after a fetch.

    Parameters
    ----------
    path : Path
        The file in the cache.
    url : str
        Address it comes from.
    downloaded : bool
        True where it was downloaded now, False where the cached file is fresh enough.
    age_s : float
        Age of the download, s.
    satellites : int
        Satellites in it.
    median_epoch : str
        Middle epoch of its element sets, UTC, ISO 8601.
    sha256 : str
        Digest of the file.
    notes : tuple of str
        What the reader says of it.
    """

    path: Path
    url: str
    downloaded: bool
    age_s: float
    satellites: int
    median_epoch: str
    sha256: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    """How long and how often a download is tried.

    Parameters
    ----------
    timeout_s : float
        Longest wait to connect, and between two pieces of the answer, s.
    total_s : float
        Longest time for one answer as a whole, s.
    attempts : int
        Tries in all; only what may pass (timeouts, broken connections, 429 and 5xx answers) is tried again.
    max_bytes : int
        Most bytes of the answer, unpacked.
    sleep : callable
        Waits for a number of seconds between tries: 1, 2, 4, ... or what the server asks, 60 s at most.
    """

    timeout_s: float = 20.0
    total_s: float = 180.0
    attempts: int = 4
    max_bytes: int = MAX_DOWNLOAD_BYTES
    sleep: Callable[[float], None] = time.sleep


class _PassingError(Exception):
    """A failure that may pass; it carries the wait that the server asks for, s."""

    def __init__(self, what: str, wait_s: float | None = None) -> None:
        super().__init__(what)
        self.wait_s = wait_s


def fetch_elements(
    group: str | None = None,
    *,
    name: str | None = None,
    url: str | None = None,
    folder: Path | None = None,
    notation: Literal["json", "csv"] = "json",
    limits: Limits | None = None,
    tell: Callable[[str], None] | None = None,
) -> Fetched:
    """Download element sets (OMM) of a group or a name from CelesTrak, or take them from the cache.

    Parameters
    ----------
    group : str, optional
        A group of CelesTrak ("starlink", "oneweb"); "starlink" where neither it nor `name` is given.
    name : str, optional
        Part of the satellites' names, in place of a group.
    url : str, optional
        Address to ask, before the query; else ``$BENTPIPE_CELESTRAK_URL``, else CelesTrak's.
    folder : Path, optional
        Where to keep the file; the user's cache where not given.
    notation : str
        "json" or "csv".
    limits : Limits, optional
        Timeouts, tries and sizes.
    tell : callable, optional
        Takes lines about retries, for people.

    Returns
    -------
    Fetched
        The file, whether it was downloaded, its age and what it holds.

    Raises
    ------
    InputError
        A group, name or address that cannot be one.
    FetchError
        No answer, or none that holds element sets; the cached file, if any, is left as it was and named.
    """
    limits = limits or Limits()
    address = _address(group, name, url, notation)
    path = (folder or elements_folder()) / _file_name(group, name, address, notation)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(path.with_name(f"{path.name}.lock"), limits.total_s):
            cached = _cached(path, address)
            if cached is not None:
                return cached
            try:
                content = _download(address, limits, tell or (lambda line: None))
                return _keep(content, path, address)
            except FetchError as error:
                raise FetchError(f"{error}{_what_is_left(path)}") from error
    except OSError as error:
        what = f"the cache cannot be written: {error.filename or path}: {error.strerror}"
        raise FetchError(f"{what}; set BENTPIPE_CACHE to a folder that can") from error


def _address(group: str | None, name: str | None, url: str | None, notation: str) -> str:
    base = url or os.environ.get("BENTPIPE_CELESTRAK_URL") or CELESTRAK_URL
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InputError(Fault("not an address", "url", base, "http://... or https://..."))
    if group is not None and name is not None:
        raise InputError(Fault("both a group and a name", "", f"{group}, {name}", "one of them"))
    if notation not in ("json", "csv"):
        raise InputError(Fault("not a format to fetch", "format", notation, "json or csv"))
    if name is not None:
        if not name.strip() or len(name) > 64 or not name.isprintable():
            raise InputError(Fault("not a satellite's name", "--name", name, "1 to 64 printable characters"))
        query = f"NAME={quote(name.strip(), safe='')}"
    else:
        asked = "starlink" if group is None else group
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", asked):
            raise InputError(Fault("not a group", "GROUP", asked, "letters, digits, hyphens: starlink, oneweb"))
        query = f"GROUP={asked.lower()}"
    return f"{base}{'&' if parts.query else '?'}{query}&FORMAT={notation}"


def _file_name(group: str | None, name: str | None, address: str, notation: str) -> str:
    """Name a file for people; another server's answer gets another file."""
    asked = f"name-{name}" if name is not None else (group or "starlink")
    slug = re.sub(r"[^a-z0-9]+", "-", asked.lower()).strip("-")[:40]
    own = f"-{hashlib.sha256(address.encode()).hexdigest()[:8]}"
    usual = address.startswith(f"{CELESTRAK_URL}?") and name is None
    return f"{slug}{'' if usual else own}.{notation}"


def _cached(path: Path, address: str) -> Fetched | None:
    """Return the cached file while it is fresh and sound; a damaged one is worth a new download."""
    if not path.is_file():
        return None
    age = time.time() - path.stat().st_mtime
    if not -60.0 <= age < FRESH_S:
        return None
    try:
        return _describe(path, address, False, max(age, 0.0))
    except ElementsError:
        return None


def _describe(path: Path, address: str, downloaded: bool, age_s: float) -> Fetched:
    from bentpipe.catalog.elements import load_elements

    elements = load_elements(path)
    epoch = f"{str(elements.median_epoch)[:19]}Z"
    source = elements.source
    notes = (*source.notes, *_old(elements_age_s(elements.median_epoch), epoch))
    return Fetched(path, address, downloaded, age_s, len(elements), epoch, source.sha256, notes)


def _old(age_s: float, epoch: str) -> tuple[str, ...]:
    """Warn where what the server gives is not of today."""
    days = age_s / 86400.0
    if days < FRESH_DAYS:
        return ()
    return (
        f"these element sets are {days:,.1f} days old (median epoch {epoch}), though just given by the server or the "
        f"cache: satellites of today are elsewhere; simulate a time within {FRESH_DAYS:g} days of their epoch",
    )


def _what_is_left(path: Path) -> str:
    if not path.is_file():
        return (
            "; nothing is cached: use a file that you have (--elements FILE), or run without one: the built-in "
            "shells need no download"
        )
    hours = (time.time() - path.stat().st_mtime) / 3600.0
    return f"; an earlier download, {hours:.1f} hours old, is kept: {path}"


def _keep(content: bytes, path: Path, address: str) -> Fetched:
    """Write beside the cached file, read every element set, then replace it in one step."""
    handle, part = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=f".part{path.suffix}", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        fetched = _describe(Path(part), address, True, 0.0)
        os.replace(part, path)
    except ElementsError as error:
        what = f"{address}: the answer holds no usable element sets"
        raise FetchError(f"{what}: {_said(content, error)}") from error
    finally:
        Path(part).unlink(missing_ok=True)
    return Fetched(path, *(getattr(fetched, field) for field in list(Fetched.__dataclass_fields__)[1:]))


def _said(content: bytes, error: ElementsError) -> str:
    """Words of the server where it answered in words ("No GP data found"), else the first fault."""
    if 0 < len(content) < 400 and not content.lstrip().startswith((b"[", b"{", b"<")):
        return content.decode("utf-8", "replace").strip()[:200]
    fault = error.faults[0]
    return f"{fault.what}{f' ({fault.remedy})' if fault.remedy else ''}"


def _download(address: str, limits: Limits, tell: Callable[[str], None]) -> bytes:
    import httpx

    timeout = httpx.Timeout(limits.timeout_s)
    with httpx.Client(timeout=timeout, follow_redirects=True, headers=_headers(), max_redirects=3) as client:
        for attempt in range(1, limits.attempts + 1):
            try:
                return _answer(client, address, limits)
            except _PassingError as error:
                if attempt == limits.attempts:
                    raise FetchError(f"{address}: {error} ({attempt} tries)") from error
                wait = min(error.wait_s or _FIRST_WAIT_S * 2.0 ** (attempt - 1), _LONGEST_WAIT_S)
                tell(f"{error}; trying again in {wait:g} s")
                limits.sleep(wait)
    raise FetchError(f"{address}: not tried")


def _headers() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        own = version("bentpipe")
    except PackageNotFoundError:
        own = "unknown"
    return {"User-Agent": f"bentpipe/{own} (open simulation; element sets every two hours at most)"}


def _answer(client: httpx.Client, address: str, limits: Limits) -> bytes:
    """One try: the whole content of a 200 answer, or what to make of anything else."""
    import httpx

    try:
        with client.stream("GET", address) as response:
            if response.status_code != 200:
                raise _refusal(response, address)
            return _content(response, address, limits)
    except httpx.TimeoutException as error:
        raise _PassingError(f"no answer within {limits.timeout_s:g} s") from error
    except httpx.ConnectError as error:
        raise _PassingError(f"cannot connect (offline?): {error}") from error
    except httpx.TransportError as error:
        raise _PassingError(f"the connection broke: {error}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchError(f"{address}: {error}") from error


def _content(response: httpx.Response, address: str, limits: Limits) -> bytes:
    deadline = time.monotonic() + limits.total_s
    pieces: list[bytes] = []
    size = 0
    for piece in response.iter_bytes():  # as they come: the deadline holds for a trickle too
        pieces.append(piece)
        size += len(piece)
        if size > limits.max_bytes:
            most = f"{limits.max_bytes / 2**20:g} MiB"
            raise FetchError(f"{address}: the answer is larger than {most}; refused")
        if time.monotonic() > deadline:
            raise _PassingError(f"the answer took longer than {limits.total_s:g} s")
    return b"".join(pieces)


def _refusal(response: httpx.Response, address: str) -> Exception:
    code = response.status_code
    if code == 429 or code >= 500:
        asked = response.headers.get("Retry-After", "")
        return _PassingError(f"the server answered {code}", float(asked) if asked.isdigit() else None)
    hints = {
        403: "it refuses; CelesTrak does so after repeated downloads: wait two hours",
        404: "nothing is there; check the group's name and the address",
    }
    hint = hints.get(code, "not an answer to build on")
    return FetchError(f"{address}: the server answered {code}: {hint}")
