# ruff: noqa: D102 - the name of a test is its sentence
"""What callers are promised of a ``request_id``, run against everything that answers by it.

Subclass ``AnswersContract``, or for an adapter of ``meshkit.idempotency.AnswerStore`` the stricter
``AnswerStoreContract``, and give it a fixture ``answers`` that returns an ``AnswersUnderTest``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from meshkit.faults import RequestIdReused
from meshkit.idempotency import RequestKey

Produce = Callable[[], Awaitable[bytes]]

KEY = RequestKey("user-1", "/segue.Test/Write", "request-1", b"body")


@dataclass(frozen=True, slots=True)
class AnswersUnderTest:
    """A fresh store: ``answer_once`` runs in a transaction of its own that commits.

    ``expire_all`` lets the time of every kept answer run out.
    """

    answer_once: Callable[[RequestKey | None, Produce], Awaitable[bytes]]
    expire_all: Callable[[], Awaitable[None]]
    answer_of: Callable[[RequestKey | None], Awaitable[bytes | None]]


class Counted:
    """Counts its runs and answers with their number."""

    def __init__(self, *, lasting_s: float = 0.0, failing: int = 0) -> None:
        self.runs = 0
        self._lasting_s = lasting_s
        self._failing = failing

    async def __call__(self) -> bytes:
        self.runs += 1
        run = self.runs
        await asyncio.sleep(self._lasting_s)
        if run <= self._failing:
            raise ZeroDivisionError
        return f"answer {run}".encode()


class AnswersContract:
    """What holds of every write. One that loses a race may be decided anew, and is written once."""

    async def test_a_repeated_request_gets_the_first_answer(
        self, answers: AnswersUnderTest
    ) -> None:
        produce = Counted()
        for _ in range(3):
            assert await answers.answer_once(KEY, produce) == b"answer 1"
        assert produce.runs == 1

    async def test_without_a_request_id_every_call_executes(
        self, answers: AnswersUnderTest
    ) -> None:
        produce = Counted()
        assert await answers.answer_once(None, produce) == b"answer 1"
        assert await answers.answer_once(None, produce) == b"answer 2"

    async def test_the_same_id_with_another_body_is_refused(
        self, answers: AnswersUnderTest
    ) -> None:
        produce = Counted()
        await answers.answer_once(KEY, produce)
        with pytest.raises(RequestIdReused) as caught:
            await answers.answer_once(replace(KEY, body_sha256=b"other"), produce)
        assert caught.value.reason == "REQUEST_ID_REUSED"
        assert [violation.field for violation in caught.value.violations] == ["request_id"]
        assert produce.runs == 1
        assert await answers.answer_once(KEY, produce) == b"answer 1"

    @pytest.mark.parametrize("other", ["principal", "method", "request_id"])
    async def test_ids_of_others_methods_and_requests_are_apart(
        self, answers: AnswersUnderTest, other: str
    ) -> None:
        produce = Counted()
        await answers.answer_once(KEY, produce)
        apart = {"principal": KEY.principal, "method": KEY.method, "request_id": KEY.request_id}
        apart[other] += "-other"
        assert await answers.answer_once(RequestKey(**apart, body_sha256=b"x"), produce) == (
            b"answer 2"
        )

    async def test_of_many_at_once_all_get_the_answer_that_is_kept(
        self, answers: AnswersUnderTest
    ) -> None:
        produce = Counted(lasting_s=0.05)
        found = await asyncio.gather(*(answers.answer_once(KEY, produce) for _ in range(6)))
        assert found == [await answers.answer_of(KEY)] * 6

    async def test_of_two_bodies_at_once_under_an_id_one_is_refused(
        self, answers: AnswersUnderTest
    ) -> None:
        keys = KEY, replace(KEY, body_sha256=b"other")
        produce = Counted(lasting_s=0.05)
        calls = (answers.answer_once(key, produce) for key in keys)
        found = await asyncio.gather(*calls, return_exceptions=True)
        refused = [isinstance(one, RequestIdReused) for one in found]
        assert sorted(refused) == [False, True]
        assert await answers.answer_of(keys[refused.index(False)]) == found[refused.index(False)]

    async def test_a_failed_execution_leaves_nothing_behind(
        self, answers: AnswersUnderTest
    ) -> None:
        produce = Counted(failing=1)
        with pytest.raises(ZeroDivisionError):
            await answers.answer_once(KEY, produce)
        assert await answers.answer_once(replace(KEY, body_sha256=b"other"), produce) == b"answer 2"

    async def test_who_waited_for_a_failed_execution_executes(
        self, answers: AnswersUnderTest
    ) -> None:
        produce = Counted(lasting_s=0.05, failing=1)
        found = await asyncio.gather(
            *(answers.answer_once(KEY, produce) for _ in range(3)), return_exceptions=True
        )
        kept = await answers.answer_of(KEY)
        assert kept is not None
        assert sorted(map(repr, found)) == ["ZeroDivisionError()", repr(kept), repr(kept)]

    async def test_an_answer_is_forgotten_when_its_time_is_over(
        self, answers: AnswersUnderTest
    ) -> None:
        produce = Counted()
        await answers.answer_once(KEY, produce)
        await answers.expire_all()
        later = replace(KEY, body_sha256=b"other")
        assert await answers.answer_once(later, produce) == b"answer 2"
        assert await answers.answer_once(later, produce) == b"answer 2"

    async def test_a_kept_answer_can_be_looked_up_until_its_time_is_over(
        self, answers: AnswersUnderTest
    ) -> None:
        assert await answers.answer_of(KEY) is None
        assert await answers.answer_of(None) is None
        await answers.answer_once(KEY, Counted())
        assert await answers.answer_of(KEY) == b"answer 1"
        assert await answers.answer_of(None) is None
        assert await answers.answer_of(replace(KEY, principal="other")) is None
        with pytest.raises(RequestIdReused):
            await answers.answer_of(replace(KEY, body_sha256=b"other"))
        await answers.expire_all()
        assert await answers.answer_of(KEY) is None
        assert await answers.answer_of(replace(KEY, body_sha256=b"other")) is None

    async def test_who_looks_an_answer_up_does_not_wait_for_it(
        self, answers: AnswersUnderTest
    ) -> None:
        begun, go = asyncio.Event(), asyncio.Event()

        async def produce() -> bytes:
            begun.set()
            await go.wait()
            return b"answer"

        running = asyncio.ensure_future(answers.answer_once(KEY, produce))
        await begun.wait()
        assert await answers.answer_of(KEY) is None
        go.set()
        await running
        assert await answers.answer_of(KEY) == b"answer"

    async def test_an_empty_answer_is_an_answer(self, answers: AnswersUnderTest) -> None:
        runs = 0

        async def produce() -> bytes:
            nonlocal runs
            runs += 1
            return b""

        assert await answers.answer_once(KEY, produce) == b""
        assert await answers.answer_once(KEY, produce) == b""
        assert runs == 1


class AnswerStoreContract(AnswersContract):
    """What every adapter of ``AnswerStore`` must keep: of equal requests a single one executes."""

    async def test_of_many_at_once_one_executes(self, answers: AnswersUnderTest) -> None:
        produce = Counted(lasting_s=0.05)
        found = await asyncio.gather(*(answers.answer_once(KEY, produce) for _ in range(6)))
        assert found == [b"answer 1"] * 6
        assert produce.runs == 1

    async def test_after_a_failed_execution_one_of_those_who_waited_executes(
        self, answers: AnswersUnderTest
    ) -> None:
        produce = Counted(lasting_s=0.05, failing=1)
        calls = (answers.answer_once(KEY, produce) for _ in range(3))
        await asyncio.gather(*calls, return_exceptions=True)
        assert produce.runs == 2
