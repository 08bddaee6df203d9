"""Routing policies: each gives every laser a cost, and a path is the one of least cost.

====================  ==================================================================================
name                  cost of a laser
====================  ==================================================================================
``least-delay``       its length, and forwarding as the light would go in that time
``fewest-hops``       one that no length outweighs; the delay decides between paths of as many lasers
``load-aware``        the delay, times 1 + 0.15 (load / capacity)^4: pairs are routed in rounds, the largest
                      first, each round by the load of those before
====================  ==================================================================================
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
from bentpipe.network.mesh import Mesh
from bentpipe.registry import resolve

FloatArray = npt.NDArray[np.float64]

ENTRY_POINT_GROUP: Final = "bentpipe.routing"
#: Costs more than any path is long, m.
_HOP_M = 1e9
#: Rounds in which pairs are routed by a policy that looks at the load.
ROUNDS = 10


class RouteView(NamedTuple):
    """What a routing policy sees of a slot.

    Parameters
    ----------
    slot : int
        Absolute slot.
    mesh : Mesh
        E lasers in use, with lengths, m.
    hop_m : float
        Forwarding at one laser, m of vacuum.
    position_m : (3, N) float64
        Earth-fixed positions of the satellites, m.
    load : (E,) float64
        Traffic placed so far over what a laser carries, the busier of its directions.
    """

    slot: int
    mesh: Mesh
    hop_m: float
    position_m: FloatArray
    load: FloatArray


@dataclass(frozen=True)
class Routing:
    """A function that gives lasers their costs.

    Parameters
    ----------
    name : str
        How scenarios call it.
    cost : callable
        ``cost(view) -> (E,) float64`` above 0, in m or any unit that outweighs metres; see `RouteView`.
    sees_load : bool
        Whether it looks at the load: pairs are then routed in rounds.
    source : str
        Paper or convention that it follows.
    """

    name: str
    cost: Callable[[RouteView], Any]
    sees_load: bool = False
    source: str = ""

    def identity(self) -> str:
        """Hash that tells the policy from every other: its name, its function, and what the function uses.

        Returns
        -------
        str
            64 hexadecimal digits; see `bentpipe.fingerprint.fingerprint`.
        """
        return hashlib.sha256(f"{(self.name, self.sees_load)}:{fingerprint(self.cost)}".encode()).hexdigest()


def least_delay(view: RouteView) -> FloatArray:
    """Cost of a laser by its delay.

    Parameters
    ----------
    view : RouteView
        E lasers.

    Returns
    -------
    (E,) float64
        Length and forwarding, m.
    """
    return view.mesh.length_m + view.hop_m


def fewest_hops(view: RouteView) -> FloatArray:
    """Cost of a laser by its number; the delay decides between paths of as many lasers.

    Parameters
    ----------
    view : RouteView
        E lasers.

    Returns
    -------
    (E,) float64
        1e9 and the length, m.
    """
    return view.mesh.length_m + _HOP_M


def load_aware(view: RouteView) -> FloatArray:
    """Cost of a laser by its delay and its load.

    Parameters
    ----------
    view : RouteView
        E lasers.

    Returns
    -------
    (E,) float64
        Delay (m) times ``1 + 0.15 load^4``, the volume-delay function of the US Bureau of Public Roads (Traffic
        Assignment Manual, 1964), taken over from road traffic: no operator's is public.
    """
    return least_delay(view) * (1.0 + 0.15 * view.load**4)


ROUTING: Final = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            Routing("least-delay", least_delay, False, "Dijkstra 1959; as Kassing et al., Hypatia, IMC 2020"),
            Routing("fewest-hops", fewest_hops, False, "breadth first, ties by delay"),
            Routing("load-aware", load_aware, True, "Bureau of Public Roads, Traffic Assignment Manual, 1964"),
        )
    }
)
"""Policies by name."""


def find_routing(wanted: str | Routing | Callable[[RouteView], Any]) -> Routing:
    """Resolve what a user asked for to a policy.

    Parameters
    ----------
    wanted : str, Routing or callable
        A name (case is ignored), a policy, or a bare function, which may carry the attribute ``sees_load``.

    Returns
    -------
    Routing

    Raises
    ------
    UnknownNameError
        When no policy has that name.
    InputError
        When the object is none of the three.
    """
    return resolve(ROUTING, wanted, Routing, _given, "routing policy", "paths.routing", ENTRY_POINT_GROUP)


def _given(cost: Callable[[RouteView], Any]) -> Routing:
    """Make a policy of a bare function."""
    return Routing(getattr(cost, "__name__", "policy"), cost, getattr(cost, "sees_load", False), "given by the user")


def laser_costs(policy: Routing, view: RouteView) -> FloatArray:
    """Costs of a policy, checked.

    Parameters
    ----------
    policy : Routing
        A policy.
    view : RouteView
        What it sees.

    Returns
    -------
    (E,) float64

    Raises
    ------
    InputError
        Another shape, or a cost that is not above 0.
    """
    cost = np.asarray(policy.cost(view), np.float64)
    if cost.shape != (len(view.mesh.pair),):
        what = f"the routing policy {policy.name!r} gives no cost for each laser"
        raise InputError(Fault(what, "paths.routing", cost.shape, f"({len(view.mesh.pair)},)"))
    if not (cost > 0.0).all():
        what = f"the routing policy {policy.name!r} gives a cost that is not above 0"
        raise InputError(Fault(what, "paths.routing", float(cost[~(cost > 0.0)][0]), "above 0; inf closes a laser"))
    return np.ascontiguousarray(cost)
