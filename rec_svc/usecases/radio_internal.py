"""``RadioInternalService``: radios for whoever plays them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from meshkit.idempotency import RequestKey
from rec_svc.domain.radios import BLOCK_SIZE
from rec_svc.usecases.radio_blocks import NextBlock, RadioBlocks, Served
from rec_svc.usecases.recommending import Listener

_METHOD: Final = "ExtendRadio"


@dataclass(frozen=True, slots=True)
class Extension:
    """Which block of which playing of a radio is asked for, and what was heard and skipped in it
    lately, the latest last."""

    radio_id: str
    context_id: str
    block: int
    played: Sequence[str] = ()
    skipped: Sequence[str] = ()


class ExtendRadio:
    """Gives a block of a radio to a context of playback, the same one however often."""

    def __init__(self, blocks: RadioBlocks) -> None:
        self._blocks = blocks

    async def __call__(self, listener: Listener, asked: Extension) -> Served:
        """Raises NotFound, Aborted, Unavailable."""
        name = f"{asked.radio_id}/{asked.context_id}/{asked.block}"
        # What else is said of the same block makes it no other one: nothing of it is in the digest.
        key = RequestKey(listener.user_id, _METHOD, name, b"")
        wanted = NextBlock(asked.radio_id, BLOCK_SIZE, asked.played, asked.skipped)
        return await self._blocks.next_block(listener, wanted, key)
