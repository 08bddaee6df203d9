"""The report's section on paths in real Chromium: labels, width, colours of the segments."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "report"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

pytestmark = pytest.mark.browser
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from test_report import OVERLAPS, browser, opened  # noqa: E402, F401

BEYOND = """() => [...document.querySelectorAll("svg.chart text")].filter((t) => {
  const a = t.getBoundingClientRect(), b = t.ownerSVGElement.getBoundingClientRect();
  return a.width > 0 && (a.left < b.left - 3 || a.right > b.right + 3);
}).map((t) => t.textContent)"""


@pytest.fixture(scope="module", params=["many pairs", "one pair and users"])
def page_file(request, tmp_path_factory):
    from finished_run import make_run
    from laser_run import paths_only, with_lasers, with_paths

    from bentpipe.report import write_report

    folder = tmp_path_factory.mktemp("run")
    if request.param == "many pairs":
        return write_report(paths_only(folder, ends=30, slots=120, events=2))
    return write_report(with_paths(with_lasers(make_run(folder, slots=1440)), ends=2, traffic=False))


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_the_section_keeps_its_width_and_its_peace(browser, page_file, width, scheme):  # noqa: F811
    page = opened(browser, page_file, width, color_scheme=scheme)
    assert page.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#paths svg.chart").filter(visible=True).count() >= 1
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(BEYOND) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_segment_has_a_colour_of_its_own(browser, page_file, scheme):  # noqa: F811
    page = opened(browser, page_file, color_scheme=scheme)
    colours = page.evaluate("""() => {
      const svg = document.querySelector("svg");
      return [0, 1, 2, 3, 4, 5, 6, 7].map((k) => {
        const r = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        r.setAttribute("class", "s" + k);
        svg.append(r);
        return getComputedStyle(r).fill;
      });
    }""")
    assert len(set(colours)) == 8
    page.close()


def test_the_table_of_pairs_sorts_by_distance(browser, page_file):  # noqa: F811
    page = opened(browser, page_file)
    table = page.locator("#paths table.sortable")
    table.locator("th button").nth(1).click()
    values = table.locator("tbody tr td:nth-child(2)").evaluate_all("cells => cells.map(c => +c.dataset.v)")
    assert values == sorted(values) and values
    page.close()
