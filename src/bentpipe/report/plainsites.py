"""The plain answer to a run that looks at named sites only: it counts time, as it has no terminal users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bentpipe.report.reading import Boolean, Event, Reading
from bentpipe.report.wording import clipped, duration, milliseconds, percent, plural, utc


@dataclass(frozen=True)
class SiteTime:
    """How long one site is connected: availability is a share of time (1 = all), the gap is in s."""

    name: str
    availability: float
    longest_gap_s: float


def site_times(reading: Reading) -> tuple[SiteTime, ...]:
    """Return the sites, the least available first."""
    sites = reading.sites
    found = [
        SiteTime(
            name=name,
            availability=float(sites.connected[:, i].mean()) if len(reading.times) else float("nan"),
            longest_gap_s=longest_gap(sites.connected[:, i]) * reading.slot_s,
        )
        for i, name in enumerate(sites.names)
    ]
    return tuple(sorted(found, key=lambda s: (s.availability, s.name)))


def longest_gap(connected: Boolean) -> int:
    """Return the length, in slots, of the longest run of slots without a connection."""
    padded = np.concatenate([[True], connected, [True]])
    edges = padded.nonzero()[0]
    return int(np.diff(edges).max(initial=1)) - 1


def site_lines(reading: Reading, inputs: str, reach: str, left_out: str = "") -> tuple[str, ...]:
    """Answer in five of the six lines, counting time; rates are the sixth.

    Parameters
    ----------
    reading : Reading
        A run with at least one site and one slot.
    inputs : str
        How many inputs are assumed, as a clause.
    reach : str
        What geometry alone reaches, as a clause.
    left_out : str
        Which events lie outside the simulated time, as the end of a sentence.

    Returns
    -------
    tuple of str
        Connected, range, worst off, events, delay.
    """
    times = site_times(reading)
    span = f"{duration(reading.span_s)} from {utc(reading.times[0])}"
    low = times[0]
    if len(times) == 1:
        first = f"{low.name} is connected {percent(low.availability)} of {span}."
        worst = f"Its longest time without a connection is {duration(low.longest_gap_s)}."
    else:
        mean = float(np.mean([t.availability for t in times]))
        first = f"{plural(len(times), 'site')} are connected {percent(mean)} of {span}, on average."
        high = times[-1]
        worst = (
            f"Worst off is {low.name}: connected {percent(low.availability)} of the time, at worst "
            f"{duration(low.longest_gap_s)} without; best off is {high.name} with {percent(high.availability)}."
        )
    return (
        f"{first} The run counts no terminal users.",
        f"Without terminal users there is no range over seeds; {inputs}",
        worst,
        _event_line(reading, left_out),
        _delay_line(reading, reach),
    )


def _event_line(reading: Reading, left_out: str) -> str:
    if not reading.events:
        return f"Nothing breaks in this scenario: it has no events{left_out}."
    parts = [_event_words(reading, event) for event in reading.events[:2]]
    rest = len(reading.events) - len(parts)
    more = f"; {plural(rest, 'more event')} in the report" if rest else ""
    return f"{'; '.join(parts)}{more}{left_out}."


def _event_words(reading: Reading, event: Event) -> str:
    mark = " (hypothetical)" if event.tag == "hypothetical" else ""
    during, before = reading.sites.connected[event.active], reading.sites.connected[reading.times < event.start]
    words = f"{clipped(event.title, 120)}{mark}: sites connected "
    if not during.size:
        return f"{event.title}{mark}: outside the time of the run"
    if event.effect is not None:
        share = [n / max(len(reading.sites.ids), 1) for n in (event.effect.sites_with, event.effect.sites_without)]
        return (
            f"{words}{percent(share[0])} of the time, {percent(share[1])} in the same run without it, compared at "
            f"{plural(event.effect.slots, 'slot')}"
        )
    if not before.size:
        return f"{words}{percent(float(during.mean()))} of the time during it, with no time before to compare"
    return f"{words}{percent(float(before.mean()))} of the time before, {percent(float(during.mean()))} during"


def _delay_line(reading: Reading, reach: str) -> str:
    known = reading.sites.delay_s[np.isfinite(reading.sites.delay_s)]
    if not known.size:
        return f"No site is served, so there is no delay to state; {reach}."
    p50, p95 = np.quantile(known, (0.5, 0.95))
    return (
        f"Idle round trip to the point of presence: median {milliseconds(float(p50))}, 95th percentile "
        f"{milliseconds(float(p95))}, over served slots and sites; {reach}."
    )
