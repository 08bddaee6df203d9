"""Reads study files: every fault at once, with file and line."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from bentpipe.errors import Fault, ScenarioError, UnknownNameError
from bentpipe.scenario.builtin import is_builtin
from bentpipe.scenario.places import Places, scan
from bentpipe.scenario.values import did_you_mean
from bentpipe.sweep.axes import DISTRIBUTIONS, MOST_VALUES, Axis, Drawn, distinct, from_range, is_number
from bentpipe.sweep.keep import ALL, DEFAULT, STATISTICS, Kept, is_a_name, over_time
from bentpipe.sweep.study import Limits, Study

KEYS = ("schema", "name", "title", "base", "seeds", "draws", "seed", "fixed", "axes", "keep", "limits")
AXIS_KEYS = ("name", "key", "keys", "values", "range", "distribution", "labels")
_LARGEST = 5_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DIMENSION = re.compile(r"[a-z][a-z0-9_]{0,39}")
_KEY = re.compile(r"[\w-]+(\.[\w-]+)*")
#: Names that the dataset has for other things.
RESERVED = (
    "run", "slot", "time", "block", "cell", "site", "gateway", "region", "satellite", "event", "path", "track",
    "segment", "seed", "draw", "run_complete", "sample", "replica",
)  # fmt: skip
Faults = Iterator[Fault]


def read_study(source: str | Path) -> Study:
    """Read a study file.

    Parameters
    ----------
    source : str or pathlib.Path
        A TOML file.

    Returns
    -------
    Study

    Raises
    ------
    ScenarioError
        With every fault found; the values of the axes are checked against the base by `bentpipe.sweep_plan`.
    UnknownNameError
        Where there is no such file.
    """
    path = Path(source)
    if not str(source).strip() or not os.path.isfile(path):
        remedy = "bentpipe sweep example > study.toml writes one to start from"
        raise UnknownNameError(Fault("no such study file", value=str(source), remedy=remedy))
    raw = path.read_bytes()
    if len(raw) > _LARGEST:
        raise ScenarioError(Fault("the file is too large", str(path), None, f"at most {_LARGEST:,} bytes"))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScenarioError(Fault(f"not text: byte at position {error.start}", str(path), None, "UTF-8")) from None
    return parse_study(text, str(path), path.resolve().parent)


def parse_study(text: str, file: str = "study", folder: Path | None = None) -> Study:
    """Read a study from text.

    Parameters
    ----------
    text : str
        TOML.
    file : str
        The name to give in messages.
    folder : pathlib.Path, optional
        Where a relative path of the base starts; the current folder when left out.

    Returns
    -------
    Study

    Raises
    ------
    ScenarioError
        With every fault found.
    """
    try:
        tree = tomllib.loads(text)
        places = scan(text, file)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"^(.*) \(at (?:line (\d+), column \d+|end of document)\)$", str(error), re.DOTALL)
        line = (found[2] if found else None) or text.rstrip("\n").count("\n") + 1
        where, what = f"{file}:{line}", found[1] if found else str(error)
        raise ScenarioError(Fault(f"not TOML: {what[:1].lower() + what[1:]}", where)) from None
    except (RecursionError, ValueError):
        raise ScenarioError(Fault("nested too deeply, or a number without end", file)) from None
    reader = _Reader(tree, places, folder or Path())
    study = reader.study(file)
    if reader.faults:
        raise ScenarioError(*reader.faults)
    return study


def kind_of(value: object) -> str:
    """What a value is, in words."""
    names = {bool: "a truth value", str: "text", list: "a list", dict: "a table", int: "a number", float: "a number"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a date or time")


class _Reader:
    """Reads one tree; faults gather in `faults`."""

    def __init__(self, tree: dict[str, Any], places: Places, folder: Path) -> None:
        self.tree, self.places, self.folder = tree, places, folder
        self.faults: list[Fault] = []

    def fault(
        self, what: str, path: tuple[str | int, ...], value: Any = None, allowed: str = "", hint: str = ""
    ) -> None:
        self.faults.append(Fault(what, self.places.where(path), value, allowed, hint))

    def study(self, file: str) -> Study:
        self.unknown((), self.tree, KEYS)
        if self.tree.get("schema") != 1:
            self.fault("the edition of the format", ("schema",), self.tree.get("schema"), "schema = 1")
        axes, drawn = self.axes()
        draws = self.whole(("draws",), 0, 0, 1_000_000)
        seeds = self.seeds()
        if drawn and not draws:
            remedy = "add draws = N: how often to draw"
            self.fault("a distribution without draws", ("draws",), None, "a whole number from 1", remedy)
        if draws and not drawn:
            remedy = "give an axis a distribution, or use seeds"
            self.fault("draws without anything to draw: all would be the same run", ("draws",), draws, "", remedy)
        return Study(
            name=self.name(),
            title=self.text("title"),
            base=self.base(),
            fixed=self.fixed(),
            axes=axes,
            drawn=drawn,
            seeds=seeds,
            draws=draws,
            seed=self.whole(("seed",), 1, 0, 2**32 - 1),
            keep=self.keep(),
            limits=self.limits(),
            file=file,
            places=self.places,
        )

    def unknown(self, path: tuple[str | int, ...], table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                hint = did_you_mean(key, known)
                self.fault("unknown key", (*path, key), None, "one of " + ", ".join(known), hint)

    def name(self) -> str:
        name = self.tree.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            allowed = "letters, digits, '-' and '_', at most 64: it names a folder"
            self.fault("the study needs a name", ("name",), name, allowed)
            return ""
        return name

    def text(self, key: str) -> str:
        value = self.tree.get(key, "")
        if not isinstance(value, str):
            self.fault(f"{kind_of(value)} where text belongs", (key,), value)
            return ""
        return value

    def whole(self, path: tuple[str | int, ...], default: int, low: int, high: int) -> int:
        table: Any = self.tree
        for step in path[:-1]:
            table = table.get(step, {})
        value = table.get(path[-1], default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            what = "text where a number belongs" if isinstance(value, str) else "not a number in range"
            self.fault(what, path, value, f"a whole number from {low:,} to {high:,}")
            return default
        return value

    def base(self) -> str | Path:
        base = self.tree.get("base")
        if not isinstance(base, str) or not base.strip() or "\0" in base:
            self.fault("the study needs a base scenario", ("base",), base, "a built-in name, or a path in quotes")
            return ""
        return base if is_builtin(base) else self.folder / base

    def seeds(self) -> tuple[int, ...] | int | None:
        seeds = self.tree.get("seeds")
        if seeds is None:
            return None
        if isinstance(seeds, list):
            good = [s for s in seeds if isinstance(s, int) and not isinstance(s, bool) and 0 <= s < 2**32]
            if not seeds or len(good) < len(seeds) or len(set(good)) < len(good):
                self.fault("not a list of seeds", ("seeds",), seeds, "different whole numbers from 0 to 4,294,967,295")
            return tuple(good)
        return self.whole(("seeds",), 1, 1, 1_000_000)

    def fixed(self) -> dict[str, Any]:
        fixed = self.tree.get("fixed", {})
        if not isinstance(fixed, dict):
            self.fault(f"{kind_of(fixed)} where a table belongs", ("fixed",), fixed, "a table [fixed] of dotted keys")
            return {}
        for key in fixed:
            if not _KEY.fullmatch(key):
                self.fault("not a dotted key", ("fixed", key), None, 'such as "time.duration" in quotes')
        return dict(fixed)

    def axes(self) -> tuple[tuple[Axis, ...], tuple[Drawn, ...]]:
        items = self.tree.get("axes", [])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            self.fault("not a list of tables", ("axes",), None, "write each axis as [[axes]]")
            return (), ()
        axes: list[Axis] = []
        drawn: list[Drawn] = []
        names: set[str] = set()
        taken = dict.fromkeys(self.tree.get("fixed", {}), "fixed")
        if self.tree.get("seeds") is not None:
            taken["seed"] = "seeds"
        for number, item in enumerate(items):
            self.unknown(("axes", number), item, AXIS_KEYS)
            name = self.axis_name(number, item, names)
            keys = self.axis_keys(number, item, taken, name)
            found = self.axis(number, item, name, keys)
            if isinstance(found, Axis):
                axes.append(found)
            elif found is not None:
                drawn.append(found)
        return tuple(axes), tuple(drawn)

    def axis_name(self, number: int, item: dict[str, Any], names: set[str]) -> str:
        name, path = item.get("name"), ("axes", number, "name")
        if not isinstance(name, str) or not _DIMENSION.fullmatch(name):
            self.fault("the axis needs a name", path, name, "lower-case letters, digits and '_', at most 40")
            return ""
        if name in names:
            self.fault("two axes have one name", path, name)
        if name in RESERVED or name in over_time():
            self.fault("the dataset has another thing of this name", path, name, "", "choose another name")
        names.add(name)
        return name

    def axis_keys(self, number: int, item: dict[str, Any], taken: dict[str, str], name: str) -> tuple[str, ...]:
        path: tuple[str | int, ...] = ("axes", number, "keys" if "keys" in item else "key")
        given = item.get("keys", item.get("key"))
        keys = [given] if isinstance(given, str) else given
        if ("key" in item) == ("keys" in item):
            self.fault("an axis has a key or several keys", path, None, 'key = "access.load", or keys = ["...", "..."]')
            return ()
        if not isinstance(keys, list) or not keys or not all(isinstance(k, str) and _KEY.fullmatch(k) for k in keys):
            self.fault("not a dotted key of the scenario", path, given, 'such as "satellite.beams"')
            return ()
        for key in keys:
            if key in taken:
                self.fault("this key is set twice", path, key, "", f"it is set by {taken[key]} already")
            taken[key] = f"axis {name}"
        return tuple(keys)

    def axis(self, number: int, item: dict[str, Any], name: str, keys: tuple[str, ...]) -> Axis | Drawn | None:
        forms = [form for form in ("values", "range", "distribution") if form in item]
        if len(forms) != 1:
            allowed = "exactly one of values, range, distribution"
            self.fault("what the axis goes through", ("axes", number), forms or None, allowed)
            return None
        path = ("axes", number, forms[0])
        where = self.places.where(path)
        if forms[0] == "distribution":
            parameters = self.distribution(path, item["distribution"])
            return None if parameters is None else Drawn(name, keys, parameters.pop("kind"), parameters, where)
        values = self.values(path, item["values"]) if forms[0] == "values" else self.range(path, item["range"])
        if values is None:
            return None
        rows = tuple(tuple(v) if "keys" in item else (v,) for v in values if "keys" not in item or isinstance(v, list))
        if len(rows) < len(values) or any(len(row) != len(keys) for row in rows):
            self.fault("each value sets all keys", path, None, f"rows of {len(keys)} values, as lists")
            return None
        if len(list(distinct(rows))) < len(rows):
            self.fault("a value is given twice", path, item[forms[0]])
        return Axis(name, keys, rows, self.labels(number, item, len(rows)), where)

    def labels(self, number: int, item: dict[str, Any], count: int) -> tuple[str, ...] | None:
        labels = item.get("labels")
        if labels is None:
            return None
        if not isinstance(labels, list) or not all(isinstance(x, str) for x in labels) or len(set(labels)) != count:
            self.fault("not a label for each value", ("axes", number, "labels"), labels, f"{count} different texts")
            return None
        return tuple(labels)

    def values(self, path: tuple[str | int, ...], values: Any) -> list[Any] | None:
        if not isinstance(values, list):
            self.fault(f"{kind_of(values)} where a list belongs", path, values, "a list in square brackets")
            return None
        if not values:
            self.fault("the axis has no values", path, None, "one or more")
            return None
        return values

    def range(self, path: tuple[str | int, ...], given: Any) -> list[Any] | None:
        allowed = "{ start = 0.0, stop = 1.0, step = 0.25 }, or count in place of step"
        if not isinstance(given, dict):
            self.fault(f"{kind_of(given)} where a range belongs", path, given, allowed)
            return None
        self.unknown(path, given, ("start", "stop", "step", "count"))
        if "start" not in given or "stop" not in given or ("step" in given) == ("count" in given):
            self.fault("not a range", path, given, allowed)
            return None
        if not self.numbers(path, given, ("start", "stop", "step", "count")):
            return None
        count = given.get("count", 1)
        if "count" in given and (not isinstance(count, int) or not 1 <= count <= MOST_VALUES):
            self.fault("not a number of values", path, count, f"a whole number from 1 to {MOST_VALUES:,}")
            return None
        values = [] if given.get("step") == 0 else from_range(given)
        if not values:
            hint = "the step leads away from the stop" if given.get("step") else "the step is 0"
            self.fault("the range is empty", path, given, "a step from start towards stop", hint)
            return None
        if len(values) > MOST_VALUES:
            self.fault("the range has too many values", path, given, f"at most {MOST_VALUES:,}")
            return None
        return values

    def numbers(self, path: tuple[str | int, ...], given: Mapping[str, Any], names: tuple[str, ...]) -> bool:
        good = True
        for key in names:
            if key in given and not (is_number(given[key]) and math.isfinite(given[key])):
                self.fault(f"{kind_of(given[key])} where a number belongs", (*path, key), given[key], "a finite number")
                good = False
        return good

    def distribution(self, path: tuple[str | int, ...], given: Any) -> dict[str, Any] | None:
        kinds = ", ".join(DISTRIBUTIONS)
        if not isinstance(given, dict):
            self.fault(
                f"{kind_of(given)} where a distribution belongs", path, given, 'such as { kind = "uniform", ... }'
            )
            return None
        kind = given.get("kind")
        if not isinstance(kind, str) or kind not in DISTRIBUTIONS:
            self.fault("no such kind of distribution", (*path, "kind"), kind, kinds, did_you_mean(kind, DISTRIBUTIONS))
            return None
        needed, optional = DISTRIBUTIONS[kind]
        before = len(self.faults)
        self.unknown(path, given, ("kind", *needed, *optional))
        missing = [key for key in needed if key not in given]
        if missing:
            self.fault(f"the distribution lacks {', '.join(missing)}", path, given, ", ".join((*needed, *optional)))
        elif kind == "choice":
            self.choice(path, given)
        elif self.numbers(path, given, (*needed, *optional)):
            for fault in _odd_parameters(kind, given):
                self.fault(fault, path, given)
        return dict(given) if len(self.faults) == before else None

    def choice(self, path: tuple[str | int, ...], given: Mapping[str, Any]) -> None:
        values, weights = given["values"], given.get("weights")
        if not isinstance(values, list) or not values:
            self.fault("a choice needs values", (*path, "values"), values, "a list of one or more")
            return
        good = isinstance(weights, list) and all(is_number(w) and w >= 0 and math.isfinite(w) for w in weights)
        if weights is not None and (not good or len(weights) != len(values) or sum(weights) <= 0):
            self.fault("not a weight for each value", (*path, "weights"), weights, "numbers from 0, not all 0")

    def keep(self) -> tuple[Kept, ...]:
        table = over_time()
        given = self.tree.get("keep", DEFAULT)
        if not isinstance(given, Mapping) or not given:
            self.fault("nothing is kept", ("keep",), given, 'a table such as rtt_s = ["mean"], or served = "all"')
            return ()
        kept = []
        for name, wanted in given.items():
            path = ("keep", name)
            if name not in table:
                hint = did_you_mean(name, table) or "src: variables with a slot axis in variables.csv"
                self.fault("no such variable over time", path, None, "", hint)
                continue
            if wanted == ALL:
                kept.append(Kept(table[name]))
                continue
            statistics = self.statistics(path, wanted, is_a_name(table[name]))
            if statistics:
                kept.append(Kept(table[name], statistics))
        return tuple(kept)

    def statistics(self, path: tuple[str, ...], wanted: Any, is_name: bool) -> tuple[str, ...]:
        allowed = '"all" (every slot), or a list of ' + ", ".join(STATISTICS)
        items = [wanted] if isinstance(wanted, str) else wanted
        if not isinstance(items, list | tuple) or not items or not all(isinstance(item, str) for item in items):
            self.fault("not statistics over time", path, wanted, allowed)
            return ()
        for item in items:
            if item not in STATISTICS:
                hint = did_you_mean(item, STATISTICS) or (
                    'a quantile over slots needs every slot: keep "all", and take it when reading'
                )
                self.fault("no such statistic over time", path, item, allowed, hint)
        if is_name:
            hint = 'keep "all"'
            self.fault("this variable numbers things: a statistic over time would mean nothing", path, items, "", hint)
        return tuple(dict.fromkeys(items))

    def limits(self) -> Limits:
        given = self.tree.get("limits", {})
        if not isinstance(given, dict):
            self.fault(f"{kind_of(given)} where a table belongs", ("limits",), given)
            return Limits()
        self.unknown(("limits",), given, ("runs", "slots", "bytes"))
        default = Limits()
        return Limits(
            *(self.whole(("limits", key), getattr(default, key), 1, 2**62) for key in ("runs", "slots", "bytes"))
        )


def _odd_parameters(kind: str, given: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the numbers of a distribution."""
    checks: dict[str, Callable[[], bool]] = {
        "low lies above high": lambda: given["low"] > given["high"],
        "low equals high: give values instead": lambda: kind != "integers" and given["low"] == given["high"],
        "the mode lies outside low and high": lambda: not given["low"] <= given["mode"] <= given["high"],
        "sd must lie above 0": lambda: given["sd"] <= 0,
        "sigma must lie above 0": lambda: given["sigma"] <= 0,
        "the median must lie above 0": lambda: given["median"] <= 0,
        "the ends of integers are whole numbers": lambda: (
            kind == "integers" and not all(isinstance(given[end], int) for end in ("low", "high"))
        ),
        "the ends of a lognormal lie above 0": lambda: (
            kind == "lognormal" and any(given.get(end, 1.0) <= 0 for end in ("low", "high"))
        ),
    }
    for what, wrong in checks.items():
        try:
            found = wrong()
        except KeyError:  # a check of another kind of distribution
            continue
        if found:
            yield what


def example_study() -> str:
    """Text of a study to start from.

    Returns
    -------
    str
        TOML.
    """
    return (resources.files(__package__) / "data" / "example.toml").read_text(encoding="utf-8")
