"""Labels of Walker shells are found again from their states, with scatter and with satellites missing."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bentpipe.orbit import CircularElements, Propagator, Recovered, recover_planes, walker_shell

EPOCH = 1_700_000_000.0


@st.composite
def shells(draw: st.DrawFn) -> tuple[CircularElements, np.ndarray, int, int, int]:
    """A shell with scattered angles, which satellites fly, planes, places and Walker's F."""
    planes, places = draw(st.integers(1, 60)), draw(st.integers(5, 40))
    phasing = draw(st.integers(0, planes - 1))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shell = walker_shell(
        altitude_m=draw(st.floats(400e3, 1200e3)),
        inclination_deg=draw(st.floats(30.0, 99.0)),
        planes=planes,
        per_plane=places,
        phasing=phasing,
        raan0_deg=draw(st.floats(0.0, 360.0)),
        epoch_unix_s=EPOCH,
    )
    noise = np.radians(draw(st.floats(0.0, 0.2)))
    size = (2, len(shell.plane))
    node, latitude = rng.normal(0.0, noise, size).clip(-3 * noise, 3 * noise)
    shell = shell._replace(node_rad=shell.node_rad + node, latitude_argument_rad=shell.latitude_argument_rad + latitude)
    flies = rng.random(size[1]) > draw(st.floats(0.0, 0.2))
    return shell, flies, planes, places, phasing


def recovered(shell: CircularElements, flies: np.ndarray) -> Recovered:
    position, velocity = Propagator(shell).inertial_states(EPOCH + 4_321.0)
    return recover_planes(position, velocity, flies, np.zeros(len(flies), np.int64))


@given(shells())
@settings(max_examples=60, deadline=None)
def test_labels_come_back_up_to_a_rotation(case: tuple[CircularElements, np.ndarray, int, int, int]) -> None:
    shell, flies, planes, places, phasing = case
    plane, place = np.divmod(np.arange(planes * places), places)
    # A shell of which a whole plane, or a whole place, is missing in step is another shell.
    size = np.bincount(plane[flies], minlength=planes)
    assume(flies.sum() >= 12 and size.min() >= 3)
    found = recovered(shell, flies)
    fit = found.fits[0]
    assert (fit.planes, fit.places, fit.assigned) == (planes, places, 1.0)
    assert (found.shell[~flies] == -1).all() and (found.place[~flies] == -1).all()
    assert len(np.unique((found.plane - plane)[flies] % planes)) == 1
    turn = (found.place - place) % places
    assert all(len(np.unique(turn[flies & (plane == p)])) == 1 for p in range(planes))
    # The same place of the next plane is near in phase; across the seam it is so many places further.
    along = (place + phasing * plane / planes - found.place)[flies]
    phase = np.array([along[found.plane[flies] == p][0] for p in range(planes)])
    seam = int(found.seam_shift[flies][0])
    step = np.append(np.diff(phase), seam + phase[0] - phase[-1]) if planes > 1 else np.zeros(1)
    step -= places * np.rint(step / places)
    assert (np.abs(step) <= 0.52).all()
