"""Values of the cells are those of the dataset, in the unit shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from globerun import Corner, corner, partly_written, source_of, what_if_of

import bentpipe
from bentpipe.errors import UnknownNameError
from bentpipe.globe.cellvalues import availability, cell_values, difference
from bentpipe.globe.shown import LIMIT_WORDS, as_json, offered, one
from bentpipe.results.variables import variables

SLOT = 27


@pytest.fixture(scope="module")
def runs() -> Corner:
    return corner()


def twin(data, name: str) -> np.ndarray:
    """The same from the dataset, plainly."""
    row = data.isel(slot=SLOT)
    connected, terminals = row["terminals_connected"].values, data["terminals"].values.astype(float)
    served = row["served"].values
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "connected": 100 * connected / terminals,
            "peak-down": row["peak_down_bit_s"].values / 1e6,
            "peak-up": row["peak_up_bit_s"].values / 1e6,
            "rate-down": row["rate_down_bit_s"].values / connected / 1e6,
            "rate-up": row["rate_up_bit_s"].values / connected / 1e6,
            "rtt": row["rtt_s"].values * 1e3,
            "limit-down": row["limit_down"].values,
            "limit-up": row["limit_up"].values,
            "rain-loss": row["rain_loss_db"].values,
            "served": served,
            "reachable": row["reachable"].values,
            "usable-satellites": row["usable_satellites"].values,
            "elevation": row["elevation_deg"].values,
            "beam-time": row["beam_time"].values,
            "gateway": np.where(served, row["serving_gateway"].values, np.nan),
            "service-web": row["service_verdict"].sel(service="web").values,
            "service-video-call": row["service_verdict"].sel(service="video-call").values,
            "availability": 100 * (data["terminals_connected"].values > 0).mean(axis=0),
            "population": data["population"].values,
            "terminals": terminals,
        }[name]
    if name in ("connected", "availability"):
        found = np.where(terminals > 0, found, np.nan)
    if name.startswith("rate"):
        found = np.where(connected > 0, found, np.nan)
    return found


def test_every_variable_that_is_offered(runs: Corner) -> None:
    source, data = source_of(runs.folder), bentpipe.open_run(runs.folder).dataset
    names = [shown.name for shown in offered(source)]
    assert {"connected", "peak-down", "rtt", "service-web", "availability", "gateway", "limit-up"} <= set(names)
    assert "lasers" not in names, "the run has none"
    for name in names:
        values = cell_values(source, name, source.slots.start + SLOT)
        assert values.dtype == np.float32 and values.shape == (len(source.cells),)
        np.testing.assert_allclose(values, twin(data, name), rtol=1e-6, err_msg=name)


def test_scales_units_and_words(runs: Corner) -> None:
    source = source_of(runs.folder)
    table = {v.name for v in variables()}
    for shown in offered(source):
        assert set(shown.source) <= table and shown.meaning and shown.label
        assert shown.low is not None and shown.high is not None and shown.low < shown.high
        assert shown.unit or shown.kind != "number"
        json.dumps(as_json(shown), allow_nan=False)
        if shown.kind in ("category", "ordered", "flag"):
            assert shown.categories and shown.high == max(len(shown.categories) - 1, 1)
    assert one(source, "gateway").categories == ("West", "Inside")
    assert one(source, "limit-down").categories == LIMIT_WORDS
    services = source.manifest["services"]["services"]
    works = next(s["works"] for s in services if s["name"] == "video-call")
    assert one(source, "peak-down").threshold == pytest.approx(works / 1e6)
    assert one(source, "availability").static and not one(source, "connected").static


def test_the_words_of_limits_are_those_of_the_report_and_the_table() -> None:
    from bentpipe.report.ratemeasures import LIMIT_WORDS as OF_THE_REPORT

    assert LIMIT_WORDS == OF_THE_REPORT
    meaning = next(v.meaning for v in variables() if v.name == "limit_down")
    assert [f"{n} {word}" in meaning for n, word in enumerate(LIMIT_WORDS[2:], 2)] == [True] * 5


def test_a_run_without_rates_offers_none(runs: Corner, tmp_path: Path) -> None:
    folder = partly_written(runs.folder, tmp_path / "plain", 2)
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rates": None, "services": None}))
    names = {shown.name for shown in offered(source_of(folder))}
    assert not any(n.startswith(("rate-", "peak-", "limit-", "rain-", "service-")) for n in names)
    assert {"connected", "rtt", "served"} <= names


def test_what_is_not_there_is_refused(runs: Corner, tmp_path: Path) -> None:
    source = source_of(partly_written(runs.folder, tmp_path / "part", 1))
    with pytest.raises(LookupError, match="not computed yet"):
        cell_values(source, "connected", source.slots.start + 30)
    with pytest.raises(UnknownNameError, match="no such variable"):
        cell_values(source, "lasers", source.slots.start)
    expected = (bentpipe.open_run(runs.folder).dataset["terminals_connected"].values[:20] > 0).mean(axis=0)
    expected = np.where(source.static("terminals") > 0, expected, np.nan)
    np.testing.assert_allclose(availability(source), expected, rtol=1e-6)


def test_a_run_of_which_nothing_is_there_yet_offers_its_variables(runs: Corner, tmp_path: Path) -> None:
    source = source_of(partly_written(runs.folder, tmp_path / "none", 0))
    assert {"connected", "peak-down", "population"} <= {shown.name for shown in offered(source)}
    assert np.isnan(availability(source)).all()


def test_differences(runs: Corner, tmp_path: Path) -> None:
    base = source_of(runs.folder)
    what_if = what_if_of(
        base, runs.changed, tmp_path / "w", range(base.slots.start, base.slots.stop), gateways=["home"]
    )
    what_if.computed = SLOT + 1
    slot = base.slots.start + SLOT
    before, after = (bentpipe.open_run(f).dataset for f in runs)
    np.testing.assert_allclose(
        difference(what_if, base, "rtt", slot), twin(after, "rtt") - twin(before, "rtt"), rtol=1e-4, atol=1e-4
    )
    assert np.nansum(np.abs(difference(base, base, "connected", slot))) == 0
    moved, was, now = difference(what_if, base, "gateway", slot), twin(before, "gateway"), twin(after, "gateway")
    known = np.isfinite(was) & np.isfinite(now)
    np.testing.assert_array_equal(moved, np.where(known, was != now, np.nan))
    assert offered(what_if) is offered(base), "colours can be compared"
    with pytest.raises(LookupError):
        difference(what_if, base, "rtt", slot + 1)


def test_availability_is_compared_over_the_slots_that_both_have(runs, tmp_path):
    base = source_of(runs.changed)  # the one whose cells are not connected all the time
    start = base.slots.start + 24
    changed = what_if_of(base, runs.folder, tmp_path / "arrays", range(start, start + 10), gateways=["home"])
    changed.computed = 6
    found = difference(changed, base, "availability", start)
    on = [bentpipe.open_run(folder).dataset["terminals_connected"].values > 0 for folder in (runs.folder, runs.changed)]
    there = base.static("terminals") > 0
    share = [100 * values[24:30].mean(axis=0)[there] for values in on]
    np.testing.assert_allclose(found[there], share[0] - share[1], atol=1e-4)
    assert np.isnan(found[~there]).all()
    # The whole run has more slots: its own availability is another.
    whole = [100 * values.mean(axis=0)[there] for values in on]
    assert not np.allclose(share[1], whole[1])


def test_gateways_of_two_runs_are_compared_by_their_ids(runs):
    base, other = source_of(runs.folder), source_of(runs.folder)
    slot = base.slots.start + SLOT
    assert np.nanmax(difference(base, other, "gateway", slot)) == 0
    names = other.names["gateway"]
    names["gateway"] = ["another", *names["gateway"][1:]]
    mine = cell_values(base, "gateway", slot)
    found = difference(base, other, "gateway", slot)
    known = np.isfinite(mine)
    np.testing.assert_array_equal(found[known], mine[known] == 0)
