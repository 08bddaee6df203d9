"""Requests to answers, as plain values: what the dish says at a time of the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bentpipe.emulate.dish.outages import CONNECTED, OFF, Outage, power_on_slot, silent_seconds, slot_outages
from bentpipe.emulate.dish.record import DishRecord
from bentpipe.emulate.dish.samples import LinkSamples
from bentpipe.emulate.dish.skymap import LOWEST_DEG, SIZE
from bentpipe.emulate.dish.traffic import TrafficCount

HISTORY_S: Final = 900
"""Samples of the history, one a second: as many as a real answer of June 2024 has."""

API_VERSION: Final = 17
"""As of that answer."""

GPS_EPOCH_UNIX_S: Final = 315_964_800
LEAP_S: Final = 18
"""Epoch of GPS; seconds by which GPS is ahead of UTC since 2017 (IERS Bulletin C 52), which later runs alone need."""

REFUSED: Final = {
    "reboot": "cannot be rebooted",
    "dish_stow": "has no motors to stow",
    "dish_set_config": "has no settings to change",
    "dish_power_save": "does not sleep",
    "dish_inhibit_gps": "has no GPS to switch off",
    "dish_clear_obstruction_map": "has its map from the scenario, not from what it saw",
}
"""Requests that would change a real dish, and why this one does nothing of the kind."""

Answer = tuple[str, dict[str, Any]]


class RefusedError(Exception):
    """A request that is not answered.

    Parameters
    ----------
    code : str
        Name of a status of gRPC.
    message : str
        Why.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class DishAnswers:
    """Answers of one dish; every method takes the time since the run's start, s.

    Parameters
    ----------
    record : DishRecord
        The dish.
    traffic : TrafficCount, optional
        Bits that a live link counts; without it the dish reports that nothing is carried.
    show_location : bool
        Whether the coordinates may be told.
    """

    def __init__(self, record: DishRecord, traffic: TrafficCount | None = None, show_location: bool = False) -> None:
        self.record = record
        self.samples = LinkSamples(record.series)
        self.length_s = len(record.series) * record.series.slot_s
        self._traffic = traffic
        self._show_location = show_location
        self._by_request: Mapping[str, Callable[[float], Answer]] = {
            "get_status": lambda at: ("dish_get_status", self.status(at)),
            "get_history": lambda at: ("dish_get_history", self.history(at)),
            "get_device_info": lambda at: ("get_device_info", {"device_info": self.device_info()}),
            "get_location": lambda at: ("get_location", self.location(at)),
            "dish_get_context": lambda at: ("dish_get_context", self.context(at)),
            "dish_get_obstruction_map": lambda at: ("dish_get_obstruction_map", self.obstruction_map()),
            "dish_get_config": lambda at: ("dish_get_config", {"dish_config": self.config()}),
            "get_diagnostics": lambda at: ("dish_get_diagnostics", self.diagnostics(at)),
        }

    def answer(self, request: str, at_s: float) -> Answer:
        """Answer a request.

        Parameters
        ----------
        request : str
            Name of its field; "" for one that is not known.
        at_s : float
            Time since the run's start, s.

        Returns
        -------
        tuple of str and dict
            Field of the response, and its values by names.

        Raises
        ------
        RefusedError
            The request is refused or unknown, the run is over, or the dish has no power.
        """
        if not 0.0 <= at_s < self.length_s:
            raise RefusedError("UNAVAILABLE", "virtual dish: the run that it answers from is over")
        if self.record.cause[self._slot(at_s)] == OFF:
            raise RefusedError("UNAVAILABLE", "virtual dish: it has no power at this time of the run")
        if request in REFUSED:
            raise RefusedError("PERMISSION_DENIED", f"virtual dish: it {REFUSED[request]}; nothing was done")
        if request not in self._by_request:
            raise RefusedError("UNIMPLEMENTED", "virtual dish: no such request is answered")
        return self._by_request[request](at_s)

    def status(self, at_s: float) -> dict[str, Any]:
        """Status, by the fields of ``DishGetStatusResponse``."""
        record, slot, second = self.record, self._slot(at_s), self._second(at_s)
        drop, latency = self._held(second, second + 1)
        down, up = self._rates(max(second - 1, 0), second) if second else (np.zeros(1), np.zeros(1))
        outage = self.outage(at_s)
        return {
            "device_info": self.device_info(),
            "device_state": self._state(at_s),
            "seconds_to_first_nonempty_slot": self._until_served(at_s),
            "pop_ping_drop_rate": drop[0],
            "pop_ping_latency_ms": 1e3 * latency[0],
            "downlink_throughput_bps": down[0],
            "uplink_throughput_bps": up[0],
            "alerts": {},
            "gps_stats": {"gps_valid": True, "gps_sats": 0, "inhibit_gps": False},
            "obstruction_stats": {
                "fraction_obstructed": record.view.obstructed,
                "valid_s": self._uptime(at_s),
                "patches_valid": int((record.view.clear >= 0.0).sum()),
                "avg_prolonged_obstruction_interval_s": math.nan,
            },
            "boresight_azimuth_deg": self._azimuth(),
            "boresight_elevation_deg": record.elevation_deg,
            "alignment_stats": {
                "tilt_angle_deg": 90.0 - record.elevation_deg,
                "boresight_azimuth_deg": self._azimuth(),
                "boresight_elevation_deg": record.elevation_deg,
                "desired_boresight_azimuth_deg": self._azimuth(),
                "desired_boresight_elevation_deg": record.elevation_deg,
            },
            "mobility_class": "MOBILE" if record.moves else "STATIONARY",
            "is_snr_above_noise_floor": bool(record.cause[slot] == CONNECTED),
            "disablement_code": "OKAY",
            "config": self.config(),
            **({} if outage is None else {"outage": self._outage(outage)}),
        }

    def history(self, at_s: float) -> dict[str, Any]:
        """History, by the fields of ``DishGetHistoryResponse``: whole seconds that are over."""
        on, first, stop = self._window(at_s)
        drop, latency = self._held(first, stop)
        down, up = self._rates(first, stop)
        place = (np.arange(first, stop) - on) % HISTORY_S

        def ring(values: NDArray[np.float64]) -> list[float]:
            whole = np.zeros(HISTORY_S)
            whole[place] = values
            return whole.tolist()

        return {
            "current": stop - on,
            "pop_ping_drop_rate": ring(drop),
            "pop_ping_latency_ms": ring(1e3 * latency),
            "downlink_throughput_bps": ring(down),
            "uplink_throughput_bps": ring(up),
            "outages": [self._outage(one) for one in self.outages(at_s)],
        }

    def location(self, at_s: float) -> dict[str, Any]:
        """Place, by the fields of ``GetLocationResponse``."""
        if not self._show_location:
            raise RefusedError(
                "PERMISSION_DENIED", "virtual dish: the location is not told unless --show-location is given"
            )
        latitude, longitude = self._place(at_s)
        return {"lla": {"lat": latitude, "lon": longitude, "alt": self.record.height_m}, "source": "GPS"}

    def context(self, at_s: float) -> dict[str, Any]:
        """Context, by the fields of ``DishGetContextResponse``."""
        record, slot, second = self.record, self._slot(at_s), self._second(at_s)
        on, _, stop = self._window(at_s)
        drop, latency = self._held(max(stop - 15, on), stop) if stop > on else self._held(second, second + 1)
        outages = [*self.outages(at_s)]
        since = {
            f"seconds_since_last_{least}s_outage": at_s - max(
                (one.stop_s for one in outages if one.stop_s - one.start_s >= least), default=float(on)
            )
            for least in (1, 2, 5, 15, 60)
        }  # fmt: skip
        return {
            "device_info": self.device_info(),
            "device_state": self._state(at_s),
            "obstruction_fraction": record.view.obstructed,
            "obstruction_valid_s": self._uptime(at_s),
            "initial_satellite_id": int(record.satellite[slot]) if record.cause[slot] == CONNECTED else 0,
            "seconds_to_slot_end": (slot + 1) * record.series.slot_s - at_s,
            "pop_ping_drop_rate_15s_mean": float(drop.mean()),
            "pop_ping_latency_ms_15s_mean": 1e3 * float(latency.mean()),
            "disablement_code": "OKAY",
            **since,
        }

    def obstruction_map(self) -> dict[str, Any]:
        """Map of the sky, by the fields of ``DishGetObstructionMapResponse``."""
        return {
            "num_rows": SIZE,
            "num_cols": SIZE,
            "snr": self.record.view.clear.ravel().tolist(),
            "min_elevation_deg": LOWEST_DEG,
            "max_theta_deg": 90.0 - LOWEST_DEG,
            "map_reference_frame": "FRAME_EARTH",
        }

    def config(self) -> dict[str, Any]:
        """Settings, by the fields of ``DishConfig``; those left out are 0 and off."""
        return {"location_request_mode": "LOCAL" if self._show_location else "NONE"}

    def diagnostics(self, at_s: float) -> dict[str, Any]:
        """Diagnostics, by the fields of ``DishGetDiagnosticsResponse``."""
        place: dict[str, Any] = {"enabled": self._show_location}
        if self._show_location:
            latitude, longitude = self._place(at_s)
            place |= {"latitude": latitude, "longitude": longitude, "altitude_meters": self.record.height_m}
        info = self.device_info()
        return {
            **{key: info[key] for key in ("id", "hardware_version", "software_version")},
            "alerts": {},
            "disablement_code": "OKAY",
            "location": place,
        }

    def device_info(self) -> dict[str, Any]:
        """Who answers, by the fields of ``DeviceInfo``."""
        return {
            "id": self.record.name,
            "hardware_version": "virtual",
            "software_version": self.record.software,
            "country_code": self.record.country,
        }

    def outage(self, at_s: float) -> Outage | None:
        """Outage that holds at a time, up to then; None while the link is up."""
        slot, second = self._slot(at_s), self._second(at_s)
        if self.record.cause[slot] != CONNECTED:
            return self._slot_outages(at_s)[-1]
        drop, _ = self.samples.between(second, second + 1)
        if drop[0] < 1.0 - 1e-9:
            return None
        _, first, _ = self._window(at_s)
        holds = self._silent(first, second + 1)
        return holds[-1]._replace(stop_s=at_s) if holds and holds[-1].stop_s > second else None

    def outages(self, at_s: float) -> list[Outage]:
        """Outages up to a time, by their starts: since power came; of NO_PINGS those within the history."""
        _, first, stop = self._window(at_s)
        return sorted([*self._slot_outages(at_s), *self._silent(first, stop)], key=lambda one: one.start_s)

    def _slot_outages(self, at_s: float) -> list[Outage]:
        record = self.record
        on = power_on_slot(record.cause, self._slot(at_s))
        return slot_outages(record.cause, record.satellite, record.series.slot_s, on, at_s)

    def _silent(self, first: int, stop: int) -> list[Outage]:
        series = self.record.series
        seconds = np.arange(first, stop)
        slot = np.minimum((seconds / series.slot_s).astype(np.int64), len(series) - 1)
        begins = seconds - slot * series.slot_s < 1.0
        drop, _ = self.samples.between(first, stop)
        return silent_seconds(drop, series.connected[slot], series.handover[slot] & begins, first)

    def _outage(self, one: Outage) -> dict[str, Any]:
        start = self.record.series.start_unix_s + one.start_s - GPS_EPOCH_UNIX_S + LEAP_S
        return {
            "cause": one.cause,
            "start_timestamp_ns": round(start * 1e6) * 1000,
            "duration_ns": round((one.stop_s - one.start_s) * 1e9),
            "did_switch": one.switched,
        }

    def _slot(self, at_s: float) -> int:
        return min(int(at_s / self.record.series.slot_s), len(self.record.series) - 1)

    def _second(self, at_s: float) -> int:
        return min(int(at_s), len(self.samples) - 1)

    def _on_s(self, at_s: float) -> float:
        """When the power came, since the run's start, s."""
        return power_on_slot(self.record.cause, self._slot(at_s)) * self.record.series.slot_s

    def _uptime(self, at_s: float) -> float:
        return at_s - self._on_s(at_s)

    def _state(self, at_s: float) -> dict[str, int]:
        return {"uptime_s": int(self._uptime(at_s))}

    def _window(self, at_s: float) -> tuple[int, int, int]:
        """Second in which power came; first second of the history, and the one after its last."""
        on, stop = math.ceil(self._on_s(at_s)), min(int(at_s), len(self.samples))
        return on, max(on, stop - HISTORY_S), max(on, stop)

    def _held(self, first: int, stop: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Drop rate, and round trip in s: where no ping is answered the last one known, as a dish does, or 0."""
        drop, latency = self.samples.between(first, stop)
        known = np.maximum.accumulate(np.where(np.isnan(latency), -1, np.arange(len(latency))))
        before = self._last_known(first) if len(known) and known[0] < 0 else 0.0
        return drop, np.where(known >= 0, latency[known], before)

    def _last_known(self, second: int) -> float:
        """Round trip of the last second before one that had any, no farther back than the last slot connected, s."""
        series = self.record.series
        on = math.ceil(self._on_s(second))
        slot = min(int(second / series.slot_s), len(series) - 1)
        up = np.flatnonzero(series.connected[: slot + 1])
        if not len(up):
            return 0.0
        first = max(int(up[-1] * series.slot_s), on, 0)
        if first >= second and len(up) > 1:
            first = max(int(up[-2] * series.slot_s), on, 0)
        _, latency = self.samples.between(first, max(second, first))
        there = latency[~np.isnan(latency)]
        return float(there[-1]) if len(there) else 0.0

    def _rates(self, first: int, stop: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self._traffic is None:
            return np.zeros(stop - first), np.zeros(stop - first)
        return self._traffic.between(first, stop)

    def _until_served(self, at_s: float) -> float:
        """Time to the next slot that is connected, or to the end of the run, s; 0 while one is."""
        slot = self._slot(at_s)
        later = slot + np.flatnonzero(self.record.series.connected[slot:])
        begin = later[0] * self.record.series.slot_s if len(later) else self.length_s
        return max(float(begin) - at_s, 0.0)

    def _azimuth(self) -> float:
        """Azimuth of the axis as a dish tells it, -180 to 180 degrees."""
        return (self.record.azimuth_deg + 180.0) % 360.0 - 180.0

    def _place(self, at_s: float) -> tuple[float, float]:
        slot = self._slot(at_s)
        return float(self.record.latitude_deg[slot]), float(self.record.longitude_deg[slot])
