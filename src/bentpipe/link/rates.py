"""C/N and bit rate of many paths at once, without the lines of a budget; bent pipe and regenerative satellites."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.link.admissible import require
from bentpipe.link.hop import PFD_REFERENCE_HZ, Hop, Path
from bentpipe.link.modcod import ModcodProfile, efficiency_at, spectral_efficiency
from bentpipe.link.p525 import SPEED_OF_LIGHT_M_S

FloatArray = npt.NDArray[np.float64]

BOLTZMANN_J_K = 1.380649e-23
"""Boltzmann's constant, J/K (SI, exact)."""

BOLTZMANN_DBW_K_HZ = 10.0 * math.log10(BOLTZMANN_J_K)
"""The same, -228.599 dBW/(K Hz)."""


class HopRates(NamedTuple):
    """What a hop gives on each path; all arrays ``(...)`` float64.

    Parameters
    ----------
    c_n_db : ndarray
        Carrier over thermal noise in the channel, dB.
    c_ni_db : ndarray
        Carrier over noise and interference in the channel, dB.
    es_n0_db : ndarray
        Energy of a symbol over the density of noise and interference, dB.
    bit_rate_bit_s : ndarray
        Bit rate of the channel, bit/s; 0 where no MODCOD works.
    """

    c_n_db: FloatArray
    c_ni_db: FloatArray
    es_n0_db: FloatArray
    bit_rate_bit_s: FloatArray


def interference_share(hop: Hop) -> float:
    """Sum up the interference of a hop as a share of the carrier's power.

    Parameters
    ----------
    hop : Hop
        The hop.

    Returns
    -------
    float
        Sum of 10^(-(C/I)/10) over its four kinds of interference, dimensionless; 0 for none. The ratios are taken to
        hold in rain as well: interference that comes the same way fades with the carrier.
    """
    terms = (hop.c_aci_db, hop.c_asi_db, hop.c_xpi_db, hop.c_3im_db)
    return sum(0.0 if math.isinf(term) else 10.0 ** (-term / 10.0) for term in terms)


def fixed_db(hop: Hop) -> float:
    """Sum up what does not depend on the path, the range in metres left out.

    Parameters
    ----------
    hop : Hop
        The hop.

    Returns
    -------
    float
        EIRP - 20 lg(4 pi f / c) + G/T - k - 10 lg B, or power-flux density + 10 lg(1 / 4 kHz) + 10 lg(lambda^2 / 4 pi)
        + G/T - k, dB (ITU-R P.525-4; Radio Regulations Article 21 for the 4 kHz).
    """
    receiver = hop.g_t_db_k - BOLTZMANN_DBW_K_HZ
    if hop.pfd_dbw_m2_4khz is not None:
        return hop.pfd_dbw_m2_4khz - 10.0 * math.log10(PFD_REFERENCE_HZ) + isotropic_aperture_db(hop) + receiver
    assert hop.eirp_dbw is not None
    spread = 20.0 * math.log10(4.0 * math.pi / SPEED_OF_LIGHT_M_S * hop.frequency_hz)
    return hop.eirp_dbw - spread + receiver - 10.0 * math.log10(hop.bandwidth_hz)


def isotropic_aperture_db(hop: Hop) -> float:
    """Area that an isotropic antenna collects from.

    Parameters
    ----------
    hop : Hop
        The hop.

    Returns
    -------
    float
        10 lg(lambda^2 / (4 pi)), dB above 1 m2 (ITU-R P.525-4).
    """
    wavelength = SPEED_OF_LIGHT_M_S / hop.frequency_hz
    return 10.0 * math.log10(wavelength * wavelength / (4.0 * math.pi))


@kernel()
def path_c_n_db(
    fixed: float,
    range_factor: float,
    transmit_exponent: float,
    receive_exponent: float,
    rain_over_noise: float,
    slant_range_m: float,
    transmit_scan_deg: float,
    receive_scan_deg: float,
    atmospheric_loss_db: float,
    noisy_loss_db: float,
    wet_antenna_loss_db: float,
) -> float:
    """Carrier over thermal noise of one path.

    Parameters
    ----------
    fixed : float
        :func:`fixed_db`, dB.
    range_factor : float
        20 for a given EIRP, 0 for a given power-flux density.
    transmit_exponent, receive_exponent : float
        Exponents of the scan law.
    rain_over_noise : float
        Temperature of rain over the system's noise temperature under clear sky; 0 at a satellite.
    slant_range_m, transmit_scan_deg, receive_scan_deg, atmospheric_loss_db, noisy_loss_db, wet_antenna_loss_db : float
        Fields of `bentpipe.link.hop.Path`: m, degrees, dB.

    Returns
    -------
    float
        C/N, dB.
    """
    out = fixed - atmospheric_loss_db - wet_antenna_loss_db
    if range_factor != 0.0:
        out -= range_factor * math.log10(slant_range_m)
    if transmit_exponent != 0.0:
        out += 10.0 * transmit_exponent * math.log10(math.cos(math.radians(transmit_scan_deg)))
    if receive_exponent != 0.0:
        out += 10.0 * receive_exponent * math.log10(math.cos(math.radians(receive_scan_deg)))
    noisy = noisy_loss_db + wet_antenna_loss_db
    if rain_over_noise != 0.0 and noisy > 0.0:
        out -= 10.0 * math.log10(1.0 + rain_over_noise * (1.0 - 10.0 ** (-0.1 * noisy)))
    return out


