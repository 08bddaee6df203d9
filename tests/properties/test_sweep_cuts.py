"""Whole = cut = resumed = in another order: the same decoded arrays, and those of a plain run."""

from __future__ import annotations

import importlib
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_world import assert_same, write_world

import bentpipe

pytest.importorskip("distributed", reason="dask and distributed are not installed: they are in the extra sweep")

from bentpipe.sweep import running, shapes, work
from bentpipe.sweep.matrix import Policies
from bentpipe.sweep.opened import open_study
from bentpipe.sweep.place import LocalFolder
from bentpipe.sweep.planning import check
from bentpipe.sweep.studyfile import parse_study

PREPARE = importlib.import_module("bentpipe.simulate.prepare")
RUN = importlib.import_module("bentpipe.simulate.run")

STUDY = """
schema = 1
name = "cuts"
base = "small-world.toml"
seeds = [11, 12]

[[axes]]
name = "beams"
key = "satellite.beams"
values = [1, 2]

[keep]
rtt_s = "all"
terminals_connected = "all"
serving_satellite = "all"
site_segment_s = "all"
handovers = "all"
site_rtt_s = ["mean", "min", "max", "std", "sum", "count"]
region_terminals_connected = ["mean", "min", "max", "sum"]
served = ["mean", "min", "max"]
laser_load_mean = ["mean", "count"]
path_rtt_s = ["mean"]
"""


def values_of(folder: Path) -> dict[str, Any]:
    data = open_study(folder).dataset.load()
    return {str(name): data[name].values for name in [*data.data_vars, *data.coords]}


