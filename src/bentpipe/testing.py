"""Fixtures for pytest: programs behind the link of a run.

In ``conftest.py``::

    pytest_plugins = ["bentpipe.testing"]

and in a test::

    def test_upload_survives_the_outage(satellite_link):
        with satellite_link("runs/storm", "kyiv", at="worst-outage") as link:
            link.run(["my-client", "--server", f"http://{link.host}:8000"], check=True, timeout=120)

The link is that of ``bentpipe exec``, in a process of its own: a network namespace where that is allowed, else a relay.
Nothing but pytest and the standard library is imported here.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pytest

Argument = str | os.PathLike[str]

GRACE_S: Final = 5.0
"""Time between asking a program to end and ending it, s."""
END_S: Final = 60.0
"""Time for the link to end after its programs, s."""

_EXEC: Final = "import sys; from bentpipe.cli import main; sys.exit(main())"
# Holds the link open until its standard input ends, after telling where it is.
_HOLDER: Final = (
    "import json, os, sys; print(json.dumps([os.getpid(), dict(os.environ)]), flush=True); sys.stdin.buffer.read()"
)


@dataclass(frozen=True)
class LinkVerdict:
    """What the link did, and whether to believe it.

    Parameters
    ----------
    trusted : bool
        Whether nothing speaks against the run.
    line : str
        The verdict in one line.
    account : dict
        All that ``bentpipe exec --json`` tells.
    """

    trusted: bool
    line: str
    account: dict[str, Any]


class SatelliteLink:
    """A running link; see :func:`satellite_link`.

    Attributes
    ----------
    via : str
        ``"namespace"`` or ``"relay"``.
    host : str
        Address under which programs behind the link reach servers of this machine that listen on loopback.
    environment : dict of str to str
        Variables that programs behind the link get on top of those of this process.
    verdict : LinkVerdict or None
        After the end of the link.
    """

    def __init__(self, pid: int, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self.via = "relay" if "BENTPIPE_PROXY" in environment else "namespace"
        self.host = environment.get("BENTPIPE_HOST", "127.0.0.1")
        self.verdict: LinkVerdict | None = None
        self._pid = pid
        self._programs: list[subprocess.Popen[Any]] = []

    def popen(self, program: Sequence[Argument], **options: Any) -> subprocess.Popen[Any]:
        """Start a program behind the link.

        Parameters
        ----------
        program : sequence of str
            Program and arguments; no shell.
        **options
            As of `subprocess.Popen`. Variables of the link are set on top of ``env``.

        Returns
        -------
        subprocess.Popen
            The program; ended with the link if it is still running then.
        """
        process = subprocess.Popen(self._command(program), env=self._variables(options.pop("env", None)), **options)
        self._programs.append(process)
        return process

    def run(self, program: Sequence[Argument], **options: Any) -> subprocess.CompletedProcess[Any]:
        """Run a program behind the link, and wait for it.

        Parameters
        ----------
        program : sequence of str
            Program and arguments; no shell.
        **options
            As of `subprocess.run`. Variables of the link are set on top of ``env``.

        Returns
        -------
        subprocess.CompletedProcess
            As of `subprocess.run`.
        """
        return subprocess.run(self._command(program), env=self._variables(options.pop("env", None)), **options)

    def _command(self, program: Sequence[Argument]) -> list[str]:
        """Program and arguments, which enter the namespace first where there is one."""
        if not program:
            raise ValueError("no program is given")
        words = [os.fspath(word) for word in program]
        if self.via == "relay":
            return words
        # The file, not the module: it needs nothing of bentpipe, nor the interpreter's usual start.
        joining = Path(__file__).with_name("emulate") / "joinlink.py"
        return [sys.executable, "-I", "-S", str(joining), str(self._pid), *words]

    def _variables(self, given: Mapping[str, str] | None) -> dict[str, str]:
        return dict(os.environ if given is None else given) | self.environment

    def _end_programs(self) -> None:
        running = [program for program in self._programs if program.poll() is None]
        for program in running:
            program.terminate()
        for program in running:
            try:
                program.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


@pytest.fixture
def satellite_link() -> Callable[..., contextlib.AbstractContextManager[SatelliteLink]]:
    """Put programs of a test behind the link of a run, or of a trace.

    Returns
    -------
    callable
        See :func:`open_link`.
    """
    return open_link


@contextlib.contextmanager
def open_link(
    run_or_trace: Any,
    site: str | None = None,
    *,
    at: str | None = None,
    place: str | None = None,
    duration: str | None = None,
    rate: str | None = None,
    outage: Literal["hold", "drop"] = "drop",
    loop: bool = False,
    internet: bool = False,
    require: Literal["namespace", "relay"] | None = None,
    untrusted: Literal["fail", "skip", "ignore"] = "fail",
) -> Iterator[SatelliteLink]:
    """Open a link; its trace begins at once.

    Parameters
    ----------
    run_or_trace : path or Run
        A finished run; or a trace (CSV), if it is a file.
    site : str, optional
        Id or name of a site of the run.
    at : str, optional
        Where to begin: an instant in UTC, ``"worst-outage"``, ``"handover"`` or ``"busy-hour"``.
    place : str, optional
        ``"LAT,LON"``, degrees, instead of a site.
    duration : str, optional
        Time after which the link and its programs end, such as ``"90s"``.
    rate : str, optional
        Rates in place of the run's, ``"DOWN/UP"``, Mbit/s.
    outage : str
        ``"hold"``: packets that come in an outage wait in the queue; ``"drop"``: they are dropped.
    loop : bool
        Whether the trace begins anew at its end; otherwise the link is down from there on.
    internet : bool
        Whether programs in a namespace reach the Internet, not this machine only.
    require : str, optional
        ``"namespace"``: skip the test where none is allowed. ``"relay"``: take the relay in any case.
    untrusted : str
        What becomes of a test that passed over a link that the machine could not keep as simulated: ``"fail"``,
        ``"skip"`` or ``"ignore"``. A test that failed stays failed; the verdict is noted in its traceback.

    Yields
    ------
    SatelliteLink
        Running; its verdict is there after the block.
    """
    path = Path(getattr(run_or_trace, "path", run_or_trace))
    words = ["--trace", str(path)] if path.is_file() else [str(path)]
    words += [site] if site is not None else []
    options = {"--at": at, "--place": place, "--duration": duration, "--rate": rate, "--outage": outage}
    words += [word for name, value in options.items() if value is not None for word in (name, value)]
    words += [name for name, wanted in (("--loop", loop), ("--internet", internet)) if wanted]
    words += ["--via", "relay"] if require == "relay" else []
    with tempfile.TemporaryDirectory(prefix="bentpipe-link-") as folder, _started(words, Path(folder)) as session:
        link = session.link
        if require == "namespace" and link.via != "namespace":
            pytest.skip(f"no network namespace is allowed here: {session.said()}")
        try:
            yield link
        except BaseException as error:
            session.end()
            error.add_note(f"the link: {_line(link)}")
            raise
        session.end()
    _judge(link, untrusted)


@dataclass
class _Session:
    """The process of ``bentpipe exec``, and what it tells."""

    process: subprocess.Popen[bytes]
    link: SatelliteLink
    folder: Path

    def said(self) -> str:
        """What it said to the user."""
        lines = (self.folder / "said").read_text(encoding="utf-8", errors="replace").splitlines()
        return "; ".join(line.removeprefix("bentpipe: ") for line in lines)

    def end(self) -> None:
        """End the programs and the link, and read the verdict."""
        self.link._end_programs()
        _close(self.process)
        try:
            account = json.loads((self.folder / "account.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            account = {"trusted": False, "verdict": f"the link failed: {self.said()}"}
        self.link.verdict = LinkVerdict(bool(account["trusted"]), str(account["verdict"]), account)


@contextlib.contextmanager
def _started(words: list[str], folder: Path) -> Iterator[_Session]:
    """Start ``bentpipe exec`` with the holder as its program."""
    command = [sys.executable, "-c", _EXEC, "exec", *words, "--json", str(folder / "account.json"), "--"]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [*command, sys.executable, "-c", _HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
        )
    assert process.stdout is not None
    try:
        told = process.stdout.readline()
        session = _Session(process, SatelliteLink(0, {}), folder)
        if not told:
            _close(process)
            pytest.fail(f"the link could not be opened: {session.said()}", pytrace=False)
        pid, environment = json.loads(told)
        session.link = SatelliteLink(pid, {k: v for k, v in environment.items() if _is_of_link(k, v)})
        yield session
    finally:
        session.link._end_programs()
        _close(process)
        process.stdout.close()


def _is_of_link(name: str, value: str) -> bool:
    """Whether a variable of the holder is one that the link has set."""
    return os.environ.get(name) != value and (name.startswith("BENTPIPE_") or name.upper().endswith("_PROXY"))


def _close(process: subprocess.Popen[bytes]) -> None:
    """Let the holder end, and with it the link."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _line(link: SatelliteLink) -> str:
    return "" if link.verdict is None else link.verdict.line


def _judge(link: SatelliteLink, untrusted: str) -> None:
    """Fail or skip where the link was not as simulated."""
    if link.verdict is None or link.verdict.trusted or untrusted == "ignore":
        return
    if untrusted == "skip":
        pytest.skip(link.verdict.line)
    pytest.fail(link.verdict.line, pytrace=False)
