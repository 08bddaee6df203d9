"""What people can do, in the plain answer and on the page, against the run itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import bentpipe
from bentpipe.report import plainservices
from bentpipe.report.html import render
from bentpipe.report.reading import read
from bentpipe.report.servicesection import services_context

TEXT = """\
schema = 1
name = "small"
[time]
start = 2022-10-24T10:00:00Z
duration = "10m"
[constellation]
source = "shells"
[[constellation.shells]]
altitude_km = 550
inclination_deg = 53
planes = 24
per_plane = 24
phasing = 7
[satellite]
beams = 2
[territory]
country = "UKR"
admin1 = ["UA-32", "UA-30", "UA-18"]
resolution = 4
[terminals]
total = 900
users_per_terminal = 4
region_weights = { UA-18 = 0 }
[demand]
down_kbps_per_user = 60_000
[services]
judge = ["all"]
[services.poll]
patience_min = 2
[services.conference]
duration_min = 2
[[sites]]
id = "kyiv"
name = "Kyiv <school>"
kind = "school"
latitude_deg = 50.45
longitude_deg = 30.52
[[gateways]]
id = "west"
name = "West"
latitude_deg = 51.86
longitude_deg = 20.92
pop = "frankfurt"
[[pops]]
id = "frankfurt"
name = "Frankfurt"
latitude_deg = 50.11
longitude_deg = 8.68
[[disruptions]]
id = "dark"
kind = "power-cut"
title = "Dark"
tag = "hypothetical"
start = 2022-10-24T10:03:00Z
share = 0.4
pattern = "steady"
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> bentpipe.Run:
    folder = tmp_path_factory.mktemp("small")
    (folder / "small.toml").write_text(TEXT, encoding="utf-8")
    return bentpipe.run(folder / "small.toml", out=folder / "run")


def test_the_lines_say_numbers_denominators_and_who_is_not_heard(run: bentpipe.Run) -> None:
    services, poll, conference = bentpipe.answer(run).lines[6:]
    assert services.startswith("Of 3,600 terminal users, on average over 10 min, these work: a ")
    web = float(run.dataset.region_service_works.sel(service="web").sum("region").mean()) / 900
    assert f"a web page for {100 * web:.1f} %" in services
    told = run.manifest["services"]
    assert f"counted at once for {100 * told['poll']['at_once'] / 900:.1f} % of terminal users" in poll
    assert "within 2 min for" in poll and "before it closes for" in poll and "of 3,600 could vote in some slot" in poll
    assert "1 region without terminals (Zhytomyr) is not heard." in poll
    assert re.search(r"nothing of the other 99\.\d+ % of the population of [\d.]+ million", poll)
    assert f"for {100 * told['conference']['held'] / 900:.1f} % of 3,600 terminal users" in conference
    connected = run.dataset.replica_terminals_connected.sum(("sample", "region")).values
    low = float((connected / connected[0]).min())
    assert f"each share lies between {low:.2f} and " in services
    share = told["conference"]["held"] / 900
    assert f"under {len(connected)} seeds between {100 * low * share:.1f} % and " in conference
    # The poll's hours lie elsewhere than the run: none of its slots was sampled.
    assert "under" in poll or plainservices.NO_RANGE in poll


def test_the_same_for_machines(run: bentpipe.Run) -> None:
    found = bentpipe.answer(run).data["services"]
    json.dumps(found, allow_nan=False)
    by_name = {row["name"]: row for row in found["services"]}
    post, works = by_name["post"], run.dataset.region_service_works.sel(service="post")
    assert post["users_works_mean"] == pytest.approx(4 * float(works.sum("region").mean()))
    assert post["users_works_worst_slot"] == 4 * int(works.sum("region").min())
    assert [row["users_works_mean"] for row in post["regions"]] == pytest.approx((4 * works.mean("slot")).values)
    (site,) = post["sites"]
    shares = [site[f"{word}_share_of_time"] for word in ("fails", "degraded", "works")]
    assert sum(shares) == pytest.approx(1)
    measure = run.dataset.site_service_measure.sel(service="post").values
    assert site["measure_p50"] == pytest.approx(np.nanmedian(measure), rel=1e-6)
    assert found["poll"]["users_able_once"] == 4 * run.manifest["services"]["poll"]["able_once"]


