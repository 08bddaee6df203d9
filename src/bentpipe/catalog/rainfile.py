"""A user's rain field: Zarr or NetCDF through xarray, mm/h over time, latitude and longitude.

NetCDF needs an engine of xarray's (`h5netcdf`, `netCDF4` or, for the classic format, `scipy`), which bentpipe does
not bring along; Zarr works as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError

if TYPE_CHECKING:
    import xarray as xr

FloatArray = npt.NDArray[np.float64]

DIMS = ("time", "latitude", "longitude")
UNITS = ("mm/h", "mm h-1", "mm h**-1", "mm hr-1", "mm/hr", "mm hour-1")
HIGHEST_MM_H = 1000.0
"""A rate above this is taken for a wrong unit, mm/h."""


class RainSeries(NamedTuple):
    """Rain rates on a grid.

    Parameters
    ----------
    unix_s : (T,) float64
        Times, s since 1970-01-01 UTC, rising.
    latitude_deg : (I,) float64
        Rising, degrees.
    longitude_deg : (J,) float64
        Rising, degrees.
    rain_rate_mm_h : (T, I, J) float64
        mm/h.
    """

    unix_s: FloatArray
    latitude_deg: FloatArray
    longitude_deg: FloatArray
    rain_rate_mm_h: FloatArray


def load_rain(path: str | Path, variable: str | None = None) -> RainSeries:
    """Read and check a rain field.

    Parameters
    ----------
    path : str or Path
        A Zarr store (a folder, or a zip file of it) or a NetCDF file.
    variable : str, optional
        Name of the variable; without it there must be just one with the three dimensions.

    Returns
    -------
    RainSeries
        The file's values with every axis rising; units mm/h as its `units` attribute must say.
    """
    where = str(path)
    dataset = _opened(Path(path), where)
    try:
        rain = _variable(dataset, variable, where)
        faults = _faults(rain, where)
        if faults:
            raise InputError(*faults)
        ordered = rain.transpose(*DIMS).sortby(list(DIMS))
        seconds = ordered["time"].values.astype("datetime64[ns]").astype(np.int64) / 1e9
        lat, lon = (np.asarray(ordered[name].values, dtype=np.float64) for name in DIMS[1:])
        return RainSeries(seconds, lat, lon, np.ascontiguousarray(ordered.values, dtype=np.float64))
    finally:
        dataset.close()


def _opened(path: Path, where: str) -> xr.Dataset:
    """The dataset, or a fault that says why not."""
    import xarray as xr

    if not path.exists():
        raise InputError(Fault("no such file or store", where))
    try:
        if path.suffix.lower() == ".zip":
            from zarr.storage import ZipStore

            packed: xr.Dataset = xr.open_zarr(ZipStore(path, mode="r"), consolidated=False)
            return packed
        return xr.open_zarr(path, consolidated=None) if path.is_dir() else xr.open_dataset(path)
    except Exception as error:
        remedy = "give a Zarr store, or install h5netcdf or netCDF4 for NetCDF"
        raise InputError(Fault(f"xarray cannot open it ({type(error).__name__})", where, remedy=remedy)) from error


def _variable(dataset: xr.Dataset, variable: str | None, where: str) -> xr.DataArray:
    """The variable asked for, or the only one with the dimensions."""
    fitting = [str(name) for name, array in dataset.data_vars.items() if set(array.dims) == set(DIMS)]
    if variable is not None and variable in dataset.data_vars and variable not in fitting:
        found: Any = tuple(dataset[variable].dims)
        raise InputError(
            Fault("its dimensions are not those of a rain field", f"{where}: {variable}", found, str(DIMS))
        )
    if variable is not None and variable in fitting:
        return dataset[variable]
    if variable is not None or len(fitting) != 1:
        allowed = f"one variable over {', '.join(DIMS)}"
        remedy = "name one of them" if fitting else "rename the dimensions"
        raise InputError(Fault("no such rain field in it", where, variable or fitting, allowed, remedy))
    return dataset[fitting[0]]


def _faults(rain: xr.DataArray, where: str) -> list[Fault]:
    """Everything that is wrong with the values, units and axes."""
    at = f"{where}: {rain.name}"
    found: list[Fault] = []
    unit = rain.attrs.get("units")
    if unit not in UNITS:
        found.append(Fault("its unit is not that of a rain rate", f"{at}: units", unit, "mm/h", "convert it to mm/h"))
    missing = [name for name in DIMS if name not in rain.coords]
    found += [Fault("a dimension has no coordinate", f"{at}: {name}", remedy="add its values") for name in missing]
    if missing:
        return found
    if 0 in rain.shape:
        return [*found, Fault("it is empty", at, rain.shape)]
    if not np.issubdtype(rain["time"].dtype, np.datetime64):
        found.append(Fault("times are not dates", f"{at}: time", str(rain["time"].dtype), "datetime64, UTC"))
    for name, limit in (("latitude", 90.0), ("longitude", 360.0)):
        axis = np.asarray(rain[name].values, dtype=np.float64)
        if not np.all(np.abs(axis) <= limit):
            found.append(Fault("off the globe", f"{at}: {name}", allowed=f"-{limit:g} to {limit:g} degrees"))
    found += [
        Fault("a value comes twice", f"{at}: {name}")
        for name in DIMS
        if len(np.unique(rain[name].values)) < rain.sizes[name]
    ]
    return found + _rate_faults(np.asarray(rain.values, dtype=np.float64), at)


def _rate_faults(rate: FloatArray, at: str) -> list[Fault]:
    """NaN, negative and absurd rates."""
    found = []
    missing = int(np.count_nonzero(~np.isfinite(rate)))
    if missing:
        remedy = "fill them, with 0 where no rain was seen"
        found.append(Fault(f"{missing:,} values are missing or not finite", at, allowed="numbers", remedy=remedy))
    with np.errstate(invalid="ignore"):
        if np.any(rate < 0.0):
            found.append(Fault("a rain rate is negative", at, float(np.nanmin(rate)), "0 mm/h and more"))
        if np.any(rate > HIGHEST_MM_H):
            remedy = "check the unit: m/s, mm/s and mm/day are not mm/h"
            found.append(
                Fault("a rain rate is beyond any rain", at, float(np.nanmax(rate)), "up to 1,000 mm/h", remedy)
            )
    return found


def rain_at(series: RainSeries, lat_deg: npt.ArrayLike, lon_deg: npt.ArrayLike, unix_s: npt.ArrayLike) -> FloatArray:
    """Rain rate at places and times: the nearest grid point, the latest time not after.

    Parameters
    ----------
    series : RainSeries
        From :func:`load_rain`.
    lat_deg, lon_deg : (P,) array_like
        Places, degrees; outside the grid by more than half a step they are refused.
    unix_s : (T,) array_like
        Times, s; before the first or more than a step after the last they are refused.

    Returns
    -------
    (P, T) ndarray of float64
        mm/h, not smoothed, for `bentpipe.link.rainrate`.
    """
    row = _nearest(series.latitude_deg, lat_deg, "latitude")
    lon = np.atleast_1d(np.asarray(lon_deg, dtype=np.float64))
    shifted = np.where(lon < series.longitude_deg[0] - 180.0, lon + 360.0, lon)
    column = _nearest(series.longitude_deg, shifted, "longitude")
    times = np.atleast_1d(np.asarray(unix_s, dtype=np.float64))
    step = float(np.median(np.diff(series.unix_s))) if len(series.unix_s) > 1 else 3600.0
    bad = ~((times >= series.unix_s[0]) & (times <= series.unix_s[-1] + step))
    if np.any(bad):
        allowed = f"{series.unix_s[0]:.0f} to {series.unix_s[-1] + step:.0f} s since 1970"
        raise InputError(Fault("the rain field does not cover the time", "unix_s", float(times[bad][0]), allowed))
    slot = np.searchsorted(series.unix_s, times, side="right") - 1
    return series.rain_rate_mm_h[slot[None, :], row[:, None], column[:, None]]


def _nearest(axis: FloatArray, values: npt.ArrayLike, name: str) -> npt.NDArray[np.int64]:
    """Number of the nearest grid line; refuses what lies outside."""
    wanted = np.atleast_1d(np.asarray(values, dtype=np.float64))
    margin = 0.5 * float(np.max(np.diff(axis))) if len(axis) > 1 else 0.5
    bad = ~((wanted >= axis[0] - margin) & (wanted <= axis[-1] + margin))
    if np.any(bad):
        allowed = f"{axis[0] - margin:g} to {axis[-1] + margin:g} degrees"
        raise InputError(Fault("the rain field does not cover the place", name, float(wanted[bad][0]), allowed))
    right = np.clip(np.searchsorted(axis, wanted), 1, max(len(axis) - 1, 1))
    if len(axis) == 1:
        return np.zeros(len(wanted), dtype=np.int64)
    return np.where(wanted - axis[right - 1] <= axis[right] - wanted, right - 1, right).astype(np.int64)
