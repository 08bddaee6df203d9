"""Keyed random numbers: a draw depends on what it is for, never on the order in which it is asked for.

The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC 2011), tested against the authors' known answers. The counter holds the absolute slot, the satellite's
catalogue number and the place (an H3 cell or the hash of a site's name); the key holds the seed and the purpose.
Adding a site or a satellite changes no other draw.
"""

from __future__ import annotations

import enum
import hashlib

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel


class Purpose(enum.IntEnum):
    """What a draw is for; each purpose is a stream of its own."""

    TERMINALS = 1
    POWER = 2
    CUT_OFF = 3
    SATELLITE_LOSS = 4
    PREFERENCE_FAST = 5
    PREFERENCE_SLOW = 6
    ACCESS_DELAY = 7
    LOSS = 8
    WITHIN_SLOT = 9
    ORDER = 10
    BURST_WAY = 11
    PACKET = 12
    RAIN_FIELD = 20
    GATEWAY_LOSS = 30
    LASER_LOSS = 31
    STORM = 32
    RESILIENCE = 33
    SWEEP = 40
    BOOTSTRAP = 41
    PROBE = 42


# Multipliers and key increments of Philox4x32 (Random123 1.09, philox.h).
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_SCALE = 1.0 / 4294967296.0


@kernel()
def philox4x32(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Philox4x32 with 10 rounds; every word is a 32-bit number held in a uint64.

    Parameters
    ----------
    c0, c1, c2, c3 : uint64
        Counter words.
    k0, k1 : uint64
        Key words.

    Returns
    -------
    tuple of four uint64
        Random words, each below 2**32.

    References
    ----------
    Salmon et al., SC 2011, doi:10.1145/2063384.2063405.
    """
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@kernel()
def uniform_pair(seed: int, purpose: int, slot: int, satellite: int, place: np.uint64) -> tuple[float, float]:
    """Two independent draws in the open interval (0, 1).

    Parameters
    ----------
    seed, purpose : int
        Key; 32 bits each.
    slot : int
        Absolute slot number (below 2**32).
    satellite : int
        Catalogue number (below 2**32), or any other small number.
    place : uint64
        H3 cell, or hash of a site's name.

    Returns
    -------
    tuple of two float
        Uniform in (0, 1), 32 bits each.
    """
    p = np.uint64(place)
    r0, r1, _, _ = philox4x32(
        np.uint64(slot) & _LOW,
        np.uint64(satellite) & _LOW,
        p & _LOW,
        p >> _HALF,
        np.uint64(seed) & _LOW,
        np.uint64(purpose) & _LOW,
    )
    return (np.float64(r0) + 0.5) * _SCALE, (np.float64(r1) + 0.5) * _SCALE


@kernel()
def uniform(seed: int, purpose: int, slot: int, satellite: int, place: np.uint64) -> float:
    """One draw in (0, 1); see `uniform_pair`."""
    return uniform_pair(seed, purpose, slot, satellite, place)[0]


@kernel("void(int64, int64, int64[::1], int64[::1], uint64[::1], float64[::1])")
def _fill(
    seed: int,
    purpose: int,
    slot: npt.NDArray[np.int64],
    satellite: npt.NDArray[np.int64],
    place: npt.NDArray[np.uint64],
    out: npt.NDArray[np.float64],
) -> None:
    for i in range(out.size):
        out[i] = uniform(seed, purpose, slot[i], satellite[i], place[i])


def uniforms(
    seed: int, purpose: Purpose, slot: npt.ArrayLike, satellite: npt.ArrayLike, place: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Draws in (0, 1) for arrays of keys, broadcast together.

    Parameters
    ----------
    seed : int
        Seed of the run, 32 bits.
    purpose : Purpose
        What the draws are for.
    slot, satellite, place : array_like
        Integers, broadcast together.

    Returns
    -------
    numpy.ndarray of float64
        Shape of the broadcast keys.
    """
    a, b, c = np.broadcast_arrays(
        np.asarray(slot, np.int64), np.asarray(satellite, np.int64), np.asarray(place, np.uint64)
    )
    out = np.empty(a.size)
    _fill(
        int(seed),
        int(purpose),
        np.array(a.ravel(), order="C"),
        np.array(b.ravel(), order="C"),
        np.array(c.ravel(), order="C"),
        out,
    )
    return out.reshape(a.shape)


def place_id(name: str) -> int:
    """Key of a named place (a site): 63 bits of the SHA-256 of its name.

    Parameters
    ----------
    name : str
        Site id.

    Returns
    -------
    int
        Below 2**63.
    """
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
