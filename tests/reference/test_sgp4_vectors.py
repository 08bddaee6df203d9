"""The verification vectors of SGP4, through our own columns, epochs and time scale.

Source: D. A. Vallado et al., "Revisiting Spacetrack Report #3", AIAA 2006-6753: SGP4-VER.TLE and tcppver.out,
as the ``sgp4`` wheel carries them. An epoch in Unix seconds is rounded to 0.24 us, 2 mm along the track.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from bentpipe.orbit import Sgp4Elements
from bentpipe.orbit.sgp4records import sgp4_records, states_at

ERROR_TEST_CASES = {"33333", "33334"}
"""Made-up element sets that must fail at once or after a while."""


def read(name: str) -> list[str]:
    place = files("sgp4").joinpath(name)
    if not place.is_file():
        pytest.skip(f"the installed sgp4 does not carry {name}")
    return place.read_text(encoding="ascii").splitlines()


def element_sets() -> dict[str, Sgp4Elements]:
    from sgp4.api import Satrec

    lines = [line for line in read("SGP4-VER.TLE") if line[:2] in ("1 ", "2 ")]
    found = {}
    for one, two in zip(lines[::2], lines[1::2], strict=True):
        s = Satrec.twoline2rv(one, two[:69])
        epoch_s = (s.jdsatepoch - 2_440_587.5) * 86_400.0 + s.jdsatepochF * 86_400.0
        row = (epoch_s, s.bstar, s.ndot, s.nddot, s.ecco, s.argpo, s.inclo, s.mo, s.no_kozai, s.nodeo)
        columns = [np.array([value]) for value in row]
        found[one[2:7].strip().lstrip("0")] = Sgp4Elements(np.array([10**9]), *columns)
    return found


def vectors() -> dict[str, np.ndarray]:
    """Rows of minutes since the epoch, x, y, z (km) and velocity (km/s), by catalogue number."""
    found: dict[str, list[list[float]]] = {}
    number = ""
    for line in read("tcppver.out"):
        if line.endswith("xx"):
            number = line.split()[0]
            found.setdefault(number, [])
        elif line.strip():
            found[number].append([float(word) for word in line.split()[:7]])
    return {name: np.array(rows) for name, rows in found.items()}


def test_every_vector() -> None:
    sets, expected = element_sets(), vectors()
    tried, worst = 0, 0.0
    for number in sorted(set(sets) - ERROR_TEST_CASES):
        rows = expected[number]
        times = sets[number].epoch_unix_s[0] + 60.0 * rows[:, 0]
        position, velocity, refused = states_at(sgp4_records(sets[number]), times)
        fine = refused[0] == 0
        # 28872 decays within its span, and prints the states up to there.
        assert fine.all() or number == "28872", number
        error = 1e3 * np.linalg.norm(position[0] - rows[:, 1:4], axis=1)[fine]
        speed = 1e3 * np.linalg.norm(velocity[0] - rows[:, 4:7], axis=1)[fine]
        assert error.max() < 0.01, number
        assert speed.max() < 1e-5, number
        tried, worst = tried + int(fine.sum()), max(worst, float(error.max()))
    assert tried == 661
    print(f"{tried} vectors, worst {worst * 1e3:.1f} mm")


@pytest.mark.parametrize("number", sorted(ERROR_TEST_CASES))
def test_sets_that_must_fail(number: str) -> None:
    elements = element_sets()[number]
    _, _, refused = states_at(sgp4_records(elements), elements.epoch_unix_s[0] + 60.0 * np.arange(0.0, 1500.0, 5.0))
    assert refused.any()
