"""Which satellites point their lasers at which: topologies, side by side, each ``link(sky) -> wanted pairs``.

===============  ==========================================================================================
name             links of a satellite
===============  ==========================================================================================
``plus-grid``    the next and the last in its plane, and its place in the planes on both sides
``zigzag``       none in its plane: two in each of the planes beside it, its place and the next
``nearest``      the nearest satellites, whatever their plane or shell, shortest pairs first
===============  ==========================================================================================

What is wanted is not what stands: range, the Earth in the way and acquisition come after. Terminals reserved for other
shells go to the nearest satellite of another shell in range, shortest first, whatever the topology.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.fingerprint import fingerprint
from bentpipe.network.grids import places_table, plus_grid_pairs, zigzag_pairs
from bentpipe.network.nearest import link_nearest
from bentpipe.registry import resolve

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]

#: Entry-point group under which other packages offer topologies.
TOPOLOGY_GROUP: Final = "bentpipe.topology"


class LaserSky(NamedTuple):
    """N satellites in one slot, as a topology sees them.

    Parameters
    ----------
    slot : int
        Absolute slot.
    position_m : (3, N) float64
        Earth-fixed positions, m.
    able : (N,) bool
        In service, and carries lasers.
    shell, plane, place : (N,) int64
        Labels, -1 where there is none.
    planes, places, seam_shift : (N,) int64
        Planes of each satellite's shell, places in a plane of it, and places left over where its last plane meets the
        first: the neighbour of place s of the last is ``s + seam_shift`` of the first.
    satellite_id : (N,) int64
        Catalogue numbers.
    terminals : int
        Laser terminals of a satellite, for all purposes.
    between_shells : int
        Of them reserved for links to other shells.
    range_m : float
        Longest link, m.
    seam : bool
        Whether the last plane is linked to the first.
    shift : int
        Links across planes go to place + shift.
    """

    slot: int
    position_m: FloatArray
    able: npt.NDArray[np.bool_]
    shell: IntArray
    plane: IntArray
    place: IntArray
    planes: IntArray
    places: IntArray
    seam_shift: IntArray
    satellite_id: IntArray
    terminals: int
    between_shells: int
    range_m: float
    seam: bool
    shift: int

    def free(self) -> IntArray:
        """Terminals that each satellite has for links in its shell.

        Returns
        -------
        (N,) int64
            Terminals less those reserved; 0 where it is not able.
        """
        return np.where(self.able, self.terminals - self.between_shells, 0).astype(np.int64)


TopologyFunction = Callable[[LaserSky], Int32Array]


@dataclass(frozen=True)
class Topology:
    """A function that says which satellites point lasers at each other.

    Parameters
    ----------
    name : str
        How scenarios call it.
    link : callable
        ``link(sky) -> (E, 2) int32``: pairs of satellites, each at most once, no satellite over its terminals.
    fixed : bool
        Whether it looks at neither the slot nor the positions: computed once.
    source : str
        Paper or convention that it follows.
    """

    name: str
    link: TopologyFunction
    fixed: bool = False
    source: str = ""

    def stays(self, between_shells: int) -> bool:
        """Whether its links are the same in every slot.

        Parameters
        ----------
        between_shells : int
            Terminals reserved for other shells, whose links follow the positions.

        Returns
        -------
        bool
            True where they change only with the satellites that are able.
        """
        return self.fixed and between_shells == 0

    def identity(self) -> str:
        """Hash that tells the topology from every other: its name, its function, and what the function uses.

        Returns
        -------
        str
            64 hexadecimal digits; see `bentpipe.fingerprint.fingerprint`.
        """
        return hashlib.sha256(f"{(self.name, self.fixed)}:{fingerprint(self.link)}".encode()).hexdigest()


def plus_grid(sky: LaserSky) -> Int32Array:
    """Link the next in the own plane, and the same place in the next plane.

    In its plane a satellite is linked to the next one there is, over empty places; across, to the next plane that has
    satellites. Where its place there (shifted by ``shift``) is empty, it is linked to the place before that, else the
    one after, and so on for 25 degrees along the orbit, if that has no link on that side. Terminals that do not
    suffice go to the own plane first, then across from plane to plane: with three of them every second link across is
    left out.

    Parameters
    ----------
    sky : LaserSky
        The satellites; those without a place get no link.

    Returns
    -------
    (E, 2) int32
        Pairs, the lower index first.
    """
    return plus_grid_pairs(_table(sky), sky.seam, sky.shift, sky.free())


def zigzag(sky: LaserSky) -> Int32Array:
    """Link the same place and the one after it in the next plane, and none in the own plane.

    With four terminals the links between two planes run up and down like a zigzag; with two they are ladders around
    the planes; the second link of a satellite is made where terminals are left.

    Parameters
    ----------
    sky : LaserSky
        The satellites; those without a place get no link.

    Returns
    -------
    (E, 2) int32
        Pairs, the lower index first.
    """
    return zigzag_pairs(_table(sky), sky.seam, sky.shift, sky.free())


def nearest(sky: LaserSky) -> Int32Array:
    """Link the nearest satellites, shortest pairs first, while both have terminals free.

    It looks at nothing but distance: satellites that cross each other's way are linked for moments.

    Parameters
    ----------
    sky : LaserSky
        The satellites.

    Returns
    -------
    (E, 2) int32
        Pairs, the lower index first.
    """
    return link_nearest(sky.position_m, sky.free(), sky.range_m)


def _table(sky: LaserSky) -> tuple[Int32Array, IntArray]:
    return places_table(sky.shell, sky.plane, sky.place, sky.planes, sky.places, sky.seam_shift, sky.able)


#: Topologies by name.
TOPOLOGIES: Final = MappingProxyType(
    {
        topology.name: topology
        for topology in (
            Topology(
                "plus-grid", plus_grid, True, "+Grid, as in Hypatia: Kassing and others, IMC 2020 (isls_plus_grid)"
            ),
            Topology(
                "zigzag",
                zigzag,
                True,
                "a two-link motif in the sense of Bhattacherjee and Singla, CoNEXT 2019; choice and name are ours",
            ),
            Topology("nearest", nearest, False, "greedy matching by length: Avis, Networks 13, 1983"),
        )
    }
)


def find_topology(wanted: str | Topology | TopologyFunction) -> Topology:
    """Resolve what a user asked for to a topology.

    Parameters
    ----------
    wanted : str, Topology or callable
        A name (case is ignored), built in or installed, a topology, or a bare function, which may carry the attribute
        ``fixed``.

    Returns
    -------
    Topology

    Raises
    ------
    UnknownNameError
        When no topology has that name.
    InputError
        When the object is none of the three.
    """
    return resolve(TOPOLOGIES, wanted, Topology, _given, "laser topology", "policies.topology", TOPOLOGY_GROUP)


def _given(link: Callable[..., Any]) -> Topology:
    """Make a topology of a bare function."""
    return Topology(getattr(link, "__name__", "topology"), link, getattr(link, "fixed", False), "given by the user")


def wanted_lasers(topology: Topology, sky: LaserSky) -> Int32Array:
    """Pairs of satellites that a topology wants to link in a slot, with the links between shells.

    Parameters
    ----------
    topology : Topology
        What to follow within the shells.
    sky : LaserSky
        The satellites.

    Returns
    -------
    (E, 2) int32
        Pairs, the lower index first, in rising order.

    Raises
    ------
    InputError
        Terminals or a range that make no sense, or pairs that the topology must not give: not of two able satellites,
        given twice, or more of a satellite than it has terminals.
    """
    _check_sky(sky)
    pair = _checked(topology.link(sky), topology.name, sky)
    if sky.between_shells:
        used = np.bincount(pair.ravel(), minlength=len(sky.able))
        left = np.minimum(sky.between_shells, sky.terminals - used)
        left = np.where(sky.able & (sky.shell >= 0), left, 0)
        pair = np.concatenate([pair, link_nearest(sky.position_m, left, sky.range_m, sky.shell, pair)])
        pair = _from_keys(np.sort(_keys(pair, len(sky.able))), len(sky.able))
    return pair


def _keys(pair: Int32Array, count: int) -> IntArray:
    """One number for each pair of `count` satellites, in the order of the pairs."""
    return pair[:, 0].astype(np.int64) * count + pair[:, 1]


def _from_keys(key: IntArray, count: int) -> Int32Array:
    one, other = np.divmod(key, max(count, 1))
    return np.stack([one, other], axis=1).astype(np.int32)


def _check_sky(sky: LaserSky) -> None:
    faults = []
    if not 0 <= sky.between_shells <= sky.terminals:
        given = (sky.between_shells, sky.terminals)
        faults.append(Fault("terminals reserved for other shells", "lasers", given, "0 to all terminals"))
    if not sky.range_m > 0.0:
        faults.append(Fault("range of lasers", "lasers", sky.range_m, "more than 0 m"))
    if faults:
        raise InputError(*faults)


def _checked(given: Any, name: str, sky: LaserSky) -> Int32Array:
    """Pairs with the lower index first, in rising order, once they are what a topology may give."""
    pair, count = np.asarray(given), len(sky.able)
    where = f"topology {name}"
    if pair.ndim != 2 or pair.shape[1] != 2 or not np.issubdtype(pair.dtype, np.integer):
        raise InputError(Fault("pairs of satellites", where, (pair.shape, str(pair.dtype)), "(E, 2) integers"))
    if len(pair) and not (pair.min() >= 0 and pair.max() < count):
        raise InputError(Fault("pairs of satellites", where, (int(pair.min()), int(pair.max())), f"0 to {count - 1}"))
    low, high = np.minimum(pair[:, 0], pair[:, 1]), np.maximum(pair[:, 0], pair[:, 1])
    faults = []
    key = np.sort(_keys(np.stack([low, high], axis=1), count))
    if (low == high).any() or (key[1:] == key[:-1]).any():
        faults.append(Fault("a satellite linked to itself, or a pair given twice", where))
    if not sky.able[pair].all():
        faults.append(Fault("a link to a satellite that is not able", where))
    used = np.bincount(pair.ravel(), minlength=count)
    if used.max(initial=0) > sky.terminals:
        faults.append(Fault("links of a satellite", where, int(used.max()), f"{sky.terminals} terminals"))
    if faults:
        raise InputError(*faults)
    return _from_keys(key, count)
