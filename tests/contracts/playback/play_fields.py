"""How Play and SendCommand are asked to play, from the words that tests use for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def play_fields(
    *,
    track_id: str | None = None,
    playlist_id: str | None = None,
    item: str | None = None,
    album_id: str | None = None,
    artist_id: str | None = None,
    track_ids: Sequence[str] | None = None,
    shown_id: str | None = None,
    **rest: Any,
) -> dict[str, Any]:
    """The fields of a request: all that says what to play is put into ``source``.

    ``track_id`` is where to begin if anything else is given to play from, ``item`` the entry.
    """
    contexts = {"playlist_id": playlist_id, "album_id": album_id, "artist_id": artist_id}
    source: dict[str, Any] = {name: given for name, given in contexts.items() if given}
    if track_ids:
        source["tracks"] = {"track_ids": list(track_ids)}
    if track_id:
        source["start_track_id" if source else "track_id"] = track_id
    if item:
        source["start_item_id"] = item
    if shown_id:
        source["shown_id"] = shown_id
    return {**rest, "source": source}
