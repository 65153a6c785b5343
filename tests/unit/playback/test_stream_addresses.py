"""How long the addresses of a stream work: as long as they are set to, or as the track is heard."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from meshkit.capability import KeyFile
from playback_svc.adapters.addresses import SignedAddresses
from playback_svc.domain.player_state import Asset, Rung, Track, Version
from playback_svc.ports.answers import Answer, Played

NOW_S, LIVE_S, HOUR_S = 1_764_000_000, 6 * 3600, 3600
DESCRIPTOR = "ab" * 32


def addresses_of(folder: Path, duration_ms: int) -> tuple[int, int]:
    """When addresses that are asked for now end: by what is told, and by what is signed."""
    file = folder / "keys.json"
    key = base64.b64encode(os.urandom(32)).decode()
    file.write_text(json.dumps({"current": "k1", "keys": {"k1": key}}))
    keys = KeyFile(file)
    played = Played(
        Track("t", "Long", "Ada", duration_ms),
        Asset(DESCRIPTOR, (Rung("128", 128),)),
        urls_expire_at_s=NOW_S + LIVE_S,
    )
    answer = Answer("session", Version(1, 1), 0, result=played)
    found = SignedAddresses("http://edge", keys, LIVE_S).of(answer)
    capability = found.hls.split("/")[5]
    return found.expires_at_s, keys.keys.verify(capability, DESCRIPTOR, NOW_S).expires_at


@pytest.mark.parametrize(
    ("duration_ms", "live_s"),
    [
        (180_000, LIVE_S),
        (5 * HOUR_S * 1000, LIVE_S),
        (5 * HOUR_S * 1000 + 1, LIVE_S + 1),
        (12 * HOUR_S * 1000, 13 * HOUR_S),
    ],
)
def test_addresses_outlive_their_track_by_an_hour(
    tmp_path: Path, duration_ms: int, live_s: int
) -> None:
    assert addresses_of(tmp_path, duration_ms) == (NOW_S + live_s, NOW_S + live_s)
