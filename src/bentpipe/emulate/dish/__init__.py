"""A virtual dish: the local gRPC service of a user terminal, answered from a finished run.

::

    fields.csv, enums.csv   what the service looks like on the wire, and where each answer comes from
    record                  what a run holds of one dish: its link, its outages, its axis
    samples                 drop rate and round trip, one sample a second
    outages                 why and when the link was out
    skymap                  the field of view and the skyline as a map
    answers                 a request and a time -> plain values; no gRPC in any of the above
    descriptors             the tables as descriptors in a pool of their own
    server                  the service itself, with reflection, on a socket

The service is not official and changes with firmware. Everything that answers is labelled virtual.
"""

from __future__ import annotations

from bentpipe.emulate.dish.record import DishRecord, read_dish
from bentpipe.emulate.dish.server import DEFAULT_ADDRESS, DISH_ADDRESS, DishServer, serve
from bentpipe.emulate.dish.traffic import TrafficCount

__all__ = ["DEFAULT_ADDRESS", "DISH_ADDRESS", "DishRecord", "DishServer", "TrafficCount", "read_dish", "serve"]
