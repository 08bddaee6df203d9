"""The page of random losses: what it says, what it keeps to itself, and that nothing breaks it."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bentpipe.errors import InputError
from bentpipe.report.resilience import check_place, render_resilience, write_resilience


def band(middle: float) -> dict[str, float]:
    return {"p05": 0.9 * middle, "median": middle, "p95": middle, "mean": middle, "median_low": middle,
            "median_high": middle}  # fmt: skip


def row(share: float, rates: bool = True) -> dict[str, Any]:
    left = 1.0 - share
    return {
        "share": share,
        "lost": band(100 * share),
        "terminals": band(900 * left),
        "sites": band(1.0),
        "cells_reachable": band(50.0),
        "rtt_median_s": band(0.05) if left else None,
        "rtt_p95_s": band(0.07) if left else None,
        "gateways_in_use": band(3.0),
        "given_down_bit_s": band(1e9) if rates else None,
        "asked_down_bit_s": band(1e9) if rates else None,
        "rate_down_per_user_bit_s": band(4e3) if rates else None,
        "peak_down_bit_s": band(2e8) if rates else None,
        "users": band(9000 * left),
        "connected_share": band(left),
        "cells_reachable_share": band(1.0),
        "given_share": band(left) if rates else None,
        "slots_without_any": 0.0,
        "slots_standard_error": 0.01,
    }


def answer(*shares: float, rates: bool = True, **changes: Any) -> dict[str, Any]:
    return {
        "scenario": "corner",
        "title": "A <corner> & more",
        "lose": "satellites",
        "hypothetical": True,
        "in_service": 100.0,
        "draws": 20,
        "seed": 5,
        "slots": 12,
        "slots_of_run": 5760,
        "first_slot_utc": "2022-10-24T00:00:12",
        "last_slot_utc": "2022-10-24T22:00:12",
        "scheduling": "observed",
        "counted": "terminals",
        "terminals_placed": 1000,
        "sites_placed": 1,
        "cells": 50,
        "users_per_terminal": 10.0,
        "inputs": [{"key": "satellite.beams", "value": "16", "unit": "beams", "tag": "assumed", "source": "a filing"}],
        "events": ["A <cut>"],
        "shares": [row(share, rates) for share in shares],
        "notes": ["a note"],
        "headline": "With a random tenth of the satellites lost, 90.0 % stay connected (simulated, hypothetical).",
        "quoted_share": shares[-1],
        **changes,
    }


def test_the_page_says_what_is_lost_and_what_it_is() -> None:
    page = render_resilience(answer(0.0, 0.1))
    for said in (
        "With a random tenth of the satellites lost", "Hypothetical losses", "Simulation, not live status",
        "Not modelled", "Debris", "Any reaction of the operator", "Why no target is ranked", "a filing", "A note",
        "90.0", "What one terminal could get", "order statistics",
    ):  # fmt: skip
        assert said in page, said
    assert "A &lt;corner&gt; &amp; more" in page and "<cut>" not in page
    assert page.count("simulated, hypothetical</text>") == 8  # four figures in two layouts, each stamped
    assert "default-src &#39;none&#39;" in page and not re.search(r'<[^>]+(src|href)="(?!#)', page)
    assert " style=" not in page


def test_what_is_not_known_is_left_out() -> None:
    page = render_resilience(answer(0.0, 1.0, rates=False))
    assert "What is given" not in page and "Per user" not in page
    assert "–" in page
    alone = render_resilience(answer(0.1))
    assert "One share alone draws no curve" in alone
    sites = render_resilience(answer(0.0, 0.1, counted="sites", notes=[], events=[]))
    assert "sites connected, median" in sites and "people reached" not in sites
    lasers = render_resilience(answer(0.0, 0.1, lose="lasers"))
    assert "All laser terminals of a satellite fail together" in lasers


def test_it_is_written_where_it_is_told(tmp_path: Path) -> None:
    found = SimpleNamespace(data=answer(0.0, 0.1))
    assert write_resilience(found, tmp_path) == tmp_path / "resilience.html"
    assert write_resilience(found, tmp_path / "new" / "x.html") == tmp_path / "new" / "x.html"
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["x.html"]
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="--out"):
        check_place(tmp_path / "file" / "x.html")
