"""Gateways and points of presence of a run, with the fibre between them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.geodata import load_geodata
from bentpipe.earth import east_north_up, geodetic_to_ecef, great_circle_m
from bentpipe.errors import Fault, ScenarioError
from bentpipe.geometry.places import Places, make_places
from bentpipe.scenario import WORLD_ASSUMED, Gateway, Pop, Scenario
from bentpipe.scenario.operators import gateway_defaults
from bentpipe.simulate.timeline import to_s

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ground:
    """G gateways and their points of presence.

    Parameters
    ----------
    id, name, pop : tuple of str
        Of each gateway; `pop` is the id of its point of presence.
    latitude_deg, longitude_deg : (G,) float64
        Degrees.
    antennas : (G,) int64
        Antennas for the territory: all but those that carry neighbours.
    fibre_route_m : (G, O) float64
        Length of the fibre route to each point of presence, m.
    home : (G,) int64
        Index of each gateway's own point of presence.
    pops : tuple of Pop
        O points of presence.
    available_from_s : (G,) float64
        Unix time from which it is in service, s.
    region : (G,) str
        ISO 3166-2 code of the region that each gateway stands in, whose power cuts concern it; "" at sea.
    country : (G,) str
        ISO 3166-1 alpha-3 code of its country, as regions go in a world scenario; "" at sea.
    power_backup_s : (G,) float64
        How long it runs without mains power, s.
    places : Places
        The gateways as places that look at the sky.
    warnings : tuple of str
        What a user should know.
    """

    id: tuple[str, ...]
    name: tuple[str, ...]
    pop: tuple[str, ...]
    latitude_deg: FloatArray
    longitude_deg: FloatArray
    antennas: npt.NDArray[np.int64]
    fibre_route_m: FloatArray
    home: npt.NDArray[np.int64]
    pops: tuple[Pop, ...]
    available_from_s: FloatArray
    region: npt.NDArray[np.str_]
    country: npt.NDArray[np.str_]
    power_backup_s: FloatArray
    places: Places
    warnings: tuple[str, ...]

    @cached_property
    def up(self) -> FloatArray:
        """Unit vectors up at the gateways, (G, 3) float64."""
        return np.ascontiguousarray(self.places.east_north_up[:, 6:])

    def standing_in(self, codes: Collection[str]) -> npt.NDArray[np.bool_]:
        """Gateways that stand in one of these regions or countries, (G,) bool."""
        wanted = [code for code in codes if code]
        return np.isin(self.region, wanted) | np.isin(self.country, wanted)


def listed_ground(scenario: Scenario) -> tuple[tuple[Gateway, ...], tuple[Pop, ...], tuple[str, ...]]:
    """Gateways and points of presence: from the scenario, a file, or the assumed world list.

    Parameters
    ----------
    scenario : Scenario
        What to simulate.

    Returns
    -------
    gateways, pops : tuple of Gateway, tuple of Pop
    warnings : tuple of str
        What a user should know.
    """
    own = gateway_defaults(scenario.constellation.operator)
    if isinstance(scenario.gateways, str):
        from bentpipe.catalog.ground import world_assumed_gateways

        assert scenario.gateways == WORLD_ASSUMED
        assumed = world_assumed_gateways(load_geodata())
        gateways = tuple(
            Gateway(
                **{
                    "id": g.id,
                    "name": g.name,
                    "latitude_deg": g.latitude_deg,
                    "longitude_deg": g.longitude_deg,
                    "antennas": g.antennas,
                    "minimum_elevation_deg": g.minimum_elevation_deg,
                    "pop": g.pop,
                    **own,
                }
            )
            for g in assumed.gateways
        )
        pops = tuple(
            Pop(id=p.id, name=p.name, latitude_deg=p.latitude_deg, longitude_deg=p.longitude_deg) for p in assumed.pops
        )
        return gateways, pops, (f"all {len(gateways)} gateways are assumed, by rule: no open list exists",)
    if scenario.gateways_file is not None:
        from bentpipe.catalog.sitelists import load_gateways

        listed = tuple(Gateway(**{**own, **row}) for row in load_gateways(scenario.gateways_file, scenario.pops))
        return listed, scenario.pops, ()
    return scenario.gateways, scenario.pops, ()


def make_ground(scenario: Scenario) -> Ground:
    """Build the ground segment that a scenario names.

    Parameters
    ----------
    scenario : Scenario
        What to simulate.

    Returns
    -------
    Ground

    Raises
    ------
    ScenarioError
        Where a gateway leads to a point of presence that is not given.
    """
    gateways, pops, warnings = listed_ground(scenario)
    late = [g for g in gateways if g.available_from is not None and g.available_from >= scenario.time.end]
    if late:
        shown = ", ".join(f"{g.id} ({g.available_from:%Y-%m-%d})" for g in late[:5]) + (
            ", ..." if len(late) > 5 else ""
        )
        what = "no gateway is" if len(late) == len(gateways) else f"{len(late)} of {len(gateways)} gateways are not"
        warnings = (*warnings, f"{what} in service before the run ends: {shown}")
    lat = np.array([g.latitude_deg for g in gateways], np.float64)
    lon = np.array([g.longitude_deg for g in gateways], np.float64)
    number = {pop.id: i for i, pop in enumerate(pops)}
    unknown = [g for g in gateways if g.pop not in number]
    if unknown:
        raise ScenarioError(
            *(
                Fault("no such point of presence", scenario.where(f"gateways.{g.id}.pop"), g.pop, ", ".join(number))
                for g in unknown
            )
        )
    plat = np.array([p.latitude_deg for p in pops], np.float64)
    plon = np.array([p.longitude_deg for p in pops], np.float64)
    region = tuple(load_geodata().region_at(lat, lon)) if len(lat) else ()
    route = np.asarray(great_circle_m(lat[:, None], lon[:, None], plat[None, :], plon[None, :]), np.float64)
    return Ground(
        tuple(g.id for g in gateways),
        tuple(g.name for g in gateways),
        tuple(g.pop for g in gateways),
        lat,
        lon,
        np.array([max(0, g.antennas - g.background_antennas) for g in gateways], np.int64),
        route.reshape(len(gateways), len(pops)) * scenario.fibre.route_factor,
        np.array([number[g.pop] for g in gateways], np.int64),
        pops,
        np.array(
            [-np.inf if g.available_from is None else float(to_s(g.available_from)) for g in gateways], np.float64
        ),
        np.array(region, np.str_),
        _countries(region),
        np.array([3600.0 * g.power_backup_hours for g in gateways], np.float64),
        make_places(
            geodetic_to_ecef(lat, lon, 0.0).reshape(-1, 3),
            east_north_up(lat, lon).reshape(-1, 3, 3),
            np.array([g.minimum_elevation_deg for g in gateways], np.float64),
            np.array([g.gso_avoidance_deg for g in gateways], np.float64),
        ),
        warnings,
    )


def _countries(codes: tuple[str, ...]) -> npt.NDArray[np.str_]:
    """ISO 3166-1 alpha-3 code of the country of each region; "" at sea."""
    table = load_geodata().territories
    of = dict(zip(table.region_code, table.region_country.tolist(), strict=True))
    return np.array([table.countries[of[code]].iso3 if code else "" for code in codes], np.str_)
