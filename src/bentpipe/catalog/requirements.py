"""What applications need of a link: thresholds and sizes, each with its tag and source.

The values stand in ``requirements.toml`` beside this file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

MODELS = ("call", "video-call", "exchange", "stream")
"""What a service is judged by."""
NEED_RATES = ("video-call", "exchange", "stream")
"""Models that say nothing without a rate."""
_SIZES = {
    "added_one_way_ms": "added_one_way_s", "equipment_impairment": "equipment_impairment",
    "loss_robustness": "loss_robustness", "sent_kb": "sent_bytes", "received_kb": "received_bytes",
    "setup_round_trips": "setup_round_trips",
}  # fmt: skip
_SCALE = {"ms": 1e-3, "kbps": 1e3, "kb": 1e3, "percent": 1e-2}
_UNIT = {"ms": "ms", "kbps": "kbit/s", "kb": "kB", "percent": "%"}
#: Unit of a model's measure, and how many of the unit in the file are one of it.
_MEASURE = {
    "call": ("R", 1.0, "R"), "video-call": ("bit/s", 1e3, "kbit/s"), "exchange": ("s", 1.0, "s"),
    "stream": ("bit/s", 1e3, "kbit/s"),
}  # fmt: skip
Pair = tuple[float, float]
INFINITE = float("inf")


@dataclass(frozen=True)
class Requirement:
    """What one service needs; pairs are (works, degraded).

    Parameters
    ----------
    name, title : str
        Name in a scenario, and in words.
    model : str
        One of `MODELS`.
    unit : str
        Of the measure: "R" (rating of the E-model, 0 to 100), "s" or "bit/s".
    thresholds : (float, float)
        Of the measure.
    one_way_s, loss : (float, float)
        Most delay of one way, s, and loss ratio; infinite where not asked.
    rates_bit_s : (float, float)
        Least rate of either way, bit/s; 0 where not asked.
    added_one_way_s : float
        Delay that the ends add one way, s.
    equipment_impairment, loss_robustness : float
        Ie and Bpl of the E-model.
    sent_bytes, received_bytes, setup_round_trips : float
        Of an exchange.
    """

    name: str
    title: str
    model: str
    unit: str
    thresholds: Pair
    one_way_s: Pair = (INFINITE, INFINITE)
    loss: Pair = (INFINITE, INFINITE)
    rates_bit_s: Pair = (0.0, 0.0)
    added_one_way_s: float = 0.0
    equipment_impairment: float = 0.0
    loss_robustness: float = 1.0
    sent_bytes: float = 0.0
    received_bytes: float = 0.0
    setup_round_trips: float = 0.0

    @property
    def needs_rates(self) -> bool:
        """Whether it cannot be judged where rates are not computed."""
        return self.model in NEED_RATES

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher measure is better."""
        return self.model != "exchange"


@dataclass(frozen=True)
class Origin:
    """One number of the file, as it stands there: value in its unit, with tag and source."""

    service: str
    key: str
    value: Any
    unit: str
    tag: str
    source: str
    note: str


@dataclass(frozen=True)
class Ladder:
    """Rungs of a video stream, bit/s, and the share of the rate that a player takes."""

    rungs_bit_s: tuple[float, ...]
    headroom: float


@dataclass(frozen=True)
class PageParts:
    """A page: its document, bytes, the number of objects that share the rest of it, and where that comes from."""

    document_bytes: float
    objects: int
    source: str


@cache
def _table() -> dict[str, Any]:
    """Read the file once."""
    return tomllib.loads(files("bentpipe.catalog").joinpath("requirements.toml").read_text(encoding="utf-8"))


def service_names() -> tuple[str, ...]:
    """Return the names of the services, in the order of the file."""
    return tuple(row["name"] for row in _table()["service"])


@cache
def requirements() -> Mapping[str, Requirement]:
    """Read what every service needs.

    Returns
    -------
    mapping of str to Requirement
        By name; s, bit/s, bytes, ratios.
    """
    return MappingProxyType({row["name"]: _requirement(row) for row in _table()["service"]})


def _requirement(row: Mapping[str, Any]) -> Requirement:
    unit, scale, _ = _MEASURE[row["model"]]
    given: dict[str, Any] = {"thresholds": _pair(row["thresholds"][0], scale)}
    for key, field, factor in (
        ("one_way_ms", "one_way_s", 1e-3), ("loss_percent", "loss", 1e-2), ("rates_kbps", "rates_bit_s", 1e3),
    ):  # fmt: skip
        if key in row:
            given[field] = _pair(row[key][0], factor)
    for key, field in _SIZES.items():
        if key in row:
            given[field] = row[key][0] * _SCALE.get(key.rsplit("_", 1)[-1], 1.0)
    return Requirement(row["name"], row["title"], row["model"], unit, **given)


def _pair(values: list[float], scale: float) -> Pair:
    return scale * values[0], scale * values[1]


def ladder() -> Ladder:
    """Read the rungs of a video stream.

    Returns
    -------
    Ladder
        bit/s, from the lowest on.
    """
    row = _table()["stream"]
    return Ladder(tuple(1e3 * rung for rung in row["ladder_kbps"][0]), row["headroom"][0])


def page_parts() -> PageParts:
    """Read what a page is made of.

    Returns
    -------
    PageParts
        Bytes, with the source.
    """
    table = _table()
    row = table["page"]
    size, count = row["document_kb"], row["objects"]
    words = f"{count[0]} {count[3]}, of {size[0]:g} kB; {size[3]}; {count[1]}, after {table['sources'][count[2]]}"
    return PageParts(1e3 * size[0], count[0], words)


def requirement_origins(names: tuple[str, ...]) -> tuple[Origin, ...]:
    """List the numbers that the judgement of some services rests on.

    Parameters
    ----------
    names : tuple of str
        Services.

    Returns
    -------
    tuple of Origin
        Pairs as two values, (works, degraded).
    """
    table, found = _table(), []
    for row in table["service"]:
        if row["name"] not in names:
            continue
        own = [(key, value) for key, value in row.items() if isinstance(value, list)]
        if row["model"] == "stream":
            own += list(table["stream"].items())
        for key, (value, tag, source, *note) in own:
            end = key.rsplit("_", 1)[-1]
            unit = _MEASURE[row["model"]][2] if key == "thresholds" else _UNIT.get(end, "")
            words = "; ".join([*note, "works, degraded"] if isinstance(value, list) and len(value) == 2 else note)
            found.append(Origin(row["name"], key, value, unit, tag, table["sources"][source], words))
    return tuple(found)
