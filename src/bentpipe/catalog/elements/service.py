"""Which satellites serve: shells found in the element sets of the date, not in a list of altitudes.

Operators lower and fill their shells, so the data itself must say what a shell is. Satellites in service fly
within a kilometre or two of one altitude, spread *around* each of their planes, with the planes spread
around the globe. Satellites raising or lowering share the inclination, but fly in strings: bunched in one
part of their plane, a few planes close together, and on their way through altitudes that nobody else keeps.
Parked strings share one altitude too (Starlink: about 350 km), so altitude alone never decides; how the
satellites are spread does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bentpipe.catalog.elements import motion
from bentpipe.catalog.elements.age import When, to_utc
from bentpipe.catalog.elements.model import ElementSet
from bentpipe.errors import ElementsError, Fault

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_KM: Final = 1000.0
_DAY_S: Final = 86_400.0
#: Inclinations nearer than this may belong to one shell (inclination wanders by some 0.1 degrees over years).
_FAMILY_GAP_DEG: Final = 0.2
_SHELL_GAP_DEG: Final = 0.05
_MEMBER_INCLINATION_DEG: Final = 0.08
#: A shell's members may be this far outside its crowded altitudes: station keeping, phasing, a spare.
_MEMBER_ALTITUDE_KM: Final = 2.0
_SECTOR_DEG: Final = 5.0
_SMALLEST_CLUSTER: Final = 12
_SPREAD_SECTORS: Final = 6
#: Fewer satellites than this cannot show shells: all of them are taken to serve.
_FEWEST_TO_JUDGE: Final = 40
#: |mean exp(iu)| of a plane's satellites: 0 spread evenly around it, 1 all in one place.
_BUNCHED: Final = 0.5
_EVEN: Final = 0.3
_PASSING_KM_PER_DAY: Final = 3.0
_STALE_DAYS: Final = 14.0


class Reason(IntEnum):
    """Why a satellite is, or is not, in service."""

    ON_STATION = 1
    INCLUDED = 2
    TOO_FEW_TO_JUDGE = 3
    STRING = 10
    RAISING = 11
    LOWERING = 12
    OFF_STATION = 13
    PASSING = 14
    STALE = 15
    NOT_LAUNCHED = 16
    EXCLUDED = 17

    @property
    def serves(self) -> bool:
        """Whether a satellite with this reason is in service."""
        return self < Reason.STRING

    @property
    def text(self) -> str:
        """The reason in words."""
        return {
            Reason.ON_STATION: "on station in a shell",
            Reason.INCLUDED: "included by its catalogue number",
            Reason.TOO_FEW_TO_JUDGE: "too few satellites to tell shells from strings: taken to serve",
            Reason.STRING: "in a string: at one altitude with others, bunched in its plane",
            Reason.RAISING: "between the shells, climbing",
            Reason.LOWERING: "between the shells, descending",
            Reason.OFF_STATION: "outside every shell, altitude steady",
            Reason.PASSING: "at a shell's altitude, but passing through it",
            Reason.STALE: f"no elements within {_STALE_DAYS:g} days of the others: lost or decayed",
            Reason.NOT_LAUNCHED: "not launched by the date",
            Reason.EXCLUDED: "excluded by its catalogue number",
        }[self]


@dataclass(frozen=True)
class Cluster:
    """Satellites at one inclination and altitude, and the evidence on whether they are a shell.

    Parameters
    ----------
    inclination_deg : float
        Median inclination, degrees.
    altitude_km : float
        Median mean altitude, km above the equatorial radius.
    altitude_spread_km : float
        5th to 95th percentile of the altitude, km.
    satellites : int
        Satellites in the cluster.
    sectors : int
        Sectors of 5 degrees of right ascension (of 72) that hold a node: how far round the globe planes
        stand.
    largest_gap_deg : float
        Largest gap between nodes, degrees.
    bunching : float
        Median over the sectors of abs(mean(exp(iu))), u the argument of latitude: 0 is spread around the
        plane, 1 is bunched.
    drift_km_per_day : float
        Median of the absolute change of altitude that the elements state, km/day.
    is_shell : bool
        Whether its satellites count as in service.
    verdict : str
        Why, in words.
    """

    inclination_deg: float
    altitude_km: float
    altitude_spread_km: float
    satellites: int
    sectors: int
    largest_gap_deg: float
    bunching: float
    drift_km_per_day: float
    is_shell: bool
    verdict: str


@dataclass(frozen=True)
class InService:
    """Which of N satellites serve, and why.

    Parameters
    ----------
    mask : ndarray, bool (N,)
        True where the satellite is in service.
    reason : ndarray, uint8 (N,)
        A `Reason` for each satellite.
    cluster : ndarray, int32 (N,)
        Row of `clusters` that the satellite belongs to; -1 for none.
    clusters : tuple of Cluster
        Every cluster found, shells and strings, most satellites first.
    date : datetime64[us]
        The date asked for, UTC.
    """

    mask: Mask
    reason: NDArray[np.uint8]
    cluster: NDArray[np.int32]
    clusters: tuple[Cluster, ...]
    date: np.datetime64

    def counts(self) -> dict[Reason, int]:
        """Return the number of satellites for each reason that occurs."""
        codes, numbers = np.unique(self.reason, return_counts=True)
        return {Reason(int(code)): int(n) for code, n in zip(codes, numbers, strict=True)}

    @property
    def shells(self) -> tuple[Cluster, ...]:
        """The clusters that are shells."""
        return tuple(cluster for cluster in self.clusters if cluster.is_shell)


@dataclass(frozen=True)
class _Geometry:
    """What is judged, for N satellites at one common time: km, degrees, km/day."""

    altitude: Floats
    inclination: Floats
    node: Floats
    latitude: Floats
    drift: Floats


def in_service(
    elements: ElementSet,
    date: When | None = None,
    include: Collection[int] = (),
    exclude: Collection[int] = (),
) -> InService:
    """Find the satellites in service from the element sets themselves.

    Node and argument of latitude of every satellite are first brought to the median epoch (secular J2
    rates), where the elements are extrapolated least. Crowded mean altitudes (1 km bins) of each inclination
    make clusters. A cluster is a shell where its satellites are spread around their planes (median over
    5-degree sectors of node of abs(mean(exp(iu))) below 0.5), and either the planes stand in six sectors or
    more, or a young shell has one plane filled evenly (10 satellites or more, below 0.3); everything else is
    a string. The rules are this project's own; tests/measured holds them against counts of 2021 to 2026.

    Parameters
    ----------
    elements : ElementSet
        N satellites of one constellation; fewer than 40 cannot show shells and are all taken to serve.
    date : str, date, datetime or datetime64, optional
        The date asked about (UTC), the median epoch where not given; satellites launched in a later year do
        not serve.
    include, exclude : collection of int
        Catalogue numbers that serve, and that do not, whatever the data says.

    Returns
    -------
    InService
        Mask (N,), reasons (N,) and the clusters with their evidence.
    """
    when = elements.median_epoch if date is None else to_utc(date)
    include_rows, exclude_rows = _overrides(elements, include, exclude)
    seen = _geometry(elements)
    stale = np.abs(elements.epoch - elements.median_epoch) > np.timedelta64(int(_STALE_DAYS * _DAY_S), "s")
    reason = np.full(len(elements), Reason.OFF_STATION, dtype=np.uint8)
    owner = np.full(len(elements), -1, dtype=np.int32)
    clusters: list[Cluster] = []
    if len(elements) < _FEWEST_TO_JUDGE:
        reason[:] = Reason.TOO_FEW_TO_JUDGE
    else:
        reason[seen.drift > 0.5] = Reason.RAISING
        reason[seen.drift < -0.5] = Reason.LOWERING
        clusters = _judge(seen, ~stale, owner)
        held = owner >= 0
        shell = np.array([cluster.is_shell for cluster in clusters] + [False])[owner]
        reason[held & ~shell] = Reason.STRING
        reason[held & shell] = Reason.ON_STATION
        reason[held & shell & (np.abs(seen.drift) > _PASSING_KM_PER_DAY)] = Reason.PASSING
    reason[stale] = Reason.STALE
    reason[_launch_year(elements) > when.astype("datetime64[Y]").astype(int) + 1970] = Reason.NOT_LAUNCHED
    reason[include_rows] = Reason.INCLUDED
    reason[exclude_rows] = Reason.EXCLUDED
    return InService(reason < Reason.STRING, reason, owner, tuple(clusters), when)


def _overrides(
    elements: ElementSet, include: Collection[int], exclude: Collection[int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    row_of = {int(number): row for row, number in enumerate(elements.catalog_number)}
    faults = [
        Fault(f"catalogue number to {verb} is not in the element sets", elements.source.path, number)
        for verb, numbers in (("include", include), ("exclude", exclude))
        for number in numbers
        if number not in row_of
    ]
    faults += [
        Fault("catalogue number both included and excluded", value=number, remedy="keep one")
        for number in sorted(set(include) & set(exclude))
    ]
    if faults:
        raise ElementsError(*faults)
    rows = [np.array([row_of[int(n)] for n in numbers], dtype=np.intp) for numbers in (include, exclude)]
    return rows[0], rows[1]


def _geometry(elements: ElementSet) -> _Geometry:
    motion_now = elements.mean_motion_rad_per_min
    shape = (motion_now, elements.eccentricity, elements.inclination_rad)
    node_rate, latitude_rate = motion.secular_rates(*shape)
    wait_s = (elements.median_epoch - elements.epoch) / np.timedelta64(1_000_000, "us")
    latitude = elements.argument_of_perigee_rad + elements.mean_anomaly_rad + latitude_rate * wait_s
    axis_km = motion.semi_major_axis_m(*shape) / _KM
    return _Geometry(
        altitude=axis_km - motion.EQUATORIAL_RADIUS_M / _KM,
        inclination=np.degrees(elements.inclination_rad),
        node=np.degrees(elements.raan_rad + node_rate * wait_s) % 360.0,
        latitude=np.degrees(latitude) % 360.0,
        # da/dt = -2/3 a n'/n; the published number is half of n'
        drift=-2.0 / 3.0 * axis_km * 2.0 * elements.ndot / motion_now * 1440.0,
    )


def _launch_year(elements: ElementSet) -> NDArray[np.int64]:
    """Year of launch from the international designators; 0 where not given."""
    years = np.zeros(len(elements), dtype=np.int64)
    for row, text in enumerate(elements.designator):
        if text[:4].isdigit() and text[4:5] == "-":
            years[row] = int(text[:4])
        elif text[:2].isdigit():
            years[row] = int(text[:2]) + (1900 if int(text[:2]) >= 57 else 2000)
    return years


def _judge(seen: _Geometry, usable: Mask, owner: NDArray[np.int32]) -> list[Cluster]:
    """Find the clusters among the usable satellites and write each satellite's row into `owner`."""
    claim = np.full(len(owner), -1, dtype=np.int64)
    off_core = np.full(len(owner), np.inf)
    cores = 0
    for family in _split_at_gaps(np.flatnonzero(usable), seen.inclination, _FAMILY_GAP_DEG):
        for crowd in _crowds(family, seen.altitude):
            for core in _split_at_gaps(crowd, seen.inclination, _SHELL_GAP_DEG):
                if len(core) >= _SMALLEST_CLUSTER:
                    members, distance = _members(core, family, seen)
                    nearer = distance < off_core[members]
                    claim[members[nearer]], off_core[members[nearer]] = cores, distance[nearer]
                    cores += 1
    found = [(rows, _describe(rows, seen)) for at in range(cores) if len(rows := np.flatnonzero(claim == at))]
    found.sort(key=lambda pair: (not pair[1].is_shell, -pair[1].satellites, pair[1].altitude_km))
    for at, (rows, _) in enumerate(found):
        owner[rows] = at
    return [cluster for _, cluster in found]


