"""What a user of the page breaks: read, checked for form, told in words. Whether a run has it, the physics say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bentpipe.errors import Fault, InputError

#: As in scenarios: `bentpipe.scenario.disruptions`, `bentpipe.scenario.rates`.
MOST_SHELL, MOST_PLANE = 99, 999
RAIN_PERCENT = (0.001, 100.0)
#: Names or planes of one kind that may be given at once, and the letters of a name.
MOST_NAMED, LONGEST_NAME = 1_000, 63


@dataclass(frozen=True)
class Edits:
    """What breaks in a what-if, from its first slot to its last.

    Parameters
    ----------
    gateways : tuple of str
        Gateways that stop, by id.
    shell : int, optional
        Shell of the `planes`, from 0.
    planes : tuple of int
        Planes whose satellites stop, from 0.
    satellites_percent : float, optional
        Probability of each satellite to stop, %, drawn by the run's seed.
    lasers_percent : float, optional
        Probability of each satellite that its lasers stop, %; at 100 all do.
    power_regions : tuple of str
        Regions without power, whose batteries are empty, by ISO 3166-2 code.
    rain_exceeded_percent : float, optional
        Weather everywhere as bad as in so many % of an average year.
    """

    gateways: tuple[str, ...] = ()
    shell: int | None = None
    planes: tuple[int, ...] = ()
    satellites_percent: float | None = None
    lasers_percent: float | None = None
    power_regions: tuple[str, ...] = ()
    rain_exceeded_percent: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the keys that hold something, as JSON types; `read_edits` reads them back.

        Returns
        -------
        dict
        """
        held = {key: getattr(self, key) for key in self.__dataclass_fields__}
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in held.items()
            if value is not None and value != ()
        }


def read_edits(given: object) -> Edits:
    """Read edits as the page sends them.

    Parameters
    ----------
    given : object
        A mapping of JSON types with one key at least: see `Edits`.

    Returns
    -------
    Edits

    Raises
    ------
    InputError
        One fault for every key that is unknown, of a wrong type or out of range; or nothing is changed.
    """
    if not isinstance(given, Mapping):
        raise InputError(Fault("edits are no table of keys", "edits", None, _KNOWN))
    faults = [
        Fault("unknown key", f"edits.{str(key)[:LONGEST_NAME]}", None, _KNOWN) for key in given if key not in _READERS
    ]
    found: dict[str, Any] = {}
    for key, read in _READERS.items():
        if key in given:
            try:
                found[key] = read(given[key])
            except _RefusedError as error:
                faults.append(Fault(error.what, f"edits.{key}", _short(given[key]), error.allowed))
    both = [key in given for key in ("shell", "planes")]
    if any(both) and not all(both):
        faults.append(Fault("shell and planes go together", "edits.planes", None, "both: a shell and planes of it"))
    if not given:
        faults.append(Fault("nothing is changed", "edits", None, f"one at least of {_KNOWN}"))
    if faults:
        raise InputError(*faults)
    return Edits(**found)


def words(edits: Edits, names: Mapping[str, Mapping[str, str]] | None = None) -> list[str]:
    """Say for people what is changed.

    Parameters
    ----------
    edits : Edits
    names : mapping of str to mapping of str to str, optional
        Names by id of "gateways", "regions" and "shells" (by number as text); an id without one stands for itself.

    Returns
    -------
    list of str
        One line for each change: "gateway Wola Krobowska off".
    """
    known = names or {}

    def named(kind: str, ids: tuple[str, ...]) -> str:
        return " and ".join(known.get(kind, {}).get(one, one) for one in ids)  # names have commas of their own

    lines = []
    if edits.gateways:
        lines.append(f"gateway{_s(edits.gateways)} {named('gateways', edits.gateways)} off")
    if edits.planes:
        shell = known.get("shells", {}).get(str(edits.shell), f"shell {edits.shell}")
        lines.append(f"plane{_s(edits.planes)} {', '.join(map(str, edits.planes))} of {shell} off")
    if edits.satellites_percent is not None:
        lines.append(f"{edits.satellites_percent:g} % of the satellites off, drawn at random")
    if edits.lasers_percent is not None:
        whole = edits.lasers_percent >= 100.0
        lines.append("all lasers off" if whole else f"lasers of {edits.lasers_percent:g} % of the satellites off")
    if edits.power_regions:
        lines.append(f"no power and empty batteries in {named('regions', edits.power_regions)}")
    if edits.rain_exceeded_percent is not None:
        lines.append(f"weather everywhere as bad as in {edits.rain_exceeded_percent:g} % of an average year")
    return lines


def _s(items: tuple[Any, ...]) -> str:
    return "" if len(items) == 1 else "s"


class _RefusedError(Exception):
    """A value that is not allowed."""

    def __init__(self, what: str, allowed: str) -> None:
        super().__init__(what)
        self.what, self.allowed = what, allowed


def _short(value: Any) -> Any:
    """What of a value a message can show."""
    return value if isinstance(value, bool | int | float | str) else None


def _texts(upper: bool) -> Callable[[Any], tuple[str, ...]]:
    allowed = f"a list of 1 to {MOST_NAMED:,} ids, each once"

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            raise _RefusedError("not a list of ids", allowed)
        if not 1 <= len(value) <= MOST_NAMED or not all(1 <= len(one) <= LONGEST_NAME for one in value):
            raise _RefusedError("no ids, too many, or too long", allowed)
        folded = tuple(one.upper() if upper else one.lower() for one in value)
        if len(set(folded)) != len(folded):
            raise _RefusedError("an id is given twice", allowed)
        return folded

    return read


def _whole(value: Any, most: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise _RefusedError(f"not {what}", f"a whole number from 0 to {most}")
    return value


def _shell(value: Any) -> int:
    return _whole(value, MOST_SHELL, "a shell")


def _planes(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST_NAMED:
        raise _RefusedError("not a list of planes", f"a list of whole numbers from 0 to {MOST_PLANE}, each once")
    planes = tuple(_whole(one, MOST_PLANE, "a plane") for one in value)
    if len(set(planes)) != len(planes):
        raise _RefusedError("a plane is given twice", "each once")
    return planes


def _percent(least: float, most: float, above: bool) -> Callable[[Any], float]:
    allowed = f"{'above ' if above else ''}{least:g} {'and up ' if above else ''}to {most:g} %"

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _RefusedError("not a number", allowed)
        # Huge integers and NaN fail here, too.
        if not (least <= value <= most) or (above and value == least):
            raise _RefusedError("out of range", allowed)
        return float(value)

    return read


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "gateways": _texts(upper=False),
    "shell": _shell,
    "planes": _planes,
    "satellites_percent": _percent(0.0, 100.0, above=True),
    "lasers_percent": _percent(0.0, 100.0, above=True),
    "power_regions": _texts(upper=True),
    "rain_exceeded_percent": _percent(*RAIN_PERCENT, above=False),
}
_KNOWN = ", ".join(_READERS)
