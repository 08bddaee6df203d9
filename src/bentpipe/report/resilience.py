"""The report of random losses: one HTML file that needs nothing else and may fetch nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from bentpipe.report.charts import SIZES
from bentpipe.report.html import check_target, fill_page, put_page
from bentpipe.report.losscharts import Line, Words, banded, loss_chart
from bentpipe.report.plain import DISCLAIMER
from bentpipe.report.wording import bit_rate, count, milliseconds, percent

FILE_NAME = "resilience.html"
STAMP = "simulated, hypothetical"

#: Lines without a band: key, class, scale.
_BESIDE = (("cells_reachable_share", "served", 100.0), ("rtt_p95_s", "powered", 1e3))

_ONE = {"satellites": "satellite", "gateways": "gateway", "planes": "plane", "lasers": "satellite with lasers"}


class Answered(Protocol):
    """What the report shows: the answer of `bentpipe.resilience`."""

    @property
    def data(self) -> dict[str, Any]:
        """As of `bentpipe.Resilience`."""


def check_place(out: str | Path) -> Path:
    """Tell which file a place stands for, and refuse one that cannot be written before the work.

    Parameters
    ----------
    out : str or Path
        A file that ends in ``.html``, or a folder.

    Returns
    -------
    Path
        The file; ``resilience.html`` in a folder.

    Raises
    ------
    InputError
        Where it cannot be written.
    """
    place = Path(out)
    target = place if place.suffix.lower() in (".html", ".htm") and not place.is_dir() else place / FILE_NAME
    check_target(target)
    return target


def write_resilience(found: Answered, out: str | Path) -> Path:
    """Write the report of random losses as one HTML file.

    Parameters
    ----------
    found : Resilience
        The answer of `bentpipe.resilience`.
    out : str or Path
        A file that ends in ``.html``, or a folder.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        Where it cannot be written.
    """
    target = check_place(out)
    return put_page(target, render_resilience(found.data))


def render_resilience(data: Mapping[str, Any]) -> str:
    """Return the report's HTML: see `write_resilience`."""
    from importlib.metadata import version

    from markupsafe import Markup

    rows = data["shares"]
    quoted = next(row for row in rows if row["share"] == data["quoted_share"])
    figures = {name: Markup(svg) for name, svg in _figures(data).items()}
    context = {
        "d": data, "paths": data["counted"] == "paths", "rows": rows, "quoted": quoted, "figures": figures,
        "banded": banded, "ms": milliseconds,
        "one": _ONE[data["lose"]], "disclaimer": DISCLAIMER, "version": version("bentpipe"), "whole": percent,
        "has": {key: any(row[key] is not None for row in rows) for key in ("rtt_median_s", "given_share")},
        "number": count, "rate": bit_rate,
    }  # fmt: skip
    return fill_page("resilience.html.j2", context)


class _Figure(NamedTuple):
    lines: tuple[Line, ...]
    words: Words
    top: float | None = None


def _figures(data: Mapping[str, Any]) -> dict[str, str]:
    """Draw every figure that there are numbers for, in both layouts."""
    what = data["counted"].capitalize()
    cells, slow = (Line(key, kind, scale, band=False) for key, kind, scale in _BESIDE)
    figures = {
        "connected": _Figure(
            (Line("connected_share", "connected", 100.0), cells),
            Words(f"{what} connected by share lost", "%", _connected_title), 100.0,
        ),
        "rtt": _Figure(
            (Line("rtt_median_s", "connected", 1e3), slow), Words("Round trip by share lost", "ms", _delay_title)
        ),
        "given": _Figure(
            (Line("given_share", "connected", 100.0),),
            Words("Given of what is asked for by share lost", "%", _given_title), 100.0,
        ),
        "peak": _Figure(
            (Line("peak_down_bit_s", "connected", 1e-6),),
            Words("What one terminal could get by share lost", "Mbit/s", _peak_title),
        ),
    }  # fmt: skip
    rows = data["shares"]
    figures = {
        name: figure._replace(lines=tuple(line for line in figure.lines if any(row[line.key] for row in rows)))
        for name, figure in figures.items()
    }
    return {
        name: "".join(loss_chart(rows, figure.lines, figure.words, size, STAMP, figure.top) for size in SIZES)
        if figure.lines and sum(row[figure.lines[0].key] is not None for row in rows) > 1
        else ""
        for name, figure in figures.items()
    }


def _lost(row: Mapping[str, Any]) -> str:
    return f"{100 * row['share']:g} % lost"


def _connected_title(row: Mapping[str, Any]) -> str:
    cells = f"; {banded(row['cells_reachable_share'])} of cells" if row["cells_reachable_share"] else ""
    return f"{_lost(row)}: {banded(row['connected_share'])} connected{cells}"


def _delay_title(row: Mapping[str, Any]) -> str:
    middle, slow = (banded(row[key], milliseconds) for key in ("rtt_median_s", "rtt_p95_s"))
    return f"{_lost(row)}: median {middle}, p95 {slow}"


def _given_title(row: Mapping[str, Any]) -> str:
    return f"{_lost(row)}: {banded(row['given_share'])} of what is asked for"


def _peak_title(row: Mapping[str, Any]) -> str:
    return f"{_lost(row)}: {banded(row['peak_down_bit_s'], bit_rate)} for one terminal, median"
