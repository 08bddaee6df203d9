"""The report in real Chromium, opened from a file: policy, layout, labels, tooltips, sorting, print."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "report"))

pytestmark = pytest.mark.browser
api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

OVERLAPS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll("svg.chart, svg.map")) {
    if (!svg.getClientRects().length) continue;
    const boxes = [...svg.querySelectorAll("text")]
      .map((t) => [t.textContent, t.getBoundingClientRect()]).filter((b) => b[1].width > 0);
    for (let i = 0; i < boxes.length; i++) for (let j = 0; j < i; j++) {
      const [a, b] = [boxes[i][1], boxes[j][1]];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && tall > 2) found.push([boxes[i][0], boxes[j][0]]);
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    from finished_run import make_run

    from bentpipe.report import write_report

    return write_report(make_run(tmp_path_factory.mktemp("run"), regions=16, resolution=4))


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with api.sync_playwright() as play:
        shown = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield shown
        shown.close()


def opened(browser, file, width=1280, **options):
    """Open the page; collect what it complains of and whatever it tries to fetch."""
    page = browser.new_page(viewport={"width": width, "height": 900}, **options)
    page.complaints, page.fetched = [], []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.fetched.append(request.url))
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_the_page_keeps_its_policy_and_its_width(browser, page_file, width, scheme):
    page = opened(browser, page_file, width, color_scheme=scheme)
    assert page.complaints == []
    assert [url for url in page.fetched if not url.startswith("data:")] == [page_file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_no_label_covers_another(browser, page_file, width):
    page = opened(browser, page_file, width)
    assert page.evaluate(OVERLAPS) == []
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_labels_stay_on_their_figure(browser, page_file, width):
    page = opened(browser, page_file, width)
    beyond = page.evaluate("""() => [...document.querySelectorAll("svg.chart text, svg.map text")].filter((t) => {
      const a = t.getBoundingClientRect(), b = t.ownerSVGElement.getBoundingClientRect();
      return a.width > 0 && (a.left < b.left - 3 || a.right > b.right + 3);
    }).map((t) => t.textContent)""")
    assert beyond == []
    page.close()


def test_small_print_can_be_read_on_a_phone(browser, page_file):
    page = opened(browser, page_file, 390)
    smallest = page.evaluate("""() => Math.min(...[...document.querySelectorAll("svg.chart.narrow text")]
      .map((t) => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a))""")
    assert smallest >= 9
    page.close()


def test_a_cell_tells_its_number(browser, page_file):
    page = opened(browser, page_file)
    cell = page.locator(".cells path[class^=k]").nth(40)
    cell.scroll_into_view_if_needed()
    page.wait_for_timeout(600)  # the page scrolls smoothly, and scrolling hides the words
    cell.hover(force=True)
    page.locator(".tip").wait_for(state="visible", timeout=5000)
    assert "of the time" in page.locator(".tip").inner_text()
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_rates_are_drawn_with_patterns(browser, page_file, width):
    page = opened(browser, page_file, width)
    fills = page.locator("#rates svg.chart .lp3 rect").evaluate_all("all => all.map(r => getComputedStyle(r).fill)")
    assert fills and all("#lk3" in fill for fill in fills)
    assert page.locator("#rates svg.chart").filter(visible=True).count() == 3
    page.close()


def test_tables_sort(browser, page_file):
    page = opened(browser, page_file)
    table = page.locator("#regions table")
    table.locator("th button").nth(1).click()
    values = table.locator("tbody tr td:nth-child(2)").evaluate_all("cells => cells.map(c => +c.dataset.v)")
    assert values == sorted(values)
    page.close()


def test_the_page_reads_without_script(browser, page_file):
    page = opened(browser, page_file, java_script_enabled=False)
    assert page.locator("h1").inner_text() == "Ukraine, October 2022"
    assert page.locator("#map svg.map").is_visible()
    page.locator("#time summary").click()
    assert page.locator("#time details table").is_visible()
    page.close()


def test_it_prints(browser, page_file):
    page = opened(browser, page_file)
    body = page.pdf(format="A4", print_background=True)
    assert body.startswith(b"%PDF")
    assert 3 <= body.count(b"/Type /Page\n") + body.count(b"/Type /Page ") + body.count(b"/Type /Page/") <= 20
    page.close()
