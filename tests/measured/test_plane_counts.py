"""Planes found in public element sets beside those that were licensed.

Licensed (FCC 21-48, 27 April 2021): 72 planes at 550 km and 53.0 degrees, 72 at 540 km and 53.2, 36 at 570 km and
70.0, ten (six and four) at 560 km and 97.6. Of the last the element sets show six, 60 degrees apart. The 22 places of
the license fly as 18 and spares a quarter of a spacing off some of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bentpipe.catalog.elements import in_service, load_elements
from bentpipe.earth import to_unix_s
from bentpipe.orbit import Propagator, Recovered, Sgp4Elements, ShellFit, recover_planes


def recovered(shared: Path, file: str, known: bool = True) -> Recovered:
    path = shared / "data" / "elements" / file
    if not path.is_file():
        pytest.skip(f"element sets not found: {path}")
    e = load_elements(path)
    service = in_service(e)
    propagator = Propagator(
        Sgp4Elements(
            e.catalog_number,
            e.epoch_unix_s,
            e.bstar,
            e.ndot,
            e.nddot,
            e.eccentricity,
            e.argument_of_perigee_rad,
            e.inclination_rad,
            e.mean_anomaly_rad,
            e.mean_motion_rad_per_min,
            e.raan_rad,
        )
    )
    states = propagator.inertial_states(float(to_unix_s(e.median_epoch)))
    if not known:
        return recover_planes(*states, np.ones(len(e), bool))
    return recover_planes(*states, service.mask, np.where(service.mask, service.cluster, -1))


def fit_at(found: Recovered, inclination_deg: float) -> ShellFit:
    """The largest shell at an inclination."""
    near = [fit for fit in found.fits if abs(fit.inclination_deg - inclination_deg) < 0.08]
    return max(near, key=lambda fit: fit.satellites)


@pytest.mark.parametrize("file", ["starlink_2022-10-24_n3171.tle.gz", "starlink_2023-07-18_n4408.tle.gz"])
def test_planes_are_the_licensed_ones(shared: Path, file: str) -> None:
    found = recovered(shared, file)
    for inclination, planes, places in ((53.05, 72, 18), (53.22, 72, 18), (97.66, 6, 36)):
        fit = fit_at(found, inclination)
        assert (fit.planes, fit.places, fit.even) == (planes, places, True)
        assert fit.plane_rms_deg < 0.2 and fit.place_rms_deg < 0.3
        assert fit.assigned > 0.79
    assert fit_at(found, 53.05).phase_step == pytest.approx(45 / 72 - 1, abs=2e-3)


def test_a_shell_that_grew_for_a_year_shows_its_36_planes(shared: Path) -> None:
    """On 2022-10-24 three planes fly, 20 degrees apart, which 18 planes explain; on 2023-07-18 thirteen."""
    assert fit_at(recovered(shared, "starlink_2023-07-18_n4408.tle.gz"), 70.0)[4:8] == (36, 13, True, 16)


def test_without_shells_the_large_ones_are_found(shared: Path) -> None:
    """All satellites of the file, a seventh of them on their way up or down."""
    found = recovered(shared, "starlink_2022-10-24_n3171.tle.gz", known=False)
    large = [(fit.planes, fit.places) for fit in found.fits if fit.satellites > 150]
    assert large[:2] == [(72, 18), (72, 18)] and (6, 36) in large
