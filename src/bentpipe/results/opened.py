"""A finished or unfinished run, opened for reading."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bentpipe.errors import Fault, StoreError, UnknownNameError
from bentpipe.results.soundness import check_store, mend, read_manifest

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Run:
    """A run in its folder.

    Parameters
    ----------
    path : pathlib.Path
        Folder.
    manifest : dict
        What was run, from which data, with which assumptions.
    """

    path: Path
    manifest: dict[str, Any]

    @property
    def complete(self) -> bool:
        """Whether every block is there."""
        return bool(self.manifest["complete"])

    @cached_property
    def dataset(self) -> xarray.Dataset:
        """All variables as one lazy `xarray.Dataset`; see ``variables.csv`` for names, dimensions and units."""
        import numpy as np
        import xarray

        from bentpipe.slots import SlotClock

        grid = self.manifest["grid"]
        whole = xarray.open_zarr(str(self.path / "results.zarr"), consolidated=False, chunks=None, mask_and_scale=False)
        skip = grid["start"] - grid["origin"]
        slots = np.arange(grid["start"], grid["stop"], dtype=np.int64)
        data = whole.isel(slot=slice(skip, skip + len(slots)))
        names = self._names()
        clock = SlotClock(grid["interval_s"], grid["offset_s"])
        along = {
            name: (dim, np.array(values, dtype=np.str_)) for dim, part in names.items() for name, values in part.items()
        }
        data = data.assign_coords(
            slot=("slot", slots), time=("slot", clock.start_utc(slots).astype("datetime64[ns]")), **along
        )
        places = ("latitude_deg", "longitude_deg", "region_of_cell", "area_m2", "catalog_number", "_slot", "_index")
        data = data.set_coords([n for n in data.data_vars if "slot" not in data[n].dims and str(n).endswith(places)])
        labelled: xarray.Dataset = data.assign_attrs(
            title=self.manifest["title"],
            identity=self.manifest["identity"],
            users_per_terminal=self.manifest["users_per_terminal"],
            slot_s=grid["interval_s"],
            note="simulated; not live status",
        )
        return labelled

    def _names(self) -> dict[str, dict[str, list[str]]]:
        """Text along each dimension."""
        path = self.path / "inputs" / "names.json"
        try:
            found: dict[str, dict[str, list[str]]] = json.loads(path.read_text(encoding="utf-8"))
            return {dim: dict(part) for dim, part in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            what = "the names of the run's cells, sites and regions cannot be read"
            raise StoreError(Fault(what, str(path), remedy=mend(self.path))) from None


def find_run(path_or_name: str | Path, root: str | Path = "runs") -> Path:
    """Folder of a run, given by folder or by name; the case of a name is ignored.

    Parameters
    ----------
    path_or_name : str or pathlib.Path
        Folder, or name of a folder within `root`.
    root : str or pathlib.Path
        Where runs lie.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    UnknownNameError
        Where there is no such run; the message lists those that there are.
    """
    direct = Path(path_or_name)
    if (direct / "manifest.json").is_file():
        return direct
    base = Path(root)
    known = sorted(p.parent for p in base.glob("*/manifest.json")) if base.is_dir() else []
    for folder in known:
        if folder.name.lower() == str(path_or_name).lower():
            return folder
    raise UnknownNameError(
        Fault(
            "no such run",
            value=str(path_or_name),
            allowed="a run's folder, or one of: " + (", ".join(p.name for p in known) or f"(none in {base}/)"),
            remedy="make one with: bentpipe run SCENARIO",
        )
    )


def open_run(path_or_name: str | Path, *, verify: bool = False) -> Run:
    """Open a run.

    Parameters
    ----------
    path_or_name : str or pathlib.Path
        Folder of the run, or its name within ``runs/``.
    verify : bool
        Compare the checksums of all that is stored. Otherwise a chunk that is there but damaged shows only when it
        is read, as an error of the storage library.

    Returns
    -------
    Run

    Raises
    ------
    UnknownNameError
        Where there is no such run.
    StoreError
        Where the manifest, a variable or a chunk of a committed block is missing or damaged.
    """
    folder = find_run(path_or_name)
    manifest = read_manifest(folder)
    check_store(folder, manifest, verify)
    return Run(folder, manifest)
