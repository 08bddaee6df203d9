"""One pass over a finished run: everything the report needs, as small arrays.

The large variables (slot by cell) are read by blocks of slots along their stored chunks and reduced at
once, so memory is bounded by the block and not by the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bentpipe.report.laserreading import LASER_SEGMENTS, Lasers, read_lasers
from bentpipe.report.pathreading import Paths, read_paths
from bentpipe.report.ratereading import Rates, read_rates
from bentpipe.report.servicereading import Services, read_services

if TYPE_CHECKING:
    import xarray

Float = NDArray[np.float64]
Integer = NDArray[np.int64]
Boolean = NDArray[np.bool_]
Times = NDArray[np.datetime64]

DELAY_BIN_S = 1e-4
DELAY_BINS = 20_000  # to 2 s: a geostationary satellite with its access network stays far below
BLOCK_VALUES = 2_000_000  # values of one variable held at once


class FinishedRun(Protocol):
    """What a report is made from: see the results contract."""

    @property
    def path(self) -> Path:
        """Folder of the run."""

    @property
    def manifest(self) -> dict[str, Any]:
        """The run's manifest."""

    @property
    def dataset(self) -> xarray.Dataset:
        """The run's variables, read lazily."""


@dataclass(frozen=True)
class Regions:
    """The regions of the territory; arrays of shape (R,), or (T, R) for the series.

    ``users`` is the number of terminal users by region, ``users_per_terminal`` converts the series,
    which count terminals.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    population: Float
    terminals: Float
    users_per_terminal: Float
    cells: Integer
    connected: Integer
    powered: Integer
    served: Integer
    cells_served: Integer
    cells_reachable: Integer
    terrestrial_down: Float

    @property
    def users(self) -> Float:
        """Terminal users by region, shape (R,)."""
        return self.terminals * self.users_per_terminal


@dataclass(frozen=True)
class Cells:
    """The analysis cells; arrays of shape (C,).

    ``connected_share`` is the mean over the slots of terminals connected over terminals (NaN where a
    cell has none), ``served_share`` and ``reached_share`` the shares of slots in which the cell was served
    and reachable.
    """

    ids: tuple[str, ...]
    latitude_deg: Float
    longitude_deg: Float
    region: Integer
    terminals: Float
    connected_share: Float
    served_share: Float
    reached_share: Float


@dataclass(frozen=True)
class Gateways:
    """The gateways (G,), with antennas in use and available by slot (T, G)."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    latitude_deg: Float
    longitude_deg: Float
    in_use: Integer
    available: Integer


