"""Say how a track can be streamed, or hurry it along."""

from __future__ import annotations

from catalog_svc.domain.catalogue import Playable, TrackState
from catalog_svc.ports.catalogue import Playables
from catalog_svc.usecases.catalog import missing
from meshkit.faults import FailedPrecondition, Unavailable

_RETRY_AFTER_S = 1.0


class ReadyTrack:
    """What playback needs in order to start a track."""

    def __init__(self, playables: Playables) -> None:
        self._playables = playables

    async def __call__(self, track_id: str) -> Playable:
        """The track and its newest descriptor.

        Raises ``NotFound``; ``FailedPrecondition`` (AUDIO_UNDECODABLE) for a track whose file
        cannot be streamed; ``Unavailable`` (TRACK_NOT_READY) for one that is on its way, which
        goes before all others from now on.
        """
        found = await self._playables.playable(track_id)
        if found is None:
            raise missing("track", track_id)
        if found.track.state is TrackState.FAILED:
            raise FailedPrecondition(
                f"The track's file cannot be streamed: {found.failure}.",
                reason="AUDIO_UNDECODABLE",
                metadata={"file": found.file},
            )
        if not found.descriptor:
            await self._playables.want(found.track.id)
            raise Unavailable(
                "The track is still being prepared for streaming; it goes first now.",
                reason="TRACK_NOT_READY",
                metadata={"track_id": found.track.id},
                retry_after_s=_RETRY_AFTER_S,
            )
        return found
