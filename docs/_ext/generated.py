"""Pages that follow from the code: variables, scenario keys and public names, written before each build.

They land in ``docs/_build/generated`` and are included by the pages that hold the words around them, so that
no table is kept by hand beside the code it describes.
"""

from __future__ import annotations

import csv
import inspect
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from markdown_table import table
from scenario_keys import scenario_keys
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(app: Sphinx) -> None:
    """Write every generated page, leaving alone those that would not change."""
    folder = Path(app.srcdir) / "_build" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        "variables.md": variables(),
        "builtin-scenarios.md": builtin_scenarios(),
        "scenario-keys.md": scenario_keys(),
        "dish-fields.md": dish_fields(),
        "api.md": public_names(),
    }
    for name, lines in pages.items():
        text = "\n".join(lines) + "\n"
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def variables() -> Iterator[str]:
    """Table of ``results/variables.csv``."""
    text = resources.files("bentpipe.results").joinpath("variables.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    yield from table(rows[0], ([f"`{next(iter(row.values()))}`", *list(row.values())[1:]] for row in rows))


def dish_fields() -> Iterator[str]:
    """Table of ``emulate/dish/fields.csv``."""
    from bentpipe.emulate.dish.fieldtable import fields

    rows = ((f"`{one.message}`", f"`{one.name}`", str(one.number), one.type, one.given) for one in fields())
    yield from table(("message", "field", "number", "type", "given"), rows)


def builtin_scenarios() -> Iterator[str]:
    """Table of the scenarios that come with the package."""
    from bentpipe.scenario import builtin_names, load_scenario

    loaded = [load_scenario(name) for name in builtin_names()]
    yield from table(("name", "what", "question"), ((f"`{s.name}`", s.title, s.question) for s in loaded))


def public_names() -> Iterator[str]:
    """Autodoc directives for every public name of ``bentpipe``."""
    import bentpipe

    for name in sorted(bentpipe.__all__, key=str.lower):
        value = getattr(bentpipe, name)
        if inspect.isclass(value):
            directive = "autoexception" if issubclass(value, Exception) else "autoclass"
        elif callable(value):
            directive = "autofunction"
        else:
            continue
        yield f"```{{eval-rst}}\n.. {directive}:: bentpipe.{name}\n```\n"
