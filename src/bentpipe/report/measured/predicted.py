"""What the model gives a probe of the same kind at the times at which something was measured."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from bentpipe.catalog.measurements import Measurements
from bentpipe.draws import Purpose, uniforms
from bentpipe.errors import Fault, UnknownNameError
from bentpipe.linkqueue import WithinSlot, sample_slot
from bentpipe.linkqueue.normal import normal_quantile
from bentpipe.linkqueue.withinslot import TICK_S
from bentpipe.report.measured.siteslots import Aligned, Float, SiteSlots

STREAM_S: Final = 1.0
"""Longest time between pings at which a terminal is taken to hold its grant, s; assumed: the fits know pings tens of
times a second, which hold one, and probes minutes apart, which ask for one."""


class View(NamedTuple):
    """How a kind of probe sees the waits of a run.

    Parameters
    ----------
    probe : str
        Its name; empty where the scenario gives the access network itself.
    grant_ratio, load_ratio : float
        Its median waits over the run's.
    request_wait_s, log_sigma : float
        Time between chances to ask for a grant, s; spread of the logarithm of waits within a slot.
    why : str
        What was assumed, as a sentence.
    """

    probe: str
    grant_ratio: float
    load_ratio: float
    request_wait_s: float
    log_sigma: float
    why: str


def probe_view(slots: SiteSlots, measured: Measurements, probe: str | None) -> View:
    """Decide which kind of probe the measurement is.

    Parameters
    ----------
    slots : SiteSlots
    measured : Measurements
        Of round trips.
    probe : str or None
        Kind by name; told from the file and the time between probes where None.

    Returns
    -------
    View

    Raises
    ------
    UnknownNameError
        No such kind of probe.
    """
    kinds: dict[str, dict[str, Any]] = slots.probes["kinds"]
    if not slots.probes["own"]:
        return View("", **kinds[""], why="the scenario gives the access network itself: waits are those of any probe")
    every = _every(measured.interval_s)
    if probe is not None:
        name, why = probe.casefold(), f"taken as the probe {probe.casefold()!r}, as asked"
        if name not in kinds:
            raise UnknownNameError(Fault("no such kind of probe", "--probe", probe, ", ".join(kinds)))
    elif measured.kind == "dish":
        name, why = "dish", "the dish's own ping: means over a second"
    elif measured.interval_s <= STREAM_S * 1.05:
        name, why = "ping", f"a ping {every} is taken to hold a grant"
    else:
        name, why = "built-in", f"a lone ping {every} is taken to wait for a grant"
    return View(name, **kinds[name], why=why)


def _every(interval_s: float) -> str:
    if not np.isfinite(interval_s):
        return "on its own"
    return f"every {1e3 * interval_s:.3g} ms" if interval_s < 1.0 else f"every {interval_s:.3g} s"


def predicted_rtt_s(slots: SiteSlots, aligned: Aligned, view: View, span_s: float) -> Float:
    """Draw the round trip of each sample from the model.

    Parameters
    ----------
    slots : SiteSlots
    aligned : Aligned
        N samples.
    view : View
        How their probe sees the waits.
    span_s : float
        Time over which a sample is a mean, s; 0 for single probes.

    Returns
    -------
    (N,) float64
        s; NaN where the site is not connected. Single probes go through the frames of the slot
        (`bentpipe.linkqueue.sample_slot`); means are drawn one by one, log-normal; with the seed of the run.
    """
    wait = slots.grant_s * view.grant_ratio + slots.load_s * view.load_ratio
    out = np.full(len(aligned.slot), np.nan)
    order = np.argsort(aligned.slot, kind="stable")
    edges = np.flatnonzero(np.diff(aligned.slot[order], prepend=-1))
    for rows in np.split(order, edges[1:]):
        i = int(aligned.slot[rows[0]])
        if not (slots.connected[i] and np.isfinite(wait[i])):
            continue
        draw = uniforms(slots.seed, Purpose.PROBE, slots.first + i, np.arange(2 * len(rows)), slots.key)
        if span_s > 0.0:
            normal = np.array([normal_quantile(u) for u in draw[: len(rows)]])
            waits = wait[i] * np.exp(view.log_sigma * normal)
        else:
            within = WithinSlot(float(wait[i]), view.log_sigma, 0.0, 0.0, 0.0, 0.0)
            ticks = sample_slot(slots.seed, slots.first + i, slots.key, within, slots.slot_s).wait_s
            waits = ticks[np.minimum((aligned.after_s[rows] / TICK_S).astype(np.int64), len(ticks) - 1)]
        out[rows] = slots.fixed_s[i] + waits + view.request_wait_s * draw[len(rows) :]
    return out


class Rates(NamedTuple):
    """Rates of each sample, bit/s, (N,): alone in the beam, and at the run's load of the beam; NaN where not known."""

    alone: Float
    loaded: Float


def predicted_rates(slots: SiteSlots, aligned: Aligned, way: str, limit_bit_s: float) -> Rates:
    """Say what one terminal could get at the time of each sample.

    Parameters
    ----------
    slots : SiteSlots
    aligned : Aligned
        N samples.
    way : str
        "down" or "up".
    limit_bit_s : float
        What the test itself did not exceed, bit/s.

    Returns
    -------
    Rates
        The loaded one is that alone times one minus the load: the mean rate of a transfer in a processor-sharing queue
        (Kleinrock, Queueing Systems, vol. 2, 1976, section 4.4). Both are at most the limit. Neither varies within a
        slot, which is not modelled.
    """
    peak = slots.down_bit_s if way == "down" else slots.up_bit_s
    peak = np.where(slots.connected, peak, np.nan)
    alone, loaded = peak[aligned.slot], (peak * (1.0 - slots.load))[aligned.slot]
    return Rates(np.minimum(alone, limit_bit_s), np.minimum(loaded, limit_bit_s))
