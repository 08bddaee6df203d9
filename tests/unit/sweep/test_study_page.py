"""The report of a study: well-formed, nothing empty, nothing fetched, its numbers those of the runs."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from made_study import made_study

import bentpipe
from bentpipe.errors import InputError
from bentpipe.sweep.opened import FailedRun
from bentpipe.sweep.reading import told

RNG = np.random.default_rng(3)
VOID = {"meta", "br", "link", "hr", "img", "input"}


class Balanced(HTMLParser):
    """Fails on a tag that is closed twice or never."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [str(value) for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag


def check(page: str) -> str:
    """What every page must be; returns its text without style and script."""
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert len(set(parser.ids)) == len(parser.ids)
    for link in re.findall(r'href="#([^"]+)"', page):
        assert link in parser.ids
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        assert len(ET.fromstring(svg)) > 0
    assert "nan" not in re.findall(
        r"[a-z]+", re.sub(r"<style.*?</style>|<script.*?</script>", "", page, flags=re.S).lower()
    )
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert " style=" not in page
    assert "simulated" in page
    return re.sub(r"<[^>]+>", " ", re.sub(r"<style.*?</style>|<script.*?</script>", "", page, flags=re.DOTALL))


def write(study, tmp_path: Path, measure: str | None = None) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    path = bentpipe.write_study_report(study, tmp_path / "page.html", measure)
    page = path.read_text(encoding="utf-8")
    assert len(page) < 2_000_000
    return page, check(page)


def axes_of(count: int) -> dict[str, list[object]]:
    given = {"load": [0.1, 0.5, 0.9], "policy": ["observed", "max-coverage"], "beams": [8, 16], "antennas": [1, 2]}
    return {name: list(given[name]) for name in list(given)[:count]}


@pytest.mark.parametrize("count", range(5))
@pytest.mark.parametrize("chance", [(), ("seed",), ("draw",), ("seed", "draw")])
def test_any_number_of_axes_makes_a_whole_page(count: int, chance: tuple[str, ...], tmp_path: Path) -> None:
    along = axes_of(count) | {name: list(range(6)) for name in chance}
    shape = tuple(len(v) for v in along.values())
    drawn = {"share": RNG.random(6).tolist(), "kind": ["a", "b"] * 3} if "draw" in chance else {}
    values = 0.05 + 0.01 * RNG.random(shape)
    page, text = write(made_study(along, {"site_rtt_s_mean": values}, drawn=drawn), tmp_path)
    assert ('id="matters"' in page) == bool(count or drawn)
    assert ('id="axes"' in page) == (count > 0)
    assert ('id="drawn"' in page) == bool(drawn)
    for name in [*along, *drawn]:
        assert name in text
    median = f"{1e3 * float(np.median(values)):.1f}"
    assert median[:3] in text
    assert page.count('class="chart wide"') == page.count('class="chart narrow"')


def test_a_failed_run_is_told_and_cannot_break_the_page(tmp_path: Path) -> None:
    failed = FailedRun(1, {"load": 0.5}, "MemoryError: <script>alert(1)</script>", 3)
    made = made_study(
        {"load": [0.1, 0.5, 0.9]}, {"site_rtt_s_mean": np.array([0.04, np.nan, 0.08])},
        complete=[True, False, True], failures=[failed], name="a-b",
    )  # fmt: skip
    page, text = write(made, tmp_path)
    assert "&lt;script&gt;alert(1)" in page
    assert "1 of 3 runs missing" in text
    assert "Runs that were given up" in text
    assert "2 runs of 3 done, 1 left out (1 given up)" in text


@pytest.mark.parametrize("complete", [True, False])
def test_nothing_to_show_is_said(complete: bool, tmp_path: Path) -> None:
    made = made_study({"load": [0.1, 0.5]}, {"site_rtt_s_mean": np.full(2, np.nan)}, complete=[complete] * 2)
    page, text = write(made, tmp_path)
    assert "No run has a value" in text
    assert "chart" not in re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)


def test_a_measure_that_does_not_change_draws_no_tornado(tmp_path: Path) -> None:
    made = made_study({"load": [0.1, 0.5], "draw": [0, 1, 2, 3]}, {"site_served_mean": np.ones((2, 4))})
    page, text = write(made, tmp_path)
    assert "nothing of it changes the measure, which stays 100 %" in text
    assert 'id="matters"' not in page


def test_the_page_says_what_matters_most_and_by_how_much(tmp_path: Path) -> None:
    a, b = np.meshgrid([0.050, 0.080], [0.0, 0.002], indexing="ij")
    made = made_study({"load": [0.1, 0.9], "antennas": ["4 each", "2 each"]}, {"site_rtt_s_mean": a + b})
    words, data = told(made)
    assert words.startswith(
        "4 runs varied load (2 values) and antennas (2 values). It depends most on load: 51.0 ms at load 0.1, 81.0 ms"
    )
    assert [e["name"] for e in data["effects"]] == ["load", "antennas"]
    page, text = write(made, tmp_path)
    assert words in text
    assert "Antennas 2.0 ms between the lowest and the highest mean." in text
    assert page.index(">load<") < page.index(">antennas<")


def test_a_report_can_be_of_another_measure(tmp_path: Path) -> None:
    made = made_study(
        {"load": [0.1, 0.9]}, {"site_rtt_s_mean": np.array([0.05, 0.06]), "handovers_sum": np.array([3.0, 7.0])}
    )
    _, text = write(made, tmp_path, "handovers_sum")
    assert "handovers_sum" in text
    assert "sum over the slots" in text
    with pytest.raises(InputError, match="keeps no such variable"):
        bentpipe.write_study_report(made, tmp_path / "page.html", "handover_sum")
    with pytest.raises(InputError, match="a folder where a file belongs"):
        bentpipe.write_study_report(made, tmp_path)


def test_inputs_are_marked_as_assumed(tmp_path: Path) -> None:
    made = made_study(
        {"load": [0.1, 0.9], "seed": [1, 2], "draw": [0, 1]}, {"site_rtt_s_mean": RNG.random((2, 2, 2))},
        drawn={"share": [0.2, 0.4]},
    )  # fmt: skip
    page, _ = write(made, tmp_path)
    for key, tag in (
        ("key.load", "assumed"),
        ("drawn.share", "assumed"),
        ("time.duration", "assumed"),
        ("seed", "assumed"),
    ):
        assert re.search(rf'<td class="key">{re.escape(key)}</td><td>[^<]*</td><td><span class="tag {tag}">', page)


def test_many_values_are_thinned_and_it_says_so(tmp_path: Path) -> None:
    along = {"load": list(range(40)), "policy": [f"p{i}" for i in range(20)], "beams": list(range(9))}
    page, text = write(made_study(along, {"site_rtt_s_mean": RNG.random((40, 20, 9))}), tmp_path)
    assert "12 of 20, evenly picked" in text
    assert "6 of 9, evenly picked" in text
    assert "The first 400" in text
    assert len(page) < 2_000_000
