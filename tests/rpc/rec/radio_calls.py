"""Calls of radios as tests make them, and what the feeds tell of what came of them."""

from __future__ import annotations

from typing import Any

from segue.rec.v1 import radio_internal_service_pb2 as internal_pb
from segue.rec.v1 import radio_service_pb2 as pb

from meshkit.clock import now_ms
from meshkit.replicas_postgres import PostgresReplica
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.plays import PostgresPlays
from rec_svc.adapters.postgres.radio_feedback import PostgresRadioFeedback
from rec_svc.adapters.postgres.user_items import PostgresUserItems
from rec_svc.domain.plays import Play
from rec_svc.domain.user_items import ItemChange, ItemChanged, ItemKind
from rec_svc.usecases.radio_steering import RadioPlays, RadioSaves
from tests.rpc.rec.harness import Instance


async def start(instance: Instance, user_id: str, /, **seed: Any) -> pb.Radio:
    """A radio of the user's."""
    request = pb.StartRadioRequest(**seed)
    return (await instance.radio("StartRadio", request, user_id)).radio


async def following(
    instance: Instance, user_id: str, radio_id: str, *, tier: str = "premium", **fields: Any
) -> Any:
    """What the radio gives next."""
    request = pb.ListNextTracksRequest(radio_id=radio_id, **fields)
    return await instance.radio("ListNextTracks", request, user_id, tier=tier)


async def extended(
    instance: Instance,
    user_id: str,
    radio_id: str,
    context_id: str = "",
    block: int = 1,
    **fields: Any,
) -> Any:
    """A block for playback."""
    request = internal_pb.ExtendRadioRequest(
        radio_id=radio_id, context_id=context_id or new_id(), block=block, **fields
    )
    return await instance.extend(request, user_id)


async def played(
    instance: Instance,
    user_id: str,
    *track_ids: str,
    radio_id: str = "",
    skipped: bool = False,
    hours_ago: float = 0.0,
) -> None:
    """The feed of plays tells that those were played, or skipped, from a radio or from nothing."""
    at_ms = now_ms() + 1_000 - round(hours_ago * 3_600_000)
    plays = [
        Play(
            play_id=new_id(),
            user_id=user_id,
            track_id=track_id,
            begun_ms=at_ms,
            left_ms=at_ms,
            heard_ms=3_000 if skipped else 100_000,
            counted=not skipped,
            skipped=skipped,
            context_kind="RADIO" if radio_id else "",
            context_id=radio_id,
        )
        for track_id in track_ids
    ]
    await PostgresPlays(instance.pool).apply(plays, "t")
    place = PostgresReplica[Play](instance.pool, "radio-plays")
    await RadioPlays(place, PostgresRadioFeedback(instance.pool)).apply(plays, "t")


async def saved(instance: Instance, user_id: str, *track_ids: str) -> None:
    """The feed of saved tracks tells of those."""
    told = [ItemChanged(user_id, one, 1, now_ms() + 1_000, kept=True) for one in track_ids]
    place = PostgresReplica[ItemChange](instance.pool, "radio-saves")
    await RadioSaves(place, PostgresRadioFeedback(instance.pool)).apply(told, "t")


async def blocked(instance: Instance, user_id: str, artist_id: str) -> None:
    """The user blocks an artist."""
    blocks = PostgresUserItems(instance.pool, ItemKind.BLOCKED_ARTIST)
    await blocks.apply([ItemChanged(user_id, artist_id, 1, 1, kept=True)], "t")
