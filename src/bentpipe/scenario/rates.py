"""What decides rates: the radio links, the weather, and what people ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from bentpipe.scenario.values import Choice, FileName, Flag, Frozen, FrozenMap, Id, Number, Part

Operator = Literal["geostationary", "kuiper", "oneweb", "spacex-2019", "starlink", "telesat"]
"""Operators whose radio links stand in the catalogue."""

EVENING_PEAK = (
    0.56, 0.43, 0.34, 0.29, 0.27, 0.29, 0.36, 0.46, 0.55, 0.60, 0.63, 0.65,
    0.67, 0.68, 0.69, 0.71, 0.75, 0.81, 0.89, 0.96, 1.00, 0.98, 0.88, 0.72,
)  # fmt: skip
"""Traffic of each hour of the local solar day over that of the busiest: an assumed residential curve."""

Kbps = Annotated[float, Number(0, 10_000_000, "kbit/s")]
Weight = Annotated[int, Number(1, 1_000, "(a whole weight)", whole=True)]


class Radio(Part):
    """The radio links.

    Parameters
    ----------
    operator : str, optional
        Whose links, from the catalogue; the constellation's operator where absent.
    satellite_down_gbps, satellite_up_gbps : float, optional
        What one satellite carries towards users and from them, Gbit/s; by its generation where absent.
    gateway_backhaul_gbps : float, optional
        What the fibre of one gateway carries, Gbit/s; no limit where absent.
    terminal_duty_up : float
        Share of the time that one terminal may send.
    """

    operator: Annotated[Operator, Choice()] | None = None
    satellite_down_gbps: Annotated[float, Number(0, 100_000, "Gbit/s", above=True)] | None = None
    satellite_up_gbps: Annotated[float, Number(0, 100_000, "Gbit/s", above=True)] | None = None
    gateway_backhaul_gbps: Annotated[float, Number(0, 100_000, "Gbit/s", above=True)] | None = None
    terminal_duty_up: Annotated[float, Number(0, 1, above=True)] = 0.11


class Weather(Part):
    """The weather on the user links and at the gateways.

    Parameters
    ----------
    mode : str
        "clear": gases of the mean global atmosphere, no rain; "exceeded": everywhere as bad as in
        `exceeded_percent` of an average year; "series": rain that crosses the map, drawn by the seed; "file": the
        rain of `rain_file`, gases as in "clear".
    exceeded_percent : float
        For "exceeded", % of the time.
    table : pathlib.Path, optional
        Climate of places (CSV or NPZ, made by tools/build_weather.py) instead of the built-in points.
    rain_file : pathlib.Path, optional
        Rain in mm/h over time, latitude and longitude (Zarr or NetCDF).
    wind_east_m_s, wind_north_m_s : float
        Drift of the rain of "series", m/s.
    """

    mode: Annotated[Literal["clear", "exceeded", "series", "file"], Choice()] = "clear"
    exceeded_percent: Annotated[float, Number(0.001, 100, "% of the time")] = 1.0
    table: FileName | None = None
    rain_file: FileName | None = None
    wind_east_m_s: Annotated[float, Number(-100, 100, "m/s")] = 10.0
    wind_north_m_s: Annotated[float, Number(-100, 100, "m/s")] = 0.0


class Demand(Part):
    """What the terminals ask for.

    Parameters
    ----------
    down_kbps_per_user, up_kbps_per_user : float
        Mean rate of one user in the busiest hour, kbit/s.
    diurnal : tuple of float
        24 factors on it, one for each hour of the local solar day from midnight on.
    background_diurnal : bool
        Whether the neighbours' share (`satellite.background_share`) follows the same curve, or holds all day.
    weights : mapping of str to int
        Weight of a terminal by its kind (of `terminals.kinds` or of a site) where capacity is short; 1 where not
        named.
    strict : bool
        Whether kinds of a higher weight are served in full before the others get anything.
    """

    down_kbps_per_user: Kbps = 300.0
    up_kbps_per_user: Kbps = 30.0
    diurnal: tuple[Annotated[float, Number(0, 10)], ...] = EVENING_PEAK
    background_diurnal: Flag = False
    weights: Annotated[Mapping[Id, Weight], *Frozen] = FrozenMap()
    strict: Flag = False
