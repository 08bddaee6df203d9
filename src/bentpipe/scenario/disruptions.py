"""What breaks: each kind of disruption is one model, told apart by `kind`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from bentpipe.scenario.areafiles import Polygon
from bentpipe.scenario.values import (
    AnySpan,
    CatalogNumber,
    Choice,
    Code,
    Flag,
    Hours,
    Id,
    Latitude,
    Longitude,
    LongText,
    Moment,
    Number,
    Part,
    Share,
    Span,
    Text,
)

Tag = Literal["documented", "assumed", "hypothetical"]
Corner = tuple[Latitude, Longitude]
ShellNumber = Annotated[int, Number(0, 99, "(a shell, from 0)", whole=True)]
PlaneNumber = Annotated[int, Number(0, 999, "(a plane, from 0)", whole=True)]


class Disruption(Part):
    """What all kinds share.

    Parameters
    ----------
    start : datetime.datetime, optional
        UTC. Where absent, the event has held forever: the batteries of a power cut are empty by now. With a
        duration alone it begins with the run.
    end, duration : datetime.datetime, datetime.timedelta, optional
        One of them, or neither: to the end of the run. `Scenario.window` resolves both.
    tag : str
        Whether the event itself is documented, assumed or hypothetical; the extent is tagged in `provenance`.
    source : str
        Who says so.
    """

    id: Id
    title: Text
    start: Moment | None = None
    end: Moment | None = None
    duration: AnySpan | None = None
    tag: Annotated[Tag, Choice()]
    source: LongText = ""


class GatewayLoss(Disruption):
    """Gateways stop: power, strike or sabotage.

    Parameters
    ----------
    gateways : tuple of str
        Either these,
    share : float
        or each gateway with this probability, drawn by seed and by its id.
    """

    kind: Literal["gateway-loss"]
    gateways: tuple[Id, ...] = ()
    share: Share | None = None


class PopLoss(Disruption):
    """Points of presence stop, and with them every gateway that leads only there."""

    kind: Literal["pop-loss"]
    pops: tuple[Id, ...]


class FibreLoss(Disruption):
    """The fibre between these gateways and their point of presence is cut."""

    kind: Literal["fibre-loss"]
    gateways: tuple[Id, ...]


class SatelliteLoss(Disruption):
    """Satellites stop: by catalogue number, by plane of a shell (from 0), or a share of all, drawn by seed.

    Parameters
    ----------
    satellites : tuple of int
        Catalogue numbers of an element set.
    shell, planes : int, tuple of int
        Planes of one shell, both counted from 0, where the satellites come from shells.
    share : float
        Probability of each satellite, drawn by seed and by its number.
    """

    kind: Literal["satellite-loss"]
    satellites: tuple[CatalogNumber, ...] = ()
    shell: ShellNumber | None = None
    planes: tuple[PlaneNumber, ...] = ()
    share: Share | None = None


class LaserLoss(Disruption):
    """Lasers stop; the satellites go on as bent pipes. All laser terminals of a satellite fail together.

    Parameters
    ----------
    satellites : tuple of int
        Catalogue numbers of an element set.
    shell, planes : int, tuple of int
        Planes of one shell, both counted from 0, where the satellites come from shells.
    share : float
        Probability of each satellite that its lasers fail, drawn by seed and by its number.
    all : bool
        Whether the lasers of all satellites fail.
    """

    kind: Literal["laser-loss"]
    satellites: tuple[CatalogNumber, ...] = ()
    shell: ShellNumber | None = None
    planes: tuple[PlaneNumber, ...] = ()
    share: Share | None = None
    all: Flag = False


class Storm(Disruption):
    """A geomagnetic storm: satellites that pass poleward of a geomagnetic latitude while it holds may stop.

    Each satellite draws once a storm. Those that are drawn stop at their first such passage, looked for once a minute
    in the first two orbits after the start.

    Parameters
    ----------
    above_latitude_deg : float
        Geomagnetic dipole latitude, north or south, degrees.
    share : float
        Probability of a satellite that passes there to stop, drawn by seed and by its number.
    recovery : datetime.timedelta, optional
        How long a satellite is out, also beyond the end of the storm; to its end where left out.
    """

    kind: Literal["storm"]
    above_latitude_deg: Annotated[float, Number(0, 90, "degrees of geomagnetic latitude")]
    share: Share
    recovery: AnySpan | None = None


class TerrestrialOutage(Disruption):
    """Fixed and mobile networks fail for a share of the people, in these regions (everywhere where none is named)."""

    kind: Literal["terrestrial-outage"]
    regions: tuple[Code, ...] = ()
    share: Share = 1.0


class PowerCut(Disruption):
    """Mains power fails.

    Parameters
    ----------
    regions : tuple of str
        The whole territory where none is named; a region elsewhere where a gateway stands in it.
    share : float
        Share of the places without power at any one time.
    pattern : str
        "rolling": the places change every `window`; "steady": the same places throughout.
    window : datetime.timedelta
        How long one place is dark at a time, where rolling.
    battery_hours : float, optional
        Instead of the hours of `terminals.kinds` and of the sites.
    """

    kind: Literal["power-cut"]
    regions: tuple[Code, ...] = ()
    share: Share
    pattern: Annotated[Literal["rolling", "steady"], Choice()] = "steady"
    window: Annotated[timedelta, Span(60, 30 * 86400)] = timedelta(hours=4)
    battery_hours: Hours | None = None


class TerminalsCutOff(Disruption):
    """The operator cuts a number of terminals off, in these regions (everywhere where none is named)."""

    kind: Literal["terminals-cut-off"]
    count: Annotated[int, Number(1, 100_000_000, "terminals", whole=True)]
    regions: tuple[Code, ...] = ()


class LicenceWithdrawn(Disruption):
    """Service is refused in regions or in a polygon of (latitude, longitude) corners, degrees."""

    kind: Literal["licence-withdrawn"]
    regions: tuple[Code, ...] = ()
    polygon: Polygon = ()


class Jamming(Disruption):
    """User links fail inside a polygon, or within `radius_km` of `centre` (latitude, longitude), degrees."""

    kind: Literal["jamming"]
    polygon: Polygon = ()
    centre: Corner | None = None
    radius_km: Annotated[float, Number(0, 2_000, "km", above=True)] | None = None


AnyDisruption = Annotated[
    GatewayLoss
    | PopLoss
    | FibreLoss
    | SatelliteLoss
    | LaserLoss
    | Storm
    | TerrestrialOutage
    | PowerCut
    | TerminalsCutOff
    | LicenceWithdrawn
    | Jamming,
    Field(discriminator="kind"),
]

KINDS: dict[str, type[Disruption]] = {
    "gateway-loss": GatewayLoss,
    "pop-loss": PopLoss,
    "fibre-loss": FibreLoss,
    "satellite-loss": SatelliteLoss,
    "laser-loss": LaserLoss,
    "storm": Storm,
    "terrestrial-outage": TerrestrialOutage,
    "power-cut": PowerCut,
    "terminals-cut-off": TerminalsCutOff,
    "licence-withdrawn": LicenceWithdrawn,
    "jamming": Jamming,
}
