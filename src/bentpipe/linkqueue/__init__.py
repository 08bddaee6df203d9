"""Queue of one link on virtual time, and how delay and loss vary within a slot.

One code for a simulated transfer and for the live link: the two agree by construction.
"""

from __future__ import annotations

from bentpipe.linkqueue.queue import Fate, LinkSchedule, Transits, idle_state, link_schedule, transit
from bentpipe.linkqueue.series import LinkSeries, TraceSteps, slot_steps, trace_slots
from bentpipe.linkqueue.withinslot import SlotTicks, WithinSlot, sample_slot

__all__ = [
    "Fate",
    "LinkSchedule",
    "LinkSeries",
    "SlotTicks",
    "TraceSteps",
    "Transits",
    "WithinSlot",
    "idle_state",
    "link_schedule",
    "sample_slot",
    "slot_steps",
    "trace_slots",
    "transit",
]
