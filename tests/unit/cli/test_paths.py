"""The commands for paths and networks: each asks the API the right thing, and bad input ends with code 2."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import bentpipe
from bentpipe.cli import main

BENT = """\
schema = 1
name = "bent"
[time]
start = 2022-10-24T10:00:00Z
duration = "1m"
[constellation]
source = "shells"
date = 2022-10-24
[[constellation.shells]]
altitude_km = 550
inclination_deg = 53
planes = 12
per_plane = 12
[territory]
polygon = [[49.0, 29.0], [51.5, 29.0], [51.5, 33.0], [49.0, 33.0]]
resolution = 3
[terminals]
total = 1
[[gateways]]
id = "west"
name = "West"
latitude_deg = 51.86
longitude_deg = 20.92
antennas = 3
pop = "frankfurt"
[[pops]]
id = "frankfurt"
name = "Frankfurt"
latitude_deg = 50.11
longitude_deg = 8.68
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the commands asked of the API."""
    calls: dict[str, Any] = {}

    def paths(run: Any, a: str, b: str, **options: Any) -> Any:
        options.pop("progress")("simulate", 1, 2)
        calls["paths"] = (run, a, b, options)

        def write_csv(path: Path) -> Path:
            calls["csv"] = path
            return path

        return SimpleNamespace(lines=("31.4 ms",), data={"rtt_ms": float("nan")}, write_csv=write_csv)

    def network_at(run: Any, at: str) -> Any:
        calls["network_at"] = (run, at)

        def write(path: Path) -> Path:
            calls["written"] = path
            return path

        class Usable(list[bool]):
            def sum(self) -> int:
                return sum(self)

        nodes, links = SimpleNamespace(id=["a", "b"]), SimpleNamespace(usable=Usable([True, False]))
        return SimpleNamespace(
            name="mine", slot=7, start_utc="2022-10-24T10:04:57", nodes=nodes, links=links, write_csv=write,
            write_graphml=write,
        )  # fmt: skip

    monkeypatch.setattr(bentpipe, "open_run", lambda name: f"run {name}")
    monkeypatch.setattr(bentpipe, "paths", paths, raising=False)
    monkeypatch.setattr(bentpipe, "network_at", network_at, raising=False)
    return calls


def test_paths_hands_every_option_on(asked: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--at", "2022-10-24T13:05+03:00", "--disjoint", "3", "--node-disjoint", "--routing", "fewest-hops"]
    assert main(["paths", "mine", "kyiv", "33.9S,18.4E", *options, "--threads", "2", "--csv", "slots.csv"]) == 0
    assert asked["paths"] == (
        "run mine", "kyiv", "33.9S,18.4E",
        {"routing": "fewest-hops", "at": "2022-10-24T10:05:00", "disjoint": 3, "node_disjoint": True, "threads": 2},
    )  # fmt: skip
    assert asked["csv"] == Path("slots.csv")
    out, err = capsys.readouterr()
    assert out == "31.4 ms\nSlots: slots.csv\n"
    assert "simulating" in err


def test_paths_json_is_one_strict_object(asked: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paths", "mine", "kyiv", "quito", "--json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out, parse_constant=lambda name: pytest.fail(name))
    assert (answer["command"], answer["paths"], answer["csv"]) == ("paths", {"rtt_ms": None}, None)
    assert err == ""


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ([], "mine-20221024T100457.graphml"),
        (["--format", "CSV"], "mine-20221024T100457"),
        (["--format", "graphml", "--out", "net.xml"], "net.xml"),
    ],
)
def test_network_export_writes(
    asked: dict[str, Any], capsys: pytest.CaptureFixture[str], options: list[str], path: str
) -> None:
    assert main(["network", "export", "mine", "--at", "2022-10-24T10:05Z", *options]) == 0
    assert asked["network_at"] == ("run mine", "2022-10-24T10:05:00")
    assert asked["written"] == Path(path)
    assert capsys.readouterr().out.splitlines() == [
        "mine, slot 7 from 2022-10-24T10:04:57 UTC (simulated): 2 nodes, 2 links, 1 of them usable now",
        f"Network: {path}",
    ]
    assert main(["network", "export", "mine", "--at", "2022-10-24T10:05Z", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["links"] == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["paths", "FILE", "a", "b"], "this constellation has no lasers"),
        (["paths", "FILE", "a", "b", "--at", "noon"], "not a time"),
        (["paths", "FILE", "a", "b", "--disjoint", "0", "--at", "2022-10-24T10:00"], "1 to 64"),
        (["network", "export", "FILE", "--at", "2022-10-24T10:00"], "this constellation has no lasers"),
        (["network", "export", "FILE", "--at", "2022-10-24T10:00", "--format", "gml"], "no such format"),
        (["paths", "nothing-of-this-name", "a", "b"], "no such run"),
    ],
)
def test_bad_input_ends_with_code_2_and_one_message(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bent.toml"
    path.write_text(BENT, encoding="utf-8")
    assert main([str(path) if argument == "FILE" else argument for argument in arguments]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err
