"""The lines of the plain answer on paths and lasers, and the same for machines."""

from __future__ import annotations

from typing import Any

import numpy as np

from bentpipe.report.laserreading import Lasers
from bentpipe.report.measures import ratio
from bentpipe.report.pathmeasures import (
    EventPaths,
    PathTotals,
    changes_per_hour,
    event_paths,
    pair_name,
    path_totals,
    traffic_totals,
)
from bentpipe.report.pathreading import Fibre, Paths
from bentpipe.report.reading import Reading
from bentpipe.report.wording import bit_rate, clipped, count, duration, milliseconds, percent, plural, utc

DATA_PAIRS = 200
"""Up to so many pairs are each in the answer's data."""


def pairs_words(paths: Paths, total: PathTotals) -> str:
    """Say how many pairs have a path, and when."""
    if total.pairs == 1:
        name = pair_name(paths, 0)
        if total.always or total.never:
            return f"{name} has {'a path in every slot' if total.always else 'no path in any slot'}"
        return f"{name} has a path in {percent(1 - total.gap_share)} of the slots"
    places = plural(total.ends, "place")
    if total.always == total.pairs:
        return f"All {count(total.pairs, 9)} pairs of {places} have a path in every slot"
    if total.never == total.pairs:
        return f"None of the {count(total.pairs, 9)} pairs of {places} has a path in any slot"
    return (
        f"Of {count(total.pairs, 9)} pairs of {places}, {count(total.always, 9)} have a path in every slot, "
        f"{count(total.sometimes, 9)} at times and {count(total.never, 9)} never"
    )


def gap_words(paths: Paths, total: PathTotals) -> str:
    """Say how much and how long pairs are without a path; empty where never."""
    if not total.gap_share > 0:
        return ""
    if total.pairs == 1:
        return f"the longest gap is {duration(total.gap_s)}"
    where = pair_name(paths, total.gap_pair)
    return (
        f"{percent(total.gap_share)} of pairs and slots have none, the longest gap is {duration(total.gap_s)} ({where})"
    )


def rtt_words(total: PathTotals) -> str:
    """Say how long the way there and back is."""
    if not np.isfinite(total.rtt_p50_s):
        return "there is no round trip to state"
    over = "slots with a path" if total.pairs == 1 else "pairs and slots with a path"
    return (
        f"light and forwarding take {milliseconds(total.rtt_p50_s)} there and back in the median, "
        f"{milliseconds(total.rtt_p95_s)} at the 95th percentile, over {over}"
    )


def paths_line(reading: Reading, paths: Paths) -> str:
    """Say for how many pairs there is a path, and how long it takes."""
    total = path_totals(paths, reading.slot_s)
    gaps = gap_words(paths, total)
    span = f"{duration(reading.span_s)} from {utc(reading.times[0])}"
    return f"{pairs_words(paths, total)} over {span}{f' ({gaps})' if gaps else ''}; simulated, {rtt_words(total)}."


def detour_line(reading: Reading, paths: Paths) -> str:
    """Compare the paths with light along the great circle and with fibre."""
    total = path_totals(paths, reading.slot_s)
    if not np.isfinite(total.stretch_p50):
        return "No pair has a path whose length could be compared with the distance over the ground."
    text = f"{stretch_words(total)[:1].upper()}{stretch_words(total)[1:]}, over {laser_words(total)}"
    fibre = fibre_words(total, paths.fibre)
    return f"{text}{f'; {fibre}' if fibre else ''}."


def stretch_words(total: PathTotals) -> str:
    """Say how many times as long as light along the great circle the paths take."""
    if total.pairs == 1:
        return f"the path takes {total.stretch_p50:.2f} times as long as light along the great circle would"
    return (
        f"the path of the median pair takes {total.stretch_p50:.2f} times as long as light along the great circle "
        f"would (5 % of pairs less than {total.stretch_p5:.2f}, 5 % more than {total.stretch_p95:.2f})"
    )


def laser_words(total: PathTotals) -> str:
    """Say over how many lasers the paths go."""
    return f"{plural(total.lasers_p50, 'laser')} in the median, {count(total.lasers_p95, 9)} at the 95th percentile"


def fibre_words(total: PathTotals, fibre: Fibre | None) -> str:
    """Say in how many pairs a path is faster than fibre would be; empty where the run does not say which fibre."""
    if fibre is None or not total.compared_with_fibre:
        return ""
    taken = f"{fibre.route_factor:g} times the great circle at {fibre.velocity_factor:g} of the speed of light"
    marks = list(dict.fromkeys(tag for tag in fibre.tags if tag))
    if total.pairs == 1:
        what = f"it is {'' if total.faster_than_fibre else 'not '}"
    else:
        what = f"in {count(total.faster_than_fibre, 9)} of {plural(total.compared_with_fibre, 'pair')} the path is "
    return f"{what}faster than fibre would be, taken to run {taken} ({', '.join(marks)})"


