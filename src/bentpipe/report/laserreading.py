"""What lasers carry of the service of a run's terminals and sites, read once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

LASER_SEGMENTS = ("laser_links", "laser_forwarding")
MOST_LASERS = 4096
BIN_S = 1e-4
BINS = 20_000  # to 2 s: bins as those of the delay of all terminals, so that the same delays have the same median


@dataclass(frozen=True)
class Way:
    """Those who are served over so many lasers, (MOST_LASERS,), and the round trips of those over one or more.

    `counts` are connected terminals, or served sites, times slots; `rtt_bins` are by BIN_S.
    """

    counts: Float
    rtt_bins: Float

    @property
    def total(self) -> float:
        """All who are served, times slots."""
        return float(self.counts.sum())

    @property
    def over(self) -> float:
        """Those of them who are served over lasers."""
        return float(self.counts[1:].sum())

    def lasers(self, share: float) -> int:
        """Quantile of the number of lasers, over those served over lasers; 0 where there are none."""
        counts = np.cumsum(self.counts[1:])
        return 1 + int(np.searchsorted(counts, share * counts[-1])) if counts[-1] > 0 else 0

    def rtt_s(self, share: float) -> float:
        """Quantile of the round trip over those served over lasers, s; NaN where there are none."""
        total = np.cumsum(self.rtt_bins)
        return float((np.searchsorted(total, share * total[-1]) + 0.5) * BIN_S) if total[-1] > 0 else float("nan")


@dataclass(frozen=True)
class Lasers:
    """Lasers of a run.

    Parameters
    ----------
    satellites : int
        Satellites that carry them.
    links : (T,) int64
        Lasers in use by slot.
    terminals, sites : Way
        Connected terminals and served sites by the lasers on their way.
    light_s, forwarding_s : float
        Mean of the lasers' parts of the round trip of the sites, over the slots in which it goes over lasers, s.
    hop_tag : str
        Mark of the forwarding at each laser.
    """

    satellites: int
    links: Integer
    terminals: Way
    sites: Way
    light_s: float
    forwarding_s: float
    hop_tag: str


def read_lasers(data: xarray.Dataset, manifest: dict[str, Any], blocks: Iterable[slice]) -> Lasers | None:
    """Read what lasers carry.

    Parameters
    ----------
    data : xarray.Dataset
        The run's variables.
    manifest : dict
        The run's manifest.
    blocks : iterable of slice
        Blocks of slots.

    Returns
    -------
    Lasers or None
        None for a run of bent pipes.
    """
    stated = manifest.get("lasers")
    if not stated or "laser_links" not in data.variables:
        return None
    sites, parts = _sites(data)
    tags = {str(row.get("key")): str(row.get("tag", "")) for row in manifest.get("assumptions", [])}
    return Lasers(
        satellites=int(stated.get("satellites", 0)),
        links=np.asarray(data["laser_links"].values, np.int64),
        terminals=_terminals(data, blocks),
        sites=sites,
        light_s=parts[0],
        forwarding_s=parts[1],
        hop_tag=tags.get("lasers.hop_ms", ""),
    )


def _way(lasers: NDArray[Any], rtt_s: NDArray[Any], weight: NDArray[Any]) -> tuple[Float, Float]:
    known = np.isfinite(rtt_s) & (weight > 0)
    counted = np.minimum(lasers[known], MOST_LASERS - 1)
    counts = np.bincount(counted, weight[known], MOST_LASERS).astype(np.float64)
    over = known & (lasers > 0)
    index = np.minimum(rtt_s[over] * np.float32(1 / BIN_S), BINS - 1).astype(np.int64)
    return counts, np.bincount(index, weight[over], BINS).astype(np.float64)


def _terminals(data: xarray.Dataset, blocks: Iterable[slice]) -> Way:
    counts, rtt = np.zeros(MOST_LASERS), np.zeros(BINS)
    if "lasers" in data.variables and data.sizes.get("cell", 0):
        for block in blocks:
            names = ("lasers", "rtt_s", "terminals_connected")
            more = _way(*(np.asarray(data[name].isel(slot=block).values) for name in names))
            counts, rtt = counts + more[0], rtt + more[1]
    return Way(counts, rtt)


def _sites(data: xarray.Dataset) -> tuple[Way, tuple[float, float]]:
    none = float("nan"), float("nan")
    if "site_lasers" not in data.variables or not data.sizes.get("site", 0):
        return Way(np.zeros(MOST_LASERS), np.zeros(BINS)), none
    lasers, rtt, served = (np.asarray(data[f"site_{n}"].values) for n in ("lasers", "rtt_s", "served"))
    way = Way(*_way(lasers, rtt, served.astype(np.int64)))
    names = [str(v) for v in np.atleast_1d(data["segment"].values)] if "segment" in data.variables else []
    over = served & (lasers > 0)
    if not over.any() or not set(LASER_SEGMENTS) <= set(names):
        return way, none
    parts = [float(np.nanmean(data["site_segment_s"].values[over][:, names.index(n)])) for n in LASER_SEGMENTS]
    return way, (parts[0], parts[1])
