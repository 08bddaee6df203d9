"""The policies that share out a slot's capacity, side by side, each ``policy(flows, capacity) -> Shares``.

====================  =========================================================  ==========================
name                  what a cell may use                                        what is sought
====================  =========================================================  ==========================
``single-satellite``  the link that the scheduler chose                          max-min fair, exact
``multipath``         every link with beam time                                  max-min fair, approximate
``max-throughput``    every link with beam time                                  largest total, exact
====================  =========================================================  ==========================

Beam time itself is not shared out anew: a link carries what its beam time carries. Moving beam time between links of
different spectral efficiency is a generalised flow, which is not modelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from bentpipe.network.flows import Flows, Shares, SlotCapacity, checked_capacity, checked_flows
from bentpipe.network.multipath import multipath
from bentpipe.network.shares import single_satellite
from bentpipe.network.throughput import max_throughput
from bentpipe.registry import resolve

ShareFunction = Callable[[Flows, SlotCapacity], Shares]


@dataclass(frozen=True)
class SharingPolicy:
    """A function that shares out the capacity of a slot.

    Parameters
    ----------
    name : str
        How scenarios call it.
    share : callable
        ``share(flows, capacity) -> Shares``, given checked arrays; see `bentpipe.network.flows` for shapes and units.
    source : str
        Paper, measurement or convention that it follows.
    """

    name: str
    share: ShareFunction
    source: str = ""


class Gap(NamedTuple):
    """Totals of a policy beside the most that is possible.

    Parameters
    ----------
    total_bps : int
        Sum of the policy's rates, bit/s.
    bound_bps : int
        Maximum flow of the same flows and capacities, bit/s.
    """

    total_bps: int
    bound_bps: int

    @property
    def gap(self) -> float:
        """Part of the bound that the policy does not reach, 0 to 1."""
        return 1.0 - self.total_bps / self.bound_bps if self.bound_bps else 0.0


SHARING: Final = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            SharingPolicy("single-satellite", single_satellite, "Bertsekas and Gallager 1992, section 6.5.2"),
            SharingPolicy("multipath", multipath, "after Namyar and others, NSDI 2024"),
            SharingPolicy("max-throughput", max_throughput, "maximum flow, Dinic 1970"),
        )
    }
)
"""Policies by name."""


def find_sharing(wanted: str | SharingPolicy | ShareFunction) -> SharingPolicy:
    """Resolve what a user asked for to a policy.

    Parameters
    ----------
    wanted : str, SharingPolicy or callable
        A name (case is ignored), a policy, or a bare function.

    Returns
    -------
    SharingPolicy

    Raises
    ------
    UnknownNameError
        When no policy has that name.
    InputError
        When the object is none of the three.
    """
    return resolve(SHARING, wanted, SharingPolicy, _given, "sharing policy", "policies.sharing")


def _given(share: ShareFunction) -> SharingPolicy:
    """Make a policy of a bare function."""
    return SharingPolicy(getattr(share, "__name__", "policy"), share, "given by the user")


def share_capacity(
    flows: Flows, capacity: SlotCapacity, policy: str | SharingPolicy | ShareFunction = "single-satellite"
) -> Shares:
    """Share out the capacity of one slot.

    Parameters
    ----------
    flows : Flows
        F flows: cell, demand in bit/s, weight, rank.
    capacity : SlotCapacity
        What spectrum, beam time, satellites and gateways carry, bit/s.
    policy : str, SharingPolicy or callable
        Name of a policy in `SHARING`, or a function of your own.

    Returns
    -------
    Shares
        Rates in bit/s, (F,) int64, the limit that binds each flow, (F,) int8, and the rate over each link, (P,) int64.

    Raises
    ------
    InputError
        Input that makes no sense, all of it listed, or an unknown policy.
    """
    chosen = find_sharing(policy)
    good = checked_capacity(capacity)
    return chosen.share(checked_flows(flows, len(good.start)), good)


def gaps_to_bound(flows: Flows, capacity: SlotCapacity, policies: Iterable[str] = tuple(SHARING)) -> dict[str, Gap]:
    """How far policies stay below the most that could be carried.

    Parameters
    ----------
    flows : Flows
        F flows, rates in bit/s.
    capacity : SlotCapacity
        Capacities, bit/s.
    policies : iterable of str
        Names of policies.

    Returns
    -------
    dict of str to Gap
        Totals in bit/s and the gap, a number from 0 to 1.
    """
    bound = share_capacity(flows, capacity, "max-throughput").total_bps
    return {name: Gap(share_capacity(flows, capacity, name).total_bps, bound) for name in policies}
