# ruff: noqa: D102 - the name of a test is its sentence
"""The contract of ``meshkit.erasure.PendingErasures``; subclass it with a fixture ``pending``."""

from __future__ import annotations

from meshkit.erasure import PendingErasures

LONG_S = 3600.0


class PendingErasuresContract:
    """What every ``PendingErasures`` must do."""

    async def test_who_was_added_is_due_after_the_time(self, pending: PendingErasures) -> None:
        await pending.add(["now", "now too"], 0.0)
        await pending.add(["later"], LONG_S)
        assert set(await pending.due(10)) == {"now", "now too"}

    async def test_who_was_added_again_is_due_when_it_was(self, pending: PendingErasures) -> None:
        await pending.add(["a"], 0.0)
        await pending.add(["a", "b"], LONG_S)
        assert list(await pending.due(10)) == ["a"]

    async def test_no_more_are_due_than_are_asked_for(self, pending: PendingErasures) -> None:
        await pending.add(["a", "b", "c"], 0.0)
        assert len(await pending.due(2)) == 2

    async def test_who_was_removed_is_not_due(self, pending: PendingErasures) -> None:
        await pending.add(["a", "b"], 0.0)
        await pending.remove(["a", "never added"])
        await pending.remove(["a"])
        assert list(await pending.due(10)) == ["b"]
