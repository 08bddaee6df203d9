"""Paths and lasers in the report: measures against plain twins, the section, the lines, what stays out."""

import json
import re

import numpy as np
import pytest
from finished_run import make_run
from laser_run import paths_only, with_lasers, with_paths

from bentpipe.report import Outlines, answer, write_report
from bentpipe.report import pathreading as reading_of_paths
from bentpipe.report.assumptions import ranked
from bentpipe.report.delaycharts import SEGMENT_WORDS, segment_class
from bentpipe.report.pathcharts import strip_range
from bentpipe.report.pathmeasures import (
    changes_per_hour,
    listed_pairs,
    pair_rows,
    path_totals,
    paths_alone,
    traffic_totals,
)
from bentpipe.report.pathreading import LIGHT_M_S, longest_gaps, read_paths, sorted_quantiles, timed_pairs
from bentpipe.report.reading import read


def page_of(run):
    return write_report(run, outlines=Outlines()).read_text(encoding="utf-8")


def text_of(page):
    return re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.S)


def section(page, name):
    found = re.search(rf'<section id="{name}">.*?</section>', page, flags=re.S)
    return found.group() if found else ""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return paths_only(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def study_page(study):
    return page_of(study)


def plain_pair(rtt, mark, first, last):
    """One pair, slot by slot, without arrays: gaps, changes, changes at an end, falls."""
    gap = longest = steps = changes = ends = falls = 0
    for t, value in enumerate(rtt):
        gap = gap + 1 if np.isnan(value) else 0
        longest = max(longest, gap)
        if t == 0 or np.isnan(value) or np.isnan(rtt[t - 1]):
            continue
        steps += 1
        if mark[t] != mark[t - 1]:
            changes += 1
            ends += first[t] != first[t - 1] or last[t] != last[t - 1]
            falls += value < rtt[t - 1]
    return longest, steps, changes, ends, falls


@pytest.mark.parametrize("values", [7, 4_000_000])
def test_what_is_read_agrees_with_counting_pair_by_pair(study, monkeypatch, values):
    monkeypatch.setattr(reading_of_paths, "PATH_VALUES", values)
    found, data = read_paths(study.dataset, study.manifest), study.dataset
    columns = [data[f"path_{name}"].values for name in ("rtt_s", "mark", "first_satellite", "last_satellite")]
    for i in range(len(found.pair)):
        twin = plain_pair(*(column[:, i] for column in columns))
        assert twin == (found.gap[i], found.steps[i], found.changes[i], found.end_changes[i], found.falls[i])
    assert np.allclose(found.rtt_p50_s, np.nanmedian(columns[0], axis=0), rtol=1e-6)
    assert np.allclose(found.rtt_p95_s, np.nanquantile(columns[0], 0.95, axis=0), rtol=1e-6)
    assert np.allclose(found.rtt_by_slot_s, np.nanmedian(columns[0], axis=1), rtol=1e-6)
    assert np.array_equal(found.known_by_slot, np.isfinite(columns[0]).sum(axis=1))
    assert found.traffic.given.sum() == pytest.approx(found.traffic.by_slot.mean())


def test_totals_agree_with_all_pairs_and_slots_at_once(study):
    found, data = read_paths(study.dataset, study.manifest), study.dataset
    total, rtt = path_totals(found, 15.0), data["path_rtt_s"].values
    known = np.isfinite(rtt)
    for share, told in ((0.5, total.rtt_p50_s), (0.95, total.rtt_p95_s)):
        assert told == pytest.approx(np.quantile(rtt[known], share, method="inverted_cdf"), abs=1e-5)
    assert total.lasers_p50 == pytest.approx(np.median(data["path_lasers"].values[known]), abs=0.5)
    light = 2 * data["path_great_circle_m"].values / LIGHT_M_S
    middle = np.nanmedian(rtt, axis=0)
    assert total.stretch_p50 == pytest.approx(np.median(middle / light), rel=1e-6)
    assert total.faster_than_fibre == int((middle < light * 1.4 / 0.68).sum())
    assert total.gap_share == pytest.approx(1 - known.mean())
    fall = (rtt[:-1] - rtt[1:]) / 2
    mark = data["path_mark"].values
    changed = (mark[1:] != mark[:-1]) & known[1:] & known[:-1]
    assert total.changes == changed.sum()
    assert total.fall_share == pytest.approx((fall[changed] > 0).mean())
    assert total.fall_p50_s == pytest.approx(
        np.quantile(fall[changed & (fall > 0)], 0.5, method="inverted_cdf"), abs=1e-5
    )


def test_changes_are_counted_over_the_hours_with_a_path(study):
    found = read_paths(study.dataset, study.manifest)
    assert changes_per_hour(found, 15.0)[0] == pytest.approx(found.changes[0] / (found.steps[0] / 240))


def test_quantiles_leave_out_what_is_not_known():
    values = np.array([[1.0, np.nan, 4.0], [3.0, np.nan, np.nan], [2.0, np.nan, 8.0]])
    assert sorted_quantiles(values, (0.5,))[0][[0, 2]].tolist() == [2.0, 6.0]
    assert np.isnan(sorted_quantiles(values, (0.5,))[0, 1])


def test_a_gap_is_a_run_of_slots_wherever_it_lies():
    known = np.array([[0, 1, 0, 1], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 1]], np.bool_)
    assert longest_gaps(known).tolist() == [1, 0, 4, 2]


