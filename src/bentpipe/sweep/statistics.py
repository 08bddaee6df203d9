"""Statistics over the runs of a study, lazily: quantiles, exceedance, bootstrap intervals.

Runs that are unfinished or were given up are left out and counted; so are runs in which a quantity has no value (the
delay of a site that is never served).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, place_id, uniforms
from bentpipe.errors import Fault, InputError
from bentpipe.scenario.values import did_you_mean

if TYPE_CHECKING:
    import xarray

#: Dimensions along which runs differ by chance alone.
CHANCE = ("seed", "draw")
#: Numbers that one step of a bootstrap holds at most.
_AT_ONCE = 1_000_000
Array = npt.NDArray[np.float64]
Dims = str | Sequence[str] | None


def over_runs(dims: Sequence[str], over: Dims) -> tuple[str, ...]:
    """Dimensions of the grid that a statistic goes over.

    Parameters
    ----------
    dims : sequence of str
        Of the grid.
    over : str, sequence of str or None
        Those that are asked for; None for `CHANCE`, as far as the study has them.

    Returns
    -------
    tuple of str

    Raises
    ------
    InputError
        Where the study has no such dimension, or none to go over.
    """
    has = ", ".join(dims) or "(none)"
    if over is None:
        found = tuple(d for d in CHANCE if d in dims)
        if not found:
            remedy = "name axes, such as over=" + repr(dims[0] if dims else "draw")
            raise InputError(Fault("the study has neither seeds nor draws", "over", None, f"one of {has}", remedy))
        return found
    wanted = (over,) if isinstance(over, str) else tuple(over)
    faults = [
        Fault("the study has no such dimension", "over", dim, f"one of {has}", did_you_mean(dim, dims))
        for dim in wanted
        if dim not in dims
    ]
    if faults or not wanted:
        raise InputError(*(faults or [Fault("nothing to go over", "over", None, f"one of {has}")]))
    return tuple(dict.fromkeys(wanted))


def kept_variable(dataset: xarray.Dataset, variable: str) -> xarray.DataArray:
    """A variable of a study, NaN in runs that are not there.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of the study.
    variable : str
        Such as ``site_rtt_s_mean``.

    Returns
    -------
    xarray.DataArray

    Raises
    ------
    InputError
        Where the study does not keep it.
    """
    known = [str(name) for name in dataset.data_vars if name != "run_complete"]
    if variable not in known:
        hint = did_you_mean(variable, known)
        raise InputError(
            Fault("the study keeps no such variable", "variable", variable, "one of " + ", ".join(known), hint)
        )
    found = dataset[variable].where(dataset["run_complete"])
    found.attrs = dict(dataset[variable].attrs)
    return found


def with_counts(values: xarray.DataArray, over: tuple[str, ...], **found: xarray.DataArray) -> xarray.Dataset:
    """Put results together with the runs that they rest on, and those left out."""
    import xarray

    runs = values.notnull().sum(over)
    whole = int(np.prod([values.sizes[d] for d in over], dtype=np.int64))
    counts = {
        "runs": runs.assign_attrs(long_name="runs that have a value", units="1"),
        "left_out": (whole - runs).assign_attrs(long_name="runs unfinished, given up or without a value", units="1"),
    }
    return xarray.Dataset(found | counts, attrs={"over": ", ".join(over), "note": "simulated; not live status"})


def _one_chunk(values: xarray.DataArray, over: tuple[str, ...]) -> xarray.DataArray:
    return values.chunk(dict.fromkeys(over, -1)) if values.chunks else values


def quantiles(
    dataset: xarray.Dataset, dims: Sequence[str], variable: str, q: float | Sequence[float], over: Dims = None
) -> xarray.Dataset:
    """Quantiles of a variable over runs; see `bentpipe.StudyResults.quantiles`."""
    wanted = np.atleast_1d(np.asarray(q, np.float64))
    if not wanted.size or not ((wanted >= 0.0) & (wanted <= 1.0)).all():
        raise InputError(Fault("not a quantile", "q", q, "numbers from 0 to 1"))
    along = over_runs(dims, over)
    values = kept_variable(dataset, variable)
    found = _one_chunk(values, along).quantile(wanted, dim=along, skipna=True)
    found = found.isel(quantile=0) if np.ndim(q) == 0 else found
    return with_counts(values, along, value=found.assign_attrs(values.attrs))


def exceedance(
    dataset: xarray.Dataset,
    dims: Sequence[str],
    variable: str,
    level: float | Sequence[float],
    over: Dims = None,
    below: bool = False,
) -> xarray.Dataset:
    """Share of runs above or below levels; see `bentpipe.StudyResults.exceedance`."""
    import xarray

    levels = np.atleast_1d(np.asarray(level, np.float64))
    if not levels.size or not np.isfinite(levels).all():
        raise InputError(Fault("not a level", "level", level, "finite numbers in the unit of the variable"))
    along = over_runs(dims, over)
    values = kept_variable(dataset, variable)
    unit = {"units": str(values.attrs.get("units", "1"))}
    against = xarray.DataArray(levels, dims="level", coords={"level": ("level", levels, unit)})
    against = against.isel(level=0) if np.ndim(level) == 0 else against
    beyond = values < against if below else values > against
    runs = values.notnull().sum(along)
    share = beyond.sum(along) / runs.where(runs > 0)
    side = "below" if below else "above"
    return with_counts(values, along, share=share.assign_attrs(long_name=f"share of runs {side} the level", units="1"))


def statistic_of(statistic: str | float) -> tuple[str, Callable[[Array], Array]]:
    """Name and function of a statistic, over the last axis, without NaN in it.

    Parameters
    ----------
    statistic : str or float
        "mean", "median", or a quantile from 0 to 1.

    Returns
    -------
    name : str
    function : callable

    Raises
    ------
    InputError
        Where it is none of these.
    """
    if statistic == "mean":
        return "mean", _mean
    if statistic == "median":
        return "median", lambda values: _quantile(values, 0.5)
    if isinstance(statistic, int | float) and not isinstance(statistic, bool) and 0.0 <= statistic <= 1.0:
        at = float(statistic)
        return f"quantile {at:g}", lambda values: _quantile(values, at)
    allowed = '"mean", "median", or a quantile from 0 to 1'
    raise InputError(Fault("not a statistic", "statistic", statistic, allowed))


def _mean(values: Array) -> Array:
    there = ~np.isnan(values)
    count = there.sum(axis=-1)
    total = np.where(there, values, 0.0).sum(axis=-1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _quantile(values: Array, q: float) -> Array:
    """Linear between order statistics, as NumPy's default; NaN sorts last and is not counted."""
    return _of_ordered(np.sort(values, axis=-1), q)


