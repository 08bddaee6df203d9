"""Element sets as arrays: what every reader hands over, checked once, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from bentpipe.catalog.elements import motion
from bentpipe.catalog.elements.faults import FaultList

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Times = NDArray[np.datetime64]

_TURN = 2.0 * np.pi
_MINUTES_PER_DAY = 1440.0
#: Largest catalogue number: nine digits, CCSDS 502.0-B-3 and the public catalogue's plans.
_MAX_NUMBER = 999_999_999


@dataclass(frozen=True)
class ElementSource:
    """Where element sets came from.

    Parameters
    ----------
    path : str
        File they were read from.
    sha256 : str
        Hexadecimal digest of that file as stored.
    format : str
        "tle", "omm-json", "omm-csv", "omm-xml" or "omm-kvn".
    notes : tuple of str
        What the reader did that the user should know (older duplicates left out).
    """

    path: str
    sha256: str
    format: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ElementSet:
    """Mean elements (SGP4, TEME of epoch) of N satellites, in order of the file.

    Parameters
    ----------
    name : tuple of str
        N names; "NORAD 44713" where the file gives none.
    catalog_number : ndarray, int64 (N,)
        Catalogue numbers, unique, 1 to 999,999,999.
    designator : tuple of str
        N international designators in the form of the file ("19074A", "2019-074A"), "" where not given.
    epoch : ndarray, datetime64[us] (N,)
        Epochs, UTC.
    mean_motion_rad_per_min : ndarray, float64 (N,)
        Mean motion as published (Kozai), rad/min.
    eccentricity : ndarray, float64 (N,)
        Eccentricity, 0 to 1.
    inclination_rad, raan_rad, argument_of_perigee_rad, mean_anomaly_rad : ndarray, float64 (N,)
        Angles, rad; all but the inclination in [0, 2 pi).
    bstar : ndarray, float64 (N,)
        SGP4 drag term, 1/Earth radius.
    ndot : ndarray, float64 (N,)
        Half the first derivative of the mean motion, as published, rad/min^2 (SGP4 does not use it).
    nddot : ndarray, float64 (N,)
        A sixth of its second derivative, as published, rad/min^3 (SGP4 does not use it).
    source : ElementSource
        File, digest, format and notes.
    """

    name: tuple[str, ...]
    catalog_number: Ints
    designator: tuple[str, ...]
    epoch: Times
    mean_motion_rad_per_min: Floats
    eccentricity: Floats
    inclination_rad: Floats
    raan_rad: Floats
    argument_of_perigee_rad: Floats
    mean_anomaly_rad: Floats
    bstar: Floats
    ndot: Floats
    nddot: Floats
    source: ElementSource

    def __len__(self) -> int:
        return len(self.name)

    @property
    def median_epoch(self) -> np.datetime64:
        """The middle epoch (datetime64[us], UTC): the date of the set as a whole."""
        ordered = np.sort(self.epoch)
        middle: np.datetime64 = ordered[(len(ordered) - 1) // 2]
        return middle

    @property
    def epoch_unix_s(self) -> Floats:
        """Epochs, float64 (N,), Unix seconds (UTC)."""
        return self.epoch.astype("datetime64[us]").astype(np.int64) / 1e6

    @property
    def altitude_m(self) -> Floats:
        """Mean altitudes, float64 (N,), m: mean semi-major axis less the equatorial radius of WGS 72."""
        axis = motion.semi_major_axis_m(self.mean_motion_rad_per_min, self.eccentricity, self.inclination_rad)
        return axis - motion.EQUATORIAL_RADIUS_M

    def select(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> ElementSet:
        """Return the satellites that a mask (N,) or an array of row numbers picks, in that order."""
        rows = np.arange(len(self))[which]
        picked: dict[str, object] = {}
        for field in fields(self):
            values = getattr(self, field.name)
            if isinstance(values, np.ndarray):
                picked[field.name] = np.ascontiguousarray(values[rows])
            elif isinstance(values, tuple):
                picked[field.name] = tuple(values[row] for row in rows)
        return replace(self, **picked)  # type: ignore[arg-type]


@dataclass
class RawElements:
    """Columns of a file in the units of the file (degrees, revolutions a day), before any check of range.

    Parameters
    ----------
    place : list of str
        Where each set stands, for messages: "line 12", "record 3"; N long as every column here.
    name, designator : list of str
        Names and international designators.
    catalog_number : ndarray, int64 (N,)
        Catalogue numbers.
    epoch : ndarray, datetime64[us] (N,)
        Epochs, UTC.
    numbers : dict of str to ndarray, float64 (N,)
        The other columns under their OMM keywords (CCSDS 502.0-B-3): MEAN_MOTION (rev/day), ECCENTRICITY,
        INCLINATION, RA_OF_ASC_NODE, ARG_OF_PERICENTER, MEAN_ANOMALY (degrees), BSTAR (1/Earth radius),
        MEAN_MOTION_DOT (rev/day^2), MEAN_MOTION_DDOT (rev/day^3).
    """

    place: list[str]
    name: list[str]
    designator: list[str]
    catalog_number: Ints
    epoch: Times
    numbers: dict[str, Floats]


def allowed_ranges() -> dict[str, tuple[float, float, str]]:
    """Return lowest and highest accepted value of each OMM number, with its unit."""
    any_angle = (-360.0, 360.0, "degrees")
    return {
        "MEAN_MOTION": (0.01, 18.0, "revolutions a day"),
        "ECCENTRICITY": (0.0, 0.999999, ""),
        "INCLINATION": (0.0, 180.0, "degrees"),
        "RA_OF_ASC_NODE": any_angle,
        "ARG_OF_PERICENTER": any_angle,
        "MEAN_ANOMALY": any_angle,
        "BSTAR": (-1e9, 1e9, "1/Earth radius"),
        "MEAN_MOTION_DOT": (-100.0, 100.0, "rev/day^2"),
        "MEAN_MOTION_DDOT": (-100.0, 100.0, "rev/day^3"),
    }


def assemble(raw: RawElements, source: ElementSource, faults: FaultList) -> ElementSet:
    """Check ranges and duplicates and turn the columns of a file into an element set.

    Parameters
    ----------
    raw : RawElements
        N sets in the units of the file.
    source : ElementSource
        Where they came from.
    faults : FaultList
        Faults noted so far; raised together with those found here.

    Returns
    -------
    ElementSet
        The sets, each satellite once.
    """
    _check(raw, faults)
    faults.raise_any()
    keep, notes = _newest_of_each(raw)
    n = raw.numbers
    per_min = _TURN / _MINUTES_PER_DAY
    angle = {key: np.radians(np.mod(n[key], 360.0)) for key in _ANGLES}
    names = [name or f"NORAD {number}" for name, number in zip(raw.name, raw.catalog_number, strict=True)]
    whole = ElementSet(
        name=tuple(names),
        catalog_number=raw.catalog_number,
        designator=tuple(raw.designator),
        epoch=raw.epoch,
        mean_motion_rad_per_min=n["MEAN_MOTION"] * per_min,
        eccentricity=n["ECCENTRICITY"],
        inclination_rad=np.radians(n["INCLINATION"]),
        raan_rad=angle["RA_OF_ASC_NODE"],
        argument_of_perigee_rad=angle["ARG_OF_PERICENTER"],
        mean_anomaly_rad=angle["MEAN_ANOMALY"],
        bstar=n["BSTAR"],
        ndot=n["MEAN_MOTION_DOT"] * per_min / _MINUTES_PER_DAY,
        nddot=n["MEAN_MOTION_DDOT"] * per_min / _MINUTES_PER_DAY**2,
        source=replace(source, notes=source.notes + notes),
    )
    return whole if len(keep) == len(whole) else whole.select(keep)


_ANGLES = ("RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY")


def _check(raw: RawElements, faults: FaultList) -> None:
    if not raw.name and not faults.total:
        faults.add("no element set in the file", remedy="give a file with at least one satellite")
    for key, (low, high, unit) in allowed_ranges().items():
        values = raw.numbers[key]
        for row in np.flatnonzero((values < low) | (values > high)):  # NaN: noted already
            allowed = f"{low:g} to {high:g} {unit}".strip()
            faults.add(f"{key} out of range", raw.place[row], float(values[row]), allowed)
    number = raw.catalog_number
    for row in np.flatnonzero((number < 1) | (number > _MAX_NUMBER)):
        faults.add("catalogue number out of range", raw.place[row], int(number[row]), f"1 to {_MAX_NUMBER}")
    first, last = np.datetime64("1957-10-04"), np.datetime64("2100-01-01")
    for row in np.flatnonzero(~((raw.epoch >= first) & (raw.epoch < last))):
        faults.add("epoch out of range", raw.place[row], str(raw.epoch[row]), f"{first} to {last}")


def _newest_of_each(raw: RawElements) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Rows to keep, the newest epoch of each catalogue number, in order of the file, and what to say."""
    number = raw.catalog_number
    order = np.lexsort((np.arange(len(number)), raw.epoch, number))
    last_of_number = np.r_[number[order][1:] != number[order][:-1], True] if len(order) else np.zeros(0, bool)
    keep = np.sort(order[last_of_number])
    if len(keep) == len(number):
        return keep, ()
    kept_row = dict(zip(number[keep].tolist(), keep.tolist(), strict=True))
    differing = []
    for row in np.setdiff1d(np.arange(len(number)), keep):
        newest = kept_row[int(number[row])]
        same = raw.epoch[row] == raw.epoch[newest] and all(v[row] == v[newest] for v in raw.numbers.values())
        if not same:
            differing.append(int(number[row]))
    if not differing:
        return keep, ()
    shown = ", ".join(str(value) for value in differing[:5]) + (", ..." if len(differing) > 5 else "")
    return keep, (
        f"{len(differing)} element sets repeat a catalogue number with other elements "
        f"and were left out for the newest epoch: {shown}",
    )
