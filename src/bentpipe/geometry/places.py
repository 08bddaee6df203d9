"""Places that look at the sky: cells, sites and gateways as arrays, grouped for the search."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.geometry.gso import ArcView, arc_view

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Places(NamedTuple):
    """Places and what limits their view of the sky.

    Parameters
    ----------
    position_m : (C, 3) float64
        Earth-fixed, m.
    east_north_up : (C, 9) float64
        Unit vectors east, north, up, one after the other.
    sin_min_elevation : (C,) float64
        Sine of the minimum elevation.
    boresight : (C, 3) float64
        Unit vector along the antenna's axis, Earth-fixed.
    cos_half_cone : (C,) float64
        Cosine of half the field of view; -1 for an antenna that sees everything.
    arc : ArcView
        The geostationary arc from each place.
    mask : (M, 360) float64
        Sine of the elevation below which the sky is obstructed, by azimuth in degrees.
    mask_of_place : (C,) int64
        Row of `mask`; -1 for an open sky.
    order : (C,) int64
        Places sorted so that each group is contiguous.
    group_start : (K + 1,) int64
        Where each group starts in `order`.
    group_axis : (K, 3) float64
        Unit vector to the middle of each group.
    group_radius_rad : (K,) float64
        Central angle from the middle to the farthest place of the group.
    max_range_m : (C,) float64
        Satellites farther than this are not used, m; infinity for no limit.
    """

    position_m: FloatArray
    east_north_up: FloatArray
    sin_min_elevation: FloatArray
    boresight: FloatArray
    cos_half_cone: FloatArray
    arc: ArcView
    mask: FloatArray
    mask_of_place: IntArray
    order: IntArray
    group_start: IntArray
    group_axis: FloatArray
    group_radius_rad: FloatArray
    max_range_m: FloatArray


def automatic_tilt_deg(latitude_deg: npt.ArrayLike) -> FloatArray:
    """Tilt of a self-aligning dish away from the zenith, towards the pole, degrees.

    Measured: 27 degrees poleward at 48.5 degrees north (Victoria, April 2025, the dish's own report). Elsewhere
    assumed: proportional to latitude up to there, and fading to none at 70 degrees, where most satellites of the
    53-degree shells stand on the equator's side.

    Parameters
    ----------
    latitude_deg : array_like
        Geodetic latitude, degrees.

    Returns
    -------
    ndarray of float64
        Same shape, degrees.
    """
    latitude = np.abs(np.asarray(latitude_deg, np.float64))
    return np.interp(latitude, [0.0, 48.5, 53.0, 70.0], [0.0, 27.0, 27.0, 0.0])


def boresight_vector(east_north_up: FloatArray, tilt_deg: FloatArray, azimuth_deg: FloatArray) -> FloatArray:
    """Axis of an antenna from its tilt and azimuth.

    Parameters
    ----------
    east_north_up : (C, 3, 3) float64
        Rows east, north, up.
    tilt_deg, azimuth_deg : (C,) float64
        Angle from the zenith, and the azimuth it leans to, degrees.

    Returns
    -------
    (C, 3) float64
        Unit vectors.
    """
    tilt, azimuth = np.radians(tilt_deg), np.radians(azimuth_deg)
    local = np.stack([np.sin(tilt) * np.sin(azimuth), np.sin(tilt) * np.cos(azimuth), np.cos(tilt)], axis=-1)
    vector: FloatArray = np.einsum("ci,cij->cj", local, east_north_up)
    return vector


def group_places(position_m: FloatArray, size_deg: float = 4.0) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Group nearby places, so that a list of candidate satellites serves many.

    Parameters
    ----------
    position_m : (C, 3) float64
        Earth-fixed, m.
    size_deg : float
        Size of the latitude-longitude boxes that make the groups.

    Returns
    -------
    order, group_start, group_axis, group_radius_rad
        See `Places`.
    """
    unit = position_m / np.linalg.norm(position_m, axis=1, keepdims=True)
    latitude = np.degrees(np.arcsin(np.clip(unit[:, 2], -1.0, 1.0)))
    longitude = np.degrees(np.arctan2(unit[:, 1], unit[:, 0]))
    row = np.floor((latitude + 90.0) / size_deg).astype(np.int64)
    middle = np.radians((row + 0.5) * size_deg - 90.0)
    columns = np.maximum(1, np.round(360.0 / size_deg * np.cos(middle))).astype(np.int64)
    column = np.minimum(((longitude + 180.0) / 360.0 * columns).astype(np.int64), columns - 1)
    box = row * 100_000 + column
    order = np.argsort(box, kind="stable").astype(np.int64)
    _, first = np.unique(box[order], return_index=True)
    start = np.append(first, len(box)).astype(np.int64)
    axis = np.add.reduceat(unit[order], first, axis=0) if len(box) else np.empty((0, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    group = np.repeat(np.arange(len(first)), np.diff(start))
    cosine = np.clip(np.einsum("ci,ci->c", unit[order], axis[group]), -1.0, 1.0)
    radius = np.zeros(len(first))
    np.maximum.at(radius, group, np.arccos(cosine))
    return order, start, np.ascontiguousarray(axis), radius + 1e-9


def obstruction_rows(masks: list[list[tuple[float, float]]]) -> FloatArray:
    """Obstruction masks on whole degrees of azimuth.

    Parameters
    ----------
    masks : list of lists of (azimuth, elevation)
        Corners in degrees, azimuth from north through east; straight lines between them, around the circle.

    Returns
    -------
    (M, 360) float64
        Sine of the elevation that is obstructed, at azimuth 0.5, 1.5, ... degrees.
    """
    rows = np.full((len(masks), 360), -1.0)
    centres = np.arange(360) + 0.5
    for row, mask in zip(rows, masks, strict=True):
        if mask:
            azimuth, elevation = np.array(sorted(mask), np.float64).T
            row[:] = np.sin(np.radians(np.interp(centres, azimuth, elevation, period=360.0)))
    return rows


def make_places(
    position_m: FloatArray,
    east_north_up: FloatArray,
    min_elevation_deg: npt.ArrayLike,
    gso_avoidance_deg: npt.ArrayLike,
    field_of_view_deg: npt.ArrayLike = 360.0,
    tilt_deg: npt.ArrayLike = 0.0,
    azimuth_deg: npt.ArrayLike = 0.0,
    masks: list[list[tuple[float, float]]] | None = None,
    max_range_m: npt.ArrayLike = np.inf,
) -> Places:
    """Build `Places` from plain numbers.

    Parameters
    ----------
    position_m : (C, 3) float64
        Earth-fixed, m.
    east_north_up : (C, 3, 3) float64
        Rows east, north, up.
    min_elevation_deg, gso_avoidance_deg, field_of_view_deg, tilt_deg, azimuth_deg : (C,) or scalar
        Degrees. The field of view is the full angle of the cone; 360 sees everything.
    masks : list of C lists, optional
        Obstruction masks; an empty list is an open sky.
    max_range_m : (C,) or scalar
        Longest usable distance, m.

    Returns
    -------
    Places
    """
    count = len(position_m)

    def full(value: npt.ArrayLike) -> FloatArray:
        return np.array(np.broadcast_to(np.asarray(value, np.float64), (count,)))

    masked = [i for i, mask in enumerate(masks or []) if mask]
    mask_of_place = np.full(count, -1, np.int64)
    mask_of_place[masked] = np.arange(len(masked))
    rows = obstruction_rows([(masks or [])[i] for i in masked]) if masked else np.full((1, 360), -1.0)
    order, start, axis, radius = group_places(position_m)
    half = np.minimum(full(field_of_view_deg) / 2.0, 180.0)
    return Places(
        np.ascontiguousarray(position_m, np.float64),
        np.ascontiguousarray(east_north_up.reshape(count, 9), np.float64),
        np.sin(np.radians(full(min_elevation_deg))),
        np.ascontiguousarray(boresight_vector(east_north_up, full(tilt_deg), full(azimuth_deg))),
        np.cos(np.radians(half)),
        arc_view(position_m, east_north_up[:, 2], full(gso_avoidance_deg)),
        rows,
        mask_of_place,
        order,
        start,
        axis,
        radius,
        full(max_range_m),
    )


def select_places(places: Places, index: IntArray) -> Places:
    """Some of the places, grouped anew.

    Parameters
    ----------
    places : Places
        C places.
    index : (S,) int64
        Which of them, in the order wanted.

    Returns
    -------
    Places
    """
    order, start, axis, radius = group_places(places.position_m[index])
    arc = type(places.arc)(*(np.ascontiguousarray(column[index]) for column in places.arc))
    columns = {
        name: np.ascontiguousarray(getattr(places, name)[index])
        for name in ("position_m", "east_north_up", "sin_min_elevation", "boresight", "cos_half_cone", "mask_of_place",
                     "max_range_m")
    }  # fmt: skip
    return places._replace(**columns, arc=arc, order=order, group_start=start, group_axis=axis, group_radius_rad=radius)
