"""The types of the values in a scenario file: each refuses what it does not mean, and says what it allows.

Every refusal is a `PydanticCustomError` whose context holds the `what`, `allowed` and `remedy` of an
`bentpipe.errors.Fault`, so that the reader has nothing to translate.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, GetCoreSchemaHandler, WrapSerializer
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

K = TypeVar("K")
V = TypeVar("V")

FIRST_LAUNCH = datetime(2019, 5, 24)
"""The first launch of production satellites: no built-in shell before it."""
EARLIEST = datetime(2000, 1, 1)
"""Slots are counted from here."""
LATEST = datetime(2050, 1, 1)

_DURATION_S = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


class Part(BaseModel):
    """A frozen part of a scenario that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def refuse(what: str, allowed: str = "", remedy: str = "") -> PydanticCustomError:
    """Make the error that the reader turns into a `Fault`.

    Parameters
    ----------
    what, allowed, remedy : str
        As in `bentpipe.errors.Fault`.

    Returns
    -------
    PydanticCustomError
    """
    context = {"what": what, "allowed": allowed, "remedy": remedy}
    return PydanticCustomError("bentpipe", "{what}", context)


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Give a hint at the nearest known name.

    Parameters
    ----------
    name : object
        The name that nothing answers to.
    known : iterable of str
        The names that exist.

    Returns
    -------
    str
        "did you mean 'x'?", or nothing where nothing is near.
    """
    pool = {k.lower(): k for k in known}
    near = difflib.get_close_matches(str(name).lower(), pool, n=1, cutoff=0.6)
    return f"did you mean '{pool[near[0]]}'?" if near else ""


class FrozenMap(Mapping[K, V]):
    """A mapping that cannot be changed; hashable, picklable, equal to any mapping with the same items."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        self._items: dict[K, V] = dict(items)

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"FrozenMap({self._items!r})"

    def __reduce__(self) -> tuple[type, tuple[dict[K, V]]]:
        return type(self), (self._items,)


def _frozen(value: Mapping[Any, Any]) -> FrozenMap[Any, Any]:
    return FrozenMap(value)


def _thaw(value: Any, handler: Callable[[Any], Any]) -> Any:
    return handler(dict(value))


Frozen = (AfterValidator(_frozen), WrapSerializer(_thaw))
"""Annotations that freeze a mapping: ``Annotated[Mapping[str, int], *Frozen]``."""


@dataclass(frozen=True)
class Check:
    """Base of the annotations: one function from the value in the file to the value in the model."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate by `read` alone, and write by `write`."""
        serializer = core_schema.plain_serializer_function_ser_schema(self.write, when_used="json")
        return core_schema.no_info_plain_validator_function(self.read, serialization=serializer)

    def read(self, value: Any) -> Any:
        """Turn what the file holds into what the model holds."""
        raise NotImplementedError

    def write(self, value: Any) -> Any:
        """Turn what the model holds into what JSON or TOML holds."""
        return value


@dataclass(frozen=True)
class Number(Check):
    """A finite number within bounds.

    Parameters
    ----------
    low, high : float
        The bounds, both allowed unless `above` is set.
    unit : str
        The unit in words, for the message.
    whole : bool
        Integers only.
    above : bool
        Whether `low` itself is refused.
    """

    low: float
    high: float
    unit: str = ""
    whole: bool = False
    above: bool = False

    @property
    def allowed(self) -> str:
        """The bounds in words."""
        kind = "a whole number" if self.whole else "a number"
        low = f"above {self.low:,.12g} up to" if self.above else f"from {self.low:,.12g} to"
        return f"{kind} {low} {self.high:,.12g} {self.unit}".rstrip()

    def read(self, value: Any) -> Any:
        """Refuse text, truth values, NaN and what lies outside the bounds."""
        if isinstance(value, str):
            raise refuse(
                "text where a number belongs",
                self.allowed,
                "write the number bare, without quotes or unit: the key names the unit",
            )
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise refuse(f"{kind_of(value)} where a number belongs", self.allowed)
        if not math.isfinite(value):
            raise refuse("not a finite number", self.allowed)
        if self.whole and int(value) != value:
            raise refuse("a fraction where a whole number belongs", self.allowed)
        if value < self.low or value > self.high or (self.above and value == self.low):
            raise refuse("out of range", self.allowed)
        return int(value) if self.whole else float(value)


