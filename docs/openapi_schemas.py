"""Messages of the contracts as JSON Schemas, in the form that the edge reads and writes them."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from docs.comments import comment_of
from meshkit.validation import FieldRules, is_duration, rules_of, text_form

Json = dict[str, Any]

_REF = "#/components/schemas/"
_INT32 = {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1}
_UINT32 = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
_INT64 = {"type": "string", "pattern": "^-?[0-9]+$"}
_NUMBER = {"type": "number", "format": "double"}
_SCALARS: dict[int, Json] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    FieldDescriptor.TYPE_DOUBLE: _NUMBER,
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_SFIXED32: _INT32,
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_FIXED32: _UINT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SINT64: _INT64,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_UINT64: _INT64,
    FieldDescriptor.TYPE_FIXED64: _INT64,
}
_WELL_KNOWN: dict[str, Json] = {
    # Described by hand: what it carries depends on the reason.
    "google.rpc.Status": {"$ref": f"{_REF}google.rpc.Status"},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$"},
    "google.protobuf.FieldMask": {"type": "string"},
}


class Schemas:
    """The components of a document, gathered as they are referred to.

    A message that is sent and answered has two: in an answer every field without presence is there,
    in a request none but those that are required, and none that the message lacks.
    """

    def __init__(self) -> None:
        self.components: dict[str, Json] = {}

    def message(self, message: Descriptor, *, sent: bool) -> Json:
        """A reference to the schema of a message; ``sent`` by the client, or answered to it."""
        name = f"{message.full_name}{'Input' if sent else ''}"
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self.fields(message, list(message.fields), sent=sent)
        return {"$ref": _REF + name}

    def fields(self, message: Descriptor, fields: list[FieldDescriptor], *, sent: bool) -> Json:
        """The object of some fields of a message."""
        schema: Json = {"type": "object", "description": _description(message)}
        schema["properties"] = {field.name: self.field(field, sent=sent) for field in fields}
        if sent:
            schema["additionalProperties"] = False
            if needed := [field.name for field in fields if rules_of(field).required]:
                schema["required"] = needed
        elif always := [field.name for field in fields if is_always_answered(field)]:
            schema["required"] = always
        return schema

    def field(self, field: FieldDescriptor, *, sent: bool) -> Json:
        """The schema of a field's value, with its description."""
        told = {"description": _field_description(field)}
        if is_map(field):
            value = field.message_type.fields_by_name["value"]
            return {"type": "object", "additionalProperties": self._value(value, sent=sent)} | told
        value = self._value(field, sent=sent)
        if sent:
            value |= _bounds_of_a_value(field)
        if field.is_repeated:
            items = _bounds_of_a_list(field) if sent else {}
            return {"type": "array", "items": value} | items | told
        return value | told

    def _value(self, field: FieldDescriptor, *, sent: bool) -> Json:
        if field.message_type is None:
            return self._scalar(field, sent=sent)
        known = _WELL_KNOWN.get(field.message_type.full_name)
        return dict(known) if known else self.message(field.message_type, sent=sent)

    def _scalar(self, field: FieldDescriptor, *, sent: bool) -> Json:
        if field.enum_type is None:
            return dict(_SCALARS[field.type])
        return self._enum(field.enum_type, sent=sent)

    def _enum(self, enum: EnumDescriptor, *, sent: bool) -> Json:
        name = f"{enum.full_name}{'Input' if sent else ''}"
        values = [value for value in enum.values if value.number or not sent]
        said = [f"- `{value.name}`: {_value_comment(enum, value.name)}" for value in values]
        self.components[name] = {
            "type": "string",
            "description": "\n".join([_description(enum), "", *said]),
            "enum": [value.name for value in values],
        }
        return {"$ref": _REF + name}


def _bounds_of_a_value(field: FieldDescriptor) -> Json:
    """What the contract says that a value must be; what may be left out may be empty as well."""
    rules = rules_of(field)
    must_be = rules.required or field.is_repeated
    found: Json = {}
    if pattern := text_form(rules).pattern:
        found["pattern"] = f"^(?:{pattern})$" if must_be else f"^(?:{pattern})?$"
    elif field.type == FieldDescriptor.TYPE_STRING and must_be and rules.required:
        found["minLength"] = max(1, rules.min_length)
    if rules.max_length:
        found["maxLength"] = rules.max_length
    if not is_duration(field):
        found |= _bounds_of_a_number(rules)
    return found


def _bounds_of_a_number(rules: FieldRules) -> Json:
    if rules.HasField("page_size"):
        return {"minimum": 0, "default": rules.page_size.default_size}
    bounds = ("minimum", "maximum")
    return {name: getattr(rules, name) for name in bounds if rules.HasField(name)}


def _bounds_of_a_list(field: FieldDescriptor) -> Json:
    rules = rules_of(field)
    found = {"minItems": rules.min_items, "maxItems": rules.max_items}
    return {name: bound for name, bound in found.items() if bound}


def is_map(field: FieldDescriptor) -> bool:
    """Whether a field is a map."""
    message = field.message_type
    return message is not None and bool(message.GetOptions().map_entry)


def is_always_answered(field: FieldDescriptor) -> bool:
    """Whether an answer has the field even where it has its default."""
    return field.is_repeated or not field.has_presence


def _field_description(field: FieldDescriptor) -> str:
    said = comment_of(field.full_name)
    oneof = field.containing_oneof
    if oneof is not None and len(oneof.fields) > 1:
        others = ", ".join(f"`{each.name}`" for each in oneof.fields if each.name != field.name)
        said = f"{said}\n\nNot together with {others}."
    return said


def _description(declared: Descriptor | EnumDescriptor) -> str:
    return comment_of(declared.full_name)


def _value_comment(enum: EnumDescriptor, value: str) -> str:
    return comment_of(f"{enum.full_name}.{value}")
