"""A block of slots as the variables of ``results/variables.csv``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, uniforms
from bentpipe.network.delay import SPEED_OF_LIGHT_M_S, segments, within_slot_quantile_s
from bentpipe.network.loss import slot_loss
from bentpipe.simulate.load import loaded_round_trips_s, place_loads
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.rates import Rates, block_rates, no_rates
from bentpipe.simulate.recipe import Block
from bentpipe.simulate.services import service_variables
from bentpipe.simulate.withinslot import bursts_per_s

Array = npt.NDArray[Any]


_RATED = ("rate_", "peak_", "limit_", "rain_loss_", "rtt_loaded_", "offered_", "down_", "up_")


def rests_on_rates(name: str) -> bool:
    """Tell whether a variable is computed from the rates, whatever the load is.

    Parameters
    ----------
    name : str
        As in ``results/variables.csv``.

    Returns
    -------
    bool
    """
    for place in ("site_", "region_", "gateway_"):
        name = name.removeprefix(place)
    return name.startswith(_RATED)


def block_variables(prepared: Prepared, block: Block, wanted: Collection[str] | None = None) -> dict[str, Array]:
    """Turn a block into stored variables.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        T slots.
    wanted : collection of str, optional
        Names of the variables that are used. Where none of them rests on rates, which take about as long as all else,
        these are not computed.

    Returns
    -------
    dict of str to ndarray
        Every variable that has a slot axis, or those that are wanted.
    """
    if wanted is None:
        return _all_variables(prepared, block, block_rates(prepared, block))
    rated = isinstance(prepared.scenario.access.load, str) or any(map(rests_on_rates, wanted))
    found = _all_variables(prepared, block, block_rates(prepared, block) if rated else (None, None))
    return {name: found[name] for name in wanted}


def _all_variables(prepared: Prepared, block: Block, rates: tuple[Rates | None, Rates | None]) -> dict[str, Array]:
    territory = prepared.territory
    cells = len(territory.cell_id)
    served = block.satellite >= 0
    connected = np.where(served, block.world.ready, 0).astype(np.int32)
    own = served[:, :cells]
    by_region = territory.by_region
    terminals = prepared.people[0].total[:cells]
    load = place_loads(prepared, block, rates)
    rtt_s = block.rtt_s if load.ndim == 0 else block_segments(prepared, block, load, 0).sum(axis=-1).astype(np.float32)
    return {
        "usable_satellites": block.usable[:, :cells],
        "reachable": block.reachable[:, :cells],
        "served": own,
        "serving_satellite": np.where(own, block.satellite[:, :cells], 0),
        "serving_gateway": np.where(own, block.gateway[:, :cells], 0).astype(np.int16),
        "lasers": np.where(own, block.lasers[:, :cells], 0).astype(np.int16),
        "elevation_deg": np.degrees(np.arcsin(block.sin_elevation[:, :cells])).astype(np.float32),
        "rtt_s": rtt_s[:, :cells],
        "beam_time": (block.beam_slices[:, :cells] / prepared.scenario.satellite.cells_per_beam).astype(np.float32),
        "terminals_connected": connected[:, :cells],
        **_site_variables(prepared, block, connected, load, rates),
        **_track_variables(prepared, block),
        "gateway_antennas": block.world.antennas.astype(np.int16),
        "gateway_antennas_in_use": block.antennas_in_use,
        "region_terminals_connected": by_region(connected[:, :cells]),
        "region_terminals_powered": by_region(block.world.ready[:, :cells]),
        "region_terminals_served": by_region(np.where(own, terminals, 0)),
        "region_cells_served": by_region(own.astype(np.int32)).astype(np.int32),
        "region_cells_reachable": by_region(block.reachable[:, :cells].astype(np.int32)).astype(np.int32),
        "region_terrestrial_down": block.world.terrestrial_down,
        "laser_links": block.laser_links,
        "satellites_tracked": block.antennas_in_use.sum(axis=1, dtype=np.int32),
        "handovers": block.handover[:, :cells].sum(axis=1, dtype=np.int32),
        "coverage_gap": block.coverage_gap,
        "event_active": block.world.active,
        **_rate_variables(prepared, block, rates),
        **service_variables(prepared, block, connected, rtt_s, load, rates),
        **_path_variables(prepared, block),
    }


def _path_variables(prepared: Prepared, block: Block) -> dict[str, Array]:
    """Variables of the paths between named ends."""
    count, slots = 0 if prepared.paths is None else len(prepared.paths.pair), len(block.slots)
    found = [one for one in block.paths if one is not None]

    def stack(values: list[Array], kind: type) -> Array:
        return np.array(values, kind).reshape(slots, count) if values else np.zeros((slots, count), kind)

    load = np.array([(one.load_mean, one.load_max) for one in found] or [(np.nan, np.nan)] * slots, np.float32)
    out = {
        "path_rtt_s": stack([one.path_m * (2.0 / SPEED_OF_LIGHT_M_S) for one in found], np.float32),
        "path_laser_m": stack([one.laser_m for one in found], np.float32),
        "path_lasers": stack([np.maximum(one.lasers, 0) for one in found], np.int16),
        "path_first_satellite": stack([np.maximum(one.first, 0) for one in found], np.int32),
        "path_last_satellite": stack([np.maximum(one.last, 0) for one in found], np.int32),
        "path_mark": stack([one.mark for one in found], np.uint64),
        "laser_load_mean": load[:, 0],
        "laser_load_max": load[:, 1],
    }
    for way, rates in (("there", [one.there_bps for one in found]), ("back", [one.back_bps for one in found])):
        out[f"path_{way}_bit_s"] = stack(rates, np.int64)
    return out


def _rate_variables(prepared: Prepared, block: Block, both: tuple[Rates | None, Rates | None]) -> dict[str, Array]:
    """Variables of both directions; NaN, or 0, where rates are not computed."""
    out: dict[str, Array] = {}
    cells, served = len(prepared.territory.cell_id), block.satellite >= 0
    for way, rates in zip(("down", "up"), both, strict=True):
        given = rates or no_rates(prepared, block)
        rate = stored_rate(given.served_bps) if rates else np.full(served.shape, np.nan, np.float32)
        peak = stored_rate(np.where(served, given.peak_bps, np.nan))
        for name, values in ((f"rate_{way}_bit_s", rate), (f"peak_{way}_bit_s", peak), (f"limit_{way}", given.limit)):
            out[name], out[f"site_{name}"] = values[:, :cells], values[:, cells:]
        out[f"region_offered_{way}_bit_s"] = prepared.territory.by_region(given.offered_bps[:, :cells])
        out[f"region_rate_{way}_bit_s"] = prepared.territory.by_region(given.served_bps[:, :cells])
        out[f"gateway_{way}_bit_s"] = given.gateway_bps
        if way == "down":
            # To 1/64 dB: most of the time there are a few hundredths.
            loss = (np.rint(given.rain_loss_db * np.float32(64.0)) / np.float32(64.0)).astype(np.float32)
            out["rain_loss_db"], out["site_rain_loss_db"] = loss[:, :cells], loss[:, cells:]
    return out


def stored_rate(values: Array) -> npt.NDArray[np.float32]:
    """Round to one part in 4,000, (...) float32: digits that no model warrants take up most of a store."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x400)) & np.uint32(0xFFFFF800)).view(np.float32)


