"""The contracts name alike what is alike: the rules of CONTRIBUTING.md that can be counted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from meshkit import contracts

NAMED_BY_TYPE = {
    # People's JSON says `type` and `subscription_type`.
    "segue.catalog.v1.SearchRequest.Type",
    "segue.identity.v1.User.SubscriptionType",
}
HAVE_A_STATE = {"Training", "Track", "Import", "ImportFile", "Experiment"}
"""What work makes ready, step by step, and what goes from its draft to its end."""
HAVE_A_STATUS = {"Playback", "Command"}
"""What a session or a command does."""
FIELDS_OF = {"Kind": {"kind"}, "State": {"state", "states"}, "Status": {"status"}}
SHOW_OTHERS_BY_ID = {
    # Things of the catalogue in answers of other services.
    "segue.playlist.v1.PlaylistTrack",
    "segue.playlist.v1.ListSavedTracksResponse.SavedTrack",
    "segue.playlist.v1.ListSavedAlbumsResponse.SavedAlbum",
    "segue.playlist.v1.Connection.Artist",
    # Refers to a thing of the kind beside it.
    "segue.playback.v1.ContextRef",
    "segue.rec.v1.ArtistSummary",
    "segue.rec.v1.RecommendedTrack",
}
PLURAL_WITHOUT_S = {
    # Words without a plural, and participles that say what was done with each.
    *("metadata", "following", "saved", "applied", "delegated"),
    # Lists that are called so in people's JSON: ?type=track&type=artist, bitrates_available.
    *("type", "bitrates_available"),
}


def messages() -> Iterator[Descriptor]:
    """Every message of the contracts, nested ones too; not what maps consist of."""
    pending = [
        message
        for module in contracts.load_all()
        for message in module.DESCRIPTOR.message_types_by_name.values()
        if message.full_name.startswith("segue.")
    ]
    while pending:
        message = pending.pop()
        if not message.GetOptions().map_entry:
            yield message
        pending.extend(message.nested_types)


MESSAGES = sorted(messages(), key=lambda one: str(one.full_name))
FIELDS = [field for message in MESSAGES for field in message.fields]
ENUMS = [enum for message in MESSAGES for enum in message.enum_types]


def named(*names: str) -> list[FieldDescriptor]:
    return [field for field in FIELDS if field.name in names]


def full_name_of(one: FieldDescriptor | EnumDescriptor) -> str:
    return str(one.full_name)


def test_there_are_contracts_to_check() -> None:
    assert len(MESSAGES) > 100
    assert len(ENUMS) > 20


def test_no_enum_is_called_a_type_but_what_people_call_so() -> None:
    assert {one.full_name for one in ENUMS if one.name.endswith("Type")} == NAMED_BY_TYPE
    assert {one.name for one in FIELDS if one.name.endswith("type") and one.enum_type} == {
        *("type", "subscription_type")
    }


@pytest.mark.parametrize(("name", "owners"), [("State", HAVE_A_STATE), ("Status", HAVE_A_STATUS)])
def test_how_far_work_is_and_what_a_session_does_are_called_apart(
    name: str, owners: set[str]
) -> None:
    assert {one.containing_type.name for one in ENUMS if one.name == name} == owners


@pytest.mark.parametrize(
    "field", [one for one in FIELDS if one.enum_type is not None], ids=full_name_of
)
def test_a_field_of_a_kind_state_or_status_is_called_so(field: FieldDescriptor) -> None:
    called = {name for name, fields in FIELDS_OF.items() if field.name in fields}
    if field.enum_type.name in FIELDS_OF:
        assert called == {field.enum_type.name}
    else:
        assert called == set()


def test_only_things_of_the_catalogue_call_their_own_id_id() -> None:
    elsewhere = {
        field.containing_type.full_name
        for field in named("id", "ids")
        if field.file.package != "segue.catalog.v1"
    }
    assert elsewhere == SHOW_OTHERS_BY_ID


def test_no_field_is_a_total_or_a_count_of_nobody_knows_what() -> None:
    assert named("total", "count") == []


@pytest.mark.parametrize("field", [one for one in FIELDS if one.is_repeated], ids=full_name_of)
def test_a_repeated_field_is_plural(field: FieldDescriptor) -> None:
    assert field.name.endswith("s") or field.name in PLURAL_WITHOUT_S


def test_several_ids_are_repeated_or_packed() -> None:
    alone = [one for one in FIELDS if one.name.endswith("ids") and not one.is_repeated]
    assert [one.full_name for one in alone if one.type != one.TYPE_BYTES] == []


def test_kbps_that_were_measured_nominal_ones_and_names_of_rungs_are_told_apart() -> None:
    assert [one.full_name for one in named("bitrate_kbps")] == [
        "segue.playback.v1.Heartbeat.bitrate_kbps"
    ]
    assert {one.type for one in named("bitrate")} == {FieldDescriptor.TYPE_INT32}
    assert {one.type for one in named("rung")} == {FieldDescriptor.TYPE_STRING}
