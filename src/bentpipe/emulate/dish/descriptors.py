"""The service as descriptors, built from the tables into a pool of its own.

A pool of its own, so that a client with compiled descriptors can live in the same process. All messages stand in one
file and one package: on the wire, and for a client that asks by reflection, that makes no difference.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from bentpipe.emulate.dish.fieldtable import Field, enums, fields
from bentpipe.errors import Fault, InputError

PACKAGE: Final = "SpaceX.API.Device"
SERVICE: Final = f"{PACKAGE}.Device"
FILE: Final = "bentpipe/virtual_dish.proto"
MISSING: Final = Fault(
    "the virtual dish needs grpcio, grpcio-reflection and protobuf", remedy="pip install 'bentpipe[dish]'"
)

_SCALARS: Final = {
    "double": 1, "float": 2, "int64": 3, "uint64": 4, "int32": 5, "bool": 8, "string": 9, "uint32": 13,
}  # fmt: skip
_MESSAGE, _ENUM, _OPTIONAL, _REPEATED = 11, 14, 1, 3


class Descriptors(NamedTuple):
    """Descriptors and the classes of the messages.

    Parameters
    ----------
    pool : google.protobuf.descriptor_pool.DescriptorPool
        Holds the one file and no other.
    message : dict of str to type
        Classes by their names without the package.
    """

    pool: Any
    message: dict[str, Any]


def build_descriptors() -> Descriptors:
    """Build the pool and the classes.

    Returns
    -------
    Descriptors

    Raises
    ------
    InputError
        Where protobuf is not installed.
    """
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError:
        raise InputError(MISSING) from None
    file = descriptor_pb2.FileDescriptorProto(name=FILE, package=PACKAGE, syntax="proto3")
    made: dict[str, Any] = {}
    for name in _message_names():
        _holder(file, made, name, "message_type", "nested_type").name = name.rpartition(".")[2]
    for name, values in enums().items():
        enum = _holder(file, made, name, "enum_type", "enum_type")
        enum.name = name.rpartition(".")[2]
        for value, number in values.items():
            enum.value.add(name=value, number=number)
    for field in fields():
        _add_field(made[field.message], field)
    service = file.service.add(name="Device")
    service.method.add(
        name="Stream", input_type=f".{PACKAGE}.ToDevice", output_type=f".{PACKAGE}.FromDevice",
        client_streaming=True, server_streaming=True,
    )  # fmt: skip
    service.method.add(name="Handle", input_type=f".{PACKAGE}.Request", output_type=f".{PACKAGE}.Response")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    found = {name: pool.FindMessageTypeByName(f"{PACKAGE}.{name}") for name in _message_names()}
    return Descriptors(pool, {name: message_factory.GetMessageClass(one) for name, one in found.items()})


def _message_names() -> list[str]:
    """Every message once, outer ones before those within them; one without fields is known by its uses alone."""
    named = [field.message for field in fields()]
    used = [field.type for field in fields() if field.type not in _SCALARS and field.type not in enums()]
    return sorted(dict.fromkeys(named + used), key=lambda name: name.count("."))


def _holder(file: Any, made: dict[str, Any], name: str, outer: str, inner: str) -> Any:
    """Add a message or an enum to the file, or to the message that it lies within."""
    above, dot, _ = name.rpartition(".")
    made[name] = getattr(made[above], inner).add() if dot else getattr(file, outer).add()
    return made[name]


def _add_field(message: Any, field: Field) -> None:
    kind = _SCALARS.get(field.type) or (_ENUM if field.type in enums() else _MESSAGE)
    entry = message.field.add(
        name=field.name, number=field.number, type=kind, label=_REPEATED if field.label == "repeated" else _OPTIONAL
    )
    if kind in (_ENUM, _MESSAGE):
        entry.type_name = f".{PACKAGE}.{field.type}"
    if field.label.startswith("oneof:"):
        group = field.label.removeprefix("oneof:")
        if group not in [one.name for one in message.oneof_decl]:
            message.oneof_decl.add(name=group)
        entry.oneof_index = [one.name for one in message.oneof_decl].index(group)
