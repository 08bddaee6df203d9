"""Checks that need the catalogue: whoever has it hands over what exists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from bentpipe.errors import Fault
from bentpipe.scenario.disruptions import LaserLoss, PowerCut, SatelliteLoss
from bentpipe.scenario.eventchecks import unknown_planes
from bentpipe.scenario.model import Scenario
from bentpipe.scenario.values import did_you_mean

_OWN = "region of the territory"


def named_regions(scenario: Scenario) -> tuple[tuple[str, str], ...]:
    """List every region that a scenario names.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    tuple of (str, str)
        Region code, and the dotted key that names it; in the order of the model.
    """
    s = scenario
    named = [(code, "territory.admin1") for code in s.territory.admin1]
    for holder, codes in (
        ("people.regions", s.people.regions),
        ("terminals.regions", s.terminals.regions),
        ("terminals.region_weights", s.terminals.region_weights),
    ):
        named += [(code, f"{holder}.{code}") for code in codes]
    named += [(code, f"licence.masks.{n}.regions") for n, mask in enumerate(s.licence.masks) for code in mask.regions]
    named += [
        (code, f"disruptions.{event.id}.regions") for event in s.disruptions for code in getattr(event, "regions", ())
    ]
    return tuple(named)


def check_references(
    scenario: Scenario,
    region_codes: Collection[str] | None = None,
    *,
    power_regions: Collection[str] | None = None,
    countries: Collection[str] | None = None,
    gateways: Collection[str] | None = None,
    pops: Collection[str] | None = None,
    policies: Collection[str] | None = None,
    catalog_numbers: Collection[int] | None = None,
    planes: Sequence[int] | None = None,
) -> tuple[Fault, ...]:
    """Check every name in a scenario against what exists; what is None is not checked.

    Parameters
    ----------
    scenario : Scenario
    region_codes : collection of str, optional
        Codes of the territory's regions: ISO 3166-2, or countries in a world scenario.
    power_regions : collection of str, optional
        Codes that a power cut may name: those of the territory, and of the regions that gateways stand in.
    countries : collection of str, optional
        ISO 3166-1 alpha-3 codes that exist.
    gateways, pops : collection of str, optional
        Ids, where the scenario takes them from a file or from the assumed world-wide list.
    policies : collection of str, optional
        Names of scheduling policies.
    catalog_numbers : collection of int, optional
        Satellites of the element set.
    planes : sequence of int, optional
        Planes of each of the built-in shells.

    Returns
    -------
    tuple of Fault
        With file, line and key where the scenario knows them.
    """
    found = [
        *_regions(scenario, region_codes, power_regions or region_codes, countries),
        *_targets(scenario, gateways, pops, catalog_numbers),
        *_policy(scenario, policies),
        *_planes(scenario, planes),
    ]
    return tuple(found)


def _unknown(what: str, name: object, known: Collection[object], where: str) -> Fault:
    texts = sorted(str(one) for one in known)
    shown = ", ".join(texts) if len(texts) <= 12 else f"{len(texts)} of them, {texts[0]} to {texts[-1]}"
    # Codes are all alike: a hint at the nearest one would be a guess.
    hint = "" if "-" in str(name)[2:3] or len(str(name)) <= 3 else did_you_mean(name, texts)
    return Fault(f"no such {what}", where, name, shown, hint)


def _regions(
    s: Scenario,
    codes: Collection[str] | None,
    power: Collection[str] | None,
    countries: Collection[str] | None,
) -> Iterator[Fault]:
    country = s.territory.country
    if countries is not None and country is not None and country not in countries:
        yield _unknown("country", country, countries, s.where("territory.country"))
    cuts = {f"disruptions.{event.id}.regions" for event in s.disruptions if isinstance(event, PowerCut)}
    for code, key in named_regions(s):
        known, what = (power, "region of the territory or of a gateway") if key in cuts else (codes, _OWN)
        if known is not None and code not in known:
            yield _unknown(what, code, known, s.where(key))


def _targets(
    s: Scenario, gateways: Collection[str] | None, pops: Collection[str] | None, numbers: Collection[int] | None
) -> Iterator[Fault]:
    for event in s.disruptions:
        for key, known, what in (
            ("gateways", gateways, "gateway"),
            ("pops", pops, "point of presence"),
            ("satellites", numbers, "satellite"),
        ):
            for name in getattr(event, key, ()):
                if known is not None and name not in known:
                    yield _unknown(what, name, known, s.where(f"disruptions.{event.id}.{key}"))
    for key in ("include", "exclude"):
        for number in getattr(s.constellation, key):
            if numbers is not None and number not in numbers:
                yield _unknown("satellite", number, numbers, s.where(f"constellation.{key}"))


def _policy(s: Scenario, policies: Collection[str] | None) -> Iterator[Fault]:
    name = s.policies.scheduling
    if policies is not None and name.lower() not in {policy.lower() for policy in policies}:
        yield _unknown("scheduling policy", name, policies, s.where("policies.scheduling"))


def _planes(s: Scenario, planes: Sequence[int] | None) -> Iterator[Fault]:
    for event in s.disruptions:
        if planes is not None and isinstance(event, SatelliteLoss | LaserLoss):
            at = f"disruptions.{event.id}"
            yield from unknown_planes(event, planes, lambda key, at=at: s.where(f"{at}.{key}"))  # type: ignore[misc]
