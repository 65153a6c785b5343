"""What the command line calls the fields of requests: errors of the service speak its words."""

from __future__ import annotations

from meshkit.faults import Fault

# By the last part of a field's path, without the number of an item.
WORDS = {
    "q": "the words",
    "path": "the path",
    "name": "the name",
    "title": "the name",
    "description": "--description",
    "page_size": "--limit",
    "offset": "--limit",
    "by": "--by",
    "position": "--at",
    "position_ms": "the position",
    "percent": "how loud",
    "repeat": "the mode",
    "role": "the role",
    "expires_in": "--expires",
    "code": "the link",
    "share_id": "the link",
    "content": "the file",
    "conditions": "the rule",
    "field": "the rule's field",
    "values": "the rule's values",
    "limit": "the rule's limit",
    "genre": "the genre",
    "year_from": "the years",
    "year_to": "the years",
    "username": "the user's name",
    "user_id": "the user",
    "user_ids": "the users",
    "subscription_type": "the plan",
    "device_id": "the device's id",
    "sender_device_id": "the device's id",
    "codecs": "the device's codecs",
    "drm_systems": "the device's DRM systems",
    "rungs": "the device's rungs",
    "id": "the id",
    "track_id": "the track",
    "track_ids": "the tracks",
    "start_track_id": "the track",
    "item": "the track",
    "items": "the lines",
    "item_id": "the entry",
    "item_ids": "the entries",
    "start_item_id": "the entry",
    "before_item_id": "--before",
    "album_id": "the album",
    "album_ids": "the albums",
    "artist_id": "the artist",
    "artist_ids": "the artists",
    "playlist_id": "the playlist",
    "radio_id": "the radio",
    "snapshot_id": "the version",
    "from_snapshot_id": "the first version",
    "to_snapshot_id": "the second version",
    "source": "what to play",
    "kind": "what it is played from",
}
# Made by the command itself: where one is refused, no argument is to blame.
OWN = frozenset(
    {"request_id", "client_play_id", "shown_id", "play_id", "wait", "based_on_version"},
)


def in_own_words(fault: Fault) -> str:
    """The fault's message, in which fields of the request are called as the command line does."""
    if not fault.violations:
        return fault.message
    return "; ".join(
        f"{words_for(violation.field)} {violation.description}" for violation in fault.violations
    )


def words_for(field: str) -> str:
    """What the command line calls the field of this path, such as ``source.track_ids[3]``."""
    leaf = field.rpartition(".")[2].partition("[")[0]
    return WORDS.get(leaf, field)
