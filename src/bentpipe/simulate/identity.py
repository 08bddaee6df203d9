"""What a run is made of, as one hash: scenario, data, versions, our source, the policy's source."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bentpipe.scenario.files import file_content

if TYPE_CHECKING:  # what it imports takes long to load
    from bentpipe.simulate.prepare import Prepared

_PACKAGES = ("h3", "numba", "numpy", "sgp4")
#: Parts of the package on which results do not depend.
_APART = ("cli", "globe", "report", "sweep")


@functools.cache
def source_digest() -> str:
    """SHA-256 of the source and data on which results depend.

    Returns
    -------
    str
        Hexadecimal.
    """
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        part = path.relative_to(root)
        if path.is_file() and part.parts[0] not in _APART and path.suffix != ".pyc" and part.parts[-1] != "py.typed":
            digest.update(str(part.as_posix()).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Versions of what the results rest on.

    Returns
    -------
    dict of str to str
    """
    found = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), "machine": platform.machine(), **found}


def input_files(prepared: Prepared) -> dict[str, str]:
    """SHA-256 of every file that the scenario names, by role.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    dict of str to str
    """
    named = prepared.scenario.files()
    return {role: hashlib.sha256(file_content(path)).hexdigest() for role, path in named.items()}


def run_identity(prepared: Prepared) -> str:
    """Identity of a run: two runs with the same one have the same results.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    content: dict[str, Any] = {
        "scenario": prepared.scenario.portable(),
        "files": input_files(prepared),
        "versions": versions(),
        "source": source_digest(),
        "policy": prepared.policy.identity(),
        "topology": prepared.lasers.topology.identity() if prepared.lasers else "",
        "routing": prepared.paths.routing.identity() if prepared.paths else "",
        "seeds": [p.seed for p in prepared.people],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
