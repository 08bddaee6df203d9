"""Services of a run: which are judged, by what, and what the manifest tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bentpipe
from bentpipe.errors import ScenarioError
from bentpipe.network.loss import slot_loss
from bentpipe.scenario import load_scenario
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.services import judged, judged_names, place_loss, service_inputs, services_manifest

EVERY = ("voice", "video-call", "web", "post", "poll", "news", "bulk", "video")


def prepared(**keys: Any) -> Prepared:
    return prepare(load_scenario("one-site", {"time.duration": "2m", **keys}), seeds=1)


def test_all_is_what_the_rates_allow() -> None:
    assert judged_names(prepared()) == EVERY
    assert judged_names(prepared(**{"policies.sharing": "none"})) == ("voice",)
    assert judged_names(prepared(**{"services.judge": []})) == ()
    assert judged_names(prepared(**{"services.judge": ["web", "voice"]})) == ("web", "voice")


def test_without_an_uplink_only_what_comes_down_is_judged() -> None:
    oneweb = {"radio.operator": "oneweb"}
    assert prepared(**oneweb).radio.up is None  # type: ignore[union-attr]
    assert judged_names(prepared(**oneweb)) == ("voice", "video")
    with pytest.raises(ScenarioError, match=r"web: not to be judged without rates from users.*voice, video"):
        prepared(**oneweb, **{"services.judge": ["voice", "web"]})


def test_the_scenario_may_say_what_counts_as_working() -> None:
    keys = {"services.needs.web.works": 1.0, "services.needs.web.degraded": 9.0, "services.needs.web.received_kb": 50}
    own = prepared(**keys, **{"services.needs.video.works": 5000, "services.needs.video.degraded": 1200})
    what = {s.name: s for s in judged(own).services}
    assert what["web"].thresholds == (1.0, 9.0) and what["web"].received_bytes == 5e4 and what["web"].sent_bytes == 2e3
    assert what["video"].thresholds == (5e6, 1.2e6)
    listed = {row["key"] for row in service_inputs(own)}
    assert "services.web.thresholds" not in listed and "services.web.received_kb" not in listed
    assert {"services.web.sent_kb", "services.video.ladder_kbps", "services.voice.loss_robustness"} <= listed


def test_nothing_is_stored_where_nothing_is_judged(tmp_path: Path) -> None:
    run = bentpipe.run("one-site", out=tmp_path / "run", **{"time.duration": "1m", "services.judge": []})
    assert run.manifest["services"] is None
    assert run.dataset.sizes["service"] == 0 and run.dataset["service_verdict"].shape[-1] == 0
    assert len(bentpipe.answer(run).lines) == 6


def test_without_rates_a_voice_call_rests_on_delay_and_loss(tmp_path: Path) -> None:
    keys = {"time.duration": "1m", "policies.sharing": "none"}
    run = bentpipe.run("one-site", out=tmp_path / "run", **keys)
    data = run.dataset
    assert list(data.service.values) == ["voice"]
    assert (data.site_service_verdict.values == 2).all()
    assert (np.abs(data.site_service_measure.values - 89.0) < 2.0).all()
    assert run.manifest["services"]["poll"] is None and not run.manifest["services"]["rates"]


def test_loss_of_a_place_is_that_of_the_model() -> None:
    from bentpipe.simulate.recipe import State, advance

    ready = prepared(**{"time.duration": "30m"})
    block, _ = advance(ready, State(), ready.slots)
    assert block.handover.any()
    expected = slot_loss(ready.loss, block.handover, 0.5, 15.0).astype(np.float32)  # type: ignore[arg-type]
    np.testing.assert_array_equal(place_loss(ready, block, np.asarray(0.5)), expected)


def test_an_operator_without_a_model_of_loss_is_warned_of() -> None:
    kuiper = prepare(load_scenario("ukraine-2022-kuiper", {"time.duration": "1m"}), seeds=1)
    assert judged_names(kuiper) == ("voice",)
    assert any("as if no packet were lost" in words for words in kuiper.warnings)
    told = services_manifest(kuiper)
    assert told is not None and not told["loss_modelled"]
