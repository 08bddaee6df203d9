"""The words of `bentpipe paths`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ANY_SATELLITE = "a path takes any satellite that its ends can use, not the one that a scheduler would give them"


def summary_lines(data: dict[str, Any]) -> Iterator[str]:
    """Say what a path over many slots comes to.

    Parameters
    ----------
    data : dict
        As of `bentpipe.paths`.

    Yields
    ------
    str
    """
    found, seconds = data["summary"], data["slot_s"]
    yield f"{data['from']} - {data['to']} over lasers, {found['slots']:,} slots of {seconds:g} s from " + (
        f"{data['first_slot_utc']} to {data['last_slot_utc']} UTC (simulated)"
    )
    yield f"routing {data['routing']}, topology {data['topology']}; {ANY_SATELLITE}"
    gaps = found["gaps"]
    count = f"{gaps} gap{'s' if gaps > 1 else ''}, the longest {found['longest_gap_s']:g} s" if gaps else "no gap"
    share = f"{100.0 * found['share_with_path']:.2f} %"
    yield f"a path in {found['slots_with_path']:,} of {found['slots']:,} slots ({share}); {count}"
    if found["rtt_ms"] is None:
        return
    yield _spread("round trip, light and forwarding", found["rtt_ms"])
    yield from _access(data["access"], found["rtt_with_access_ms"])
    yield from _median_slot(data, found["median_slot"])
    yield f"lasers of the path: median {found['lasers_median']:g}, at most {found['lasers_max']}"
    yield from _changing(found)


def _spread(what: str, ms: dict[str, float]) -> str:
    return f"{what}: median {ms['median']:.1f} ms, 95 % up to {ms['p95']:.1f} ms, {ms['min']:.1f} to {ms['max']:.1f} ms"


def _access(ends: list[dict[str, Any]], with_access: dict[str, float] | None) -> Iterator[str]:
    if not ends or with_access is None:
        yield "no end is a terminal: no access delay comes on top"
        return
    plural = "s" if len(ends) > 1 else ""
    yield _spread(f"with access at {len(ends)} terminal end{plural}, as a ping would see it", with_access)
    for end in ends:
        ms = end["median_ms"]
        yield f"  access at {end['end']:<14} {sum(ms.values()):7.1f} ms there and back: " + (
            f"frame {ms['access_frame']:.1f}, scheduling {ms['access_scheduling']:.1f}, load {ms['access_load']:.1f} "
            f"at a load of {end['load']:.2f} ({end['load_source']})"
        )


def _median_slot(data: dict[str, Any], part: dict[str, Any]) -> Iterator[str]:
    yield f"one way in the median slot, from {part['start_utc']} UTC:"
    names = (
        ("first_link", f"link at {data['from']}"), ("lasers", f"lasers ({part['lasers']})"),
        ("forwarding", "forwarding"), ("last_link", f"link at {data['to']}"), ("fibre", "fibre to the PoP"),
    )  # fmt: skip
    for key, name in names:
        if key == "fibre" and not part["one_way_km"]["fibre"]:
            continue
        km = part["one_way_km"].get(key)
        length = f"{km:9,.0f} km" if km is not None else " " * 12
        yield f"  {name:<24} {length} {part['one_way_ms'][key]:7.2f} ms"
    if part["stretch"] is None:
        return
    yield f"the path is {part['path_km']:,.0f} km long, {part['stretch']:.2f} times the great circle of " + (
        f"{part['great_circle_km']:,.0f} km"
    )
    told = data["fibre"]
    yield f"fibre between the ends ({told['tag']}: {told['route_factor']:g} times the great circle, light at " + (
        f"{told['velocity_factor']:g} of its speed in vacuum) would take {part['fibre_rtt_ms']:.1f} ms there and back; "
        f"the path takes {part['rtt_over_fibre']:.2f} times that"
    )


def _changing(found: dict[str, Any]) -> Iterator[str]:
    if found["changes_per_hour"] is not None:
        yield f"path changes: {found['changes_per_hour']:.1f} an hour, of them {found['handovers_per_hour']:.1f} " + (
            "with another first or last satellite (handovers)"
        )
    if found["reordering_changes"]:
        yield (
            f"reordering: at {found['reordering_changes']} of {found['changes']} changes the one-way delay falls, "
            + (
                f"by {found['reordering_median_ms']:.2f} ms in the median, {found['reordering_max_ms']:.2f} ms at most:"
                " packets sent less than that before the change are overtaken"
            )
        )
    elif found["changes"]:
        yield "reordering: none: the one-way delay falls at no change"
    if found["mesh_lasers_new_per_slot"] is not None:
        yield (
            f"whole mesh: {found['mesh_lasers']:,.0f} lasers in use; {found['mesh_lasers_new_per_slot']:.1f} new and "
            + (f"{found['mesh_lasers_lost_per_slot']:.1f} lost a slot")
        )


def slot_lines(data: dict[str, Any]) -> Iterator[str]:
    """Say what one slot's paths consist of.

    Parameters
    ----------
    data : dict
        As of `bentpipe.paths` with an instant.

    Yields
    ------
    str
    """
    when = f"slot {data['slot']} from {data['first_slot_utc']} UTC"
    yield f"{data['from']} - {data['to']} over lasers, {when} (simulated)"
    wanted, kind = data["disjoint"], "satellite" if data["node_disjoint"] else "laser"
    if wanted > 1:
        yield f"{len(data['ways'])} of {wanted} ways that share no {kind}, together of least delay; {ANY_SATELLITE}"
    else:
        yield f"routing {data['routing']}, topology {data['topology']}; {ANY_SATELLITE}"
    if not data["ways"]:
        yield f"no path: {data['why_not']}"
    for number, way in enumerate(data["ways"], 1):
        yield from _way(way, f"way {number}: " if wanted > 1 else "")


def _way(way: dict[str, Any], which: str) -> Iterator[str]:
    ends = way["access"]
    with_access = f"; with access at {len(ends)} terminal end{'s' if len(ends) > 1 else ''}: " + (
        f"{way['rtt_with_access_ms']:.1f} ms" if ends else ""
    )
    yield f"{which}round trip, light and forwarding: {way['rtt_ms']:.2f} ms{with_access if ends else ''}"
    number = {s["name"]: s["catalog_number"] for s in way["satellites"]}

    def named(end: str) -> str:
        return f"{end} ({number[end]})" if end in number else end

    rows = [(hop, f"{named(hop['from'])} - {named(hop['to'])}") for hop in way["hops"]]
    width = max(len(words) for _, words in rows)
    for hop, words in rows:
        forwarding = f" + {hop['forwarding_ms']:.2f} ms forwarding" if hop["forwarding_ms"] else ""
        yield f"  {hop['kind']:<12} {words:<{width}} {hop['km']:9,.1f} km {hop['ms']:7.3f} ms{forwarding}"
    yield f"  one way {way['one_way_ms']:.3f} ms over {way['lasers']} laser{'' if way['lasers'] == 1 else 's'}"
    for end in ends:
        ms = end["ms"]
        yield f"  access at {end['end']}: {sum(ms.values()):.2f} ms there and back (median of the slot: frame " + (
            f"{ms['access_frame']:.2f}, scheduling {ms['access_scheduling']:.2f}, load {ms['access_load']:.2f} "
            f"at a load of {end['load']:.2f}, {end['load_source']})"
        )
