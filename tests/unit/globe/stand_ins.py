"""A made-up run, physics that are none, and a server over both, for tests of the server alone."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h3
import httpx
import numpy as np
from numcodecs import Blosc

from bentpipe.errors import Fault, InputError, RunError
from bentpipe.globe import asking, exportroutes, routes, state
from bentpipe.globe.connections import Limits
from bentpipe.globe.server import GlobeServer

START, SLOTS = 47_992_320, 480
SATELLITES = 500
CELLS = [h3.latlng_to_cell(50.0 + i / 10, 30.0, 5) for i in range(5)]


def made_up_run(folder: Path, complete: bool = True, **manifest: Any) -> Path:
    """Write what the server itself reads of a run."""
    (folder / "inputs").mkdir(parents=True)
    (folder / "commits").mkdir()
    grid = {"start": START, "stop": START + SLOTS, "origin": START, "block": 240, "interval_s": 15.0, "offset_s": 12.0}
    empty: dict[str, Any] = {key: [] for key in ("assumptions", "data", "warnings", "seeds", "events")}
    whole = {"identity": "0" * 64, "name": folder.name, "title": "Made up", "complete": complete, **empty}
    whole |= {"schema": 1, "users_per_terminal": 15.0, "policy": {}, "grid": grid, **manifest}
    (folder / "manifest.json").write_text(json.dumps(whole))
    names = {
        "cell": {"cell": CELLS},
        "site": {
            "site": ["kyiv"],
            "site_name": ["Kyiv, hospital"],
            "site_kind": ["hospital"],
            "site_region": ["UA-30"],
        },
        "satellite": {"satellite_name": [f"S-{i}" for i in range(SATELLITES)]},
        "region": {"region": ["UA-30"], "region_name": ["Kyiv"]},
    }
    (folder / "inputs" / "names.json").write_text(json.dumps(names))
    places = np.array([h3.cell_to_latlng(cell) for cell in CELLS])
    write_static(folder, "latitude_deg", places[:, 0])
    write_static(folder, "longitude_deg", places[:, 1])
    write_static(folder, "region_of_cell", np.zeros(len(CELLS), np.int32))
    write_static(folder, "site_latitude_deg", np.array([50.45]))
    write_static(folder, "site_longitude_deg", np.array([30.52]))
    return folder


def write_static(folder: Path, name: str, values: np.ndarray[Any, Any]) -> None:
    home = folder / "results.zarr" / name
    (home / "c").mkdir(parents=True)
    (home / "zarr.json").write_text(json.dumps({"shape": list(values.shape)}))
    (home / "c" / "0").write_bytes(Blosc().encode(np.ascontiguousarray(values)))


def warm(run: Path) -> None:
    pass


def fleet(run: Path) -> dict[str, Any]:
    return {"state": np.ones(SATELLITES, np.uint8), "shells": [{"name": "53.0°", "planes": None}]}


def keyframes(run: Path, numbers: list[int]) -> np.ndarray[Any, Any]:
    return np.broadcast_to(np.array(numbers, np.float32)[:, None, None], (len(numbers), SATELLITES, 6)).copy()


def links(run: Path, slot: int, edits: Any = None, window: Any = None) -> dict[str, Any]:
    note = "" if edits is None else f"{edits} in {window}"
    return {
        "feeder": np.array([[1, 0], [2, 1]], np.int32),
        "lasers": np.zeros((0, 2), np.int32),
        "exact": True,
        "note": note,
    }


def ask(run: Path, place: str, slot: int, edits: Any = None, window: Any = None) -> dict[str, Any]:
    return {"satellite": "S-1", "wait_ms": float("nan"), "lines": [f"{place} at {slot}"]}


def check(run: Path, edits: Mapping[str, Any]) -> list[Fault]:
    known = {"kaunas"}
    return [
        Fault("no such gateway", "edits.gateways", g, "kaunas") for g in edits.get("gateways", ()) if g not in known
    ]


def what_if(
    run: Path, edits: Mapping[str, Any], window: range, folder: Path, tell: Callable[[str, int, int], bool]
) -> None:
    """As slow as `satellites_percent` says, in ms a slot; fails at 99."""
    if not tell("prepare", 0, len(window)):
        return
    if edits.get("satellites_percent") == 99:
        raise RunError("the made-up physics failed")
    for done in range(1, len(window) + 1):
        time.sleep(edits.get("satellites_percent", 0) / 1000)
        if not tell("simulate", done, len(window)):
            return


def scenario_text(run: Path, edits: Mapping[str, Any], window: range) -> str:
    return f"# {dict(edits)}\n"


def pid(run: Path) -> int:
    return os.getpid()


def die(run: Path) -> None:
    os._exit(3)


def boom(run: Path) -> None:
    raise ZeroDivisionError("made up")


def refuse(run: Path) -> None:
    raise InputError(Fault("what", "where", Path("/x"), "allowed", "remedy"), "another")


def echo(run: Path, value: Any) -> Any:
    return value


def nap(run: Path, seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def physics() -> dict[str, Callable[..., Any]]:
    """Factory that the child calls."""
    made = (warm, fleet, keyframes, links, ask, check, what_if, scenario_text, pid, die, boom, refuse, echo, nap)
    return {function.__name__: function for function in made}


def broken_physics() -> dict[str, Callable[..., Any]]:
    raise ImportError("no module of that name")


def _values(source: Any, variable: str, slot: int) -> np.ndarray[Any, Any]:
    if not source.has(slot):
        raise LookupError("not computed yet")
    return np.arange(len(CELLS), dtype=np.float64) + (slot - START)


#: Stand-ins of what reads a run for the page.
PARTS: dict[str, Callable[..., Any]] = {
    "scene": lambda source: {"id": source.id, "low": float("nan"), "count": np.int64(5)},
    "index_map": lambda source: (np.array([[0, 1], [2, 3]], np.uint16), {"width": 2, "height": 2}),
    "cell_values": _values,
    "comparable": lambda source, other: True,
    "course": lambda source: {"unix_s": []},
    "difference": lambda source, other, variable, slot: _values(source, variable, slot) - 1,
    "edits_text": lambda source: [],
    "difference_numbers": lambda source: {"users": {"before": 2.0, "after": 1.0}},
    "slot_numbers": lambda source, slot: {"slot": slot, "users": np.float32(1.5)},
    "series": lambda source, kind, index: {"unix_s": [1.0], "connected": [None]},
    "place_now": lambda source, kind, index, slot: {"now": {}, "verdicts": {"web": "works"}, "next_gap": None},
    "world_outlines": lambda: {"countries": [], "source": "none"},
    "territory_outlines": lambda source: {"regions": [], "countries": [], "source": "none"},
    "cells_csv": lambda source, variable, slot, other: f"{variable},{slot}\n",
    "cells_geojson": lambda source, variable, slot, other: "{}",
    "regions_csv": lambda source, slot: "region\n",
    "series_csv": lambda source, kind, index: "unix_s\n",
    "satellites_czml": lambda source, satellites, frames, times: json.dumps([list(frames.shape), len(times)]),
    "read_edits": lambda given: _read(given),
}


def _read(given: Any) -> Any:
    if not isinstance(given, dict) or not given:
        raise InputError(Fault("nothing is changed", "edits"))
    return SimpleNamespace(as_json=lambda: given)


def use_parts(patch: Any) -> None:
    for module in (asking, routes, exportroutes, state):
        patch.setattr(module, "part", PARTS.__getitem__)


@contextlib.contextmanager
def serving(
    runs: list[Path], limits: Limits | None = None, factory: Any = physics, announce: Any = print
) -> Iterator[GlobeServer]:
    """A real server on loopback, in a thread."""
    server = GlobeServer(runs, factory, announce=announce, limits=limits)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield server
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def answers(server: GlobeServer) -> bool:
    """Whether an ordinary page is still served."""
    found = httpx.get(f"http://127.0.0.1:{server.port}/api/runs", timeout=10)
    return found.status_code == 200 and bool(found.json()["runs"])
