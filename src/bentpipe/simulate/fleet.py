"""The satellites of a run: from built-in shells, shells of the scenario, or an element-set file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.elements import ElementSet, age_warning, in_service, load_elements
from bentpipe.catalog.shells import constellation_shells
from bentpipe.earth import to_unix_s
from bentpipe.errors import Fault, ScenarioError
from bentpipe.network.observed import satellite_log_weights
from bentpipe.orbit import (
    CircularElements,
    Propagator,
    Sgp4Elements,
    concatenate,
    geostationary_satellite,
    walker_shell,
)
from bentpipe.scenario import Scenario
from bentpipe.scenario.operators import STARLINK

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

#: So far from its elements' orbit a satellite is no longer where it served, m: an assumption. Of the sets at hand no
#: satellite on station comes near it within a month; the short-period terms of SGP4 stay below 20 km.
ASTRAY_M = 100e3
#: First launch of which every satellite carries lasers (Group 2-1, 2021-09-14), and the polar batches before it.
FIRST_LASERS, EARLY_LASERS = "2021-082", ("2021-006", "2021-059")
#: Altitudes are counted from it, as in `ElementSet.altitude_m`: WGS 72.
_RADIUS_M = 6_378_135.0


@dataclass(frozen=True)
class Fleet:
    """N satellites.

    Parameters
    ----------
    propagator : Propagator
        Their positions.
    satellite_id : (N,) int64
        Catalogue numbers; 1, 2, ... for satellites of shells.
    name : tuple of str
        Names.
    launch : tuple of str
        Launch of each by international designator, such as "2021-082"; "" where not known.
    lasers : (N,) bool
        Carries lasers, as launched.
    up : (N,) bool
        In service.
    shell, plane : (N,) int64
        Shell and plane, counted from 0; -1 where not known.
    log_weight : (N,) float64
        See `bentpipe.network.observed.satellite_log_weights`.
    shells : tuple of (name, satellites in service)
        For people.
    source, date : str
        Where the elements come from and the date they are for.
    sha256 : str
        Of the element file; "" for shells.
    warnings : tuple of str
        What a user should know.
    """

    propagator: Propagator
    satellite_id: IntArray
    name: tuple[str, ...]
    launch: tuple[str, ...]
    lasers: npt.NDArray[np.bool_]
    up: npt.NDArray[np.bool_]
    shell: IntArray
    plane: IntArray
    log_weight: npt.NDArray[np.float64]
    shells: tuple[tuple[str, int], ...]
    source: str
    date: str
    sha256: str
    warnings: tuple[str, ...]

    @cached_property
    def passages(self) -> dict[tuple[float, float, float], FloatArray]:
        """Passages that are known already: see `bentpipe.simulate.storm.first_passages`."""
        return {}


def make_fleet(scenario: Scenario) -> Fleet:
    """Build the satellites that a scenario names.

    Parameters
    ----------
    scenario : Scenario
        What to simulate.

    Returns
    -------
    Fleet
    """
    if scenario.constellation.source == "elements":
        return _from_elements(scenario)
    return _from_shells(scenario)


def shell_planes(scenario: Scenario) -> list[int] | None:
    """Planes of each built-in shell, those without satellites included; None for satellites of another source."""
    chosen = scenario.constellation
    if chosen.source not in ("on-station", "licensed"):
        return None
    return [spec.planes for spec in constellation_shells(chosen.operator, chosen.source, scenario.satellites_on())]


def _from_elements(scenario: Scenario) -> Fleet:
    chosen = scenario.constellation
    if chosen.elements is None:
        raise ScenarioError(
            Fault("no element-set file", scenario.where("constellation.elements"), None, "a path", "name the file")
        )
    elements = load_elements(chosen.elements)
    start, end = (np.datetime64(t) for t in (scenario.time.start, scenario.time.end))
    if chosen.in_service == "auto":
        service = in_service(elements, start, chosen.include, chosen.exclude)
        up, cluster = service.mask, service.cluster.astype(np.int64)
        shells = tuple(
            (c.verdict if not c.is_shell else _shell_name(c), int((up & (cluster == i)).sum()))
            for i, c in enumerate(service.clusters)
            if c.is_shell
        )
    else:
        up = ~np.isin(elements.catalog_number, chosen.exclude)
        cluster, shells = np.full(len(elements), -1, np.int64), (("all", int(up.sum())),)
    propagator = Propagator(
        Sgp4Elements(
            elements.catalog_number,
            elements.epoch_unix_s,
            elements.bstar,
            elements.ndot,
            elements.nddot,
            elements.eccentricity,
            elements.argument_of_perigee_rad,
            elements.inclination_rad,
            elements.mean_anomaly_rad,
            elements.mean_motion_rad_per_min,
            elements.raan_rad,
        )
    )
    lost = up & _astray(propagator, elements, scenario)
    up &= ~lost
    aged = age_warning(elements, start, end)
    launch = tuple(_launch(designator) for designator in elements.designator)
    return Fleet(
        propagator,
        elements.catalog_number,
        elements.name,
        launch,
        np.array([chosen.operator != STARLINK or _with_lasers(one) for one in launch], np.bool_),
        up,
        cluster,
        np.full(len(elements), -1, np.int64),
        satellite_log_weights(elements.name),
        shells,
        f"element sets, {chosen.elements.name}",
        str(elements.median_epoch.astype("datetime64[s]")),
        elements.source.sha256,
        (
            *elements.source.notes,
            *((aged.message,) if aged else ()),
            *((_astray_message(int(lost.sum())),) if lost.any() else ()),
        ),
    )


def _astray(propagator: Propagator, elements: ElementSet, scenario: Scenario) -> npt.NDArray[np.bool_]:
    """Satellites that SGP4 refuses, or takes far from the orbit of their elements, at some time of the run."""
    start, end = (float(to_unix_s(np.datetime64(t))) for t in (scenario.time.start, scenario.time.end))
    position = propagator.earth_fixed_positions(np.linspace(start, end, 3))
    altitude_m = np.sqrt(np.square(position).sum(axis=1)) - _RADIUS_M
    off = np.abs(altitude_m - elements.altitude_m)
    swing = (elements.altitude_m + _RADIUS_M) * elements.eccentricity
    return np.asarray(~(off - swing <= ASTRAY_M).all(axis=0))


def _astray_message(count: int) -> str:
    return (
        f"{count:,} satellites are taken out of service: at the simulated time SGP4 finds them more than "
        f"{ASTRAY_M / 1e3:.0f} km above or below the orbit of their element sets, or nowhere"
    )


def _launch(designator: str) -> str:
    """Launch of an international designator, "19074A" or "2019-074A", as "2019-074"; "" where it is none."""
    found = re.fullmatch(r"(\d{4}-|\d{2})(\d{3})[A-Z]{1,3}", designator.strip().upper())
    if not found:
        return ""
    year = found[1].rstrip("-")
    century = "" if len(year) == 4 else "19" if year >= "57" else "20"
    return f"{century}{year}-{found[2]}"


def _with_lasers(launch: str) -> bool:
    """Whether the satellites of a launch carry lasers, by the operator's statements; not where it is not known."""
    return launch >= FIRST_LASERS or launch in EARLY_LASERS


