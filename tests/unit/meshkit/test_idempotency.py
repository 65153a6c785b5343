"""Request keys, and the memory store under the contract of answer stores."""

from __future__ import annotations

from typing import Any

import pytest
from segue.identity.v1.identity_service_pb2 import CreateUserRequest

from meshkit.faults import InvalidArgument
from meshkit.idempotency import MAX_LENGTH, MemoryAnswers, RequestKey, request_key
from meshkit.principal import current_method
from meshkit.testing.answer_suite import AnswerStoreContract, AnswersUnderTest, Produce
from tests.unit.meshkit.served_calls import in_call

METHOD = "/segue.Test/Write"


class TestMemoryAnswers(AnswerStoreContract):
    @pytest.fixture
    def answers(self) -> AnswersUnderTest:
        memory = MemoryAnswers()

        async def answer_once(key: RequestKey | None, produce: Produce) -> bytes:
            return await memory.answer_once(None, key, produce)

        async def expire_all() -> None:
            memory.forget()

        async def answer_of(key: RequestKey | None) -> bytes | None:
            return await memory.answer_of(None, key)

        return AnswersUnderTest(answer_once, expire_all, answer_of)


def key_of(request: CreateUserRequest, **parts: Any) -> RequestKey | None:
    return in_call(METHOD, lambda: request_key(request, **parts))


def test_no_request_id_means_no_key() -> None:
    assert key_of(CreateUserRequest(username="ann")) is None


def test_the_digest_covers_the_body_and_not_the_id() -> None:
    first = key_of(CreateUserRequest(username="ann", request_id="1"))
    second = key_of(CreateUserRequest(username="ann", request_id="2"))
    third = key_of(CreateUserRequest(username="bob", request_id="1"))
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.body_sha256 == second.body_sha256
    assert first.body_sha256 != third.body_sha256
    assert (first.principal, first.method, first.request_id) == ("user", METHOD, "1")


def test_a_key_leaves_its_request_as_it_was() -> None:
    request = CreateUserRequest(username="ann", request_id="1")
    key_of(request)
    assert request == CreateUserRequest(username="ann", request_id="1")


@pytest.mark.parametrize(
    "request_id", ["x" * (MAX_LENGTH + 1), "a b", "tab\t", "line\n", "é", "\0", "\x7f"]
)
def test_a_request_id_that_is_long_or_unprintable_is_refused(request_id: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        key_of(CreateUserRequest(request_id=request_id))
    assert [violation.field for violation in caught.value.violations] == ["request_id"]


@pytest.mark.parametrize("request_id", ["x" * MAX_LENGTH, "01J-{~}:/+=.", "0"])
def test_any_printable_ascii_up_to_the_limit_is_taken(request_id: str) -> None:
    key = key_of(CreateUserRequest(request_id=request_id))
    assert key is not None
    assert key.request_id == request_id


def test_secrets_leave_no_trace_in_the_digest() -> None:
    keys = [
        key_of(
            CreateUserRequest(username="ann", password=password, request_id="1"),
            secrets=("password",),
        )
        for password in ("correct horse", "battery staple")
    ]
    assert keys[0] == keys[1]


def test_what_stands_beside_the_body_counts_as_part_of_it() -> None:
    request = CreateUserRequest(username="ann", request_id="1")
    keys = [key_of(request, beside=one) for one in ("", "s1", "s2", "s2")]
    digests = [key.body_sha256 for key in keys if key is not None]
    assert len(set(digests)) == 3
    assert digests[2] == digests[3]


def test_a_key_stands_in_the_space_of_the_calling_user_or_of_whoever_is_said() -> None:
    request = CreateUserRequest(request_id="1")
    principals = [key.principal for key in (key_of(request), key_of(request, principal="")) if key]
    assert principals == ["user", ""]


def test_only_a_call_that_is_served_has_a_method_and_keys() -> None:
    with pytest.raises(LookupError):
        current_method()
    with pytest.raises(LookupError):
        request_key(CreateUserRequest(request_id="1"), principal="")
    assert request_key(CreateUserRequest()) is None
