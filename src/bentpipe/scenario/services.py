"""What people do over the link, and what counts as working."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from bentpipe.scenario.values import Choice, Frozen, FrozenMap, Moment, Number, Part

ServiceName = Literal["voice", "video-call", "web", "post", "poll", "news", "bulk", "video"]
"""Services that stand in the catalogue's table of requirements."""

JudgedName = Literal["all", "voice", "video-call", "web", "post", "poll", "news", "bulk", "video"]
"""Services, and the word for all of them."""

NEED_RATES: tuple[ServiceName, ...] = ("video-call", "web", "post", "poll", "news", "bulk", "video")
"""Services that cannot be judged where rates are not computed."""
NEED_UPLINK: tuple[ServiceName, ...] = ("video-call", "web", "post", "poll", "news", "bulk")
"""Services that cannot be judged where the rate from users is not computed."""
EXCHANGES: tuple[ServiceName, ...] = ("web", "post", "poll", "news", "bulk")
"""Services that are a request and its answer: their measure is a time, of which less is better."""

Limit = Annotated[float, Number(0, 1_000_000, above=True)]
Size = Annotated[float, Number(0, 10_000_000, "kB (1,000 bytes)")]


class Needed(Part):
    """What one service needs, where it is not as the table of requirements has it.

    Parameters
    ----------
    works, degraded : float, optional
        Where it works, and where it is usable with effort: R of the E-model for "voice", kbit/s for "video-call" and
        "video", s for the others.
    sent_kb, received_kb : float, optional
        Sizes of a request and its answer, kB of 1,000 bytes.
    """

    works: Limit | None = None
    degraded: Limit | None = None
    sent_kb: Size | None = None
    received_kb: Size | None = None


class Poll(Part):
    """A poll in which users of terminals vote: each begins at a time of their own and tries until the vote is counted.

    Parameters
    ----------
    opens, closes : datetime.datetime, optional
        UTC; the start and the end of the run where absent.
    patience_min : float
        How many get through within so many minutes is told beside who does at once, and before it closes.
    """

    opens: Moment | None = None
    closes: Moment | None = None
    patience_min: Annotated[float, Number(0, 1_440, "min", above=True)] = 10.0


class Conference(Part):
    """A videoconference that begins at a random time.

    Parameters
    ----------
    duration_min : float
        How long it lasts, min.
    longest_break_s : float
        The longest break that it bears, s.
    """

    duration_min: Annotated[float, Number(0, 1_440, "min", above=True)] = 30.0
    longest_break_s: Annotated[float, Number(0, 3_600, "s")] = 15.0


class Services(Part):
    """What is judged: whether services work over the link of each place.

    Parameters
    ----------
    judge : tuple of str
        Services; none where empty. "all", alone: every one that the run's rates allow, which is "voice" where none are
        computed.
    server_rtt_ms : float
        Round trip from the point of presence to the server or the other caller, ms.
    needs : mapping of str to Needed
        What a service needs, by its name, where it is not as the table of requirements has it.
    poll : Poll
        When votes count.
    conference : Conference
        How long a videoconference lasts.
    """

    judge: tuple[Annotated[JudgedName, Choice()], ...] = ()
    server_rtt_ms: Annotated[float, Number(0, 2_000, "ms")] = 10.0
    needs: Annotated[Mapping[Annotated[ServiceName, Choice()], Needed], *Frozen] = FrozenMap()
    poll: Poll = Poll()
    conference: Conference = Conference()

    def may_judge(self, name: str) -> bool:
        """Whether a service is asked for: it is judged if rates allow."""
        return name in self.judge or "all" in self.judge