@dataclass(frozen=True)
class Sites:
    """The named sites (S,); series have shape (T, S), segments (S, K), in s."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    regions: tuple[str, ...]
    latitude_deg: Float
    longitude_deg: Float
    connected: Boolean
    served: Boolean
    delay_s: Float
    delay_p95_s: Float
    loss: Float
    handovers: Integer
    segment_names: tuple[str, ...]
    segment_s: Float


@dataclass(frozen=True)
class Area:
    """The cells of an event that names a polygon or a circle, by slot (T,): terminals connected, cells reachable."""

    cells: int
    terminals: float
    connected: Integer
    reachable: Integer


@dataclass(frozen=True)
class Effect:
    """Means with an event and in the same run without it, at some slots: terminal users and named sites connected.

    The round trips are medians over connected places and slots, ms; NaN where nobody is connected, or not known.
    """

    slots: int
    users_with: float
    users_without: float
    sites_with: float
    sites_without: float
    rtt_ms_with: float = float("nan")
    rtt_ms_without: float = float("nan")

    @property
    def users(self) -> float:
        """Users connected with the event, minus those without it."""
        return self.users_with - self.users_without


@dataclass(frozen=True)
class Event:
    """One event of the timeline; `active` has shape (T,), `regions` the region indices it names.

    `since_before`: it has no start and held before the run began.
    `area` is None but where the event names a polygon or a circle; `abroad` are the regions that it names outside the
    territory; `effect` is None where the run did not compare.
    """

    number: int
    id: str
    kind: str
    title: str
    start: np.datetime64
    end: np.datetime64
    tag: str
    source: str
    changed: str
    regions: tuple[int, ...]
    active: Boolean
    since_before: bool = False
    abroad: tuple[str, ...] = ()
    area: Area | None = None
    effect: Effect | None = None


@dataclass(frozen=True)
class Replicas:
    """Terminals connected for other seeds: shape (sample, replica, region), at the sampled times (sample,)."""

    times: Times
    connected: Integer


@dataclass(frozen=True)
class Reading:
    """A finished run, read once and reduced."""

    name: str
    title: str
    manifest: dict[str, Any]
    times: Times
    slot_s: float
    regions: Regions
    cells: Cells
    gateways: Gateways
    sites: Sites
    events: tuple[Event, ...]
    replicas: Replicas | None
    handovers: Integer
    satellites: Integer
    delay_histogram: Float
    """Terminal-slots by region and bin of round-trip time, shape (R + 1, DELAY_BINS); last row: no region."""
    rates: Rates | None = None
    paths: Paths | None = None
    lasers: Lasers | None = None
    services: Services | None = None

    @property
    def end(self) -> np.datetime64:
        """End of the last slot, UTC."""
        if not len(self.times):
            return np.datetime64("NaT")
        end: np.datetime64 = self.times[-1] + np.timedelta64(round(self.slot_s * 1e3), "ms")
        return end

    @property
    def span_s(self) -> float:
        """Length of the run in s."""
        return len(self.times) * self.slot_s

    @property
    def hypothetical(self) -> bool:
        """Whether the run, or any event in it, is marked hypothetical."""
        return bool(self.manifest.get("hypothetical")) or any(e.tag == "hypothetical" for e in self.events)

    def delay_quantile_s(self, q: float, region: int | None = None) -> float:
        """Quantile of the round-trip time over connected terminals and slots, in s; NaN where none."""
        rows = self.delay_histogram if region is None else self.delay_histogram[region : region + 1]
        total = np.cumsum(rows.sum(axis=0))
        if not total.size or total[-1] <= 0:
            return float("nan")
        return float((np.searchsorted(total, q * total[-1]) + 0.5) * DELAY_BIN_S)


def read(run: FinishedRun) -> Reading:
    """Read a finished run once: a complete one keeps its reading, so that the answer and the report share it.

    Parameters
    ----------
    run : FinishedRun
        An opened run.

    Returns
    -------
    Reading
        Small arrays; times in UTC, delays in s, counts of terminals.
    """
    kept = getattr(run, "__dict__", {})
    reading = kept.get("_reading") or _read(run)
    if run.manifest.get("complete"):
        kept["_reading"] = reading
    return reading


def _read(run: FinishedRun) -> Reading:
    data = run.dataset
    manifest = dict(run.manifest)
    times = _times(data)
    slot_s = _slot_seconds(manifest, times)
    region_of_cell = _values(data, "region_of_cell", np.int64, ("cell",), fill=-1)
    regions = _regions(data, region_of_cell)
    areas = _event_areas(data, manifest, region_of_cell)
    cells, histogram, series = _cells(data, region_of_cell, len(regions.codes), chunk_lead(manifest), areas)
    return Reading(
        name=str(manifest.get("name", run.path.name)),
        title=str(manifest.get("title") or manifest.get("name") or run.path.name),
        manifest=manifest,
        times=times,
        slot_s=slot_s,
        regions=regions,
        cells=cells,
        gateways=_gateways(data),
        sites=_sites(data, bool(manifest.get("lasers"))),
        events=_events(data, manifest, times, slot_s, regions, series),
        replicas=_replicas(data, times),
        handovers=_values(data, "handovers", np.int64, ("slot",)),
        satellites=_values(data, "satellites_tracked", np.int64, ("slot",)),
        delay_histogram=histogram,
        rates=read_rates(data, manifest, _own_blocks(data, "rate_down_bit_s", manifest), region_of_cell, areas),
        paths=read_paths(data, manifest),
        lasers=read_lasers(data, manifest, _own_blocks(data, "lasers", manifest)),
        services=read_services(data, manifest),
    )


def _own_blocks(data: xarray.Dataset, name: str, manifest: dict[str, Any]) -> Iterator[slice]:
    """Yield the blocks of slots of a variable, where the run has it."""
    if name in data.variables:
        yield from blocks_of(data, name, chunk_lead(manifest))


def _values(data: xarray.Dataset, name: str, dtype: Any, dims: tuple[str, ...], fill: float = 0) -> Any:
    """Return a variable as an array; `fill` over the same dimensions where the run does not have it."""
    if name in data.variables:
        return np.asarray(data[name].values).astype(dtype, copy=False)
    return np.full(tuple(data.sizes.get(d, 0) for d in dims), fill, dtype=dtype)


def _texts(data: xarray.Dataset, name: str, dim: str) -> tuple[str, ...]:
    """Return a coordinate of texts; numbered names where the run does not have it."""
    if name in data.variables:
        return tuple(str(v) for v in np.atleast_1d(data[name].values))
    return tuple(f"{dim} {i + 1}" for i in range(data.sizes.get(dim, 0)))


def _column(data: xarray.Dataset, name: str, dim: str, fill: float = float("nan")) -> Float:
    """Return a variable over one dimension as float64; `fill` where the run does not have it."""
    if name in data.variables:
        return np.atleast_1d(np.asarray(data[name].values, dtype=np.float64))
    return np.full(data.sizes.get(dim, 0), fill, dtype=np.float64)


def _times(data: xarray.Dataset) -> Times:
    if "time" in data.variables:
        return np.asarray(data["time"].values).astype("datetime64[ms]")
    return np.zeros(0, dtype="datetime64[ms]")


def _slot_seconds(manifest: dict[str, Any], times: Times) -> float:
    stated = manifest.get("grid", {}).get("interval_s")
    if stated is not None:
        return float(stated)
    if len(times) > 1:
        return float((times[1] - times[0]) / np.timedelta64(1, "ms")) / 1e3
    return 15.0  # one slot and no grid: the interval that the service is known for


def _regions(data: xarray.Dataset, region_of_cell: Integer) -> Regions:
    count = data.sizes.get("region", 0)
    terminals = _column(data, "region_terminals", "region", 0)
    own = region_of_cell[region_of_cell >= 0]
    series = ("slot", "region")
    return Regions(
        codes=_texts(data, "region", "region"),
        names=_texts(data, "region_name", "region"),
        population=_column(data, "region_population", "region", 0),
        terminals=terminals,
        users_per_terminal=np.full(count, float(data.attrs.get("users_per_terminal", 1.0))),
        cells=np.bincount(own, minlength=count).astype(np.int64)[:count],
        connected=_values(data, "region_terminals_connected", np.int64, series),
        powered=_values(data, "region_terminals_powered", np.int64, series),
        served=_values(data, "region_terminals_served", np.int64, series),
        cells_served=_values(data, "region_cells_served", np.int64, series),
        cells_reachable=_values(data, "region_cells_reachable", np.int64, series),
        terrestrial_down=_values(data, "region_terrestrial_down", np.float64, series),
    )


def chunk_lead(manifest: dict[str, Any]) -> int:
    """Return how many slots of the first stored chunk lie before the run."""
    grid = manifest.get("grid", {})
    return int(grid.get("start", 0)) - int(grid.get("origin", grid.get("start", 0)))


def blocks_of(data: xarray.Dataset, name: str, lead: int) -> Iterator[slice]:
    """Yield slices of slots: whole stored chunks, as many as fit the block."""
    slots, cells = data.sizes.get("slot", 0), max(data.sizes.get("cell", 0), 1)
    stored = data[name].encoding.get("chunks") or (240,)
    chunk = max(int(stored[0]), 1)
    step = chunk * max(BLOCK_VALUES // (chunk * cells), 1)
    if step * cells > 4 * BLOCK_VALUES:  # a chunk too large to hold: read it more than once
        step, lead = max(BLOCK_VALUES // cells, 1), 0
    for start in range(-(lead % step), slots, step):
        yield slice(max(start, 0), min(start + step, slots))


def _event_areas(data: xarray.Dataset, manifest: dict[str, Any], region: Integer) -> dict[str, Boolean]:
    """Return the cells, (C,), of each event that names a polygon or a circle, by its id."""
    if "event_area" not in data.variables or not data.sizes.get("cell", 0):
        return {}
    areas = np.asarray(data["event_area"].values, dtype=np.bool_)
    stored = _texts(data, "event", "event")
    named = {str(row.get("id", "")) for row in manifest.get("events", []) if row.get("regions")}
    own = region >= 0
    return {name: area & own for name, area in zip(stored, areas, strict=True) if name not in named and not area.all()}


def _cells(
    data: xarray.Dataset, region: Integer, regions: int, lead: int, areas: dict[str, Boolean]
) -> tuple[Cells, Float, dict[str, Area]]:
    count = data.sizes.get("cell", 0)
    terminals = _column(data, "terminals", "cell", 0)
    connected = np.zeros(count)
    served, reached = np.zeros(count), np.zeros(count)
    row = np.where((region >= 0) & (region < regions), region, regions)
    base = (row * DELAY_BINS).astype(np.int32)
    histogram = np.zeros((regions + 1) * DELAY_BINS)
    inside = np.array([*areas.values()], np.int64).reshape(len(areas), count)
    here = np.zeros((2, data.sizes.get("slot", 0), len(areas)), np.int64)
    if "terminals_connected" in data.variables and "rtt_s" in data.variables and count:
        for block in blocks_of(data, "rtt_s", lead):
            delay = np.asarray(data["rtt_s"].isel(slot=block).values)
            online = np.asarray(data["terminals_connected"].isel(slot=block).values)
            known = np.isfinite(delay)
            served += known.sum(axis=0)
            if "reachable" in data.variables:
                reach = np.asarray(data["reachable"].isel(slot=block).values)
                reached += reach.sum(axis=0)
                here[1, block] = reach @ inside.T
            connected += online.sum(axis=0, dtype=np.int64)
            here[0, block] = online @ inside.T
            bins = np.where(known, delay, 0) * np.float32(1 / DELAY_BIN_S)
            index = np.minimum(bins, DELAY_BINS - 1).astype(np.int32)
            index += base
            histogram += np.bincount(
                index.ravel(), weights=np.where(known, online, 0).ravel(), minlength=histogram.size
            )
    slots = max(data.sizes.get("slot", 0), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(terminals > 0, connected / (slots * terminals), np.nan)
    cells = Cells(
        ids=_texts(data, "cell", "cell"),
        latitude_deg=_column(data, "latitude_deg", "cell"),
        longitude_deg=_column(data, "longitude_deg", "cell"),
        region=region,
        terminals=terminals,
        connected_share=share,
        served_share=served / slots,
        reached_share=reached / slots,
    )
    series = {
        name: Area(int(mask.sum()), float(terminals[mask].sum()), here[0, :, i], here[1, :, i])
        for i, (name, mask) in enumerate(areas.items())
    }
    return cells, histogram.reshape(regions + 1, DELAY_BINS), series


def _gateways(data: xarray.Dataset) -> Gateways:
    series = ("slot", "gateway")
    return Gateways(
        ids=_texts(data, "gateway", "gateway"),
        names=_texts(data, "gateway_name", "gateway"),
        latitude_deg=_column(data, "gateway_latitude_deg", "gateway"),
        longitude_deg=_column(data, "gateway_longitude_deg", "gateway"),
        in_use=_values(data, "gateway_antennas_in_use", np.int64, series),
        available=_values(data, "gateway_antennas", np.int64, series),
    )


def _sites(data: xarray.Dataset, lasers: bool) -> Sites:
    series = ("slot", "site")
    served = _values(data, "site_served", np.bool_, series)
    satellite = _values(data, "site_serving_satellite", np.int64, series)
    changed = (satellite[1:] != satellite[:-1]) & served[1:] & served[:-1]
    delay = _values(data, "site_rtt_s", np.float64, series, float("nan"))
    segments = _values(data, "site_segment_s", np.float64, ("slot", "site", "segment"), float("nan"))
    known = np.isfinite(segments).all(axis=2) & served if segments.size else np.zeros_like(served)
    total = np.where(known[:, :, None], segments, 0).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / known.sum(axis=0)[:, None]
    names = _texts(data, "segment", "segment")
    used = [i for i, name in enumerate(names) if lasers or name not in LASER_SEGMENTS]
    return Sites(
        ids=_texts(data, "site", "site"),
        names=_texts(data, "site_name", "site"),
        kinds=_texts(data, "site_kind", "site"),
        regions=_texts(data, "site_region", "site"),
        latitude_deg=_column(data, "site_latitude_deg", "site"),
        longitude_deg=_column(data, "site_longitude_deg", "site"),
        connected=_values(data, "site_connected", np.bool_, series),
        served=served,
        delay_s=np.where(served, delay, np.nan),
        delay_p95_s=np.where(served, _values(data, "site_rtt_p95_s", np.float64, series, float("nan")), np.nan),
        loss=np.where(served, _values(data, "site_loss", np.float64, series, float("nan")), np.nan),
        handovers=changed.sum(axis=0).astype(np.int64),
        segment_names=tuple(names[i] for i in used),
        segment_s=mean[:, used],
    )


def _instant(text: object, fallback: np.datetime64) -> np.datetime64:
    """Read a UTC time as the manifest writes it ("...Z"); the end of the run where it is open."""
    if not text:
        return fallback
    return np.datetime64(str(text).replace("Z", "").replace("+00:00", ""), "ms")


def _effect(row: Any) -> Effect | None:
    """Read what the manifest says of an event's effect."""
    if not isinstance(row, dict):
        return None
    return Effect(
        int(row["slots"]),
        *(float(row[f"{what}_{side}"]) for what in ("users", "sites") for side in ("with", "without")),
        *(float("nan" if (rtt := row.get(f"rtt_ms_{side}")) is None else rtt) for side in ("with", "without")),
    )


