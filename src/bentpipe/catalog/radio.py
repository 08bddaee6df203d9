"""Radio links by operator: channels, powers, receivers, terminals, and the throughput of satellites.

The values stand in ``radio.toml`` beside this file, each with its tag and source. A link that lacks a value is refused
by name, with what is not known; nothing is filled in.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from bentpipe.errors import Fault, NotModelledError, UnknownNameError

Tag = Literal["documented", "assumed", "recalled"]
Direction = Literal["user-down", "user-up", "feeder-up", "feeder-down"]

DIRECTIONS: Final = ("user-down", "user-up", "feeder-up", "feeder-down")
"""Directions of a link: satellite to terminal, terminal to satellite, gateway to satellite, satellite to gateway."""

_SI: Final = {"frequency_ghz": ("frequency_hz", 1e9), "bandwidth_mhz": ("bandwidth_hz", 1e6)}
_NEEDED: Final = {"frequency_hz": "the frequency (frequency_ghz)", "bandwidth_hz": "the bandwidth (bandwidth_mhz)"}


@dataclass(frozen=True)
class RadioValue:
    """One number with where it comes from.

    Parameters
    ----------
    value : float
        In the unit of its key.
    tag : str
        "documented", "assumed" or "recalled".
    source : str
        Source, and why where it is assumed.
    """

    value: float
    tag: Tag
    source: str


@dataclass(frozen=True)
class RadioLink:
    """One direction of an operator's links with one kind of ground station.

    Parameters
    ----------
    operator, direction, terminal : str
        Names.
    channels : int
        Channels of a beam or gateway.
    spacing_hz : float
        Distance between channels, Hz.
    polarisations : int
        1 or 2 in use at once.
    modcods : str
        Name of the profile of MODCODs: "starlink-ofdm" or a table of `bentpipe.catalog.modcods`.
    values : mapping
        Keys are fields of `bentpipe.link.hop.Hop`; Hz, dBW, dB/K, K, dB.
    wet_saturation_db, wet_scale_mm_h : RadioValue or None
        Water on the ground antenna, for `bentpipe.link.antenna.wet_antenna_loss_db`.
    note : str
        What else there is to say.
    """

    operator: str
    direction: str
    terminal: str
    channels: int
    spacing_hz: float
    polarisations: int
    modcods: str
    values: Mapping[str, RadioValue]
    wet_saturation_db: RadioValue | None
    wet_scale_mm_h: RadioValue | None
    note: str

    @property
    def name(self) -> str:
        """Name for people."""
        return f"{self.operator} {self.direction} ({self.terminal})"

    def numbers(self) -> dict[str, float]:
        """Return the plain values, by field of `bentpipe.link.hop.Hop`: Hz, dBW, dB/K, K, dB."""
        return {key: entry.value for key, entry in self.values.items()}

    def origin(self) -> dict[str, tuple[str, str]]:
        """Return (tag, source) of each value, by field of `bentpipe.link.hop.Hop`."""
        return {key: (entry.tag, entry.source) for key, entry in self.values.items()}


@dataclass(frozen=True)
class SatelliteCapacity:
    """Throughput of one satellite.

    Parameters
    ----------
    operator, generation : str
        Names.
    down_bit_s : float
        Towards users, bit/s.
    up_bit_s : float or None
        From users, bit/s; None where it is not stated.
    tag, source : str
        Where from.
    """

    operator: str
    generation: str
    down_bit_s: float
    up_bit_s: float | None
    tag: Tag
    source: str


@dataclass(frozen=True)
class OfdmLimits:
    """Numbers of a Shannon-gap profile, for `bentpipe.link.modcod.shannon_profile`.

    Parameters
    ----------
    name : str
        Name.
    gap_db, lowest_es_n0_db : RadioValue
        dB.
    bits_per_symbol, code_rate : RadioValue
        Highest modulation and code rate.
    """

    name: str
    gap_db: RadioValue
    lowest_es_n0_db: RadioValue
    bits_per_symbol: RadioValue
    code_rate: RadioValue


@cache
def _tables() -> Mapping[str, Any]:
    """Read the file once."""
    text = files("bentpipe.catalog").joinpath("radio.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def _value(entry: list[Any]) -> RadioValue:
    """Make a value of [number, tag, source, note]."""
    number, tag, source, *note = entry
    text = ": ".join([_tables()["sources"][source], *note])
    return RadioValue(float(number), cast("Tag", tag), text)


def _find(kind: str, what: str, wanted: Mapping[str, str]) -> Mapping[str, Any]:
    """Find the table of a kind whose keys are as wanted, or name those that there are."""
    rows: list[Mapping[str, Any]] = _tables()[kind]
    for depth, (key, text) in enumerate(wanted.items()):
        value = text.strip().casefold()
        found = [row for row in rows if row[key] == value]
        if not found:
            names = sorted({row[key] for row in rows})
            close = difflib.get_close_matches(value, names, 1)
            within = " of ".join([what, *(str(v) for v in list(wanted.values())[:depth])])
            remedy = f"did you mean {close[0]!r}?" if close else ""
            raise UnknownNameError(Fault(f"no {within} has this {key}", key, text, ", ".join(names), remedy))
        rows = found
    return rows[0]


def radio_operators() -> tuple[str, ...]:
    """Return the operators that have links in the catalogue."""
    return tuple(sorted({row["operator"] for row in _tables()["link"]}))


def radio_terminals(operator: str) -> tuple[str, ...]:
    """Return the ground stations of an operator.

    Parameters
    ----------
    operator : str
        Name, whatever the case.

    Returns
    -------
    tuple of str
    """
    _find("terminal", "ground station", {"operator": operator})
    return tuple(row["name"] for row in _tables()["terminal"] if row["operator"] == operator.strip().casefold())


def radio_link(operator: str, direction: Direction | str, terminal: str | None = None) -> RadioLink:
    """Return a link of an operator with all that a hop needs.

    Parameters
    ----------
    operator : str
        One of :func:`radio_operators`, whatever the case.
    direction : str
        One of :data:`DIRECTIONS`.
    terminal : str, optional
        One of :func:`radio_terminals`; else "standard", on feeder links "gateway".

    Returns
    -------
    RadioLink
        Values with tag and source: Hz, dBW, dB/K, K, dB.

    Raises
    ------
    UnknownNameError
        For a name that is not in the catalogue.
    NotModelledError
        Where a value that the link needs is not known.
    """
    links = _tables()["link"]
    way = direction.strip().casefold()
    _find("link", "link", {"operator": operator})
    if way in DIRECTIONS and (operator.strip().casefold(), way) not in {(r["operator"], r["direction"]) for r in links}:
        raise _not_modelled(f"{operator} {direction}", "our sources have none of its figures")
    row = _find("link", "link", {"operator": operator, "direction": direction})
    feeder = row["direction"].startswith("feeder")
    station = terminal or ("gateway" if feeder else "standard")
    ground = _find("terminal", "ground station", {"operator": operator, "name": station})
    values = {_SI.get(key, (key, 1.0))[0]: _scaled(key, entry) for key, entry in row["values"].items()}
    down = row["direction"].endswith("-down")
    _add_ground(values, ground["values"], down)
    _refuse_unknown(f"{row['operator']} {row['direction']}", down, values)
    wet = {key: _value(entry) for key, entry in ground["values"].items() if key.startswith("wet_")}
    return RadioLink(
        row["operator"],
        row["direction"],
        ground["name"],
        row["channels"],
        row["spacing_mhz"] * 1e6,
        row["polarisations"],
        row["modcods"],
        MappingProxyType(values),
        wet.get("wet_saturation_db"),
        wet.get("wet_scale_mm_h"),
        f"{row['note']} {ground['note']}",
    )


def assumed_feeder(operator: str) -> str | None:
    """Tell whether an operator's feeder is assumed not to limit, and why.

    Parameters
    ----------
    operator : str
        Name, whatever the case.

    Returns
    -------
    str or None
        The assumption, in words; None where the feeder has links of its own, or none are known.
    """
    rows = _tables()["feeder-assumed"]
    return next((row["note"] for row in rows if row["operator"] == operator.strip().casefold()), None)


def _scaled(key: str, entry: list[Any]) -> RadioValue:
    """Make a value in SI units."""
    value = _value(entry)
    return RadioValue(value.value * _SI.get(key, (key, 1.0))[1], value.tag, value.source)


def _add_ground(values: dict[str, RadioValue], ground: Mapping[str, list[Any]], down: bool) -> None:
    """Add what the ground station brings: G/T and noise of a receiver, power of a transmitter, steering of both."""
    for key in ("g_t_db_k", "system_noise_k") if down else ("eirp_dbw",):
        if key in ground and key not in values:
            values[key] = _value(ground[key])
    if "scan_exponent" in ground:
        values["receive_scan_exponent" if down else "transmit_scan_exponent"] = _value(ground["scan_exponent"])


def _refuse_unknown(link: str, down: bool, values: Mapping[str, RadioValue]) -> None:
    """Refuse a link with something missing, naming it."""
    transmitter, receiver = ("satellite", "ground station") if down else ("ground station", "satellite")
    missing = [text for key, text in _NEEDED.items() if key not in values]
    if "g_t_db_k" not in values:
        missing.append(f"the G/T of the {receiver} (g_t_db_k)")
    if not {"eirp_dbw", "pfd_dbw_m2_4khz"} & set(values):
        missing.append(f"the power of the {transmitter} (eirp_dbw or pfd_dbw_m2_4khz)")
    if missing:
        raise _not_modelled(link, "not in our sources: " + ", ".join(missing))


def _not_modelled(link: str, reason: str) -> NotModelledError:
    """Make the refusal of a link."""
    remedy = "build a bentpipe.link.hop.Hop with figures of your own"
    return NotModelledError(Fault(f"no link budget of {link}; {reason}", "catalog/radio.toml", None, "", remedy))


def satellite_capacity(operator: str, generation: str) -> SatelliteCapacity:
    """Return the throughput of one satellite.

    Parameters
    ----------
    operator : str
        Name, whatever the case.
    generation : str
        "v1", "v2-mini" or "v3" of Starlink; "filed" of the systems of del Portillo and others 2019.

    Returns
    -------
    SatelliteCapacity
        bit/s, with tag and source.

    Raises
    ------
    UnknownNameError
        For a name that is not in the catalogue.
    """
    row = _find("capacity", "satellite", {"operator": operator, "generation": generation})
    up = row.get("up_gbit_s")
    source = f"{_tables()['sources'][row['source']]}: {row['note']}"
    return SatelliteCapacity(
        row["operator"],
        row["generation"],
        row["down_gbit_s"] * 1e9,
        None if up is None else up * 1e9,
        row["tag"],
        source,
    )


def ofdm_limits(name: str) -> OfdmLimits:
    """Return the numbers of a Shannon-gap profile.

    Parameters
    ----------
    name : str
        "starlink-ofdm".

    Returns
    -------
    OfdmLimits
        dB, bit/symbol, with tag and source.

    Raises
    ------
    UnknownNameError
        For a name that is not in the catalogue.
    """
    row = _find("ofdm", "OFDM profile", {"name": name})
    keys = ("gap_db", "lowest_es_n0_db", "bits_per_symbol", "code_rate")
    return OfdmLimits(row["name"], *(_value(row["values"][key]) for key in keys))
