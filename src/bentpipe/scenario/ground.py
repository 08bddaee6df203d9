"""The ground segment, the licence, and the choices of model."""

from __future__ import annotations

from typing import Annotated, Literal

from bentpipe.scenario.areafiles import Polygon
from bentpipe.scenario.values import (
    CalendarDay,
    Choice,
    Code,
    Elevation,
    Flag,
    Hours,
    Id,
    Latitude,
    Longitude,
    Moment,
    Number,
    Part,
    Text,
    WordOr,
    Words,
)

Antennas = Annotated[int, Number(0, 1_000, "antennas", whole=True)]


class Gateway(Part):
    """A gateway station.

    Parameters
    ----------
    antennas : int
        Satellites that it can follow at once.
    pop : str
        Id of the point of presence that its fibre leads to.
    power_backup_hours : float
        How long it runs without mains power, h.
    background_antennas : int
        Antennas that carry neighbours outside the territory.
    available_from : datetime.datetime, optional
        UTC; in service from the start where absent.
    """

    id: Id
    name: Text
    latitude_deg: Latitude
    longitude_deg: Longitude
    antennas: Annotated[int, Number(1, 1_000, "antennas", whole=True)] = 8
    minimum_elevation_deg: Elevation = 25.0
    gso_avoidance_deg: Annotated[float, Number(0, 90, "degrees")] = 18.0
    pop: Id
    power_backup_hours: Hours = 72.0
    background_antennas: Antennas = 0
    available_from: Moment | None = None


class Pop(Part):
    """A point of presence: where the operator's network meets the Internet."""

    id: Id
    name: Text
    latitude_deg: Latitude
    longitude_deg: Longitude


class Fibre(Part):
    """Fibre between gateway and point of presence.

    Parameters
    ----------
    route_factor : float
        Length of the route over the great circle.
    velocity_factor : float
        Speed of light in the fibre over that in vacuum.
    """

    route_factor: Annotated[float, Number(1, 10)] = 1.4
    velocity_factor: Annotated[float, Number(0.1, 1)] = 0.68


class LicenceMask(Part):
    """Where service is allowed or refused: regions or a polygon, from `start` to `end` (UTC; open where absent).

    A later mask prevails over an earlier one.
    """

    regions: tuple[Code, ...] = ()
    polygon: Polygon = ()
    allowed: Flag
    start: Moment | None = None
    end: Moment | None = None


class Licence(Part):
    """Where the service may be used: the rule for every place, and the masks that depart from it."""

    default: Annotated[Literal["allowed", "refused"], Choice()] = "allowed"
    masks: tuple[LicenceMask, ...] = ()


SCHEDULING = ("observed", "highest", "least-delay", "longest", "max-coverage")
"""Names of the scheduling policies that come with bentpipe; others come by entry point."""

PolicyName = Annotated[str, Words(100, r"[A-Za-z_][\w.-]*", "the name of a policy", "lower")]


class Policies(Part):
    """The policies by kind.

    Parameters
    ----------
    scheduling : str
        Which satellite serves a place.
    sharing : str
        How rates are shared out: "single-satellite" (max-min fair over the links that the scheduler chose),
        "multipath" (over every satellite in view that is followed), "max-throughput" (the largest total, whoever
        gets it), or "none": rates are not computed.
    """

    scheduling: PolicyName = "observed"
    sharing: Annotated[Literal["single-satellite", "multipath", "max-throughput", "none"], Choice()] = (
        "single-satellite"
    )


QueueName = Literal["starlink-2021", "starlink-2023", "fq-codel"]
"""Queues of access networks that stand in the catalogue."""


class Access(Part):
    """What the access network adds to the delay.

    Parameters
    ----------
    era : datetime.date, optional
        The date whose access network is meant; the start's where absent.
    load : float or "computed"
        Share of a beam's capacity that is busy: one number for every beam, or "computed" by place and slot from the
        serving satellite's beam time, own and the neighbours'.
    queue : str
        Buffers and queue management, from the catalogue: what a bulk transfer adds to the delay.
    probe : str
        What measures the delay: a continuous "ping", the dish's own ("dish"), or probes out of silence
        ("traceroute", "built-in").
    frame_ms, grant_wait_ms, load_wait_ms : float, optional
        Instead of the fit to Starlink: frames and processing there and back; median wait for an uplink grant; median
        wait for each terminal ahead. All of these and the next two, or none.
    slot_log_sigma, within_log_sigma : float, optional
        Standard deviations of the logarithm of the waits, between slots and within one.
    """

    era: CalendarDay | None = None
    load: Annotated[Literal["computed"] | float, WordOr("computed", Number(0, 1, "(a share)"))] = 0.5
    queue: Annotated[QueueName, Choice()] = "starlink-2023"
    probe: Annotated[Literal["ping", "traceroute", "built-in", "dish"], Choice()] = "ping"
    frame_ms: Annotated[float, Number(0, 10_000, "ms")] | None = None
    grant_wait_ms: Annotated[float, Number(0, 10_000, "ms")] | None = None
    load_wait_ms: Annotated[float, Number(0, 10_000, "ms")] | None = None
    slot_log_sigma: Annotated[float, Number(0, 3)] | None = None
    within_log_sigma: Annotated[float, Number(0, 3)] | None = None