@dataclass(frozen=True)
class Words(Check):
    """Text without control characters.

    Parameters
    ----------
    longest : int
        The most characters.
    pattern : str
        A regular expression that the whole text must match.
    described : str
        The pattern in words, for the message.
    case : str
        "lower" or "upper" where names ignore case: the one that they are kept in.
    """

    longest: int = 300
    pattern: str = ""
    described: str = ""
    case: str = ""

    def read(self, value: Any) -> str:
        """Refuse what is no text, too long, unprintable or of another form."""
        allowed = self.described or f"text of at most {self.longest:,} characters"
        if not isinstance(value, str):
            raise refuse(
                f"{kind_of(value)} where text belongs", allowed, "put it in quotes" if is_scalar(value) else ""
            )
        if len(value) > self.longest:
            raise refuse(f"{len(value):,} characters is too long", allowed)
        if any(ord(c) < 32 and c not in "\n\t" for c in value):
            raise refuse("control characters in the text", "printable text")
        # ASCII only: some letters of other alphabets fold to one of these, or to several.
        folded = (
            value if not value.isascii() else {"lower": value.lower(), "upper": value.upper()}.get(self.case, value)
        )
        if self.pattern and not re.fullmatch(self.pattern, folded):
            raise refuse("not of the form that belongs here", allowed)
        return folded


class Truth(Check):
    """True or false, and nothing that looks like it."""

    def read(self, value: Any) -> bool:
        """Refuse everything but true and false."""
        if not isinstance(value, bool):
            raise refuse(f"{kind_of(value)} where true or false belongs", "true or false")
        return value


class Choice(Check):
    """One of the words of a `Literal`; upper and lower case are the same."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Take the words from the annotated `Literal`."""
        words: tuple[str, ...] = get_args(source)

        def read(value: Any) -> str:
            allowed = "one of " + ", ".join(f"'{w}'" for w in words)
            if not isinstance(value, str):
                raise refuse(f"{kind_of(value)} where a word belongs", allowed)
            if value.lower() not in words:
                raise refuse("not a known word here", allowed, did_you_mean(value, words))
            return value.lower()

        return core_schema.no_info_plain_validator_function(read)


@dataclass(frozen=True)
class WordOr(Check):
    """A number within bounds, or one word that stands for a rule."""

    word: str
    number: Number

    def read(self, value: Any) -> str | float:
        """Accept the word or a number."""
        if isinstance(value, str) and value.lower() == self.word:
            return self.word
        if isinstance(value, str):
            raise refuse(
                "not a known word here", f"'{self.word}' or {self.number.allowed}", did_you_mean(value, [self.word])
            )
        number: float = self.number.read(value)
        return number


@dataclass(frozen=True)
class Span(Check):
    """A duration such as "15s", "90m", "24h" or "1h30m".

    Parameters
    ----------
    low_s, high_s : float
        Bounds in seconds.
    """

    low_s: float
    high_s: float

    def read(self, value: Any) -> timedelta:
        """Refuse numbers without unit and units that are not durations."""
        allowed = f"from {format_duration(timedelta(seconds=self.low_s))} to " + format_duration(
            timedelta(seconds=self.high_s)
        )
        span = value if isinstance(value, timedelta) else parse_duration(value, allowed)
        if not self.low_s <= span.total_seconds() <= self.high_s:
            raise refuse("out of range", allowed)
        return span

    def write(self, value: Any) -> Any:
        """Write as in the file."""
        return format_duration(value) if isinstance(value, timedelta) else value


def parse_duration(value: object, allowed: str = "") -> timedelta:
    """Read a duration.

    Parameters
    ----------
    value : object
        Text of numbers and units: ms, s, m or min (minutes), h, d.
    allowed : str
        Bounds to name in the message.

    Returns
    -------
    datetime.timedelta
    """
    form = 'a duration in quotes such as "15s", "90m", "24h" or "1h30m" (units ms, s, m, h, d)'
    allowed = f"{form}, {allowed}".rstrip(", ")
    if not isinstance(value, str):
        finite = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        remedy = f'write "{value}s" if seconds are meant' if finite else ""
        raise refuse(f"{kind_of(value)} where a duration belongs", allowed, remedy)
    text = value.strip().lower()
    pieces = _DURATION.findall(text)
    if not pieces or re.sub(_DURATION, "", text).strip():
        raise refuse("not a duration", allowed)
    unknown = [unit for _, unit in pieces if unit not in _DURATION_S]
    if unknown:
        raise refuse(f"'{unknown[0]}' is not a unit of time", allowed)
    seconds = sum(float(number) * _DURATION_S[unit] for number, unit in pieces)
    if seconds > 1e12:
        raise refuse("out of range", allowed)
    return timedelta(seconds=seconds)


