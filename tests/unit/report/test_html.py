"""The page: policy, size, marks, escaping, privacy, and runs out of the ordinary."""

import base64
import hashlib
import re

import numpy as np
import pytest
from finished_run import make_run

from bentpipe.report import Outlines, write_report
from bentpipe.report.html import PAGE_LIMIT_BYTES

PLAIN = Outlines()


def page_of(tmp_path, exact_sites=False, change=None, **size):
    run = make_run(tmp_path, **size)
    if change:
        change(run)
    return write_report(run, exact_sites=exact_sites, outlines=PLAIN).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("run"))


def test_the_report_lies_in_the_run_unless_told_otherwise(tmp_path):
    run = make_run(tmp_path, slots=2)
    assert write_report(run, outlines=PLAIN) == tmp_path / "report.html"
    other = tmp_path / "deeper" / "page.html"
    assert write_report(run, out=other, outlines=PLAIN) == other
    assert sorted(p.name for p in tmp_path.iterdir()) == ["deeper", "report.html"]


def test_style_and_script_are_allowed_by_hash_alone(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page).group(1).replace("&#39;", "'")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.S)
        assert len(bodies) == 1
        digest = base64.b64encode(hashlib.sha256(bodies[0].encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy


def test_nothing_is_fetched_and_nothing_is_styled_in_place(page):
    assert " style=" not in page
    assert not re.search(r"\son\w+=", page)
    assert not re.search(r'(src|href)="(?!#|data:)', page)
    assert "@import" not in page


def test_every_figure_says_simulated(page):
    figures = re.findall(r"<figure.*?</figure>", page, flags=re.S)
    assert len(figures) >= 7
    for figure in figures:
        assert "<strong>Simulated.</strong>" in figure
    for chart in re.findall(r'<svg class="(?:chart|map).*?</svg>', page, flags=re.S):
        assert 'class="stamp' in chart
        assert ">simulated" in chart


def test_the_page_says_what_it_is(page):
    assert "Simulation, not live status" in page
    assert "Affiliated with no operator" in page
    assert "Contains hypothetical events" in page
    assert "(hypothetical)" in page
    assert "of the population" in page
    assert "hatched, not coloured" in page
    assert "Nothing was measured inside this territory" in page
    assert "Ranked by the most each input can account for" in page


def test_all_the_sections_are_there(page):
    for name in ("map", "time", "regions", "events", "delay", "rates", "gateways", "inputs", "data"):
        assert f'<section id="{name}">' in page
        assert f'href="#{name}"' in page


def test_what_a_run_carries_is_escaped(tmp_path):
    def attack(run):
        hostile = '"><script>alert(1)</script>'
        run.manifest["title"] = run.manifest["question"] = hostile
        run.manifest["events"][0]["title"] = hostile
        run.manifest["assumptions"][0]["source"] = "javascript:alert(1)"
        run.manifest["data"][0]["name"] = hostile
        for name in ("site_name", "gateway_name", "region_name"):
            dim = name.split("_")[0]
            run.dataset[name] = (dim, [hostile] * run.dataset.sizes[dim])

    page = page_of(tmp_path, exact_sites=True, change=attack)
    assert page.count("<script>") == 1
    assert 'href="javascript' not in page


def test_the_effect_of_an_event_is_on_its_card(tmp_path):
    def compare(run):
        run.manifest["events"][0]["effect"] = {
            "slots": 1, "users_with": 10.0, "users_without": 30.0, "sites_with": 1.0, "sites_without": 1.0,
        }  # fmt: skip
        run.manifest["events"][3]["since_before"] = True

    page = page_of(tmp_path, slots=20, change=compare)
    assert page.count("From before the run to ") == 1
    assert (
        "<strong>\u221220 terminal users</strong> connected, compared with the same run without it at 1 slot " in page
    )


def test_positions_of_sites_are_not_in_the_page(tmp_path):
    run = make_run(tmp_path)
    write_report(run, outlines=PLAIN)
    coarse = (tmp_path / "report.html").read_text()
    exact = write_report(run, exact_sites=True, outlines=PLAIN).read_text()
    place = f"{float(run.dataset['site_latitude_deg'][0]):.4f}"
    assert place not in coarse
    assert place in exact
    assert "Each position is coarsened to its region" in coarse


def test_nor_is_the_way_of_a_site_that_moves(tmp_path):
    def move(run):
        way = np.full((run.dataset.sizes["slot"], 1), 48.7654321)
        run.dataset["track_latitude_deg"] = (("slot", "track"), way)
        run.dataset["track_longitude_deg"] = (("slot", "track"), way - 20.0)
        row = {"key": "sites.site-1.track", "value": "secret-way.csv", "tag": "assumed"}
        run.manifest["assumptions"].append(row)

    page = page_of(tmp_path, slots=20, change=move)
    assert "48.765" not in page and "28.765" not in page
    assert "secret-way" not in page


@pytest.mark.parametrize(
    "size",
    [
        {"slots": 1}, {"slots": 0}, {"events": 0, "sites": 0, "seeds": 0}, {"outage": True}, {"regions": 0},
        {"cells": []}, {"cells": [], "sites": 0, "gateways": 0}, {"gateways": 0}, {"slot_s": 86400.0},
        {"cells": ["851e2e07fffffff"], "regions": 1, "sites": 1}, {"rates": False}, {"uplink": False},
    ],
    ids=str,
)  # fmt: skip
def test_unusual_runs_have_a_page_too(tmp_path, size):
    page = page_of(tmp_path, **{"resolution": 3, "slots": 60, **size})
    assert page.rstrip().endswith("</html>")
    assert not re.search(r"\b(nan|inf|None)\b", re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.S))


def rates_of(page):
    return re.search(r'<section id="rates">.*?</section>', page, flags=re.S).group()


def test_rates_have_their_section(page):
    section = rates_of(page)
    for words in (
        "Asked for and given", "What binds, by region", "Rates by region", "Busy hour against quiet hour",
        "Dry against rain", "Events and rates", "Traffic of the gateways", "Rates of the sites", "Mbit/s",
    ):  # fmt: skip
        assert words in section
    assert section.count('<svg class="chart') == 6
    assert 'class="tag assumed"' in section
    assert "documented (recalled)" in page


def test_what_binds_can_be_told_without_colour(page):
    section = rates_of(page)
    for k in (0, 2, 3, 4, 5):
        assert section.count(f'<pattern id="lk{k}"') == 1
        assert f'<g class="lp{k}">' in section
        assert f".lp{k} rect{{fill:url(#lk{k})}}" in page


def test_without_rates_the_section_is_a_sentence(tmp_path):
    section = rates_of(page_of(tmp_path, slots=20, rates=False))
    assert "No rates were computed" in section
    assert "<svg" not in section and "<table" not in section


def test_without_figures_of_the_uplink_the_page_says_so(tmp_path):
    section = rates_of(page_of(tmp_path, slots=20, uplink=False))
    assert "No rates from users: no figures of the uplink" in section
    assert "Asked for up" not in section


def test_an_incomplete_run_says_so(tmp_path):
    page = page_of(tmp_path, slots=5, change=lambda run: run.manifest.update(complete=False))
    assert "Incomplete run" in page


def test_a_run_without_hypotheticals_claims_none(tmp_path):
    def documented(run):
        for event in run.manifest["events"]:
            event["tag"] = "documented"
        run.manifest["hypothetical"] = False

    page = page_of(tmp_path, slots=20, change=documented)
    assert "Contains hypothetical events" not in page
    assert ">simulated<" in page


def test_a_bare_manifest_is_enough(tmp_path):
    def strip(run):
        for key in set(run.manifest) - {"name", "events"}:
            del run.manifest[key]

    assert page_of(tmp_path, slots=20, change=strip).count("<svg") > 5


def test_the_page_of_a_country_stays_small(tmp_path):
    page = page_of(tmp_path, regions=16, resolution=5, slots=600)
    assert len(page.encode()) < PAGE_LIMIT_BYTES
