"""PlaybackService on the wire: checks fields, calls the use case, composes the answer."""

from __future__ import annotations

from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1.playback_service_pb2_grpc import PlaybackServiceServicer

from meshkit.idempotency import RequestKey, WriteRequest, request_key
from meshkit.principal import current_principal
from meshkit.server_context import Context
from playback_svc import convert
from playback_svc.ports.neighbours import Addresses
from playback_svc.usecases.control import Control, Resume
from playback_svc.usecases.get_playback import GetPlayback
from playback_svc.usecases.play import Play, PlayOrder


class PlaybackServicer(PlaybackServiceServicer):
    """Commands of the calling user's playback; the user is the token's subject."""

    def __init__(
        self,
        *,
        play: Play,
        control: Control,
        resume: Resume,
        get_playback: GetPlayback,
        addresses: Addresses,
    ) -> None:
        self._play = play
        self._control = control
        self._resume = resume
        self._get_playback = get_playback
        self._addresses = addresses

    async def Play(self, request: pb.PlayRequest, context: Context) -> pb.PlayResponse:
        """See the contract."""
        principal = current_principal()
        order = PlayOrder(
            track_id=convert.ulid("track_id", request.track_id),
            device_id=convert.device_id(request.device_id),
            position_ms=convert.position_ms(request.position_ms),
        )
        key = request_key(principal.user_id, "Play", request)
        answer = await self._play(principal.user_id, principal.tier, order, key)
        addresses = self._addresses.of(answer)
        return pb.PlayResponse(
            playback_id=answer.session_id,
            stream_url=addresses.hls,
            bitrate=answer.asset.rungs[-1].bitrate_kbps,
            dash_url=addresses.dash,
            expires_at=convert.timestamp(addresses.expires_at_s * 1000),
            track=convert.playing_track(answer.track),
            position_ms=answer.position_ms,
            epoch=answer.version.epoch,
            revision=answer.version.revision,
        )

    async def Pause(self, request: pb.PauseRequest, context: Context) -> pb.PauseResponse:
        """See the contract."""
        answer = await self._control.pause(*_named(request.playback_id, "Pause", request))
        return pb.PauseResponse(
            success=True, position_ms=answer.position_ms, revision=answer.version.revision
        )

    async def Resume(self, request: pb.ResumeRequest, context: Context) -> pb.ResumeResponse:
        """See the contract."""
        user_id, session_id, key = _named(request.playback_id, "Resume", request)
        answer = await self._resume(user_id, current_principal().tier, session_id, key)
        addresses = self._addresses.of(answer)
        return pb.ResumeResponse(
            success=True,
            position_ms=answer.position_ms,
            stream_url=addresses.hls,
            dash_url=addresses.dash,
            expires_at=convert.timestamp(addresses.expires_at_s * 1000),
            revision=answer.version.revision,
        )

    async def Seek(self, request: pb.SeekRequest, context: Context) -> pb.SeekResponse:
        """See the contract."""
        user_id, session_id, key = _named(request.playback_id, "Seek", request)
        target_ms = convert.position_ms(request.position_ms)
        answer = await self._control.seek(user_id, session_id, target_ms, key)
        return pb.SeekResponse(position_ms=answer.position_ms, revision=answer.version.revision)

    async def Stop(self, request: pb.StopRequest, context: Context) -> pb.StopResponse:
        """See the contract."""
        answer = await self._control.stop(*_named(request.playback_id, "Stop", request))
        return pb.StopResponse(
            success=True, position_ms=answer.position_ms, revision=answer.version.revision
        )

    async def GetPlayback(
        self, request: pb.GetPlaybackRequest, context: Context
    ) -> pb.GetPlaybackResponse:
        """See the contract."""
        playing = await self._get_playback(current_principal().user_id)
        return pb.GetPlaybackResponse(playback=convert.playback(playing) if playing else None)


def _named(
    playback_id: str, method: str, request: WriteRequest
) -> tuple[str, str, RequestKey | None]:
    """The user, the session that a command names, and the key of its request."""
    user_id = current_principal().user_id
    session_id = convert.ulid("playback_id", playback_id)
    return user_id, session_id, request_key(user_id, method, request)
