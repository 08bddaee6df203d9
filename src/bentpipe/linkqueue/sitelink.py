"""From what a run holds of a place to its `LinkSeries`: one code for stored sites and for cells computed anew.

Of the segments of a round trip the last two are waits, which lie on the way up; all others, light time, forwarding,
fibre and frames, are half each way (assumed of the frames: only round trips have been measured). A run's delays are
those of its kind of probe; a program sends a stream, which holds a grant, so the waits are turned into those of a
continuous ping.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue.series import FloatArray, LinkSeries

RATE_BOUNDS_BIT_S: Final = (1e3, 1e12)
"""Rates that may be given in place of a run's, bit/s."""

ASSUMED: Final = (
    "half of light time, forwarding, fibre and frames lies on each way; all waiting lies on the way up",
    "a burst of loss hits one of the two ways, half and half; only losses of round trips have been measured",
)
"""What every series rests on beside the run's own assumptions."""


class SiteLink(NamedTuple):
    """Link of a place, and what its user should know.

    Parameters
    ----------
    series : LinkSeries
        The link.
    notes : tuple of str
        What this run does not tell or was told otherwise: no losses modelled, rates given by hand.
    """

    series: LinkSeries
    notes: tuple[str, ...]


class WithinRun(NamedTuple):
    """How delay and loss vary within the slots of a run: the entry ``within_slot`` of its manifest.

    Parameters
    ----------
    operator, probe : str
        Whose satellites; kind of probe of the run's delays.
    log_sigma : float
        Standard deviation of the logarithm of a stream's waits.
    request_wait_s : float
        Time between an idle terminal's chances to ask for a grant, in the run's delays, s; 0 for a stream.
    stream_wait_ratio : float
        Median wait of a stream over that of the run's probe.
    burst_s, handover_probability, handover_s : float or None
        As in `bentpipe.linkqueue.WithinSlot`; None where losses are not modelled.
    """

    operator: str
    probe: str
    log_sigma: float
    request_wait_s: float
    stream_wait_ratio: float
    burst_s: float | None
    handover_probability: float | None
    handover_s: float | None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> WithinRun:
        """Read the entry of a manifest; keys that are not fields are left out."""
        return cls(**{name: entry[name] for name in cls._fields})


class SlotRows(NamedTuple):
    """What a run holds of a place over T slots.

    Parameters
    ----------
    connected : (T,) bool
        Served, powered and licensed.
    handover : (T,) bool
        Whether the slot begins with a change of satellite.
    segment_s : (T, 8) float64
        Segments of the median round trip, s; the last two are waits.
    down_bit_s, up_bit_s : (T,) float64
        What one terminal could get and send, bit/s; NaN where not known.
    bursts_per_s : (T,) float64
        Bursts of loss, 1/s; NaN where not modelled.
    """

    connected: NDArray[np.bool_]
    handover: NDArray[np.bool_]
    segment_s: FloatArray
    down_bit_s: FloatArray
    up_bit_s: FloatArray
    bursts_per_s: FloatArray


def link_of(
    place: str,
    seed: int,
    key: int,
    first_slot: int,
    start_unix_s: float,
    slot_s: float,
    rows: SlotRows,
    within: WithinRun,
    rate_bit_s: tuple[float, float] | None = None,
) -> SiteLink:
    """Make the link of a place from what a run holds of it.

    Parameters
    ----------
    place : str
        What it is called.
    seed, key : int
        Seed of the run; key of the place in draws.
    first_slot : int
        Absolute number of the first slot.
    start_unix_s, slot_s : float
        Start of the first slot and length of each, s.
    rows : SlotRows
        T slots.
    within : WithinRun
        How delay and loss vary within them.
    rate_bit_s : tuple of float, optional
        Rates down and up in place of the run's, bit/s, 1 kbit/s to 1 Tbit/s.

    Returns
    -------
    SiteLink

    Raises
    ------
    InputError
        The run has no rates and none are given, or those given are out of range.
    """
    up = rows.connected
    ratio = within.stream_wait_ratio
    wait = ratio * np.maximum(rows.segment_s[:, -2] + rows.segment_s[:, -1] - 0.5 * within.request_wait_s, 0.0)
    half = 0.5 * rows.segment_s[:, :-2].sum(axis=1)
    down_bit_s, up_bit_s, told = _rates(rows, rate_bit_s)
    notes = [*told, *_notes(within)]
    series = LinkSeries(
        place, seed, key, first_slot, start_unix_s, slot_s, up, _where(up, half), _where(up, half), _where(up, wait),
        _where(up, down_bit_s), _where(up, up_bit_s), rows.handover, _where(up, np.nan_to_num(rows.bursts_per_s)),
        within.log_sigma, within.burst_s or 0.0, within.handover_probability or 0.0, within.handover_s or 0.0,
    )  # fmt: skip
    return SiteLink(series, tuple(notes))


def _where(there: NDArray[np.bool_], values: FloatArray) -> FloatArray:
    """Values where connected, 0 elsewhere."""
    return np.where(there, values, 0.0)


def changes_of_satellite(served: NDArray[np.bool_], satellite: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell the slots that begin with a change of satellite: served before and now, by another one.

    Parameters
    ----------
    served : (T,) bool
        Whether the place is served.
    satellite : (T,) int
        By which satellite; of meaning only where served.

    Returns
    -------
    (T,) bool
        The first is False: what was before is not known.
    """
    now = np.where(served, satellite, -1)
    changed = (now[1:] != now[:-1]) & (now[1:] >= 0) & (now[:-1] >= 0)
    return np.concatenate((np.zeros(min(1, len(now)), np.bool_), changed))


def _rates(rows: SlotRows, given: tuple[float, float] | None) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Rates down and up, and what to say of them."""
    unknown = [bool(np.isnan(r[rows.connected]).any()) for r in (rows.down_bit_s, rows.up_bit_s)]
    if given is None:
        if any(unknown):
            raise InputError(_no_rates(*unknown))
        return rows.down_bit_s, rows.up_bit_s, ()
    low, high = RATE_BOUNDS_BIT_S
    if not all(low <= rate <= high for rate in given):
        allowed = "0.001 to 1,000,000 Mbit/s each"
        raise InputError(Fault("a rate is out of range", "--rate", [rate / 1e6 for rate in given], allowed))
    ones = np.ones(len(rows.connected))
    why = "the run has none" if any(unknown) else "in place of the run's"
    note = f"rates given by hand, {given[0] / 1e6:g} Mbit/s down and {given[1] / 1e6:g} Mbit/s up, all the time: {why}"
    return given[0] * ones, given[1] * ones, (note,)


def _no_rates(down: bool, up: bool) -> Fault:
    """Fault of a run that does not tell the rate."""
    if down:
        remedy = 'run it again with policies.sharing = "single-satellite", or give rates: --rate DOWN/UP (Mbit/s)'
        return Fault("this run has no rates", "policies.sharing", "none", remedy=remedy)
    remedy = "give rates: --rate DOWN/UP (Mbit/s)"
    return Fault("this run has no rates from users: figures of the operator's uplink are missing", remedy=remedy)


def _notes(within: WithinRun) -> list[str]:
    """What a user should know of losses and waits."""
    notes = []
    if within.burst_s is None:
        notes.append(f"losses of {within.operator} are not modelled: nothing is lost but in outages")
    if within.probe not in ("ping", ""):
        notes.append(f"the run's delays are those of the probe '{within.probe}'; here they are those of a stream")
    return notes
