"""The scheduling policies that come with bentpipe, side by side, each a function of the slot's links."""

from __future__ import annotations

import math
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, uniform
from bentpipe.kernel import kernel
from bentpipe.network.links import Links
from bentpipe.network.observed import OBSERVED, observed_score, slow_window
from bentpipe.registry import Policy

FloatArray = npt.NDArray[np.float64]

_SLOW = int(Purpose.PREFERENCE_SLOW)
_FAST = int(Purpose.PREFERENCE_FAST)
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
    for c in range(start.size):
        place = place_id[c]
        for k in range(start[c], stop[c]):
            s = satellite[k]
            if not followed[s]:
                score[k] = -math.inf
                continue
            number = satellite_id[s]
            slow = uniform(seed, _SLOW, slow_window(slot, number, place, window), number, place)
            fast = uniform(seed, _FAST, slot, number, place)
            score[k] = observed_score(
                sine[k], north[k] * sign[c], log_weight[s], slow, fast, peak, sharpness, poleward,
                slow_wait, fast_wait,
            )  # fmt: skip


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
            Policy(
                "max-coverage", highest, coverage_first=True, source="maximum flow of places to satellites"
            ),
        )
    }
)