def _split_at_gaps(rows: NDArray[np.intp], values: Floats, gap: float) -> list[NDArray[np.intp]]:
    order = rows[np.argsort(values[rows], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(values[order]) > gap) + 1) if len(order) else []


def _crowds(family: NDArray[np.intp], altitude: Floats) -> list[NDArray[np.intp]]:
    """Satellites of a family in runs of neighbouring crowded 1 km bins of altitude."""
    bins = np.floor(altitude[family]).astype(np.int64)
    levels, numbers = np.unique(bins, return_counts=True)
    crowded = levels[numbers >= max(5.0, 0.004 * len(family))]
    runs = np.split(crowded, np.flatnonzero(np.diff(crowded) > 1) + 1) if len(crowded) else []
    return [family[(bins >= run[0]) & (bins <= run[-1])] for run in runs]


def _members(core: NDArray[np.intp], family: NDArray[np.intp], seen: _Geometry) -> tuple[NDArray[np.intp], Floats]:
    """Rows of a core and its stragglers, near its altitudes and inclination, and how far off they are, km."""
    altitude = seen.altitude[family]
    off = np.maximum(seen.altitude[core].min() - altitude, altitude - seen.altitude[core].max()).clip(0.0)
    tilt = np.abs(seen.inclination[family] - np.median(seen.inclination[core]))
    near = (off <= _MEMBER_ALTITUDE_KM) & (tilt <= _MEMBER_INCLINATION_DEG)
    return family[near], off[near]


