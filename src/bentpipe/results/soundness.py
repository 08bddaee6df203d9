"""Whether a run's folder is whole: its manifest, its arrays, its blocks. Plain files only; nothing heavy is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bentpipe.errors import Fault, StoreError
from bentpipe.results.variables import Variable, variables

#: What readers of a manifest rely on, and its type.
MANIFEST: Mapping[str, tuple[type, ...]] = {
    "identity": (str,),
    "name": (str,),
    "title": (str,),
    "complete": (bool,),
    "users_per_terminal": (int, float),
    "policy": (dict,),
    "assumptions": (list,),
    "data": (list,),
    "warnings": (list,),
    "seeds": (list,),
    "events": (list,),
    "grid": (dict,),
}
GRID = ("start", "stop", "origin", "block", "interval_s", "offset_s")
#: Variables that runs of earlier versions lack: each is missed only where the manifest has the key that came with it.
LATER: Mapping[str, str] = {
    "site_bursts_per_s": "within_slot",
    "site_boresight_azimuth_deg": "within_slot",
    "site_boresight_elevation_deg": "within_slot",
    "site_field_of_view_deg": "within_slot",
    "site_minimum_elevation_deg": "within_slot",
    "service_verdict": "services",
    "site_service_verdict": "services",
    "site_service_measure": "services",
    "region_service_works": "services",
    "region_service_degraded": "services",
}
#: Record of the checksums of what has no slot axis, beside the records of the blocks.
STATIC_RECORD = "static.json"


def mend(folder: Path) -> str:
    """Say what to do about a damaged run whose identity can still be read.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.

    Returns
    -------
    str
    """
    return f"run its scenario again with --out {folder}: sound blocks are kept, the others are computed again"


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.

    Returns
    -------
    dict

    Raises
    ------
    StoreError
        Where it cannot be read, or lacks what readers rely on.
    """
    path = folder / "manifest.json"
    gone = f"remove the folder {folder}, and run its scenario again"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(
            Fault(f"the run's manifest cannot be read: {error.strerror or error}", str(path), remedy=gone)
        ) from None
    except (ValueError, RecursionError):
        raise StoreError(Fault("the run's manifest is damaged: it is no JSON text", str(path), remedy=gone)) from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("identity"), str):
        raise StoreError(Fault("the run's manifest is damaged: it names no run", str(path), remedy=gone))
    wrong = [key for key, kinds in MANIFEST.items() if not isinstance(manifest.get(key), kinds)]
    grid = manifest.get("grid")
    if isinstance(grid, dict):
        wrong += [f"grid.{key}" for key in GRID if not _is_number(grid.get(key))]
        if not any(key.startswith("grid") for key in wrong) and not (
            grid["origin"] <= grid["start"] < grid["stop"] and grid["block"] > 0 and grid["interval_s"] > 0
        ):
            wrong.append("grid")
    if wrong:
        what = f"the run's manifest is damaged: {', '.join(wrong)} missing or wrong"
        raise StoreError(Fault(what, str(path), remedy=mend(folder)))
    return manifest


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_store(folder: Path, manifest: Mapping[str, Any], verify: bool) -> None:
    """Check that a run has every variable and, of its committed blocks, every chunk.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    manifest : mapping
        As `read_manifest` gives it.
    verify : bool
        Compare the checksums of all that is stored too; otherwise only that each chunk is there and not empty.

    Raises
    ------
    StoreError
        Naming what is damaged, and the remedy.
    """
    grid = manifest["grid"]
    length, first = int(grid["block"]), int(grid["origin"]) // int(grid["block"])
    blocks = range(first, (int(grid["stop"]) - 1) // length + 1)
    expected = [v for v in variables() if LATER.get(v.name, "identity") in manifest]
    broken = [f"{v.name} ({why})" for v in expected if (why := array_trouble(folder, v, len(blocks) * length))]
    if not broken:
        broken = [*_static_troubles(folder, verify), *_block_troubles(folder, blocks, manifest["complete"], verify)]
    if broken:
        shown = ", ".join(broken[:6]) + (f" and {len(broken) - 6} more" if len(broken) > 6 else "")
        raise StoreError(Fault(f"the run is damaged: {shown}", str(folder), remedy=mend(folder)))


def array_trouble(folder: Path, variable: Variable, rows: int | None = None) -> str:
    """Say what is wrong with the description of an array; "" where it is as the table of variables says.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    variable : Variable
    rows : int, optional
        Length of its slot axis.

    Returns
    -------
    str
    """
    path = folder / "results.zarr" / variable.name / "zarr.json"
    try:
        found = json.loads(path.read_bytes())
        dims, shape, kind = tuple(found["dimension_names"]), found["shape"], found["data_type"]
    except FileNotFoundError:
        return "missing"
    except (OSError, ValueError, KeyError, TypeError):
        return "its description is damaged"
    if dims != variable.dims or kind != variable.dtype:
        return f"stored as {kind} along {', '.join(map(str, dims))}"
    if rows is not None and dims[0] == "slot" and shape[0] != rows:
        return f"{shape[0]} slots in place of {rows}"
    return ""


def chunk_path(folder: Path, name: str, rank: int, chunk: int = 0) -> Path:
    """Tell where a chunk lies: only the first axis is cut.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    name : str
        Variable.
    rank : int
        Its dimensions.
    chunk : int
        Along the first axis.

    Returns
    -------
    pathlib.Path
    """
    return folder / "results.zarr" / name / "c" / "/".join([str(chunk)] + ["0"] * (rank - 1))


def digest(path: Path) -> str:
    """Give the SHA-256 of a file.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    str
        Hexadecimal; "missing" where there is none.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


def _trouble(path: Path, expected: str, verify: bool) -> str:
    if verify:
        return "" if digest(path) == expected else "not as it was written"
    try:
        return "" if path.stat().st_size or expected == "missing" else "empty"
    except OSError:
        return "" if expected == "missing" else "missing"


def _static_troubles(folder: Path, verify: bool) -> Iterator[str]:
    record = _json(folder / "commits" / STATIC_RECORD)
    known = record.get("sha256") if isinstance(record, dict) else None
    rank = {v.name: len(v.dims) for v in variables()}
    for name, expected in (known if isinstance(known, dict) else {}).items():
        if name in rank and (why := _trouble(chunk_path(folder, name, rank[name]), expected, verify)):
            yield f"{name} ({why})"


def _block_troubles(folder: Path, blocks: range, complete: bool, verify: bool) -> Iterator[str]:
    rank = {v.name: len(v.dims) for v in variables()}
    for chunk, block in enumerate(blocks):
        record = _json(folder / "commits" / f"{block}.json")
        hashes = record.get("sha256") if isinstance(record, dict) else None
        if not isinstance(hashes, dict):
            if complete:
                yield f"block {block} (its commit record is missing or damaged)"
            continue
        for name, expected in hashes.items():
            if why := _trouble(chunk_path(folder, name, rank.get(name, 1), chunk), expected, verify):
                yield f"{name} in block {block} ({why})"


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
