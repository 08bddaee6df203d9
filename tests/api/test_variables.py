"""``variables.csv`` is what a run stores: names, dimensions, types, units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bentpipe
from bentpipe.results.variables import variables

LABELS = {"slot", "time", "cell", "site", "site_name", "site_kind", "site_region", "satellite_name", "gateway"}
LABELS |= {"gateway_name", "gateway_pop", "region", "region_name", "event", "segment", "track", "service"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> bentpipe.Run:
    return bentpipe.run("one-site", out=tmp_path_factory.mktemp("api") / "run", **{"time.duration": "1m"})


def test_the_store_holds_every_variable_and_no_other(run: bentpipe.Run) -> None:
    table = {v.name for v in variables()}
    assert {path.name for path in Path(run.path, "results.zarr").iterdir() if path.is_dir()} == table
    assert set(map(str, run.dataset.variables)) == table | LABELS


@pytest.mark.parametrize("name", [v.name for v in variables()])
def test_a_variable_is_stored_as_the_table_says(run: bentpipe.Run, name: str) -> None:
    variable = next(v for v in variables() if v.name == name)
    stored = run.dataset[name]
    assert stored.dims == variable.dims
    assert stored.dtype == np.dtype(variable.dtype)
    assert stored.attrs["units"] == variable.unit
    assert stored.attrs["long_name"] == variable.meaning
    assert stored.values.dtype == np.dtype(variable.dtype)
