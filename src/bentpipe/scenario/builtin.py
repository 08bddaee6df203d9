"""The built-in scenarios."""

from __future__ import annotations

from importlib import resources

from bentpipe.errors import Fault, UnknownNameError
from bentpipe.scenario.values import did_you_mean


def builtin_names() -> tuple[str, ...]:
    """List the built-in scenarios.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    folder = resources.files(__package__) / "data"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def is_builtin(name: str) -> bool:
    """Tell whether a built-in scenario has this name; upper and lower case are the same.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool
    """
    return name.lower() in builtin_names()


def scenario_text(name: str) -> str:
    """Give the text of a built-in scenario.

    Parameters
    ----------
    name : str
        Upper and lower case are the same.

    Returns
    -------
    str
        TOML.

    Raises
    ------
    UnknownNameError
        Where no built-in has this name.
    """
    if not is_builtin(name):
        names = builtin_names()
        raise UnknownNameError(
            Fault(
                "no built-in scenario has this name",
                value=name,
                allowed=", ".join(names),
                remedy=did_you_mean(name, names),
            )
        )
    return (resources.files(__package__) / "data" / f"{name.lower()}.toml").read_text(encoding="utf-8")
