"""Requests at every bound of the contracts and one beyond, made from the descriptors.

``cases_of(method)`` fills a request with what it requires and puts one field after the other at
each of its bounds (which must be taken) and one beyond (which must be refused, naming that field).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from segue.mesh.v1.validation_pb2 import FieldRules

from meshkit.validation import is_duration, is_required, rules_of, text_form

UNDEFINED = 7_777
"""A number that no enum defines."""


@dataclass(frozen=True)
class Case:
    """A request whose ``field`` (its path) is at a bound, or, where it is ``refused``, beyond."""

    method: str
    field: str
    bound: str
    request: Message
    refused: bool

    @property
    def name(self) -> str:
        """What it is called in the output of tests."""
        beyond = "beyond" if self.refused else "at"
        return f"{self.method}: {self.field} {beyond} {self.bound}"

    def problem_with(self, reason: str, named: list[str]) -> str | None:
        """What is wrong with an answer of this ``reason`` that names these fields, if anything."""
        invalid = reason == "INVALID_FIELD"
        if self.refused and not (invalid and named == [self.field]):
            return f"{self.name} was answered by {reason or 'OK'} {named}"
        if not self.refused and invalid and self.field in named:
            return f"{self.name} was refused"
        return None


@dataclass(frozen=True)
class Value:
    """A value of a field (None: not set), of which the bound ``bound`` says ``refused``."""

    bound: str
    value: Any
    refused: bool
    item: bool = False


def email(length: int) -> str:
    """An address of so many characters, from 197 on."""
    domain = ".".join(["d" * 63] * 3) + ".org"
    return f"{'x' * (length - len(domain) - 1)}@{domain}"


# The shortest and the longest texts of a pattern, and what stands for a text of some length.
TEXTS: dict[str, tuple[str, str]] = {
    "[0-7][0-9A-HJKMNP-TV-Z]{25}": ("0" * 26, "7" + "Z" * 25),
    "[A-Za-z0-9._-]{1,64}": ("d", "D" * 64),
    "[A-Za-z0-9_-]{1,64}": ("s", "S" * 64),
    "[0-9a-f]{64}": ("0" * 64, "f" * 64),
    "[!-~]{1,128}": ("r", "~" * 128),
    "128|192|256|320|flac": ("128", "flac"),
    "[a-z0-9][a-z0-9._-]{2,31}": ("abc", "a" * 32),
    "[A-Za-z0-9][A-Za-z0-9._-]{2,31}": ("Abc", "A" * 32),
    "[a-z0-9][a-z0-9_-]{0,31}": ("a", "a" * 32),
    "[a-z0-9][a-z0-9_-]{0,63}": ("a", "a" * 64),
}
# What a oneof is set to where its first field goes with too little else.
CHOSEN = {"segue.playback.v1.PlaySource.source": "playlist_id"}
# What must be set beside a field for it to mean anything.
BESIDE: dict[str, dict[str, str]] = {
    "segue.playback.v1.PlayRequest.item": {"playlist_id": "0" * 25 + "1"},
}
OF_LENGTH: dict[str, Callable[[int], str]] = {"segue.identity.v1.CreateUserRequest.email": email}


def cases_of(method: MethodDescriptor) -> Iterator[Case]:
    """Every case of a method's request."""
    for path, bound, request, refused in _cases(method.input_type):
        yield Case(f"{method.containing_service.name}/{method.name}", path, bound, request, refused)


def valid(message: Descriptor) -> Message:
    """A request, or a message within one, that has what it must have."""
    made = message_factory.GetMessageClass(message)()
    for oneof in message.oneofs:
        if is_required(oneof):
            chosen = CHOSEN.get(oneof.full_name, oneof.fields[0].name)
            field = message.fields_by_name[chosen]
            _set(made, field, _plain_value(field))
    for field in message.fields:
        rules = rules_of(field)
        if rules.required:
            _set(made, field, _plain_value(field))
        if rules.min_items:
            getattr(made, field.name).extend(_items(field, rules.min_items))
    return made


def _cases(message: Descriptor) -> Iterator[tuple[str, str, Message, bool]]:
    for field in message.fields:
        for value in values_of(field):
            made = valid(message)
            for name, other in BESIDE.get(field.full_name, {}).items():
                setattr(made, name, other)
            _set(made, field, value.value)
            path = f"{field.name}[0]" if value.item else field.name
            yield path, value.bound, made, value.refused
        if field.message_type is None or is_duration(field):
            continue
        for path, bound, inner, refused in _cases(field.message_type):
            made = valid(message)
            _set(made, field, [inner] if field.is_repeated else inner)
            place = f"{field.name}[0]" if field.is_repeated else field.name
            yield f"{place}.{path}", bound, made, refused
    for oneof in message.oneofs:
        if is_required(oneof):
            made = valid(message)
            made.ClearField(oneof.name)
            yield oneof.name, "one_required", made, True


