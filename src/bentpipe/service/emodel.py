"""Voice quality: the E-model of Recommendation ITU-T G.107 (06/2015), narrowband handset telephony.

``R = Ro - Is - Id - Ie,eff + A``: a signal-to-noise ratio less what impairs speech as it is spoken (loudness,
sidetone, quantizing), later than it is spoken (echo, delay), and what coding and lost packets do. Parameters carry
the symbols and units of the Recommendation (dB, dBm0p, ms, %), so that its tables can be compared line by line;
:func:`voice_rating` takes SI units. The wideband and fullband models are other Recommendations and are refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.errors import Fault, InputError, NotModelledError
from bentpipe.kernel import kernel

FloatArray = NDArray[np.float64]

NOT_MODELLED: Final = {
    "G.107.1": "the wideband E-model",
    "G.107.2": "the fullband E-model",
}
"""E-models that are refused by name."""

PERMITTED: Final[dict[str, tuple[float, float]]] = {
    "slr": (0.0, 18.0),
    "rlr": (-5.0, 14.0),
    "stmr": (10.0, 20.0),
    "lstr": (13.0, 23.0),
    "ds": (-3.0, 3.0),
    "dr": (-3.0, 3.0),
    "telr": (5.0, 65.0),
    "wepl": (5.0, 110.0),
    "t_ms": (0.0, 500.0),
    "tr_ms": (0.0, 1000.0),
    "ta_ms": (0.0, 500.0),
    "qdu": (1.0, 14.0),
    "ie": (0.0, 40.0),
    "bpl": (4.3, 40.0),
    "ppl_percent": (0.0, 20.0),
    "burst_r": (1.0, 8.0),
    "nc_dbm0p": (-80.0, -40.0),
    "ps_dba": (35.0, 85.0),
    "pr_dba": (35.0, 85.0),
    "a": (0.0, 20.0),
}
"""Permitted ranges (G.107, table of default values and permitted ranges)."""


@dataclass(frozen=True)
class EModel:
    """Parameters of the E-model with the default values of ITU-T G.107 (06/2015).

    Parameters
    ----------
    slr, rlr : float
        Send and receive loudness rating, dB.
    stmr : float
        Sidetone masking rating, dB.
    lstr : float, optional
        Listener sidetone rating, dB; where not given, `stmr` + `dr`, the Recommendation's fixed relation.
    ds, dr : float
        D-value of the telephone at the send and the receive side, dB.
    telr : float
        Talker echo loudness rating, dB.
    wepl : float
        Weighted echo path loss, dB.
    t_ms : float
        Mean one-way delay of the echo path, ms.
    tr_ms : float
        Round-trip delay in the four-wire loop, ms.
    ta_ms : float
        Absolute delay in echo-free connections, ms.
    qdu : float
        Quantization distortion units.
    ie : float
        Equipment impairment factor of the codec, from ITU-T G.113.
    bpl : float
        Packet-loss robustness of the codec, %, from ITU-T G.113; 4.3 is that of G.711 without concealment.
    ppl_percent : float
        Random packet-loss probability, %.
    burst_r : float
        Burst ratio: mean length of the bursts of loss over that of random loss of the same probability.
    nc_dbm0p : float
        Circuit noise referred to the 0 dBr point, dBm0p.
    nfor_dbmp : float
        Noise floor at the receive side, dBmp.
    ps_dba, pr_dba : float
        Room noise at the send and the receive side, dB(A).
    a : float
        Advantage factor.
    s_t : float
        Delay sensitivity: 1 default, 0.55 low, 0.4 very low.
    m_t_ms : float
        Minimum perceivable delay, ms: 100 default, 120 low, 150 very low sensitivity.

    Notes
    -----
    Ie, Bpl and the burst ratio hold for the codec alone: G.711 0 and 4.3 (25.1 with concealment), G.729A 11 and 19.
    """

    slr: float = 8.0
    rlr: float = 2.0
    stmr: float = 15.0
    lstr: float | None = None
    ds: float = 3.0
    dr: float = 3.0
    telr: float = 65.0
    wepl: float = 110.0
    t_ms: float = 0.0
    tr_ms: float = 0.0
    ta_ms: float = 0.0
    qdu: float = 1.0
    ie: float = 0.0
    bpl: float = 4.3
    ppl_percent: float = 0.0
    burst_r: float = 1.0
    nc_dbm0p: float = -70.0
    nfor_dbmp: float = -64.0
    ps_dba: float = 35.0
    pr_dba: float = 35.0
    a: float = 0.0
    s_t: float = 1.0
    m_t_ms: float = 100.0


class VoiceRating(NamedTuple):
    """Rating of a call and what makes it up; every entry has the shape to which the parameters broadcast.

    Parameters
    ----------
    r : ndarray of float64
        Transmission rating factor R; it has no floor and goes below 0.
    mos : ndarray of float64
        Estimated mean opinion score of a conversation (MOS-CQE), see :func:`opinion_scores`.
    no_dbm0p, ro : ndarray of float64
        Sum of the noises at the 0 dBr point, dBm0p, and basic signal-to-noise ratio.
    iolr, ist, iq, i_s : ndarray of float64
        Impairments by too loud connections, by sidetone, by quantizing, and their sum Is.
    idte, idle, idd, i_d : ndarray of float64
        Impairments by talker echo, by listener echo, by absolute delay, and their sum Id.
    ie_eff : ndarray of float64
        Effective equipment impairment factor: codec and packet loss.
    """

    r: FloatArray
    mos: FloatArray
    no_dbm0p: FloatArray
    ro: FloatArray
    iolr: FloatArray
    ist: FloatArray
    iq: FloatArray
    i_s: FloatArray
    idte: FloatArray
    idle: FloatArray
    idd: FloatArray
    i_d: FloatArray
    ie_eff: FloatArray


def rating(parameters: EModel | None = None, recommendation: str = "G.107", **varied: ArrayLike) -> VoiceRating:
    """Rate calls by the E-model, ITU-T G.107 (06/2015).

    Parameters
    ----------
    parameters : EModel, optional
        What is fixed; all of it the default values where not given.
    recommendation : str
        ``"G.107"``. The wideband (``"G.107.1"``) and fullband model (``"G.107.2"``) are refused.
    **varied : array_like
        Parameters of :class:`EModel` as arrays, in its units, broadcast against one another to shape (...). NaN gives
        NaN: a moment without a link has no rating.

    Returns
    -------
    VoiceRating
        Shape (...).

    Raises
    ------
    NotModelledError
        Another E-model was asked for.
    InputError
        A parameter has no meaning (a negative delay, a loss above 100 %). Values outside of the permitted ranges are
        calculated; see :func:`outside_permitted`.
    """
    if recommendation != "G.107":
        why = NOT_MODELLED.get(recommendation, "no E-model that is known")
        raise NotModelledError(
            Fault(f"{why} is not modelled", "recommendation", recommendation, "'G.107', the narrowband E-model")
        )
    given = _given(parameters or EModel(), varied)
    rows = np.broadcast_arrays(*given.values())
    table = np.stack([row.ravel() for row in rows], axis=-1)
    out = np.empty((table.shape[0], 13))
    _rate(np.ascontiguousarray(table), out)
    shape = rows[0].shape
    return VoiceRating(*(np.ascontiguousarray(out[:, i]).reshape(shape) for i in range(13)))


def outside_permitted(parameters: EModel | None = None, **varied: ArrayLike) -> tuple[str, ...]:
    """Parameters outside of the ranges for which ITU-T G.107 (06/2015) permits its use.

    Parameters
    ----------
    parameters, **varied
        As in :func:`rating`.

    Returns
    -------
    tuple of str
        Names in the order of :class:`EModel`; empty where all are within :data:`PERMITTED`. A geostationary link may
        well be outside: its delay is near the 500 ms at which the Recommendation ends.
    """
    given = _given(parameters or EModel(), varied)
    return tuple(
        name
        for name, row in given.items()
        if name in PERMITTED and bool(np.any((row < PERMITTED[name][0]) | (row > PERMITTED[name][1])))
    )


def opinion_scores(r: ArrayLike) -> FloatArray:
    """Mean opinion scores of ratings: ITU-T G.107 (06/2015), annex B.

    Parameters
    ----------
    r : array_like
        Rating factor R, shape (...).

    Returns
    -------
    ndarray of float64
        MOS-CQE, 1 to 4.5, shape (...). The Recommendation's cubic dips to 0.987 at R = 3 and is left as it is.
    """
    values = np.asarray(r, dtype=np.float64)
    cubic = 1.0 + 0.035 * values + 7e-6 * values * (values - 60.0) * (100.0 - values)
    return np.asarray(np.where(values < 0.0, 1.0, np.where(values > 100.0, 4.5, cubic)), dtype=np.float64)


def _given(parameters: EModel, varied: dict[str, Any]) -> dict[str, FloatArray]:
    """Every parameter as an array, checked; LSTR follows STMR where it is not given."""
    names = [field.name for field in fields(EModel)]
    unknown = sorted(set(varied) - set(names))
    if unknown:
        raise InputError(Fault("the E-model has no such parameter", "rating", unknown[0], ", ".join(names)))
    chosen = {name: varied.get(name, getattr(parameters, name)) for name in names}
    if chosen["lstr"] is None:
        chosen["lstr"] = np.asarray(chosen["stmr"], np.float64) + np.asarray(chosen["dr"], np.float64)
    given = {name: np.asarray(value, dtype=np.float64) for name, value in chosen.items()}
    faults = []
    for name, row in given.items():
        if np.any(np.isinf(row)):
            faults.append(Fault("a parameter of the E-model is infinite", name, allowed="finite; NaN for no link"))
    for name, low, allowed in (
        ("t_ms", 0.0, "0 ms or more"), ("tr_ms", 0.0, "0 ms or more"), ("ta_ms", 0.0, "0 ms or more"),
        ("ppl_percent", 0.0, "0 to 100 %"), ("ie", 0.0, "0 or more"), ("a", 0.0, "0 or more"),
    ):  # fmt: skip
        if np.any(given[name] < low) or (name == "ppl_percent" and np.any(given[name] > 100.0)):
            faults.append(Fault("a parameter of the E-model is out of range", name, allowed=allowed))
    for name in ("qdu", "bpl", "burst_r", "s_t", "m_t_ms"):
        if np.any(given[name] <= 0.0):
            faults.append(Fault("a parameter of the E-model is out of range", name, allowed="above 0"))
    if faults:
        raise InputError(*faults)
    return given


@kernel()
def _decibel_sum(a: float, b: float) -> float:
    """Sum of two powers given in dB, in dB."""
    return 10.0 * math.log10(10.0 ** (a / 10.0) + 10.0 ** (b / 10.0))


@kernel()
def _noise(slr: float, rlr: float, lstr: float, ds: float, nc: float, nfor: float, ps: float, pr: float) -> float:
    """Sum of the noises at the 0 dBr point, dBm0p: G.107, clause 7.2."""
    olr = slr + rlr
    nos = ps - slr - ds - 100.0 + 0.004 * (ps - olr - ds - 14.0) ** 2
    pre = pr + 10.0 * math.log10(1.0 + 10.0 ** ((10.0 - lstr) / 10.0))
    nor = rlr - 121.0 + pre + 0.008 * (pre - 35.0) ** 2
    return _decibel_sum(_decibel_sum(nc, nos), _decibel_sum(nor, nfor + rlr))


@kernel()
def _too_loud(slr: float, rlr: float, no: float) -> float:
    """Impairment by a too low overall loudness rating, Iolr: G.107, clause 7.3."""
    x = (slr + rlr + 0.2 * (64.0 + no - rlr)) / 8.0
    iolr: float = 20.0 * ((1.0 + x**8) ** 0.125 - x)
    return iolr


@kernel()
def _sidetone(stmr: float, telr: float, t: float) -> float:
    """Impairment by a sidetone that is not the best, Ist: G.107, clause 7.3."""
    stmro = -10.0 * math.log10(10.0 ** (-stmr / 10.0) + math.exp(-t / 4.0) * 10.0 ** (-telr / 10.0))
    ist: float = (
        12.0 * (1.0 + ((stmro - 13.0) / 6.0) ** 8) ** 0.125
        - 28.0 * (1.0 + ((stmro + 1.0) / 19.4) ** 35) ** (1.0 / 35.0)
        - 13.0 * (1.0 + ((stmro - 3.0) / 33.0) ** 13) ** (1.0 / 13.0)
        + 29.0
    )
    return ist


@kernel()
def _quantizing(ro: float, qdu: float) -> float:
    """Impairment by quantizing distortion, Iq: G.107, clause 7.3."""
    q = 37.0 - 15.0 * math.log10(qdu)
    g = 1.07 + 0.258 * q + 0.0602 * q * q
    y = (ro - 100.0) / 15.0 + 46.0 / 8.4 - g / 9.0
    z = 46.0 / 30.0 - g / 40.0
    return 15.0 * math.log10(1.0 + 10.0**y + 10.0**z)


@kernel()
def _talker_echo(rlr: float, stmr: float, telr: float, t: float, no: float, ist: float) -> float:
    """Impairment by talker echo, Idte: G.107, clause 7.4."""
    if t < 1.0:
        return 0.0  # so short an echo is sidetone
    terv = telr - 40.0 * math.log10((1.0 + t / 10.0) / (1.0 + t / 150.0)) + 6.0 * math.exp(-0.3 * t * t)
    if stmr < 9.0:
        terv += 0.5 * ist
    half = 0.5 * (-1.5 * (no - rlr) - (80.0 + 2.5 * (terv - 14.0)))
    idte = (half + math.sqrt(half * half + 100.0) - 1.0) * (1.0 - math.exp(-t))
    return math.sqrt(idte * idte + ist * ist) if stmr > 20.0 else idte


@kernel()
def _listener_echo(ro: float, wepl: float, tr: float) -> float:
    """Impairment by listener echo, Idle: G.107, clause 7.4."""
    half: float = 0.5 * (ro - 10.5 * (wepl + 7.0) * (tr + 1.0) ** -0.25)
    return half + math.sqrt(half * half + 169.0)


@kernel()
def _absolute_delay(ta: float, s_t: float, m_t: float) -> float:
    """Impairment by absolute delay, Idd: G.107 (06/2015), clause 7.4, with the delay sensitivity sT and mT."""
    if ta <= m_t:
        return 0.0
    x, n = math.log2(ta / m_t), 6.0 * s_t
    idd: float = 25.0 * ((1.0 + x**n) ** (1.0 / n) - 3.0 * (1.0 + (x / 3.0) ** n) ** (1.0 / n) + 2.0)
    return idd


@kernel()
def _equipment(ie: float, bpl: float, ppl: float, burst_r: float) -> float:
    """Effective equipment impairment factor, Ie,eff: G.107 (06/2015), clause 7.5."""
    return ie + (95.0 - ie) * ppl / (ppl / burst_r + bpl)


@kernel("float64(float64)")
def mos_of_rating(r: float) -> float:
    """Mean opinion score of one rating, to be called from other kernels: ITU-T G.107 (06/2015), annex B.

    Parameters
    ----------
    r : float
        Rating factor R.

    Returns
    -------
    float
        MOS-CQE; see :func:`opinion_scores`.
    """
    if r < 0.0:
        return 1.0
    if r > 100.0:
        return 4.5
    return 1.0 + 0.035 * r + 7e-6 * r * (r - 60.0) * (100.0 - r)


@kernel("void(float64[:, ::1], float64[:, ::1])")
def _rate(table: FloatArray, out: FloatArray) -> None:
    """Fill the entries of :class:`VoiceRating`, (n, 13), from the parameters in the order of `EModel`, (n, 23)."""
    for i in range(table.shape[0]):
        slr, rlr, stmr, lstr, ds = table[i, 0], table[i, 1], table[i, 2], table[i, 3], table[i, 4]
        telr, wepl, t, tr, ta = table[i, 6], table[i, 7], table[i, 8], table[i, 9], table[i, 10]
        no = _noise(slr, rlr, lstr, ds, table[i, 16], table[i, 17], table[i, 18], table[i, 19])
        ro = 15.0 - 1.5 * (slr + no)
        iolr, ist, iq = _too_loud(slr, rlr, no), _sidetone(stmr, telr, t), _quantizing(ro, table[i, 11])
        idte = _talker_echo(rlr, stmr, telr, t, no, ist)
        idle, idd = _listener_echo(ro, wepl, tr), _absolute_delay(ta, table[i, 21], table[i, 22])
        ie_eff = _equipment(table[i, 12], table[i, 13], table[i, 14], table[i, 15])
        i_s, i_d = iolr + ist + iq, idte + idle + idd
        out[i, 0] = ro - i_s - i_d - ie_eff + table[i, 20]
        out[i, 1] = mos_of_rating(out[i, 0])
        out[i, 2], out[i, 3] = no, ro
        out[i, 4], out[i, 5], out[i, 6], out[i, 7] = iolr, ist, iq, i_s
        out[i, 8], out[i, 9], out[i, 10], out[i, 11] = idte, idle, idd, i_d
        out[i, 12] = ie_eff


@kernel("float64(float64, float64, float64, float64)")
def voice_rating(one_way_s: float, loss: float, ie: float, bpl: float) -> float:
    """Rate one call, to be called from other kernels: ITU-T G.107 (06/2015), all else default, with echo.

    The far end reflects (TELR 65 dB), so that the delay counts as T = Ta and Tr = 2 T.

    Parameters
    ----------
    one_way_s : float
        Delay from mouth to ear, s; that of the path plus that of codec and jitter buffer.
    loss : float
        Share of packets lost, those that come too late for the jitter buffer among them, 0 to 1; at random.
    ie, bpl : float
        Of the codec: equipment impairment factor, and packet-loss robustness, %, both from ITU-T G.113.

    Returns
    -------
    float
        Rating factor R; NaN where an argument is NaN.
    """
    t = 1e3 * one_way_s
    no = _noise(8.0, 2.0, 18.0, 3.0, -70.0, -64.0, 35.0, 35.0)
    ro = 15.0 - 1.5 * (8.0 + no)
    ist = _sidetone(15.0, 65.0, t)
    impaired = _too_loud(8.0, 2.0, no) + ist + _quantizing(ro, 1.0)
    late = _talker_echo(2.0, 15.0, 65.0, t, no, ist) + _listener_echo(ro, 110.0, 2.0 * t)
    r: float = ro - impaired - late - _absolute_delay(t, 1.0, 100.0) - _equipment(ie, bpl, 100.0 * loss, 1.0)
    return r
