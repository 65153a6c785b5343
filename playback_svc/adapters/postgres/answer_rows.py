"""Between the answers of commands and the documents in which they are kept."""

from __future__ import annotations

from typing import Any

from playback_svc.adapters.codecs.device_documents import listed_document, listed_of
from playback_svc.adapters.postgres.preferences_rows import preferences_document, preferences_of
from playback_svc.adapters.postgres.rows import state_document, state_from, track_values
from playback_svc.domain.player_state import Asset, Rung, Track, Version
from playback_svc.ports.answers import (
    Answer,
    DeviceDescribed,
    Done,
    Played,
    PreferencesUpdated,
    QueueEdited,
    Result,
    SkipsLeft,
    Transferred,
)


def answer_document(answer: Answer) -> dict[str, Any]:
    """An answer as JSON keeps it."""
    return {
        "session_id": answer.session_id,
        "version": list(answer.version),
        "position_ms": answer.position_ms,
        "device_id": answer.device_id,
        "number": answer.number,
        **_result_document(answer.result),
    }


def answer_of(document: dict[str, Any], method: str) -> Answer:
    """The answer to ``method`` that ``answer_document`` made, or the version before it."""
    return Answer(
        session_id=document["session_id"],
        version=Version(*document["version"]),
        position_ms=document["position_ms"],
        device_id=document.get("device_id", ""),
        number=document.get("number", 0),
        result=_result_of(document, document.get("tells") or _told_by(method)),
    )


def _result_document(result: Result) -> dict[str, Any]:
    match result:
        case Played():
            return {"tells": "played", **_played_document(result)}
        case QueueEdited(item_ids, removed_count):
            return {"tells": "queue", "item_ids": list(item_ids), "count": removed_count}
        case PreferencesUpdated(preferences):
            kept = [preferences.version, preferences_document(preferences)]
            return {"tells": "preferences", "preferences": kept}
        case DeviceDescribed(view):
            return {"tells": "device", "listed": listed_document(view)}
        case Transferred(played, playing, queue_count):
            playback = {"playing": state_document(playing), "queue_count": queue_count}
            return {"tells": "transfer", **_played_document(played), **playback}
        case Done():
            return {"tells": "done"}


def _result_of(document: dict[str, Any], tells: str) -> Result:
    match tells:
        case "queue":
            return QueueEdited(tuple(document["item_ids"]), document["count"])
        case "preferences":
            return PreferencesUpdated(preferences_of(*document["preferences"]))
        case "device":
            return DeviceDescribed(listed_of(document["listed"]))
        case "transfer":
            playing = state_from(document["playing"])
            return Transferred(_played_of(document), playing, document["queue_count"])
        case "done":
            return Done()
        case _:
            return _played_of(document)


_QUEUE = frozenset({"EditQueue", "AddToQueue", "RemoveFromQueue", "MoveInQueue"})
_DEVICE = frozenset({"RegisterDevice", "UpdateDevice"})


def _told_by(method: str) -> str:
    """What an answer tells that was stored before answers said so themselves."""
    name = method.rpartition("/")[2]
    if name in _QUEUE:
        return "queue"
    if name in _DEVICE:
        return "device"
    by_name = {"UpdatePreferences": "preferences", "Transfer": "transfer", "RemoveDevice": "done"}
    return by_name.get(name, "played")


def _played_document(played: Played) -> dict[str, Any]:
    skips = played.skips
    return {
        "track": track_values(played.track),
        "descriptor": played.asset.descriptor,
        "rungs": [list(rung) for rung in played.asset.rungs],
        "play_id": played.play_id,
        "urls_expire_at_s": played.urls_expire_at_s,
        "skips": None if skips is None else [skips.remaining, skips.resets_in_s],
        "ended": played.ended,
    }


def _played_of(document: dict[str, Any]) -> Played:
    skips = document["skips"]
    return Played(
        track=Track(*document["track"]),
        asset=Asset(document["descriptor"], tuple(Rung(*rung) for rung in document["rungs"])),
        play_id=document["play_id"],
        urls_expire_at_s=document["urls_expire_at_s"],
        skips=SkipsLeft(*skips) if skips else None,
        ended=document["ended"],
    )
