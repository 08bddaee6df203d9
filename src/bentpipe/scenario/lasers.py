"""Lasers between satellites, the paths that are followed over them, and the traffic that they carry."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from bentpipe.scenario.ground import PolicyName
from bentpipe.scenario.values import (
    CatalogNumber,
    Choice,
    FileName,
    Flag,
    Id,
    Number,
    Part,
    Span,
    Words,
)

TOPOLOGIES = ("plus-grid", "nearest", "zigzag")
"""Names of the laser topologies that come with bentpipe; others come by entry point."""

ROUTING = ("least-delay", "fewest-hops", "load-aware")
"""Names of the routing policies that come with bentpipe; others come by entry point."""

Launch = Annotated[str, Words(8, r"(19|20)\d\d-\d{3}", "a launch of the international designator, such as 2021-082")]


class Lasers(Part):
    """Lasers between satellites; a scenario without this part has bent pipes only.

    Parameters
    ----------
    topology : str
        Who points at whom: "plus-grid", "nearest", "zigzag", or one that is installed.
    terminals : int
        Laser terminals of each satellite.
    between_shells : int
        How many of them point at satellites of other shells.
    seam : bool
        Whether the first and the last plane are linked.
    shift : int
        Places by which the link to the next plane is shifted.
    numbering : str
        Where planes and places come from: "recovered" from the orbits; "listed": the order of the satellites, plane by
        plane, `planes` times `per_plane` of them.
    planes, per_plane : int, optional
        For "listed".
    range_km : float
        Longest link, km.
    grazing_height_km : float
        Least height of the light above the ground, km.
    slew_deg_s : float, optional
        Fastest turn of a terminal against its satellite, degrees/s; any where absent.
    acquisition : datetime.timedelta
        How long a newly pointed link takes before it carries anything, in whole slots, rounded up.
    rate_gbps : float
        What a link carries each way, Gbit/s.
    hop_ms : float
        Forwarding at each link, one way, ms.
    equipped : str
        Which satellites carry lasers: "as-launched": of Starlink's element sets those launched from 2021-09-14 on and
        two polar batches before, of its built-in shells all but the first; "all".
    first_launch : str, optional
        Instead, of element sets, which name the launch: satellites of earlier launches carry none ("2021-082").
    without : tuple of int
        Satellites without lasers, by catalogue number.
    without_shells : tuple of int
        Built-in or own shells without lasers, from 0.
    """

    topology: PolicyName = "plus-grid"
    terminals: Annotated[int, Number(1, 16, "terminals", whole=True)] = 4
    between_shells: Annotated[int, Number(0, 15, "terminals", whole=True)] = 0
    seam: Flag = True
    shift: Annotated[int, Number(-1_000, 1_000, "places", whole=True)] = 0
    numbering: Annotated[Literal["recovered", "listed"], Choice()] = "recovered"
    planes: Annotated[int, Number(1, 10_000, "planes", whole=True)] | None = None
    per_plane: Annotated[int, Number(1, 10_000, "satellites", whole=True)] | None = None
    range_km: Annotated[float, Number(1, 20_000, "km")] = 5_400.0
    grazing_height_km: Annotated[float, Number(0, 2_000, "km")] = 80.0
    slew_deg_s: Annotated[float, Number(0, 90, "degrees/s", above=True)] | None = None
    acquisition: Annotated[timedelta, Span(0, 3_600)] = timedelta(seconds=30)
    rate_gbps: Annotated[float, Number(0, 100_000, "Gbit/s", above=True)] = 100.0
    hop_ms: Annotated[float, Number(0, 1_000, "ms")] = 0.1
    equipped: Annotated[Literal["as-launched", "all"], Choice()] = "as-launched"
    first_launch: Launch | None = None
    without: tuple[CatalogNumber, ...] = ()
    without_shells: tuple[Annotated[int, Number(0, 99, "(a shell, from 0)", whole=True)], ...] = ()


class Paths(Part):
    """Paths between named ends that a run follows slot by slot.

    Parameters
    ----------
    all_sites : bool
        Follow the path between every two of the sites.
    pairs : tuple of (str, str)
        Ids of sites, gateways or points of presence, besides.
    routing : str
        What a path is chosen by: "least-delay", "fewest-hops", "load-aware", or one that is installed.
    """

    all_sites: Flag = False
    pairs: tuple[tuple[Id, Id], ...] = ()
    routing: PolicyName = "least-delay"


class Traffic(Part):
    """Traffic between the ends of `paths`, shared out fairly over user links and lasers.

    Parameters
    ----------
    matrix_file : pathlib.Path, optional
        CSV with the columns from, to and mbit_s: what flows each way.
    gravity_gbps : float, optional
        Instead: so much in all, Gbit/s, between the sites in proportion to the product of their `people`.
    site_gbps : float
        What the links of one site carry each way, Gbit/s.
    """

    matrix_file: FileName | None = None
    gravity_gbps: Annotated[float, Number(0, 1_000_000_000, "Gbit/s", above=True)] | None = None
    site_gbps: Annotated[float, Number(0, 1_000_000, "Gbit/s", above=True)] = 10.0
