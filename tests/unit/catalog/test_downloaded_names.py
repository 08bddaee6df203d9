"""A downloaded element set goes by its name, and its elements' own age is told."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import element_files as made
import pytest

from bentpipe.cachefolder import downloaded_elements
from bentpipe.catalog.cached import cached_files
from bentpipe.catalog.fetch import Limits, fetch_elements
from bentpipe.cli import main
from bentpipe.cli.run import read_overrides
from bentpipe.errors import FetchError, ScenarioError
from bentpipe.scenario import load_scenario

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Put a file into the cache, so many seconds old."""
    monkeypatch.setenv("BENTPIPE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "bentpipe" / "elements"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    def place(name: str, age_s: float = 0.0) -> Path:
        path = folder / name
        path.write_text(made.as_json(made.shell(550.0, 53.0, 6, 4, 1000)))
        os.utime(path, (time.time() - age_s, time.time() - age_s))
        return path

    return place


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("starlink", "starlink.json"),
        ("STARLINK", "starlink.json"),
        ("Starlink.json", "starlink.json"),
        ("oneweb", "oneweb-12345678.json"),
        ("oneweb-0badcafe", "oneweb-0badcafe.json"),
        ("none", None),
        ("", None),
        ("../starlink", None),
        (".", None),
        ("a\0b", None),
    ],
)
def test_a_name_is_found_whatever_its_ending_and_case(put: Put, name: str, found: str | None) -> None:
    put("starlink.json", 5000)
    put("oneweb-0badcafe.json", 900)
    put("oneweb-12345678.json", 300)  # from another server: the newest answers to the group's name
    got = downloaded_elements(name)
    assert (got.name if got else None) == found


def test_without_a_cache_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTPIPE_CACHE", str(tmp_path / "none"))
    assert downloaded_elements("starlink") is None


def test_show_run_and_scenarios_take_the_name(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    kept = put("starlink-1a2b3c4d.json")
    assert main(["elements", "show", "Starlink"]) == 0
    assert "24 satellites" in capsys.readouterr().out
    changes = {"constellation.source": "elements", "constellation.elements": "starlink"}
    assert load_scenario("one-site", changes).constellation.elements == kept
    Path("my.toml").write_text(
        'schema = 1\nextends = "one-site"\nname = "my"\n[constellation]\nsource = "elements"\nelements = "Starlink"\n'
    )
    assert load_scenario("my.toml").constellation.elements == kept
    assert read_overrides({}, Path("STARLINK"), ())["constellation.elements"] == str(kept)
    Path("Starlink").write_text("")  # a file beside the scenario comes first
    assert load_scenario("my.toml").constellation.elements == Path("Starlink").absolute()


def test_a_name_that_nothing_answers_to_says_where_names_are(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["elements", "show", "starlink"]) == 2
    assert "bentpipe elements fetch" in capsys.readouterr().err
    assert main(["run", "one-site", "--elements", "starlink"]) == 2
    assert "the name of a downloaded set" in capsys.readouterr().err
    changes = {"constellation.source": "elements", "constellation.elements": "starlink"}
    with pytest.raises(ScenarioError, match="or the name of a downloaded set"):
        load_scenario("one-site", changes)


def test_the_age_of_the_elements_is_not_that_of_the_download(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("starlink.json", 120)
    (file,) = cached_files()
    assert file.age_s < 1000 and file.first_epoch is not None and file.elements_age_s is not None
    assert file.elements_age_s > 3 * 365 * 86400  # of October 2022
    assert main(["elements", "list"]) == 0
    shown = capsys.readouterr().out
    assert "2022-10-24 to 2022-10-24" in shown and "2 min" in shown and "age of elements" in shown
    assert main(["elements", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["last_epoch"].startswith("2022-10-24")


def test_old_elements_are_told_when_fetched(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("starlink.json", 60)
    got = fetch_elements("starlink")
    assert not got.downloaded and "days old (median epoch 2022-10-24" in got.notes[-1]
    assert main(["elements", "fetch", "STARLINK", "--format", "JSON"]) == 0
    assert "satellites of today are elsewhere" in capsys.readouterr().err


def test_offline_without_anything_cached_there_is_a_way_on(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(FetchError, match=r"nothing is cached: use a file that you have \(--elements FILE\), or run"):
        fetch_elements(url="http://127.0.0.1:1/gp.php", limits=Limits(attempts=1))
