"""The files that a scenario names, each by its role: the dotted key that names it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bentpipe.scenario.areafiles import Ring

if TYPE_CHECKING:
    from bentpipe.scenario.model import Scenario


FILE_KEYS: tuple[tuple[str, ...], ...] = (
    ("constellation", "elements"),
    ("people", "cells_file"),
    ("weather", "table"),
    ("weather", "rain_file"),
    ("traffic", "matrix_file"),
    ("sites_file",),
    ("gateways_file",),
)
"""Keys that name a file, but for those of list items (tracks of sites) and areas (polygons)."""


def file_holders(document: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """List the tables of a document that may name a file, each with the key that does, areas apart.

    Parameters
    ----------
    document : mapping
        A scenario as plain dictionaries and lists, checked or not.

    Returns
    -------
    list of (object, str)
    """
    found = [(document if len(key) == 1 else document.get(key[0], {}), key[-1]) for key in FILE_KEYS]
    sites = document.get("sites")
    return found + ([(site, "track") for site in sites] if isinstance(sites, list) else [])


def named_files(scenario: Scenario) -> dict[str, Path]:
    """List the files that a scenario names.

    Parameters
    ----------
    scenario : Scenario
        Or the draft of one, where None stands for what was refused.

    Returns
    -------
    dict of str to pathlib.Path
        By role: the dotted key, with items of lists by id; those without one (licence masks) by number.
    """
    s = scenario
    holders = ((s if len(key) == 1 else getattr(s, key[0]), key) for key in FILE_KEYS)
    found: dict[str, Any] = {
        **{".".join(key): getattr(holder, key[-1], None) for holder, key in holders},
        **{f"sites.{site.id}.track": site.track for site in s.sites or ()},
        "territory.polygon": _file(getattr(s.territory, "polygon", ())),
        **{f"licence.masks.{n}.polygon": _file(m.polygon) for n, m in enumerate(getattr(s.licence, "masks", ()) or ())},
        **{f"disruptions.{e.id}.polygon": _file(getattr(e, "polygon", ())) for e in s.disruptions or ()},
    }
    return {role: path for role, path in found.items() if path is not None}


def _file(polygon: object) -> Path | None:
    return polygon.file if isinstance(polygon, Ring) else None


def name_by_role(role: str, path: Path) -> str:
    """Name the copy of a file that a run keeps: two files of one name must not overwrite one another.

    Parameters
    ----------
    role : str
        As in `named_files`.
    path : pathlib.Path
        The file.

    Returns
    -------
    str
        The role with the file's ending, such as ``sites.van.track.csv`` or ``constellation.elements.tle.gz``.
    """
    if path.is_dir():
        return f"{role}.zarr.zip"
    packed = path.suffix.lower() in (".gz", ".zip")
    ending = "".join(path.suffixes[-2:] if packed else path.suffixes[-1:]).lower()
    return role + (ending if re.fullmatch(r"(\.[a-z0-9]{1,12}){1,2}", ending) else "")


def file_content(path: Path) -> bytes:
    """Read a file that a scenario names; of a folder (a Zarr store), a zip file of what it holds.

    Parameters
    ----------
    path : pathlib.Path
        The file, or the folder of a Zarr store.

    Returns
    -------
    bytes
        The same bytes for the same content, in every run.
    """
    if not path.is_dir():
        return path.read_bytes()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            packed.writestr(zipfile.ZipInfo(file.relative_to(path).as_posix()), file.read_bytes())
    return content.getvalue()
