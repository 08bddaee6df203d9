"""What a virtual dish says at a time of the run."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_dish import START_UNIX_S, made_up_dish

from bentpipe.emulate.dish.answers import DishAnswers, RefusedError
from bentpipe.emulate.dish.outages import CAUSES, CONNECTED, OFF, slot_causes
from bentpipe.emulate.dish.samples import PHASE, PINGS_PER_S, LinkSamples, second_samples
from bentpipe.emulate.dish.traffic import TrafficCount
from bentpipe.linkqueue.series import LinkSeries, trace_slots


def ping_by_ping(series: LinkSeries, second: int) -> tuple[float, float]:
    """Drop rate and mean round trip of a second, each ping looked up in the trace of the whole run."""
    lost, waits = 0.0, []
    steps = list(trace_slots(series))
    start = np.concatenate([one.start_s for one in steps])
    for k in range(PINGS_PER_S):
        i = int(np.flatnonzero(start <= second + (k + PHASE) / PINGS_PER_S)[-1])
        row = 0
        while i >= len(steps[row].start_s):
            i -= len(steps[row].start_s)
            row += 1
        one = steps[row]
        if not one.connected[i] or one.down_loss[i] or one.up_loss[i]:
            lost += 1
        else:
            waits.append(one.down_s[i] + one.up_s[i])
    return lost / PINGS_PER_S, float(np.mean(waits)) if waits else np.nan


def test_causes_follow_from_what_a_run_holds_of_a_slot() -> None:
    cause = made_up_dish().cause
    names = {number: name for name, number in CAUSES.items()} | {CONNECTED: "up", OFF: "off"}
    told = [names[int(one)] for one in cause]
    assert told[4:10] == ["up", "NO_SATS", "NO_SATS", "NO_DOWNLINK", "NO_SCHEDULE", "up"]
    assert told[19:24] == ["up", "off", "off", "off", "up"]
    assert list(slot_causes([], [], [], [])) == []
    # Never served: power cannot be seen, and counts as on.
    assert list(slot_causes([0, 3], [False, False], [False] * 2, [False] * 2)) == [
        CAUSES["NO_SATS"],
        CAUSES["NO_DOWNLINK"],
    ]


@pytest.mark.parametrize("slot_s", [15.0, 7.5, 1.3])
def test_samples_are_the_pings_of_the_trace(slot_s: float) -> None:
    series = made_up_dish(slot_s).series
    drop, latency = second_samples(series, 0, int(12 * slot_s))
    for second in range(0, int(12 * slot_s), 3):
        lost, wait = ping_by_ping(series, second)
        assert drop[second] == pytest.approx(lost, abs=1e-12)
        assert latency[second] == pytest.approx(wait, rel=1e-12, nan_ok=True)


def test_samples_do_not_depend_on_what_was_asked_before() -> None:
    series = made_up_dish().series
    whole = second_samples(series, 0, 600)
    kept = LinkSamples(series)
    assert len(kept) == 600
    for first, stop in ((310, 311), (290, 320), (0, 40), (20, 400), (0, 600)):
        for given, told in zip(whole, kept.between(first, stop), strict=True):
            np.testing.assert_array_equal(given[first:stop], told)


def test_status_tells_the_second_and_the_outage() -> None:
    dish = DishAnswers(made_up_dish())
    drop, latency = second_samples(dish.record.series, 0, 600)
    up = dish.status(31.4)
    assert (up["pop_ping_drop_rate"], up["pop_ping_latency_ms"]) == (drop[31], 1e3 * latency[31])
    assert "outage" not in up and up["is_snr_above_noise_floor"]
    assert up["device_state"] == {"uptime_s": 31} and up["seconds_to_first_nonempty_slot"] == 0.0
    out = dish.status(80.5)
    assert out["outage"] == {
        "cause": CAUSES["NO_SATS"],
        "start_timestamp_ns": int(START_UNIX_S + 75 - 315_964_800 + 18) * 10**9,
        "duration_ns": 5_500_000_000,
        "did_switch": False,
    }
    assert out["pop_ping_drop_rate"] == 1.0 and not out["is_snr_above_noise_floor"]
    assert out["pop_ping_latency_ms"] == 1e3 * latency[74]  # the last one known, as a real dish holds it
    assert out["seconds_to_first_nonempty_slot"] == pytest.approx(9 * 15 - 80.5)
    assert dish.status(75.0)["outage"]["duration_ns"] == 0


def test_history_is_a_ring_of_seconds_that_are_over() -> None:
    dish = DishAnswers(made_up_dish(slots=80))
    assert dish.history(0.7)["current"] == 0
    early = dish.history(100.2)
    drop, latency = second_samples(dish.record.series, 0, 1200)
    assert early["current"] == 100 and len(early["pop_ping_drop_rate"]) == 900
    assert early["pop_ping_drop_rate"][:100] == drop[:100].tolist()
    assert not any(early["pop_ping_drop_rate"][100:])
    late = dish.history(1199.9)
    on = 23 * 15  # power came back
    assert late["current"] == 1199 - on
    for second in range(on, 1199):
        i = (second - on) % 900
        assert late["pop_ping_drop_rate"][i] == drop[second]
        if not np.isnan(latency[second]):
            assert late["pop_ping_latency_ms"][i] == 1e3 * latency[second]


def test_a_full_ring_begins_anew() -> None:
    record = made_up_dish(slots=80)
    record.cause[20:23] = CONNECTED
    dish = DishAnswers(record)
    drop, _ = second_samples(record.series, 0, 1200)
    told = dish.history(1100.5)
    assert told["current"] == 1100
    assert [told["pop_ping_drop_rate"][i % 900] for i in range(200, 1100)] == drop[200:1100].tolist()


def test_outages_of_slots_since_power_came() -> None:
    dish = DishAnswers(made_up_dish())
    told = [(one.cause, one.start_s, one.stop_s, one.switched) for one in dish.outages(299.0)]
    kinds = [CAUSES[name] for name in ("NO_SATS", "NO_DOWNLINK", "NO_SCHEDULE")]
    # Each ends in another outage, or begins after one: no satellite before and after it to compare.
    assert told == [(kinds[0], 75, 105, False), (kinds[1], 105, 120, False), (kinds[2], 120, 135, False)]
    assert dish.outages(360.0) == []


def test_a_silent_handover_is_an_outage_without_pings() -> None:
    dish = DishAnswers(made_up_dish(handover_s=60.0))
    drop, _ = second_samples(dish.record.series, 0, 75)
    second = next(k for k in range(60, 75) if drop[k] == 1.0)
    assert second == 60  # satellite 4 takes over with slot 4
    told = dish.outage(62.5)
    assert told is not None and told == (CAUSES["NO_PINGS"], 60.0, 62.5, True)
    last = next((k for k in range(60, 75) if drop[k] < 1.0), 75)
    found = [one for one in dish.outages(75.0) if one.cause == CAUSES["NO_PINGS"]]
    assert found == [(CAUSES["NO_PINGS"], 60.0, float(last), True)]


def test_switched_outage() -> None:
    record = made_up_dish()
    record.cause[7:9] = CONNECTED
    record.satellite[7:] += 1
    dish = DishAnswers(record)
    assert [one.switched for one in dish.outages(200.0) if one.cause == CAUSES["NO_SATS"]] == [True]


@pytest.mark.parametrize("at_s", [300.0, 320.0, 344.9])
def test_without_power_it_answers_nothing(at_s: float) -> None:
    with pytest.raises(RefusedError, match="no power") as refused:
        DishAnswers(made_up_dish()).answer("get_status", at_s)
    assert refused.value.code == "UNAVAILABLE"


def test_power_that_returns_begins_anew() -> None:
    dish = DishAnswers(made_up_dish())
    _, values = dish.answer("get_status", 347.2)
    assert values["device_state"] == {"uptime_s": 2}
    assert dish.history(347.2)["current"] == 2


def test_after_the_run_it_answers_nothing() -> None:
    for at_s in (600.0, 1e6, -1.0):
        with pytest.raises(RefusedError, match="over"):
            DishAnswers(made_up_dish()).answer("get_status", at_s)


@pytest.mark.parametrize(
    "name",
    ["reboot", "dish_stow", "dish_set_config", "dish_power_save", "dish_inhibit_gps", "dish_clear_obstruction_map"],
)
def test_changes_are_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="nothing was done") as refused:
        DishAnswers(made_up_dish()).answer(name, 10.0)
    assert refused.value.code == "PERMISSION_DENIED"


def test_an_unknown_request_is_unimplemented() -> None:
    with pytest.raises(RefusedError) as refused:
        DishAnswers(made_up_dish()).answer("", 10.0)
    assert refused.value.code == "UNIMPLEMENTED"


def test_the_place_is_told_only_where_it_may_be() -> None:
    shy, open_ = DishAnswers(made_up_dish()), DishAnswers(made_up_dish(), show_location=True)
    with pytest.raises(RefusedError) as refused:
        shy.location(10.0)
    assert refused.value.code == "PERMISSION_DENIED"
    assert open_.location(10.0) == {"lla": {"lat": 50.0, "lon": 30.0, "alt": 120.0}, "source": "GPS"}
    assert shy.diagnostics(10.0)["location"] == {"enabled": False}
    assert "50.0" not in repr([shy.status(10.0), shy.context(10.0), shy.diagnostics(10.0), shy.config()])
    assert shy.config() == {"location_request_mode": "NONE"}
    assert open_.config() == {"location_request_mode": "LOCAL"}


def test_traffic_is_what_a_live_link_counts() -> None:
    record = made_up_dish()
    assert DishAnswers(record).status(31.4)["downlink_throughput_bps"] == 0.0
    count = TrafficCount(600)
    count.add(30.2, 1e6, 1e5)
    count.add(30.9, 2e6, 0.0)
    count.add(-1.0, 9e9, 9e9)
    count.add(600.0, 9e9, 9e9)
    dish = DishAnswers(record, count)
    status = dish.status(31.4)
    assert (status["downlink_throughput_bps"], status["uplink_throughput_bps"]) == (3e6, 1e5)
    assert dish.history(31.4)["downlink_throughput_bps"][30] == 3e6


def test_context_counts_from_the_last_outages() -> None:
    dish = DishAnswers(made_up_dish())
    told = dish.context(140.0)
    assert told["seconds_since_last_15s_outage"] == pytest.approx(5.0)
    assert told["seconds_since_last_60s_outage"] == pytest.approx(140.0)  # none so long: since power came
    assert told["seconds_to_slot_end"] == pytest.approx(10.0)
    assert told["initial_satellite_id"] == 44_000 + 9 // 4
    assert dish.context(100.0)["initial_satellite_id"] == 0
