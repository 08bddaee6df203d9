"""What to simulate: read, checked, frozen.

::

    TOML text -> tree and lines -> what it extends under it -> overrides -> models -> cross-field checks -> Scenario
                (places.py)        (merge.py)                 (values.py, constellation.py, people.py, ground.py,
                                                               disruptions.py, model.py; checks.py, eventchecks.py)

Names are loaded when first used: pydantic takes a tenth of a second to import.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bentpipe.scenario.assumptions import Assumption
    from bentpipe.scenario.builtin import builtin_names, is_builtin, scenario_text
    from bentpipe.scenario.constellation import Constellation, Satellite, Shell, Time
    from bentpipe.scenario.disruptions import (
        Disruption,
        FibreLoss,
        GatewayLoss,
        Jamming,
        LaserLoss,
        LicenceWithdrawn,
        PopLoss,
        PowerCut,
        SatelliteLoss,
        Storm,
        TerminalsCutOff,
        TerrestrialOutage,
    )
    from bentpipe.scenario.ground import Access, Fibre, Gateway, Licence, LicenceMask, Policies, Pop
    from bentpipe.scenario.lasers import Lasers, Paths, Traffic
    from bentpipe.scenario.model import WORLD_ASSUMED, Provenance, Scenario
    from bentpipe.scenario.new import new_scenario
    from bentpipe.scenario.people import BUILTIN_DISHES, Dish, People, Site, TerminalKind, Terminals, Territory
    from bentpipe.scenario.reader import load_scenario, parse_override, parse_scenario, validate
    from bentpipe.scenario.references import check_references, named_regions
    from bentpipe.scenario.writer import dump_toml

_HOMES = {
    "assumptions": ("Assumption",),
    "builtin": ("builtin_names", "is_builtin", "scenario_text"),
    "constellation": ("Constellation", "Satellite", "Shell", "Time"),
    "disruptions": (
        "Disruption",
        "FibreLoss",
        "GatewayLoss",
        "Jamming",
        "LaserLoss",
        "LicenceWithdrawn",
        "PopLoss",
        "PowerCut",
        "SatelliteLoss",
        "Storm",
        "TerminalsCutOff",
        "TerrestrialOutage",
    ),
    "ground": ("Access", "Fibre", "Gateway", "Licence", "LicenceMask", "Policies", "Pop"),
    "lasers": ("Lasers", "Paths", "Traffic"),
    "model": ("WORLD_ASSUMED", "Provenance", "Scenario"),
    "new": ("new_scenario",),
    "people": ("BUILTIN_DISHES", "Dish", "People", "Site", "TerminalKind", "Terminals", "Territory"),
    "reader": ("load_scenario", "parse_override", "parse_scenario", "validate"),
    "references": ("check_references", "named_regions"),
    "writer": ("dump_toml",),
}

__all__ = [
    "Access",
    "Assumption",
    "BUILTIN_DISHES",
    "Constellation",
    "Disruption",
    "Dish",
    "Fibre",
    "FibreLoss",
    "Gateway",
    "GatewayLoss",
    "Jamming",
    "LaserLoss",
    "Lasers",
    "Licence",
    "LicenceMask",
    "LicenceWithdrawn",
    "Paths",
    "People",
    "Policies",
    "Pop",
    "PopLoss",
    "PowerCut",
    "Provenance",
    "Satellite",
    "SatelliteLoss",
    "Scenario",
    "Shell",
    "Site",
    "Storm",
    "TerminalKind",
    "Terminals",
    "TerminalsCutOff",
    "TerrestrialOutage",
    "Territory",
    "Time",
    "Traffic",
    "WORLD_ASSUMED",
    "builtin_names",
    "check_references",
    "dump_toml",
    "is_builtin",
    "load_scenario",
    "named_regions",
    "new_scenario",
    "parse_override",
    "parse_scenario",
    "scenario_text",
    "validate",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
