"""Blocks of radios, as they are kept for whoever asks again."""

from __future__ import annotations

import json
from dataclasses import asdict

from rec_svc.domain.radios import Block, Pick
from rec_svc.domain.recommended import Source


def encode(block: Block) -> bytes:
    """The bytes of a block."""
    told = asdict(block) | {"source": block.source.name}
    return json.dumps(told, ensure_ascii=False).encode()


def decode(content: bytes) -> Block:
    """The block of those bytes."""
    told = json.loads(content)
    picks = tuple(Pick(**pick) for pick in told.pop("picks"))
    return Block(picks=picks, source=Source[told.pop("source")], **told)
