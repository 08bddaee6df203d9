"""What of a cell the page can show: the rows of ``shown.csv`` that a run has values for, and how they are scaled."""

from __future__ import annotations

import csv
import functools
import math
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, UnknownNameError
from bentpipe.globe.source import Source, WhatIfSource
from bentpipe.results.variables import LIMIT_WORDS

Float32 = npt.NDArray[np.float32]
#: Slots whose values set the scale of a variable without fixed ends, and the percentiles between which it lies.
SAMPLED_SLOTS, PERCENTILES = 6, (2.0, 98.0)
VERDICT_WORDS = ("fails", "with effort", "works")
FLAG_WORDS = ("no", "yes")
#: Of variables that are one value of the whole run.
STATIC = ("availability", "population", "terminals")


@dataclass(frozen=True)
class Shown:
    """A variable of the cells that the page offers.

    Parameters
    ----------
    name : str
        By which the page asks for it.
    source : tuple of str
        Variables of ``results/variables.csv`` that it is made from.
    label, unit, meaning : str
        For people; the unit is that of the values shown, "" for what has none.
    factor : float
        From the stored unit to the one shown.
    kind : str
        "number", "flag" (0 or 1), "ordered" (worst first) or "category".
    low, high : float or None
        Ends of the scale, in the unit shown; None is found from the run's values.
    palette : str
        "sequential" or "categories".
    more_is_better : bool or None
        None where neither is.
    threshold : float or None
        A value worth a mark on the scale, in the unit shown.
    categories : tuple of str
        Words by value; empty for numbers.
    """

    name: str
    source: tuple[str, ...]
    label: str
    unit: str
    factor: float
    kind: str
    low: float | None
    high: float | None
    palette: str
    more_is_better: bool | None
    threshold: float | None
    meaning: str
    categories: tuple[str, ...] = ()

    @property
    def static(self) -> bool:
        """Whether it is one value of the whole run."""
        return self.name in STATIC


