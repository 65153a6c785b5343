"""Blocks of radios, as they are kept for whoever asks again."""

from __future__ import annotations

import json
from dataclasses import asdict

from rec_svc.adapters.codecs import kept_tracks
from rec_svc.domain.radios import Block
from rec_svc.domain.recommended import Source


def encode(block: Block) -> bytes:
    """The bytes of a block."""
    told = {"picks": kept_tracks.rows_of(block.picks), "source": block.source.name}
    return json.dumps(asdict(block) | told, ensure_ascii=False).encode()


def decode(content: bytes) -> Block:
    """The block of those bytes."""
    told = json.loads(content)
    picks = kept_tracks.tracks_of(told.pop("picks"))
    return Block(picks=picks, source=Source[told.pop("source")], **told)
