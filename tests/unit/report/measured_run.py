"""A made-up finished run of one site, and measurements drawn from the same model, for comparisons with measurements."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from bentpipe.catalog.measurements import Measurements
from bentpipe.linkqueue import WithinSlot, sample_slot
from bentpipe.linkqueue.withinslot import TICK_S
from bentpipe.slots import SlotClock

FIRST = 53_000_000
SEGMENTS = (
    "user_link", "laser_links", "laser_forwarding", "feeder_link", "fibre", "access_frame", "access_scheduling",
    "access_load",
)  # fmt: skip
SIGMA, SLOT_SIGMA = 0.58, 0.37
REQUEST_S = 0.010
LOST_S = 0.010
LOSS = 0.003


@dataclass(frozen=True)
class SiteRun:
    """What `compare_measured` reads of a run."""

    path: Path
    manifest: dict[str, Any]
    dataset: xarray.Dataset
    scenario: object = field(default=None)

    @property
    def start_unix_s(self) -> float:
        """Start of its first slot, Unix s."""
        return float(SlotClock().start_unix_s(FIRST))


def site_run(slots: int = 120, sites: int = 1, outage: slice | None = None, seed: int = 1) -> SiteRun:
    """A run of some slots; `outage` are slots in which the sites are not connected."""
    rng = np.random.default_rng(seed)
    shape = (slots, sites)
    parts = np.zeros((*shape, 8))
    parts[..., 0], parts[..., 3] = 4.5e-3 + 1e-3 * rng.random(shape), 4.5e-3 + 1e-3 * rng.random(shape)
    parts[..., 4], parts[..., 5] = 1e-3, 16e-3 / 3
    factor = np.exp(SLOT_SIGMA * rng.standard_normal(shape))
    parts[..., 6], parts[..., 7] = 6e-3 * factor, 1.5e-3 * factor
    up = np.ones(shape, np.bool_)
    if outage is not None:
        up[outage] = False
    parts[~up] = np.nan
    series = {
        "site_connected": up, "site_served": up, "site_serving_satellite": np.arange(slots)[:, None] + 0 * up,
        "site_loss": np.where(up, LOSS + LOST_S / 15.0, np.nan), "site_load": np.where(up, 0.5, np.nan),
        "site_peak_down_bit_s": np.where(up, 7e8 * rng.uniform(0.9, 1.0, shape), np.nan),
        "site_peak_up_bit_s": np.where(up, 3.3e7, np.nan),
    }  # fmt: skip
    names = [f"site-{k}" for k in range(sites)]
    data = xarray.Dataset(
        {
            **{k: (("slot", "site"), v) for k, v in series.items()},
            "site_segment_s": (("slot", "site", "segment"), parts),
        },
        coords={"site": names, "site_name": ("site", [f"Place {k}" for k in range(sites)]), "segment": [*SEGMENTS]},
    )
    ping = {"grant_ratio": 1.0, "load_ratio": 1.0, "request_wait_s": 0.0, "log_sigma": SIGMA}
    lone, dish = {**ping, "request_wait_s": REQUEST_S}, {**ping, "grant_ratio": 1.17, "load_ratio": 1.17}
    manifest = {
        "name": "made-up", "complete": True, "seeds": [7],
        "grid": {"start": FIRST, "stop": FIRST + slots, "origin": FIRST, "interval_s": 15.0, "offset_s": 12.0},
        "probes": {
            "own": "ping", "request_wait_s": 0.0, "handover_lost_s": LOST_S,
            "kinds": {"ping": ping, "traceroute": lone, "built-in": lone, "dish": {**dish, "log_sigma": 0.14}},
        },
    }  # fmt: skip
    return SiteRun(Path("made-up"), manifest, data)


def drawn(
    run: SiteRun, interval_s: float = 0.1, seed: int = 3, floor_s: float = 0.0, waits: float = 1.0,
    sigma: float = SIGMA, loss: float = LOSS, request_s: float = 0.0, kind: str = "ping", slots: int | None = None,
) -> Measurements:  # fmt: skip
    """Measurements that the model could give, with other draws of every slot's and every probe's wait."""
    rng = np.random.default_rng(seed)
    parts = run.dataset["site_segment_s"].values[:slots, 0]
    fixed = np.nan_to_num(parts[:, :6].sum(axis=1))
    when = np.arange(0.0, 15.0 * len(parts) - interval_s, interval_s)
    when += interval_s * rng.random(len(when))
    slot = (when / 15.0).astype(int)
    median = waits * 7.5e-3 * np.exp(SLOT_SIGMA * rng.standard_normal(len(parts)))
    ticks = [
        sample_slot(1000 + seed, FIRST + i, 5, WithinSlot(m, sigma, 0, 0, 0, 0)).wait_s for i, m in enumerate(median)
    ]
    value = floor_s + fixed[slot] + np.array(ticks)[slot, ((when % 15.0) / TICK_S).astype(int)]
    value += request_s * rng.random(len(when))
    interrupted = np.where(rng.random(len(parts)) < 0.5, rng.exponential(2.0 * LOST_S, len(parts)), 0.0)
    gone = (rng.random(len(when)) < loss) | (when % 15.0 < interrupted[slot])
    gone |= ~run.dataset["site_connected"].values[slot, 0]
    value[gone] = np.nan
    return Measurements(
        "ping.txt",
        kind,
        "rtt",
        "",
        run.start_unix_s + when,
        0.0,
        interval_s,
        value,
        gone.astype(np.float64),
        "100.64.0.1",
    )
