"""bentpipe: a digital twin of satellite internet access.

::

    scenario (what is given)  constellation · territory, people, terminals · gateways · what breaks
        │  load_scenario
        ▼
    prepare ─ names to arrays
        │
        ▼  run: blocks of 15-s slots, committed one by one
    orbit → geometry → network        positions → usable links → antennas, beams, delay
        │
        ▼
    run folder (Zarr) ─ open_run → Run.dataset (xarray)
        │
        ▼
    answer · write_report · explain · paths · network_at · capacity · resilience · compare
    site_services ← the link of a place, slot by slot
    compare_measured ← read_measurements (a user's own)

    study ─ sweep_plan · sweep_run (Dask) ─ open_study → StudyResults.dataset
                                                              write_study_report · compare_studies

Names are loaded when first used; importing bentpipe imports nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bentpipe.catalog.elements import in_service, load_elements
    from bentpipe.catalog.geodata import load_geodata
    from bentpipe.catalog.measurements import Measurements, read_measurements
    from bentpipe.catalog.shells import constellation_shells
    from bentpipe.errors import BentpipeError, InputError, RunError
    from bentpipe.network.links import Links
    from bentpipe.registry import Policy
    from bentpipe.report.compare import Comparison, compare
    from bentpipe.report.html import write_report
    from bentpipe.report.measured import MeasuredComparison, compare_measured
    from bentpipe.report.plain import Answer, answer
    from bentpipe.report.resilience import write_resilience
    from bentpipe.results.opened import Run, open_run
    from bentpipe.scenario import Scenario, load_scenario
    from bentpipe.simulate.capacity import Capacity, capacity
    from bentpipe.simulate.checking import validate
    from bentpipe.simulate.explain import Explanation, explain
    from bentpipe.simulate.networksnapshot import NetworkSnapshot, network_at
    from bentpipe.simulate.pathquery import PathsFound, paths
    from bentpipe.simulate.resilience import Resilience, resilience
    from bentpipe.simulate.run import Plan, plan, run
    from bentpipe.simulate.siteservices import SiteServices, site_services
    from bentpipe.sweep.comparing import StudyComparison, compare_studies
    from bentpipe.sweep.opened import StudyResults, open_study
    from bentpipe.sweep.planning import SweepPlan, sweep_plan
    from bentpipe.sweep.reading import write_study_report
    from bentpipe.sweep.running import sweep_run

_HOMES = {
    "Answer": "report.plain",
    "BentpipeError": "errors",
    "Capacity": "simulate.capacity",
    "Comparison": "report.compare",
    "Explanation": "simulate.explain",
    "InputError": "errors",
    "Links": "network.links",
    "MeasuredComparison": "report.measured",
    "Measurements": "catalog.measurements",
    "NetworkSnapshot": "simulate.networksnapshot",
    "PathsFound": "simulate.pathquery",
    "Plan": "simulate.run",
    "Policy": "registry",
    "Resilience": "simulate.resilience",
    "Run": "results.opened",
    "RunError": "errors",
    "Scenario": "scenario",
    "SiteServices": "simulate.siteservices",
    "StudyComparison": "sweep.comparing",
    "StudyResults": "sweep.opened",
    "SweepPlan": "sweep.planning",
    "answer": "report.plain",
    "capacity": "simulate.capacity",
    "compare": "report.compare",
    "compare_measured": "report.measured",
    "compare_studies": "sweep.comparing",
    "constellation_shells": "catalog.shells",
    "explain": "simulate.explain",
    "in_service": "catalog.elements",
    "load_elements": "catalog.elements",
    "load_geodata": "catalog.geodata",
    "load_scenario": "scenario",
    "network_at": "simulate.networksnapshot",
    "open_run": "results.opened",
    "open_study": "sweep.opened",
    "paths": "simulate.pathquery",
    "plan": "simulate.run",
    "read_measurements": "catalog.measurements",
    "resilience": "simulate.resilience",
    "run": "simulate.run",
    "site_services": "simulate.siteservices",
    "sweep_plan": "sweep.planning",
    "sweep_run": "sweep.running",
    "validate": "simulate.checking",
    "write_report": "report.html",
    "write_resilience": "report.resilience",
    "write_study_report": "sweep.reading",
}

__version__: str

__all__ = [
    "Answer",
    "BentpipeError",
    "Capacity",
    "Comparison",
    "Explanation",
    "InputError",
    "Links",
    "MeasuredComparison",
    "Measurements",
    "NetworkSnapshot",
    "PathsFound",
    "Plan",
    "Policy",
    "Resilience",
    "Run",
    "RunError",
    "Scenario",
    "SiteServices",
    "StudyComparison",
    "StudyResults",
    "SweepPlan",
    "__version__",
    "answer",
    "capacity",
    "compare",
    "compare_measured",
    "compare_studies",
    "constellation_shells",
    "explain",
    "in_service",
    "load_elements",
    "load_geodata",
    "load_scenario",
    "network_at",
    "open_run",
    "open_study",
    "paths",
    "plan",
    "read_measurements",
    "resilience",
    "run",
    "site_services",
    "sweep_plan",
    "sweep_run",
    "validate",
    "write_report",
    "write_resilience",
    "write_study_report",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("bentpipe")
    if name in _HOMES:
        return getattr(importlib.import_module(f"bentpipe.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'bentpipe' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
