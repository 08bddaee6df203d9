"""Random losses of a run: what may be lost, which of it a draw takes, and the world without it.

One uniform number for each satellite, gateway or plane and each draw: it is lost where that is below the share. So
what is lost at 5 % is lost at 10 %, too, and adding a satellite changes no other's fate.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, place_id, uniforms
from bentpipe.errors import Fault, InputError, UnknownNameError
from bentpipe.scenario.values import did_you_mean
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.world import World

#: What can be lost.
LOSABLE = ("satellites", "gateways", "planes", "lasers")

#: Keys that keep the draws of satellites, planes and lasers apart.
_KEYS = {"satellites": 1, "planes": 2, "lasers": 3}

FloatArray = npt.NDArray[np.float64]


def check_losable(lose: str) -> str:
    """Check the name of what is lost; upper and lower case are the same.

    Parameters
    ----------
    lose : str
        One of `LOSABLE`.

    Returns
    -------
    str

    Raises
    ------
    UnknownNameError
        If it is none.
    """
    name = str(lose).lower()
    if name not in LOSABLE:
        remedy = did_you_mean(lose, LOSABLE)
        raise UnknownNameError(Fault("nothing of this name can be lost", "lose", lose, ", ".join(LOSABLE), remedy))
    return name


def check_there(prepared: Prepared, world: World, lose: str) -> None:
    """Check that the run has what is to be lost.

    Parameters
    ----------
    prepared : Prepared
        The run.
    world : World
        Over the sampled slots.
    lose : str
        One of `LOSABLE`.

    Raises
    ------
    InputError
        Where there is none of it, or it is not known which satellites share a plane.
    """
    scenario = prepared.scenario
    if lose == "lasers" and getattr(scenario, "lasers", None) is None:
        remedy = "lose satellites, gateways or planes"
        raise InputError(Fault("the satellites of this run have no lasers", "lose", lose, remedy=remedy))
    if lose == "planes" and (prepared.fleet.plane < 0).any():
        source = scenario.constellation.source
        what = f"which satellites share a plane is not known for satellites from '{source}'"
        remedy = "lose satellites, or take built-in shells or shells of the scenario"
        raise InputError(Fault(what, "lose", lose, remedy=remedy))
    if not count_there(prepared, world, lose).any():
        what = f"no {lose[:-1]} is in service in the sampled slots"
        raise InputError(Fault(what, "lose", lose, remedy="look at the events of the run, and at its time"))


def fates(prepared: Prepared, lose: str, seed: int, draw: int) -> FloatArray:
    """Number of each satellite or gateway in a draw: it is lost where its number is below the share.

    Parameters
    ----------
    prepared : Prepared
        The run.
    lose : str
        One of `LOSABLE`.
    seed, draw : int
        Seed, and which of its draws.

    Returns
    -------
    (N,) or (G,) float64
        In (0, 1); of satellites (those of one plane alike where planes are lost) or gateways.
    """
    fleet = prepared.fleet
    if lose == "gateways":
        key = np.array([place_id(name) for name in prepared.ground.id], np.uint64)
        return uniforms(seed, Purpose.RESILIENCE, draw, 0, key)
    unit = _plane_number(prepared) if lose == "planes" else fleet.satellite_id
    return uniforms(seed, Purpose.RESILIENCE, draw, unit, _KEYS[lose])


def world_without(world: World, lose: str, lost: npt.NDArray[np.bool_]) -> World:
    """The same world with something lost throughout.

    Parameters
    ----------
    world : World
        Over T slots.
    lose : str
        One of `LOSABLE`.
    lost : (N,) or (G,) bool
        Satellites or gateways.

    Returns
    -------
    World
    """
    if lose == "gateways":
        return world._replace(antennas=np.where(lost, 0, world.antennas))
    lasers = world.laser_up & ~lost
    if lose == "lasers":
        return world._replace(laser_up=lasers)
    return world._replace(satellite_up=world.satellite_up & ~lost, laser_up=lasers)


def there_is(world: World, lose: str) -> npt.NDArray[np.bool_]:
    """Which satellites or gateways there are to lose in each slot: in service, with lasers that work; (T, N or G)."""
    if lose == "gateways":
        return world.antennas > 0
    return world.laser_up if lose == "lasers" else world.satellite_up


def count_there(
    prepared: Prepared, world: World, lose: str, lost: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.int64]:
    """How many there are in each slot, or of those lost.

    Parameters
    ----------
    prepared : Prepared
        The run.
    world : World
        Over T slots, before the loss.
    lose : str
        One of `LOSABLE`.
    lost : (N,) or (G,) bool, optional
        Count these only.

    Returns
    -------
    (T,) int64
        Satellites in service, gateways with an antenna in service, planes that hold a satellite in service, or
        satellites whose lasers work.
    """
    there = there_is(world, lose)
    if lose == "lasers" and prepared.lasers is not None:
        there = there & prepared.lasers.able
    if lost is not None:
        there = there & lost
    if lose != "planes":
        return np.asarray(there.sum(axis=1), np.int64)
    plane = np.unique(_plane_number(prepared), return_inverse=True)[1]
    return np.array([len(np.unique(plane[row])) for row in there], np.int64)


def _plane_number(prepared: Prepared) -> npt.NDArray[np.int64]:
    """Plane of each satellite, counted through the shells, (N,)."""
    return prepared.fleet.shell * 1000 + prepared.fleet.plane
