"""A study that was really run, read: statistics, report and comparison are those of its runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("distributed", reason="dask and distributed are not installed: they are in the extra sweep")

from small_study import alone, write_study

import bentpipe
from bentpipe.cli import main

STUDY = """
schema = 1
name = "read"
base = "small-world.toml"
draws = 4

[[axes]]
name = "beams"
key = "satellite.beams"
values = [1, 2]

[[axes]]
name = "factor"
key = "fibre.route_factor"
distribution = { kind = "uniform", low = 1.1, high = 3.0 }

[keep]
site_rtt_s = ["mean", "max"]
region_terminals_connected = ["mean"]
rtt_s = "all"
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same study twice, the second with slower fibre."""
    folder = tmp_path_factory.mktemp("studies")
    alone(write_study(folder, STUDY), folder / "fast")
    slow = STUDY.replace("[[axes]]", '[fixed]\n"fibre.velocity_factor" = 0.5\n\n[[axes]]', 1)
    alone(write_study(folder, slow), folder / "slow")
    return folder / "fast", folder / "slow"


def test_statistics_are_lazy_and_those_of_the_runs(folders: tuple[Path, Path]) -> None:
    study = bentpipe.open_study(folders[0])
    runs = study.dataset["site_rtt_s_mean"].values
    for found in (
        study.quantiles("site_rtt_s_mean", 0.5),
        study.bootstrap("site_rtt_s_mean"),
        study.exceedance("rtt_s", 0.05, over=("beams", "draw")),
    ):
        assert all(array.chunks for array in found.data_vars.values())
    middle = study.quantiles("site_rtt_s_mean", 0.5)["value"].values
    assert middle == pytest.approx(np.nanmedian(runs, axis=study.dims.index("draw")), nan_ok=True)
    measure = study.measure()
    assert measure.unit == "share"
    placed = float(study.dataset["region_terminals"].sum())
    connected = study.dataset["region_terminals_connected_mean"].values.sum(axis=-1)
    assert measure.values.values == pytest.approx(connected / placed)
    assert ((measure.values.values >= 0) & (measure.values.values <= 1)).all()


def test_a_longer_way_takes_longer(folders: tuple[Path, Path]) -> None:
    effects = {e.name: e for e in bentpipe.open_study(folders[0]).effects("site_rtt_s_mean")}
    assert effects["factor"].rank_correlation == pytest.approx(1.0)
    assert "highest" in effects["factor"].high_at


def test_report_and_comparison_on_the_terminal(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert main(["sweep", "report", str(folders[0]), "--measure", "site_rtt_s_mean", "--out", str(page), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["command"] == "sweep report"
    assert told["runs"] == told["complete"] == 8
    assert "factor" in page.read_text(encoding="utf-8")
    assert main(["sweep", "report", str(folders[0])]) == 0
    assert "Report: " in capsys.readouterr().out
    assert (folders[0] / "report.html").exists()
    assert bentpipe.open_study(folders[0], verify=True).complete

    assert main(["sweep", "compare", *map(str, folders), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    row = next(r for r in found["statistics"] if r["name"] == "site_rtt_s_mean")
    assert row["difference"] > 0
    assert row["larger_share"] == 1.0
    assert {r["key"]: r["values"] for r in found["differences"]}["fibre.velocity_factor"][1] == 0.5
    assert main(["sweep", "compare", *map(str, folders)]) == 0
    assert "100 %" in capsys.readouterr().out

    assert main(["sweep", "compare", str(folders[0])]) == 2
    assert "needs two studies" in capsys.readouterr().err
    assert main(["sweep", "compare", str(folders[0]), str(tmp_path / "none")]) == 2
    assert "no such study" in capsys.readouterr().err
    assert main(["sweep", "report", str(folders[0]), "--measure", "site_rtt_s_mean@nowhere"]) == 2
    assert "nothing of this name" in capsys.readouterr().err
