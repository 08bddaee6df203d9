"""How the dishes of the named sites look at the sky."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.simulate.territory import Territory


def site_views(territory: Territory) -> dict[str, npt.NDArray[np.float64]]:
    """Axis, cone and lowest elevation of the dish of each site, as they limit which satellites it can use.

    Parameters
    ----------
    territory : Territory
        Its places; a moving site by the start of its track.

    Returns
    -------
    dict of str to (S,) float64
        Variables of ``results/variables.csv``, degrees. Of an axis to the zenith the azimuth is 0.
    """
    cells, places = len(territory.cell_id), territory.places
    axes = places.east_north_up[cells:].reshape(-1, 3, 3)
    east, north, up = np.einsum("sij,sj->is", axes, places.boresight[cells:])
    flat = np.hypot(east, north)
    azimuth = np.where(flat > 1e-9, np.degrees(np.arctan2(east, north)) % 360.0, 0.0)
    return {
        "site_boresight_azimuth_deg": azimuth,
        "site_boresight_elevation_deg": np.degrees(np.arctan2(up, flat)),
        "site_field_of_view_deg": 2.0 * np.degrees(np.arccos(np.clip(places.cos_half_cone[cells:], -1.0, 1.0))),
        "site_minimum_elevation_deg": np.degrees(np.arcsin(places.sin_min_elevation[cells:])),
    }
