"""Orbits: elements and time to Earth-fixed positions.

======================  =============================================================================
file                    what
======================  =============================================================================
elements.py             the columns: SGP4 mean elements, circular orbits
walker.py               Walker shells, with the secular rates of SGP4
geostationary.py        one satellite that stands above a longitude
positions.py            Earth-fixed positions of either kind: start here
sgp4records.py          SGP4 at key times, by the ``sgp4`` library
hermite.py              kernel: between key times, and the rotation
circular.py             kernel: states on circular orbits, at key times
======================  =============================================================================
"""

from __future__ import annotations

from .elements import CircularElements, Sgp4Elements, concatenate
from .geostationary import GEOSTATIONARY_RADIUS_M, geostationary_satellite
from .positions import KEY_STEP_S, Propagator, earth_fixed_positions
from .walker import secular_rates, walker_shell

__all__ = [
    "GEOSTATIONARY_RADIUS_M",
    "KEY_STEP_S",
    "CircularElements",
    "Propagator",
    "Sgp4Elements",
    "concatenate",
    "earth_fixed_positions",
    "geostationary_satellite",
    "secular_rates",
    "walker_shell",
]
