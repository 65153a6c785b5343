"""A bound that a comment states is an option of its field, so that prose and check cannot part."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto

from meshkit import contracts
from meshkit.contract_files import descriptor_set
from meshkit.validation import rules_of

STATES_A_BOUND = re.compile(
    r"\bULIDs?\b|\b(at most|up to) \d|\d to \d|\bnot negative\b|\bfrom \d+ on\b", re.IGNORECASE
)
NOT_CHECKED = {
    **{
        f"segue.catalog.v1.{name}.id": "must be the path's" for name in ("Track", "Album", "Artist")
    },
    "segue.catalog.v1.Album.artist_id": "is output only",
    **{
        f"segue.catalog.v1.Track.{name}": "is output only"
        for name in ("artist_id", "album_id", "genres")
    },
    "segue.device.v1.Applied.detail": "is cut, not refused",
    "segue.device.v1.Device.device_id": "must be the path's",
    "segue.playlist.v1.Playlist.playlist_id": "must be the path's",
    "segue.playlist.v1.Playlist.owner_id": "is output only",
    "segue.playlist.v1.Playlist.track_count": "is output only",
    "segue.playlist.v1.Playlist.artwork_paths": "is output only",
}


def of_messages(
    messages: list[DescriptorProto], place: tuple[int, ...], outer: str
) -> Iterator[tuple[tuple[int, ...], str]]:
    """Where the comment of each field stands in its file, and the field's full name."""
    for index, message in enumerate(messages):
        here, name = (*place, index), f"{outer}.{message.name}"
        for number, field in enumerate(message.field):
            yield (*here, 2, number), f"{name}.{field.name}"
        yield from of_messages(list(message.nested_type), (*here, 3), name)


def comments() -> dict[str, str]:
    """The comment of every field by its full name."""
    found = {}
    for file in descriptor_set(internal=True).file:
        said = {tuple(one.path): one.leading_comments for one in file.source_code_info.location}
        for place, name in of_messages(list(file.message_type), (4,), file.package):
            found[name] = " ".join(said.get(place, "").split())
    return found


def of_requests() -> dict[str, FieldDescriptor]:
    """Every field that a request can have, by its full name."""
    pending: list[Descriptor] = [
        method.input_type for service in contracts.services() for method in service.methods
    ]
    found: dict[str, FieldDescriptor] = {}
    while pending:
        for field in pending.pop().fields:
            inner = field.message_type
            if field.full_name not in found and inner is not None:
                pending.append(inner)
            found[field.full_name] = field
    return {name: field for name, field in found.items() if name.startswith("segue.")}


FIELDS = of_requests()
COMMENTS = comments()


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_bound_in_a_comment_is_an_option(name: str) -> None:
    if STATES_A_BOUND.search(COMMENTS[name]) and name not in NOT_CHECKED:
        assert rules_of(FIELDS[name]).ListFields(), (
            f"{name} states a bound ({COMMENTS[name]!r}) without (segue.mesh.v1.rules)"
        )


def test_what_is_not_checked_still_states_a_bound() -> None:
    assert set(NOT_CHECKED) <= set(FIELDS)
    assert all(STATES_A_BOUND.search(COMMENTS[name]) for name in NOT_CHECKED)