def cut_to(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    """Blocks of so many slots, in plain runs and sweeps alike."""
    for module in (PREPARE, RUN, shapes):
        monkeypatch.setattr(module, "block_length", lambda values: length)
    monkeypatch.setattr(work, "KEPT", 8)  # tasks in any order would prepare every run again and again
    work._ready.clear()


def swept(
    world: Path, folder: Path, order: random.Random | None = None, policy: Any = None, some: float = 1.0
) -> dict[str, Any]:
    """Run the tasks of a study in this process, in an order drawn; only a share of them where asked."""
    study = parse_study(STUDY, str(world.with_name("study.toml")), world.parent)
    folder.mkdir(parents=True, exist_ok=True)
    laid = running.lay_out(check(study), LocalFolder(folder), Policies(policy))
    tasks = [(one, at) for one in laid.work for at in one.blocks]
    if order is not None and not any(one.chained for one, _ in tasks):
        order.shuffle(tasks)
        tasks = tasks[: round(some * len(tasks))]
    for one, at in tasks:
        told = work.compute(laid.job, one.run, at, one.chained)
        assert "error" not in told, told
    return values_of(folder)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("policy", ["observed", "longest"])
def test_a_sweep_holds_what_plain_runs_hold(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    cut_to(monkeypatch, 20)
    found = open_study_after(world, tmp_path / "study", policy)
    for beams, seed in ((1, 11), (2, 12))[: 2 if policy == "observed" else 1]:
        keys = {"satellite.beams": beams, "seed": seed}
        plain = bentpipe.run(
            str(world), out=tmp_path / f"{policy}-{beams}-{seed}", threads=1, scheduling=policy, **keys
        ).dataset
        own = found.sel(beams=beams, seed=seed)
        for name in ("rtt_s", "terminals_connected", "serving_satellite", "site_segment_s", "handovers"):
            assert_same({name: plain[name].values}, {name: own[name].values}, name)
        assert own["time"].values.tolist() == plain["time"].values.tolist()
        rtt = plain.site_rtt_s.values.astype(np.float64)
        np.testing.assert_allclose(own.site_rtt_s_mean, np.nanmean(rtt, axis=0), rtol=1e-12)
        np.testing.assert_allclose(own.site_rtt_s_std, np.nanstd(rtt, axis=0), rtol=1e-6)
        np.testing.assert_array_equal(own.site_rtt_s_max, np.nanmax(plain.site_rtt_s.values, axis=0))
        np.testing.assert_array_equal(own.site_rtt_s_count, np.isfinite(rtt).sum(axis=0))
        region = plain.region_terminals_connected
        np.testing.assert_array_equal(own.region_terminals_connected_min, region.min("slot"))
        np.testing.assert_array_equal(own.region_terminals_connected_sum, region.sum("slot"))
        np.testing.assert_allclose(own.region_terminals_connected_mean, region.mean("slot"), rtol=1e-12)
        np.testing.assert_allclose(own.served_mean, plain.served.mean("slot"), rtol=1e-12)
        assert own.path_rtt_s_mean.shape == (0,)
        assert int(own.laser_load_mean_count) == 0 and np.isnan(own.laser_load_mean_mean)


def open_study_after(world: Path, folder: Path, policy: str) -> Any:
    swept(world, folder, policy=policy)
    return open_study(folder).dataset


@pytest.fixture(scope="module")
def reference(world: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        cut_to(patch, 240)
        return swept(world, tmp_path_factory.mktemp("whole"))


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(length=st.integers(5, 45), seed=st.integers(0, 99), some=st.sampled_from([1.0, 0.3, 0.7]))
def test_cuts_orders_and_resumes_do_not_show(
    world: Path,
    reference: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
    length: int,
    seed: int,
    some: float,
) -> None:
    folder, order = tmp_path_factory.mktemp("cut"), random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        cut_to(patch, length)
        found = swept(world, folder, order, some=some)
        if some < 1.0:
            assert not found["run_complete"].all()
            lost = order.choice(sorted((folder / "commits").iterdir()))
            lost.unlink()
            chunks = folder / "results.zarr" / "rtt_s" / "c"
            damaged = order.choice(sorted(p for p in chunks.rglob("*") if p.is_file()))
            damaged.write_bytes(damaged.read_bytes()[:-3])
            found = swept(world, folder, order)
    decimals = {name for name in found if name.endswith(("_mean", "_std", "_sum")) and name.startswith("site")}
    assert_same(
        {k: v for k, v in reference.items() if k not in decimals}, {k: v for k, v in found.items() if k not in decimals}
    )
    for name in decimals:  # sums of decimals are grouped by block: equal to rounding only under another length
        np.testing.assert_allclose(found[name], reference[name], rtol=1e-9)


def test_the_same_cut_is_the_same_bit_for_bit(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_to(monkeypatch, 13)
    whole = swept(world, tmp_path / "whole")
    swept(world, tmp_path / "parts", random.Random(5), some=0.5)
    assert_same(whole, swept(world, tmp_path / "parts", random.Random(6)))


def test_only_what_is_changed_is_computed_again(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_to(monkeypatch, 20)

    def lowest(links: Any) -> Any:
        return -links.sin_elevation

    def highest(links: Any) -> Any:
        return links.sin_elevation

    first = swept(world, tmp_path / "one", policy=lowest)
    times = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "one" / "commits").iterdir()}
    swept(world, tmp_path / "one", policy=lowest)
    assert times == {p.name: p.stat().st_mtime_ns for p in (tmp_path / "one" / "commits").iterdir()}
    second = swept(world, tmp_path / "one", policy=highest)  # a policy whose source has changed
    assert not set(times) & {p.name for p in (tmp_path / "one" / "commits").iterdir()}
    assert_same(second, swept(world, tmp_path / "two", policy=highest))
    assert second["rtt_s"].tobytes() != first["rtt_s"].tobytes()


def test_a_value_more_leaves_the_others_alone(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_to(monkeypatch, 20)
    swept(world, tmp_path / "grown")
    before = {p.name for p in (tmp_path / "grown" / "commits").iterdir()}
    monkeypatch.setitem(globals(), "STUDY", STUDY.replace("values = [1, 2]", "values = [3, 1, 2]"))
    grown = swept(world, tmp_path / "grown")
    after = {p.name for p in (tmp_path / "grown" / "commits").iterdir()}
    assert before < after and 2 * len(after) == 3 * len(before)
    assert_same(swept(world, tmp_path / "anew"), grown)
    described = json.loads((tmp_path / "grown" / "study.json").read_text())
    assert described["rows"] == [4, 5, 0, 1, 2, 3]
