"""If-Match of a JSON caller, as the field by which the call says which version it was made on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from segue.mesh.v1 import options_pb2

from meshkit.contracts import MethodContract
from meshkit.faults import InvalidArgument

HEADER = "if-match"
_ONE_STRONG_TAG = re.compile(r'"([!#-~]*)"')


class Precondition:
    """Where the requests of one method say the version."""

    __slots__ = ("_path", "_reads")

    def __init__(self, contract: MethodContract) -> None:
        self._reads = contract.read_only
        self._path = next(_paths(contract.request), ())

    def apply(self, request: Any, headers: dict[str, str]) -> None:
        """Writes what If-Match says into the request.

        Raises InvalidArgument for what is no one strong tag, for another version than the request
        says itself, and where a write takes no version.
        """
        told = headers.get(HEADER)
        if told is None or told.strip() == "*" or self._reads or not isinstance(request, Message):
            return
        tag = _ONE_STRONG_TAG.fullmatch(told.strip())
        if tag is None:
            raise InvalidArgument.field(HEADER, 'must be one strong tag, such as "7"')
        if not self._path:
            raise InvalidArgument.field(HEADER, "is for writes that take a version")
        self._set(request, tag[1])

    def _set(self, request: Message, version: str) -> None:
        *into, field = self._path
        message: Any = request
        for name in into:
            message = getattr(message, name.name)
        value = _value(field, version)
        said = getattr(message, field.name)
        is_said = message.HasField(field.name) if field.has_presence else bool(said)
        if is_said and said != value:
            where = ".".join(one.name for one in self._path)
            raise InvalidArgument.field(HEADER, f"says another version than {where}")
        setattr(message, field.name, value)


def _paths(request: Descriptor) -> Iterator[tuple[FieldDescriptor, ...]]:
    """The fields that say a version: those of the request, then those of what stands in it."""
    for field in request.fields:
        if field.GetOptions().Extensions[options_pb2.precondition]:
            yield (field,)
    for field in request.fields:
        for inner in field.message_type.fields if field.message_type else ():
            if not field.is_repeated and inner.GetOptions().Extensions[options_pb2.precondition]:
                yield (field, inner)


def _value(field: FieldDescriptor, version: str) -> str | int:
    if field.type == FieldDescriptor.TYPE_STRING:
        return version
    if not re.fullmatch(r"[0-9]{1,9}", version):
        raise InvalidArgument.field(HEADER, "must be a version, which is a number")
    return int(version)
