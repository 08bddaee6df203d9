"""Exit codes and messages: no traceback, one line a fault."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bentpipe.cli import COMMANDS, front_page, main
from bentpipe.cli.app import bounded
from bentpipe.errors import Fault, InputError, NotModelledError, StoreError


def raising(error: BaseException) -> int:
    def work() -> int:
        raise error

    return bounded(work)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (
            InputError(Fault("too large", "a.toml:3", 9, "0 to 5"), "and this"),
            2,
            ["a.toml:3: too large; found 9", "this"],
        ),
        (NotModelledError("snow is not modelled"), 2, ["snow is not modelled"]),
        (StoreError("the store is damaged"), 1, ["the store is damaged"]),
        (MemoryError(), 1, ["out of memory", "--dry-run"]),
        (PermissionError(13, "Permission denied", "/x"), 1, ["/x: Permission denied"]),
        (ZeroDivisionError("division by zero"), 1, ["ZeroDivisionError", "report"]),
        (KeyboardInterrupt(), 130, ["interrupted"]),
    ],
)
def test_errors_become_messages_and_codes(
    error: BaseException, code: int, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(error) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert all(line.startswith("bentpipe: ") for line in err.splitlines())
    assert all(word in err for word in words)


def test_traceback_is_shown_to_those_who_ask(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTPIPE_TRACEBACK", "1")
    assert raising(ZeroDivisionError()) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rnu", "x"], "did you mean 'run'?"),
        (["run"], "Missing argument"),
        (["run", "ukraine-2022", "--nonsense"], "No such option"),
        (["run", "ukraine-2022", "--seed", "x"], "--seed"),
        (["run", "ukraine-2022", "--threads", "0"], "--threads"),
        (["run", "ukraine-2022", "--set", "seed"], "not KEY=VALUE"),
        (["run", "ukraine-2022", "--elements", "/nowhere.tle"], "no such file"),
        (["run", "atlantis"], "atlantis"),
        (["explain", "r", "kyiv"], "--at"),
        (["resilience", "r", "--shares", "half"], "--shares: not a share; found 'half'"),
        (["resilience", "r", "--shares", ""], "--shares: not a share"),
        (["resilience", "r", "--shares", "0,101"], "--shares: a share is out of range; found '101'"),
        (["resilience", "r", "--shares", "nan"], "a share is out of range"),
        (["resilience", "r", "--shares=-1"], "a share is out of range"),
        (["resilience", "r", "--draws", "0"], "--draws"),
        (["resilience", "r", "--slots", "0"], "--slots"),
        (["capacity", "r"], "--target"),
        (["capacity", "r", "--target", "25"], "--target: not a rate down and a rate up; found '25'"),
        (["capacity", "r", "--target", "25/3/1"], "not a rate down and a rate up"),
        (["capacity", "r", "--target", "x/y"], "not a rate down and a rate up"),
        (["capacity", "r", "--target", "0/3"], "--target: a rate is out of range"),
        (["capacity", "r", "--target=-1/3"], "a rate is out of range"),
        (["capacity", "r", "--target", "nan/3"], "a rate is out of range"),
        (["capacity", "r", "--target", "25/3", "--availability", "0"], "--availability: not a share of the slots"),
        (["capacity", "r", "--target", "25/3", "--availability", "95"], "above 0, up to 1"),
        (["capacity", "r", "--target", "25/3", "--availability", "often"], "not a share of the slots"),
        (["explain", "r", "kyiv", "--at", "noon"], "not a time"),
        (["--nonsense"], "no such command"),
    ],
)
def test_bad_input_ends_with_two(
    api: Any, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert "Traceback" not in err


def test_interrupt_says_how_to_resume(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    api.failure = KeyboardInterrupt()
    assert main(["run", "ukraine-2022", "--set", "name=two words"]) == 130
    assert "To resume: bentpipe run ukraine-2022 --set 'name=two words'" in capsys.readouterr().err


def test_failed_run_ends_with_one(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    api.failure = StoreError("the disk is full")
    assert main(["run", "ukraine-2022"]) == 1
    assert "the disk is full" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_front_page_names_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out == front_page()
    assert all(f"  {command.usage}" in out for command in COMMANDS.values())


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if not command.is_group])
def test_every_command_has_a_page(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"Usage: bentpipe {name}" in out
    assert "Parameters" not in out


def test_front_page_imports_nothing_heavy() -> None:
    code = (
        "import sys; from bentpipe.cli import main; main(['--help'])\n"
        "heavy = {'typer', 'rich', 'numpy', 'numba', 'pydantic', 'xarray', 'zarr'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    code = "import sys; from bentpipe.cli.app import bounded\nsys.exit(bounded(lambda: print('x\\n' * 10**6) or 0))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=30) == 1


def test_terminals_without_degree_signs_get_a_question_mark() -> None:
    code = "from bentpipe.cli import app; app._print_what_can_be_printed(); print('25°')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).resolve().parents[3] / "src")},
    )
    assert done.stdout.strip() == b"25?"


def test_interrupt_from_the_keyboard_ends_a_run_with_130() -> None:
    code = (
        "import signal, sys, time, types, bentpipe; from bentpipe.cli import main\n"
        # A shell starts what runs in the background with the signal ignored; these tests may run so.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "bentpipe.load_scenario = lambda name, overrides: name\n"
        "def run(scenario, progress, **options):\n"
        "    progress('simulate', 0, 9)\n"
        "    time.sleep(30)\n"
        "bentpipe.run = run\n"
        "sys.exit(main(['run', 'ukraine-2022']))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "simulating" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert process.stderr.read() == (
            "bentpipe: interrupted; finished blocks are kept. To resume: bentpipe run ukraine-2022\n"
        )
