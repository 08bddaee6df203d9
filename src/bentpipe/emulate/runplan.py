"""From a finished run to the live link of a place: which slots, which queues, and what a user should be told."""

from __future__ import annotations

import json

from bentpipe.catalog.queues import access_queues, queue_names
from bentpipe.emulate.fromrun import site_series
from bentpipe.emulate.moments import moment, site_course
from bentpipe.emulate.plan import DEFAULT_DOWN, DEFAULT_UP, LinkPlan, series_plan
from bentpipe.linkqueue.loaded import QueueProfile
from bentpipe.linkqueue.sitelink import SiteLink
from bentpipe.results.opened import Run


def run_plan(
    run: Run,
    site: str,
    *,
    at: str | None = None,
    rate_bit_s: tuple[float, float] | None = None,
    outage: str = "hold",
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


def place_plan(run: Run, link: SiteLink, note: str, outage: str = "hold") -> LinkPlan:
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
