"""Modulation and coding: from Es/N0 to bits a symbol.

Two kinds of profile answer the same question. A *table* is a list of MODCODs with the Es/N0 each needs, as DVB-S2 and
S2X publish it. A *Shannon gap* is a formula with a cap, for OFDM links whose table is not public. A profile holds one
error criterion and one channel: thresholds for packet and for frame errors, for linear and for non-linear channels,
are never mixed in one profile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.link.admissible import fault_in, require

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FRAME_BITS = 64_800
"""Bits of a normal forward-error-correction frame (EN 302 307-1, section 5.3)."""


class ModcodProfile(NamedTuple):
    """What a receiver can decode at which Es/N0.

    Parameters
    ----------
    name : str
        Name for people.
    criterion : str
        Error criterion and channel for which the thresholds hold.
    row_names : tuple of str
        Names of the MODCODs (M); one name for a Shannon gap.
    threshold_db : (M,) float64
        Least Es/N0, dB, ascending, the implementation margin included.
    efficiency : (M,) float64
        Bits a symbol, ascending; for a Shannon gap the cap.
    gap_db : float
        Distance to Shannon's limit, dB; NaN for a table.
    """

    name: str
    criterion: str
    row_names: tuple[str, ...]
    threshold_db: FloatArray
    efficiency: FloatArray
    gap_db: float


def dvb_efficiency(bits_per_symbol: npt.ArrayLike, code_rate: npt.ArrayLike, bch_errors: npt.ArrayLike) -> FloatArray:
    """Bits a symbol of a DVB-S2 or S2X MODCOD: normal frames, no pilots.

    Parameters
    ----------
    bits_per_symbol : array_like (...)
        m: 2 for QPSK to 8 for 256APSK.
    code_rate : array_like (...)
        Rate r of the LDPC code, 0 to 1.
    bch_errors : array_like (...)
        Errors t that the outer BCH code corrects: 8, 10 or 12.

    Returns
    -------
    ndarray of float64 (...)
        (K - 80) / (90 (ceil(64800 / m / 90) + 1)), K = 64800 r - 16 t, bit/symbol (EN 302 307-1 V1.4.1, sections 5.2
        to 5.5: baseband header of 80 bits, slots of 90 symbols, a header of one slot).
    """
    m = require(bits_per_symbol, "bits_per_symbol", "the bits of a symbol are out of range", 1.0, 8.0)
    rate = require(code_rate, "code_rate", "a code rate is out of range", 0.01, 1.0)
    payload = FRAME_BITS * rate - 16.0 * np.asarray(bch_errors, dtype=np.float64) - 80.0
    return np.asarray(payload / (90.0 * (np.ceil(FRAME_BITS / m / 90.0) + 1.0)), dtype=np.float64)


def table_profile(
    name: str,
    criterion: str,
    row_names: Sequence[str],
    es_n0_db: npt.ArrayLike,
    efficiency: npt.ArrayLike,
    margin_db: float = 0.0,
) -> ModcodProfile:
    """Make a profile of a table of MODCODs, keeping only those that no other beats.

    Parameters
    ----------
    name, criterion : str
        As for `ModcodProfile`.
    row_names : sequence of str
        Names (R).
    es_n0_db : array_like (R,)
        Least Es/N0 of each, dB, all for the one criterion.
    efficiency : array_like (R,)
        Bits a symbol.
    margin_db : float
        Implementation margin added to every threshold, dB; 0 is an ideal receiver, 1 the example of the S2X
        guidelines (TR 102 376-2).

    Returns
    -------
    ModcodProfile
        Rows in ascending order of Es/N0 that raise the running maximum of the efficiency.
    """
    threshold = np.atleast_1d(require(es_n0_db, "es_n0_db", "a threshold is out of range", -30.0, 60.0, "dB"))
    bits = np.atleast_1d(require(efficiency, "efficiency", "an efficiency is out of range", 1e-6, 12.0, "bit/symbol"))
    margin = float(require(margin_db, "margin_db", "an implementation margin is out of range", 0.0, 20.0, "dB"))
    if not len(row_names) == len(threshold) == len(bits) > 0:
        raise InputError(
            Fault("a table of MODCODs needs one threshold and one efficiency a row", "row_names", len(row_names))
        )
    order = np.lexsort((-bits, threshold))
    before = np.concatenate(([0.0], np.maximum.accumulate(bits[order])[:-1]))
    kept = order[bits[order] > before]
    return ModcodProfile(
        name, criterion, tuple(row_names[i] for i in kept), threshold[kept] + margin, bits[kept], math.nan
    )


def shannon_profile(
    name: str, gap_db: float, lowest_es_n0_db: float, bits_per_symbol: float, code_rate: float
) -> ModcodProfile:
    """Make a profile of Shannon's limit at a distance, up to the highest modulation and code rate.

    Parameters
    ----------
    name : str
        Name for people.
    gap_db : float
        Distance to Shannon's limit, dB: coding and implementation together. S2X with ideal receivers stands 0.9 to
        2.5 dB off (mean 1.7, over its rows), implementation 1 to 1.7 dB more.
    lowest_es_n0_db : float
        Es/N0 below which nothing is decoded, dB.
    bits_per_symbol : float
        Of the highest modulation: 6 for 64QAM.
    code_rate : float
        Highest code rate.

    Returns
    -------
    ModcodProfile
        min(log2(1 + 10^((Es/N0 - gap)/10)), bits_per_symbol code_rate) (Shannon 1948, with a gap as in Forney and
        Ungerboeck, IEEE Trans. Inf. Theory 44 (1998) 2384).
    """
    faults = (
        fault_in(gap_db, "gap_db", "the gap to Shannon's limit is out of range", 0.0, 20.0, "dB"),
        fault_in(lowest_es_n0_db, "lowest_es_n0_db", "a threshold is out of range", -30.0, 60.0, "dB"),
        fault_in(bits_per_symbol, "bits_per_symbol", "the bits of a symbol are out of range", 1.0, 12.0),
        fault_in(code_rate, "code_rate", "a code rate is out of range", 0.01, 1.0),
    )
    if found := [fault for fault in faults if fault is not None]:
        raise InputError(*found)
    cap = np.array([bits_per_symbol * code_rate])
    label = f"{gap_db:g} dB off Shannon, at most {bits_per_symbol:g} bits at rate {code_rate:g}"
    return ModcodProfile(name, "Shannon gap", (label,), np.array([float(lowest_es_n0_db)]), cap, float(gap_db))


@kernel()
def efficiency_at(es_n0_db: float, threshold_db: FloatArray, efficiency: FloatArray, gap_db: float) -> float:
    """Bits a symbol at one Es/N0.

    Parameters
    ----------
    es_n0_db : float
        Es/N0, dB.
    threshold_db, efficiency, gap_db
        Of a `ModcodProfile`: (M,) dB, (M,) bit/symbol, dB.

    Returns
    -------
    float
        bit/symbol; 0 below the lowest threshold.
    """
    if not es_n0_db >= threshold_db[0]:
        return 0.0
    if gap_db == gap_db:  # a number: the formula
        return min(math.log2(1.0 + 10.0 ** (0.1 * (es_n0_db - gap_db))), float(efficiency[-1]))
    return float(efficiency[np.searchsorted(threshold_db, es_n0_db, side="right") - 1])


@kernel("void(float64[::1], float64[::1], float64[::1], float64, float64[::1])")
def efficiencies_into(
    es_n0_db: FloatArray, threshold_db: FloatArray, efficiency: FloatArray, gap_db: float, out: FloatArray
) -> None:
    """Bits a symbol of many links.

    Parameters
    ----------
    es_n0_db : (P,) float64
        Es/N0, dB.
    threshold_db, efficiency, gap_db
        Of a `ModcodProfile`: (M,) dB, (M,) bit/symbol, dB.
    out : (P,) float64
        Written: bit/symbol.
    """
    for i in range(len(es_n0_db)):
        out[i] = efficiency_at(es_n0_db[i], threshold_db, efficiency, gap_db)


def spectral_efficiency(es_n0_db: npt.ArrayLike, profile: ModcodProfile) -> FloatArray:
    """Bits a symbol at each Es/N0.

    Parameters
    ----------
    es_n0_db : array_like (...)
        Es/N0, or Es/(N0 + I0), dB; minus infinity is no signal.
    profile : ModcodProfile
        What the receiver can decode.

    Returns
    -------
    ndarray of float64 (...)
        bit/symbol; 0 below the lowest threshold. EN 302 307-1 Table 13 and EN 302 307-2 Table 20a, or Shannon 1948,
        by the profile.
    """
    values = require(es_n0_db, "es_n0_db", "Es/N0 is not a number", -math.inf, math.inf, "dB")
    flat = np.array(values, dtype=np.float64).ravel()
    out = np.empty_like(flat)
    efficiencies_into(flat, profile.threshold_db, profile.efficiency, profile.gap_db, out)
    return out.reshape(values.shape)


def chosen_row(es_n0_db: npt.ArrayLike, profile: ModcodProfile) -> IntArray:
    """Index of the MODCOD in use at each Es/N0.

    Parameters
    ----------
    es_n0_db : array_like (...)
        Es/N0, dB.
    profile : ModcodProfile
        What the receiver can decode.

    Returns
    -------
    ndarray of int64 (...)
        Row of `profile.row_names`; -1 below the lowest threshold.
    """
    values = require(es_n0_db, "es_n0_db", "Es/N0 is not a number", -math.inf, math.inf, "dB")
    return np.asarray(np.searchsorted(profile.threshold_db, values, side="right") - 1, dtype=np.int64)