@kernel(
    "void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1], float64[::1], float64, float64[:, ::1])"
)
def _rates_into(
    numbers: FloatArray,
    slant_range_m: FloatArray,
    transmit_scan_deg: FloatArray,
    receive_scan_deg: FloatArray,
    atmospheric_loss_db: FloatArray,
    noisy_loss_db: FloatArray,
    wet_antenna_loss_db: FloatArray,
    threshold_db: FloatArray,
    efficiency: FloatArray,
    gap_db: float,
    out: FloatArray,
) -> None:
    """Write C/N, C/(N+I), Es/(N0+I0) and bit rate of each path into the rows of `out`."""
    interference, symbol_gain_db, payload_rate_hz = numbers[5], numbers[6], numbers[7]
    for i in range(len(slant_range_m)):
        c_n = path_c_n_db(
            numbers[0],
            numbers[1],
            numbers[2],
            numbers[3],
            numbers[4],
            slant_range_m[i],
            transmit_scan_deg[i],
            receive_scan_deg[i],
            atmospheric_loss_db[i],
            noisy_loss_db[i],
            wet_antenna_loss_db[i],
        )
        c_ni = c_n
        if interference > 0.0:
            c_ni = -10.0 * math.log10(10.0 ** (-0.1 * c_n) + interference)
        out[0, i], out[1, i], out[2, i] = c_n, c_ni, c_ni + symbol_gain_db
        out[3, i] = payload_rate_hz * efficiency_at(out[2, i], threshold_db, efficiency, gap_db)


def hop_rates(hop: Hop, path: Path, profile: ModcodProfile) -> HopRates:
    """C/N and bit rate of a hop over many paths.

    Parameters
    ----------
    hop : Hop
        Transmitter, channel, receiver.
    path : Path
        Paths (...), from `bentpipe.link.hop.make_path`.
    profile : ModcodProfile
        What the receiver can decode.

    Returns
    -------
    HopRates
        Arrays (...): dB and bit/s, the same as the lines of `bentpipe.link.budget.hop_budget`. ITU-R P.525-4, P.618-14
        (noise in rain).
    """
    by_range = hop.eirp_dbw is not None
    numbers = np.array(
        [
            fixed_db(hop),
            20.0 if by_range else 0.0,
            hop.transmit_scan_exponent,
            hop.receive_scan_exponent,
            hop.rain_temperature_k / hop.system_noise_k,
            interference_share(hop),
            10.0 * math.log10(1.0 + hop.roll_off),
            hop.symbol_rate_hz * hop.payload_share,
        ]
    )
    shape = path.slant_range_m.shape
    ranges, transmit, receive, loss, noisy, wet = (np.array(values, dtype=np.float64).ravel() for values in path)
    out = np.empty((4, ranges.size))
    table = (profile.threshold_db, profile.efficiency, profile.gap_db)
    _rates_into(numbers, ranges, transmit, receive, loss, noisy, wet, *table, out)
    return HopRates(*(row.reshape(shape) for row in out))


def combined_c_n_db(*c_n_db: npt.ArrayLike) -> FloatArray:
    """Carrier over the sum of several noises, each given as a carrier-to-noise ratio in the same bandwidth.

    Parameters
    ----------
    *c_n_db : array_like (...)
        Ratios, dB; infinite for none, minus infinity for no carrier.

    Returns
    -------
    ndarray of float64 (...)
        -10 lg(sum of 10^(-(C/N)/10)), dB. For a transparent transponder: 1/(C/N) = 1/(C/N)up + 1/(C/N)down (Maral,
        Bousquet and Sun, Satellite Communications Systems, 5th ed. 2009, section 5.9; the product term of a
        transponder that also radiates its uplink noise is neglected there too, 0.11 dB where both are 13 dB,
        0.01 dB at 26 dB).
    """
    total: FloatArray = np.zeros(())
    for ratio in c_n_db:
        values = require(ratio, "c_n_db", "a carrier-to-noise ratio is not a number", -math.inf, math.inf, "dB")
        total = total + 10.0 ** (-values / 10.0)
    with np.errstate(divide="ignore"):
        return np.asarray(-10.0 * np.log10(total), dtype=np.float64)


def bent_pipe_rates(up: HopRates, down: HopRates, down_hop: Hop, profile: ModcodProfile) -> HopRates:
    """C/N and bit rate through a transparent satellite, which repeats the uplink's noise.

    Parameters
    ----------
    up, down : HopRates
        Of the two hops, broadcastable (...), each over the same channel.
    down_hop : Hop
        The second hop: its roll-off, symbol rate and payload share hold from end to end.
    profile : ModcodProfile
        What the last receiver can decode.

    Returns
    -------
    HopRates
        Arrays (...): dB and bit/s, by :func:`combined_c_n_db` (Maral, Bousquet and Sun 2009, section 5.9).
    """
    c_n = combined_c_n_db(up.c_n_db, down.c_n_db)
    c_ni = combined_c_n_db(up.c_ni_db, down.c_ni_db)
    es_n0 = c_ni + 10.0 * math.log10(1.0 + down_hop.roll_off)
    rate = spectral_efficiency(es_n0, profile) * (down_hop.symbol_rate_hz * down_hop.payload_share)
    return HopRates(c_n, c_ni, es_n0, rate)


def regenerative_bit_rate_bit_s(up: HopRates, down: HopRates) -> FloatArray:
    """Bit rate through a satellite that decodes and encodes anew: that of the slower hop.

    Parameters
    ----------
    up, down : HopRates
        Of the two hops, broadcastable (...), each with the MODCOD that its own C/N allows.

    Returns
    -------
    ndarray of float64 (...)
        min(up, down), bit/s (Maral, Bousquet and Sun 2009, section 5.10). Where many user channels share a feeder,
        sharing it is the business of `network`.
    """
    return np.minimum(up.bit_rate_bit_s, down.bit_rate_bit_s)
