"""How far a radio has come in a context: its blocks, and which list each was shown as."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

REFILL_AT: Final = 5
"""The next block is asked for when no more entries than this follow the one that plays."""

REACH_BACK: Final = 50
"""So many entries before the one that plays are kept for going back; a refill cuts the rest."""


class ShownBlock(NamedTuple):
    """Entries of one block: the list that they were shown as, and how many are left of them."""

    shown_id: str
    size: int


@dataclass(frozen=True, slots=True)
class RadioProgress:
    """The blocks of one playing of a radio, which ``playing_id`` (a ULID) names.

    ``last_block`` is the number of the block that was appended last, from 1. ``blocks`` are those
    of which entries are left, in order; ``cut_count`` entries were before these and are gone.
    """

    playing_id: str
    last_block: int
    blocks: tuple[ShownBlock, ...]
    cut_count: int = 0

    def shown_id(self, position: int) -> str:
        """The list from which the entry at ``position`` of the context came. IndexError beyond."""
        for block in self.blocks:
            if position < block.size:
                return block.shown_id
            position -= block.size
        raise IndexError(position)

    def refilled(self, appended: ShownBlock, cut: int) -> RadioProgress:
        """With another block at the end, and ``cut`` entries fewer at the start."""
        left: list[ShownBlock] = []
        ahead = cut
        for block in (*self.blocks, appended):
            gone = min(ahead, block.size)
            ahead -= gone
            if gone < block.size:
                left.append(block._replace(size=block.size - gone))
        return replace(
            self,
            last_block=self.last_block + 1,
            blocks=tuple(left),
            cut_count=self.cut_count + cut,
        )


def first_block(playing_id: str, shown_id: str, size: int) -> RadioProgress:
    """A radio that begins with ``size`` entries."""
    return RadioProgress(playing_id, 1, (ShownBlock(shown_id, size),))