def test_the_page_shows_the_matrix_the_tables_and_the_legend(run: bentpipe.Run) -> None:
    page = render(read(run))
    section = page[page.index('<section id="services">') :]
    section = section[: section.index("</section>")]
    assert '<a href="#services">What people can do</a>' in page
    for words in ("works</li>", "degraded</li>", "fails, or not connected</li>", "By region, service and hour", "UTC"):
        assert words in section
    assert section.count('class="chart wide"') == section.count('class="chart narrow"') == 1
    assert ">10 h</text>" in section and ">10:10</text>" in section  # the ends of a strip, UTC
    assert "Kyiv &lt;school&gt;" in section and "<school>" not in section
    for name in run.dataset.service.values:
        assert section.count(f">{name}</text>") == 2  # in both layouts
    assert {"url(#vk0)", "url(#vk1)"} <= set(re.findall(r"url\(#vk\d\)", page))
    assert "nan" not in section.lower().replace("nanosecond", "")


def test_the_strips_hold_the_means_of_their_spans(run: bentpipe.Run) -> None:
    reading = read(run)
    services = reading.services
    assert services is not None and len(services.cuts) == 24
    works, degraded = services.by_region()
    np.testing.assert_allclose(works, run.dataset.region_service_works.mean("slot").values)
    np.testing.assert_allclose(degraded, run.dataset.region_service_degraded.mean("slot").values)


def test_rows_by_service_divide_all_terminal_users(run: bentpipe.Run) -> None:
    from markupsafe import Markup

    from bentpipe.report import measures

    reading = read(run)
    context = services_context(reading, measures.region_rows(reading), "simulated", Markup)
    assert context is not None
    connected = reading.regions.connected.sum(axis=1).mean() / 900
    for row in context["rows"]:
        assert row.works + row.degraded + row.connected_fails == pytest.approx(connected)
        assert 0 <= row.worst <= row.works


def test_runs_are_compared_by_what_works(run: bentpipe.Run, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(TEXT.replace("beams = 2", "beams = 16"), encoding="utf-8")
    more = bentpipe.run(tmp_path / "small.toml", out=tmp_path / "run", **{"services.judge": ["voice"]})
    lines = bentpipe.compare(run, more).lines
    (voice,) = [line for line in lines if line.startswith("voice: works for users, mean")]
    assert voice.count("%") == 2
    (web,) = [line for line in lines if line.startswith("web: works for users, mean")]
    assert "not computed" in web


def test_a_run_of_sites_alone_tells_time(tmp_path: Path) -> None:
    run = bentpipe.run("one-site", out=tmp_path / "run", **{"time.duration": "2m"})
    (line,) = bentpipe.answer(run).lines[6:]
    assert line.startswith("At the site, this works, in % of the time: a voice call 100 %")
    assert "By region, service and hour" not in render(read(run))


def test_a_poll_and_a_conference_that_do_not_fit_are_named(tmp_path: Path) -> None:
    text = TEXT.replace("patience_min = 2", "opens = 2022-10-24T10:05:00Z").replace(
        "duration_min = 2", "duration_min = 5"
    )
    (tmp_path / "small.toml").write_text(text, encoding="utf-8")
    run = bentpipe.run(tmp_path / "small.toml", out=tmp_path / "run", **{"time.duration": "2m"})
    _, poll, conference = bentpipe.answer(run).lines[6:]
    assert poll.startswith("The poll lies outside the simulated time")
    assert conference.startswith("The run is shorter than the videoconference")
    assert "Voting and conferring" in render(read(run))
