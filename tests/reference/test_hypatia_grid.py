"""Hypatia's +Grid of Starlink's first shell, from its element sets alone: which plane, which place, which links."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bentpipe.earth import to_unix_s
from bentpipe.network.topology import TOPOLOGIES, LaserSky, wanted_lasers
from bentpipe.orbit import Propagator, Recovered, Sgp4Elements, recover_planes

PLANES, PLACES = 72, 22


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    found = shared / "reference" / "hypatia-starlink-550"
    if not found.is_dir():
        pytest.skip(f"Hypatia's reference is not at {found}")
    return found


@pytest.fixture(scope="module")
def propagator(folder: Path) -> Propagator:
    from sgp4.api import Satrec

    lines = (folder / "tles.txt").read_text().splitlines()[1:]
    records = [Satrec.twoline2rv(lines[k + 1], lines[k + 2]) for k in range(0, len(lines), 3)]
    columns = {
        name: np.array([getattr(r, name.removesuffix("_rad").removesuffix("_rad_per_min")) for r in records])
        for name in ("bstar", "ndot", "nddot", "ecco", "argpo_rad", "inclo_rad", "mo_rad", "nodeo_rad")
    }
    return Propagator(
        Sgp4Elements(
            catalog_number=np.arange(len(records)),
            epoch_unix_s=np.full(len(records), float(to_unix_s("2000-01-01"))),
            no_kozai_rad_per_min=np.array([r.no_kozai for r in records]),
            **columns,
        )
    )


def labels(propagator: Propagator, seconds: float) -> Recovered:
    position, velocity = propagator.inertial_states(float(to_unix_s("2000-01-01")) + seconds)
    return recover_planes(position, velocity, np.ones(PLANES * PLACES, bool))


@pytest.mark.parametrize("seconds", [0.0, 1_234.5, 86_400.0])
def test_planes_and_places_are_hypatias_up_to_a_rotation(propagator: Propagator, seconds: float) -> None:
    found = labels(propagator, seconds)
    fit = found.fits[0]
    assert (fit.planes, fit.places, fit.assigned, fit.seam_shift) == (PLANES, PLACES, 1.0, 0)
    plane, slot = np.divmod(np.arange(PLANES * PLACES), PLACES)
    assert len(np.unique((found.plane - plane) % PLANES)) == 1
    turn = ((found.place - slot) % PLACES).reshape(PLANES, PLACES)
    assert (turn == turn[:, :1]).all()
    # Where the half steps begin depends on the time: even or odd planes stand ahead.
    assert len(np.unique(turn[::2])) == len(np.unique(turn[1::2])) == 1


def test_at_the_epoch_it_is_plane_by_plane_as_numbered(propagator: Propagator) -> None:
    found = labels(propagator, 0.0)
    number = np.arange(PLANES * PLACES)
    assert len(np.unique((found.place - number) % PLACES)) == 1
    assert (found.plane == number // PLACES).all()


def test_links_are_hypatias(propagator: Propagator, folder: Path) -> None:
    """The set is identical: 3,168 links, no more, no fewer."""
    pairs = np.loadtxt(folder / "isls.txt", dtype=np.int64)
    theirs = {(min(a, b), max(a, b)) for a, b in pairs.tolist()}
    assert len(theirs) == 2 * PLANES * PLACES
    found = labels(propagator, 0.0)
    position, _ = propagator.inertial_states(float(to_unix_s("2000-01-01")))
    sky = LaserSky(
        slot=0,
        position_m=position,
        able=np.ones(PLANES * PLACES, bool),
        shell=found.shell,
        plane=found.plane,
        place=found.place,
        planes=found.planes,
        places=found.places,
        seam_shift=found.seam_shift,
        satellite_id=np.arange(PLANES * PLACES),
        terminals=4,
        between_shells=0,
        range_m=5_016.6e3,
        seam=True,
        shift=0,
    )
    ours = {(a, b) for a, b in wanted_lasers(TOPOLOGIES["plus-grid"], sky).tolist()}
    assert ours == theirs