def change_words(total: PathTotals) -> str:
    """Say how often paths change, and whether at an end."""
    if not np.isfinite(total.changes_p50):
        return "no pair has a path in two neighbouring slots, so none is seen to change"
    if not total.changes:
        return "no path changes"
    if total.pairs == 1:
        often = f"the path changes {count(total.changes_p50, 3)} times an hour"
    else:
        often = (
            f"the path of a pair changes {count(total.changes_p50, 3)} times an hour in the median, "
            f"{count(total.changes_p95, 3)} at the 95th percentile"
        )
    return f"{often}; {percent(total.end_change_share)} of the changes bring another satellite at an end"


def fall_words(total: PathTotals) -> str:
    """Say how often a change shortens the way, so that packets overtake earlier ones; empty without changes."""
    if not total.changes:
        return ""
    if not total.fall_share > 0:
        return "at none of the changes does the one-way delay fall, so no packet overtakes another"
    return (
        f"at {percent(total.fall_share)} of all changes the one-way delay falls, by {fine_ms(total.fall_p50_s)} in the "
        "median: packets sent less than that before the change are overtaken"
    )


def fine_ms(seconds: float) -> str:
    """Write a short time: ``0.50 ms``."""
    return f"{1e3 * seconds:.2f} ms" if 1e3 * seconds < 10 else milliseconds(seconds)


def changes_line(reading: Reading, paths: Paths) -> str:
    """Say how often paths change, and what that does to the order of packets."""
    total = path_totals(paths, reading.slot_s)
    words, falls = change_words(total), fall_words(total)
    return f"{words[:1].upper()}{words[1:]}{f'; {falls}' if falls else ''}."


def traffic_line(paths: Paths) -> str:
    """Say what the ends ask for and are given, and how loaded the lasers are."""
    total = traffic_totals(paths)
    if total is None:
        return "No traffic is asked for between the ends, so there are no rates to state."
    if total.whole == total.pairs:
        whole = f"all {plural(total.pairs, 'pair')} get all that they ask for in every slot"
    else:
        share = percent(ratio(total.whole, total.pairs))
        whole = f"{count(total.whole, 9)} of {count(total.pairs, 9)} pairs ({share}) get all in every slot"
    given = f"{percent(total.share)} is given on average"
    load = load_words(total.load_mean, total.load_max, total.full_share)
    return f"Of {bit_rate(total.offered)} that the ends ask for, both ways together, {given}; {whole}{load}."


def load_words(mean: float, most: float, full_share: float) -> str:
    """Say how loaded the lasers are; empty where that is not known."""
    if not np.isfinite(mean):
        return ""
    full = f", full in {percent(full_share)} of the slots" if full_share > 0 else ""
    return f"; the lasers are loaded to {percent(mean)} on average, the busiest to {percent(most)}{full}"


def path_event_line(reading: Reading, paths: Paths, left_out: str) -> str:
    """Say what pairs have a path before and during each event."""
    rows = event_paths(reading, paths)
    if not rows:
        return f"Nothing breaks in this scenario: it has no events{left_out}."
    more = f"; {plural(len(rows) - 2, 'more event')} in the report" if len(rows) > 2 else ""
    return f"{'; '.join(_event_words(row) for row in rows[:2])}{more}{left_out}."


def _event_words(row: EventPaths) -> str:
    mark = " (hypothetical)" if row.event.tag == "hypothetical" else ""
    head = f"{clipped(row.event.title, 120)}{mark}: pairs have a path in "
    during = f"{percent(row.known[1])} of its slots{_at(row.rtt_s[1])}"
    if not np.isfinite(row.known[0]):
        return f"{head}{during}, with no time before to compare"
    return f"{head}{percent(row.known[0])} of the slots before{_at(row.rtt_s[0])}, {during}"


def _at(rtt_s: float) -> str:
    return f" (median {milliseconds(rtt_s)})" if np.isfinite(rtt_s) else ""


def path_lines(reading: Reading, paths: Paths, inputs: str, left_out: str) -> tuple[str, ...]:
    """Answer a run that is about paths alone in six lines.

    Parameters
    ----------
    reading : Reading
        A run that counts no terminal users and serves no site.
    paths : Paths
        Its paths.
    inputs : str
        How many inputs are assumed, as a clause.
    left_out : str
        Which events lie outside the simulated time, as the end of a sentence.

    Returns
    -------
    tuple of str
        Paths, range, detour, events, changes, traffic.
    """
    first = paths_line(reading, paths)
    return (
        f"{first} The run counts no terminal users.",
        f"Without terminal users there is no range over seeds; {inputs}",
        detour_line(reading, paths),
        path_event_line(reading, paths, left_out),
        changes_line(reading, paths),
        traffic_line(paths),
    )


