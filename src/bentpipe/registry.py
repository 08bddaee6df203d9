"""Named policies: a scenario names one, a researcher passes a function or installs one by entry point.

`resolve` is how every kind of policy is found; `Policy` and `find_policy` are those of scheduling.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bentpipe.errors import Fault, InputError, UnknownNameError
from bentpipe.fingerprint import fingerprint

Record = TypeVar("Record")

#: Entry-point group under which other packages offer scheduling policies.
ENTRY_POINT_GROUP = "bentpipe.scheduling"


@dataclass(frozen=True)
class Policy:
    """A function that ranks usable links, and what it needs to do so.

    Parameters
    ----------
    name : str
        How scenarios call it.
    score : callable
        ``score(links) -> (P,) float64``; higher is preferred. See `bentpipe.network.links.Links`.
    memory_slots : int or None
        How many earlier slots its choice depends on, through the choices in between as well: a policy that keeps
        its satellite while it can depends on all of them, though it looks one slot back. None for without bound
        (such a policy runs serially). With a number, the chain of choices starts anew that many slots before
        each absolute block, on every machine alike.
    lookahead_slots : int
        How many later slots of geometry it needs.
    coverage_first : bool
        Follow the satellites, and share out their beams, so that most places are served; the score is only a
        preference. See `bentpipe.network.coverage` for what is exact.
    source : str
        Paper, measurement or convention that it follows.
    """

    name: str
    score: Callable[[Any], Any]
    memory_slots: int | None = 0
    lookahead_slots: int = 0
    coverage_first: bool = False
    source: str = ""

    def identity(self) -> str:
        """Hash that tells the policy from every other: its settings, its function, and what the function uses.

        Returns
        -------
        str
            64 hexadecimal digits; see `bentpipe.fingerprint.fingerprint`.
        """
        settings = (self.name, self.memory_slots, self.lookahead_slots, self.coverage_first)
        return hashlib.sha256(f"{settings}:{fingerprint(self.score)}".encode()).hexdigest()


def resolve(
    built_in: Mapping[str, Record],
    wanted: str | Record | Callable[..., Any],
    kind: type[Record],
    wrap: Callable[[Callable[..., Any]], Record],
    noun: str,
    where: str,
    group: str = "",
) -> Record:
    """Resolve what a user asked for to a policy of some kind.

    Parameters
    ----------
    built_in : mapping
        The policies of bentpipe by name.
    wanted : str, record or callable
        A name (case is ignored), a policy, or a bare function.
    kind : type
        Class of the policies.
    wrap : callable
        ``wrap(function)`` makes a policy of a bare function.
    noun : str
        What such a policy is called in messages, such as "scheduling policy".
    where : str
        Key of a scenario that names it.
    group : str
        Entry-point group of installed policies; "" where there is none.

    Returns
    -------
    record
        An instance of `kind`.

    Raises
    ------
    UnknownNameError
        When no built-in or installed policy has that name.
    InputError
        When the object is none of the three.
    """
    if isinstance(wanted, kind):
        return wanted
    if callable(wanted):
        return wrap(wanted)
    if not isinstance(wanted, str):
        raise InputError(Fault(f"a {noun} is a name or a function", where, wanted))
    named = {name.lower(): policy for name, policy in built_in.items()}
    if wanted.lower() in named:
        return named[wanted.lower()]
    points = importlib.metadata.entry_points(group=group) if group else ()
    installed = {point.name.lower(): point for point in points}
    if wanted.lower() in installed:
        found: Record = resolve(built_in, installed[wanted.lower()].load(), kind, wrap, noun, where, group)
        return found
    names = sorted([*named, *installed])
    close = difflib.get_close_matches(wanted.lower(), names, 1)
    remedy = f"did you mean {close[0]!r}?" if close else ""
    raise UnknownNameError(Fault(f"no {noun} has this name", where, wanted, ", ".join(names), remedy))


def find_policy(built_in: Mapping[str, Policy], wanted: str | Policy | Callable[[Any], Any]) -> Policy:
    """Resolve what a user asked for to a policy.

    Parameters
    ----------
    built_in : mapping
        The policies of bentpipe by name.
    wanted : str, Policy or callable
        A name (case is ignored), a policy, or a bare scoring function. A bare function may carry the
        attributes ``memory_slots`` and ``lookahead_slots``.

    Returns
    -------
    Policy

    Raises
    ------
    UnknownNameError
        When no built-in or installed policy has that name.
    InputError
        When the object is none of the three.
    """
    return resolve(built_in, wanted, Policy, _given, "scheduling policy", "policies.scheduling", ENTRY_POINT_GROUP)


def _given(score: Callable[[Any], Any]) -> Policy:
    """Make a policy of a bare function."""
    return Policy(
        name=getattr(score, "__name__", "policy"),
        score=score,
        memory_slots=getattr(score, "memory_slots", 0),
        lookahead_slots=getattr(score, "lookahead_slots", 0),
        coverage_first=getattr(score, "coverage_first", False),
        source="given by the user",
    )
