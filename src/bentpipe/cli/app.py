"""From arguments to one command, and the single place where errors become exit codes."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import typer

from bentpipe.cli import COMMANDS
from bentpipe.errors import BentpipeError, Fault, InputError, UnknownNameError

INTERRUPTED = 130
_ISSUES = "this is a fault of bentpipe; please report it with the lines that BENTPIPE_TRACEBACK=1 adds"


def dispatch(arguments: Sequence[str]) -> int:
    """Run one command line inside the error boundary.

    Parameters
    ----------
    arguments : sequence of str
        At least one: the command (in any case) and its own arguments, or ``--version``.

    Returns
    -------
    int
        The exit code; an error has then been told on stderr, without a traceback.
    """
    _print_what_can_be_printed()
    return bounded(lambda: _invoke(arguments))


def bounded(work: Callable[[], int]) -> int:
    """Call ``work`` and turn whatever it raises into a message and an exit code.

    Parameters
    ----------
    work : callable
        Takes nothing, returns an exit code.

    Returns
    -------
    int
        What ``work`` returned, or 1 (failed), 2 (bad input) or 130 (interrupted).
    """
    try:
        code = work()
        sys.stdout.flush()
        return code
    except InputError as error:
        return _tell(error.exit_code, *map(str, error.faults), cause=error)
    except BentpipeError as error:
        return _tell(error.exit_code, str(error), cause=error)
    except (KeyboardInterrupt, typer.Abort):
        return _tell(INTERRUPTED, "interrupted")
    except BrokenPipeError:
        # The reader has gone (`bentpipe ... | head`): the interpreter's own last flush must not fail too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except MemoryError as error:
        return _tell(1, "out of memory; --dry-run tells what a run needs", cause=error)
    except OSError as error:
        return _tell(1, _file_trouble(error), cause=error)
    except Exception as error:
        # Some versions of Typer carry their own copy of Click: a usage error is known by its methods.
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()
            return int(error.exit_code)
        return _tell(1, f"{type(error).__name__}: {error}; {_ISSUES}", cause=error)


def _invoke(arguments: Sequence[str]) -> int:
    """Load the command that is named, and only that one, and call it."""
    name, rest = arguments[0], list(arguments[1:])
    if name == "--version":
        import bentpipe

        sys.stdout.write(f"bentpipe {bentpipe.__version__}\n")
        return 0
    if name.lower() not in COMMANDS:
        raise UnknownNameError(_unknown_command(name))
    # A lone Typer command is not a group: the program's name carries the command's.
    result = _load(name.lower())(
        rest, prog_name=f"bentpipe {name.lower()}", standalone_mode=False, obj=tuple(arguments)
    )
    return result if isinstance(result, int) else 0


def _load(name: str) -> Callable[..., Any]:
    command = COMMANDS[name]
    loaded = getattr(importlib.import_module(f"bentpipe.cli.{command.module}"), command.attribute)
    if command.is_group:
        return loaded  # type: ignore[no-any-return]
    # Without Rich's panels the help of a command needs no import of Rich, which would double its time.
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "token_normalize_func": str.lower},
    )
    app.command()(loaded)
    return app


def _unknown_command(name: str) -> Fault:
    import difflib

    near = difflib.get_close_matches(name.lower(), COMMANDS, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else "bentpipe --help lists what each one does"
    return Fault("no such command", value=name, allowed=", ".join(COMMANDS), remedy=remedy)


def _file_trouble(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def _tell(code: int, *messages: str, cause: BaseException | None = None) -> int:
    """Say on stderr what was wrong, one line a fault, and hand the exit code on."""
    if cause is not None and os.environ.get("BENTPIPE_TRACEBACK"):
        traceback.print_exception(cause)
    for message in messages:
        sys.stderr.write(f"bentpipe: {message}\n")
    return code


def _print_what_can_be_printed() -> None:
    """Let a terminal that knows only ASCII show a question mark where a degree sign stood."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
