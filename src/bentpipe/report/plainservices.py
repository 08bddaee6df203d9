"""The lines of the plain answer on services, and the same for machines."""

from __future__ import annotations

from typing import Any

import numpy as np

from bentpipe.report import measures
from bentpipe.report.measures import ratio
from bentpipe.report.reading import Reading
from bentpipe.report.servicereading import WORDS, Follow, Service, Services
from bentpipe.report.wording import bit_rate, clipped, count, duration, people, percent, plural, utc

NO_RANGE = "how it varies over the seeds is not computed"


def service_lines(reading: Reading, services: Services) -> list[tuple[str, str]]:
    """Say what people can do, and for how many; then the poll and the videoconference.

    Parameters
    ----------
    reading : Reading
        The run.
    services : Services
        Its services.

    Returns
    -------
    list of (str, str)
        Label and line.
    """
    if not len(reading.times):
        return [("Services", "The run has no slot yet: there is nothing to judge.")]
    users = float(reading.regions.users.sum())
    if users <= 0:
        return [("Services", _sites_line(reading, services))]
    lines = [("Services", _services_line(reading, services, users))]
    if services.poll is not None:
        lines.append(("Poll", poll_line(reading, services.poll, users)))
    elif "poll" in services.names and reading.manifest.get("complete"):
        lines.append(("Poll", "The poll lies outside the simulated time: there is no vote to count."))
    if services.conference is not None:
        lines.append(("Conference", conference_line(reading, services.conference, users)))
    elif "video-call" in services.names and reading.manifest.get("complete"):
        lines.append(("Conference", "The run is shorter than the videoconference that is asked about."))
    return lines


def per_terminal(reading: Reading) -> float:
    """Return the users of a terminal."""
    return float(reading.regions.users_per_terminal[0]) if len(reading.regions.users_per_terminal) else 1.0


def _services_line(reading: Reading, services: Services, users: float) -> str:
    terminals = float(reading.regions.terminals.sum())
    works, degraded = services.works.mean(axis=0) / terminals, services.degraded.mean(axis=0) / terminals
    order = sorted(range(len(services.services)), key=lambda i: (-works[i], i))
    parts = [
        f"a {services.services[i].title} for {percent(works[i])}"
        + (f" (with effort for {percent(degraded[i])} more)" if degraded[i] >= 0.0005 else "")
        for i in order
    ]
    verb = "these work" if len(parts) > 1 else "this works"
    return (
        f"Of {count(users)} terminal users, on average over {duration(reading.span_s)}, {verb}: {', '.join(parts)}; "
        f"for the rest they fail, or nobody is connected there. {_factors(reading)}."
    )


def poll_line(reading: Reading, poll: Follow, users: float) -> str:
    """Say who could vote, over which denominator, and of whom the poll says nothing.

    Parameters
    ----------
    reading : Reading
        The run.
    poll : Follow
        What became of the voters.
    users : float
        Terminal users.

    Returns
    -------
    str
        One line.
    """
    facts = poll.facts
    opens, closes = (np.datetime64(str(facts[key]).replace("Z", "")) for key in ("opens_utc", "closes_utc"))
    shares = {name: poll.share(name) for name in ("at_once", "soon", "before_it_closes")}
    span = _seeds(reading, shares["at_once"], "at once", opens, closes)
    able = float(facts["able_once"]) * per_terminal(reading)
    cut = "" if facts["whole"] else ", as far as it lies within the run"
    return (
        f"In a poll open from {utc(opens)} to {utc(closes)}{cut}, a vote begun at any time of these hours would be "
        f"counted at once for {percent(shares['at_once'])} of terminal users, within "
        f"{duration(60.0 * float(facts['patience_min']))} for {percent(shares['soon'])}, and before it closes for "
        f"{percent(shares['before_it_closes'])}; {count(able)} of {count(users)} could vote in some slot; "
        f"{span}. "
        f"{not_asked(reading, users)}"
    )


def not_asked(reading: Reading, users: float) -> str:
    """Say of whom a poll over terminals says nothing."""
    population = float(np.nansum(reading.regions.population))
    words = "It says nothing of those without a terminal"
    if population > 0:
        words = (
            f"It says nothing of the other {percent(1.0 - ratio(users, population))} of the population of "
            f"{people(population)}, who use no terminal"
        )
    dark = [name for name, n in zip(reading.regions.names, reading.regions.terminals, strict=True) if not n > 0]
    if dark:
        named = ", ".join(clipped(name, 40) for name in dark[:3])
        named += f" and {len(dark) - 3} more" if len(dark) > 3 else ""
        words += f"; {plural(len(dark), 'region')} without terminals ({named}) {'is' if len(dark) == 1 else 'are'}"
        words += " not heard"
    return f"{words}."


