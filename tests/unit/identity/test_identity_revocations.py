"""Revocations are followed through every interruption, and it is said when they are not."""

from __future__ import annotations

import asyncio
import time

import pytest

from meshkit import telemetry
from meshkit.consuming import Step
from meshkit.faults import Fault, OutOfRange, Unavailable
from meshkit.revocations import Revocation, RevocationConsumer
from meshkit.testing.scripted_watch import ScriptedWatch

LATER = time.time() + 1000


class Refusing:
    """Remembers what it is to refuse."""

    def __init__(self) -> None:
        self.revoked: list[str] = []
        self.erased: list[str] = []

    def revoke(self, sid: str, forget_at: float) -> None:
        assert forget_at == LATER
        self.revoked.append(sid)

    def revoke_user(self, user_id: str, forget_at: float) -> None:
        assert forget_at == LATER
        self.revoked.append(f"user {user_id}")


async def follow(script: ScriptedWatch[Revocation]) -> tuple[Refusing, list[int]]:
    """Runs a consumer through the script; what was revoked, and the numbers of its tries."""
    refusing, tries = Refusing(), list[int]()

    def pause_s(number: int) -> float:
        tries.append(number)
        return 0.0

    consumer = RevocationConsumer(
        refusing, script, on_erased=[refusing.erased.append], pause_s=pause_s
    )
    running = asyncio.create_task(consumer.run())
    await script.exhausted.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    return refusing, tries


def step(token: str, sid: str = "") -> Step[Revocation]:
    return Step(token, Revocation(LATER, sid=sid) if sid else None)


async def test_a_revoked_sign_in_is_refused() -> None:
    refusing, _ = await follow(ScriptedWatch([step("t1"), step("t2", "s1"), step("t3")]))
    assert refusing.revoked == ["s1"]


async def test_all_tokens_of_an_erased_user_are_refused_until_the_last_has_expired() -> None:
    erased = Step("t1", Revocation(LATER, user_id="ada"))
    long_ago = Step("t2", Revocation(1.0, user_id="bob"))
    refusing, _ = await follow(ScriptedWatch([erased, long_ago, step("t3", "s1")]))
    assert refusing.revoked == ["user ada", "s1"]
    assert refusing.erased == ["ada"]


async def test_the_watch_resumes_where_it_was() -> None:
    script = ScriptedWatch([step("t1", "s1"), Unavailable("gone")], [step("t2", "s2")])
    refusing, _ = await follow(script)
    assert script.asked == ["", "t1", "t2"]
    assert refusing.revoked == ["s1", "s2"]


async def test_a_token_that_is_too_old_starts_at_the_present() -> None:
    script = ScriptedWatch([step("t1"), Unavailable("gone")], [OutOfRange("old")])
    await follow(script)
    assert script.asked == ["", "t1", ""]


async def test_what_may_be_forgotten_is() -> None:
    refusing, _ = await follow(ScriptedWatch([Step("t1", Revocation(time.time() - 1, sid="s1"))]))
    assert refusing.revoked == []


@pytest.mark.parametrize("error", [Fault("inside"), RuntimeError("unforeseen")])
async def test_no_failure_ends_the_consumer(error: Exception) -> None:
    refusing, _ = await follow(ScriptedWatch([error], [step("t1", "s1")]))
    assert refusing.revoked == ["s1"]


async def test_tries_are_counted_from_the_last_step() -> None:
    gone = Unavailable("gone")
    _, tries = await follow(ScriptedWatch([gone], [gone], [step("t1"), gone], [gone]))
    assert tries == [1, 2, 1, 2]


async def test_every_interruption_is_counted_as_failing_open() -> None:
    counter = telemetry.degraded.labels(part="revocations", mode="open")
    before = counter._value.get()
    await follow(ScriptedWatch([Unavailable("gone")], [step("t1")]))
    assert counter._value.get() == before + 2
