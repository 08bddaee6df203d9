"""Import of users' lists of sites and gateways: CSV, GeoJSON and KML.

Strict: a wrong value is a fault with its line or feature, all faults are told at once, and nothing is guessed.
Files are bounded in size, XML with a document type (the way to entity bombs and outside files) is refused.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from bentpipe.catalog.delimited import Faults, decode_text, number, plain, read_bounded, rows_of
from bentpipe.catalog.ground import slug, unique_id
from bentpipe.catalog.kml import read_placemarks
from bentpipe.errors import SiteListError

MAXIMUM_SITES = 100_000

COMMON = {
    "id": ("siteid", "code", "identifier", "key"),
    "name": ("sitename", "title", "label", "site", "place"),
    "latitude_deg": ("lat", "latitude", "y", "breite"),
    "longitude_deg": ("lon", "lng", "long", "longitude", "x"),
}
SITE = COMMON | {
    "kind": ("type", "category"),
    "height_m": ("height", "altitude", "altitude_m", "elevation_m", "ele", "alt"),
    "dish": ("dishkind", "terminal_kind"),
    "terminals": ("dishes", "kits", "number_of_terminals"),
    "battery_hours": ("battery", "battery_h", "backup_hours"),
    "people": ("population", "inhabitants"),
}
GATEWAY = COMMON | {
    "antennas": ("antenna_count", "ka_antenna_count", "dishes"),
    "minimum_elevation_deg": ("minimum_elevation", "min_elevation", "min_elevation_deg", "ka_min_elevation"),
    "gso_avoidance_deg": ("gso_avoidance", "gso_deg"),
    "pop": ("pop_id", "point_of_presence"),
    "power_backup_hours": ("power_backup", "backup_hours"),
    "background_antennas": ("background",),
    "available_from": ("in_service_from", "opened", "opening_date"),
}
#: Columns that a list may carry for its readers; they are not read.
REMARKS = frozenset(
    ("note", "notes", "remark", "remarks", "comment", "comments", "description", "source", "date", "tag", "url")
    + ("country", "region", "city", "town", "address", "operator", "status")
)
EARLIEST, LATEST = datetime(2019, 5, 24), datetime(2050, 1, 1)
KINDS = ("home", "hub", "hospital", "school", "shelter", "government", "business", "vehicle", "vessel", "other")


class Bound(NamedTuple):
    """Allowed values of a number."""

    low: float
    high: float
    whole: bool = False


BOUNDS: Mapping[str, Bound] = {
    "latitude_deg": Bound(-90, 90),
    "longitude_deg": Bound(-180, 180),
    "height_m": Bound(-500, 20_000),
    "terminals": Bound(1, 100_000, True),
    "battery_hours": Bound(0, 8784),
    "people": Bound(0, 10_000_000_000, True),
    "antennas": Bound(1, 1_000, True),
    "minimum_elevation_deg": Bound(0, 89),
    "gso_avoidance_deg": Bound(0, 90),
    "power_backup_hours": Bound(0, 8784),
    "background_antennas": Bound(0, 1_000, True),
}


class HasId(Protocol):
    """Something with an id."""

    @property
    def id(self) -> str:
        """Its id."""
        ...


@dataclass(frozen=True)
class RawRow:
    """One site as read: where it stands in the file, and its values as text by known key."""

    where: str
    values: dict[str, str]


def load_sites(path: str | Path) -> tuple[dict[str, Any], ...]:
    """Read a list of sites.

    Parameters
    ----------
    path : path
        A ``.csv``, ``.tsv``, ``.txt``, ``.geojson``, ``.json`` or ``.kml`` file. Columns, properties or extended
        data: name or id, latitude and longitude (degrees), and optionally kind, height_m, dish, terminals,
        battery_hours, people; usual other spellings are understood.

    Returns
    -------
    tuple of dict
        Values by key; ``id``, ``name``, ``latitude_deg`` and ``longitude_deg`` are always there.

    Raises
    ------
    SiteListError
        Listing every fault.
    """
    faults, rows = read_rows(Path(path), SITE)
    sites = [site for row in rows if (site := checked(row, faults))]
    return named(rows, sites, "site", faults)


def load_gateways(path: str | Path, pops: Sequence[HasId] = ()) -> tuple[dict[str, Any], ...]:
    """Read a list of gateways.

    Parameters
    ----------
    path : path
        As for `load_sites`, with optionally antennas, minimum_elevation_deg, gso_avoidance_deg, pop,
        power_backup_hours, background_antennas, available_from (UTC, ISO 8601).
    pops : sequence
        The points of presence that may be named; a row without one is a fault, unless there is only one.

    Returns
    -------
    tuple of dict
        Values by key; ``id``, ``name``, ``latitude_deg``, ``longitude_deg`` and ``pop`` are always there.

    Raises
    ------
    SiteListError
        Listing every fault.
    """
    faults, rows = read_rows(Path(path), GATEWAY)
    gateways = [gateway for row in rows if (gateway := checked(row, faults))]
    known = [pop.id for pop in pops]
    if len(gateways) == len(rows):
        for row, gateway in zip(rows, gateways, strict=True):
            if not {"id", "name"} & set(gateway):
                faults.add(row.where, "the gateway has neither a name nor an id", remedy="fill in the column name")
            if len(known) == 1:
                gateway.setdefault("pop", known[0])
            if "pop" not in gateway:
                faults.add(
                    row.where, "no point of presence", allowed=", ".join(known) or "an id", remedy="add a column pop"
                )
            elif known and gateway["pop"] not in known:
                faults.add(row.where, "unknown point of presence", gateway["pop"], ", ".join(known))
    return named(rows, gateways, "gateway", faults)


def read_rows(path: Path, aliases: Mapping[str, Sequence[str]]) -> tuple[Faults, list[RawRow]]:
    """Rows of a file by its ending, and where to note faults."""
    faults = Faults(SiteListError, path.name)
    ending = path.suffix.lower()
    readers = {".kml": kml_rows, ".geojson": geojson_rows, ".json": geojson_rows}
    readers |= dict.fromkeys((".csv", ".tsv", ".txt"), csv_rows)
    if ending not in readers:
        remedy = "unpack it: the list is the .kml file inside" if ending == ".kmz" else ""
        faults.add("", "unknown kind of file", ending, ", ".join(sorted(readers)), remedy)
        faults.stop()
    rows = list(readers[ending](read_bounded(path, faults), aliases, faults))
    if len(rows) > MAXIMUM_SITES:
        faults.add("", "too many sites", len(rows), f"at most {MAXIMUM_SITES:,}")
        faults.stop()
    if not rows and not faults.found:
        faults.add("", "no sites in the file")
    return faults, rows


def csv_rows(content: bytes, aliases: Mapping[str, Sequence[str]], faults: Faults) -> Iterable[RawRow]:
    """Rows of a delimited file."""
    place = ("latitude_deg", "longitude_deg")
    for line, values in rows_of(decode_text(content, faults), aliases, place, faults, REMARKS):
        yield RawRow(str(line), values)


def geojson_rows(content: bytes, aliases: Mapping[str, Sequence[str]], faults: Faults) -> Iterable[RawRow]:
    """Point features of a GeoJSON text (RFC 7946: WGS 84, longitude first)."""
    try:
        data = json.loads(decode_text(content, faults))
    except (ValueError, RecursionError) as error:
        line = str(getattr(error, "lineno", ""))
        faults.add(line, f"not JSON: {getattr(error, 'msg', 'nested too deeply')}")
        return
    features = data.get("features") if isinstance(data, dict) and data.get("type") == "FeatureCollection" else [data]
    if not isinstance(features, list):
        faults.add("", "the features are not a list")
        return
    for index, feature in enumerate(features):
        row = _feature(feature, f"feature {index}", aliases, faults)
        if row is not None:
            yield row


def _feature(feature: Any, where: str, aliases: Mapping[str, Sequence[str]], faults: Faults) -> RawRow | None:
    geometry = feature.get("geometry") if isinstance(feature, dict) and feature.get("type") == "Feature" else None
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        found = geometry.get("type") if isinstance(geometry, dict) else type(feature).__name__
        faults.add(where, "not a Point feature", found, 'a Feature with a "Point" geometry')
        return None
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list) or len(coordinates) not in (2, 3):
        faults.add(where, "coordinates are not [longitude, latitude]", coordinates)
        return None
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        faults.add(where, "the properties are no object", type(properties).__name__)
        return None
    _misspelt(properties, where, aliases, faults)
    values = known_values(properties.items(), aliases)
    if "id" in feature:
        values.setdefault("id", str(feature["id"]))
    return RawRow(where, values | position([str(c) for c in coordinates], "height_m" in aliases))


def kml_rows(content: bytes, aliases: Mapping[str, Sequence[str]], faults: Faults) -> Iterable[RawRow]:
    """Point placemarks of a KML text."""
    for mark in read_placemarks(content, faults):
        coordinates = re.split(r"\s*,\s*", mark.coordinates.strip())
        if len(coordinates) not in (2, 3):
            faults.add(str(mark.line), "coordinates are not longitude,latitude", mark.coordinates)
            continue
        _misspelt(mark.data, str(mark.line), aliases, faults)
        values = known_values([*mark.data.items(), ("name", mark.name)], aliases)
        yield RawRow(str(mark.line), values | position(coordinates, "height_m" in aliases))


def _misspelt(values: Iterable[str], where: str, aliases: Mapping[str, Sequence[str]], faults: Faults) -> None:
    """Note names that are nearly ours; others are left out, since map programs add many of their own."""
    by_alias = {plain(alias): name for name, others in aliases.items() for alias in (name, *others)}
    given = {by_alias.get(plain(str(key))) for key in values}
    for key in values:
        near = difflib.get_close_matches(plain(str(key)), by_alias, n=1, cutoff=0.85)
        if plain(str(key)) not in by_alias and near and by_alias[near[0]] not in given:
            faults.add(where, "unknown property", str(key), by_alias[near[0]], "correct its name")


def position(coordinates: Sequence[str], with_height: bool) -> dict[str, str]:
    """Longitude, latitude and height as values."""
    keys = ("longitude_deg", "latitude_deg", "height_m")[: 3 if with_height else 2]
    return dict(zip(keys, coordinates, strict=False))


def known_values(items: Iterable[tuple[str, Any]], aliases: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Values under our own keys; others are left out."""
    by_alias = {plain(alias): name for name, others in aliases.items() for alias in (name, *others)}
    found = {}
    for key, value in items:
        name = by_alias.get(plain(str(key)))
        if name and value is not None and str(value).strip():
            found[name] = str(value).strip()
    return found


