"""What the contracts say in their comments, by the full name of what they stand at."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
)

from meshkit import contract_files

# Numbers of the fields of descriptor.proto by which source info names a place.
_FILE_MESSAGE, _FILE_ENUM, _FILE_SERVICE = 4, 5, 6
_MESSAGE_FIELD, _MESSAGE_NESTED, _MESSAGE_ENUM, _MESSAGE_ONEOF = 2, 3, 4, 8
_ENUM_VALUE, _SERVICE_METHOD = 2, 2
_Place = tuple[tuple[int, ...], str]


@cache
def comments() -> dict[str, str]:
    """Every comment, its lines joined; an enum's value is called ``<enum>.<value>`` here."""
    found = {}
    for file in contract_files.descriptor_set(internal=True).file:
        names = dict(_places(file))
        for location in file.source_code_info.location:
            name = names.get(tuple(location.path))
            if name and location.leading_comments:
                found[name] = _as_text(location.leading_comments)
    return found


def comment_of(full_name: str) -> str:
    """The comment at a declaration; empty where it has none."""
    return comments().get(full_name, "")


def _as_text(comment: str) -> str:
    """Lines of one paragraph on one line; paragraphs stay apart."""
    paragraphs = "\n".join(line.strip() for line in comment.strip().splitlines()).split("\n\n")
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)


def _places(file: FileDescriptorProto) -> Iterator[_Place]:
    for number, message in enumerate(file.message_type):
        yield from _in_message(message, (_FILE_MESSAGE, number), file.package)
    for number, enum in enumerate(file.enum_type):
        yield from _in_enum(enum, (_FILE_ENUM, number), file.package)
    for number, service in enumerate(file.service):
        path, name = (_FILE_SERVICE, number), f"{file.package}.{service.name}"
        yield path, name
        for place, method in enumerate(service.method):
            yield (*path, _SERVICE_METHOD, place), f"{name}.{method.name}"


def _in_message(message: DescriptorProto, path: tuple[int, ...], around: str) -> Iterator[_Place]:
    name = f"{around}.{message.name}"
    yield path, name
    for number, field in enumerate(message.field):
        yield (*path, _MESSAGE_FIELD, number), f"{name}.{field.name}"
    for number, oneof in enumerate(message.oneof_decl):
        yield (*path, _MESSAGE_ONEOF, number), f"{name}.{oneof.name}"
    for number, nested in enumerate(message.nested_type):
        yield from _in_message(nested, (*path, _MESSAGE_NESTED, number), name)
    for number, enum in enumerate(message.enum_type):
        yield from _in_enum(enum, (*path, _MESSAGE_ENUM, number), name)


def _in_enum(enum: EnumDescriptorProto, path: tuple[int, ...], around: str) -> Iterator[_Place]:
    name = f"{around}.{enum.name}"
    yield path, name
    for number, value in enumerate(enum.value):
        yield (*path, _ENUM_VALUE, number), f"{name}.{value.name}"
