"""What could be done over the links of a finished run, reduced to small arrays."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

SPANS = 24
"""Spans of a run over which means are drawn, at most."""
WORDS = ("fails", "degraded", "works")
"""What a verdict says, by its number."""


@dataclass(frozen=True)
class Service:
    """One service: its name, what it is in words, and at which measure it works and is degraded."""

    name: str
    title: str
    unit: str
    works: float
    degraded: float
    higher_is_better: bool
    one_way_s: tuple[float, float] | None
    loss: tuple[float, float] | None


@dataclass(frozen=True)
class Follow:
    """An answer on users followed through the run, in terminals: of the whole (by name), and by region."""

    facts: Mapping[str, Any]
    regions: Mapping[str, list[float]]

    def share(self, name: str) -> float:
        """Return a number of terminals over all of them; NaN where there are none."""
        total = float(self.facts["terminals"])
        return float(self.facts[name]) / total if total > 0 else float("nan")


@dataclass(frozen=True)
class Services:
    """The services of a run; V services, T slots, R regions, S sites, B spans.

    `works`, `degraded` (T, V) count terminals of all regions; `works_by`, `degraded_by` (B, R, V) are their means over
    the spans `cuts`. `site_share` (S, V, 3) is the share of time of each verdict, `site_measure` (S, V, 3) the 5th,
    50th and 95th percentile of the measure while connected, NaN where never.
    """

    services: tuple[Service, ...]
    works: Integer
    degraded: Integer
    cuts: tuple[tuple[int, int], ...]
    works_by: Float
    degraded_by: Float
    site_share: Float
    site_measure: Float
    poll: Follow | None
    conference: Follow | None
    inputs: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the services."""
        return tuple(service.name for service in self.services)

    def by_region(self) -> tuple[Float, Float]:
        """Return terminals for whom services work, and work with effort, on average over the run, (R, V)."""
        length = np.array([b - a for a, b in self.cuts], np.float64)
        weight = length / max(length.sum(), 1.0)
        return np.tensordot(weight, self.works_by, 1), np.tensordot(weight, self.degraded_by, 1)


def read_services(data: xarray.Dataset, manifest: Mapping[str, Any]) -> Services | None:
    """Read the services of a run.

    Parameters
    ----------
    data : xarray.Dataset
        The run's variables.
    manifest : mapping
        The run's manifest.

    Returns
    -------
    Services or None
        None where nothing is judged.
    """
    told = manifest.get("services")
    if not told or "region_service_works" not in data.variables:
        return None
    slots = data.sizes.get("slot", 0)
    edges = [slots * i // min(slots, SPANS) for i in range(min(slots, SPANS) + 1)] if slots else [0]
    cuts = tuple(itertools.pairwise(edges))
    sums = [_by_spans(data, f"region_service_{what}", cuts) for what in ("works", "degraded")]
    share, measure = _sites(data)
    return Services(
        services=tuple(_service(row) for row in told["services"]),
        works=sums[0][0],
        degraded=sums[1][0],
        cuts=cuts,
        works_by=sums[0][1],
        degraded_by=sums[1][1],
        site_share=share,
        site_measure=measure,
        poll=_follow(told.get("poll")),
        conference=_follow(told.get("conference")),
        inputs=told,
    )


def _service(row: Mapping[str, Any]) -> Service:
    pairs = [row.get(key) for key in ("one_way_s", "loss")]
    one_way, loss = (None if pair is None else (float(pair[0]), float(pair[1])) for pair in pairs)
    return Service(
        str(row["name"]), str(row["title"]), str(row["unit"]), float(row["works"]), float(row["degraded"]),
        bool(row["higher_is_better"]), one_way, loss,
    )  # fmt: skip


def _follow(row: Mapping[str, Any] | None) -> Follow | None:
    if row is None:
        return None
    return Follow({key: value for key, value in row.items() if key != "regions"}, dict(row["regions"]))


def _by_spans(data: xarray.Dataset, name: str, cuts: tuple[tuple[int, int], ...]) -> tuple[Integer, Float]:
    """Sum a variable over regions, (T, V), and give its means over spans, (B, R, V): read span by span."""
    regions, services = data.sizes["region"], data.sizes["service"]
    whole = np.zeros((data.sizes.get("slot", 0), services), np.int64)
    means = np.zeros((len(cuts), regions, services))
    for i, (first, last) in enumerate(cuts):
        part = np.asarray(data[name].isel(slot=slice(first, last)).values)
        whole[first:last] = part.sum(axis=1)
        means[i] = part.sum(axis=0) / (last - first)
    return whole, means


def _sites(data: xarray.Dataset) -> tuple[Float, Float]:
    verdict = np.asarray(data["site_service_verdict"].values)
    measure = np.asarray(data["site_service_measure"].values, np.float64)
    _, sites, services = verdict.shape
    share = np.stack(
        [(verdict == k).mean(axis=0) if len(verdict) else np.zeros((sites, services)) for k in range(3)], -1
    )
    found = np.full((sites, services, 3), np.nan)
    known = np.isfinite(measure).any(axis=0)
    for site, service in zip(*np.nonzero(known), strict=True):
        values = measure[:, site, service]
        found[site, service] = np.quantile(values[np.isfinite(values)], (0.05, 0.5, 0.95))
    return share, found