def conference_line(reading: Reading, conference: Follow, users: float) -> str:
    """Say for how many a videoconference lasts.

    Parameters
    ----------
    reading : Reading
        The run.
    conference : Follow
        What became of the conferences.
    users : float
        Terminal users.

    Returns
    -------
    str
        One line.
    """
    facts = conference.facts
    return (
        f"A videoconference of {duration(60.0 * float(facts['duration_min']))} begun at a random time would hold "
        f"without a break longer than {duration(float(facts['longest_break_s']))} for "
        f"{percent(conference.share('held'))} of {count(users)} terminal users, degraded stretches included; "
        f"{_seeds(reading, conference.share('held'))}."
    )


def _seeds(
    reading: Reading,
    share: float,
    what: str = "",
    start: np.datetime64 | None = None,
    stop: np.datetime64 | None = None,
) -> str:
    """Say between what a share lies under the seeds, taken to vary as the users connected do."""
    found = measures.seed_factors(reading, start, stop)
    if found is None:
        return NO_RANGE
    low, high, seeds, samples = found
    where = plural(samples, "sampled slot") + (" of these hours" if start is not None else "")
    return (
        f"under {plural(seeds, 'seed')} between {percent(low * share)} and {percent(min(high * share, 1.0))}"
        f"{' ' if what else ''}{what}, if it varies as the users connected do at {where}"
    )


def _factors(reading: Reading) -> str:
    """Say the same of many shares at once."""
    found = measures.seed_factors(reading)
    if found is None:
        return f"{NO_RANGE[:1].upper()}{NO_RANGE[1:]}"
    low, high, seeds, samples = found
    return (
        f"Under {plural(seeds, 'seed')} each share lies between {low:.2f} and {high:.2f} times this, if it varies as "
        f"the users connected do at {plural(samples, 'sampled slot')}"
    )


def _sites_line(reading: Reading, services: Services) -> str:
    """Say the same of a run that looks at named sites only."""
    if not services.site_share.size:
        return "Nobody has a terminal, and there is no site: nothing is judged."
    works = services.site_share[:, :, 2].mean(axis=0)
    parts = [f"a {s.title} {percent(w)}" for s, w in zip(services.services, works, strict=True)]
    where = "At the site" if len(reading.sites.names) == 1 else f"Over {plural(len(reading.sites.names), 'site')}"
    return f"{where}, this works, in % of the time: {', '.join(parts)}."


def measure_words(service: Service, value: float) -> str:
    """Write a measure in its unit: ``R 88.7``, ``0.28 s``, ``2.5 Mbit/s``; a dash where it is not known."""
    if not np.isfinite(value):
        return "–"
    if service.unit == "bit/s":
        return bit_rate(value)
    return f"R {value:.3g}" if service.unit == "R" else f"{value:.3g} s"


def threshold_words(service: Service) -> str:
    """Write where a service works, and where it is degraded."""
    sign = "≥" if service.higher_is_better else "≤"
    works, degraded = (measure_words(service, value) for value in (service.works, service.degraded))
    return f"works {sign} {works}, degraded {sign} {degraded}"


def services_data(reading: Reading) -> dict[str, Any] | None:
    """Return the services for machines; the unit is in each key, shares are dimensionless.

    Parameters
    ----------
    reading : Reading
        The run.

    Returns
    -------
    dict or None
        JSON types only; None where nothing is judged.
    """
    services = reading.services
    if services is None or not len(reading.times):
        return None
    each = per_terminal(reading)
    works, degraded = services.by_region()
    rows = []
    for i, service in enumerate(services.services):
        rows.append(
            {
                "name": service.name,
                "title": service.title,
                "unit": service.unit,
                "works_at": service.works,
                "degraded_at": service.degraded,
                "users_works_mean": each * float(services.works[:, i].mean()),
                "users_degraded_mean": each * float(services.degraded[:, i].mean()),
                "users_works_worst_slot": each * float(services.works[:, i].min()),
                "regions": [
                    {"name": name, "users_works_mean": each * float(works[r, i]),
                     "users_degraded_mean": each * float(degraded[r, i])}
                    for r, name in enumerate(reading.regions.names)
                ],
                "sites": [
                    {"name": name,
                     **{f"{w}_share_of_time": float(services.site_share[s, i, k]) for k, w in enumerate(WORDS)},
                     **{f"measure_p{q}": _number(services.site_measure[s, i, k]) for k, q in enumerate((5, 50, 95))}}
                    for s, name in enumerate(reading.sites.names)
                ],
            }
        )  # fmt: skip
    users, factors = float(reading.regions.users.sum()), measures.seed_factors(reading)
    return {
        "services": rows,
        "seeds": None
        if factors is None
        else dict(zip(("low", "high", "count", "sampled_slots"), factors, strict=True)),
        "terminal_users": users,
        "poll": None if services.poll is None else _follow_data(services.poll, each),
        "conference": None if services.conference is None else _follow_data(services.conference, each),
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _follow_data(follow: Follow, each: float) -> dict[str, Any]:
    terminals = ("terminals", "able_once", "at_once", "soon", "before_it_closes", "held")
    return {
        (f"users_{key}" if key in terminals else key): (each * value if key in terminals else value)
        for key, value in follow.facts.items()
    }