def format_duration(span: timedelta) -> str:
    """Write a duration in the form that `parse_duration` reads.

    Parameters
    ----------
    span : datetime.timedelta

    Returns
    -------
    str
        In the largest unit that leaves a whole number; seconds with a fraction otherwise.
    """
    for unit, micros in (("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)):
        count, rest = divmod(span, timedelta(microseconds=micros))
        if not rest and (count or unit == "ms"):
            return f"{count}{unit}"
    return f"{span.total_seconds():.6f}s"


class Instant(Check):
    """A moment, kept as a plain `datetime` in UTC.

    An offset in the file is converted to UTC; a time without offset *is* UTC (scenarios know no local time),
    and a date alone is its midnight.
    """

    def read(self, value: Any) -> datetime:
        """Refuse what is no date and what no constellation of this model saw."""
        allowed = f"a UTC time from {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}, such as 2022-10-24T00:00:00Z"
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                raise refuse("not a time", allowed) from None
        if isinstance(value, datetime):
            try:
                moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            except OverflowError:
                raise refuse("the time is out of range", allowed) from None
        elif isinstance(value, date):
            moment = datetime.combine(value, time())
        else:
            raise refuse(f"{kind_of(value)} where a time belongs", allowed)
        if not EARLIEST <= moment <= LATEST:
            raise refuse("the time is out of range", allowed)
        return moment

    def write(self, value: Any) -> Any:
        """Write ISO 8601 with the Z of UTC."""
        return f"{value.isoformat()}Z" if isinstance(value, datetime) else value


class Day(Check):
    """A calendar date (UTC)."""

    def read(self, value: Any) -> date:
        """Refuse what is no date."""
        allowed = "a date such as 2022-10-24, from 1990-01-01 to 2050-01-01"
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                raise refuse("not a date", allowed) from None
        if isinstance(value, datetime):
            value = Instant().read(value).date()
        if not isinstance(value, date):
            raise refuse(f"{kind_of(value)} where a date belongs", allowed)
        if not date(1990, 1, 1) <= value <= LATEST.date():
            raise refuse("the date is out of range", allowed)
        return value

    def write(self, value: Any) -> Any:
        """Write ISO 8601."""
        return value.isoformat() if isinstance(value, date) else value


class FilePath(Check):
    """The path of a file; the reader has made it absolute, from the folder of the scenario file."""

    def read(self, value: Any) -> Path:
        """Refuse what cannot be a path."""
        allowed = "a path in quotes, relative to the scenario file"
        if isinstance(value, Path):
            return value
        if not isinstance(value, str):
            raise refuse(f"{kind_of(value)} where a path belongs", allowed)
        if not value.strip() or "\x00" in value or len(value) > 4096:
            raise refuse("not a path", allowed)
        return Path(value)

    def write(self, value: Any) -> Any:
        """Write with forward slashes."""
        return value.as_posix() if isinstance(value, Path) else value


def kind_of(value: object) -> str:
    """Name the kind of a TOML value in words.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
    """
    names = (
        (bool, "true or false"),
        (int, "a number"),
        (float, "a number"),
        (str, "text"),
        (datetime, "a time"),
        (date, "a date"),
        (time, "a time of day"),
        (Mapping, "a table"),
        ((list, tuple), "a list"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), type(value).__name__)


def is_number(value: object) -> bool:
    """Tell whether a value is a number, truth values apart.

    Parameters
    ----------
    value : object

    Returns
    -------
    bool
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_scalar(value: object) -> bool:
    """Tell whether a value is neither table nor list.

    Parameters
    ----------
    value : object

    Returns
    -------
    bool
    """
    return not isinstance(value, (Mapping, list, tuple))


_ID = r"[a-z0-9][a-z0-9_-]{0,62}"
_REGION = r"[A-Z]{3}|[A-Z]{2}-[A-Z0-9]{1,3}~?"

Text = Annotated[str, Words()]
LongText = Annotated[str, Words(5_000)]
Id = Annotated[str, Words(63, _ID, "an id of letters (a to z), digits, '-' and '_', such as 'wola-krobowska'", "lower")]
Code = Annotated[
    str, Words(7, _REGION, "an ISO 3166-2 code such as 'UA-30' (of the world: a country such as 'UKR')", "upper")
]
Country = Annotated[str, Words(3, r"[A-Z]{3}", "an ISO 3166-1 code of three letters, such as 'UKR'", "upper")]
CellId = Annotated[
    str, Words(16, r"[0-9a-f]{15,16}", "an H3 cell id in hexadecimal, such as '851fb467fffffff'", "lower")
]
Flag = Annotated[bool, Truth()]
Share = Annotated[float, Number(0, 1, "(a share)")]
Latitude = Annotated[float, Number(-90, 90, "degrees north")]
Longitude = Annotated[float, Number(-180, 180, "degrees east")]
Elevation = Annotated[float, Number(0, 89, "degrees above the horizon")]
Hours = Annotated[float, Number(0, 8784, "hours")]
CatalogNumber = Annotated[int, Number(1, 999_999_999, "(a catalogue number)", whole=True)]
Moment = Annotated[datetime, Instant()]
CalendarDay = Annotated[date, Day()]
FileName = Annotated[Path, FilePath()]
AnySpan = Annotated[timedelta, Span(1, 366 * 86400)]
