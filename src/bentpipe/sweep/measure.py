"""A measure: one number for each run, out of a variable that may have sites, regions or cells beside the axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bentpipe.errors import Fault, InputError
from bentpipe.scenario.values import did_you_mean
from bentpipe.sweep.keep import STATISTICS, is_a_name, over_time
from bentpipe.sweep.statistics import kept_variable

if TYPE_CHECKING:
    import xarray

REDUCTIONS = ("mean", "sum", "min", "max")
#: What is asked first when nothing is named: the first that is kept and has values.
PREFERRED = (
    "region_terminals_connected", "terminals_connected", "site_rtt_s", "path_rtt_s", "rtt_s", "site_served", "served",
    "region_rate_down_bit_s",
)  # fmt: skip
#: Counts and rates that add up over cells, regions, gateways or paths; all else is averaged.
_ADDED = ("terminals_connected", "beam_time", "rate_down_bit_s", "rate_up_bit_s", "path_there_bit_s", "path_back_bit_s")
#: The coordinate that names the places along a dimension.
_PLACES = ("site", "region", "cell", "gateway", "path", "event", "track", "segment", "service")
_EACH = {
    "region": "regions", "site": "sites", "cell": "cells", "gateway": "gateways", "path": "paths", "event": "events",
    "track": "tracks", "segment": "segments", "service": "services", "slot": "slots",
}  # fmt: skip
_TIME = {
    "mean": "mean over time", "min": "least over time", "max": "largest over time", "sum": "sum over the slots",
    "count": "slots with a value", "std": "standard deviation over time",
}  # fmt: skip


@dataclass(frozen=True)
class Measure:
    """One number for each run.

    Parameters
    ----------
    name : str
        As it can be asked for, such as ``site_rtt_s_mean@kyiv``.
    words : str
        What it is.
    unit : str
        "s", "bit/s", "share", "slots", or as in ``variables.csv``; "1" for a count.
    rule : str
        How the variable became one number.
    values : xarray.DataArray
        Over the dimensions of the grid, lazily; NaN where there is none.
    """

    name: str
    words: str
    unit: str
    rule: str
    values: xarray.DataArray


def measure_of(dataset: xarray.Dataset, dims: Sequence[str], wanted: str | None, varied: Sequence[str] = ()) -> Measure:
    """Find a measure.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of the study.
    dims : sequence of str
        Of the grid.
    wanted : str, optional
        ``VARIABLE`` or ``VARIABLE@HOW``: HOW names a site, a region and so on, or says "mean", "sum", "min" or "max" of
        all, and several with commas between. A default by what is kept when left out.
    varied : sequence of str
        Keys of the scenario that the study varies.

    Returns
    -------
    Measure

    Raises
    ------
    InputError
        Where the study keeps no such variable, or has no such place.
    """
    if wanted is not None:
        name, _, how = wanted.partition("@")
        return _reduced(dataset, dims, name.strip(), [p.strip() for p in how.split(",") if p.strip()], varied)
    found = None
    for name in candidates(dataset, dims):
        found = _reduced(dataset, dims, name, [], varied)
        if bool(found.values.notnull().any()) and not (name.startswith(PREFERRED[:2]) and not found.values.any()):
            return found
    if found is None:
        several = [str(name) for name in dataset.data_vars if "service" in dataset[name].dims]
        remedy = f"name one, such as {several[0]}@{dataset['service'].values[0]}" if several else ""
        raise InputError(Fault("the study keeps nothing that is one number for a run", "measure", remedy=remedy))
    return found


def candidates(dataset: xarray.Dataset, dims: Sequence[str]) -> list[str]:
    """Variables that can be a measure, the preferred first, means before other statistics."""
    table = over_time()
    found: list[tuple[int, int, str]] = []
    for name in map(str, dataset.data_vars):
        variable, statistic = split_name(name)
        if variable not in table or is_a_name(table[variable]) or "service" in table[variable].dims:
            continue
        rank = PREFERRED.index(variable) if variable in PREFERRED else len(PREFERRED)
        found.append((rank, STATISTICS.index(statistic) if statistic else 0, name))
    return [name for _, _, name in sorted(found, key=lambda row: row[:2])]


def split_name(name: str) -> tuple[str, str]:
    """Variable and statistic of a name in the dataset; the statistic is "" where every slot is kept."""
    if name in over_time():
        return name, ""
    variable, _, statistic = name.rpartition("_")
    return (variable, statistic) if variable in over_time() and statistic in STATISTICS else (name, "")


def _reduced(dataset: xarray.Dataset, dims: Sequence[str], name: str, how: list[str], varied: Sequence[str]) -> Measure:
    values = kept_variable(dataset, name)
    variable, statistic = split_name(name)
    unit, meaning = _unit(variable, statistic), over_time()[variable].meaning.split(";")[0]
    inner = [str(d) for d in values.dims if d not in dims]
    rules = [_TIME[statistic]] if statistic else []
    words: list[str] = []
    for part in [h for h in how if h not in REDUCTIONS]:
        dim = _dim_of(dataset, inner, part)
        labels = [str(v) for v in dataset[dim].values]
        at = next(i for i, label in enumerate(labels) if label.lower() == part.lower())
        values = values.isel({dim: at}, drop=True)
        inner.remove(dim)
        words.append(_named(dataset, dim, at))
        rules.append(f"{dim} {labels[at]}")
    if "service" in inner and values.sizes["service"] != 1:
        known = ", ".join(str(v) for v in dataset["service"].values)
        remedy = f"such as {name}@{dataset['service'].values[0]}" if known else "the runs judge no service"
        raise InputError(Fault("services do not add up: name one", "measure", name, known, remedy))
    if "slot" in inner:
        values, rules = values.mean("slot"), [*rules, "mean over time"]
        inner.remove("slot")
    reduction = next((h for h in how if h in REDUCTIONS), "sum" if _adds(variable) else "mean")
    if inner:
        for dim in inner:
            one = values.sizes[dim] == 1 and dim in dataset.coords
            alone = f"{dim} {dataset[dim].values[0]}" if one else ""
            rules.append(alone or f"{reduction} over the {values.sizes[dim]:,} {_EACH.get(dim, dim)}")
        counted = values.notnull().any(inner)
        values = getattr(values, reduction)(inner).where(counted)
    if variable == "region_terminals_connected" and reduction == "sum" and not how and _placed(dataset, varied):
        placed = _placed(dataset, varied)
        values, unit = values / placed, "share"
        meaning = "terminals connected, of those placed"
        rules.append(f"over the {placed:,.0f} terminals placed")
    tail = f"@{','.join(how)}" if how else ""
    said = ", ".join([meaning, *words, *([_TIME[statistic]] if statistic else ["mean over time"])])
    return Measure(name + tail, said, unit, "; ".join(rules), values)


def _placed(dataset: xarray.Dataset, varied: Sequence[str]) -> float:
    """Terminals of the territory; 0 where they are not known, or not the same in all runs."""
    changes = any(key.partition(".")[0] in ("terminals", "territory", "people") for key in varied)
    return 0.0 if changes or "region_terminals" not in dataset.coords else float(dataset["region_terminals"].sum())


def _adds(variable: str) -> bool:
    integer = over_time()[variable].dtype.startswith(("int", "uint"))
    return variable in _ADDED or (integer and variable.startswith(("region_", "gateway_")))


def _unit(variable: str, statistic: str) -> str:
    found = over_time()[variable]
    if statistic == "count" or (statistic == "sum" and found.dtype == "bool"):
        return "slots"
    if found.dtype == "bool" or variable in ("site_load", "site_loss", "laser_load_mean", "laser_load_max"):
        return "1" if statistic == "sum" else "share"
    return found.unit


def _dim_of(dataset: xarray.Dataset, inner: Sequence[str], label: str) -> str:
    known: list[str] = []
    for dim in inner:
        if dim in _PLACES and dim in dataset.coords:
            labels = [str(v) for v in dataset[dim].values]
            if label.lower() in (x.lower() for x in labels):
                return dim
            known += labels
    shown = ", ".join([*known[:12], *(["..."] if len(known) > 12 else []), *REDUCTIONS])
    raise InputError(Fault("nothing of this name in the variable", "measure", label, shown, did_you_mean(label, known)))


def _named(dataset: xarray.Dataset, dim: str, at: int) -> str:
    name = f"{dim}_name"
    return str(dataset[name].values[at]) if name in dataset.coords else f"{dim} {dataset[dim].values[at]}"


def in_numbers(values: xarray.DataArray, dims: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Compute a measure: an array over the dimensions of the grid, in their order."""
    return np.asarray(values.transpose(*dims).compute().to_numpy(), np.float64)


def describe(measure: Measure) -> Mapping[str, str]:
    """What a measure is, for machines."""
    return {"name": measure.name, "words": measure.words, "unit": measure.unit, "rule": measure.rule}
