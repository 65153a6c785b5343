"""Requests against the rules of their fields in the contract (segue/mesh/v1/validation.proto).

A checker is compiled once for each kind of message, from its descriptor; what is called for each
request looks at no descriptor any more::

    check = checker_of(GetTrackRequest.DESCRIPTOR)       # None where there is nothing to check
    if check is not None and (wrong := check(request)) is not None:
        raise InvalidArgument.field(wrong.field, wrong.description)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, OneofDescriptor
from segue.mesh.v1 import validation_pb2

from meshkit.faults import FieldViolation

Checker: TypeAlias = Callable[[Any], FieldViolation | None]
"""The first violation in a message, with the field's path in it; None when there is none."""

FieldRules: TypeAlias = validation_pb2.FieldRules

_DURATION: Final = "google.protobuf.Duration"
_FORMS: Final = FieldRules.Form.DESCRIPTOR.values_by_number


@dataclass(frozen=True, slots=True)
class _Bound:
    """What a value must be: whether one is (by any truth), and what is said where it is not."""

    accepts: Callable[[Any], object]
    words: str


# No store takes it, and nobody types it.
_NO_NUL: Final = _Bound(lambda value: "\0" not in value, "must not hold the character NUL")


def rules_of(field: FieldDescriptor) -> FieldRules:
    """What the contract says of a field; empty rules where it says nothing."""
    return field.GetOptions().Extensions[validation_pb2.rules]


def is_required(oneof: OneofDescriptor) -> bool:
    """Whether one of the fields must be set."""
    return oneof.GetOptions().Extensions[validation_pb2.one_required]


def text_form(rules: FieldRules) -> validation_pb2.TextForm:
    """The form that a text must have: a pattern, and words for people that follow "must be"."""
    if rules.form:
        return _FORMS[rules.form].GetOptions().Extensions[validation_pb2.text_form]
    words = f"of the form {rules.pattern}"
    return validation_pb2.TextForm(pattern=rules.pattern, words=words)


def is_duration(field: FieldDescriptor) -> bool:
    """Whether the field is a length of time, whose rules speak of seconds."""
    return field.message_type is not None and field.message_type.full_name == _DURATION


def seconds_of(duration: Any) -> float:
    """A google.protobuf.Duration in seconds."""
    return float(duration.seconds + duration.nanos / 1e9)


@cache
def page_size(request: Descriptor) -> FieldRules.PageSize:
    """How a list request takes its ``page_size``; ValueError where its contract does not say."""
    rules = rules_of(request.fields_by_name["page_size"])
    if not rules.HasField("page_size"):
        raise ValueError(f"{request.full_name}.page_size has no segue.mesh.v1.rules of a page size")
    return rules.page_size


@cache
def checker_of(message: Descriptor) -> Checker | None:
    """The checker of a kind of message; None where its contract leaves nothing to check.

    Raises ValueError for rules that do not fit the field they stand at.
    """
    checks = [
        *(check for field in message.fields if (check := _field_check(field)) is not None),
        *(_oneof_check(oneof) for oneof in message.oneofs if is_required(oneof)),
    ]
    if len(checks) < 2:
        return checks[0] if checks else None

    def check_all(request: Any) -> FieldViolation | None:
        for check in checks:
            wrong = check(request)
            if wrong is not None:
                return wrong
        return None

    return check_all


def _field_check(field: FieldDescriptor) -> Checker | None:
    _require_fitting(field)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        raise ValueError(f"{field.full_name} is a map: its texts would never be checked")
    if field.is_repeated:
        return _list_check(field)
    if field.message_type is not None and not is_duration(field):
        return _message_check(field)
    return _value_check(field)


def _value_check(field: FieldDescriptor) -> Checker | None:
    """One value. Without presence it is not set while it is the default of its type."""
    name, get, has_presence = field.name, attrgetter(field.name), field.has_presence
    missing = _missing(field)
    bounds = [(bound.accepts, FieldViolation(name, bound.words)) for bound in _bounds(field)]
    if not bounds and missing is None:
        return None

    def check(request: Any) -> FieldViolation | None:
        value = get(request)
        if not (request.HasField(name) if has_presence else value):
            return missing
        for accepts, wrong in bounds:
            if not accepts(value):
                return wrong
        return None

    return check


def _message_check(field: FieldDescriptor) -> Checker | None:
    """A message within a message."""
    name, get, inner = field.name, attrgetter(field.name), checker_of(field.message_type)
    missing = _missing(field)
    if inner is None and missing is None:
        return None

    def check(request: Any) -> FieldViolation | None:
        if not request.HasField(name):
            return missing
        if inner is None or (wrong := inner(get(request))) is None:
            return None
        return FieldViolation(f"{name}.{wrong.field}", wrong.description)

    return check


def _list_check(field: FieldDescriptor) -> Checker | None:
    """A repeated field: how many, then each."""
    rules, name, get = rules_of(field), field.name, attrgetter(field.name)
    least, most = rules.min_items, rules.max_items or None
    check_items = _items_check(field)
    if check_items is None and not least and most is None:
        return None
    words = f"must be {_range(least or None, most)} items" if least or most else ""
    wrong_count = FieldViolation(name, words)

    def check(request: Any) -> FieldViolation | None:
        items = get(request)
        count = len(items)
        if count < least or (most is not None and count > most):
            return wrong_count
        if not count or check_items is None or (wrong := check_items(items)) is None:
            return None
        return FieldViolation(name + wrong.field, wrong.description)

    return check


