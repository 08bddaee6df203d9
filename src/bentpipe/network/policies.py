"""The scheduling policies that come with bentpipe, side by side, each a function of the slot's links."""

from __future__ import annotations

import math
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose
from bentpipe.kernel import kernel
from bentpipe.network.links import Links
from bentpipe.network.observed import OBSERVED, slow_window
from bentpipe.registry import Policy

FloatArray = npt.NDArray[np.float64]

_SLOW = int(Purpose.PREFERENCE_SLOW)
_FAST = int(Purpose.PREFERENCE_FAST)
#: Links that are scored at a time: the working arrays stay in the nearest cache.
_BATCH = 512
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_LOG2_E = 1.4426950408889634
#: Adding it to a small number rounds to a whole number, which is then in the lowest bits.
_ROUNDER = 6755399441055744.0
_BITS_OF_ROOT_HALF = 0x3FE6A09E667F3BCD
#: Longest lookahead of `longest`, slots: a pass above 25 degrees at 570 km lasts under 4.5 minutes.
LONGEST_LOOKAHEAD = 20


def highest(links: Links) -> FloatArray:
    """Prefer the satellite of highest elevation.

    Parameters
    ----------
    links : Links
        P usable links of the slot.

    Returns
    -------
    (P,) float64
        Sine of the elevation.
    """
    return links.sin_elevation.astype(np.float64)


def least_delay(links: Links) -> FloatArray:
    """Prefer the shortest path to the point of presence, in metres of vacuum.

    Parameters
    ----------
    links : Links
        P usable links of the slot.

    Returns
    -------
    (P,) float64
        Minus the length of user link, feeder link and fibre (the latter over its velocity factor), m.
    """
    score: FloatArray = -(links.slant_range_m.astype(np.float64) + links.feeder_path_m[links.satellite])
    return score


def longest(links: Links) -> FloatArray:
    """Keep the serving satellite as long as it is usable, then take the one that stays usable longest.

    Parameters
    ----------
    links : Links
        P usable links of the slot, with remaining slots and the previous choice.

    Returns
    -------
    (P,) float64
        Remaining slots, ties by elevation; far above all for the satellite that serves already.
    """
    score = links.remaining_slots.astype(np.float64) + 0.5 * links.sin_elevation
    kept = links.previous[links.place_of_link()] == links.satellite
    score[kept] += 1000.0
    return score


@kernel("void(int64, float64[::1], float64[::1])")
def _logs(count: int, value: FloatArray, out: FloatArray) -> None:
    """Natural logarithms of normal numbers above 0, which are overwritten.

    That of fdlibm (e_log.c, Sun Microsystems, 1993) without its branches, which the compiler turns into vector
    instructions; the bits are the same on every processor. Error below 1 unit in the last place.
    """
    bits = value.view(np.int64)
    for i in range(count):
        power = (bits[i] - _BITS_OF_ROOT_HALF) >> 52
        bits[i] -= power << 52
        out[i] = power
    for i in range(count):
        f, power = value[i] - 1.0, out[i]
        s = f / (2.0 + f)
        z = s * s
        w = z * z
        odd = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332))
        even = 0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591)
        half = 0.5 * f * f
        low = s * (half + odd + z * (0.6666666666666735130 + w * even)) + power * _LN2_LOW
        out[i] = power * _LN2_HIGH - ((half - low) - f)


@kernel("void(int64, float64[::1], float64[::1])")
def _exps(count: int, value: FloatArray, out: FloatArray) -> None:
    """Exponentials of numbers between -700 and 700, which are overwritten: a Taylor series about powers of 2."""
    for i in range(count):
        whole = value[i] * _LOG2_E + _ROUNDER
        power = whole - _ROUNDER
        r = (value[i] - power * _LN2_HIGH) - power * _LN2_LOW
        r2 = r * r
        r4 = r2 * r2
        low = (1.0 + r) + r2 * (1 / 2 + r * (1 / 6)) + r4 * (1 / 24 + r * (1 / 120))
        middle = (1 / 720 + r * (1 / 5040)) + r2 * (1 / 40320 + r * (1 / 362880))
        top = (1 / 3628800 + r * (1 / 39916800)) + r2 * (1 / 479001600 + r * (1 / 6227020800))
        value[i] = whole
        out[i] = low + r4 * r2 * (middle + r4 * top)
    scale, bits = value.view(np.int64), out.view(np.int64)
    for i in range(count):
        bits[i] += scale[i] << 52


@kernel("void(int64, int64, int64, uint64[::1], uint64[::1], uint64[::1], uint32[:,::1], float64[::1])")
def _draws(
    seed: int,
    purpose: int,
    count: int,
    when: npt.NDArray[np.uint64],
    number: npt.NDArray[np.uint64],
    place: npt.NDArray[np.uint64],
    words: npt.NDArray[np.uint32],
    out: FloatArray,
) -> None:
    """`uniform` of some pairs, round by round over all of them, so that vector instructions do it."""
    c0, c1, c2, c3 = words[0], words[1], words[2], words[3]
    k0, k1 = np.uint32(seed), np.uint32(purpose)
    half = np.uint64(32)
    for i in range(count):
        c0[i], c1[i] = np.uint32(when[i]), np.uint32(number[i])
        c2[i], c3[i] = np.uint32(place[i]), np.uint32(place[i] >> half)
    for _ in range(10):
        for i in range(count):
            p0 = np.uint64(c0[i]) * np.uint64(0xD2511F53)
            p1 = np.uint64(c2[i]) * np.uint64(0xCD9E8D57)
            c0[i] = np.uint32(p1 >> half) ^ c1[i] ^ k0
            c2[i] = np.uint32(p0 >> half) ^ c3[i] ^ k1
            c1[i], c3[i] = np.uint32(p1), np.uint32(p0)
        k0 = np.uint32(k0 + np.uint32(0x9E3779B9))
        k1 = np.uint32(k1 + np.uint32(0xBB67AE85))
    for i in range(count):
        out[i] = (np.float64(c0[i]) + 0.5) * (1.0 / 4294967296.0)


