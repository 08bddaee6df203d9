"""From a finished run to the live link of a place: which slots, which queues, and what a user should be told."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np

from bentpipe.catalog.queues import access_queues, queue_names
from bentpipe.earth.greatcircle import great_circle_m
from bentpipe.emulate.fromrun import site_id, site_series
from bentpipe.emulate.moments import moment, site_course
from bentpipe.emulate.plan import DEFAULT_DOWN, DEFAULT_UP, LinkPlan, series_plan
from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue.loaded import QueueProfile
from bentpipe.linkqueue.sitelink import SiteLink
from bentpipe.results.opened import Run

_LIGHT_M_S: Final = 299_792_458.0


def run_plan(
    run: Run,
    site: str,
    *,
    at: str | None = None,
    rate_bit_s: tuple[float, float] | None = None,
    outage: str = "drop",
) -> LinkPlan:
    """Plan the live link of a site.

    Parameters
    ----------
    run : Run
        A finished run.
    site : str
        Id or name of a site.
    at : str, optional
        An instant in UTC, or a moment by name (see :func:`~bentpipe.emulate.moments.moment`); the run's start by
        default.
    rate_bit_s : tuple of float, optional
        Rates down and up in place of the run's, bit/s; needed where it has none.
    outage : str
        ``"hold"`` or ``"drop"``: what becomes of packets that come in an outage.

    Returns
    -------
    LinkPlan
        Up to the end of the run.
    """
    begin = moment(run, site_course(run, site), at)
    return place_plan(run, site_series(run, site, begin.first, None, rate_bit_s), begin.note, outage)


def place_plan(run: Run, link: SiteLink, note: str, outage: str = "drop") -> LinkPlan:
    """Plan a live link from the series of a place.

    Parameters
    ----------
    run : Run
        The run that the series comes from: its queues are taken.
    link : SiteLink
        The series, from its first slot on, and its notes.
    note : str
        What happens there.
    outage : str
        As of :func:`run_plan`.

    Returns
    -------
    LinkPlan
    """
    down, up, queues = run_queues(run)
    notes = (f"{link.series.place}, {note}", *link.notes, queues)
    return series_plan(link.series, down=down, up=up, outage=outage, notes=notes)


def run_queues(run: Run) -> tuple[QueueProfile, QueueProfile, str]:
    """Read which queues a run assumes.

    Parameters
    ----------
    run : Run
        A run.

    Returns
    -------
    tuple of QueueProfile, QueueProfile and str
        Down and up, and a note on them.
    """
    try:
        document = json.loads((run.path / "inputs" / "scenario.json").read_text(encoding="utf-8"))
        name = str(document["access"]["queue"])
    except (OSError, ValueError, KeyError, TypeError):
        name = ""
    if name not in queue_names():
        return DEFAULT_DOWN, DEFAULT_UP, "queues as of starlink-2023 (assumed)"
    found = access_queues(name)
    apart = "; flows are not told apart, so FQ-CoDel acts as CoDel" if "fq-codel" in (
        found.down.discipline, found.up.discipline) else ""  # fmt: skip
    return found.down, found.up, f"queues {name}: {_told(found.down)} down, {_told(found.up)} up (assumed){apart}"


def _told(profile: QueueProfile) -> str:
    return f"{profile.buffer_bytes / 1e3:g} kB {profile.discipline}"


def between_sites_s(run: Run, site: str, other: str, given_s: float | None = None) -> tuple[float, str]:
    """Time between the points of presence of two sites, one way.

    Parameters
    ----------
    run : Run
        A run.
    site, other : str
        Ids or names of sites.
    given_s : float, optional
        Time to take in place of the run's, s.

    Returns
    -------
    tuple of float and str
        Seconds, and where they come from: fibre along the great circle, by the run's own factors for detours and
        speed. Each site counts with the point of presence that serves it in most slots.
    """
    if given_s is not None:
        if not 0.0 <= given_s <= 10.0:
            raise InputError(Fault("out of range", "--between", 1e3 * given_s, "0 to 10,000 ms"))
        return given_s, f"{1e3 * given_s:g} ms between the points of presence (given)"
    document = json.loads((run.path / "inputs" / "scenario.json").read_text(encoding="utf-8"))
    ends = [_usual_pop(run, document, one) for one in (site, other)]
    if ends[0]["id"] == ends[1]["id"]:
        return 0.0, f"both through the point of presence {ends[0]['id']}: nothing between"
    places = [(float(end["latitude_deg"]), float(end["longitude_deg"])) for end in ends]
    fibre = document["fibre"]
    route_m = float(great_circle_m(*places[0], *places[1])) * fibre["route_factor"]
    seconds = route_m / (fibre["velocity_factor"] * _LIGHT_M_S)
    names = " and ".join(str(end["id"]) for end in ends)
    return seconds, (
        f"{1e3 * seconds:.1f} ms between the points of presence {names} ({route_m / 1e3:.0f} km of fibre, assumed)"
    )


def _usual_pop(run: Run, document: dict[str, Any], site: str) -> dict[str, Any]:
    """Point of presence through which a site goes in most slots; the first of equals."""
    number, name = site_id(run, site)
    data = run.dataset.isel(site=number)
    gateway = data["site_serving_gateway"].values[data["site_served"].values.astype(bool)]
    if not gateway.size:
        remedy = "give the time between them: --between MS"
        raise InputError(Fault(f"{name} is never served, so its point of presence is not known", "SITE", remedy=remedy))
    ids = [str(one) for one in run.dataset["gateway"].values]
    of_gateway = {g["id"]: g["pop"] for g in document["gateways"]}
    pops = {pop["id"]: pop for pop in document["pops"]}
    weight: dict[str, int] = {}
    for index, count in enumerate(np.bincount(gateway.astype(np.int64), minlength=len(ids)).tolist()):
        pop = str(of_gateway.get(ids[index]))
        if count and pop in pops:
            weight[pop] = weight.get(pop, 0) + count
    if not weight:
        remedy = "give the time between them: --between MS"
        raise InputError(Fault("the run does not tell its points of presence", "RUN", str(run.path), remedy=remedy))
    return pops[max(sorted(weight), key=lambda pop: weight[pop])]  # type: ignore[no-any-return]