def _shell_name(cluster: object) -> str:
    altitude = getattr(cluster, "altitude_km", float("nan"))
    inclination = getattr(cluster, "inclination_deg", float("nan"))
    return f"{altitude:.0f} km {inclination:.1f}°"


def _from_shells(scenario: Scenario) -> Fleet:
    chosen = scenario.constellation
    epoch = float(to_unix_s(np.datetime64(scenario.satellites_on())))
    parts: list[CircularElements] = []
    shells: list[tuple[str, int]] = []
    lasers: list[bool] = []
    if chosen.source == "shells":
        for shell in chosen.shells:
            parts.append(
                walker_shell(
                    altitude_m=1e3 * shell.altitude_km,
                    inclination_deg=shell.inclination_deg,
                    planes=shell.planes,
                    per_plane=shell.per_plane,
                    phasing=shell.phasing,
                    raan0_deg=shell.raan0_deg,
                    pattern=shell.pattern,
                    epoch_unix_s=epoch,
                )
            )
            shells.append((shell.name or f"{shell.altitude_km:g} km {shell.inclination_deg:g}°", len(parts[-1][0])))
        source = "shells of the scenario"
    elif chosen.source == "longitude":
        if chosen.longitude_deg is None:
            where = scenario.where("constellation.longitude_deg")
            raise ScenarioError(Fault("no longitude of the satellite", where, None, "degrees east", "give it"))
        parts.append(geostationary_satellite(chosen.longitude_deg, epoch))
        shells.append((f"geostationary, {chosen.longitude_deg:g}° east", 1))
        source = "one geostationary satellite, kept at its longitude"
    else:
        for spec in constellation_shells(chosen.operator, chosen.source, scenario.satellites_on()):
            whole = walker_shell(
                altitude_m=1e3 * spec.altitude_km,
                inclination_deg=spec.inclination_deg,
                planes=spec.planes,
                per_plane=spec.per_plane,
                phasing=spec.phasing,
                raan0_deg=spec.raan0_deg,
                pattern=spec.pattern,
                epoch_unix_s=epoch,
            )
            taken = spec.occupied().ravel()
            parts.append(CircularElements._make(np.ascontiguousarray(column[taken]) for column in whole))
            shells.append((spec.name, int(taken.sum())))
            lasers.append(spec.lasers)
        source = f"built-in {chosen.operator} shells, {chosen.source}"
    if not parts:
        raise ScenarioError(
            Fault("no satellites", scenario.where("constellation"), None, "one shell or more", "choose another date")
        )
    elements = concatenate(parts)
    count = len(elements.catalog_number)
    number = np.arange(1, count + 1, dtype=np.int64)
    elements = elements._replace(catalog_number=number)
    up = ~np.isin(number, chosen.exclude)
    return Fleet(
        Propagator(elements),
        number,
        tuple(f"{chosen.operator.upper()}-slot-{i}" for i in number),
        ("",) * count,
        np.repeat(lasers or [True] * len(parts), [len(p[0]) for p in parts]),
        up,
        np.repeat(np.arange(len(parts)), [len(p[0]) for p in parts]),
        elements.plane,
        np.zeros(count),
        tuple(shells),
        source,
        str(scenario.satellites_on()),
        "",
        _idealised(chosen.operator, chosen.source),
    )


def _idealised(operator: str, source: str) -> tuple[str, ...]:
    """Say what built-in satellites are not."""
    if source == "on-station":
        return ("satellite positions within the built-in shells are idealised: give --elements for the real ones",)
    if source == "licensed" and operator != "starlink":
        return (f"the satellites of {operator} are those of its filing, all of them, not those that fly",)
    return ()
