"""The public names: all there, documented by the rules of the house, and nothing heavy until one is used."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from typing import Any

import pytest

import bentpipe

docscrape = pytest.importorskip("numpydoc.docscrape", reason="numpydoc is not installed: it is in the extra dev")

NAMES = [name for name in bentpipe.__all__ if name != "__version__"]
CALLED = [name for name in NAMES if inspect.isfunction(inspect.unwrap(getattr(bentpipe, name)))]
HEAVY = (
    "numpy",
    "numba",
    "dask",
    "distributed",
    "fsspec",
    "pydantic",
    "xarray",
    "zarr",
    "typer",
    "rich",
    "httpx",
    "jinja2",
    "h3",
    "sgp4",
)
#: What says the unit of a number: the end of its name, or words of its description.
UNIT = re.compile(
    r"_(m|s|deg|rad|db|hz|km)$|\b(m|s|degrees|rad|sine|logarithm|factor|component|ratio)\b",
    re.IGNORECASE,
)


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def document(thing: Any) -> Any:
    text = inspect.getdoc(thing)
    assert text, "no docstring"
    return docscrape.NumpyDocString(text)


def documented(thing: Any) -> dict[str, Any]:
    """Parameters of a docstring by name; ``a, b : int`` documents both."""
    rows = document(thing)["Parameters"]
    return {name.strip(" *"): row for row in rows for name in row.name.split(",")}


def is_array(annotation: Any) -> bool:
    return bool(re.search(r"NDArray|ndarray|\b(Float|Int|Integer|Bool|Mask)(Array)?\b", str(annotation)))


def fields_of(record: Any) -> dict[str, Any]:
    """Fields of a data class or a named tuple, with their annotations; none of anything else."""
    if hasattr(record, "__dataclass_fields__"):
        return {key: field.type for key, field in record.__dataclass_fields__.items()}
    return {key: record.__annotations__[key] for key in getattr(record, "_fields", ())}


def test_every_public_name_is_there() -> None:
    assert sorted(set(bentpipe.__all__)) == sorted(bentpipe.__all__) == dir(bentpipe)
    assert {name for name in bentpipe.__all__ if getattr(bentpipe, name, None) is None} == set()
    assert re.fullmatch(r"\d+\.\d+.*", bentpipe.__version__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = bentpipe.nothing


def test_an_import_pulls_in_nothing_heavy() -> None:
    assert modules_after("import bentpipe") & set(HEAVY) == set()
    assert modules_after("import bentpipe.cli") & set(HEAVY) == set()
    assert modules_after("import bentpipe.errors, bentpipe.cachefolder") & set(HEAVY) == set()


def test_a_check_of_a_scenario_loads_no_compiled_code() -> None:
    assert "numba" not in modules_after("import bentpipe; assert bentpipe.validate('one-site') == ()")


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name: str) -> None:
    said = document(getattr(bentpipe, name))
    assert " ".join(said["Summary"]).strip().endswith(".")
    for section in ("Parameters", "Returns", "Raises"):
        for row in said[section]:
            # A type that names itself (an exception, a class of ours, an int) needs no more.
            assert row.desc or section == "Returns" or row.name in ("scenario",), f"{section}: {row.name} says nothing"


@pytest.mark.parametrize("name", CALLED)
def test_a_function_documents_its_arguments_and_what_it_returns(name: str) -> None:
    function = getattr(bentpipe, name)
    said = documented(function)
    signature = inspect.signature(function)
    assert set(said) == set(signature.parameters)
    assert document(function)["Returns"] or signature.return_annotation in (None, "None")
    for argument, parameter in signature.parameters.items():
        if is_array(parameter.annotation):
            assert said[argument].type.startswith("("), f"{argument} has no shape"


@pytest.mark.parametrize("name", [name for name in NAMES if fields_of(getattr(bentpipe, name))])
def test_a_record_documents_its_fields_with_shape_and_unit(name: str) -> None:
    record = getattr(bentpipe, name)
    said = documented(record)
    assert set(said) >= set(fields_of(record))
    for key, annotation in fields_of(record).items():
        if is_array(annotation):
            assert re.match(r"\(.*\) \w+", said[key].type), f"{key} has no shape and type"
            if "float" in said[key].type:
                assert UNIT.search(key) or UNIT.search(" ".join(said[key].desc)), f"{key} has no unit"


def test_arrays_are_recognised() -> None:
    assert sum(map(is_array, fields_of(bentpipe.Links).values())) >= 10
    assert not any(map(is_array, fields_of(bentpipe.Plan).values()))
