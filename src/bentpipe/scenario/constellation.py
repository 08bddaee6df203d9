"""When, with which satellites, and what one satellite can do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from bentpipe.scenario.values import (
    AnySpan,
    CalendarDay,
    CatalogNumber,
    Choice,
    FileName,
    Moment,
    Number,
    Part,
    Share,
    Span,
    Text,
)


class Time(Part):
    """The simulated time.

    Parameters
    ----------
    start : datetime.datetime
        UTC, without time zone.
    duration : datetime.timedelta
    slot : datetime.timedelta
        The scheduling interval.
    slot_offset_s : float
        Where slots begin within the UTC minute, s (12: at :12, :27, :42 and :57).
    """

    start: Moment
    duration: AnySpan
    slot: Annotated[timedelta, Span(1, 3600)] = timedelta(seconds=15)
    slot_offset_s: Annotated[float, Number(0, 3600, "s")] = 12.0

    @property
    def end(self) -> datetime:
        """The first moment that is not simulated, UTC."""
        return self.start + self.duration

    @property
    def duration_s(self) -> float:
        """The simulated time, s."""
        return self.duration.total_seconds()

    @property
    def slot_s(self) -> float:
        """The scheduling interval, s."""
        return self.slot.total_seconds()


class Shell(Part):
    """A Walker shell of circular orbits, all with one altitude and inclination."""

    name: Text = ""
    altitude_km: Annotated[float, Number(160, 2_000, "km")]
    inclination_deg: Annotated[float, Number(0, 180, "degrees")]
    planes: Annotated[int, Number(1, 1_000, "planes", whole=True)]
    per_plane: Annotated[int, Number(1, 1_000, "satellites", whole=True)]
    phasing: Annotated[int, Number(0, 999, "(Walker's F)", whole=True)] = 0
    raan0_deg: Annotated[float, Number(0, 360, "degrees")] = 0.0
    pattern: Annotated[Literal["delta", "star"], Choice()] = "delta"


class Constellation(Part):
    """The satellites.

    Parameters
    ----------
    operator : str
        Whose satellites are meant: "starlink", "oneweb", "kuiper", or "geostationary" for one neutral satellite. It
        also decides the defaults of satellite, dishes, gateways and access: see `bentpipe.scenario.operators`.
    source : str
        "on-station": built-in shells as flown on `date` (Starlink only); "licensed": as licensed; "elements": the
        element-set file `elements`; "shells": the `shells` given here; "longitude": one geostationary satellite at
        `longitude_deg`.
    date : datetime.date, optional
        The date of the built-in shells; the start's where absent.
    elements : pathlib.Path, optional
        An element-set file, or the name of one that `bentpipe elements fetch` downloaded.
    shells : tuple of Shell
    longitude_deg : float, optional
        Where the geostationary satellite stands, east positive.
    in_service : str
        "auto": satellites that raise or lower their orbit do not serve; "all": every satellite serves.
    include, exclude : tuple of int
        Catalogue numbers that serve, or do not, whatever `in_service` finds.
    """

    operator: Annotated[Literal["starlink", "oneweb", "kuiper", "geostationary"], Choice()] = "starlink"
    source: Annotated[Literal["on-station", "licensed", "elements", "shells", "longitude"], Choice()]
    date: CalendarDay | None = None
    elements: FileName | None = None
    shells: tuple[Shell, ...] = ()
    longitude_deg: Annotated[float, Number(-180, 360, "degrees east")] | None = None
    in_service: Annotated[Literal["auto", "all"], Choice()] = "auto"
    include: tuple[CatalogNumber, ...] = ()
    exclude: tuple[CatalogNumber, ...] = ()


class Satellite(Part):
    """What one satellite can do.

    Parameters
    ----------
    beams : int
        Downlink beams at once.
    channels : int
        Channels of the user downlink; no more beams than that light one place at once.
    cells_per_beam : int
        Beam cells that one beam serves in turn (beam hopping).
    beam_cell_km2 : float
        Area of one beam cell, km².
    steering_deg : float
        Largest angle of a beam from the nadir, degrees.
    background_share : float
        Share of the beams that serves neighbours outside the territory.
    """

    beams: Annotated[int, Number(1, 1_000, "beams", whole=True)] = 16
    channels: Annotated[int, Number(1, 100, "channels", whole=True)] = 8
    cells_per_beam: Annotated[int, Number(1, 1_000, "beam cells", whole=True)] = 16
    beam_cell_km2: Annotated[float, Number(1, 1_000_000, "km²")] = 379.0
    steering_deg: Annotated[float, Number(0, 90, "degrees off nadir", above=True)] = 57.0
    background_share: Share = 0.0