def block_segments(prepared: Prepared, block: Block, load: Array, first: int) -> Array:
    """Compute the segments of the delay of the places from one on.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        T slots.
    load : () or (T, P) float64
        Load of the beams, 0 to 1, of all places.
    first : int
        First place.

    Returns
    -------
    (T, P - first, 8) float64
        s; NaN where not served.
    """
    satellite, gateway = block.satellite[:, first:], block.gateway[:, first:]
    served = satellite >= 0
    number = np.where(served, prepared.fleet.satellite_id[satellite], 0)
    draw = uniforms(
        prepared.scenario.seed, Purpose.ACCESS_DELAY, block.slots[:, None], number, prepared.place_key[None, first:]
    )
    rows = np.arange(len(block.slots))[:, None]
    # A row for no gateway: a study of paths may have none.
    routes = np.append(block.world.fibre_route_m, np.full((len(rows), 1), np.nan), axis=1)
    route = np.where(served, routes[rows, gateway], np.nan)
    parts = segments(
        block.slant_range_m[:, first:], block.feeder_range_m[:, first:], route, prepared.access,
        load[..., first:] if load.ndim else load, draw, prepared.scenario.fibre.velocity_factor,
        block.laser_m[:, first:], block.lasers[:, first:] * (prepared.hop_m / SPEED_OF_LIGHT_M_S),
    )  # fmt: skip
    parts[~served] = np.nan
    return parts


