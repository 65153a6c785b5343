"""Manifests tell what is heard: the encoder's priming is in the segments and in no duration."""

from __future__ import annotations

import m3u8
import pytest
from lxml import etree
from media_descriptors import descriptor, rung
from segue.catalog.v1.asset_pb2 import Rung

from edge.media.domain import dash, hls

MPD = "{urn:mpeg:dash:schema:mpd:2011}"
PRIMING = 1024
HEARD = 1_499_400


def primed() -> Rung:
    made = rung("128", [442_368, HEARD + PRIMING - 442_368], fragments=[89_088, 353_280])
    made.encoder_delay = PRIMING
    return made


def test_an_hls_playlist_adds_up_to_what_is_heard() -> None:
    playlist = m3u8.loads(hls.media_playlist(primed()))
    total = sum(segment.duration for segment in playlist.segments)
    assert total == pytest.approx(HEARD / 44_100, abs=1e-6)


def test_the_first_piece_alone_is_shorter() -> None:
    first, second, *_ = m3u8.loads(hls.media_playlist(primed())).segments
    assert first.duration == pytest.approx((89_088 - PRIMING) / 44_100, abs=1e-5)
    assert second.duration == pytest.approx(353_280 / 44_100, abs=1e-5)


def test_a_dash_timeline_adds_up_to_what_is_heard() -> None:
    made = primed()
    root = etree.fromstring(dash.manifest(descriptor(made, num_samples=HEARD), [made]).encode())
    entries = root.iter(f"{MPD}S")
    assert sum(int(s.get("d")) * (1 + int(s.get("r", "0"))) for s in entries) == HEARD