def _of_ordered(ordered: Array, q: float) -> Array:
    count = (~np.isnan(ordered)).sum(axis=-1)
    at = q * np.maximum(count - 1, 0)
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    below = np.take_along_axis(ordered, low[..., None], -1)[..., 0]
    above = np.take_along_axis(ordered, high[..., None], -1)[..., 0]
    return np.asarray(below + (above - below) * (at - low))


def positions(dims: Mapping[str, int], resamples: int, seed: int) -> list[npt.NDArray[np.int64]]:
    """Positions of every resample along each dimension, drawn with replacement.

    Each is keyed by the name of its dimension, the resample and its number in it: nothing depends on order.

    Parameters
    ----------
    dims : mapping of str to int
        Length of each dimension.
    resamples : int
        How many, R.
    seed : int

    Returns
    -------
    list of (R, n) arrays
    """
    return [
        (uniforms(seed, Purpose.BOOTSTRAP, np.arange(resamples)[:, None], np.arange(n), np.uint64(place_id(d))) * n)
        .astype(np.int64)
        .clip(0, n - 1)
        for d, n in dims.items()
    ]


def _times(at: Sequence[npt.NDArray[np.int64]], sizes: Sequence[int]) -> Array:
    """How often each combination of positions is in each resample, (n1 n2 ..., R)."""
    times = np.ones((1, len(at[0])))
    for chosen, n in zip(at, sizes, strict=True):
        row = np.arange(len(chosen))[:, None] * n
        own = np.bincount((row + chosen).ravel(), minlength=len(chosen) * n).reshape(-1, n).T
        times = (times[:, None, :] * own[None, :, :]).reshape(-1, len(chosen))
    return np.ascontiguousarray(times)