def values_of(field: FieldDescriptor) -> Iterator[Value]:
    """The values of a field at its bounds and beyond."""
    rules = rules_of(field)
    if rules.required:
        yield Value("required", None, True)
    if field.is_repeated:
        yield from _counts(field, rules)
    for bound, value, refused in _values(field, rules):
        if field.is_repeated:
            least = [value, *_items(field, max(rules.min_items, 1))[1:]]
            yield Value(bound, least, refused, item=True)
        elif field.has_presence or value:
            yield Value(bound, value, refused)


def _counts(field: FieldDescriptor, rules: FieldRules) -> Iterator[Value]:
    if rules.min_items:
        yield Value("min_items", _items(field, rules.min_items), False)
        yield Value("min_items", _items(field, rules.min_items - 1), True)
    if rules.max_items:
        yield Value("max_items", _items(field, rules.max_items), False)
        yield Value("max_items", _items(field, rules.max_items + 1), True)


def _values(field: FieldDescriptor, rules: FieldRules) -> Iterator[tuple[str, Any, bool]]:
    if rules.form or rules.pattern:
        yield from _texts(rules)
    if rules.min_length:
        yield "min_length", _text(field, rules.min_length), False
        yield "min_length", _text(field, rules.min_length - 1), True
    if rules.max_length:
        yield "max_length", _text(field, rules.max_length), False
        yield "max_length", _text(field, rules.max_length + 1), True
    if rules.max_bytes:
        yield "max_bytes", b"\x01" * rules.max_bytes, False
        yield "max_bytes", b"\x01" * (rules.max_bytes + 1), True
    if rules.HasField("minimum"):
        yield "minimum", _number(field, rules.minimum), False
        # Without presence, 0 is not set: what comes below is the first that can be refused.
        unset = rules.minimum == 1 and not field.has_presence and not field.is_repeated
        yield "minimum", _number(field, rules.minimum - (2 if unset else 1)), True
    if rules.HasField("maximum"):
        yield "maximum", _number(field, rules.maximum), False
        yield "maximum", _number(field, rules.maximum + 1), True
    if rules.HasField("page_size"):
        yield "page_size", rules.page_size.max_size, False
        # More is taken as the most, not refused.
        yield "page_size", rules.page_size.max_size + 1, False
        yield "page_size", -1, True
    if field.enum_type is not None:
        yield "enum", UNDEFINED, True


def _texts(rules: FieldRules) -> Iterator[tuple[str, str, bool]]:
    """The shortest and the longest text of a form; one shorter and longer, another character."""
    pattern = text_form(rules).pattern
    shortest, longest = TEXTS[pattern]
    yield "form", shortest, False
    yield "form", longest, False
    for wrong in (shortest[:-1], longest + longest[-1], f"{shortest[:-1]} "):
        if wrong and not re.fullmatch(pattern, wrong, re.ASCII):
            yield "form", wrong, True


def _text(field: FieldDescriptor, length: int) -> str:
    """A text of so many characters, each of two bytes unless the field takes others."""
    return OF_LENGTH.get(field.full_name, "é".__mul__)(length)


def _number(field: FieldDescriptor, number: float) -> Any:
    if is_duration(field):
        made = message_factory.GetMessageClass(field.message_type)()
        made.FromNanoseconds(round(number * 1e9))
        return made
    return number if field.cpp_type == FieldDescriptor.CPPTYPE_DOUBLE else int(number)


def _plain_value(field: FieldDescriptor) -> Any:
    """A value that every bound of a field takes."""
    rules = rules_of(field)
    if field.message_type is not None and not is_duration(field):
        return valid(field.message_type)
    if field.enum_type is not None:
        return field.enum_type.values[1].number
    taken = [value for _bound, value, refused in _values(field, rules) if not refused and value]
    if taken:
        return taken[0]
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        return "x" if field.type == FieldDescriptor.TYPE_STRING else b"x"
    return _number(field, 1)


def _items(field: FieldDescriptor, count: int) -> list[Any]:
    """So many items, different ones where they are ids."""
    if rules_of(field).form == FieldRules.ULID:
        return [f"{number:026}" for number in range(1, count + 1)]
    return [_plain_value(field)] * count


def _set(made: Message, field: FieldDescriptor, value: Any) -> None:
    made.ClearField(field.name)
    if value is None:
        return
    if field.is_repeated:
        getattr(made, field.name).extend(value)
    elif field.message_type is not None:
        inner = getattr(made, field.name)
        inner.SetInParent()
        inner.MergeFrom(value)
    else:
        setattr(made, field.name, value)