def _events(
    data: xarray.Dataset,
    manifest: dict[str, Any],
    times: Times,
    slot_s: float,
    regions: Regions,
    areas: dict[str, Area],
) -> tuple[Event, ...]:
    if not len(times):
        return ()
    active = _values(data, "event_active", np.bool_, ("slot", "event"))
    stored = _texts(data, "event", "event")
    end = times[-1] + np.timedelta64(round(slot_s * 1e3), "ms")
    found = []
    for row in manifest.get("events", []):
        start, stop = _instant(row.get("start_utc"), times[0]), _instant(row.get("end_utc"), end)
        identity = str(row.get("id", ""))
        column = stored.index(identity) if identity in stored else -1
        found.append((start, stop, row, active[:, column] if column >= 0 else (times >= start) & (times < stop)))
    found.sort(key=lambda item: (item[0], item[1], str(item[2].get("id", ""))))
    return tuple(
        Event(
            number=i + 1,
            id=str(row.get("id", "")),
            kind=str(row.get("kind", "")),
            title=str(row.get("title") or row.get("id") or row.get("kind", "event")),
            start=start,
            end=stop,
            tag=str(row.get("tag", "")),
            source=str(row.get("source", "")),
            changed=str(row.get("changed", "")),
            regions=tuple(regions.codes.index(c) for c in row.get("regions") or () if c in regions.codes),
            active=mask,
            since_before=bool(row.get("since_before")),
            abroad=tuple(c for c in row.get("regions") or () if c not in regions.codes),
            area=areas.get(str(row.get("id", ""))),
            effect=_effect(row.get("effect")),
        )
        for i, (start, stop, row, mask) in enumerate(found)
    )


def _replicas(data: xarray.Dataset, times: Times) -> Replicas | None:
    if "replica_terminals_connected" not in data.variables:
        return None
    connected = np.asarray(data["replica_terminals_connected"].values, dtype=np.int64)
    if not connected.size:
        return None
    index = _values(data, "sample_index", np.int64, ("sample",), fill=-1)
    if not len(times) or index.min() < 0 or index.max() >= len(times):
        return None  # sampled slots that are not of this run cannot be drawn beside it
    return Replicas(times=times[index], connected=connected)
