"""Names that a common language reserves, or generates by itself, are in no contract.

A generator either fails on such a name or renames it in its language alone, so that the contract
and the code that a stranger reads no longer agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from meshkit import contracts

# Words that a language cannot spell as a field, or spells with an underscore added. Java, C# and Go
# change the case of a field's name, Rust and Swift have raw identifiers: they are left out but for
# what even those cannot be.
KEYWORDS = {
    "C++": """alignas alignof and and_eq asm assert auto bitand bitor bool break case catch char
        class compl concept const const_cast consteval constexpr constinit continue co_await
        co_return co_yield decltype default delete do double dynamic_cast else enum errno explicit
        export extern false float for friend goto if import inline int linux long major makedev
        minor module mutable namespace new noexcept not not_eq nullptr operator or or_eq private
        protected public register reinterpret_cast requires return short signed sizeof static
        static_assert static_cast stderr stdin stdout struct switch template this thread_local
        throw true try typedef typeid typename union unix unsigned using virtual void volatile
        wchar_t while xor xor_eq""",
    "Python": """and as assert async await break class continue def del elif else except finally
        for from global if import in is lambda nonlocal not or pass raise return try while with
        yield""",
    "Rust": "crate self super",
    "JavaScript": "constructor prototype",
}
# What the generated class of every message has, or its base class.
GENERATED = {
    "C++": """arena byte_size byte_size_long cached_size clear copy_from default_instance
        descriptor internal_default_instance is_initialized merge_from metadata_ reflection
        serialize swap unknown_fields""",
    "Java": """all_fields cached_size class default_instance default_instance_for_type descriptor
        descriptor_for_type initialization_error_string parser_for_type serialized_size
        unknown_fields""",
    "C#": """calculate_size clone descriptor equals get_hash_code get_type merge_from
        on_construction parser to_string types write_to""",
    "Go": "descriptor marshal proto_message proto_reflect reset size_cache unmarshal",
    "JavaScript": """extension get_type_name has_own_property js_pb_message_id to_json to_object
        to_string value_of""",
    "Swift": "debug_description dynamic_type hash_value is_initialized unknown_fields",
    "Objective-C": """alloc autorelease copy dealloc extensions_currently_set hash init_ release
        retain retain_count serialized_data super_class zone""",
}
# The names of the JSON that people write; a generator that minds them adds an underscore.
FIXED_BY_THE_JSON = {"public"}
# Macros of C's headers and of Windows's, which C++ replaces wherever they stand.
MACROS = """BIG_ENDIAN CONST DELETE DOMAIN EOF ERROR FALSE HUGE IGNORE IN INFINITY INTERFACE
    LITTLE_ENDIAN MAX_PATH NAN NO_ERROR NULL OPTIONAL OUT OVERFLOW PLOSS SING STRICT TLOSS
    TRANSPARENT TRUE UNDERFLOW VOID"""
# Types that every file of some language sees unqualified, or that its generator adds to a message.
TYPES = "Builder Class Enum Exception Message Nil Object Protocol Self String Types Void"
# What the stub of some language has beside the calls.
STUBS = """Close Clone Equals GetCallOptions GetChannel GetClass HashCode NewInstance Notify
    NotifyAll ToString Wait WaitForReady WithDeadline WithHost"""
# How generators name what they add to a field: (language, prefix, suffix, to which fields).
ADDED = (
    ("C++", "clear_", "", "all"),
    ("C++", "has_", "", "all"),
    ("C++", "set_", "", "all"),
    ("C++", "add_", "", "repeated"),
    ("C++", "mutable_", "", "all"),
    ("C++", "release_", "", "all"),
    ("C++", "", "_size", "repeated"),
    ("Java", "", "_count", "repeated"),
    ("Java", "", "_list", "repeated"),
    ("Java", "", "_bytes", "string"),
    ("Java", "", "_value", "enum"),
    ("Java", "", "_builder", "message"),
    ("Java", "", "_or_builder", "message"),
    ("Java", "", "_map", "repeated"),
    ("Go", "get_", "", "all"),
    ("JavaScript", "", "_case", "oneof"),
)


def messages() -> Iterator[Descriptor]:
    """Every message of the contracts, nested ones too."""
    pending = [
        message
        for module in contracts.load_all()
        for message in module.DESCRIPTOR.message_types_by_name.values()
    ]
    while pending:
        message = pending.pop()
        yield message
        pending.extend(message.nested_types)


def enums() -> Iterator[EnumDescriptor]:
    for module in contracts.load_all():
        yield from module.DESCRIPTOR.enum_types_by_name.values()
    for message in messages():
        yield from message.enum_types


def languages_that_mind(name: str) -> list[str]:
    """The languages in which a field cannot be called so."""
    return [
        language
        for table in (KEYWORDS, GENERATED)
        for language, words in table.items()
        if name in words.split() and name not in FIXED_BY_THE_JSON
    ]


def kinds_of(field: FieldDescriptor) -> set[str]:
    kinds = {"all"}
    if field.is_repeated:
        kinds.add("repeated")
    if field.type == field.TYPE_STRING:
        kinds.add("string")
    if field.enum_type is not None:
        kinds.add("enum")
    if field.message_type is not None:
        kinds.add("message")
    return kinds


def clashes(message: Descriptor) -> list[str]:
    """Fields that are called like what some generator makes of their neighbour."""
    names = set(message.fields_by_name)
    made = [
        (language, f"{prefix}{field.name}{suffix}", field.name)
        for field in message.fields
        for language, prefix, suffix, kind in ADDED
        if kind in kinds_of(field)
    ]
    made += [("JavaScript", f"{oneof.name}_case", oneof.name) for oneof in message.oneofs]
    return [f"{language}: {name} beside {of}" for language, name, of in made if name in names]


def field_faults(message: Descriptor) -> list[str]:
    """What some language has against the fields of a message."""
    faults = [
        f"{name}: {', '.join(languages)}"
        for name in (*message.fields_by_name, *message.oneofs_by_name)
        if (languages := languages_that_mind(name))
    ]
    faults += [
        f"{name}: not lower_snake_case with a letter after each underscore"
        for name in message.fields_by_name
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*", name)
    ]
    return faults + clashes(message)


def type_faults(message: Descriptor) -> list[str]:
    """What some language has against the name of a message and of what is nested in it."""
    nested = [*message.nested_types_by_name, *message.enum_types_by_name]
    faults = [name for name in (message.name, *nested) if name in TYPES.split()]
    around, names_around = message, {message.name}
    while around.containing_type is not None:
        around = around.containing_type
        names_around.add(around.name)
    return faults + [f"{name} inside {name}: Java" for name in nested if name in names_around]


MESSAGES = sorted(messages(), key=lambda message: str(message.full_name))
ENUMS = sorted(enums(), key=lambda enum: str(enum.full_name))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.full_name)
def test_no_field_has_a_name_that_a_language_minds(message: Descriptor) -> None:
    assert field_faults(message) == []


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.full_name)
def test_no_type_has_a_name_that_a_language_minds(message: Descriptor) -> None:
    assert type_faults(message) == []


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.full_name)
def test_no_enum_value_is_a_macro_or_the_word_of_a_language(enum: EnumDescriptor) -> None:
    assert enum.name not in TYPES.split()
    assert set(MACROS.split()).isdisjoint(enum.values_by_name)
    assert "None" not in enum.values_by_name


def test_no_call_is_named_like_what_a_stub_has() -> None:
    names = {method.name for service in contracts.services() for method in service.methods}
    assert set(STUBS.split()).isdisjoint(names)


def planted(*fields: str, repeated: str = "") -> Descriptor:
    """A message with these fields."""
    file = descriptor_pb2.FileDescriptorProto(name="planted.proto", syntax="proto3")
    message = file.message_type.add(name="Planted")
    for number, name in enumerate(fields, start=1):
        label = 3 if name == repeated else 1
        message.field.add(name=name, number=number, type=9, label=label)
    pool = DescriptorPool()
    pool.Add(file)
    return pool.FindMessageTypeByName("Planted")


@pytest.mark.parametrize("name", ["descriptor", "class", "from", "unknown_fields", "part_1"])
def test_a_planted_name_is_found(name: str) -> None:
    assert field_faults(planted(name)) != []


def test_a_planted_clash_is_found() -> None:
    assert clashes(planted("tracks", "tracks_count", repeated="tracks")) != []
    assert clashes(planted("title", "title_bytes")) != []
    assert clashes(planted("title", "album")) == []
