"""A dish by hand: 40 slots with every kind of outage and a power cut."""

from __future__ import annotations

import numpy as np

from bentpipe.emulate.dish.outages import slot_causes
from bentpipe.emulate.dish.record import DishRecord
from bentpipe.emulate.dish.skymap import sky_view
from bentpipe.linkqueue.series import LinkSeries

START_UNIX_S = 1_666_605_612.0  # 2022-10-24T10:00:12Z
NO_SATS, NO_DOWNLINK, NO_SCHEDULE = slice(5, 7), slice(7, 8), slice(8, 9)
POWER_CUT = slice(20, 23)


def made_up_dish(slot_s: float = 15.0, handover_s: float = 0.0, slots: int = 40) -> DishRecord:
    """Dish whose fixed delay down is 10 ms plus one a slot."""
    usable = np.full(slots, 4)
    reachable, served, connected = np.ones((3, slots), np.bool_)
    usable[NO_SATS], reachable[NO_SATS], served[NO_SATS] = 0, False, False
    reachable[NO_DOWNLINK] = served[NO_DOWNLINK] = False
    served[NO_SCHEDULE] = False
    served[21] = False  # in the power cut, nobody can see whether there is power
    connected[:] = served
    connected[POWER_CUT] = False
    satellite = np.arange(slots) // 4
    changed = np.concatenate(([False], satellite[1:] != satellite[:-1])) & connected
    ones = np.ones(slots)
    series = LinkSeries(
        "made-up", 7, 99, 48_000_000, START_UNIX_S, slot_s, connected, 0.010 + 0.001 * np.arange(slots), 0.008 * ones,
        0.006 * ones, 1e8 * ones, 1e7 * ones, changed, 0.2 * ones, 0.4, 0.05, 1.0 if handover_s else 0.0, handover_s,
    )  # fmt: skip
    view = sky_view(0.0, 63.0, 100.0, 25.0)
    return DishRecord(
        "ut-virtual-00000000-made-up", "bentpipe test", "UA", False, series,
        slot_causes(usable, reachable, served, connected), 44_000 + satellite, 50.0 * ones, 30.0 * ones, 120.0,
        0.0, 63.0, view,
    )  # fmt: skip
