"""The runs that are shown, by the ids that the page names them by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bentpipe.errors import Fault, StoreError, UnknownNameError
from bentpipe.globe.source import ChunkCache, RunSource, WhatIfSource

__all__ = ["Library", "Place", "find_place", "run_state"]

_ID = re.compile(r"[a-z0-9-]{1,64}")


class Library:
    """Runs of a server, and what-ifs over them.

    Parameters
    ----------
    folders : iterable of pathlib.Path
        Of the runs; the first is shown first.

    Raises
    ------
    StoreError
        Where a run's manifest cannot be read.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._cache = ChunkCache()
        self._sources: dict[str, RunSource] = {}
        for folder in dict.fromkeys(folder.resolve() for folder in folders):
            id = self._free_id(folder.name)
            self._sources[id] = RunSource(id, folder, self._cache)

    def __iter__(self) -> Iterator[RunSource]:
        return iter(list(self._sources.values()))

    def get(self, id: str) -> RunSource:
        """Run or what-if of an id.

        Raises
        ------
        UnknownNameError
            Where there is none.
        """
        found = self._sources.get(id) if _ID.fullmatch(id) else None
        if found is None:
            raise UnknownNameError("no such run")
        return found

    def add(self, source: WhatIfSource) -> None:
        """Show a what-if."""
        self._sources[source.id] = source

    def remove(self, id: str) -> None:
        """Show a what-if no longer."""
        self._sources.pop(id, None)

    def unfinished(self) -> list[RunSource]:
        """Runs that are still being written, or were left so."""
        return [s for s in self._sources.values() if s.kind == "run" and not s.manifest["complete"]]

    def _free_id(self, name: str) -> str:
        stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:56] or "run"
        if stem.startswith("what-if-"):
            stem = f"run-{stem}"
        id, count = stem, 1
        while id in self._sources:
            count += 1
            id = f"{stem}-{count}"
        return id


def run_state(source: RunSource) -> dict[str, Any]:
    """How much of a run is there, as the page is told.

    Parameters
    ----------
    source : RunSource
        The run.

    Returns
    -------
    dict
    """
    return {
        "id": source.id,
        "complete": bool(source.manifest["complete"]),
        "slots_done": int(source.done().sum()),
    }


@dataclass(frozen=True)
class Place:
    """A cell or a site of a run."""

    kind: str
    index: int
    id: str
    name: str
    region: str | None
    latitude_deg: float
    longitude_deg: float


def find_place(source: RunSource, given: dict[str, str]) -> Place | None:
    """Find what a page means.

    Parameters
    ----------
    source : RunSource
        A run.
    given : dict
        ``site``, an id; or ``cell``, of H3; or ``lat`` and ``lon``, degrees.

    Returns
    -------
    Place or None
        None where the run has no such place.

    Raises
    ------
    StoreError
        Where the run's names cannot be read.
    ValueError
        Where ``lat`` or ``lon`` is no angle.
    """
    try:
        if "site" in given:
            return _site(source, given["site"])
        cells = source.names["cell"]["cell"]
        if "cell" in given:
            return _cell(source, given["cell"].lower())
    except KeyError as error:
        raise StoreError(Fault(f"the run's names lack {error}", str(source.folder))) from None
    latitude, longitude = float(given["lat"]), float(given["lon"])
    if not (-90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0):
        raise ValueError("outside of the Earth")
    if not cells:
        return None
    import h3

    return _cell(source, h3.latlng_to_cell(latitude, longitude, h3.get_resolution(cells[0])))


def _site(source: RunSource, id: str) -> Place | None:
    names = source.names["site"]
    if id not in names["site"]:
        return None
    i = names["site"].index(id)
    latitude, longitude = (float(source.static(f"site_{axis}_deg")[i]) for axis in ("latitude", "longitude"))
    return Place("site", i, id, names["site_name"][i], names["site_region"][i] or None, latitude, longitude)


def _cell(source: RunSource, id: str) -> Place | None:
    cells = source.names["cell"]["cell"]
    if id not in cells:
        return None
    i = cells.index(id)
    region = int(source.static("region_of_cell")[i])
    code = source.names["region"]["region"][region] if region >= 0 else None
    name = source.names["region"]["region_name"][region] if region >= 0 else ""
    latitude, longitude = (float(source.static(f"{axis}_deg")[i]) for axis in ("latitude", "longitude"))
    return Place("cell", i, id, f"cell in {name}" if name else f"cell {id}", code, latitude, longitude)
