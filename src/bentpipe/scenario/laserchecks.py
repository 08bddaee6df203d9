"""Cross-field checks of lasers, paths and traffic."""

from __future__ import annotations

from collections.abc import Iterator

from bentpipe.errors import Fault
from bentpipe.scenario.groundchecks import check_policy
from bentpipe.scenario.lasers import ROUTING, TOPOLOGIES
from bentpipe.scenario.model import Scenario
from bentpipe.scenario.places import Places
from bentpipe.scenario.values import did_you_mean

MOST_PAIRS = 50_000


def check_lasers(s: Scenario, at: Places) -> Iterator[Fault]:
    """Check that terminals suffice, numbering is complete, and that what is named can be told."""
    lasers = s.lasers
    if lasers is None:
        return
    yield from check_policy(lasers.topology, TOPOLOGIES, "topology", at.where(["lasers", "topology"]))
    if lasers.between_shells > lasers.terminals:
        yield Fault(
            "more terminals point at other shells than there are", at.where(["lasers", "between_shells"]),
            lasers.between_shells, f"0 to {lasers.terminals}",
        )  # fmt: skip
    both = (lasers.planes is None) + (lasers.per_plane is None)
    if both != (0 if lasers.numbering == "listed" else 2):
        yield Fault(
            'numbering = "listed" goes with planes and per_plane', at.where(["lasers", "numbering"]), lasers.numbering,
            'numbering = "listed", planes and per_plane; or none of the two',
        )  # fmt: skip
    source = s.constellation.source
    if lasers.first_launch is not None and source != "elements":
        yield Fault(
            "only element sets tell the launch of a satellite", at.where(["lasers", "first_launch"]),
            lasers.first_launch, "with source = 'elements'", "name shells instead: without_shells = [0]",
        )  # fmt: skip
    if lasers.first_launch is not None and lasers.equipped == "all":
        yield Fault(
            "either all satellites carry lasers, or those from a launch on", at.where(["lasers", "first_launch"]),
            lasers.first_launch, 'equipped = "all" or first_launch', "take one of them out",
        )  # fmt: skip
    if s.constellation.operator == "geostationary":
        yield Fault("one satellite has nobody to point a laser at", at.where(["lasers"]), None, "no [lasers]")
    if lasers.without_shells and source == "elements":
        yield Fault(
            "the shells of element sets have no number", at.where(["lasers", "without_shells"]),
            list(lasers.without_shells), "built-in shells, or those of the scenario", "use first_launch, or without",
        )  # fmt: skip
    if s.policies.sharing not in ("single-satellite", "none"):
        yield Fault(
            f"not modelled: {s.policies.sharing} shares over lasers", at.where(["policies", "sharing"]),
            s.policies.sharing, "single-satellite, none",
        )  # fmt: skip
    if s.policies.scheduling == "max-coverage":
        yield Fault(
            "not modelled: max-coverage decides which satellites gateways follow as if there were no lasers",
            at.where(["policies", "scheduling"]), s.policies.scheduling, "another policy, or no [lasers]",
        )  # fmt: skip


def check_paths(s: Scenario, at: Places) -> Iterator[Fault]:
    """Check that pairs name ends that exist, once each, and that traffic has paths to flow on."""
    paths, traffic = s.paths, s.traffic
    yield from check_policy(paths.routing, ROUTING, "routing", at.where(["paths", "routing"]))
    if s.lasers is None:
        for key, given in (("paths", paths.all_sites or paths.pairs), ("traffic", _asked(s))):
            if given:
                yield Fault(
                    f"this constellation has no lasers that {key} could go over", at.where([key]), None,
                    "a part [lasers]", "add [lasers], or take the part out",
                )  # fmt: skip
        return
    ends = {site.id for site in s.sites} | {pop.id for pop in s.pops}
    ends |= set() if isinstance(s.gateways, str) else {gateway.id for gateway in s.gateways}
    known = s.sites_file is None and s.gateways_file is None and not isinstance(s.gateways, str)
    seen: set[frozenset[str]] = set()
    for number, pair in enumerate(paths.pairs):
        where = at.where(["paths", "pairs", number])
        for end in pair if known else ():
            if end not in ends:
                allowed = ", ".join(sorted(ends))
                yield Fault("no such site, gateway or point of presence", where, end, allowed, did_you_mean(end, ends))
        if pair[0] == pair[1]:
            yield Fault("a path needs two ends", where, list(pair), "two different ids")
        elif frozenset(pair) in seen:
            yield Fault("the pair is named twice", where, list(pair), "once: a path goes both ways")
        seen.add(frozenset(pair))
    count = len(paths.pairs) + (len(s.sites) * (len(s.sites) - 1) // 2 if paths.all_sites else 0)
    if count > MOST_PAIRS:
        yield Fault("too many pairs", at.where(["paths"]), f"{count:,}", f"at most {MOST_PAIRS:,}", "name fewer pairs")
    if traffic.matrix_file is not None and traffic.gravity_gbps is not None:
        yield Fault(
            "matrix_file and gravity_gbps contradict one another", at.where(["traffic", "gravity_gbps"]),
            traffic.gravity_gbps, "one of them",
        )  # fmt: skip
    # A list of sites may bring people: it is read with the run.
    if traffic.gravity_gbps is not None and s.sites_file is None and not any(site.people for site in s.sites):
        yield Fault(
            "no site has people between whom the traffic could flow", at.where(["traffic", "gravity_gbps"]),
            traffic.gravity_gbps, "people at two sites or more", "give sites.*.people",
        )  # fmt: skip
    if paths.routing == "load-aware" and not _asked(s):
        yield Fault(
            "load-aware routing needs a load", at.where(["paths", "routing"]), paths.routing,
            "[traffic] with matrix_file or gravity_gbps",
        )  # fmt: skip


def _asked(s: Scenario) -> bool:
    return s.traffic.matrix_file is not None or s.traffic.gravity_gbps is not None
