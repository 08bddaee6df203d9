"""Orbits: elements and time to Earth-fixed positions.

======================  =============================================================================
file                    what
======================  =============================================================================
elements.py             the columns: SGP4 mean elements, circular orbits
walker.py               Walker shells, with the secular rates of SGP4
geostationary.py        one satellite that stands above a longitude
positions.py            Earth-fixed positions of either kind: start here
planes.py               planes and places of satellites, from their states alone
combs.py                the evenly spaced teeth behind a set of angles
sgp4records.py          SGP4 at key times, by the ``sgp4`` library
hermite.py              kernel: between key times, and the rotation
circular.py             kernel: states on circular orbits, at key times
======================  =============================================================================
"""

from __future__ import annotations

from .elements import CircularElements, Sgp4Elements, concatenate
from .geostationary import GEOSTATIONARY_RADIUS_M, geostationary_satellite
from .planes import Recovered, ShellFit, recover_planes
from .positions import KEY_STEP_S, Propagator, earth_fixed_positions
from .walker import secular_rates, walker_shell

__all__ = [
    "GEOSTATIONARY_RADIUS_M",
    "KEY_STEP_S",
    "CircularElements",
    "Propagator",
    "Recovered",
    "Sgp4Elements",
    "ShellFit",
    "concatenate",
    "earth_fixed_positions",
    "geostationary_satellite",
    "recover_planes",
    "secular_rates",
    "walker_shell",
]
