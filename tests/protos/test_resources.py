"""What can be read as one resource can be sent back to its update, whatever service it is of."""

from __future__ import annotations

import pytest
from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from meshkit import contracts

METHODS = [method for service in contracts.services() for method in service.methods]


def rule_of(method: MethodDescriptor) -> HttpRule:
    return method.GetOptions().Extensions[annotations_pb2.http]


def name_of(method: MethodDescriptor) -> str:
    return str(method.full_name)


UNWRAPPED = [method for method in METHODS if rule_of(method).response_body]
UPDATES = [
    method
    for method in METHODS
    if rule_of(method).WhichOneof("pattern") == "patch" and rule_of(method).body != "*"
]
READS_OF_ONE = [
    method
    for method in METHODS
    if rule_of(method).get and not method.server_streaming
    # One message and nothing beside it; a list has a page token, or will have one.
    if [bool(field.message_type) and not field.is_repeated for field in method.output_type.fields]
    == [True]
]
READS = {rule_of(method).get: method for method in UNWRAPPED}


def resource_of(update: MethodDescriptor) -> FieldDescriptor:
    return update.input_type.fields_by_name[rule_of(update).body]


def test_there_are_resources_to_check() -> None:
    assert len(UNWRAPPED) > 5
    assert UPDATES


@pytest.mark.parametrize("method", UNWRAPPED, ids=name_of)
def test_an_answer_that_is_unwrapped_at_the_edge_has_that_field_alone(
    method: MethodDescriptor,
) -> None:
    # The edge takes the braces of the only field off; of two fields it would make no JSON.
    (field,) = method.output_type.fields
    assert field.name == rule_of(method).response_body
    assert field.message_type is not None
    assert not field.is_repeated
    assert not method.server_streaming


@pytest.mark.parametrize("method", READS_OF_ONE, ids=name_of)
def test_a_read_of_one_resource_answers_the_resource_itself(method: MethodDescriptor) -> None:
    assert rule_of(method).response_body == method.output_type.fields[0].name


@pytest.mark.parametrize("method", UPDATES, ids=name_of)
def test_an_update_takes_what_its_read_answers(method: MethodDescriptor) -> None:
    rule = rule_of(method)
    path = rule.patch.replace(f"{{{rule.body}.", "{")
    read = READS[path]
    assert read.output_type.fields[0].message_type == resource_of(method).message_type
    assert all(other.body == rule.body for other in rule.additional_bindings)


@pytest.mark.parametrize("method", UPDATES, ids=name_of)
def test_an_update_tells_what_is_absent_from_what_is_nought(method: MethodDescriptor) -> None:
    resource = resource_of(method).message_type
    for field in resource.fields:
        if not field.has_presence and not field.is_repeated:
            source = f"{resource.full_name}.{field.name}"
            assert field.name in OUTPUT_ONLY.get(resource.full_name, ()), (
                f"{source} is not optional"
            )


# What answers tell and updates ignore, or what names the resource.
OUTPUT_ONLY = {
    "segue.catalog.v1.Track": {
        *("id", "artist_id", "album", "album_id", "disc_number", "track_number"),
        *("duration", "duration_ms", "year", "streams_total", "state", "artwork_path"),
    },
    "segue.catalog.v1.Album": {
        *("id", "artist", "artist_id", "track_count", "total_duration_ms", "artwork_path"),
    },
    "segue.catalog.v1.Artist": {"id", "followers_count", "track_count"},
    "segue.playlist.v1.Playlist": {
        *("playlist_id", "owner", "owner_id", "track_count", "total_duration_ms"),
        *("follower_count", "collaborator_count", "snapshot_id", "role", "followed", "managed_by"),
    },
    "segue.device.v1.Device": {"device_id", "online", "active", "controllable"},
    "segue.playback.v1.Preferences": {"version"},
}
