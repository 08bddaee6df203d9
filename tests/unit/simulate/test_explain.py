"""Explaining a link: what a run made with a function of one's own needs for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bentpipe
from bentpipe.errors import InputError

AT = "2022-10-24T12:01:00"


def nearest(links: Any) -> Any:
    return -links.slant_range_m.astype(np.float64)


def lowest(links: Any) -> Any:
    return -links.sin_elevation.astype(np.float64)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("explain") / "run"
    return bentpipe.run("one-site", out=folder, scheduling=nearest, **{"time.duration": "2min"})


def test_the_function_explains_its_run(run: Any) -> None:
    data = bentpipe.explain(run, "KYIV", AT, scheduling=nearest).data
    assert data["policy"] == "nearest"
    at = run.dataset.isel(slot=int(np.searchsorted(run.dataset["slot"].values, data["slot"])), site=0)
    assert data["served"] == bool(at["site_served"])
    satellite = int(at["site_serving_satellite"])
    assert data["catalog_number"] == int(run.dataset["satellite_catalog_number"][satellite])


def test_without_it_the_message_says_what_to_do(run: Any) -> None:
    with pytest.raises(InputError, match=r"which the run does not hold.*nearest.*scheduling=your_function"):
        bentpipe.explain(run, "kyiv", AT)


def test_another_function_is_refused(run: Any) -> None:
    with pytest.raises(InputError, match="not the scheduling policy that the run was made with"):
        bentpipe.explain(run, "kyiv", AT, scheduling=lowest)