def lasers_line(lasers: Lasers) -> str:
    """Say what share of the service goes over lasers, over how many, and what of the delay they make."""
    own, who = lasers.terminals, "connected terminals and slots"
    if not own.total:
        own, who = lasers.sites, "served sites and slots"
    if not own.total:
        return "Nobody is served, so nothing goes over lasers."
    if not own.over:
        return f"Simulated, none of the {who} go over lasers: every satellite in use has a gateway in view."
    text = (
        f"Simulated, {percent(own.over / own.total)} of the {who} go over lasers: over "
        f"{plural(own.lasers(0.5), 'laser')} in the median, {own.lasers(0.95)} at the 95th percentile, with a median "
        f"round trip of {milliseconds(own.rtt_s(0.5))}"
    )
    if not np.isfinite(lasers.light_s):
        return f"{text}."
    mark = f" ({lasers.hop_tag})" if lasers.hop_tag else ""
    return (
        f"{text}; of the named sites' {milliseconds(lasers.sites.rtt_s(0.5))} (median) over lasers, these make "
        f"{milliseconds(lasers.light_s + lasers.forwarding_s)} on average, {milliseconds(lasers.forwarding_s)} of it "
        f"forwarding{mark}."
    )


def paths_data(reading: Reading) -> dict[str, Any] | None:
    """Return the paths for machines; the unit is in each key, shares are dimensionless.

    Parameters
    ----------
    reading : Reading
        The run.

    Returns
    -------
    dict or None
        JSON types only; None for a run without paths. Each pair is in it where there are at most DATA_PAIRS.
    """
    paths = reading.paths
    if paths is None:
        return None
    total, traffic = path_totals(paths, reading.slot_s), traffic_totals(paths)
    return {
        "pairs": total.pairs,
        "ends": total.ends,
        "pairs_with_a_path_in_every_slot": total.always,
        "pairs_with_a_path_in_some_slots": total.sometimes,
        "pairs_never_with_a_path": total.never,
        "share_of_pair_slots_without_a_path": _number(total.gap_share),
        "longest_gap_s": total.gap_s,
        "round_trip_p50_ms": _number(1e3 * total.rtt_p50_s),
        "round_trip_p95_ms": _number(1e3 * total.rtt_p95_s),
        "lasers_p50": _number(total.lasers_p50),
        "lasers_p95": _number(total.lasers_p95),
        "stretch_p5": _number(total.stretch_p5),
        "stretch_p50": _number(total.stretch_p50),
        "stretch_p95": _number(total.stretch_p95),
        "fibre": None
        if paths.fibre is None
        else {
            "route_factor": paths.fibre.route_factor,
            "velocity_factor": paths.fibre.velocity_factor,
            "pairs_compared": total.compared_with_fibre,
            "pairs_faster_than_fibre": total.faster_than_fibre,
        },
        "changes_per_hour_of_a_pair_p50": _number(total.changes_p50),
        "changes_per_hour_of_a_pair_p95": _number(total.changes_p95),
        "share_of_changes_at_an_end": _number(total.end_change_share),
        "share_of_changes_with_shorter_delay": _number(total.fall_share),
        "one_way_delay_fall_p50_ms": _number(1e3 * total.fall_p50_s),
        "traffic": None
        if traffic is None
        else {
            "asked_for_bit_s": traffic.offered,
            "given_mean_bit_s": traffic.given,
            "pairs_that_ask": traffic.pairs,
            "pairs_given_all_in_every_slot": traffic.whole,
            "laser_load_mean": _number(traffic.load_mean),
            "busiest_laser_load": _number(traffic.load_max),
        },
        "each_pair": _pairs_data(reading, paths) if total.pairs <= DATA_PAIRS else None,
    }


def _pairs_data(reading: Reading, paths: Paths) -> list[dict[str, Any]]:
    per_hour, stretch = changes_per_hour(paths, reading.slot_s), paths.stretch
    return [
        {
            "name": pair_name(paths, i),
            "share_of_slots_with_a_path": float(paths.known[i]) / paths.slots,
            "longest_gap_s": float(paths.gap[i]) * reading.slot_s,
            "round_trip_p50_ms": _number(1e3 * float(paths.rtt_p50_s[i])),
            "round_trip_p95_ms": _number(1e3 * float(paths.rtt_p95_s[i])),
            "lasers_p50": _number(float(paths.lasers_p50[i])),
            "stretch": _number(float(stretch[i])),
            "changes_per_hour": _number(float(per_hour[i])),
        }
        for i in range(len(paths.pair))
    ]


def lasers_data(lasers: Lasers | None) -> dict[str, Any] | None:
    """Return what lasers carry for machines; None for a run of bent pipes."""
    if lasers is None:
        return None
    return {
        "satellites_with_lasers": lasers.satellites,
        "links_in_use_mean": float(lasers.links.mean()) if lasers.links.size else None,
        **{
            who: {
                "share_over_lasers": _number(ratio(way.over, way.total)),
                "lasers_p50": way.lasers(0.5) if way.over else None,
                "lasers_p95": way.lasers(0.95) if way.over else None,
                "round_trip_over_lasers_p50_ms": _number(1e3 * way.rtt_s(0.5)),
            }
            for who, way in (("connected_terminals", lasers.terminals), ("served_sites", lasers.sites))
        },
        "sites_laser_light_mean_ms": _number(1e3 * lasers.light_s),
        "sites_laser_forwarding_mean_ms": _number(1e3 * lasers.forwarding_s),
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
