"""People by region against official totals.

Reference: State Statistics Service of Ukraine, present population on 1 January 2022, 25 units; Crimea and
Sevastopol on 1 January 2014. Recalled figures (their sum without the last two, 41,167,335, is the published one).
"""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.catalog.geodata import load_geodata

OFFICIAL = {
    "UA-05": 1509515, "UA-07": 1021356, "UA-09": 2102921, "UA-12": 3096485, "UA-14": 4059372, "UA-18": 1179032,
    "UA-21": 1244476, "UA-23": 1638462, "UA-26": 1351822, "UA-30": 2952301, "UA-32": 1795079, "UA-35": 903712,
    "UA-40": 385900, "UA-43": 1967200, "UA-46": 2478133, "UA-48": 1091821, "UA-51": 2351392, "UA-53": 1352283,
    "UA-56": 1141784, "UA-59": 1035772, "UA-61": 1021713, "UA-63": 2598961, "UA-65": 1001598, "UA-68": 1228829,
    "UA-71": 1160744, "UA-74": 959315, "UA-77": 890457,
}  # fmt: skip


def test_official_sum() -> None:
    assert sum(OFFICIAL.values()) - OFFICIAL["UA-40"] - OFFICIAL["UA-43"] == 41_167_335


@pytest.mark.parametrize("resolution", [4, 5])
def test_share_of_people_in_the_wrong_region_without_calibration(resolution: int) -> None:
    geodata = load_geodata()
    cells = geodata.cells(resolution, country="UKR")
    official = np.array([OFFICIAL[code] for code in cells.region_codes], float)
    found = np.bincount(cells.region, geodata.population(cells, official.sum()), len(official))
    wrong = np.abs(found - official).sum() / 2 / official.sum()
    median = np.median(np.abs(found - official) / official)
    assert wrong < 0.08  # 7.0 % at resolution 5
    assert median < 0.15  # 12.9 %


def test_calibrated_regions_are_exact() -> None:
    geodata = load_geodata()
    cells = geodata.cells(5, country="UKR")
    people = geodata.population(cells, region_totals=OFFICIAL)
    found = np.bincount(cells.region, people, len(cells.region_codes))
    np.testing.assert_allclose(found, [OFFICIAL[code] for code in cells.region_codes], rtol=1e-9)
    kyiv = cells.region_codes.index("UA-30")
    shares = np.sort(people[cells.region == kyiv])[::-1] / OFFICIAL["UA-30"]
    assert 0.2 < shares[0] < 0.6  # a cell of 253 km2 of a city of 839 km2
    assert shares[1] > 0.1


def test_land_area() -> None:
    # World 148.94, Antarctica with its ice shelves 14.2 million km2 (CIA World Factbook); ours has no ice shelves.
    geodata = load_geodata()
    area = geodata.territories.region_area_m2
    outside = area.sum() - area[geodata.region_numbers("ATA")].sum()
    assert outside == pytest.approx((148.94 - 14.2) * 1e12, rel=0.005)
    cells = geodata.cells(3, world=True)
    assert cells.area_m2.sum() == pytest.approx(510.065e12, rel=2e-3)
    assert cells.area_m2[cells.land].sum() == pytest.approx(area.sum(), rel=0.005)
