"""One radio hop (a transmitter, a channel, a receiver) and the paths it goes over.

A *hop* is what stays the same for many links: a user downlink of one operator to one kind of terminal, say. A *path* is
what differs between them: slant range, steering angles, weather; its fields are arrays of one shape.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.link.admissible import HIGHEST_FREQUENCY_HZ, LOWEST_FREQUENCY_HZ, fault_in
from bentpipe.link.antenna import RAIN_TEMPERATURE_K, WIDEST_SCAN_DEG

FloatArray = npt.NDArray[np.float64]

PFD_REFERENCE_HZ = 4_000.0
"""Reference bandwidth of power-flux densities, Hz (ITU Radio Regulations, Article 21)."""


@dataclass(frozen=True)
class Hop:
    """One radio hop; its numbers and where each comes from.

    Parameters
    ----------
    name : str
        Name for people: "user-down".
    frequency_hz : float
        Centre frequency, Hz.
    bandwidth_hz : float
        Bandwidth B of the channel, Hz, also that of the noise in C/N.
    g_t_db_k : float
        G/T of the receiver on its axis under clear sky, dB/K.
    eirp_dbw : float, optional
        Power radiated in the channel on the axis, dBW; this or the power-flux density is given.
    pfd_dbw_m2_4khz : float, optional
        Power-flux density at the ground under free-space propagation, dBW/m2 in 4 kHz, held whatever the range and
        the steering angle of the satellite.
    system_noise_k : float
        System noise temperature behind `g_t_db_k`, K; rain adds to it. Of no effect where `rain_temperature_k` is 0.
    rain_temperature_k : float
        Temperature of the rain that the receiver sees, K: 275 at a ground station, 0 at a satellite.
    transmit_scan_exponent, receive_scan_exponent : float
        Exponents of `bentpipe.link.antenna.scan_loss_db`; 0 for antennas that turn.
    roll_off : float
        Roll-off; the symbol rate is B / (1 + roll_off).
    payload_share : float
        Share of the symbols that carries coded payload, where the efficiency does not count it (OFDM).
    c_aci_db, c_asi_db, c_xpi_db, c_3im_db : float
        Carrier over interference of adjacent channels, of adjacent satellites, of the other polarisation and of
        intermodulation, dB; infinite for none.
    origin : mapping
        Name of a field to (tag, source): "documented", "assumed", "recalled", "computed" or "given".
    """

    name: str
    frequency_hz: float
    bandwidth_hz: float
    g_t_db_k: float
    eirp_dbw: float | None = None
    pfd_dbw_m2_4khz: float | None = None
    system_noise_k: float = 290.0
    rain_temperature_k: float = RAIN_TEMPERATURE_K
    transmit_scan_exponent: float = 0.0
    receive_scan_exponent: float = 0.0
    roll_off: float = 0.0
    payload_share: float = 1.0
    c_aci_db: float = math.inf
    c_asi_db: float = math.inf
    c_xpi_db: float = math.inf
    c_3im_db: float = math.inf
    origin: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no hop has, all at once."""
        faults = [*_range_faults(self), *_power_faults(self)]
        if faults:
            raise InputError(*faults)

    @property
    def symbol_rate_hz(self) -> float:
        """Symbols a second, B / (1 + roll_off), Hz."""
        return self.bandwidth_hz / (1.0 + self.roll_off)


_RANGES: tuple[tuple[str, str, float, float, str, str], ...] = (
    (
        "frequency_hz",
        "the frequency of a carrier is out of range",
        LOWEST_FREQUENCY_HZ,
        HIGHEST_FREQUENCY_HZ,
        "Hz",
        "give it in Hz: 12 GHz is 12e9",
    ),
    ("bandwidth_hz", "the bandwidth of a channel is out of range", 1e3, 1e10, "Hz", "give it in Hz"),
    ("g_t_db_k", "a G/T is out of range", -60.0, 60.0, "dB/K", ""),
    ("eirp_dbw", "an EIRP is out of range", -60.0, 110.0, "dBW", "30 dBm is 0 dBW"),
    ("pfd_dbw_m2_4khz", "a power-flux density is out of range", -250.0, -80.0, "dBW/m2 in 4 kHz", ""),
    ("system_noise_k", "a system noise temperature is out of range", 1.0, 1e6, "K", ""),
    ("rain_temperature_k", "the temperature of rain is out of range", 0.0, 400.0, "K", ""),
    ("transmit_scan_exponent", "the exponent of the scan law is out of range", 0.0, 4.0, "", ""),
    ("receive_scan_exponent", "the exponent of the scan law is out of range", 0.0, 4.0, "", ""),
    ("roll_off", "a roll-off is out of range", 0.0, 1.0, "", ""),
    ("payload_share", "a share of symbols is out of range", 0.01, 1.0, "", ""),
    ("c_aci_db", "a carrier-to-interference ratio is out of range", -30.0, math.inf, "dB", ""),
    ("c_asi_db", "a carrier-to-interference ratio is out of range", -30.0, math.inf, "dB", ""),
    ("c_xpi_db", "a carrier-to-interference ratio is out of range", -30.0, math.inf, "dB", ""),
    ("c_3im_db", "a carrier-to-interference ratio is out of range", -30.0, math.inf, "dB", ""),
)