def test_a_pair_that_never_has_a_path_is_counted_and_has_no_delay(tmp_path):
    run = paths_only(tmp_path, ends=3)
    data = run.dataset
    data["path_rtt_s"][:, 1] = np.nan
    data["path_mark"][:, 1] = 0
    found = read_paths(data, run.manifest)
    total = path_totals(found, 15.0)
    assert (total.pairs, total.never) == (3, 1)
    assert np.isnan(found.rtt_p50_s[1]) and np.isfinite(total.rtt_p50_s)
    assert "1 never" in answer(run).lines[0]
    text = text_of(page_of(run))
    assert not re.search(r"\b(nan|inf|None)\b", text)


def test_no_path_at_all_is_an_answer_too(tmp_path):
    run = paths_only(tmp_path, ends=8, gaps=2.0)
    lines = answer(run).lines
    assert lines[0].startswith("None of the 28 pairs of 8 places has a path in any slot")
    assert "No pair has a path at any time" in page_of(run)
    json.dumps(answer(run).data, allow_nan=False)
    assert "nan" not in " ".join(lines)


def test_few_pairs_are_all_timed_and_of_many_three():
    assert timed_pairs(np.array([1.0, np.nan])).tolist() == [0, 1]
    stretch = np.append(np.linspace(3.0, 1.0, 101), np.nan)
    assert timed_pairs(stretch).tolist() == [95, 50, 5]
    assert timed_pairs(np.full(9, np.nan)).size == 0


def test_the_table_follows_its_rule(study):
    found = read_paths(study.dataset, study.manifest)
    order, rule = listed_pairs(found)
    assert len(order) == 20 and rule == "that ask for most traffic"
    without = paths_only(study.path, traffic=False)
    found = read_paths(without.dataset, without.manifest)
    order, rule = listed_pairs(found)
    assert rule == "that lie farthest apart"
    assert found.great_circle_m[order[0]] == found.great_circle_m.max()
    assert traffic_totals(found) is None


def test_distances_are_coarse_unless_positions_are_shown(study):
    reading = read(study)
    coarse, exact = (pair_rows(reading, reading.paths, e)[0].distance_m for e in (False, True))
    assert coarse == float(f"{exact:.1e}")
    assert exact == reading.paths.great_circle_m[0]


def test_a_run_about_paths_answers_about_paths(study):
    found = answer(study)
    assert len(found.lines) == 6
    assert all(line.endswith(".") for line in found.lines)
    first = found.lines[0]
    assert first.startswith("Of 66 pairs of 12 places,") and "simulated" in first and " ms there and back" in first
    assert "terminal users" in first and "connected" not in first
    assert "faster than fibre would be" in found.lines[2] and "(assumed)" in found.lines[2]
    assert "overtaken" in found.lines[4]
    assert "Gbit/s" in found.lines[5]
    data = json.loads(json.dumps(found.data, allow_nan=False))
    assert data["paths"]["pairs"] == 66 and len(data["paths"]["each_pair"]) == 66


def test_its_page_leaves_out_what_only_terminals_could_fill(study_page):
    assert re.findall(r'<section id="(\w+)">', study_page) == ["paths", "map", "inputs", "data"]
    links = re.search(r"<nav.*?</nav>", study_page, flags=re.S).group()
    assert re.findall(r'href="#(\w+)"', links) == ["paths", "map", "inputs", "data"]
    assert "of terminals connected" not in text_of(study_page)
    assert not re.search(r"\b(nan|inf|None)\b", text_of(study_page))


def test_the_section_has_numbers_figures_and_a_table(study_page):
    part = section(study_page, "paths")
    for words in ("Round trip by distance", "How much longer", "Round trip over time", "Traffic between the ends",
                  "The 20 pairs that ask for most traffic", "path_rtt_s", "Against fibre", "Reordering"):  # fmt: skip
        assert words in part
    assert part.count('<svg class="chart wide') == 5
    assert part.count('<svg class="chart') == 10
    for figure in re.findall(r"<figure.*?</figure>", part, flags=re.S):
        assert "<strong>Simulated.</strong>" in figure


def test_many_pairs_stay_light(tmp_path):
    run = paths_only(tmp_path, ends=100, slots=20)
    assert run.dataset.sizes["path"] == 4950
    part = section(page_of(run), "paths")
    assert len(part) < 600_000


def test_few_pairs_are_drawn_over_time_with_their_gaps(tmp_path):
    run = paths_only(tmp_path, ends=2, traffic=False, gaps=0.3)
    part = section(page_of(run), "paths")
    assert part.count('<svg class="chart wide') == 1
    assert "no path for" in part and "The pair</h3>" in part
    assert "Traffic" not in part


