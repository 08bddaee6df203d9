"""The page of random losses in real Chromium: policy, width, labels, tooltips."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_report import OVERLAPS, browser, opened  # noqa: F401 - browser is a fixture

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "report"))

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def loss_page(tmp_path_factory):
    from test_resilience_page import answer

    from bentpipe.report.resilience import write_resilience

    found = SimpleNamespace(data=answer(0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5))
    return write_resilience(found, tmp_path_factory.mktemp("losses"))


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_of_losses_keeps_its_policy_and_its_width(browser, loss_page, width, scheme):  # noqa: F811
    page = opened(browser, loss_page, width, color_scheme=scheme)
    assert page.complaints == []
    assert [url for url in page.fetched if not url.startswith("data:")] == [loss_page.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERLAPS) == []
    page.close()


def test_a_share_has_a_tooltip(browser, loss_page):  # noqa: F811
    page = opened(browser, loss_page)
    page.locator("#connected svg.chart.wide .hit").nth(5).hover()
    assert page.locator(".tip").text_content().startswith("20 % lost: 80.0 %")
    page.close()
