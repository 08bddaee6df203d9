"""``bentpipe scenarios`` and ``bentpipe validate``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bentpipe.cli import main


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    told = capsys.readouterr()
    return code, told.out, told.err


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ask(capsys, "scenarios", "list")
    assert code == 0 and "ukraine-2022-gateway-loss" in out and "(hypothetical)" in out
    _, out, _ = ask(capsys, "scenarios", "list", "--json")
    assert json.loads(out)["scenarios"][0]["name"] == "arctic"


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ask(capsys, "scenarios", "show", "Ukraine-2022")
    assert code == 0 and "1,300 terminals cut off" in out and "terminals.users_per_terminal" in out
    _, out, _ = ask(capsys, "scenarios", "show", "one-site", "--json")
    answer = json.loads(out)
    assert answer["scenario"]["name"] == "one-site" and answer["assumptions"][0]["key"] == "time.start"
    _, out, _ = ask(capsys, "scenarios", "show", "one-site", "--text")
    assert 'name = "one-site"' in out


def test_show_of_an_unknown_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ask(capsys, "scenarios", "show", "ukrain")
    assert code == 2 and out == "" and "did you mean 'ukraine-2022'?" in err


def test_copy_never_overwrites_unasked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ask(capsys, "scenarios", "copy", "ONE-SITE")[0] == 0
    assert (tmp_path / "one-site.toml").read_text(encoding="utf-8").startswith("#")
    code, _, err = ask(capsys, "scenarios", "copy", "one-site")
    assert code == 2 and "exists already" in err and "--force" in err
    code, out, _ = ask(capsys, "scenarios", "copy", "one-site", "--force", "--json")
    assert code == 0 and json.loads(out)["name"] == "one-site"
    assert "no such folder" in ask(capsys, "scenarios", "copy", "one-site", "nowhere/x.toml")[2]
    assert "a folder where" in ask(capsys, "scenarios", "copy", "one-site", str(tmp_path))[2]


def test_new_writes_a_valid_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text("id,name,latitude_deg,longitude_deg\na,A,50,30\n")
    target = tmp_path / "my.toml"
    code, out, err = ask(capsys, "scenarios", "new", "--country", "ukr", "--sites", str(tmp_path / "sites.csv"),
                         "--out", str(target))  # fmt: skip
    assert (code, err) == (0, "") and "Next: bentpipe run" in out
    assert 'sites_file = "sites.csv"' in target.read_text(encoding="utf-8")
    assert ask(capsys, "validate", str(target))[0] == 0


def test_new_refuses_unknown_countries_and_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = str(tmp_path / "my.toml")
    code, _, err = ask(capsys, "scenarios", "new", "--country", "UKX", "--out", target)
    assert code == 2 and "unknown country" in err and "--country UKX" in err
    code, _, err = ask(capsys, "scenarios", "new", "--country", "UKR", "--sites", "absent.csv", "--out", target)
    assert code == 2 and "no such file" in err
    assert not Path(target).exists()


def test_validate(capsys: pytest.CaptureFixture[str], tmp_path: Path, right: str) -> None:
    path = tmp_path / "my.toml"
    path.write_text(right.replace("beams = 16", "beams = -1").replace("share = 0.6", "share = 0.7"), encoding="utf-8")
    code, out, err = ask(capsys, "validate", str(path))
    assert code == 2 and out == "" and "Traceback" not in err
    assert "my.toml:16: satellite.beams: out of range" in err and "do not sum to 1" in err
    code, out, _ = ask(capsys, "validate", str(path), "--json")
    answer = json.loads(out)
    assert code == 2 and not answer["valid"] and len(answer["faults"]) == 2
    path.write_text(right, encoding="utf-8")
    code, out, _ = ask(capsys, "validate", str(path))
    assert code == 0 and "valid" in out


def test_validate_asks_the_catalogue(capsys: pytest.CaptureFixture[str], tmp_path: Path, right: str) -> None:
    path = tmp_path / "my.toml"
    path.write_text(right.replace('regions = ["UA-30"]', 'regions = ["UA-99"]'), encoding="utf-8")
    code, _, err = ask(capsys, "validate", str(path))
    assert code == 2 and "UA-99" in err and "my.toml:78: disruptions.dark.regions" in err
    path.write_text(right.replace('"UKR"', '"QQQ"'), encoding="utf-8")
    code, _, err = ask(capsys, "validate", str(path))
    assert code == 2 and "my.toml:19: territory.country" in err
