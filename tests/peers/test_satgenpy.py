"""The same round trips as Hypatia's own code, for a constellation and a time that are not in the reference set.

satgenpy 0.4.0 (``pip install bentpipe[hypatia]``) makes the element sets and +Grid, and measures links with PyEphem;
SciPy finds the paths. Tolerance 2 us, as for the reference set: PyEphem's positions are four millionths larger.
"""

from __future__ import annotations

import contextlib
import io
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import bentpipe

satgen = pytest.importorskip("satgen", reason="satgenpy is not installed: pip install bentpipe[hypatia]")

PLANES, PER_PLANE, SECONDS = 34, 34, 1000
LONGEST_USER_M = math.hypot(630e3 / math.tan(math.radians(30.0)), 630e3)
CITIES = (
    ("tokyo", 35.6895, 139.69171), ("delhi", 28.66667, 77.21667), ("sao-paulo", -23.5475, -46.63611),
    ("new-york", 40.71427, -74.00597), ("lagos", 6.45407, 3.39467), ("london", 51.50853, -0.12574),
    ("sydney", -33.86785, 151.20732), ("bogota", 4.60971, -74.08175),
)  # fmt: skip
SCENARIO = """
schema = 1
name = "kuiper"
[time]
start = 2000-01-01T00:16:40Z
duration = "15s"
slot_offset_s = 10
[constellation]
source = "elements"
elements = "tles.txt"
in_service = "all"
[satellite]
steering_deg = 90
[territory]
sites = true
[access]
era = 2022-01-01
[policies]
sharing = "none"
[dishes.station]
minimum_elevation_deg = 0
field_of_view_deg = 180
tilt_deg = 0
gso_avoidance_deg = 0
maximum_range_km = {range_km}
[lasers]
equipped = "all"
acquisition = "0s"
hop_ms = 0
[paths]
all_sites = true
"""


def by_satgenpy(folder: Path) -> npt.NDArray[np.float64]:
    """Round trips of all pairs, ms; NaN where there is no path."""
    from astropy import units
    from satgen import distance_tools
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    count, ends = PLANES * PER_PLANE, len(CITIES)
    with contextlib.redirect_stdout(io.StringIO()):
        satgen.generate_tles_from_scratch_manual(
            str(folder / "tles.txt"), "Kuiper-630", PLANES, PER_PLANE, True, 51.9, 1e-7, 0.0, 14.80
        )
        satgen.generate_plus_grid_isls(str(folder / "isls.txt"), PLANES, PER_PLANE, isl_shift=0, idx_offset=0)
        rows = (f"{i},{name},{lat},{lon},0\n" for i, (name, lat, lon) in enumerate(CITIES))
        (folder / "basic.txt").write_text("".join(rows))
        satgen.extend_ground_stations(str(folder / "basic.txt"), str(folder / "ground.txt"))
    tles = satgen.read_tles(str(folder / "tles.txt"))
    when = str(tles["epoch"]), str(tles["epoch"] + SECONDS * units.s)
    links: list[tuple[int, int, float]] = []
    for a, b in satgen.read_isls(str(folder / "isls.txt"), count):
        length = distance_tools.distance_m_between_satellites(tles["satellites"][a], tles["satellites"][b], *when)
        links += [(a, b, length), (b, a, length)]
    for station in satgen.read_ground_stations_extended(str(folder / "ground.txt")):
        for s, satellite in enumerate(tles["satellites"]):
            length = distance_tools.distance_m_ground_station_to_satellite(station, satellite, *when)
            if length <= LONGEST_USER_M:
                # Up from one node and down to another: ground stations do not relay.
                links += [(count + station["gid"], s, length), (s, count + ends + station["gid"], length)]
    start, stop, length_m = zip(*links, strict=True)
    graph = coo_array((length_m, (start, stop)), shape=(count + 2 * ends,) * 2).tocsr()
    found = dijkstra(graph, indices=np.arange(count, count + ends))[:, count + ends :]
    return np.where(np.isfinite(found), found + found.T, np.nan) / 299_792_458.0 * 1e3


def test_another_constellation_at_another_time_has_hypatias_round_trips(tmp_path: Path) -> None:
    expected = by_satgenpy(tmp_path)
    sites = "".join(
        f'[[sites]]\nid = "{name}"\nname = "{name}"\nlatitude_deg = {lat}\nlongitude_deg = {lon}\ndish = "station"\n'
        for name, lat, lon in CITIES
    )
    (tmp_path / "kuiper.toml").write_text(SCENARIO.format(range_km=LONGEST_USER_M / 1e3) + sites)
    run = bentpipe.run(tmp_path / "kuiper.toml", out=tmp_path / "run")
    names = [name for name, *_ in CITIES]
    a, b = ([names.index(end) for end in run.dataset[f"path_{side}"].values] for side in ("from", "to"))
    rtt_ms = 1e3 * run.dataset["path_rtt_s"].values[0]
    assert len(rtt_ms) == 28 and (np.isnan(rtt_ms) == np.isnan(expected[a, b])).all()
    np.testing.assert_allclose(rtt_ms, expected[a, b], atol=2e-3, rtol=0.0)