def test_no_paths_no_section(tmp_path):
    run = make_run(tmp_path, slots=20)
    page = page_of(run)
    assert not section(page, "paths") and 'href="#paths"' not in page
    found = answer(run)
    assert len(found.lines) == 6
    assert found.data["paths"] is None and found.data["lasers"] is None


def test_a_run_with_users_keeps_its_lines_and_says_what_lasers_do(tmp_path):
    run = with_paths(with_lasers(make_run(tmp_path, slots=40)), ends=3, pairs=1)
    plain, found = answer(make_run(tmp_path, slots=40)), answer(run)
    assert len(found.lines) == 8
    assert found.lines[0] == plain.lines[0]
    over = found.lines[6]
    assert re.search(r"Simulated, (49|50)\.\d % of the connected terminals and slots go over lasers", over)
    assert "over 3 lasers in the median" in over
    assert "these make 20.6 ms on average, 0.6 ms of it forwarding (assumed)" in over
    assert found.lines[7].startswith("End 1 – End 2 has a path in ")
    page = page_of(run)
    assert section(page, "paths") and section(page, "regions") and section(page, "delay")
    assert not paths_alone(read(run))


def test_segments_of_lasers_are_shown_with_lasers_only(tmp_path):
    bare = make_run(tmp_path, slots=20)
    lasers = with_lasers(bare)
    eight = lasers.dataset
    bent = type(bare)(bare.path, bare.manifest, eight.assign(laser_links=eight["laser_links"] * 0))
    shown = section(page_of(bent), "delay")
    assert "lasers" not in shown and 'class="s6"' not in shown and "segment s7" not in shown
    assert shown == section(page_of(bare), "delay")
    with_them = section(page_of(lasers), "delay")
    assert all(f'class="s{k}"' in with_them for k in range(8))


def test_every_segment_keeps_its_colour():
    assert [segment_class(name) for name in SEGMENT_WORDS] == list(range(8))
    assert [segment_class(n) for n in ("user_link", "feeder_link", "fibre", "access_load")] == [0, 1, 2, 5]


def test_the_limit_by_lasers_is_named_with_lasers_only(tmp_path):
    bare = make_run(tmp_path, slots=20)
    legend = re.search(r"What binds, by region.*?</ul>", section(page_of(bare), "rates"), flags=re.S).group()
    assert "laser" not in legend
    run = with_lasers(make_run(tmp_path, slots=20))
    run.dataset["limit_down"] = run.dataset["limit_down"].where(run.dataset["limit_down"] != 3, 6).astype(np.int8)
    rates = section(page_of(run), "rates")
    legend = re.search(r"What binds, by region.*?</ul>", rates, flags=re.S).group()
    assert ">laser</li>" in legend
    assert 'class="l6"' in rates and '<g class="lp6">' in rates


def test_events_of_a_study_of_paths_are_told_by_paths(tmp_path):
    run = paths_only(tmp_path, events=2)
    line = answer(run).lines[3]
    assert "pairs have a path in" in line and "before" in line and "sites" not in line
    assert "Events and paths" in section(page_of(run), "paths")


def test_inputs_of_paths_claim_no_users(study):
    rows = {row.key: row for row in ranked(read(study))}
    assert rows["lasers.range_km"].effect == "which paths there are, and how long they take"
    assert rows["traffic.gravity_gbps"].effect.startswith("what flows between the ends")
    assert not any("terminal users (" in row.effect for row in rows.values())


def test_inputs_of_lasers_are_bounded_by_what_they_add(tmp_path):
    rows = {row.key: row for row in ranked(read(with_lasers(make_run(tmp_path, slots=40))))}
    assert rows["lasers.hop_ms"].effect.endswith("ms of the round trip")
    assert 0 < rows["lasers.hop_ms"].seconds < rows["lasers.range_km"].seconds


def test_an_axis_begins_at_nought_unless_all_lies_well_above():
    assert strip_range(np.array([1.0, 100.0, np.nan]))[0] == 0
    low, high = strip_range(np.array([110.0, 112.0, 118.0]))
    assert 90 < low < 110 and high > 118
    assert strip_range(np.array([np.nan])) == (0.0, 1.0)


@pytest.mark.parametrize("size", [{"slots": 1}, {"ends": 2, "slots": 1}, {"ends": 9, "slots": 2, "gaps": 0.9}], ids=str)
def test_short_studies_have_an_answer_and_a_page(tmp_path, size):
    run = paths_only(tmp_path, **size)
    found = answer(run)
    assert len(found.lines) == 6 and "nan" not in " ".join(found.lines)
    json.dumps(found.data, allow_nan=False)
    assert not re.search(r"\b(nan|inf|None)\b", text_of(page_of(run)))


def test_ends_at_one_place_have_no_stretch(tmp_path):
    run = paths_only(tmp_path, ends=3)
    run.dataset["path_great_circle_m"][0] = 0.0
    found = read_paths(run.dataset, run.manifest)
    assert np.isnan(found.stretch[0]) and np.isfinite(path_totals(found, 15.0).stretch_p50)
    assert not re.search(r"\b(nan|inf|None)\b", text_of(page_of(run)))
