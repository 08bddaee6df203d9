"""Cross-field checks of what operators have and have not."""

from __future__ import annotations

from collections.abc import Iterator

from bentpipe.errors import Fault
from bentpipe.scenario.model import Scenario
from bentpipe.scenario.operators import STARLINK
from bentpipe.scenario.places import Places, Step

Faults = Iterator[Fault]
GEOSTATIONARY = "geostationary"
_ACCESS = ("frame_ms", "grant_wait_ms", "load_wait_ms", "slot_log_sigma", "within_log_sigma")


def check_source(s: Scenario, at: Places) -> Faults:
    """Check that the satellites asked for exist for this operator."""
    c, where = s.constellation, at.where(["constellation", "source"])
    if c.operator == GEOSTATIONARY and c.source not in ("longitude", None):
        yield Fault(
            "a geostationary satellite is given by its longitude", where, c.source, "source = 'longitude'",
            "set constellation.source = 'longitude' and constellation.longitude_deg",
        )  # fmt: skip
    if c.source == "longitude" and c.operator not in (GEOSTATIONARY, None):
        yield Fault(
            "only a geostationary satellite stands above one longitude", where, c.source,
            "operator = 'geostationary'", "set constellation.operator = 'geostationary', or change the source",
        )  # fmt: skip
    if c.source == "longitude" and c.longitude_deg is None and "longitude_deg" not in at.find(["constellation"]).below:
        yield Fault(
            "source = 'longitude' needs the key 'longitude_deg'", at.where(["constellation", "longitude_deg"]),
            None, "degrees east", "such as 9.0",
        )  # fmt: skip
    if c.source not in ("longitude", None) and c.longitude_deg is not None:
        yield Fault(
            f"'longitude_deg' contradicts source = '{c.source}'", at.where(["constellation", "longitude_deg"]),
            c.longitude_deg, "source = 'longitude'", "take 'longitude_deg' out, or change the source",
        )  # fmt: skip
    if c.source == "on-station" and c.operator not in (STARLINK, None):
        yield Fault(
            f"no count of the satellites of {c.operator} on station", where, c.source, "licensed, elements, shells",
            "use source = 'licensed', or element sets of the date",
        )  # fmt: skip


def check_geostationary(s: Scenario, at: Places) -> Faults:
    """Check that nobody who uses a geostationary satellite keeps away from the geostationary arc."""
    if s.constellation.operator != GEOSTATIONARY:
        return
    named: list[tuple[list[Step], float | None]] = [
        (["dishes", name, "gso_avoidance_deg"], dish.gso_avoidance_deg) for name, dish in s.dishes.items()
    ]
    if not isinstance(s.gateways, str):
        named += [(["gateways", i, "gso_avoidance_deg"], g.gso_avoidance_deg) for i, g in enumerate(s.gateways)]
    for path, avoidance in named:
        if avoidance:
            yield Fault(
                "it keeps away from the arc in which its own satellite stands", at.where(path), avoidance, "0",
                "take gso_avoidance_deg out: for a geostationary operator it is 0",
            )  # fmt: skip


def check_access(s: Scenario, at: Places) -> Faults:
    """Check that an access network is given as a whole, and that no probe is asked for that it does not know."""
    given = [key for key in _ACCESS if getattr(s.access, key) is not None]
    missing = [key for key in _ACCESS if key not in given and key not in at.find(["access"]).below]
    if given and missing:
        yield Fault(
            "an access network of your own is given in part", at.where(["access", given[0]]), ", ".join(given),
            f"all of {', '.join(_ACCESS)}", f"add {', '.join(missing)}, or take the others out",
        )  # fmt: skip
    elif not given and s.constellation.operator not in (STARLINK, None):
        what = f"the access network fitted to Starlink says nothing of {s.constellation.operator}"
        yield Fault(what, at.where(["access"]), None, f"values for {', '.join(_ACCESS)}")
    if given and s.access.probe not in ("ping", None):
        yield Fault(
            "what this probe adds is fitted to Starlink only", at.where(["access", "probe"]), s.access.probe,
            "'ping' with another access network", "set access.probe = 'ping'",
        )  # fmt: skip
