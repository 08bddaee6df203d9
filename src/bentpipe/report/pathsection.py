"""What the page's section on paths shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bentpipe.report import charts, pathcharts, pathmeasures, plainpaths
from bentpipe.report.pathreading import Paths
from bentpipe.report.reading import Reading
from bentpipe.report.wording import count, plural

if TYPE_CHECKING:
    from markupsafe import Markup

VARIABLES = (
    "path_rtt_s", "path_lasers", "path_laser_m", "path_first_satellite", "path_last_satellite", "path_mark",
    "path_there_bit_s", "path_back_bit_s", "path_great_circle_m", "laser_links", "laser_load_mean", "laser_load_max",
)  # fmt: skip
"""Where the rest lies in the run's own files."""


def paths_context(reading: Reading, exact_sites: bool, stamp: str, markup: type[Markup]) -> dict[str, Any] | None:
    """Return what the template needs to show the paths; None for a run without paths.

    Parameters
    ----------
    reading : Reading
        The run.
    exact_sites : bool
        Whether distances are shown as they are; otherwise to two digits.
    stamp : str
        The word written on the figures.
    markup : type
        markupsafe's mark of finished markup.

    Returns
    -------
    dict or None
    """
    paths = reading.paths
    if paths is None:
        return None
    total, rule = pathmeasures.path_totals(paths, reading.slot_s), pathmeasures.listed_pairs(paths)[1]
    traffic = pathmeasures.traffic_totals(paths)
    routing = ((reading.manifest.get("lasers") or {}).get("routing") or {}).get("name", "")
    return {
        "alone": pathmeasures.paths_alone(reading),
        "total": total,
        "pairs_words": plainpaths.pairs_words(paths, total),
        "facts": _facts(reading, paths, total),
        "events": pathmeasures.event_paths(reading, paths),
        "rows": pathmeasures.pair_rows(reading, paths, exact_sites),
        "rule": rule,
        "left": len(paths.pair) - pathmeasures.LISTED_PAIRS if rule else 0,
        "routing": routing,
        "traffic": traffic,
        "fibre": paths.fibre,
        "gaps": bool(total.gap_share > 0),
        "series_gaps": bool(np.isnan(paths.series.rtt_s).any()),
        "series_few": len(paths.pair) > len(paths.series.pair),
        "shaded": _shaded(reading, hypothetical=False),
        "shaded_hypothetical": _shaded(reading, hypothetical=True),
        "uneven": traffic is not None and traffic.full_share > 0 and traffic.load_mean < 0.2,
        "longest_percent": round(100 * (1.0 - pathcharts.STRETCH_END)),
        "cut_axis": any(pathcharts.strip_range(1e3 * values)[0] > 0 for values in paths.series.rtt_s.T),
        "classes": list(enumerate(pathcharts.class_words())),
        "variables": VARIABLES,
        "exact": exact_sites,
        "figures": _figures(reading, paths, stamp, markup),
    }


def _shaded(reading: Reading, hypothetical: bool) -> bool:
    """Whether the figures over time shade an event of this kind: those of the whole run are not."""
    chosen = [e for e in reading.events if (e.tag == "hypothetical") is hypothetical]
    return any(e.active.any() and not e.active.all() for e in chosen)


def _facts(reading: Reading, paths: Paths, total: pathmeasures.PathTotals) -> list[tuple[str, str]]:
    """Return the numbers a reader would quote, each after its name."""
    facts = [("Pairs", _sentence(plainpaths.pairs_words(paths, total)))]
    if total.gap_share > 0:
        facts.append(("Gaps", _sentence(plainpaths.gap_words(paths, total))))
    if not np.isfinite(total.rtt_p50_s):
        return facts
    facts += [
        ("Round trip", _sentence(plainpaths.rtt_words(total))),
        ("Lasers on the way", _sentence(plainpaths.laser_words(total))),
        ("Against light", _sentence(f"{plainpaths.stretch_words(total)}; the forwarding at the lasers is in it")),
    ]
    fibre = plainpaths.fibre_words(total, paths.fibre)
    if fibre:
        facts.append(("Against fibre", _sentence(f"{fibre}; by the median round trip of the pair")))
    facts.append(("Changes", _sentence(plainpaths.change_words(total))))
    falls = plainpaths.fall_words(total)
    if falls:
        facts.append(("Reordering", _sentence(f"{falls}. Delays are compared from slot to slot")))
    if reading.lasers is not None:
        facts.append(("Lasers in use", _links(reading)))
    if paths.traffic is not None:
        facts.append(("Traffic", plainpaths.traffic_line(paths)))
    return facts


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _links(reading: Reading) -> str:
    """Say how many lasers are in use; which of them are made and lost is not stored."""
    assert reading.lasers is not None
    links, able = reading.lasers.links, reading.lasers.satellites
    low, high = int(links.min()), int(links.max())
    number = f"{count(low, 9)} in every slot"
    if low < high:
        number = f"{count(low, 9)} to {count(high, 9)} by slot, {count(float(links.mean()))} on average"
    return f"{number}, between {plural(able, 'satellite')} that carry them."


def _figures(reading: Reading, paths: Paths, stamp: str, markup: type[Markup]) -> dict[str, Markup]:
    many = int(np.isfinite(paths.stretch).sum()) >= pathcharts.DENSITY_PAIRS
    draw: dict[str, Callable[[charts.Size], str]] = {}
    if many:
        draw["distance"] = lambda size: pathcharts.rtt_by_distance(paths, size, stamp)
        draw["stretch"] = lambda size: pathcharts.stretch_bars(paths, size, stamp)
        if (paths.known_by_slot < len(paths.pair)).any() or reading.events:
            draw["all"] = lambda size: pathcharts.pairs_over_time(reading, paths, size, stamp)
    if len(paths.series.pair) and np.isfinite(paths.series.rtt_s).any():
        draw["series"] = lambda size: pathcharts.rtt_over_time(reading, paths, size, stamp)
    if paths.traffic is not None and paths.traffic.by_slot.any():
        draw["traffic"] = lambda size: pathcharts.traffic_over_time(reading, paths, size, stamp)
    names = ("distance", "stretch", "all", "series", "traffic")
    return {name: markup("".join(draw[name](size) for size in charts.SIZES) if name in draw else "") for name in names}
