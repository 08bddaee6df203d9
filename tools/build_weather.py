"""Build a table of the climate that attenuation needs, from the maps in the `itur` package.

Run it in an environment of its own with ``pip install itur==0.4.0`` (171 MB; never a dependency of bentpipe)::

    python tools/build_weather.py --points tools/weather_points.csv --out points.csv
    python tools/build_weather.py --grid 1.0 --bounds 44 22 53 41 --out ukraine.npz

A points file has the columns name, latitude_deg and longitude_deg. The grid's bounds are south, west, north and
east. `bentpipe.catalog.weather.load_weather` reads either result.

ITU's digital maps may not be passed on without its permission, so a grid is for your own use: do not publish it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib.metadata
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

P_PCT = (1, 2, 3, 5, 10, 20, 30, 50, 70, 90, 99)
SOURCE = (
    "ITU-R P.837-7 (rain rate, probability), P.839-4, P.1511-2, P.1510-1, P.453-13 (median N_wet), P.836-6, P.840-8,"
    " P.835-6 (pressure)"
)


def climate(lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """Everything bentpipe.link.placeweather.PlaceClimate needs, at points of shape (N,)."""
    from itur.models import itu453, itu835, itu836, itu837, itu839, itu840, itu1510, itu1511

    def plain(quantity: Any, unit: str) -> npt.NDArray[np.float64]:
        return np.asarray(quantity.to(unit).value, dtype=np.float64)

    def rows(function: Any, unit: str, *more: Any) -> npt.NDArray[np.float64]:
        return np.stack([plain(function(lat.copy(), lon.copy(), p, *more), unit) for p in P_PCT], axis=-1)

    altitude = plain(itu1511.topographic_altitude(lat, lon), "km")
    return {
        "altitude_m": 1e3 * altitude,
        "rain_height_m": plain(itu839.rain_height(lat, lon), "m"),
        "rain_rate_001_mm_h": plain(itu837.rainfall_rate(lat, lon, 0.01), "mm / h"),
        "rain_probability_pct": plain(itu837.rainfall_probability(lat, lon), "%"),
        "wet_refractivity": np.asarray(itu453.map_wet_term_radio_refractivity(lat.copy(), lon.copy(), 50).value),
        "pressure_pa": plain(itu835.standard_pressure(altitude), "Pa"),
        "temperature_k": plain(itu1510.surface_mean_temperature(lat, lon), "K"),
        "vapour_density_kg_m3": rows(itu836.surface_water_vapour_density, "kg / m3", altitude),
        "vapour_column_kg_m2": rows(itu836.total_water_vapour_content, "kg / m2", altitude),
        "cloud_liquid_kg_m2": rows(itu840.columnar_content_reduced_liquid, "kg / m2"),
    }


def maps_hash() -> str:
    """Hash of the maps of the installed wheel."""
    import itur

    digest = hashlib.sha256()
    for path in sorted((Path(itur.__file__).parent / "data").rglob("*.npz")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def write_points(target: Path, names: list[str], lat: Any, lon: Any, fields: dict[str, Any], made: str) -> None:
    """A CSV file: one line a place, six digits."""
    columns: dict[str, Any] = {"latitude_deg": lat, "longitude_deg": lon}
    for name, values in fields.items():
        if values.ndim == 1:
            columns[name] = values
        else:
            columns |= {f"{name}@{p}": values[:, k] for k, p in enumerate(P_PCT)}
    with target.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"# {SOURCE}\n# {made}\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["name", *columns])
        for i, name in enumerate(names):
            writer.writerow([name, *(f"{float(values[i]):.6g}" for values in columns.values())])


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=Path, help="CSV file with name, latitude_deg, longitude_deg")
    parser.add_argument("--grid", type=float, help="spacing of a grid, degrees")
    parser.add_argument("--bounds", type=float, nargs=4, default=(-90.0, -180.0, 90.0, 180.0), help="S W N E, degrees")
    parser.add_argument("--out", type=Path, required=True, help="a .csv file for points, a .npz file for a grid")
    given = parser.parse_args()
    made = f"itur {importlib.metadata.version('itur')}, sha256 of its maps {maps_hash()}"
    if given.points:
        lines = list(csv.DictReader(given.points.open(encoding="utf-8")))
        lat, lon = (np.array([float(line[key]) for line in lines]) for key in ("latitude_deg", "longitude_deg"))
        write_points(given.out, [line["name"] for line in lines], lat, lon, climate(lat, lon), made)
        return
    south, west, north, east = given.bounds
    lat = np.linspace(south, north, round((north - south) / given.grid) + 1)
    lon = np.linspace(west, east, round((east - west) / given.grid) + 1)
    grid = np.meshgrid(lat, lon, indexing="ij")
    fields = climate(grid[0].ravel(), grid[1].ravel())
    shaped = {name: v.reshape(*grid[0].shape, *v.shape[1:]).astype(np.float32) for name, v in fields.items()}
    about = {"source": np.array(SOURCE), "made": np.array(made), "p_pct": np.array(P_PCT, dtype=np.float64)}
    np.savez_compressed(given.out, latitude_deg=lat, longitude_deg=lon, **about, **shaped)


if __name__ == "__main__":
    main()
