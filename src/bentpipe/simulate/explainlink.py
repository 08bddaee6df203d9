"""The rates of one place in one slot, line by line: the budgets of its hops, the MODCOD, beam time, share and limit.

Rates are those of the run: the slot goes through `bentpipe.simulate.rates` again. The budgets are of the link that the
scheduler chose; where rates are shared over several satellites, the others are counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from bentpipe.errors import Fault, InputError
from bentpipe.link.budget import Budget, bent_pipe_budget, hop_budget
from bentpipe.link.hop import Path
from bentpipe.network.flows import Limit, SlotCapacity
from bentpipe.simulate.linkrates import Links, Sky, feeder_path, further_of, link_rates, serving_links, skies, user_path
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.radio import UNLIMITED_BPS, Direction
from bentpipe.simulate.rates import LIMITS, Rates, block_rates, slot_capacity, slot_links
from bentpipe.simulate.recipe import Block

LIMIT_WORDS = {
    Limit.UNSERVED: "not served, or it asks for nothing",
    Limit.DEMAND: "demand: it is given all that it asks for",
    Limit.CELL_SPECTRUM: "spectrum over the place",
    Limit.BEAM_TIME: "beam time that the scheduler gave",
    Limit.SATELLITE: "the satellite: its payload or its feeder link, less what the neighbours use",
    Limit.GATEWAY: "the gateway's connection to the internet",
    Limit.LASER: "a laser on the way to the gateway",
}
"""What each limit is, for people."""

TAGS = {"recalled": "documented (recalled)"}
NOT_GIVEN = "not in the catalogue: taken as none"


class _Setting(NamedTuple):
    """A slot of one row as the rates see it: weather, serving and further links."""

    prepared: Prepared
    block: Block
    place: int
    places: Sky
    gateways: Sky
    own: Links
    more: Links


def explain_rates(prepared: Prepared, block: Block, place: int) -> tuple[list[str], dict[str, Any]]:
    """Explain the rates of one place.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        The slot, scheduled: one row.
    place : int
        Index of the place.

    Returns
    -------
    lines : list of str
        For people.
    data : dict
        The same, with units in the keys.

    Raises
    ------
    InputError
        The scenario computes no rates.
    """
    radio = prepared.radio
    if radio is None:
        remedy = 'run it again with policies.sharing = "single-satellite"'
        what = "this run has no rates, so it has no link budget"
        raise InputError(Fault(what, "policies.sharing", "none", remedy=remedy))
    sky = skies(prepared, block.slots, 0)
    setting = _Setting(prepared, block, place, *sky, serving_links(block), further_of(block))
    data: dict[str, Any] = {"weather": _weather(setting), "sharing": prepared.scenario.policies.sharing}
    lines = ["", f"rates (simulated), shared by {data['sharing']}; weather: {_weather_words(data['weather'])}"]
    rates = block_rates(prepared, block)
    for name, direction, found in zip(("down", "up"), (radio.down, radio.up), rates, strict=True):
        if direction is None or found is None:
            data[name] = None
            lines.append(f"{name}: {'; '.join(radio.warnings) or 'no figures in the catalogue'}")
            continue
        data[name] = _direction(setting, direction, name, found)
        lines += _direction_lines(name, data[name])
    return lines, data


def _weather(setting: _Setting) -> dict[str, Any]:
    """Weather at the place and at the gateway that serves it."""
    block, place = setting.block, setting.place
    gateway = int(block.gateway[0, place]) if block.satellite[0, place] >= 0 else -1
    found: dict[str, Any] = {"mode": setting.prepared.scenario.weather.mode}
    for where, sky, index in (("place", setting.places, place), ("gateway", setting.gateways, gateway)):
        rain, rank = sky.rain_mm_h, sky.rank
        found[f"{where}_rain_mm_h"] = None if rain is None or index < 0 else float(rain[0, index])
        found[f"{where}_worse_percent"] = None if rank is None or index < 0 else 100.0 * float(rank[0, index])
    return found


def _weather_words(weather: dict[str, Any]) -> str:
    if weather["mode"] == "clear":
        return "clear sky everywhere"
    parts = []
    for where, words in (("place", "here"), ("gateway", "at its gateway")):
        rain, rank = weather[f"{where}_rain_mm_h"], weather[f"{where}_worse_percent"]
        if rain is not None:
            worse = "" if rank is None else f" (worse {rank:.2g} % of the time)"
            parts.append(f"{rain:.2g} mm/h of rain {words}{worse}")
    return f"{', '.join(parts)}, mode {weather['mode']}"


def _direction(setting: _Setting, direction: Direction, name: str, rates: Rates) -> dict[str, Any]:
    """One direction as data."""
    block, place = setting.block, setting.place
    limit = int(rates.limit[0, place])
    found: dict[str, Any] = {
        "budgets": [],
        "end_to_end": None,
        "modcod": None,
        "channel_bit_s": float(rates.channel_bps[0, place]),
        "asked_for_bit_s": int(rates.offered_bps[0, place]),
        "given_bit_s": int(rates.served_bps[0, place]),
        "terminals_on": int(block.world.ready[0, place]),
        "one_terminal_could_get_bit_s": None,
        "limit": LIMITS[limit],
        "limit_means": LIMIT_WORDS[Limit(limit)],
        "further_links": int((setting.more.place == place).sum()),
    }
    if block.satellite[0, place] < 0:
        return found
    budgets, whole = _budgets(setting, direction, name)
    found["budgets"] = [_as_data(budget) for budget in budgets]
    found["end_to_end"] = _as_data(whole)
    found["modcod"] = whole.modcod_name()
    found["rain_loss_db"] = float(rates.rain_loss_db[0, place])
    found["one_terminal_could_get_bit_s"] = float(rates.peak_bps[0, place])
    beams = int(block.beam_slices[0, place]) / setting.prepared.scenario.satellite.cells_per_beam
    found["beam_time_beams"] = beams
    return found | _capacities(setting, direction, name)


def _budgets(setting: _Setting, direction: Direction, name: str) -> tuple[tuple[Budget, ...], Budget]:
    """The hops in the order of the signal, and all together; the user link alone where the feeder does not limit."""
    prepared, profile = setting.prepared, direction.profile
    assert prepared.radio is not None
    own = np.flatnonzero(setting.own.place == setting.place)
    link = Links._make(column[own] for column in setting.own)
    side = direction.user[int(prepared.radio.dish[setting.place])]
    user = hop_budget(side.hop, _single(user_path(prepared, link, side, setting.places, name)[0]), profile)
    if direction.gateway is None or link.relayed.any():
        return (user,), user
    far = feeder_path(prepared, link, direction.gateway, setting.gateways)
    feeder = hop_budget(direction.gateway.hop, _single(far), profile)
    if name == "down":
        return (feeder, user), bent_pipe_budget(feeder, user, side.hop, profile)
    # The feeder repeats the user's channel, which is narrower than its own.
    repeated = replace(direction.gateway.hop, bandwidth_hz=side.hop.bandwidth_hz)
    return (user, feeder), bent_pipe_budget(user, feeder, repeated, profile)


def _single(path: Path) -> Path:
    return Path._make(column[0] for column in path)


def _as_data(budget: Budget) -> dict[str, Any]:
    keys = ("name", "value", "unit", "running_total", "running_unit", "tag", "source")
    rows: list[dict[str, Any]] = [dict(zip(keys, row, strict=True)) for row in budget.rows()]
    for row, line in zip(rows, budget, strict=True):
        row["kind"] = line.kind
        row["value"] = row["value"] if math.isfinite(row["value"]) else None
    return {"name": budget.name, "modcod": budget.modcod_name(), "lines": rows}


def _capacities(setting: _Setting, direction: Direction, name: str) -> dict[str, Any]:
    """What each step on the way has to give in this slot, bit/s; None where nothing limits it."""
    prepared, block, own, more = setting.prepared, setting.block, setting.own, setting.more
    sky = (setting.places, setting.gateways)
    bps = link_rates(prepared, own, direction, name, *sky)[0]
    further = link_rates(prepared, more, direction, name, *sky)[0]
    links = slot_links(block, 0, own, bps, more, further)
    capacity: SlotCapacity = slot_capacity(prepared, direction, float(block.world.unix_s[0]), links)
    serving = int(capacity.serving[setting.place])
    satellite = int(capacity.satellite[serving])
    relayed = bool(own.relayed[own.place == setting.place].any())
    if relayed:
        # Its own feeder is not on the way: what it carries is limited by its payload alone.
        payload = slot_capacity(prepared, replace(direction, gateway=None), float(block.world.unix_s[0]), links)
        capacity = capacity._replace(satellite_bps=payload.satellite_bps)
    return {
        "channels": direction.channels,
        "beam_cells": int(prepared.beam_cells[setting.place]),
        "beam_time_bit_s": int(capacity.beam_bps[serving]),
        "spectrum_bit_s": int(capacity.spectrum_bps[setting.place]),
        "satellite_bit_s": _limited(capacity.satellite_bps[satellite]),
        "lasers": int(block.lasers[0, setting.place]),
        "laser_bit_s": prepared.lasers.rate_bps if prepared.lasers is not None and relayed else None,
        "gateway_bit_s": _limited(capacity.gateway_bps[capacity.gateway[satellite]]),
    }


def _limited(bps: np.int64) -> int | None:
    return None if bps >= UNLIMITED_BPS // 2 else int(bps)


def _direction_lines(name: str, found: dict[str, Any]) -> Iterator[str]:
    """One direction for people."""
    yield ""
    if found["end_to_end"] is None:
        yield f"{name}: not served, so no link budget; asked for {rate_words(found['asked_for_bit_s'])}"
        return
    for budget in found["budgets"]:
        yield f"{name}, {budget['name']}"
        yield from _budget_lines(budget)
    if len(found["budgets"]) > 1:
        yield f"{name}, both hops through the satellite"
        yield from _budget_lines(found["end_to_end"])
    yield f"{name}, from the channel to the share"
    rows = {
        "MODCOD": found["modcod"],
        "one channel": rate_words(found["channel_bit_s"]),
        "beam time": f"{100 * found['beam_time_beams']:.2f} % of a beam: {rate_words(found['beam_time_bit_s'])}",
        "spectrum here": f"{found['channels']} channels in {_many(found['beam_cells'], 'beam cell')}: "
        f"{rate_words(found['spectrum_bit_s'])}",
        "satellite": f"{rate_words(found['satellite_bit_s'])}, for all its places",
        "lasers": f"{found['lasers']} on the way, {rate_words(found['laser_bit_s'])} each, for all that goes over it",
        "gateway": f"{rate_words(found['gateway_bit_s'])} set for its connection to the internet",
        "asked for": f"{rate_words(found['asked_for_bit_s'])} by {_many(found['terminals_on'], 'terminal')} "
        "with power and licence",
        "fair share": rate_words(found["given_bit_s"]),
        "what binds": found["limit_means"],
        "one terminal": f"could get {rate_words(found['one_terminal_could_get_bit_s'])} now, with the beam time that "
        "lies idle",
    }
    if not found["lasers"]:
        del rows["lasers"]
    if found["further_links"]:
        rows["further links"] = f"{_many(found['further_links'], 'more satellite')} may carry a part"
    for words, text in rows.items():
        yield f"  {words:<28} {text}"


def _budget_lines(budget: dict[str, Any]) -> Iterator[str]:
    wide = max(len(row["name"]) for row in budget["lines"])
    for row in budget["lines"]:
        value, tag = row["value"], TAGS.get(row["tag"], row["tag"])
        origin = NOT_GIVEN if (tag, row["source"]) == ("given", "argument") else f"{tag}: {row['source']}"
        text = "none" if value is None else _figure(value, row["unit"])
        total = "" if row["kind"] == "result" else _figure(row["running_total"], row["running_unit"])
        yield f"  {row['name']:<{wide}} {text:>17} {total:>17}  {origin}"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _figure(value: float, unit: str) -> str:
    if unit == "bit/s":
        return rate_words(value)
    return f"{value if abs(value) >= 0.005 else 0.0:.2f} {unit}"


def rate_words(bit_s: float | None) -> str:
    """Write a rate: "1.07 Gbit/s"; "no limit" for None.

    Parameters
    ----------
    bit_s : float or None
        Rate, bit/s.

    Returns
    -------
    str
    """
    if bit_s is None:
        return "no limit"
    for unit, size in (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if bit_s >= size:
            return f"{bit_s / size:.2f} {unit}"
    return f"{bit_s:.0f} bit/s"
