"""Fields of the contract that commands fill have words of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from segue.mesh.v1 import validation_pb2

import player
from meshkit.faults import FieldViolation, InvalidArgument
from player.commands.field_words import OWN, WORDS, in_own_words, words_for
from player.commands.outcome import words_of

PACKAGES = ("catalog", "device", "identity", "playback", "playlist")


def requests() -> dict[str, Any]:
    """The descriptors of the requests that the commands make, by their names."""
    found: dict[str, Any] = {}
    for file in Path(player.__file__).parent.glob("commands/*.py"):
        source = file.read_text(encoding="utf-8")
        for module, name in re.findall(r"(\w+_pb2)\.(\w+Request)\(", source):
            package = re.search(rf"from segue\.(\w+)\.v1 import [^\n]*\b{module}\b", source)
            names = [package[1]] if package else [*PACKAGES]
            for each in names:
                try:
                    found[name] = getattr(
                        import_module(f"segue.{each}.v1.{module}"), name
                    ).DESCRIPTOR
                except (ModuleNotFoundError, AttributeError):
                    continue
    return found


def bounded(message: Any, depth: int = 0) -> Iterator[str]:
    """The names of the fields of a message that can be refused."""
    for field in message.fields:
        inner = field.message_type
        if field.GetOptions().HasExtension(validation_pb2.rules):
            yield field.name
        if inner is not None and inner.full_name.startswith("segue.") and depth < 3:
            yield from bounded(inner, depth + 1)


REQUESTS = requests()


def test_the_requests_of_the_commands_are_found() -> None:
    assert {"SearchRequest", "CreateImportRequest", "SendCommandRequest"} <= set(REQUESTS)
    assert len(REQUESTS) > 60


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_every_field_that_can_be_refused_has_words(name: str) -> None:
    assert set(bounded(REQUESTS[name])) - OWN - set(WORDS) == set()


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("q", "the words"),
        ("source.tracks.track_ids[3]", "the tracks"),
        ("playlist.name", "the name"),
        ("unheard_of", "unheard_of"),
    ],
)
def test_a_field_is_called_as_its_last_part(field: str, words: str) -> None:
    assert words_for(field) == words


def test_a_refused_field_is_named_by_the_command_lines_word() -> None:
    fault = InvalidArgument.field("q", "must not be empty")
    assert words_of(fault) == "segue: the words must not be empty; see --help"


def test_several_are_named_in_turn() -> None:
    violations = (FieldViolation("title", "must not be empty"), FieldViolation("rule.limit", "no"))
    fault = InvalidArgument("title: must not be empty", violations=violations)
    assert in_own_words(fault) == "the name must not be empty; the rule's limit no"
