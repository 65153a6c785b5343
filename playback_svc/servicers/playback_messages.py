"""What use cases and streams answer, as messages of segue.playback.v1."""

from __future__ import annotations

from segue.playback.v1 import playback_pb2

from playback_svc.convert import end_reason, play_origin, snapshot, track_summary
from playback_svc.domain.listing import Listing
from playback_svc.domain.play_queue import Origin
from playback_svc.ports.answers import Answer, Transferred
from playback_svc.streams.heartbeat_stream import SessionEnd
from playback_svc.usecases.playback.get_playback import Playing
from playback_svc.usecases.playback.get_queue import QueueEntry

_ENTRY_KINDS = {
    Origin.QUEUE: playback_pb2.QueueEntry.QUEUED,
    Origin.CONTEXT: playback_pb2.QueueEntry.CONTEXT,
}


def queue_entry(entry: QueueEntry) -> playback_pb2.QueueEntry:
    """An entry to come."""
    return playback_pb2.QueueEntry(
        kind=_ENTRY_KINDS[entry.upcoming.origin],
        item_id=entry.upcoming.entry.item_id,
        track=track_summary(entry.track),
        origin=play_origin(entry.upcoming.came_from),
    )


def playback(playing: Playing) -> playback_pb2.Playback:
    """A user's playback as it is now."""
    state, skips = playing.state, playing.skips
    message = snapshot(state, playing.position_ms, len(Listing(state.queue.queued)))
    if skips is not None:
        message.skips_remaining = skips.remaining
        message.skips_reset_at.FromSeconds(skips.resets_at_s)
    return message


def transferred(answer: Answer) -> playback_pb2.Playback:
    """The playback that an answer tells of, as it was then."""
    result = answer.result_as(Transferred)
    return snapshot(result.playing, answer.position_ms, result.queue_count)


def session_end(ended: SessionEnd) -> playback_pb2.SessionEnd:
    """Why a session takes no more beats."""
    return playback_pb2.SessionEnd(reason=end_reason(ended.reason), message=ended.message)
