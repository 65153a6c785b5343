"""Fields that a JSON body names and no message has: refused, where the transcoder would drop them.

The edge tells which fields the body of a call named in a header that nobody outside can send. What
a client sends is nearly always of the same few forms, so that a form once found good costs a look
into a set.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from google.api import annotations_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from segue.mesh.v1 import options_pb2

from meshkit.faults import InvalidArgument

HEADER = "x-json-fields"
"""The paths of the fields of a body, ``a,b,b.c``: each once, no indices of lists, all but letters,
digits and ``_`` percent-encoded. ``*``: more than any message has."""
WHOLE = "/"
"""Begins the header where the body is the whole request, whatever the call's HTTP rule says."""

_MOST_FORMS = 256
# What is in these is not for the contract to say.
_OPEN = {
    "google.api.HttpBody",
    "google.protobuf.Any",
    "google.protobuf.Struct",
    "google.protobuf.Value",
    "google.protobuf.ListValue",
}


class JsonFields:
    """The check of one method."""

    __slots__ = ("_bodies", "_good", "_whole")

    def __init__(self, method: MethodDescriptor) -> None:
        self._bodies = _bodies(method)
        self._whole = [("", method.input_type)]
        self._good: set[str] = set()

    def require_known(self, headers: dict[str, str]) -> None:
        """Raises InvalidArgument that names the first field which the call does not have."""
        told = headers.get(HEADER)
        if told is None or told in self._good:
            return
        bodies = self._whole if told.startswith(WHOLE) else self._bodies
        paths = told.removeprefix(WHOLE)
        faults = [fault for body in bodies if (fault := _fault(paths, *body))]
        if faults and len(faults) == len(bodies):
            raise faults[0]
        if len(self._good) < _MOST_FORMS:
            self._good.add(told)


def _bodies(method: MethodDescriptor) -> list[tuple[str, Descriptor]]:
    """The messages that a JSON body can be, each after the path of it in the request.

    Where a call takes no body, the transcoder reads one as the whole request.
    """
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    names = {one.body for one in (rule, *rule.additional_bindings)}
    whole = [("", method.input_type)] if names & {"", "*"} else []
    inner = [field for field in method.input_type.fields if field.name in names]
    return whole + [(f"{one.name}.", one.message_type) for one in inner if one.message_type]


def _fault(told: str, prefix: str, message: Descriptor) -> InvalidArgument | None:
    """What is wrong with the fields of a body that is ``message``."""
    if message.full_name in _OPEN:
        return None
    if told == "*":
        return InvalidArgument.field("body", "has more fields than this call")
    for path in told.split(","):
        names = path.split(".")
        known, last = _known(names, message)
        if known < len(names):
            wrong = prefix + ".".join(unquote(name) for name in names[: known + 1])
            return _is_no_field(wrong, _renamed(names[known], last))
    return None


def _known(names: Sequence[str], message: Descriptor | None) -> tuple[int, Descriptor | None]:
    """How many of the names are fields, each in the one before, and the message of the next."""
    field = _field(names[0], message) if names else None
    if field is None:
        return 0, message
    inner, step = field.message_type, 1
    if inner is not None and inner.full_name in _OPEN:
        return len(names), None
    if inner is not None and inner.GetOptions().map_entry:
        inner, step = inner.fields_by_name["value"].message_type, min(2, len(names))
    known, last = _known(names[step:], inner)
    return step + known, last


def _field(name: str, message: Descriptor | None) -> FieldDescriptor | None:
    if message is None:
        return None
    return message.fields_by_name.get(name) or message.fields_by_camelcase_name.get(name)


def _renamed(name: str, message: Descriptor | None) -> str:
    """What a field of this old name is called now; empty: there was none."""
    for field in message.fields if message is not None else ():
        if field.GetOptions().Extensions[options_pb2.formerly] == name:
            return str(field.name)
    return ""


def _is_no_field(path: str, renamed_to: str = "") -> InvalidArgument:
    if renamed_to:
        return InvalidArgument.field(path, f"is now called {renamed_to}", renamed_to=renamed_to)
    return InvalidArgument.field(path, "is no field of this call")