def checked(row: RawRow, faults: Faults) -> dict[str, Any]:
    """Values of a row as numbers and text; empty, with the faults noted, where one is wrong."""
    site: dict[str, Any] = {}
    good = True
    for key, text in row.values.items():
        if not text and key not in ("latitude_deg", "longitude_deg"):
            continue
        bound = BOUNDS.get(key)
        try:
            site[key] = checked_text(key, text) if bound is None else checked_number(text, bound)
        except ValueError as error:
            good = False
            allowed = f"{bound.low:g} to {bound.high:g}" if bound else ""
            faults.add(
                row.where, f"{key}: {error}", text, allowed, swap_hint(row.values) if key == "latitude_deg" else ""
            )
    if good and site["latitude_deg"] == 0.0 and site["longitude_deg"] == 0.0:
        faults.add(row.where, "0, 0 is in the Gulf of Guinea: is the place missing?")
        good = False
    return site if good else {}


def checked_number(text: str, bound: Bound) -> float | int:
    """A number within bounds, an int where it must be whole."""
    value = number(text, bound.low, bound.high)
    if bound.whole and value != int(value):
        raise ValueError("not a whole number")
    return int(value) if bound.whole else value


def checked_text(key: str, text: str) -> str:
    """Text of one line; ids and kinds in lower case."""
    if len(text) > 200 or any(ord(c) < 32 for c in text):
        raise ValueError("longer than 200 characters, or with control characters")
    if key in ("id", "dish", "pop"):
        text = text.lower()
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", text):
            raise ValueError("not an id (letters a to z, digits, '-' and '_')")
    if key == "available_from":
        return checked_time(text)
    if key == "kind":
        text = text.lower()
        if text not in KINDS:
            raise ValueError(f"unknown kind, not one of {', '.join(KINDS)}")
    return text


