"""Where an answer's track is streamed from, as every call that starts something tells it."""

from __future__ import annotations

from typing import Any

from segue.playback.v1 import stream_pb2

from meshkit.timestamps import timestamp_of_ms
from playback_svc import convert
from playback_svc.ports.addresses import Addresses
from playback_svc.ports.answers import Answer


def stream(answer: Answer, addresses: Addresses) -> stream_pb2.Stream:
    """The stream by itself. Carries secrets."""
    return stream_pb2.Stream(**_stream_fields(answer, addresses))


def started(answer: Answer, addresses: Addresses) -> dict[str, Any]:
    """The fields that the answers of Play and of its kind share. Carry secrets."""
    played = answer.played
    return {
        **_stream_fields(answer, addresses),
        "playback_id": answer.session_id,
        "play_id": played.play_id,
        "track": convert.track_summary(played.track),
        "position_ms": answer.position_ms,
        "epoch": answer.version.epoch,
        "revision": answer.version.revision,
    }


def _stream_fields(answer: Answer, addresses: Addresses) -> dict[str, Any]:
    signed, best = addresses.of(answer), answer.played.asset.rungs[-1]
    return {
        "stream_url": signed.hls,
        "dash_url": signed.dash,
        "expires_at": timestamp_of_ms(signed.expires_at_s * 1000),
        "bitrate": best.bitrate_kbps,
        "rung": best.name,
    }
