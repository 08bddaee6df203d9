"""Built-in shells: constellations as licensed, and as counted on station by date.

The tables stand in ``shells_<operator>.toml`` beside this file, with their sources. A date between two
counts is interpolated shell by shell, and tagged assumed; a date far from any count is refused.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from bentpipe.errors import Fault, InputError, UnknownNameError

Tag = Literal["documented", "assumed"]
Source = Literal["licensed", "on-station"]

#: Counts farther apart than this are not interpolated: shells were lowered meanwhile.
_LONGEST_GAP_DAYS: Final = 400
#: Days after the last count for which it is taken to hold.
_LONGEST_HOLD_DAYS: Final = 180


@dataclass(frozen=True)
class ShellSpec:
    """One shell: a Walker pattern of slots and the satellites launched into it.

    Parameters
    ----------
    name : str
        Name for people, after the licence: "550 km 53.0°".
    altitude_km : float
        Mean altitude above the equatorial radius, km.
    inclination_deg : float
        Inclination, degrees.
    planes, per_plane : int
        Planes P and slots in each plane S.
    phasing : int
        Walker's F: plane to plane, 360 F / (P S) degrees along the orbit.
    raan0_deg : float
        Right ascension of the node of plane 0, degrees; assumed, since only the pattern matters over days.
    launched : int
        Satellites in the slots, 0 to P S.
    planes_in_use : int
        Planes that hold satellites, 1 to P.
    tag : str
        "documented" where `launched` was filed or counted, "assumed" where interpolated between counts.
    source : str
        Where the figures come from, with their dates.
    pattern : str
        "delta": planes over the whole turn; "star": over half of it.
    lasers : bool
        Whether its satellites carry lasers, as far as the table says otherwise; not whether the operator has any.
    """

    name: str
    altitude_km: float
    inclination_deg: float
    planes: int
    per_plane: int
    phasing: int
    raan0_deg: float
    launched: int
    planes_in_use: int
    tag: Tag
    source: str
    pattern: Literal["delta", "star"] = "delta"
    lasers: bool = True

    def occupied(self) -> NDArray[np.bool_]:
        """Return which slots hold a satellite.

        The planes in use are spread evenly over the planes, the satellites evenly over the planes in use
        (their numbers differ by one at most), and around each plane. Real young shells fill neighbouring
        planes first.

        Returns
        -------
        ndarray, bool (planes, per_plane)
            `launched` of them True; flattened, in the order of a Walker shell (plane by plane).
        """
        slots = np.zeros((self.planes, self.per_plane), dtype=np.bool_)
        if self.launched == 0:
            return slots
        plane = np.arange(self.planes_in_use) * self.planes // self.planes_in_use
        number = _even_shares(self.launched, self.planes_in_use)
        for row, count in zip(plane, number, strict=True):
            slots[row, np.arange(count) * self.per_plane // max(count, 1)] = True
        return slots


def _even_shares(total: int, parts: int) -> NDArray[np.int64]:
    """Split a total into parts that differ by one at most, the larger ones spread evenly."""
    edges = np.arange(parts + 1, dtype=np.int64) * total // parts
    return np.diff(edges)


def constellation_names() -> tuple[str, ...]:
    """Return the names of the constellations with built-in shells."""
    found = (entry.name for entry in files(__package__ or "bentpipe.catalog").iterdir())
    return tuple(sorted(n[7:-5] for n in found if n.startswith("shells_") and n.endswith(".toml")))


def constellation_shells(
    name: str, source: Source | str, date: str | dt.date | np.datetime64 | None = None
) -> tuple[ShellSpec, ...]:
    """Return the shells of a constellation.

    Parameters
    ----------
    name : str
        The operator, whatever the case: "starlink".
    source : str
        "licensed": every licensed slot holds a satellite; "on-station": as counted on the date.
    date : str, date or datetime64, optional
        dt.date (UTC); needed for "on-station", of no effect for "licensed".

    Returns
    -------
    tuple of ShellSpec
        Shells with at least one satellite. FCC 21-48 for Starlink as licensed, the filings of 2016-20 for OneWeb and
        Kuiper, whose planes no source at hand lists in full (tagged assumed); counts in public element sets for
        on-station, interpolated linearly between two counts.

    Raises
    ------
    UnknownNameError
        No such constellation, or source.
    InputError
        A date that is missing, malformed or outside the counts; a constellation that was not counted.
    """
    table = _table(name)
    if source == "licensed":
        given = table["licensed"]
        cite = f"{given['source']}; phasing and nodes assumed"
        return tuple(
            _spec(row, row["planes"] * row["per_plane"], row["planes"], row.get("tag", "documented"), cite)
            for row in given["shell"]
        )
    if source == "on-station" and "on-station" not in table:
        remedy = "use the licensed shells, or give element sets of the date"
        raise InputError(Fault(f"no count of {name} on station", "", source, "licensed", remedy))
    if source == "on-station":
        return _on_station(name, table["on-station"], _day(date))
    raise UnknownNameError(Fault("no such source of shells", "", source, "licensed or on-station"))


def _table(name: str) -> Mapping[str, Any]:
    known = constellation_names()
    if name.strip().lower() not in known:
        raise UnknownNameError(
            Fault(
                "no such constellation",
                "",
                name,
                ", ".join(known),
                "or give shells or element sets of your own",
            )
        )
    file = files(__package__ or "bentpipe.catalog") / f"shells_{name.strip().lower()}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _day(date: str | dt.date | np.datetime64 | None) -> dt.date:
    if date is None:
        raise InputError(Fault("shells on station need a date", remedy="give constellation.date"))
    if isinstance(date, np.datetime64):
        date = str(date.astype("datetime64[D]"))
    try:
        day = dt.datetime.fromisoformat(date.strip()).date() if isinstance(date, str) else date
    except ValueError as error:
        raise InputError(Fault("not a date", "", date, "2022-10-24")) from error
    return day.date() if isinstance(day, dt.datetime) else day


def _on_station(name: str, table: Mapping[str, Any], day: dt.date) -> tuple[ShellSpec, ...]:
    bracket = _bracket(name, sorted({count["date"] for row in table["shell"] for count in row["counts"]}), day)
    cite = f"{table['source']}: {bracket[0]}"
    if len(bracket) == 2:
        cite += f" and {bracket[1]}, interpolated"
    elif bracket[0] != day:
        cite += f", taken to hold on {day}"
    specs = []
    for row in table["shell"]:
        counts = {count["date"]: (count["satellites"], count["planes"]) for count in row["counts"]}
        satellites, planes = _interpolate([counts.get(date, (0, 1)) for date in bracket], bracket, day)
        if satellites:
            specs.append(_spec(row, satellites, planes, "documented" if day == bracket[0] else "assumed", cite))
    return tuple(specs)


def _bracket(name: str, dates: Sequence[dt.date], day: dt.date) -> tuple[dt.date, ...]:
    """Return the date of a day's count, of the two counts around it, or of the last one shortly before."""
    before = [date for date in dates if date <= day]
    after = [date for date in dates if date > day]
    if before and before[-1] == day:
        return (day,)
    if before and after and (after[0] - before[-1]).days <= _LONGEST_GAP_DAYS:
        return before[-1], after[0]
    if before and not after and (day - before[-1]).days <= _LONGEST_HOLD_DAYS:
        return (before[-1],)
    spans = ", ".join(str(date) for date in dates)
    raise InputError(
        Fault(
            f"no count of {name} on station near this date",
            "",
            day.isoformat(),
            f"counts: {spans}; between two at most {_LONGEST_GAP_DAYS} days apart, "
            f"or up to {_LONGEST_HOLD_DAYS} days after the last",
            "give element sets of the date, or use the licensed shells",
        )
    )


def _interpolate(counts: Sequence[tuple[int, int]], dates: Sequence[dt.date], day: dt.date) -> tuple[int, int]:
    """Satellites and planes in use on a day, from one count or linearly between two."""
    if len(counts) == 1:
        return counts[0]
    part = (day - dates[0]) / (dates[1] - dates[0])
    (satellites0, planes0), (satellites1, planes1) = counts
    return round(satellites0 + part * (satellites1 - satellites0)), round(planes0 + part * (planes1 - planes0))


def _spec(row: Mapping[str, Any], satellites: int, planes: int, tag: Tag, source: str) -> ShellSpec:
    least = -(-satellites // row["per_plane"])  # planes that these satellites need at the least
    return ShellSpec(
        name=row["name"],
        altitude_km=row["altitude_km"],
        inclination_deg=row["inclination_deg"],
        planes=row["planes"],
        per_plane=row["per_plane"],
        phasing=row["phasing"],
        raan0_deg=row.get("raan0_deg", 0.0),
        launched=satellites,
        planes_in_use=min(row["planes"], max(planes, least, 1)),
        tag=tag,
        source=source,
        pattern=row.get("pattern", "delta"),
        lasers=row.get("lasers", True),
    )
