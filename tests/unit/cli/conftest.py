"""Stand-ins for the Python API: the terminal is tested without a simulation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import bentpipe
from bentpipe.errors import Fault, InputError, UnknownNameError


@dataclass
class Api:
    """What the commands asked of the API, and how it is to behave."""

    calls: list[tuple[str, Any]] = field(default_factory=list)
    failure: BaseException | None = None

    def load_scenario(self, name: str, overrides: dict[str, Any]) -> Any:
        self.calls.append(("load_scenario", (name, overrides)))
        if name.lower() != "ukraine-2022":
            raise UnknownNameError(f"no scenario is called {name!r}")
        return SimpleNamespace(name="ukraine-2022")

    def plan(self, scenario: Any, **options: Any) -> Any:
        self.calls.append(("plan", options))
        return SimpleNamespace(lines=("12 cells", "1 GB"), data={"cells": 12, "bytes": 10**9})

    def run(self, scenario: Any, **options: Any) -> Any:
        self.calls.append(("run", options))
        if self.failure is not None:
            raise self.failure
        options["progress"]("simulate", 1, 2)
        return SimpleNamespace(path=Path("runs/ukraine-2022"), manifest={"warnings": []})

    def answer(self, run: Any) -> Any:
        return SimpleNamespace(lines=("one", "two", "three", "four", "five"), data={"gap_s": float("nan")})

    def open_run(self, name: str, verify: bool = False) -> Any:
        self.calls.append(("open_run", verify))
        return SimpleNamespace(path=Path("runs") / name.lower(), complete=name != "unfinished")

    def compare(self, *runs: Any) -> Any:
        self.calls.append(("compare", [run.path.name for run in runs]))
        return SimpleNamespace(lines=("side by side",), data={"runs": [str(run.path) for run in runs]})

    def read_measurements(self, path: Path, **asked: Any) -> Any:
        self.calls.append(("read_measurements", (path, asked)))
        if path.suffix == ".bad":
            raise InputError(Fault("no reply in this ping log", path.name))
        return (path.name,)

    def compare_measured(self, run: Any, *measured: Any, **options: Any) -> Any:
        self.calls.append(("compare_measured", (run.path.name, measured, options)))
        return SimpleNamespace(lines=("beside a run",), data={"run": run.path.name})

    def write_report(self, run: Any, out: Path | None = None, exact_sites: bool = False) -> Path:
        self.calls.append(("write_report", (out, exact_sites)))
        return out or Path("runs/ukraine-2022/report.html")

    def explain(self, run: Any, site: str, at: str, link: bool = False) -> Any:
        self.calls.append(("explain", (site, at, "link") if link else (site, at)))
        return SimpleNamespace(lines=("STARLINK-1",), data={"satellite": "STARLINK-1"})

    def capacity(self, run: Any, down: float, up: float, share: float, slots: int, **options: Any) -> Any:
        self.calls.append(("capacity", (run, down, up, share, slots)))
        options["progress"]("simulate", 1, 2)
        return SimpleNamespace(lines=("209 terminals",), data={"kits": 209})

    def resilience(self, run: Any, lose: str, shares: Any, draws: int, slots: int, **options: Any) -> Any:
        self.calls.append(("resilience", (run, lose, shares, draws, slots, options["seed"])))
        options["progress"]("simulate", 1, 2)
        return SimpleNamespace(lines=("98 % stay connected",), data={"draws": draws})

    def write_resilience(self, found: Any, out: Path) -> Path:
        self.calls.append(("write_resilience", out))
        return out

    def asked(self, name: str) -> Any:
        return next(content for called, content in self.calls if called == name)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    stand_in = Api()
    for name in (
        "load_scenario",
        "plan",
        "run",
        "answer",
        "open_run",
        "write_report",
        "explain",
        "capacity",
        "resilience",
        "write_resilience",
        "compare",
        "compare_measured",
        "read_measurements",
    ):
        monkeypatch.setattr(bentpipe, name, getattr(stand_in, name), raising=False)
    return stand_in