def _site_variables(
    prepared: Prepared,
    block: Block,
    connected: npt.NDArray[np.int32],
    load: Array,
    rates: tuple[Rates | None, Rates | None],
) -> dict[str, Array]:
    """Variables of the named sites, with the segments of their delay."""
    cells = len(prepared.territory.cell_id)
    satellite = block.satellite[:, cells:]
    gateway = block.gateway[:, cells:]
    served = satellite >= 0
    parts = block_segments(prepared, block, load, cells)
    busy = np.broadcast_to(load, block.satellite.shape)[:, cells:]
    idle_s = block.rtt_s[:, cells:] if load.ndim == 0 else parts.sum(axis=-1).astype(np.float32)
    sine, north = block.sin_elevation[:, cells:], block.north[:, cells:]
    loss = (
        np.full(served.shape, np.nan)
        if prepared.loss is None
        else slot_loss(prepared.loss, block.handover[:, cells:], busy, prepared.clock.interval_s)
    )
    return {
        "site_usable_satellites": block.usable[:, cells:],
        "site_reachable": block.reachable[:, cells:],
        "site_served": served,
        "site_connected": connected[:, cells:] > 0,
        "site_serving_satellite": np.where(served, satellite, 0),
        "site_serving_gateway": np.where(served, gateway, 0).astype(np.int16),
        "site_elevation_deg": np.degrees(np.arcsin(sine)).astype(np.float32),
        "site_azimuth_deg": _azimuths(prepared, block, sine, north),
        "site_segment_s": parts.astype(np.float32),
        "site_load": np.where(served, busy, np.nan).astype(np.float32),
        "site_rtt_s": idle_s,
        "site_rtt_p95_s": within_slot_quantile_s(parts, prepared.access, 0.95).astype(np.float32),
        **loaded_round_trips_s(prepared, idle_s, rates),
        "site_lasers": np.where(served, block.lasers[:, cells:], 0).astype(np.int16),
        "site_loss": np.where(served, loss, np.nan).astype(np.float32),
        "site_bursts_per_s": bursts_per_s(prepared, served, busy),
    }


def _track_variables(prepared: Prepared, block: Block) -> dict[str, Array]:
    """Where the moving sites are."""
    ways = [track.along(block.world.unix_s)[:2] for _, track in prepared.territory.tracks]
    place = np.array(ways, np.float64).reshape(len(ways), 2, len(block.slots))
    return {"track_latitude_deg": place[:, 0].T.copy(), "track_longitude_deg": place[:, 1].T.copy()}


def _azimuths(
    prepared: Prepared, block: Block, sine: npt.NDArray[np.float32], north: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Azimuth of the serving satellite of each site; the links carry only its north component."""
    cells = len(prepared.territory.cell_id)
    satellite = block.satellite[:, cells:]
    out = np.full(satellite.shape, np.nan, np.float32)
    if not out.size:
        return out
    unix_s = block.world.unix_s
    position = prepared.propagator.earth_fixed_positions(unix_s, prepared.orientation.ut1_minus_utc(unix_s))
    for t, time_s in enumerate(unix_s):
        places = prepared.territory.places_at(float(time_s))
        ray = position[t][:, satellite[t]].T - places.position_m[cells:]
        axes = places.east_north_up[cells:].reshape(-1, 3, 3)
        local = np.einsum("sij,sj->si", axes[:, :2], ray)
        out[t] = np.degrees(np.arctan2(local[:, 0], local[:, 1])) % 360.0
    out[satellite < 0] = np.nan
    return out
