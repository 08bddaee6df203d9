"""What the globe asks of the physics: functions that it is handed, and knows nothing else of.

They run in one process of their own. A function that makes them travels there, and what they hold in common (runs that
are prepared already) lives and dies with that process: nothing is kept in a module.

Every function takes the run's folder first. Edits go as the mapping that `bentpipe.globe.edits.Edits.as_json` gives,
with the window of slots, a range, in which they hold; where edits come without one, they hold from the slot asked for.
What is wrong with a question is an `InputError`; a run's policy that is a function which the run does not hold, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault

GivenEdits = Mapping[str, Any]
#: Told (stage, done, total); what it returns says whether to go on.
Tell = Callable[[str, int, int], bool]


class LinksOf(Protocol):
    """Feeder links and lasers of a slot: see `Physics`."""

    def __call__(
        self, run: Path, slot: int, edits: GivenEdits | None = None, window: range | None = None
    ) -> Mapping[str, Any]:
        """Give the links of an absolute slot, with the edits in force."""


class AskOf(Protocol):
    """Explanation of a place in a slot: see `Physics`."""

    def __call__(
        self, run: Path, place: str, slot: int, edits: GivenEdits | None = None, window: range | None = None
    ) -> dict[str, Any]:
        """Explain a site, by id, or an H3 cell in an absolute slot, with the edits in force."""


class Physics(NamedTuple):
    """What the globe may ask.

    Parameters
    ----------
    warm : callable
        Prepares a run and loads the kernels, so that the next question is answered soon.
    fleet : callable
        The satellites: "state" (N,) uint8, 0 out of service, 1 in service, 2 raising its orbit; "shell" and "plane"
        (N,) int32, -1 where not known; "shells", a list of {"name", "planes"}, planes None where none can be broken by
        number; "lasers" (N,) bool, in service with lasers; "note" str, what differs from when the run was made.
    keyframes : callable
        Key frames k -> (K, N, 6) float32: Earth-fixed positions, m, and velocities in the turning frame, m/s, at Unix
        time 60 k; NaN where there is no satellite. Cubic Hermite interpolation between two is within a metre.
    links : LinksOf
        "feeder" (F, 2) int32, satellites and the gateways whose antennas follow them; "lasers" (L, 2) int32, pairs of
        satellites whose lasers are in use; "exact" bool and "note" str, why it may not be what the run had.
    ask : AskOf
        The data of `bentpipe.explain`, "lines" for people, and "link" where the run has rates; JSON types.
    check : callable
        Faults of edits against a run; none where they can be simulated.
    what_if : callable
        Run, edits, window of absolute slots, folder, tell: simulates the window and writes every variable with a slot
        axis to NAME.npy there, (W, ...), slots in order; tell("prepare", 0, W), then tell("simulate", done, W) after
        each piece. "event_active" has a column for each edit after those of the run's events.
    scenario_text : callable
        Run, edits, window: a scenario file (TOML) with the edits as disruptions of that window.
    """

    warm: Callable[[Path], None]
    fleet: Callable[[Path], Mapping[str, Any]]
    keyframes: Callable[[Path, Sequence[int]], npt.NDArray[np.float32]]
    links: LinksOf
    ask: AskOf
    check: Callable[[Path, GivenEdits], list[Fault]]
    what_if: Callable[[Path, GivenEdits, range, Path, Tell], None]
    scenario_text: Callable[[Path, GivenEdits, range], str]


#: A function of a module, so that it can be sent to the process that is to call it: of each name in `Physics`, the one.
PhysicsMaker = Callable[[], Mapping[str, Callable[..., Any]]]


def make_physics(maker: PhysicsMaker) -> Physics:
    """Make the functions, in the process that is to answer.

    Parameters
    ----------
    maker : callable
        As `bentpipe.simulate.globephysics.globe_physics`, handed over by the command line.

    Returns
    -------
    Physics
    """
    return Physics(**maker())
