"""What plays, in words."""

from __future__ import annotations

from typing import Any

from segue.playback.v1 import play_source_pb2, playback_pb2

from player.commands.known_names import Named
from player.commands.terminal_text import clock, count, plain, track_words

_STATUS = playback_pb2.Playback.Status
_REPEAT = playback_pb2.Playback.Repeat
_CONTEXT = play_source_pb2.ContextRef.Kind
_NAMELESS = {
    _CONTEXT.PLAYLIST: "a playlist",
    _CONTEXT.ALBUM: "an album",
    _CONTEXT.ARTIST: "an artist",
    _CONTEXT.RADIO: "a radio",
}
_NOBODY = Named()
_DOING = {_STATUS.PLAYING: "plays", _STATUS.PAUSED: "paused", _STATUS.STOPPED: "stopped"}


def what_plays(playback: Any, named: Named = _NOBODY, position_ms: int | None = None) -> str:
    """A Playback in a line: what it does, the track, how far it is, and on which device."""
    at = playback.position_ms if position_ms is None else position_ms
    line = (
        f"{_DOING.get(playback.status, 'unknown')}  {track_words(playback.track)}"
        f"  {clock(at)} / {clock(playback.track.duration_ms)}"
    )
    if playback.status != _STATUS.STOPPED:
        line += f"  on {plain(named.device or playback.device_id)}"
    return line


def facts(playback: Any, named: Named = _NOBODY) -> str:
    """What else is known of a Playback, in a line; empty: nothing."""
    said = []
    if playback.HasField("context"):
        said.append(context_words(playback.context, named.source))
    if playback.shuffle:
        said.append("shuffled")
    if playback.repeat in (_REPEAT.TRACK, _REPEAT.CONTEXT):
        said.append(f"repeats the {_REPEAT.Name(playback.repeat).lower()}")
    if playback.queue_count:
        said.append(f"{playback.queue_count:,} in the queue")
    if playback.rung:
        said.append("FLAC" if playback.rung == "flac" else f"{playback.rung} kbps")
    if playback.private_session:
        said.append("private")
    if playback.ended_by:
        said.append(
            playback_pb2.SessionEnd.Reason.Name(playback.ended_by).lower().replace("_", " ")
        )
    return ", ".join(said)


def context_words(context: Any, name: str = "") -> str:
    """What is played from, by its name where that is known, and how far that is."""
    if context.ref.kind == _CONTEXT.RADIO:
        # It has no end, so that there is nothing to be that many of.
        return f"{context.played_count:,} from {ref_words(context.ref, name)}"
    if context.ref.kind not in _NAMELESS:
        return f"{context.played_count:,} of {count(context.track_count, 'track')}"
    return (
        f"{context.played_count:,} of {context.track_count:,} from {ref_words(context.ref, name)}"
    )


def ref_words(ref: Any, name: str = "") -> str:
    """What is played from: its kind, and its name where that is known."""
    if name and ref.kind == _CONTEXT.RADIO:
        # Its title says that it is one.
        return plain(name)
    if name and ref.kind in _NAMELESS:
        return f"the {_CONTEXT.Name(ref.kind).lower()} {plain(name)}"
    return _NAMELESS.get(ref.kind, "a list")
