"""Cross-field checks of the services."""

from __future__ import annotations

from collections.abc import Iterator

from bentpipe.errors import Fault
from bentpipe.scenario.groundchecks import twice
from bentpipe.scenario.model import Scenario
from bentpipe.scenario.places import Places
from bentpipe.scenario.services import EXCHANGES, NEED_RATES, Conference, Needed, Poll


def check_services(s: Scenario, at: Places, may_be_outside: bool = False) -> Iterator[Fault]:
    """Check that what is judged can be judged, and that what is said of services is used.

    `may_be_outside`: whether the poll may lie outside the simulated time, as where an override has changed it.
    """
    given = s.services
    yield from twice(given.judge, at.where(["services", "judge"]), "service")
    if "all" in given.judge and len(given.judge) > 1:
        yield Fault("'all' stands alone", at.where(["services", "judge"]), list(given.judge), '["all"], or names')
    blind = [name for name in given.judge if name in NEED_RATES]
    if blind and s.policies.sharing == "none":
        yield Fault(
            f"{', '.join(blind)}: not to be judged without rates", at.where(["services", "judge"]), list(given.judge),
            "voice, which rests on delay and loss alone",
            'set policies.sharing = "single-satellite" to compute rates, or judge voice only, or "all" that can be',
        )  # fmt: skip
    if not at.where(["services", "judge"]).startswith("override"):  # else the rest of the section waits for other runs
        yield from _check_unused(s, at)
    for name, needed in given.needs.items():
        yield from _check_needed(name, needed, at)
    yield from _check_poll(s, at, may_be_outside)
    yield from _check_conference(s, at)


def _check_unused(s: Scenario, at: Places) -> Iterator[Fault]:
    given = s.services
    remedy = "add it to services.judge, or take this out"
    for name in given.needs:
        if not given.may_judge(name):
            where = at.where(["services", "needs", name])
            yield Fault("a service that is not judged", where, name, ", ".join(given.judge) or "none", remedy)
    if given.poll != Poll() and not given.may_judge("poll"):
        yield Fault("no vote is judged", at.where(["services", "poll"]), None, "with 'poll' in services.judge", remedy)
    if given.conference != Conference() and not given.may_judge("video-call"):
        where = at.where(["services", "conference"])
        yield Fault("no videoconference is judged", where, None, "with 'video-call' in services.judge", remedy)


def _check_needed(name: str, needed: Needed, at: Places) -> Iterator[Fault]:
    exchange = name in EXCHANGES
    for key in ("sent_kb", "received_kb"):
        if not exchange and getattr(needed, key) is not None:
            yield Fault(
                "only a request and its answer have sizes", at.where(["services", "needs", name, key]), name,
                ", ".join(EXCHANGES), "take the size out",
            )  # fmt: skip
    works, degraded = needed.works, needed.degraded
    where = at.where(["services", "needs", name])
    if (works is None) != (degraded is None):
        yield Fault("works and degraded go together", where, works or degraded, "both, or neither")
    if works is not None and degraded is not None and ((works > degraded) if exchange else (works < degraded)):
        better = "less" if exchange else "more"
        yield Fault(
            "a service would be degraded where it works", where, f"works = {works:g}, degraded = {degraded:g}",
            f"of {name}, {better} is better: 'works' is to be no {'higher' if exchange else 'lower'} than 'degraded'",
        )  # fmt: skip


def _check_poll(s: Scenario, at: Places, may_be_outside: bool) -> Iterator[Fault]:
    poll = s.services.poll
    opens, closes = poll.opens or s.time.start, poll.closes or s.time.end
    # Where an override has changed the time, one that is not given follows it, perhaps past the other.
    both = poll.opens is not None and poll.closes is not None
    if s.services.may_judge("poll") and closes <= opens and (both or not may_be_outside):
        yield Fault("the poll closes before it opens", at.where(["services", "poll", "closes"]), closes.isoformat(),
                    f"after {opens.isoformat()}")  # fmt: skip
    elif s.services.may_judge("poll") and not may_be_outside and not (s.time.start <= opens and closes <= s.time.end):
        yield Fault(
            "the poll is not within the simulated time", at.where(["services", "poll"]),
            f"{opens.isoformat()} to {closes.isoformat()}", f"{s.time.start.isoformat()} to {s.time.end.isoformat()}",
            "move the poll, or simulate longer",
        )  # fmt: skip


def _check_conference(s: Scenario, at: Places) -> Iterator[Fault]:
    if s.services.conference.longest_break_s >= 60.0 * s.services.conference.duration_min:
        yield Fault(
            "a break as long as the conference", at.where(["services", "conference", "longest_break_s"]),
            s.services.conference.longest_break_s, f"below {60.0 * s.services.conference.duration_min:g} s",
        )  # fmt: skip