@functools.cache
def _rows() -> tuple[dict[str, str], ...]:
    text = files("bentpipe.globe").joinpath("shown.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def offered(source: Source) -> tuple[Shown, ...]:
    """Give the variables that a run has values for.

    Parameters
    ----------
    source : Source
        A run or a what-if; the scales of a what-if are those of its run, so that colours can be compared.

    Returns
    -------
    tuple of Shown
        In the order of ``shown.csv``, with the ends of every scale; empty for a run without cells.
    """
    if isinstance(source, WhatIfSource):
        return offered(source.base)
    # While a run is being written its first slots set the scales: after that they stay, as colours must not wander.
    sampled = int(min(source.done().sum(), SAMPLED_SLOTS))
    return source.remembered("offered", sampled, lambda: tuple(_offer(source)))


def one(source: Source, name: str) -> Shown:
    """Give one variable by its name.

    Raises
    ------
    UnknownNameError
        Where the run does not have it.
    """
    known = offered(source)
    found = next((shown for shown in known if shown.name == name), None)
    if found is None:
        allowed = ", ".join(shown.name for shown in known)
        raise UnknownNameError(Fault("the run has no such variable", value=name, allowed=allowed))
    return found


def as_json(shown: Shown) -> dict[str, Any]:
    """Give a variable as the page reads it."""
    return {
        "name": shown.name,
        "label": shown.label,
        "unit": shown.unit,
        "kind": shown.kind,
        "low": shown.low,
        "high": shown.high,
        "palette": shown.palette,
        "categories": list(shown.categories) or None,
        "more_is_better": shown.more_is_better,
        "threshold": shown.threshold,
        "meaning": shown.meaning,
        "source": "given" if shown.name in ("population", "terminals") else "computed",
        "static": shown.static,
    }


def has_rates(source: Source) -> bool:
    """Whether rates were computed."""
    return bool(source.manifest.get("rates")) and source.holds("rate_down_bit_s")


def has_uplink(source: Source) -> bool:
    """Whether rates from users were computed."""
    return has_rates(source) and bool(source.manifest["rates"].get("uplink", True))


def has_lasers(source: Source) -> bool:
    """Whether satellites pass traffic on by laser."""
    return bool(source.manifest.get("lasers"))


def judged(source: Source) -> list[dict[str, Any]]:
    """Give the services that are judged, as the manifest holds them; none in runs that judge none."""
    told = (source.manifest.get("services") or {}).get("services") or []
    names = source.names.get("service", {}).get("service", [])
    return [service for service in told if service["name"] in names]


def _offer(source: Source) -> list[Shown]:
    from bentpipe.globe.cellvalues import values_of

    if not len(source.cells):
        return []
    done = np.flatnonzero(source.done())
    picks = np.unique(np.linspace(0, max(len(done) - 1, 0), SAMPLED_SLOTS).round().astype(int))
    slots = [source.slots.start + int(done[i]) for i in picks] if len(done) else []
    found = []
    for row in _rows():
        for shown in _expand(row, source) if _given(row["name"], row["source"].split(), source) else []:
            if shown.low is not None and shown.high is not None:
                found.append(shown)
                continue
            sample = [values_of(source, shown, s) for s in (slots[:1] if shown.static else slots)]
            values = np.concatenate(sample) if sample else np.zeros(0, np.float32)
            known = values[np.isfinite(values)]
            if known.size or not slots:
                found.append(_scaled(shown, known))
    return found


def _given(name: str, source_names: list[str], source: Source) -> bool:
    """Whether a run can have values of a variable, by what it computed."""
    there = all(source.holds(n) for n in source_names)
    if name.startswith(("peak-", "rate-", "limit-", "rain-")):
        return there and (has_uplink(source) if name.endswith("-up") else has_rates(source))
    if name in ("connected", "availability", "terminals"):
        return there and bool(source.static("terminals").any())
    if name == "population":
        return there and bool(source.static("population").any())
    return there and (name != "lasers" or has_lasers(source))


def _expand(row: dict[str, str], source: Source) -> list[Shown]:
    threshold = row["threshold"]
    shown = Shown(
        name=row["name"],
        source=tuple(row["source"].split()),
        label=row["label"],
        unit=row["unit"],
        factor=float(row["factor"]),
        kind=row["kind"],
        low=None if row["low"] == "auto" else float(row["low"]),
        high=None if row["high"] == "auto" else float(row["high"]),
        palette=row["palette"],
        more_is_better={"true": True, "false": False}.get(row["more_is_better"]),
        threshold=float(threshold) if threshold and not threshold.startswith("service:") else None,
        meaning=row["meaning"],
        categories=_words(row, source),
    )
    if threshold.startswith("service:"):
        rate = next((s["works"] for s in judged(source) if s["name"] == threshold[8:] and s["unit"] == "bit/s"), None)
        shown = replace(shown, threshold=None if rate is None else float(rate) * shown.factor)
    if shown.kind == "category" and shown.high is None:
        shown = replace(shown, high=float(max(len(shown.categories) - 1, 0)))
    if shown.name != "service-*":
        return [shown]
    titles = ((s["name"], str(s["title"])) for s in judged(source))
    return [replace(shown, name=f"service-{name}", label=title[:1].upper() + title[1:]) for name, title in titles]


def _words(row: dict[str, str], source: Source) -> tuple[str, ...]:
    if row["name"] == "gateway":
        return tuple(source.names["gateway"]["gateway_name"])
    if row["kind"] == "category":
        return LIMIT_WORDS
    return {"flag": FLAG_WORDS, "ordered": VERDICT_WORDS}.get(row["kind"], ())


def _scaled(shown: Shown, known: Float32) -> Shown:
    """Fill in the ends of a scale: percentiles of the values, rounded outwards to two digits."""
    if known.size:
        low, high = (float(v) for v in np.percentile(known, PERCENTILES))
        if shown.high is None and shown.low is not None and high <= shown.low:
            high = float(known.max())
    else:
        low, high = 0.0, 1.0
    low = _outward(low, math.floor) if shown.low is None else shown.low
    high = _outward(high, math.ceil) if shown.high is None else shown.high
    return replace(shown, low=low, high=high if high > low else low + 1.0)


def _outward(value: float, rounding: Any) -> float:
    if value == 0.0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    return float(f"{rounding(value / step - 1e-9 if rounding is math.ceil else value / step + 1e-9) * step:.6g}")
