"""The rates of a finished run, reduced in the same bounded way as `bentpipe.report.reading` does the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray

Float = NDArray[np.float64]
Integer = NDArray[np.int64]
Boolean = NDArray[np.bool_]

WAYS = ("down", "up")
#: Bins of rates: equal steps of the logarithm, 200 a decade (1.2 % wide), from 1 kbit/s to 1 Tbit/s.
LOWEST_BIT_S, BINS_A_DECADE = 1e3, 200
RATE_BINS = 9 * BINS_A_DECADE
LIMITS = 7
"""Values of ``limit_down``: 0 not served or no demand, 1 demand, 2 spectrum, 3 beam time, 4 satellite, 5 gateway,
6 laser."""
WET_DB, DRY_DB = 1.0, 0.1
"""Rain loss of the user downlink above which a terminal counts as in rain, below which as dry, dB."""


@dataclass(frozen=True)
class Way:
    """One direction; slots T, regions R, gateways G, sites S, rates in bit/s.

    The histograms `by_region` (R + 1, RATE_BINS; the last row is of no region), `by_hour` (24, RATE_BINS; hours of the
    local solar day in the middle of the territory), `dry` and `wet` (RATE_BINS) count connected terminals and slots by
    what one terminal could get. `limit` (R + 1, LIMITS) counts connected terminals and slots by what binds them,
    `cut_cells` (LIMITS,) the cells in which each limit binds at least once, `area` holds what the cells of each
    event's area are given, (T,).
    """

    offered: Integer
    given: Integer
    through: Integer
    by_region: Float
    by_hour: Float
    dry: Float
    wet: Float
    limit: Float
    cut_cells: Integer
    area: dict[str, Float]
    site_rate: Float
    site_peak: Float
    site_limit: Integer


@dataclass(frozen=True)
class Rates:
    """The rates of a run; `up` is None where it has none from users. `hour` (T,) is that of the local solar day.

    `rain_db` (S,) is the mean loss of the sites' user downlink in rain; `inputs` what the manifest says of the rates.
    """

    down: Way
    up: Way | None
    hour: Integer
    rain_db: Float
    inputs: Mapping[str, Any]


def quantile_bit_s(histogram: Float, q: float) -> float:
    """Return a quantile of rates from bins of their logarithm, in bit/s; NaN where nothing was counted."""
    total = np.cumsum(histogram)
    if not total.size or total[-1] <= 0:
        return float("nan")
    place = float(np.searchsorted(total, q * total[-1])) + 0.5
    return float(LOWEST_BIT_S * 10.0 ** (place / BINS_A_DECADE))


def has_rates(data: xarray.Dataset, manifest: Mapping[str, Any]) -> bool:
    """Return whether a run has rates: as its manifest says, else by the variables that it holds."""
    if "rates" in manifest:
        return bool(manifest["rates"]) and "rate_down_bit_s" in data.variables
    name = "region_offered_down_bit_s"
    return name in data.variables and bool(np.asarray(data[name].values).any())


def read_rates(
    data: xarray.Dataset,
    manifest: Mapping[str, Any],
    blocks: Iterator[slice],
    region: Integer,
    areas: Mapping[str, Boolean],
) -> Rates | None:
    """Read the rates of a run by blocks of slots.

    Parameters
    ----------
    data : xarray.Dataset
        The run's variables.
    manifest : mapping
        The run's manifest.
    blocks : iterator of slice
        Slots to hold at once.
    region : numpy.ndarray, shape (C,)
        Region of each cell, negative for none.
    areas : mapping
        Cells, (C,) bool, of the events that name a polygon or a circle.

    Returns
    -------
    Rates or None
        None for a run without rates.
    """
    if not has_rates(data, manifest):
        return None
    inputs = dict(manifest.get("rates") or {})
    ways = [way for way in WAYS if way == "down" or inputs.get("uplink", True)]
    regions = data.sizes.get("region", 0)
    row = np.where((region >= 0) & (region < regions), region, regions).astype(np.int64)
    hour = _hours(data)
    sums = {way: _Sums(data, regions, areas) for way in ways}
    if data.sizes.get("cell", 0) and "terminals_connected" in data.variables:
        for block in blocks:
            _add_block(data, block, ways, sums, row, hour)
    found = {way: sums[way].finished(data, way) for way in ways}
    rain = _values(data, "site_rain_loss_db", ("slot", "site"), float("nan"))
    known = np.isfinite(rain)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, rain, 0.0).sum(axis=0) / known.sum(axis=0)
    return Rates(found["down"], found.get("up"), hour, mean, inputs)


def _values(data: xarray.Dataset, name: str, dims: tuple[str, ...], fill: float = 0.0, dtype: Any = np.float64) -> Any:
    if name in data.variables:
        return np.asarray(data[name].values).astype(dtype, copy=False)
    return np.full(tuple(data.sizes.get(d, 0) for d in dims), fill, dtype)


def _hours(data: xarray.Dataset) -> Integer:
    """Hour of the local solar day of each slot, in the middle of the territory (its sites where it has no cells)."""
    if "time" not in data.variables:
        return np.zeros(0, np.int64)
    seconds = np.asarray(data["time"].values).astype("datetime64[s]").astype(np.int64)
    names = [n for n in ("longitude_deg", "site_longitude_deg") if n in data.variables and data[n].size]
    east = float(np.asarray(data[names[0]].values).mean()) if names else 0.0
    return np.floor(seconds / 3600.0 + east / 15.0).astype(np.int64) % 24


class _Sums:
    """Sums over the blocks, of one direction."""

    def __init__(self, data: xarray.Dataset, regions: int, areas: Mapping[str, Boolean]) -> None:
        cells, slots = data.sizes.get("cell", 0), data.sizes.get("slot", 0)
        self.by_region, self.by_hour = np.zeros((regions + 1) * RATE_BINS), np.zeros(24 * 3 * RATE_BINS)
        self.limit = np.zeros((regions + 1) * LIMITS)
        self.bound = np.zeros((LIMITS, cells), np.bool_)
        self.inside = np.array([*areas.values()], np.float32).reshape(len(areas), cells)
        self.area = {name: np.zeros(slots) for name in areas}

    def finished(self, data: xarray.Dataset, way: str) -> Way:
        by_region, site = ("slot", "region"), ("slot", "site")
        skies = self.by_hour.reshape(24, 3, RATE_BINS)
        return Way(
            offered=_values(data, f"region_offered_{way}_bit_s", by_region, dtype=np.int64),
            given=_values(data, f"region_rate_{way}_bit_s", by_region, dtype=np.int64),
            through=_values(data, f"gateway_{way}_bit_s", ("slot", "gateway"), dtype=np.int64),
            by_region=self.by_region.reshape(-1, RATE_BINS),
            by_hour=skies.sum(axis=1),
            dry=skies[:, 0].sum(axis=0),
            wet=skies[:, 1].sum(axis=0),
            limit=self.limit.reshape(-1, LIMITS),
            cut_cells=self.bound.sum(axis=1).astype(np.int64),
            area=self.area,
            site_rate=_values(data, f"site_rate_{way}_bit_s", site, float("nan")),
            site_peak=_values(data, f"site_peak_{way}_bit_s", site, float("nan")),
            site_limit=_values(data, f"site_limit_{way}", site, dtype=np.int64),
        )


def _add_block(
    data: xarray.Dataset, block: slice, ways: list[str], sums: dict[str, _Sums], region: Integer, hour: Integer
) -> None:
    """Add the slots of a block: only places with someone connected count."""
    online = np.asarray(data["terminals_connected"].isel(slot=block).values)
    where = np.flatnonzero(online)
    cell = (where % online.shape[1]).astype(np.int32)
    weight, row = online.ravel()[where].astype(np.float64), region[cell]
    loss = _of(data, "rain_loss_db", block, where)
    # One of three skies by hour: dry, wet, and between.
    sky = 3 * hour[block][where // online.shape[1]] + np.where(loss < DRY_DB, 0, np.where(loss > WET_DB, 1, 2))
    for way in ways:
        own = sums[way]
        peak = _of(data, f"peak_{way}_bit_s", block, where)
        counted = np.where(np.isfinite(peak), weight, 0.0)
        place = rate_bin(peak)
        own.by_region += np.bincount(row * RATE_BINS + place, counted, own.by_region.size)
        own.by_hour += np.bincount(sky * RATE_BINS + place, counted, own.by_hour.size)
        limit = np.clip(_of(data, f"limit_{way}", block, where, 0), 0, LIMITS - 1).astype(np.int64)
        own.limit += np.bincount(row * LIMITS + limit, weight, own.limit.size)
        own.bound[limit, cell] = True
        if own.area:
            given = np.nan_to_num(np.asarray(data[f"rate_{way}_bit_s"].isel(slot=block).values)) @ own.inside.T
            for i, series in enumerate(own.area.values()):
                series[block] = given[:, i]


def rate_bin(bit_s: NDArray[Any]) -> Integer:
    """Return the bin of each rate; rates that are not known go to the first."""
    scale = np.float32(BINS_A_DECADE / np.log(10.0))
    known = np.nan_to_num(bit_s.astype(np.float32) / np.float32(LOWEST_BIT_S), nan=1.0)
    place = np.log(np.maximum(known, np.float32(1.0))) * scale
    return np.asarray(np.minimum(place, np.float32(RATE_BINS - 1)).astype(np.int64))


def _of(data: xarray.Dataset, name: str, block: slice, where: Any, fill: float = np.nan) -> Any:
    """Values of a variable over slots and cells at some of them, by their place in the block."""
    if name not in data.variables:
        return np.full(len(where), fill, np.float32)
    return np.asarray(data[name].isel(slot=block).values).ravel()[where]
