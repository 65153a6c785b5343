"""Values that the tests of playback share."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from ulid import ULID

from meshkit.idempotency import RequestKey
from playback_svc.adapters.memory.deliveries import MemoryDeliveries
from playback_svc.domain.devices import Device
from playback_svc.domain.liveness import LivePosition
from playback_svc.domain.plans import Plan, Playable
from playback_svc.domain.player_state import (
    Asset,
    Opening,
    PlayerState,
    Rung,
    Start,
    Status,
    Track,
    Version,
    play,
)
from playback_svc.ports.answers import Answer, Played, StoredAnswer
from playback_svc.ports.player_states import SessionRecord

NOW = 1_764_000_000_000
MINUTE = 60_000
RUNGS = tuple(
    Rung(name, kbps)
    for name, kbps in (("128", 128), ("192", 192), ("256", 256), ("320", 320), ("flac", 900))
)
TRACK = Track(
    "01JD4Q8Z7Y1V9K2M5N6P7R8S9T", "Ouverture", "The Föhn", 3 * MINUTE,
    artist_id="01JD4Q8Z7Y1V9K2M5N6P7R8S9A", album="Alps",
    album_id="01JD4Q8Z7Y1V9K2M5N6P7R8S9B", artwork_path="/media/v1/artwork/ab",
)  # fmt: skip
ASSET = Asset(hashlib.sha256(b"descriptor").hexdigest(), RUNGS[:3])
FREE = Plan("free", frozenset({"128", "192", "256"}), premium_tracks=False, skips_per_window=3)
PREMIUM = Plan("premium", frozenset(rung.name for rung in RUNGS), premium_tracks=True)
PLAYABLE = Playable(TRACK, ASSET.descriptor, RUNGS)


def new_id() -> str:
    return str(ULID())


def opening(**changed: Any) -> Opening:
    of_start = {name: changed.pop(name) for name in ("track", "asset", "queue") if name in changed}
    start = Start(new_id(), **{"track": TRACK, "asset": ASSET, **of_start})
    return replace(Opening(new_id(), "kitchen", start, 0), **changed)


def playing(current: PlayerState | None = None, now: int = NOW, **changed: Any) -> PlayerState:
    return play(current, opening(**changed), now)


def device(device_id: str = "kitchen", seen_at_ms: int = NOW, **changed: Any) -> Device:
    return replace(Device(device_id, device_id, NOW, seen_at_ms), **changed)


def beat(state: PlayerState, **changed: Any) -> LivePosition:
    plain = LivePosition(
        session_id=state.session_id,
        version=state.version,
        seq=1,
        position_ms=10_000,
        position_at_ms=NOW + 10_000,
        moving=True,
        bitrate_kbps=192,
        beat_at_ms=NOW + 10_000,
        rung="192",
    )
    return replace(plain, **changed)


class EverythingDelivered(MemoryDeliveries):
    """The deliveries of players that fetch whatever plays."""

    async def delivered_ms(self, session_id: str, descriptor: str) -> int:
        return 2**31 - 1


def record(state: PlayerState, **changed: Any) -> SessionRecord:
    plain = SessionRecord(
        session_id=state.session_id,
        device_id=state.device_id,
        track_id=state.track.track_id,
        status=Status.PLAYING,
        position_ms=0,
        bitrate_kbps=0,
        started_at_ms=NOW,
        last_heartbeat_at_ms=None,
        ended_at_ms=None,
        ended_by=None,
    )
    return replace(plain, **changed)


def request_key(user_id: str, request_id: str = "r1", body: bytes = b"body") -> RequestKey:
    return RequestKey(user_id, "Play", request_id, hashlib.sha256(body).digest())


def stored(key: RequestKey, state: PlayerState, expires_at_ms: int = NOW + MINUTE) -> StoredAnswer:
    played = Played(TRACK, ASSET, urls_expire_at_s=1_764_000_000)
    answer = Answer(state.session_id, Version(1, 1), 0, result=played)
    return StoredAnswer(key, answer, expires_at_ms)
