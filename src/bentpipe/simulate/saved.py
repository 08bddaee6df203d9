"""The scenario of a run, read back from its folder."""

from __future__ import annotations

import json
from typing import Any

from bentpipe.errors import Fault, StoreError
from bentpipe.results.opened import Run
from bentpipe.scenario import Scenario


def saved_scenario(run: Run) -> Scenario:
    """Scenario as it was run, with the files that were copied beside it.

    Parameters
    ----------
    run : Run
        A run.

    Returns
    -------
    Scenario
    """
    inputs = run.path / "inputs"
    try:
        document: dict[str, Any] = json.loads((inputs / "scenario.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        where = str(inputs / "scenario.json")
        raise StoreError(Fault("the run's scenario cannot be read", where, repr(error))) from None
    for holder, key in (
        (document, "sites_file"),
        (document, "gateways_file"),
        (document.get("people", {}), "cells_file"),
        (document["constellation"], "elements"),
        *((site, "track") for site in document.get("sites", [])),
    ):
        if key in holder:
            holder[key] = str(inputs / holder[key])
    return Scenario.model_validate(document)
