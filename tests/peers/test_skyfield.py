"""Look angles from the ground, beside Skyfield's (IAU 2000A nutation, WGS 84)."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bentpipe.earth import east_north_up, geodetic_to_ecef, load_earth_orientation, to_unix_s
from bentpipe.orbit import Sgp4Elements, earth_fixed_positions

skyfield_api = pytest.importorskip("skyfield.api", reason="Skyfield is not installed")

Floats = npt.NDArray[np.float64]
SITES = ((50.45, 30.52, 180.0), (-33.9, 151.2, 20.0), (69.65, 18.96, 10.0), (0.0, -78.5, 2_850.0))


def records_of(lines: list[str], every: int) -> list[object]:
    from sgp4.api import Satrec

    starts = range(0, len(lines) - 2, 3 * every)
    return [Satrec.twoline2rv(lines[k + 1], lines[k + 2]) for k in starts]


def made_up(epoch_days: float) -> list[object]:
    """Records at 350 to 1,200 km and every inclination, without any file."""
    from sgp4.api import WGS72, Satrec

    rng = np.random.default_rng(11)
    found = []
    for n in range(60):
        record = Satrec()
        motion = rng.uniform(13.2, 15.7) * 2.0 * np.pi / 1440.0
        angles = rng.uniform(0.0, 6.28, 3)
        inclination = np.radians(rng.uniform(30.0, 98.0))
        record.sgp4init(
            WGS72, "i", n, epoch_days, 1e-4, 0, 0, 1e-3, angles[0], inclination, angles[1], motion, angles[2]
        )
        found.append(record)
    return found


def columns(records: list[object]) -> Sgp4Elements:
    def column(name: str) -> Floats:
        return np.array([getattr(record, name) for record in records])

    epoch = (column("jdsatepoch") - 2_440_587.5 + column("jdsatepochF")) * 86_400.0
    names = ("bstar", "ndot", "nddot", "ecco", "argpo", "inclo", "mo", "no_kozai", "nodeo")
    number = np.arange(len(records), dtype=np.int64)
    return Sgp4Elements(number, epoch, *(column(name) for name in names))


def compare(records: list[object], unix_s: Floats) -> tuple[float, float, int]:
    """Largest difference in angle (degrees) and position (m) above the horizon, and the count of looks."""
    ut1 = load_earth_orientation().ut1_minus_utc(unix_s)
    positions = earth_fixed_positions(columns(records), unix_s, ut1)
    # Leap seconds are 37 since 2017; delta T = 32.184 s + 37 s - (UT1-UTC).
    timescale = skyfield_api.load.timescale(delta_t=69.184 - float(ut1.mean()))
    times = timescale.tai_jd((unix_s + 37.0) / 86_400.0 + 2_440_587.5)
    angle, apart, count = 0.0, 0.0, 0
    for lat, lon, height in SITES:
        basis, place = east_north_up(lat, lon), geodetic_to_ecef(lat, lon, height)
        site = skyfield_api.wgs84.latlon(lat, lon, elevation_m=height)
        for n, record in enumerate(records):
            satellite = skyfield_api.EarthSatellite.from_satrec(record, timescale)
            alt, az, distance = (satellite - site).at(times).altaz()
            elevation, azimuth = alt.radians, az.radians
            theirs = distance.m * np.array(
                [np.cos(elevation) * np.sin(azimuth), np.cos(elevation) * np.cos(azimuth), np.sin(elevation)]
            )
            ours = basis @ (positions[:, :, n] - place).T
            seen = theirs[2] > 0.0
            if not seen.any():
                continue
            gap = np.linalg.norm(np.cross(ours, theirs, axis=0), axis=0)
            off = np.arcsin(gap / np.linalg.norm(ours, axis=0) / np.linalg.norm(theirs, axis=0))
            angle = max(angle, float(np.degrees(off[seen].max())))
            apart = max(apart, float(np.linalg.norm(ours - theirs, axis=0)[seen].max()))
            count += int(seen.sum())
    return angle, apart, count


def test_made_up_satellites() -> None:
    unix_s = to_unix_s("2024-07-16T00:00:12") + 97.0 * np.arange(120)
    angle, apart, count = compare(made_up(27_225.0), unix_s)
    assert count > 1_000
    assert angle < 0.002
    assert apart < 12.0


@pytest.mark.parametrize(
    "name",
    ["starlink_2021-11-17_n1716", "starlink_2024-07-16_n6226", "starlink_2026-08-21_n10744"],
)
def test_real_element_sets(shared: Path, name: str) -> None:
    path = shared / "data" / "elements" / f"{name}.tle.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    records = records_of(gzip.decompress(path.read_bytes()).decode().splitlines(), every=50)
    unix_s = to_unix_s(f"{name.split('_')[1]}T12:00:00") + 97.0 * np.arange(60)
    angle, apart, count = compare(records, unix_s)
    print(f"{name}: {count} looks, {angle:.4f} degrees, {apart:.1f} m")
    assert count > 200
    assert angle < 0.01
    assert apart < 25.0
