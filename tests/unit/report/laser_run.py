"""A made-up finished run with lasers and paths, for the tests of the report: nothing in it is simulated."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from finished_run import MadeUpRun, make_run

SEGMENTS = (
    "user_link", "laser_links", "laser_forwarding", "feeder_link", "fibre", "access_frame", "access_scheduling",
    "access_load",
)  # fmt: skip
LIGHT_M_S = 299_792_458.0


def with_lasers(run: MadeUpRun, laser_ms: float = 20.0, forwarding_ms: float = 0.6) -> MadeUpRun:
    """Give a run lasers: every second slot and place goes over three of them."""
    data, sizes = run.dataset, run.dataset.sizes
    over = (np.arange(sizes["slot"])[:, None] % 2) == 0
    old = data["site_segment_s"].values
    served = data["site_served"].values
    parts = np.zeros((*served.shape, len(SEGMENTS)), np.float32)
    for k, j in enumerate((0, 3, 4, 5, 6, 7)):
        parts[..., j] = old[..., k]
    parts[..., 1], parts[..., 2] = 1e-3 * laser_ms * over, 1e-3 * forwarding_ms * over
    parts[~served] = np.nan
    data = data.drop_vars(["site_segment_s", "segment"]).assign(
        site_segment_s=(("slot", "site", "segment"), parts),
        lasers=(("slot", "cell"), np.where(over & data["served"].values, 3, 0).astype(np.int16)),
        site_lasers=(("slot", "site"), np.where(over & served, 3, 0).astype(np.int16)),
        laser_links=("slot", np.arange(100, 100 + sizes["slot"], dtype=np.int32)),
    )
    rows = [
        ("lasers.hop_ms", 0.1, "ms"), ("lasers.range_km", 5400.0, "km"), ("lasers.rate_gbps", 100.0, "Gbit/s"),
        ("paths.routing", "least-delay", ""), ("traffic.gravity_gbps", 4.0, "Gbit/s"),
    ]  # fmt: skip
    if not any(a["key"] == "fibre.velocity_factor" for a in run.manifest["assumptions"]):
        rows.append(("fibre.velocity_factor", 0.68, ""))
    keys = ("key", "value", "unit", "tag", "source", "date", "note")
    extra = [dict(zip(keys, (*row, "assumed", "", "", ""), strict=True)) for row in rows]
    lasers = {
        "topology": {"name": "plus-grid"},
        "routing": {"name": "least-delay"},
        "satellites": 66,
        "rate_bit_s": 1e11,
    }
    manifest = {**run.manifest, "lasers": lasers, "assumptions": run.manifest["assumptions"] + extra}
    return MadeUpRun(run.path, manifest, data.assign_coords(segment=list(SEGMENTS)))


def with_paths(run: MadeUpRun, ends: int = 12, traffic: bool = True, gaps: float = 0.05, pairs: int = 0) -> MadeUpRun:
    """Give a run with lasers paths between every two of some ends; the first `pairs` of them where that is not 0."""
    rng = np.random.default_rng(11)
    slots, names = run.dataset.sizes["slot"], [f"end-{i + 1}" for i in range(ends)]
    chosen = list(combinations(names, 2))[: pairs or None]
    count = len(chosen)
    distance = np.sort(rng.uniform(3e5, 1.9e7, count))
    stretch = 1.1 + 0.9 * rng.random(count)
    mark = 1 + rng.integers(0, 3, (slots, count)).cumsum(axis=0) // 2
    rtt = 2 * distance / LIGHT_M_S * stretch * (1 + 0.04 * rng.random((slots, count)))
    lost = rng.random((slots, count)) < gaps
    rtt[lost] = np.nan
    offered = np.full(count, 10**9 * traffic, np.int64)
    given = np.where(lost, 0, offered)
    load = np.full(slots, 0.03 if traffic else np.nan, np.float32)
    data = run.dataset.assign(
        path_rtt_s=(("slot", "path"), rtt.astype(np.float32)),
        path_laser_m=(("slot", "path"), (distance * np.ones((slots, 1))).astype(np.float32)),
        path_lasers=(("slot", "path"), rng.integers(1, 9, (slots, count)).astype(np.int16)),
        path_first_satellite=(("slot", "path"), (mark // 4).astype(np.int32)),
        path_last_satellite=(("slot", "path"), np.zeros((slots, count), np.int32)),
        path_mark=(("slot", "path"), np.where(lost, 0, mark).astype(np.uint64)),
        path_there_bit_s=(("slot", "path"), given),
        path_back_bit_s=(("slot", "path"), given),
        path_great_circle_m=("path", distance),
        path_offered_there_bit_s=("path", offered),
        path_offered_back_bit_s=("path", offered),
        laser_load_mean=("slot", load),
        laser_load_max=("slot", np.where(np.isnan(load), np.nan, 1.0).astype(np.float32)),
    ).assign_coords(
        path=[" - ".join(pair) for pair in chosen],
        path_from=("path", [pair[0] for pair in chosen]),
        path_to=("path", [pair[1] for pair in chosen]),
    )  # fmt: skip
    return MadeUpRun(run.path, run.manifest, data)


def paths_only(path, ends: int = 12, slots: int = 60, **options) -> MadeUpRun:
    """Make a run that is about paths alone: no terminals, no gateways, nobody served, no rates."""
    run = make_run(
        path, slots=slots, resolution=3, regions=2, sites=3, gateways=0, events=options.pop("events", 0), outage=True,
        rates=False,
    )  # fmt: skip
    data = run.dataset
    none = {name: data[name] * 0 for name in ("terminals", "region_terminals", "terminals_connected")}
    none |= {name: data[name] * 0 for name in data.variables if name.startswith("region_terminals")}
    run = MadeUpRun(run.path, run.manifest, data.assign(none).drop_vars("replica_terminals_connected"))
    return with_paths(with_lasers(run), ends, **options)
