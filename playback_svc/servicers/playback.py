"""PlaybackService on the wire: checks fields, calls the use case, composes the answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from functools import partial

from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1.playback_service_pb2_grpc import PlaybackServiceServicer

from meshkit.faults import InvalidArgument
from meshkit.idempotency import RequestKey, WriteRequest, request_key
from meshkit.paging import size_of
from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.streams import served
from playback_svc import convert
from playback_svc.ports.addresses import Addresses
from playback_svc.ports.answers import QueueEdited
from playback_svc.servicers import playback_messages
from playback_svc.servicers.play_orders import play_order, queued_from
from playback_svc.servicers.streams import started
from playback_svc.streams.playback_views import PlaybackView, PlaybackViews
from playback_svc.usecases.playback.get_playback import Playing
from playback_svc.usecases.playback_cases import PlaybackCases
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.target import Target

_NOTHING_PLAYED = pb.WatchPlaybackResponse(nothing_played=pb.WatchPlaybackResponse.NothingPlayed())


class PlaybackServicer(PlaybackServiceServicer):
    """Commands of the calling user's playback; the user is the token's subject."""

    def __init__(
        self,
        *,
        cases: PlaybackCases,
        playback_views: PlaybackViews,
        addresses: Addresses,
    ) -> None:
        self._cases = cases
        self._playback_views = playback_views
        self._addresses = addresses

    async def Play(self, request: pb.PlayRequest, context: Context) -> pb.PlayResponse:
        principal = current_principal()
        order = replace(play_order(request), sid=principal.sid)
        key = request_key(request)
        answer = await self._cases.play(principal.user_id, principal.tier, order, key)
        return pb.PlayResponse(**started(answer, self._addresses))

    async def Pause(self, request: pb.PauseRequest, context: Context) -> pb.PauseResponse:
        answer = await self._cases.pause(*_target_of(request.playback_id, request))
        return pb.PauseResponse(
            success=True, position_ms=answer.position_ms, revision=answer.version.revision
        )

    async def Resume(self, request: pb.ResumeRequest, context: Context) -> pb.ResumeResponse:
        answer = await self._cases.resume(*_target_of(request.playback_id, request))
        return pb.ResumeResponse(success=True, **started(answer, self._addresses))

    async def Seek(self, request: pb.SeekRequest, context: Context) -> pb.SeekResponse:
        caller, target, key = _target_of(request.playback_id, request)
        target_ms = request.position_ms
        answer = await self._cases.seek(caller, target, target_ms, key)
        return pb.SeekResponse(position_ms=answer.position_ms, revision=answer.version.revision)

    async def Stop(self, request: pb.StopRequest, context: Context) -> pb.StopResponse:
        answer = await self._cases.stop(*_target_of(request.playback_id, request))
        return pb.StopResponse(
            success=True, position_ms=answer.position_ms, revision=answer.version.revision
        )

    async def GetPlayback(
        self, request: pb.GetPlaybackRequest, context: Context
    ) -> pb.GetPlaybackResponse:
        principal = current_principal()
        playing = await self._cases.get_playback(principal.user_id, principal.tier)
        return pb.GetPlaybackResponse(
            playback=playback_messages.playback(playing) if playing else None
        )

    def WatchPlayback(
        self, request: pb.WatchPlaybackRequest, context: Context
    ) -> AsyncIterator[pb.WatchPlaybackResponse]:
        opened = partial(self._playback_views.open, current_principal())
        return served(pb.WatchPlaybackResponse, opened, self._watched, self._playback_views.close)

    async def _watched(self, view: PlaybackView) -> AsyncGenerator[pb.WatchPlaybackResponse, None]:
        if view.end is None:
            playing = await self._playback_views.first(view)
            yield _playback_update(playing) if playing else _NOTHING_PLAYED
        while view.end is None:
            if not view.behind:
                await view.idle()
            elif playing := await self._playback_views.newer(view):
                yield _playback_update(playing)

    async def Skip(self, request: pb.SkipRequest, context: Context) -> pb.SkipResponse:
        caller, key = _caller_of(request)
        if request.user_id not in ("", caller.user_id):
            raise InvalidArgument.field("user_id", "may only repeat the user of the access token")
        caller = Caller(caller.user_id, caller.tier, request.device_id)
        answer = await self._cases.skip(
            caller,
            Target(),
            key,
            play_id=request.play_id,
            client_play_id=request.client_play_id,
        )
        left = answer.played.skips
        return pb.SkipResponse(
            skips_remaining=left.remaining if left else None,
            seconds_until_reset=left.resets_in_s if left else 0,
            **started(answer, self._addresses),
        )

    async def Previous(self, request: pb.PreviousRequest, context: Context) -> pb.PreviousResponse:
        caller, target, key = _target_of(request.playback_id, request)
        answer = await self._cases.previous(
            caller, target, key, client_play_id=request.client_play_id
        )
        return pb.PreviousResponse(**started(answer, self._addresses))

    async def Advance(self, request: pb.AdvanceRequest, context: Context) -> pb.AdvanceResponse:
        caller, target, key = _target_of(request.playback_id, request)
        answer = await self._cases.advance(
            caller,
            key,
            session_id=target.session_id,
            play_id=request.play_id,
            client_play_id=request.client_play_id,
        )
        if answer.played.ended:
            return pb.AdvanceResponse(
                playback_id=answer.session_id,
                epoch=answer.version.epoch,
                revision=answer.version.revision,
                ended=True,
            )
        return pb.AdvanceResponse(**started(answer, self._addresses))

    async def SetShuffle(
        self, request: pb.SetShuffleRequest, context: Context
    ) -> pb.SetShuffleResponse:
        caller, key = _caller_of(request)
        answer = await self._cases.set_shuffle(caller.user_id, key, shuffle=request.shuffle)
        return pb.SetShuffleResponse(shuffle=request.shuffle, revision=answer.version.revision)

    async def SetRepeat(
        self, request: pb.SetRepeatRequest, context: Context
    ) -> pb.SetRepeatResponse:
        caller, key = _caller_of(request)
        repeat = convert.REPEATS_BY_NUMBER[request.repeat]
        answer = await self._cases.set_repeat(caller.user_id, repeat, key)
        return pb.SetRepeatResponse(repeat=request.repeat, revision=answer.version.revision)

    async def GetQueue(self, request: pb.GetQueueRequest, context: Context) -> pb.GetQueueResponse:
        user_id = current_principal().user_id
        ahead = await self._cases.get_queue(user_id, request.offset, size_of(request))
        if ahead.playing is None:
            return pb.GetQueueResponse()
        return pb.GetQueueResponse(
            playback=playback_messages.playback(ahead.playing),
            entries=[playback_messages.queue_entry(entry) for entry in ahead.entries],
            total_count=ahead.total,
        )

    async def EditQueue(
        self, request: pb.EditQueueRequest, context: Context
    ) -> pb.EditQueueResponse:
        caller, key = _caller_of(request)
        origin = queued_from(request)
        answer = await self._cases.edit_queue(caller.user_id, tuple(request.track_ids), key, origin)
        return pb.EditQueueResponse(
            item_ids=answer.result_as(QueueEdited).item_ids, revision=answer.version.revision
        )

    async def AddToQueue(
        self, request: pb.AddToQueueRequest, context: Context
    ) -> pb.AddToQueueResponse:
        caller, key = _caller_of(request)
        origin = queued_from(request)
        answer = await self._cases.add_to_queue(
            caller.user_id, tuple(request.track_ids), key, first=request.next, origin=origin
        )
        return pb.AddToQueueResponse(
            item_ids=answer.result_as(QueueEdited).item_ids, revision=answer.version.revision
        )

    async def RemoveFromQueue(
        self, request: pb.RemoveFromQueueRequest, context: Context
    ) -> pb.RemoveFromQueueResponse:
        caller, key = _caller_of(request)
        item_ids = tuple(request.item_ids)
        answer = await self._cases.remove_from_queue(caller.user_id, item_ids, key)
        return pb.RemoveFromQueueResponse(
            removed_count=answer.result_as(QueueEdited).removed_count,
            revision=answer.version.revision,
        )

    async def MoveInQueue(
        self, request: pb.MoveInQueueRequest, context: Context
    ) -> pb.MoveInQueueResponse:
        caller, key = _caller_of(request)
        item_ids = tuple(request.item_ids)
        before = request.before_item_id
        answer = await self._cases.move_in_queue(caller.user_id, item_ids, before or None, key)
        return pb.MoveInQueueResponse(
            item_ids=answer.result_as(QueueEdited).item_ids, revision=answer.version.revision
        )


def _playback_update(playing: Playing) -> pb.WatchPlaybackResponse:
    return pb.WatchPlaybackResponse(playback=playback_messages.playback(playing))


def _caller_of(request: WriteRequest) -> tuple[Caller, RequestKey | None]:
    """Who asks, and the key of the request."""
    principal = current_principal()
    caller = Caller(principal.user_id, principal.tier)
    return caller, request_key(request)


def _target_of(playback_id: str, request: WriteRequest) -> tuple[Caller, Target, RequestKey | None]:
    """Who asks, the session that a command names, and the key of its request."""
    caller, key = _caller_of(request)
    return caller, Target(playback_id), key