def resampled(values: Array, dims: Mapping[str, int], statistic: str | float, resamples: int, seed: int) -> Array:
    """A statistic of every resample of the runs.

    Positions of each dimension are drawn by themselves and crossed: runs that share a seed or a draw go together, as
    they are not independent (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007).

    Parameters
    ----------
    values : (..., n1, n2, ...) array
        The last axes are `dims`; NaN where there is no value.
    dims : mapping of str to int
    statistic : str or float
        "sum", "mean", "median", or a quantile from 0 to 1.
    resamples : int
        R.
    seed : int

    Returns
    -------
    (..., R) array
        NaN where a resample holds no value; a sum is then 0.
    """
    from bentpipe.sweep.resampling import resampled_mean, resampled_quantile

    at = positions(dims, resamples, seed)
    sizes = list(dims.values())
    outer = values.shape[: values.ndim - len(at)]
    flat = values.reshape(-1, int(np.prod(sizes, dtype=np.int64))).astype(np.float64)
    out = np.empty((len(flat), resamples))
    for some in _steps(resamples, max(1, flat.shape[1])):
        times = _times([chosen[some] for chosen in at], sizes)
        for rows in _steps(len(flat), times.shape[1]):
            if statistic in ("sum", "mean"):
                out[rows, some] = resampled_mean(flat[rows], times, total_only=statistic == "sum")
            else:
                q = 0.5 if statistic == "median" else float(statistic)
                out[rows, some] = resampled_quantile(flat[rows], times, q)
    return out.reshape(*outer, resamples)


def _steps(length: int, size: int) -> list[slice]:
    """Cut `length` things of `size` numbers each."""
    step = max(1, _AT_ONCE // size)
    return [slice(begin, min(begin + step, length)) for begin in range(0, length, step)]


def check_bootstrap(resamples: int, confidence: float, seed: int) -> None:
    """Refuse what no bootstrap can be made with."""
    faults = []
    if not 100 <= resamples <= 1_000_000:
        faults.append(Fault("too few or too many resamples", "resamples", resamples, "from 100 to 1,000,000"))
    if not 0.0 < confidence < 1.0:
        faults.append(Fault("not a confidence", "confidence", confidence, "above 0 and below 1, such as 0.95"))
    if not 0 <= seed < 2**32:
        faults.append(Fault("not a seed", "seed", seed, "a whole number from 0 to 4,294,967,295"))
    if faults:
        raise InputError(*faults)


def interval(found: Array, confidence: float) -> Array:
    """(..., R) values of the resamples as (..., 2): the percentile interval."""
    tail = (1.0 - confidence) / 2.0
    ordered = np.sort(found, axis=-1)
    return np.stack([_of_ordered(ordered, tail), _of_ordered(ordered, 1.0 - tail)], axis=-1)


def bootstrap(
    dataset: xarray.Dataset,
    dims: Sequence[str],
    variable: str,
    statistic: str | float = "mean",
    over: Dims = None,
    resamples: int = 1000,
    seed: int = 1,
    confidence: float = 0.95,
) -> xarray.Dataset:
    """Percentile bootstrap over runs; see `bentpipe.StudyResults.bootstrap`."""
    check_bootstrap(resamples, confidence, seed)
    name, function = statistic_of(statistic)
    along = over_runs(dims, over)
    values = kept_variable(dataset, variable)
    found = _bootstrap_of(values, along, (statistic, function), resamples, seed, confidence)
    out = with_counts(
        values, along, **{part: found.isel(bound=i) for i, part in enumerate(("estimate", "low", "high"))}
    )
    for part in ("estimate", "low", "high"):
        out[part].attrs = dict(values.attrs)
    return out.assign_attrs(statistic=name, confidence=confidence, resamples=resamples)


def _bootstrap_of(
    values: xarray.DataArray,
    along: tuple[str, ...],
    statistic: tuple[str | float, Callable[[Array], Array]],
    resamples: int,
    seed: int,
    confidence: float,
) -> xarray.DataArray:
    """Estimate, lower and upper end of the interval along the dimension ``bound``, lazily."""
    import xarray

    sizes = {d: values.sizes[d] for d in along}
    name, function = statistic

    def reduce(block: Array) -> Array:
        flat = np.asarray(block, np.float64).reshape(-1, int(np.prod(list(sizes.values()), dtype=np.int64)))
        out = np.empty((len(flat), 3))
        out[:, 0] = function(flat)
        for rows in _steps(len(flat), resamples):  # never the resamples of all places at once
            own = flat[rows].reshape(-1, *sizes.values())
            out[rows, 1:] = interval(resampled(own, sizes, name, resamples, seed), confidence)
        out[(~np.isnan(flat)).sum(axis=-1) < 2, 1:] = np.nan  # one run tells no spread
        return out.reshape(*block.shape[: block.ndim - len(sizes)], 3)

    found: xarray.DataArray = xarray.apply_ufunc(
        reduce,
        _one_chunk(values, along),
        input_core_dims=[list(along)],
        output_core_dims=[["bound"]],
        dask="parallelized",
        output_dtypes=[np.float64],
        dask_gufunc_kwargs={"output_sizes": {"bound": 3}},
    )
    return found
