"""Lengths of the inter-satellite links of Hypatia's Starlink shell, from its own element sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bentpipe.earth import to_unix_s
from bentpipe.orbit import Sgp4Elements, earth_fixed_positions


def test_link_lengths(shared: Path) -> None:
    """Within 14 m: Hypatia runs SGP4 of older constants, scaled to another radius (its reference notes)."""
    from sgp4.api import Satrec

    folder = shared / "reference" / "hypatia-starlink-550"
    if not folder.is_dir():
        pytest.skip("Hypatia's reference is not there")
    lines = (folder / "tles.txt").read_text().splitlines()[1:]
    records = [Satrec.twoline2rv(lines[k + 1], lines[k + 2]) for k in range(0, len(lines), 3)]
    zero = np.zeros(len(records))
    elements = Sgp4Elements(
        catalog_number=np.arange(len(records)),
        epoch_unix_s=zero + to_unix_s("2000-01-01"),
        bstar=zero,
        ndot=zero,
        nddot=zero,
        ecco=np.array([r.ecco for r in records]),
        argpo_rad=np.array([r.argpo for r in records]),
        inclo_rad=np.array([r.inclo for r in records]),
        mo_rad=np.array([r.mo for r in records]),
        no_kozai_rad_per_min=np.array([r.no_kozai for r in records]),
        nodeo_rad=np.array([r.nodeo for r in records]),
    )
    positions = earth_fixed_positions(elements, [float(to_unix_s("2000-01-01"))])[0]
    reference = np.load(folder / "reference_t0.npz")
    a, b = reference["isl_pairs"].T
    length = np.linalg.norm(positions[:, a] - positions[:, b], axis=0)
    assert np.abs(length - reference["isl_len_m"]).max() < 14.0
