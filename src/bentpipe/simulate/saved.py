"""The scenario of a run, read back from its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bentpipe.errors import Fault, StoreError
from bentpipe.results.opened import Run
from bentpipe.results.soundness import mend
from bentpipe.scenario import Scenario
from bentpipe.scenario.files import file_holders


def saved_scenario(run: Run) -> Scenario:
    """Scenario as it was run, with the files that were copied beside it.

    Parameters
    ----------
    run : Run
        A run.

    Returns
    -------
    Scenario

    Raises
    ------
    StoreError
        Where it cannot be read.
    """
    inputs = run.path / "inputs"
    try:
        document: dict[str, Any] = json.loads((inputs / "scenario.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise _damaged(run) from None
    try:
        return with_files(document, inputs)
    except (KeyError, TypeError, AttributeError, ValidationError):
        raise _damaged(run) from None


def _damaged(run: Run) -> StoreError:
    where = str(run.path / "inputs" / "scenario.json")
    return StoreError(Fault("the run's scenario is damaged", where, remedy=mend(run.path)))


def with_files(document: dict[str, Any], inputs: Path) -> Scenario:
    """Read a scenario back from its portable document.

    Parameters
    ----------
    document : dict
        As `Scenario.portable` gives it; changed in place.
    inputs : pathlib.Path
        Folder that holds the files which it names, by role.

    Returns
    -------
    Scenario
    """
    for holder, key in file_holders(document):
        if key in holder:
            holder[key] = str(inputs / holder[key])
    return Scenario.model_validate(document)
