"""What the rates of a run rest on, for its manifest: how they are shared, and every figure of the radio catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bentpipe.catalog.radio import RadioLink, RadioValue, ofdm_limits, radio_link, satellite_capacity
from bentpipe.errors import InputError
from bentpipe.simulate.prepare import Prepared

UNITS = {
    "_hz": "Hz", "_dbw": "dBW", "_db_k": "dB/K", "_k": "K", "_dbw_m2_4khz": "dBW/m2 in 4 kHz", "_db": "dB",
    "_mm_h": "mm/h",
}  # fmt: skip
"""Units of the catalogue's values, by the end of their keys."""


def rate_inputs(prepared: Prepared) -> dict[str, Any] | None:
    """Say how the rates of a run come about.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    dict or None
        JSON types only; None for a run without rates.
    """
    radio, scenario = prepared.radio, prepared.scenario
    if radio is None:
        return None
    return {
        "sharing": scenario.policies.sharing,
        "operator": _operator(prepared),
        "weather": scenario.weather.mode,
        "exceeded_percent": scenario.weather.exceeded_percent if scenario.weather.mode == "exceeded" else None,
        "uplink": radio.up is not None,
        "uplink_missing": "" if radio.up is not None else "; ".join(radio.warnings),
        "down_kbps_per_user": scenario.demand.down_kbps_per_user,
        "up_kbps_per_user": scenario.demand.up_kbps_per_user,
        "terminal_duty_up": scenario.radio.terminal_duty_up,
        "nominal_channel_down_bit_s": round(radio.nominal_bps),
    }


def _operator(prepared: Prepared) -> str:
    return str(prepared.scenario.radio.operator or prepared.scenario.constellation.operator)


def radio_inputs(prepared: Prepared) -> list[dict[str, Any]]:
    """List the catalogue's values that the rates of a run use, as rows of the manifest's assumptions.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    list of dict
        Key, value, unit, tag ("documented", "recalled" or "assumed") and source; empty for a run without rates.
    """
    if prepared.radio is None:
        return []
    rows: dict[str, dict[str, Any]] = {}
    for key, unit, value in _values(prepared):
        row = {"value": value.value, "unit": unit, "tag": value.tag, "source": value.source, "date": ""}
        rows.setdefault(key, {"key": f"radio.{key}", **row, "note": "from bentpipe's catalogue of radio links"})
    return list(rows.values())


def _links(prepared: Prepared) -> Iterator[RadioLink]:
    scenario, operator = prepared.scenario, _operator(prepared)
    dishes = {scenario.terminals.dish, *(site.dish for site in prepared.territory.sites)}
    stations = sorted({str(scenario.dish(name).radio) for name in dishes})
    radio = prepared.radio
    assert radio is not None
    for way, feeder, direction in (("down", "up", radio.down), ("up", "down", radio.up)):
        if direction is None:
            continue
        yield from (radio_link(operator, f"user-{way}", station) for station in stations)
        if direction.gateway is not None:
            yield radio_link(operator, f"feeder-{feeder}")


def _values(prepared: Prepared) -> Iterator[tuple[str, str, RadioValue]]:
    """Key, unit and value of each figure in use."""
    for link in _links(prepared):
        wet = {"wet_saturation_db": link.wet_saturation_db, "wet_scale_mm_h": link.wet_scale_mm_h}
        given = {**link.values, **{key: value for key, value in wet.items() if value is not None}}
        for key, value in given.items():
            yield f"{link.direction}-{link.terminal}.{key}", _unit(key), value
        if link.modcods.endswith("-ofdm"):
            limits = ofdm_limits(link.modcods)
            for key in ("gap_db", "lowest_es_n0_db", "bits_per_symbol", "code_rate"):
                yield f"{link.modcods}.{key}", _unit(key), getattr(limits, key)
    yield from _capacities(prepared)


def _capacities(prepared: Prepared) -> Iterator[tuple[str, str, RadioValue]]:
    """What the satellites carry, where the scenario does not say so itself."""
    operator, own = _operator(prepared), prepared.scenario.radio
    newer = np.asarray(prepared.fleet.log_weight > 0.0)
    generations = [("v1", bool((~newer).any())), ("v2-mini", bool(newer.any()))]
    for generation, used in generations if operator == "starlink" else [("filed", True)]:
        try:
            found = satellite_capacity(operator, generation) if used else None
        except InputError:
            found = None
        for way in ("down", "up"):
            rate = None if found is None else getattr(found, f"{way}_bit_s")
            if found is not None and rate is not None and getattr(own, f"satellite_{way}_gbps") is None:
                yield f"satellite-{generation}.{way}_bit_s", "bit/s", RadioValue(rate, found.tag, found.source)


def _unit(key: str) -> str:
    ends = [end for end in sorted(UNITS, key=len, reverse=True) if key.endswith(end)]
    return UNITS[ends[0]] if ends else ""
