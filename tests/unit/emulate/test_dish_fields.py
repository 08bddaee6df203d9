"""Names and numbers of the dish's service, against a list of fields and a real answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from made_up_dish import made_up_dish

from bentpipe.emulate.dish.answers import DishAnswers
from bentpipe.emulate.dish.fieldtable import NOT_MODELLED, enums, fields

#: In real answers of June 2024, and left out here: of no use without hardware, or of unknown type.
LEFT_OUT = {"deviceInfo.boot"}


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def json_names(message: str) -> dict[str, str]:
    """Name in JSON to type, of a message of ours."""
    return {camel(field.name): field.type for field in fields() if field.message == message}


def paths(value: Any, above: str = "") -> list[str]:
    """Dotted paths of what a JSON answer holds; of a list, those of its first entry."""
    if isinstance(value, list):
        return paths(value[0], above) if value else [above]
    if not isinstance(value, dict):
        return [above]
    return [one for key, item in value.items() for one in paths(item, f"{above}.{key}" if above else key)]


def known(path: str, message: str) -> bool:
    head, _, rest = path.partition(".")
    names = json_names(message)
    return head in names and (not rest or known(rest, names[head]))


def test_names_and_numbers_are_unique_within_a_message() -> None:
    keys = [(field.message, field.number) for field in fields()] + [(field.message, field.name) for field in fields()]
    assert len(set(keys)) == len(keys) == 2 * len(fields())
    assert all(field.given for field in fields())


def test_every_enum_is_used_and_begins_at_0() -> None:
    assert set(enums()) <= {field.type for field in fields()}
    assert all(next(iter(values.values())) == 0 for values in enums().values())


def test_numbers_are_those_of_the_list_of_fields(shared: Path) -> None:
    text = (shared / "data" / "dish" / "dish_proto_fields_2026-02.txt").read_text(encoding="utf-8")
    listed = {
        (message, name): int(number)
        for message, rest in re.findall(r"^(\w+): (.*)$", text, re.MULTILINE)
        for name, number in re.findall(r"(\w+)=(\d+)", rest)
    }
    ours = {(field.message, field.name): field.number for field in fields()}
    both = set(listed) & set(ours)
    assert len(both) > 120
    assert {key: ours[key] for key in both} == {key: listed[key] for key in both}


@pytest.mark.parametrize(
    ("file", "key", "message"),
    [
        ("get_status_example_rev4_US_2024-06.json", "dishGetStatus", "DishGetStatusResponse"),
        ("get_history_example_rev4_US_2024-06.json", "dishGetHistory", "DishGetHistoryResponse"),
    ],
)
def test_names_of_a_real_answer_are_ours(shared: Path, file: str, key: str, message: str) -> None:
    answer = json.loads((shared / "data" / "dish" / file).read_text(encoding="utf-8"))
    assert known(key, "Response")
    missing = {path for path in paths(answer[key]) if not known(path, message)}
    assert missing == (LEFT_OUT if key == "dishGetStatus" else set())


def test_names_of_answers_are_described() -> None:
    dish = DishAnswers(made_up_dish(), show_location=True)
    described = {(field.message, field.name): field for field in fields()}
    response = {field.name: field.type for field in fields() if field.message == "Response"}

    def check(values: dict[str, Any], message: str) -> None:
        for name, value in values.items():
            field = described[message, name]
            assert field.given != NOT_MODELLED, f"{message}.{name} is answered"
            if isinstance(value, dict):
                check(value, field.type)

    for request in ("get_status", "get_history", "get_device_info", "get_location", "dish_get_context",
                    "dish_get_obstruction_map", "dish_get_config", "get_diagnostics"):  # fmt: skip
        name, values = dish.answer(request, 100.0)
        check(values, response[name])