def _describe(members: NDArray[np.intp], seen: _Geometry) -> Cluster:
    node = np.sort(seen.node[members])
    gaps = np.diff(np.append(node, node[0] + 360.0))
    sector = _sectors(seen.node[members])
    around = np.exp(1j * np.radians(seen.latitude[members]))
    sizes = np.bincount(sector, minlength=72)
    total = np.bincount(sector, around.real, 72) + 1j * np.bincount(sector, around.imag, 72)
    told = sizes >= 4
    spread = np.abs(total[told]) / sizes[told]
    bunching = float(np.median(spread)) if told.any() else 1.0
    filled = bool(np.any((sizes[told] >= 10) & (spread < _EVEN)))
    sectors = int(np.count_nonzero(sizes))
    if bunching >= _BUNCHED:
        is_shell, verdict = False, "string: bunched within its planes"
    elif sectors >= _SPREAD_SECTORS:
        is_shell, verdict = True, "shell: spread around its planes, planes spread around the globe"
    elif filled:
        is_shell, verdict = True, "young shell: its first planes are filled evenly"
    else:
        is_shell, verdict = False, "string: few planes, none filled evenly"
    low, middle, high = np.percentile(seen.altitude[members], [5, 50, 95])
    return Cluster(
        inclination_deg=round(float(np.median(seen.inclination[members])), 3),
        altitude_km=round(float(middle), 1),
        altitude_spread_km=round(float(high - low), 2),
        satellites=len(members),
        sectors=sectors,
        largest_gap_deg=round(float(gaps.max()), 1),
        bunching=round(bunching, 2),
        drift_km_per_day=round(float(np.median(np.abs(seen.drift[members]))), 3),
        is_shell=is_shell,
        verdict=verdict,
    )


def _sectors(node: Floats) -> NDArray[np.int64]:
    """Sector of each node (N,), 0 to 71, cut so that the planes stand off the borders as far as they can."""
    middle = np.angle(np.exp(2j * np.pi * node / _SECTOR_DEG).mean()) / (2.0 * np.pi)
    sector: NDArray[np.int64] = np.floor(node / _SECTOR_DEG - middle + 0.5).astype(np.int64) % 72
    return sector