def _items_check(field: FieldDescriptor) -> Checker | None:
    """The items of a repeated field; a violation is named within it: ``[3]``, ``[3].id``."""
    if field.message_type is not None and not is_duration(field):
        inner = checker_of(field.message_type)
        return None if inner is None else _messages_check(inner)
    bounds = _bounds(field)
    return _values_check(bounds) if bounds else None


def _messages_check(inner: Checker) -> Checker:
    def check(items: Any) -> FieldViolation | None:
        for index, item in enumerate(items):
            if (wrong := inner(item)) is not None:
                return FieldViolation(f"[{index}].{wrong.field}", wrong.description)
        return None

    return check


def _values_check(bounds: Sequence[_Bound]) -> Checker:
    def check(items: Any) -> FieldViolation | None:
        for bound in bounds:
            if not all(map(bound.accepts, items)):
                index = [bool(bound.accepts(item)) for item in items].index(False)
                return FieldViolation(f"[{index}]", bound.words)
        return None

    return check


def _oneof_check(oneof: OneofDescriptor) -> Checker:
    name = oneof.name
    missing = FieldViolation(name, f"must be one of {_names(oneof.fields)}")

    def check(request: Any) -> FieldViolation | None:
        return missing if request.WhichOneof(name) is None else None

    return check


def _bounds(field: FieldDescriptor) -> list[_Bound]:
    """The bounds of one value of a field."""
    rules = rules_of(field)
    found = []
    if rules.min_length or rules.max_length:
        found.append(_length_bound(rules))
    if rules.form or rules.pattern:
        found.append(_text_bound(rules))
    elif field.type == FieldDescriptor.TYPE_STRING:
        found.append(_NO_NUL)
    if rules.HasField("minimum") or rules.HasField("maximum"):
        found.append(_number_bound(field))
    if rules.HasField("page_size"):
        found.append(_Bound((0).__le__, "must not be negative"))
    if rules.max_bytes:
        found.append(_bytes_bound(rules))
    if field.enum_type is not None:
        found.append(_enum_bound(field.enum_type, zero=not field.is_repeated))
    return found


def _text_bound(rules: FieldRules) -> _Bound:
    form = text_form(rules)
    return _Bound(re.compile(form.pattern, re.ASCII).fullmatch, f"must be {form.words}")


def _length_bound(rules: FieldRules) -> _Bound:
    least, most = rules.min_length, rules.max_length or float("inf")
    words = f"must have {_range(least or None, rules.max_length or None)} characters"
    return _Bound(lambda value: least <= len(value) <= most, words)


def _bytes_bound(rules: FieldRules) -> _Bound:
    most = rules.max_bytes
    return _Bound(lambda value: len(value) <= most, f"must have at most {most:,} bytes")


def _number_bound(field: FieldDescriptor) -> _Bound:
    rules = rules_of(field)
    least = rules.minimum if rules.HasField("minimum") else float("-inf")
    most = rules.maximum if rules.HasField("maximum") else float("inf")
    words = f"must be {number_words(rules)}"
    if is_duration(field):
        return _Bound(lambda value: least <= seconds_of(value) <= most, f"{words} s")
    return _Bound(lambda value: least <= value <= most, words)


def _enum_bound(enum: EnumDescriptor, *, zero: bool) -> _Bound:
    known = frozenset(enum.values_by_number) - (frozenset() if zero else {0})
    return _Bound(known.__contains__, f"must be one of {enum_names(enum)}")


def _missing(field: FieldDescriptor) -> FieldViolation | None:
    """What is said when the field is not set; None where it need not be."""
    if not rules_of(field).required:
        return None
    if field.enum_type is not None:
        return FieldViolation(field.name, f"must be one of {enum_names(field.enum_type)}")
    empty = field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
    return FieldViolation(field.name, "must not be empty" if empty else "must be set")


def enum_names(enum: EnumDescriptor) -> str:
    """The values that may be asked for, for people."""
    return _names([value for value in enum.values if value.number])


def number_words(rules: FieldRules) -> str:
    """The range of a number, for people: "from 0 to 100"."""
    least = f"{rules.minimum:,.15g}" if rules.HasField("minimum") else None
    most = f"{rules.maximum:,.15g}" if rules.HasField("maximum") else None
    if least is None:
        return f"at most {most}"
    return f"at least {least}" if most is None else f"from {least} to {most}"


def _range(least: int | None, most: int | None) -> str:
    if least is None:
        return f"at most {most:,}"
    return f"at least {least:,}" if most is None else f"{least:,} to {most:,}"


def _names(named: Sequence[Any]) -> str:
    return ", ".join(one.name for one in named)


def _require_fitting(field: FieldDescriptor) -> None:
    """Raises ValueError for a rule that says nothing of such a field: it would never be checked."""
    rules = rules_of(field)
    kind = field.cpp_type
    numbers = kind in _NUMBERS or is_duration(field)
    text = field.type == FieldDescriptor.TYPE_STRING
    fits = {
        "required": not field.is_repeated,
        "form": text,
        "pattern": text and not rules.form,
        "min_length": text,
        "max_length": text,
        "minimum": numbers,
        "maximum": numbers,
        "min_items": field.is_repeated,
        "max_items": field.is_repeated,
        "max_bytes": field.type == FieldDescriptor.TYPE_BYTES,
        "page_size": kind == FieldDescriptor.CPPTYPE_INT32 and not field.is_repeated,
    }
    for option, _ in rules.ListFields():
        if not fits[option.name]:
            raise ValueError(f"{option.name} says nothing of {field.full_name}")


_NUMBERS: Final = (
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
    FieldDescriptor.CPPTYPE_DOUBLE,
    FieldDescriptor.CPPTYPE_FLOAT,
)
