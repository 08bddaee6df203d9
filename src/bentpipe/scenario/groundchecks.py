"""Cross-field checks of sites, gateways, licence, policies and files, and what they share with `checks`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

from bentpipe.errors import Fault
from bentpipe.scenario.files import FILE_KEYS
from bentpipe.scenario.ground import SCHEDULING
from bentpipe.scenario.model import Scenario
from bentpipe.scenario.places import Places
from bentpipe.scenario.polygons import check_polygon
from bentpipe.scenario.values import did_you_mean

Faults = Iterator[Fault]


def written(at: Places, *path: str | int) -> bool:
    """Tell whether a key was written: where its value is missing all the same, that is a fault already.

    Parameters
    ----------
    at : Places
    *path : str or int

    Returns
    -------
    bool
    """
    return path[-1] in at.find(path[:-1]).below


def twice(values: Iterable[str], where: str, what: str) -> Faults:
    """Check that no value is named twice.

    Parameters
    ----------
    values : iterable of str
    where : str
        For the faults.
    what : str
        What the values are, in a word.

    Yields
    ------
    Fault
    """
    for value, count in Counter(values).items():
        if count > 1:
            yield Fault(f"the {what} is named {count} times", where, value, "once")


def check_dish(s: Scenario, name: str | None, where: str) -> Faults:
    """Check that a dish is the scenario's own or built in.

    Parameters
    ----------
    s : Scenario
    name : str or None
        None where it was refused already.
    where : str
        For the faults.

    Yields
    ------
    Fault
    """
    known = [*s.known_dishes()]
    if name is not None and name not in known:
        yield Fault("no such dish", where, name, ", ".join(known), did_you_mean(name, known))


def check_ids(s: Scenario, at: Places) -> Faults:
    """Check that ids are used once."""
    for key in ("sites", "gateways", "pops", "disruptions"):
        items = getattr(s, key)
        if isinstance(items, str) or items is None:
            continue
        first: dict[str, int] = {}
        for number, item in enumerate(items):
            if item.id is not None and item.id in first:
                yield Fault(
                    f"the id is used twice in {key}",
                    at.where([key, number, "id"]),
                    item.id,
                    "",
                    f"the first is at {at.where([key, first[item.id], 'id'])}",
                )
            first.setdefault(item.id, number)


def check_sites(s: Scenario, at: Places) -> Faults:
    """Check that each site has one place, a known dish and a skyline in order."""
    for number, site in enumerate(s.sites):
        here: list[str | int] = ["sites", number]
        yield from check_dish(s, site.dish, at.where([*here, "dish"]))
        placed = site.latitude_deg is not None and site.longitude_deg is not None
        if site.track is not None and (site.latitude_deg is not None or site.longitude_deg is not None):
            yield Fault(
                "a track and a fixed place contradict one another",
                at.where([*here, "track"]),
                site.track.name,
                "one of them",
            )
        elif (
            not placed
            and site.track is None
            and not all(written(at, *here, key) for key in ("latitude_deg", "longitude_deg"))
        ):
            yield Fault("the site has no place", at.where(here), site.id, "latitude_deg and longitude_deg, or track")
        azimuths = [azimuth for azimuth, _ in site.obstruction or ()]
        if any(b <= a for a, b in pairwise(azimuths)):
            yield Fault(
                "the azimuths of the skyline do not rise",
                at.where([*here, "obstruction"]),
                azimuths,
                "each azimuth above the one before",
            )


def check_gateways(s: Scenario, at: Places) -> Faults:
    """Check that there is one list of gateways, and that each leads to a known point of presence."""
    given = [key for key in ("gateways", "gateways_file") if getattr(s, key)]
    if "gateways" in at.below and s.gateways is None:
        given.append("gateways")
    if len(given) > 1 or not (given or s.follows_paths):
        what = "there is no gateway" if not given else "gateways and gateways_file contradict one another"
        yield Fault(
            what,
            at.where(["gateways"]),
            None,
            "one of [[gateways]], gateways = 'world-assumed', gateways_file",
            "" if given else "without a gateway nobody is connected; only a study of paths over lasers needs none",
        )
    if isinstance(s.gateways, str):
        if s.pops:
            yield Fault(
                "the assumed world-wide gateways bring their own points of presence",
                at.where(["pops"]),
                len(s.pops),
                "no [[pops]]",
            )
        return
    if s.gateways_file is not None and not s.pops and not written(at, "pops"):
        yield Fault(
            "gateways of a file need points of presence", at.where(["gateways_file"]), None, "one or more [[pops]]"
        )
    pops = {pop.id for pop in s.pops} | set(at.find(["pops"]).ids)
    for number, gateway in enumerate(s.gateways):
        here: list[str | int] = ["gateways", number]
        if gateway.pop is not None and gateway.pop not in pops:
            yield Fault(
                "no such point of presence",
                at.where([*here, "pop"]),
                gateway.pop,
                ", ".join(sorted(pops)) or "an id of [[pops]]",
                did_you_mean(gateway.pop, pops),
            )
        if gateway.antennas is not None and gateway.background_antennas > gateway.antennas:
            yield Fault(
                "more antennas are reserved than there are",
                at.where([*here, "background_antennas"]),
                gateway.background_antennas,
                f"0 to {gateway.antennas}",
            )


def check_licence(s: Scenario, at: Places) -> Faults:
    """Check that masks say where and when, and that no two contradict one another."""
    masks = s.licence.masks
    for number, mask in enumerate(masks):
        where = at.where(["licence", "masks", number])
        if bool(mask.regions) == bool(mask.polygon):
            yield Fault("a mask covers regions or a polygon", where, None, "exactly one of regions, polygon")
        if mask.polygon:
            yield from check_polygon(mask.polygon, where)
        if mask.start is not None and mask.end is not None and mask.end <= mask.start:
            yield Fault(
                "the mask ends before it starts",
                at.where(["licence", "masks", number, "end"]),
                mask.end.isoformat(),
                f"after {mask.start.isoformat()}",
            )
        for earlier in masks[:number]:
            same = sorted(set(earlier.regions) & set(mask.regions))
            if same and earlier.allowed != mask.allowed and (earlier.start, earlier.end) == (mask.start, mask.end):
                yield Fault("allowed and refused at the same time", where, same, "one of them")


def check_policy(name: str | None, built_in: Iterable[str], kind: str, where: str) -> Faults:
    """Check that a policy is built in, or installed under the entry points of its kind.

    Parameters
    ----------
    name : str or None
        In lower case; None where it was refused already.
    built_in : iterable of str
    kind : str
        "scheduling", "topology" or "routing".
    where : str
        For the faults.

    Yields
    ------
    Fault
    """
    if name is None or name in built_in:
        return
    from importlib.metadata import entry_points

    known = sorted({*built_in, *(point.name for point in entry_points(group=f"bentpipe.{kind}"))})
    if name not in {one.lower() for one in known}:
        what = f"no {kind} policy has this name"
        yield Fault(what, where, name, ", ".join(known), did_you_mean(name, known))


def check_choices(s: Scenario, at: Places) -> Faults:
    """Check that policies are known, and that the access network existed."""
    yield from check_policy(
        s.policies.scheduling.lower(), SCHEDULING, "scheduling", at.where(["policies", "scheduling"])
    )
    era = s.access.era or s.time.start.date()
    if era < date(2021, 1, 1):
        key = ["access", "era"] if s.access.era else ["time", "start"]
        yield Fault(
            "no access parameters before the service began",
            at.where(key),
            era.isoformat(),
            "from 2021-01-01",
            "" if s.access.era else "set access.era to a later date",
        )


def names_beside(path: Path) -> list[str]:
    """List the names in the folder of a path.

    Parameters
    ----------
    path : pathlib.Path
        It need not exist.

    Returns
    -------
    list of str
        None where the folder cannot be read.
    """
    try:
        return os.listdir(path.parent)
    except (OSError, ValueError):
        return []


def check_files(s: Scenario, at: Places) -> Faults:
    """Check that the files named exist; what is in them is checked where they are read."""
    named: list[tuple[Path | None, list[str | int]]] = [
        (getattr(s if len(key) == 1 else getattr(s, key[0]), key[-1]), [*key]) for key in FILE_KEYS
    ]
    named += [(site.track, ["sites", number, "track"]) for number, site in enumerate(s.sites)]
    for path, key in named:
        # os.path answers False where pathlib raises: names too long for the file system.
        if path is not None and not (os.path.isfile(path) or (key[-1] == "rain_file" and os.path.isdir(path))):
            what = "a folder where a file belongs" if os.path.isdir(path) else "no such file"
            allowed = "a path relative to the scenario file"
            if key[-1] == "elements":
                allowed += ", or the name of a downloaded set (bentpipe elements list)"
            yield Fault(
                what,
                at.where(key),
                str(path),
                allowed,
                did_you_mean(path.name, names_beside(path)),
            )