def _range_faults(hop: Hop) -> list[Fault]:
    """Find values out of range."""
    found = []
    for key, what, low, high, unit, remedy in _RANGES:
        value = getattr(hop, key)
        if value is None:
            continue
        fault = fault_in(value, f"{hop.name}.{key}", what, low, high, unit, remedy)
        if fault is not None:
            found.append(fault)
    return found


def _power_faults(hop: Hop) -> list[Fault]:
    """Find contradictions between EIRP, power-flux density and steering."""
    if (hop.eirp_dbw is None) == (hop.pfd_dbw_m2_4khz is None):
        both = hop.eirp_dbw is not None
        return [
            Fault(
                "a hop has either an EIRP or a power-flux density at the ground",
                f"{hop.name}.eirp_dbw",
                "both" if both else "neither",
                "one of them",
                "leave one out" if both else "give one",
            )
        ]
    if hop.pfd_dbw_m2_4khz is not None and hop.transmit_scan_exponent != 0.0:
        return [
            Fault(
                "a satellite that holds its power-flux density makes up for its own steering",
                f"{hop.name}.transmit_scan_exponent",
                hop.transmit_scan_exponent,
                "0",
                "leave it out, or give the EIRP instead",
            )
        ]
    return []


class Path(NamedTuple):
    """What differs between the links of one hop; all arrays ``(...)`` float64 of one shape. See :func:`make_path`.

    Parameters
    ----------
    slant_range_m : ndarray
        Distance between the antennas, m.
    transmit_scan_deg, receive_scan_deg : ndarray
        Angle between beam and antenna axis at either end, degrees.
    atmospheric_loss_db : ndarray
        Loss in gases, cloud, rain and by scintillation, dB (ITU-R P.618).
    noisy_loss_db : ndarray
        The part of it that the clear sky does not have (rain and cloud), which also adds noise, dB.
    wet_antenna_loss_db : ndarray
        Loss of water on the ground antenna, dB; it adds noise too.
    """

    slant_range_m: FloatArray
    transmit_scan_deg: FloatArray
    receive_scan_deg: FloatArray
    atmospheric_loss_db: FloatArray
    noisy_loss_db: FloatArray
    wet_antenna_loss_db: FloatArray


_PATH_RANGES: tuple[tuple[str, float, float, str], ...] = (
    ("a slant range is out of range", 1e3, 1e9, "m"),
    ("the steering angle of an array is out of range", 0.0, WIDEST_SCAN_DEG, "degrees"),
    ("the steering angle of an array is out of range", 0.0, WIDEST_SCAN_DEG, "degrees"),
    ("an atmospheric loss is out of range", 0.0, 1e3, "dB"),
    ("a loss in rain and cloud is out of range", 0.0, 1e3, "dB"),
    ("the loss of a wet antenna is out of range", 0.0, 1e3, "dB"),
)


def make_path(
    slant_range_m: npt.ArrayLike,
    transmit_scan_deg: npt.ArrayLike = 0.0,
    receive_scan_deg: npt.ArrayLike = 0.0,
    atmospheric_loss_db: npt.ArrayLike = 0.0,
    noisy_loss_db: npt.ArrayLike = 0.0,
    wet_antenna_loss_db: npt.ArrayLike = 0.0,
) -> Path:
    """Broadcast the fields of a path to one shape and refuse what no path has, all at once.

    Parameters
    ----------
    slant_range_m, transmit_scan_deg, receive_scan_deg, atmospheric_loss_db, noisy_loss_db, wet_antenna_loss_db
        Array_like (...), see `Path`: m, degrees, dB.

    Returns
    -------
    Path
        Arrays of the common shape.

    Raises
    ------
    InputError
        Naming every field that is not a number or out of range.
    """
    given = (
        slant_range_m,
        transmit_scan_deg,
        receive_scan_deg,
        atmospheric_loss_db,
        noisy_loss_db,
        wet_antenna_loss_db,
    )
    faults = [
        fault_in(values, key, what, low, high, unit)
        for key, values, (what, low, high, unit) in zip(Path._fields, given, _PATH_RANGES, strict=True)
    ]
    if found := [fault for fault in faults if fault is not None]:
        raise InputError(*found)
    arrays = np.broadcast_arrays(*(np.asarray(values, dtype=np.float64) for values in given))
    return Path(*(np.ascontiguousarray(array).reshape(array.shape) for array in arrays))
