"""The heartbeats of one session on this device, over all of its tracks."""

from __future__ import annotations

from collections.abc import Callable

from player.device.plan import Version
from player.domain.status import PlayerStatus
from player.heartbeats import SessionClock, StreamReporter
from player.mesh_client import MeshClient


class TrackReporter:
    """A HeartbeatReporter for one track; muted, what its player still says is not passed on."""

    def __init__(self, reporter: StreamReporter) -> None:
        self._reporter = reporter
        self.muted = False

    async def report(self, status: PlayerStatus) -> None:
        """See HeartbeatReporter.report."""
        if not self.muted:
            await self._reporter.report(status)


class Session:
    """Beats carry ``version``; ``on_end`` is told of the session, the reason and the words."""

    def __init__(
        self,
        client: MeshClient,
        playback_id: str,
        device_id: str,
        version: Version,
        on_end: Callable[[str, str, str], None],
        speed: float,
    ) -> None:
        self.playback_id = playback_id
        self._clock = SessionClock(playback_id, device_id, version.epoch, version.revision)
        self.reporter = StreamReporter(
            client, self._clock, lambda reason, words: on_end(playback_id, reason, words), speed
        )
        self._track = TrackReporter(self.reporter)

    @property
    def version(self) -> Version:
        """The state that this device is equal to."""
        return Version(self._clock.epoch, self._clock.revision)

    @version.setter
    def version(self, version: Version) -> None:
        self._clock.epoch, self._clock.revision = version.epoch, version.revision

    def next_track(self) -> TrackReporter:
        """The reporter of the next track's player; that of the one before is muted."""
        self.mute()
        self._track = TrackReporter(self.reporter)
        return self._track

    def mute(self) -> None:
        """The track that played is over: its player's last words would be taken for the next's."""
        self._track.muted = True

    async def close(self) -> None:
        """Lets the last beats out and ends the stream."""
        await self.reporter.close()
