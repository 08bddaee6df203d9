"""Satellites, gateways and sites as CZML, the file that Cesium's viewers read.

Source: the CZML guide of AnalyticalGraphicsInc (2024): a JSON array, the document first, positions as time and
Cartesian metres in the frame that turns with the Earth.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.globe.scene import remarks
from bentpipe.globe.source import Source

MAXIMUM_SATELLITES, MAXIMUM_POSITIONS = 300, 60_000
DEGREE = 5
COLOURS = {"satellite": [86, 156, 214, 255], "gateway": [230, 159, 0, 255], "site": [0, 158, 115, 255]}


def satellites_czml(
    source: Source,
    satellites: Sequence[int],
    keyframes: npt.NDArray[np.floating[Any]],
    unix_s: npt.NDArray[np.float64],
) -> str:
    """Give the paths of some satellites as CZML, with the run's gateways and sites (of those that move, the start).

    Parameters
    ----------
    source : Source
        A run or a what-if.
    satellites : sequence of int
        Indices, 300 at most.
    keyframes : (K, N, 6) or (K, len(satellites), 6) ndarray
        Earth-fixed positions in m, and velocities, of all satellites or of the chosen ones in their order; NaN where a
        satellite has none.
    unix_s : (K,) float64
        Times of the keyframes, s, rising.

    Returns
    -------
    str
        A JSON array of packets: positions every keyframe, to be interpolated by Lagrange polynomials of degree 5.

    Raises
    ------
    InputError
        Where too much is asked for, or a satellite is not there.
    """
    names = source.names["satellite"]["satellite_name"]
    numbers = source.static("satellite_catalog_number").tolist()
    _check(satellites, len(names), len(unix_s))
    every = keyframes.shape[1] != len(satellites)
    epoch = float(unix_s[0])
    packets = [_document(source, epoch, float(unix_s[-1]))]
    for column, satellite in enumerate(satellites):
        states = keyframes[:, satellite if every else column, :3]
        name = f"{names[satellite]}, catalogue number {numbers[satellite]}"
        packets += _satellite(satellite, name, states, unix_s)
    packets += _points(source)
    return json.dumps(packets, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _check(satellites: Sequence[int], count: int, times: int) -> None:
    faults = []
    if not 0 < len(satellites) <= MAXIMUM_SATELLITES:
        faults.append(Fault("number of satellites", value=len(satellites), allowed=f"1 to {MAXIMUM_SATELLITES}"))
    strange = [i for i in satellites if not 0 <= i < count]
    if strange:
        faults.append(Fault("no such satellite", value=strange, allowed=f"indices 0 to {count - 1}"))
    if times < 2 or len(satellites) * times > MAXIMUM_POSITIONS:
        most = max(MAXIMUM_POSITIONS // max(len(satellites), 1), 2)
        allowed = f"2 to {most} keyframes for {len(satellites)} satellites"
        faults.append(Fault("length of time", value=times, allowed=allowed, remedy="choose fewer, or less time"))
    if faults:
        raise InputError(*faults)


def _iso(unix_s: float) -> str:
    return f"{np.datetime_as_string(np.datetime64(round(unix_s * 1000), 'ms'), 'ms')}Z"


def _document(source: Source, begin: float, end: float) -> dict[str, Any]:
    span = f"{_iso(begin)}/{_iso(end)}"
    about = remarks(source)
    return {
        "id": "document",
        "name": source.manifest["title"],
        "version": "1.0",
        "description": "\n".join(about),
        "clock": {"interval": span, "currentTime": _iso(begin), "multiplier": 30, "range": "LOOP_STOP",
                  "step": "SYSTEM_CLOCK_MULTIPLIER"},
    }  # fmt: skip


def _satellite(
    index: int, name: str, metres: npt.NDArray[np.floating[Any]], unix_s: npt.NDArray[np.float64]
) -> list[dict[str, Any]]:
    """One packet for a satellite that has positions; it is shown only where two follow one another."""
    known = np.isfinite(metres).all(axis=1)
    edges = np.diff(np.concatenate([[0], known.astype(np.int8), [0]]))
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    spans = [(int(a), int(b)) for a, b in zip(begins, ends, strict=True) if b > a]
    if not spans:
        return []
    intervals = [f"{_iso(float(unix_s[a]))}/{_iso(float(unix_s[b]))}" for a, b in spans]
    positions = [
        {
            "interval": interval,
            "interpolationAlgorithm": "LAGRANGE",
            "interpolationDegree": min(DEGREE, b - a),
            "referenceFrame": "FIXED",
            "epoch": _iso(float(unix_s[a])),
            "cartesian": _samples(metres[a : b + 1], unix_s[a : b + 1] - unix_s[a]),
        }
        for interval, (a, b) in zip(intervals, spans, strict=True)
    ]
    packet: dict[str, Any] = {
        "id": f"satellite-{index}",
        "name": name,
        "availability": intervals if len(intervals) > 1 else intervals[0],
        "position": positions if len(positions) > 1 else positions[0],
        "point": {"pixelSize": 5, "color": {"rgba": COLOURS["satellite"]}},
    }
    return [packet]


def _samples(metres: npt.NDArray[np.floating[Any]], seconds: npt.NDArray[np.float64]) -> list[float]:
    rows = np.column_stack([seconds, np.round(metres.astype(np.float64), 0)])
    found: list[float] = [int(v) if v == int(v) else v for v in rows.ravel().tolist()]
    return found


def _points(source: Source) -> list[dict[str, Any]]:
    found = []
    for kind in ("gateway", "site"):
        ids, texts = source.names[kind][kind], source.names[kind][f"{kind}_name"]
        lat, lon = source.static(f"{kind}_latitude_deg"), source.static(f"{kind}_longitude_deg")
        for id, text, latitude, longitude in zip(ids, texts, lat.tolist(), lon.tolist(), strict=True):
            found.append({
                "id": f"{kind}-{id}",
                "name": f"{'Gateway' if kind == 'gateway' else 'Site'} {text}",
                "position": {"cartographicDegrees": [longitude, latitude, 0]},
                "point": {"pixelSize": 8, "color": {"rgba": COLOURS[kind]}},
                "label": {"text": text, "scale": 0.5, "pixelOffset": {"cartesian2": [8, -8]}},
            })  # fmt: skip
    return found
