"""The scheduling policy ``observed``: which of the usable satellites the real service picks.

The choice is a race between the usable satellites of a place. Each has two clocks whose waiting times are
exponential, and the satellite whose clock rings first is chosen:

* a slow clock, drawn once for a place, a satellite and a window of a few slots: it makes the service keep a
  satellite, or come back to it;
* a fast clock, drawn anew in every slot.

The rate of both clocks is the weight of the satellite, shared out between them, so that in any one slot a
satellite is chosen with probability proportional to its weight, whatever the share (the race of
Efraimidis and Spirakis, "Weighted random sampling with a reservoir", Inf. Process. Lett. 97, 2006). Nothing
is remembered from slot to slot: the draws are keyed, and a run gives the same choices however it is cut.

The weight falls off on both sides of a preferred elevation, grows towards the pole, and is larger for the
newer generation of satellites. Fit, distances and caveats: ``docs/models/observed.md``; script:
``tools/fit_observed.py``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

FloatArray = npt.NDArray[np.float64]


class ObservedParameters(NamedTuple):
    """Parameters of the choice.

    Parameters
    ----------
    peak_sin_elevation : float
        Sine of the elevation that is preferred, other things equal.
    sharpness : float
        How fast the logarithm of the weight falls with the square of the distance from that sine.
    poleward : float
        Gain of the logarithm of the weight for each unit of the poleward component of the direction.
    newer_weight : float
        Weight of a satellite of the newer generation (v2 mini), relative to one of the first (v1.0, v1.5).
    slow_share : float
        Share of the rate given to the slow clock, above 0 and below 1.
    window_slots : int
        Slots between two draws of the slow clock.
    poleward_full_deg : float
        Latitude from which on the poleward preference holds in full; it fades linearly to none at the
        equator, where neither side is poleward. Assumed: only 51 degrees north has been fitted.
    source : str
        What the numbers come from.
    """

    peak_sin_elevation: float
    sharpness: float
    poleward: float
    newer_weight: float
    slow_share: float
    window_slots: int
    poleward_full_deg: float
    source: str

    def for_kernel(self) -> tuple[float, float, float, float, float]:
        """Return the last five arguments of `observed_score`."""
        return (
            self.peak_sin_elevation,
            self.sharpness,
            self.poleward,
            1.0 / self.slow_share,
            1.0 / (1.0 - self.slow_share),
        )


#: Fitted by ``tools/fit_observed.py``; standard errors 0.013, 4.1, 0.19, 0.6, and about 0.05 for the share.
OBSERVED = ObservedParameters(
    peak_sin_elevation=0.866,
    sharpness=30.2,
    poleward=1.05,
    newer_weight=5.7,
    slow_share=0.37,
    window_slots=4,
    poleward_full_deg=15.0,
    source="serving satellite of 471 slots at Louvain-la-Neuve, 2024-07-17, elements of 2024-07-16",
)

#: Names of the newer generation at launch begin at this number (v2 mini, from February 2023).
FIRST_NEWER_NAME = 30_000


@kernel()
def slow_window(slot: int, satellite: int, place: np.uint64, window_slots: int) -> int:
    """Find the window of the slow clock that a slot lies in: the slot argument of the slow draw.

    Windows of different pairs start in different slots: a hash of the pair (the finaliser of SplitMix64;
    Steele, Lea and Flood 2014) shifts them, so that no slot boundary is special.

    Parameters
    ----------
    slot : int
        Absolute slot, 0 or more.
    satellite : int
        Catalogue number.
    place : uint64
        Key of the place.
    window_slots : int
        Length of a window, slots; 1 or more.

    Returns
    -------
    int
        Window, 0 or more.
    """
    z = np.uint64(place) ^ (np.uint64(satellite) * np.uint64(0x9E3779B97F4A7C15))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    shift = np.int64(z % np.uint64(window_slots))
    return int((np.int64(slot) + shift) // np.int64(window_slots))


@kernel()
def observed_score(
    sin_elevation: float,
    poleward_component: float,
    satellite_log_weight: float,
    slow_uniform: float,
    fast_uniform: float,
    peak_sin_elevation: float,
    sharpness: float,
    poleward: float,
    slow_wait: float,
    fast_wait: float,
) -> float:
    """Score of one usable pair; the highest of a place's scores is the satellite that is chosen.

    Parameters
    ----------
    sin_elevation : float
        Sine of the elevation.
    poleward_component : float
        North component of the unit direction times `poleward_fade` of the place.
    satellite_log_weight : float
        Of the satellite: see `satellite_log_weights`.
    slow_uniform, fast_uniform : float
        Draws in (0, 1): of the pair and its `slow_window`, and of the pair and the slot.
    peak_sin_elevation, sharpness, poleward : float
        See `ObservedParameters`.
    slow_wait, fast_wait : float
        Mean waits of the two clocks for a unit weight, ``1 / slow_share`` and ``1 / (1 - slow_share)``:
        reciprocals, because a division keeps the compiler from using vector instructions.

    Returns
    -------
    float
        Minus the waiting time of the earlier clock: below 0, higher preferred.
    """
    wait = max(math.log(slow_uniform) * slow_wait, math.log(fast_uniform) * fast_wait)
    away = sin_elevation - peak_sin_elevation
    return wait * math.exp(sharpness * away * away - poleward * poleward_component - satellite_log_weight)


def observed_scores(
    sin_elevation: npt.ArrayLike,
    poleward_component: npt.ArrayLike,
    satellite_log_weight: npt.ArrayLike,
    slow_uniform: npt.ArrayLike,
    fast_uniform: npt.ArrayLike,
    parameters: ObservedParameters = OBSERVED,
) -> FloatArray:
    """Scores of usable pairs, the plain form of `observed_score`.

    Parameters
    ----------
    sin_elevation, poleward_component, satellite_log_weight, slow_uniform, fast_uniform : array_like
        See `observed_score`; broadcast together.
    parameters : ObservedParameters
        Parameters of the choice.

    Returns
    -------
    ndarray of float64
        Shape of the broadcast input; below 0, higher preferred.
    """
    *_, slow_wait, fast_wait = parameters.for_kernel()
    slow = np.log(np.asarray(slow_uniform, np.float64)) * slow_wait
    fast = np.log(np.asarray(fast_uniform, np.float64)) * fast_wait
    weights = observed_weights(sin_elevation, poleward_component, satellite_log_weight, parameters)
    return np.asarray(np.maximum(slow, fast) / weights)


def observed_weights(
    sin_elevation: npt.ArrayLike,
    poleward_component: npt.ArrayLike,
    satellite_log_weight: npt.ArrayLike,
    parameters: ObservedParameters = OBSERVED,
) -> FloatArray:
    """Weights of usable pairs: each is chosen with probability proportional to its own.

    Parameters
    ----------
    sin_elevation, poleward_component, satellite_log_weight : array_like
        See `observed_score`; broadcast together.
    parameters : ObservedParameters
        Parameters of the choice.

    Returns
    -------
    ndarray of float64
        Above 0.
    """
    away = np.asarray(sin_elevation, np.float64) - parameters.peak_sin_elevation
    pole = parameters.poleward * np.asarray(poleward_component, np.float64)
    return np.asarray(np.exp(pole + np.asarray(satellite_log_weight) - parameters.sharpness * away * away))


def poleward_fade(latitude_deg: npt.ArrayLike, parameters: ObservedParameters = OBSERVED) -> FloatArray:
    """Factor of a place that turns the north component of a direction into its poleward component.

    Parameters
    ----------
    latitude_deg : array_like
        Geodetic latitude, degrees.
    parameters : ObservedParameters
        Parameters of the choice.

    Returns
    -------
    ndarray of float64
        Same shape: 1 from `poleward_full_deg` north, -1 from there south, linear between.
    """
    ratio = np.asarray(latitude_deg, np.float64) / parameters.poleward_full_deg
    return np.asarray(np.clip(ratio, -1.0, 1.0))


def satellite_log_weights(names: Sequence[str], parameters: ObservedParameters = OBSERVED) -> FloatArray:
    """Logarithm of the weight of each satellite by its generation, which its name shows.

    Parameters
    ----------
    names : sequence of str
        N names as element sets give them, such as "STARLINK-30321".
    parameters : ObservedParameters
        Parameters of the choice.

    Returns
    -------
    (N,) float64
        That of `newer_weight` for names from STARLINK-30000 on, 0 for the others and for names of another
        form: among satellites of one generation only ratios count.
    """
    found = [re.match(r"STARLINK-(\d+)\b", name.strip().upper()) for name in names]
    newer = [match is not None and int(match.group(1)) >= FIRST_NEWER_NAME for match in found]
    return np.where(newer, math.log(parameters.newer_weight), 0.0)
