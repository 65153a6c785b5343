"""What plays, in words."""

from __future__ import annotations

from typing import Any

from segue.playback.v1 import play_source_pb2, playback_pb2

from player.commands.terminal_text import clock, count, plain, track_words

_STATUS = playback_pb2.Playback.Status
_REPEAT = playback_pb2.Playback.Repeat
_CONTEXT = play_source_pb2.ContextRef.Kind
_NAMES = {_CONTEXT.PLAYLIST: "a playlist", _CONTEXT.ALBUM: "an album", _CONTEXT.ARTIST: "an artist"}
_DOING = {_STATUS.PLAYING: "plays", _STATUS.PAUSED: "paused", _STATUS.STOPPED: "stopped"}


def what_plays(playback: Any, position_ms: int | None = None) -> str:
    """A Playback in a line: what it does, the track, how far it is, and on which device."""
    at = playback.position_ms if position_ms is None else position_ms
    line = (
        f"{_DOING.get(playback.status, 'unknown')}  {track_words(playback.track)}"
        f"  {clock(at)} / {clock(playback.track.duration_ms)}"
    )
    if playback.status != _STATUS.STOPPED:
        line += f"  on {plain(playback.device_id)}"
    return line


def facts(playback: Any) -> str:
    """What else is known of a Playback, in a line; empty: nothing."""
    said = []
    if playback.HasField("context"):
        said.append(context_words(playback.context))
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


def context_words(context: Any) -> str:
    """What is played from, and how far that is."""
    if context.ref.kind not in _NAMES:
        return f"{context.played_count:,} of {count(context.track_count, 'track')}"
    return f"{context.played_count:,} of {context.track_count:,} from {ref_words(context.ref)}"


def ref_words(ref: Any) -> str:
    """What kind of thing is played from."""
    return _NAMES.get(ref.kind, "a list")
