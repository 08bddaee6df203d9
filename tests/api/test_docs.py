"""The examples of the documentation run, and what it says about commands is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bentpipe.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "models").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def run_example_study() -> None:
    """What the page tells to do on the terminal first."""
    pytest.importorskip("distributed", reason="dask and distributed are not installed: they are in the extra sweep")
    from bentpipe.cli import main

    assert main(["sweep", "example", "study.toml"]) == 0
    assert main(["sweep", "run", "study.toml", "--workers", "1", "--quiet"]) == 0


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_python_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if page.name == "studies.md":
        run_example_study()
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_shown_exist(page: Path) -> None:
    for block in blocks(page, "bash"):
        for name in re.findall(r"(?:^|bin/)bentpipe ([a-z]+)", block, re.MULTILINE):
            assert name in COMMANDS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+\.(?:md|svg|png))\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).is_file(), target


def test_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"bentpipe {name}" not in text] == []


def test_ci_installs_and_tests_as_the_readme_says() -> None:
    readme = next(block for block in blocks(ROOT / "README.md", "bash") if "pytest" in block)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in readme.strip().split(" && "):
        assert command.replace("install '", "install --quiet '") in script


def test_no_page_waits_to_be_filled() -> None:
    assert [page.name for page in PAGES if "LEAD:" in page.read_text(encoding="utf-8")] == []
