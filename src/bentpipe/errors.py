"""The exceptions of bentpipe.

::

    BentpipeError
    ├── InputError              what was given is wrong: exit code 2, no traceback
    │   ├── ScenarioError       a scenario file or an override
    │   ├── ElementsError       an element-set file
    │   ├── GeodataError        a territory, a region, a population
    │   ├── SiteListError       a list of sites or gateways (KML, GeoJSON, CSV)
    │   ├── UnknownNameError    a name that nothing answers to
    │   └── NotModelledError    a model left out, refused by name
    └── RunError                a run failed: exit code 1
        ├── StoreError          a result store is damaged, or belongs to another run
        └── FetchError          a download failed
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import PurePath


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with what was given.

    Parameters
    ----------
    what : str
        What is wrong, in one clause.
    where : str
        File, line and key, as far as they are known.
    value : object
        The value found; None where there is none to show.
    allowed : str
        The allowed range or values, with the unit.
    remedy : str
        What to do about it.
    """

    what: str
    where: str = ""
    value: object = None
    allowed: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.value is not None:
            shown = _shown(self.value)
            parts.append(f"found {shown if len(shown) <= 80 else shown[:77] + '...'}")
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.remedy:
            parts.append(self.remedy)
        return "; ".join(parts)


def _shown(value: object) -> str:
    """A value as a user writes it: no Python in a message."""
    if isinstance(value, datetime):
        return f"{value.isoformat()}{'' if value.tzinfo else 'Z'}"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, PurePath):
        return repr(str(value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_shown(item) for item in value[:20]) + (", ..." if len(value) > 20 else "") + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_shown(item)}" for key, item in value.items()) + "}"
    try:
        return repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a number of thousands of digits"


class BentpipeError(Exception):
    """Base of every error that bentpipe raises on purpose."""

    exit_code = 1


class InputError(BentpipeError):
    """What was given is wrong; every fault found is listed.

    Parameters
    ----------
    *faults : Fault or str
        At least one; a string stands for a fault that only says what is wrong.
    """

    exit_code = 2

    def __init__(self, *faults: Fault | str) -> None:
        self.faults: tuple[Fault, ...] = tuple(f if isinstance(f, Fault) else Fault(f) for f in faults)
        super().__init__(str(self))

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class ScenarioError(InputError):
    """A scenario file or an override is wrong."""


class ElementsError(InputError):
    """An element-set file is wrong."""


class GeodataError(InputError):
    """A territory, a region or a population is wrong or unknown."""


class SiteListError(InputError):
    """A list of sites or gateways is wrong."""


class UnknownNameError(InputError):
    """A name that nothing answers to."""


class NotModelledError(InputError):
    """A model that bentpipe does not have; it is refused by name, never faked."""


class RunError(BentpipeError):
    """A run failed for a reason other than its input."""


class StoreError(RunError):
    """A result store is damaged, locked, or belongs to another run."""


class FetchError(RunError):
    """A download failed."""
