"""Studies made by hand: an array, its axes, and which runs are there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from bentpipe.sweep.opened import FailedRun, StudyResults
from bentpipe.sweep.place import LocalFolder
from bentpipe.sweep.store import StudyStore


def made_study(
    coordinates: Mapping[str, Sequence[Any]],
    variables: Mapping[str, Any],
    *,
    folder: Path = Path("made"),
    drawn: Mapping[str, Sequence[Any]] | None = None,
    complete: Any = None,
    failures: Sequence[FailedRun] = (),
    places: Mapping[str, Any] | None = None,
    keys: Mapping[str, Sequence[str]] | None = None,
    name: str = "made",
    lazy: bool = False,
    document: Mapping[str, Any] | None = None,
) -> StudyResults:
    """Variables are arrays over the coordinates, or pairs of inner dimensions and an array."""
    base = json.dumps(document or {}).encode()
    digest = hashlib.sha256(base).hexdigest()
    if document is not None:
        (folder / "inputs").mkdir(parents=True, exist_ok=True)
        (folder / "inputs" / digest).write_bytes(base)
    dims, shape = tuple(coordinates), tuple(len(v) for v in coordinates.values())
    there = np.ones(shape, np.bool_) if complete is None else np.asarray(complete)
    held = {
        key: ((*dims, *given[0]), given[1]) if isinstance(given, tuple) else (dims, given)
        for key, given in variables.items()
    }
    data = xarray.Dataset(
        held | {"run_complete": (dims, there)},
        coords={dim: (dim, np.array(values)) for dim, values in coordinates.items()} | dict(places or {}),
    )
    study = {
        "name": name, "title": f"A {name} study", "base_name": "one-site", "base": digest,
        "created_utc": "2026-11-26T00:00:00Z", "dims": list(dims), "shape": list(shape),
        "coordinates": {k: list(v) for k, v in coordinates.items()},
        "drawn": {k: list(v) for k, v in (drawn or {}).items()},
        "axis_keys": {d: [f"key.{d}"] for d in dims if d not in ("seed", "draw")}
        | {d: [f"drawn.{d}"] for d in drawn or {}} | {k: list(v) for k, v in (keys or {}).items()},
        "fixed": {"time.duration": "5min"}, "keep": {"site_rtt_s": ["mean"]}, "versions": {"numpy": "2"},
        "identities": ["0" * 64] * max(1, there.size), "rows": list(range(there.size)), "blocks": [1] * there.size,
        "block_slots": 240, "warnings": [],
    }  # fmt: skip
    made = StudyResults(str(folder), study, StudyStore(LocalFolder(folder)))
    vars(made).update(
        dataset=data.chunk() if lazy else data, failures=tuple(failures), _complete=there.ravel().tolist()
    )
    return made
