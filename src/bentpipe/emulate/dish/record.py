"""What a run holds of one dish: its link, its outages, its place and its axis."""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bentpipe.emulate.dish.outages import slot_causes
from bentpipe.emulate.dish.skymap import SkyView, sky_view
from bentpipe.emulate.fromrun import site_id, site_series
from bentpipe.linkqueue.series import LinkSeries
from bentpipe.results.opened import Run

#: A dish reports no capacity: any rate will do where a run has none.
_ANY_RATE = (1e6, 1e6)
_AXIS = ("boresight_azimuth", "boresight_elevation", "field_of_view", "minimum_elevation")


@dataclass(frozen=True)
class DishRecord:
    """One dish over the T slots of a run.

    Parameters
    ----------
    name : str
        Id of the dish: ``ut-virtual-``, eight digits of the identity of the run, and the site.
    software : str
        What answers, with its version.
    country : str
        ISO 3166 code of the country of the site's region; "" where it has none.
    moves : bool
        Whether the site has a track.
    series : LinkSeries
        Link.
    cause : (T,) int8
        As `bentpipe.emulate.dish.outages.slot_causes` gives.
    satellite : (T,) int64
        Catalogue number of the serving satellite; of meaning where connected.
    latitude_deg, longitude_deg : (T,) float64
        Place, degrees.
    height_m : float
        Above the ellipsoid, m; 0 where the scenario does not tell.
    azimuth_deg, elevation_deg : float
        Axis of the dish, degrees.
    view : SkyView
        What it sees.
    notes : tuple of str
        What a user should know of the link.
    """

    name: str
    software: str
    country: str
    moves: bool
    series: LinkSeries
    cause: NDArray[np.int8]
    satellite: NDArray[np.int64]
    latitude_deg: NDArray[np.float64]
    longitude_deg: NDArray[np.float64]
    height_m: float
    azimuth_deg: float
    elevation_deg: float
    view: SkyView
    notes: tuple[str, ...] = ()


def read_dish(run: Run, site: str) -> DishRecord:
    """Read a dish from a finished run.

    Parameters
    ----------
    run : Run
        A finished run.
    site : str
        Id of a site, or its name; case is ignored.

    Returns
    -------
    DishRecord

    Raises
    ------
    UnknownNameError
        No such site.
    StoreError
        The run was made by an earlier version, or its manifest is damaged.
    RunError
        The run is not finished.
    """
    link = site_series(run, site, rate_bit_s=_ANY_RATE)
    number, name = site_id(run, site)
    data = run.dataset.isel(site=number)
    serving = np.asarray(data["site_serving_satellite"].values).astype(np.int64)
    known = ("site_usable_satellites", "site_reachable", "site_served", "site_connected")
    latitude, longitude, moves = _place(run, name, number)
    document = _site_document(run, name)
    azimuth, elevation, cone, lowest = (float(data[f"site_{part}_deg"]) for part in _AXIS)
    skyline = [(float(a), float(e)) for a, e in document.get("obstruction", ())]
    return DishRecord(
        name=f"ut-virtual-{str(run.manifest['identity'])[:8]}-{name}",
        software=f"bentpipe {importlib.metadata.version('bentpipe')}",
        country=str(data["site_region"].values).partition("-")[0],
        moves=moves,
        series=link.series,
        cause=slot_causes(*(np.asarray(data[variable].values) for variable in known)),
        satellite=np.asarray(run.dataset["satellite_catalog_number"].values)[serving],
        latitude_deg=latitude,
        longitude_deg=longitude,
        height_m=float(document.get("height_m") or 0.0),
        azimuth_deg=azimuth,
        elevation_deg=elevation,
        view=sky_view(azimuth, elevation, cone, lowest, skyline),
        notes=tuple(note for note in link.notes if not note.startswith("rates given by hand")),
    )


def _place(run: Run, name: str, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """Latitude and longitude of each slot, degrees, and whether the site moves."""
    data = run.dataset
    tracks = [str(one) for one in data["track"].values]
    if name in tracks:
        row = tracks.index(name)
        return data["track_latitude_deg"].values[:, row], data["track_longitude_deg"].values[:, row], True
    ones = np.ones(data.sizes["slot"])
    fixed = [float(data[f"site_{part}_deg"].values[number]) for part in ("latitude", "longitude")]
    return ones * fixed[0], ones * fixed[1], False


def _site_document(run: Run, name: str) -> dict[str, Any]:
    """What the scenario says of a site; nothing where it came from a list of sites in a file."""
    try:
        document = json.loads((run.path / "inputs" / "scenario.json").read_text(encoding="utf-8"))
        return next((dict(one) for one in document.get("sites", ()) if one["id"] == name), {})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