def checked_time(text: str) -> str:
    """ISO 8601 of a moment; one without an offset is UTC.

    Raises
    ------
    ValueError
        With what is wrong.
    """
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        raise ValueError("not a UTC time such as 2022-10-24 or 2022-10-24T06:00Z") from None
    if not EARLIEST <= moment <= LATEST:
        raise ValueError(f"not from {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}; leave it empty if there from the start")
    return f"{moment.isoformat()}Z"


def swap_hint(values: Mapping[str, str]) -> str:
    """A hint where latitude and longitude seem to be swapped."""
    try:
        lat, lon = float(values["latitude_deg"]), float(values["longitude_deg"])
    except ValueError:
        return ""
    return "latitude and longitude look swapped" if 90 < abs(lat) <= 180 and abs(lon) <= 90 else ""


def named(rows: Sequence[RawRow], sites: list[dict[str, Any]], what: str, faults: Faults) -> tuple[dict[str, Any], ...]:
    """Sites with ids and names: a missing id is made from the name, ids given twice are faults."""
    seen: dict[str, str] = {}
    for row in rows:
        given = row.values.get("id", "").lower()
        if given and given in seen:
            faults.add(row.where, f"two {what}s have one id", given, remedy=f"see {seen[given]}")
        seen.setdefault(given, row.where)
    faults.stop()
    taken = {site["id"] for site in sites if "id" in site}
    for index, site in enumerate(sites):
        if "id" not in site:
            site["id"] = unique_id(slug(site.get("name", "")) or f"{what}-{index + 1}", taken)
        site.setdefault("name", site["id"])
    return tuple(sites)