@kernel("void(int64, int64, int64, uint64[::1], uint64[::1], uint64[::1])")
def _windows(
    slot: int,
    window: int,
    count: int,
    number: npt.NDArray[np.uint64],
    place: npt.NDArray[np.uint64],
    out: npt.NDArray[np.uint64],
) -> None:
    """`slow_window` of some pairs; windows of 1, 2, 4, 8, ... slots without its divisions."""
    if window & (window - 1) == 0:
        bits = np.uint64(0)
        while 1 << bits < window:
            bits += np.uint64(1)
        rest, now = np.uint64(window - 1), np.uint64(slot)
        for i in range(count):
            z = place[i] ^ (number[i] * np.uint64(0x9E3779B97F4A7C15))
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            out[i] = (now + ((z ^ (z >> np.uint64(31))) & rest)) >> bits
    else:
        for i in range(count):
            out[i] = slow_window(slot, number[i], place[i], window)


@kernel(
    "void(int64, int64, int64[::1], int64[::1], int32[::1], float32[::1], float32[::1], boolean[::1], int64[::1],"
    "float64[::1], uint64[::1], float64[::1], int64, float64, float64, float64, float64, float64, float64[::1])"
)
def _observed(
    slot: int,
    seed: int,
    start: npt.NDArray[np.int64],
    stop: npt.NDArray[np.int64],
    satellite: npt.NDArray[np.int32],
    sine: npt.NDArray[np.float32],
    north: npt.NDArray[np.float32],
    followed: npt.NDArray[np.bool_],
    satellite_id: npt.NDArray[np.int64],
    log_weight: FloatArray,
    place_id: npt.NDArray[np.uint64],
    sign: FloatArray,
    window: int,
    peak: float,
    sharpness: float,
    poleward: float,
    slow_wait: float,
    fast_wait: float,
    score: FloatArray,
) -> None:
    """`observed_score` of the links to followed satellites, batch by batch; minus infinity for the others."""
    room = _BATCH
    number, place, when = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.uint64)
    row, at, power, work = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room), np.empty(room)
    slow, fast, words = np.empty(room), np.empty(room), np.empty((4, room), np.uint32)
    score[:] = -math.inf
    count, c = 0, 0
    k = start[0] if start.size else 0
    while c < start.size:
        # As many links of the place as there is room for.
        end = min(stop[c], k + room - count)
        for j in range(k, end):
            row[count] = j
            at[count] = c
            count += followed[satellite[j]]
        k = end
        if k == stop[c]:
            c += 1
            k = start[c] if c < start.size else 0
        if count < room and c < start.size:
            continue
        for i in range(count):
            j = row[i]
            s = satellite[j]
            number[i] = satellite_id[s]
            place[i] = place_id[at[i]]
            away = sine[j] - peak
            power[i] = sharpness * away * away - poleward * (north[j] * sign[at[i]]) - log_weight[s]
        _windows(slot, window, count, number, place, when)
        _draws(seed, _SLOW, count, when, number, place, words, work)
        _logs(count, work, slow)
        when[:] = slot
        _draws(seed, _FAST, count, when, number, place, words, work)
        _logs(count, work, fast)
        _exps(count, power, work)
        for i in range(count):
            wait = max(slow[i] * slow_wait, fast[i] * fast_wait)
            score[row[i]] = wait * work[i]
        count = 0


def observed(links: Links) -> FloatArray:
    """Choose as the real service was seen to choose; see `bentpipe.network.observed`.

    Parameters
    ----------
    links : Links
        P usable links of the slot.

    Returns
    -------
    (P,) float64
        Score of the race between the satellites.
    """
    score = np.empty(len(links.satellite))
    _observed(
        links.slot,
        links.seed,
        links.start,
        links.stop,
        links.satellite,
        links.sin_elevation,
        links.north,
        links.followed,
        links.satellite_id,
        links.satellite_log_weight,
        links.place_id,
        links.poleward_sign,
        OBSERVED.window_slots,
        *OBSERVED.for_kernel(),
        score,
    )
    return score


#: Policies by name.
SCHEDULING = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            Policy("observed", observed, source=OBSERVED.source),
            Policy("highest", highest, source="convention of most simulators"),
            Policy("least-delay", least_delay, source="shortest bent pipe"),
            Policy(
                "longest",
                longest,
                memory_slots=None,
                lookahead_slots=LONGEST_LOOKAHEAD,
                source="maximum remaining visibility, fewest handovers",
            ),
            Policy("max-coverage", highest, coverage_first=True, source="maximum flow of places to satellites"),
        )
    }
)
