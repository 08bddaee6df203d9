"""How large a run's arrays are: prepared once for each form that a study's runs take, not once for each run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bentpipe.scenario import Scenario
from bentpipe.scenario.files import file_content
from bentpipe.slots import SlotClock, block_length

if TYPE_CHECKING:
    from bentpipe.simulate.prepare import Prepared

#: Parts of a scenario that decide how many cells, sites, gateways, events and paths there are.
_PARTS = ("territory", "sites", "gateways", "pops", "paths", "traffic", "services")
_FILES = ("sites_file", "gateways_file", "people.cells_file", "traffic.matrix_file", "territory.polygon")


@dataclass(frozen=True)
class Shape:
    """Sizes of a run.

    Parameters
    ----------
    sizes : mapping
        Length of each dimension but ``slot``.
    length : int
        Slots of a block.
    satellites : int
        Satellites of the fleet.
    """

    sizes: Mapping[str, int]
    length: int
    satellites: int

    @property
    def places(self) -> int:
        """Cells and sites."""
        return self.sizes["cell"] + self.sizes["site"]


def slots_of(scenario: Scenario) -> range:
    """Absolute slots of a scenario."""
    from bentpipe.earth import to_unix_s

    clock = SlotClock(scenario.time.slot_s, scenario.time.slot_offset_s)
    return clock.starting_from(float(to_unix_s(scenario.time.start)), scenario.time.duration_s)


@dataclass
class Shapes:
    """Sizes of scenarios, found once for each form.

    Parameters
    ----------
    known : dict
        By signature.
    """

    known: dict[str, Shape] = field(default_factory=dict)
    _files: dict[tuple[str, float, int], str] = field(default_factory=dict)

    def of(self, scenario: Scenario) -> Shape:
        """Give the sizes of a scenario.

        Parameters
        ----------
        scenario : Scenario

        Returns
        -------
        Shape

        Raises
        ------
        InputError
            Where the scenario cannot be prepared.
        """
        key = self.signature(scenario)
        if key not in self.known:
            from bentpipe.simulate.prepare import prepare

            self.known[key] = shape_of(prepare(scenario, seeds=1))
        return self.known[key]

    def signature(self, scenario: Scenario) -> str:
        """Hash of what decides the sizes."""
        plain = scenario.portable()
        parts: dict[str, Any] = {key: plain.get(key) for key in _PARTS}
        parts["events"] = len(scenario.disruptions)
        if "all" in scenario.services.judge:  # which services can be judged hangs on the rates
            parts["rates"] = [plain.get(key) for key in ("policies", "radio", "constellation")]
        if scenario.lasers is not None:  # the satellites count towards the length of a block
            parts["fleet"] = [plain.get("constellation"), plain.get("lasers"), str(scenario.satellites_on())]
        named = scenario.files()
        wanted = (*_FILES, "constellation.elements") if scenario.lasers is not None else _FILES
        parts["files"] = {
            role: self.file_hash(path) for role, path in named.items() if role in wanted or "track" in role
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()

    def file_hash(self, path: Any) -> str:
        """SHA-256 of a file, found once as long as it is not changed."""
        if path.is_dir():
            return hashlib.sha256(file_content(path)).hexdigest()
        stat = path.stat()
        key = (str(path), stat.st_mtime, stat.st_size)
        if key not in self._files:
            self._files[key] = hashlib.sha256(file_content(path)).hexdigest()
        return self._files[key]


def shape_of(prepared: Prepared) -> Shape:
    """Sizes of a prepared run."""
    from bentpipe.simulate.run import run_sizes

    return Shape(run_sizes(prepared), block_length(prepared.block_values), len(prepared.fleet.up))
