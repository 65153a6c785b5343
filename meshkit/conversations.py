"""Held streams whose clients go on speaking: they end as every held stream does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

from google.protobuf.message import Message

from meshkit.faults import Unavailable
from meshkit.stream_ends import HeldStream, failure_end, last_message

Answer = TypeVar("Answer", bound=Message)
Stream = TypeVar("Stream", bound=HeldStream)


class Conversation(Generic[Answer]):
    """A stream whose client goes on speaking, and how it ends::

        with Conversation(pb.TalkResponse, stream, self._streams.close) as conversation:
            yield first_message
            conversation.begun = True
            ...
        if conversation.last is not None:
            yield conversation.last

    The client may do wrong, so that what fails is raised; but what is ``Unavailable`` once the
    conversation has ``begun`` ends it with a message. One that its client closes has none. It is
    no generator around the servicer's own: tens of thousands are held, and each beat passes here.
    """

    __slots__ = ("_answer", "_close", "_stream", "begun", "last")

    def __init__(
        self, answer: type[Answer], stream: Stream, close: Callable[[Stream], object]
    ) -> None:
        self._answer = answer
        self._stream: HeldStream = stream
        self._close: Callable[[Any], object] = close
        self.begun = False
        self.last: Answer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        stream = self._stream
        self._close(stream)
        if error is not None:
            if not self.begun or not isinstance(error, Unavailable):
                return False
            stream.finish(failure_end(self._answer, error))
        if stream.end is not None:
            self.last = last_message(self._answer, stream.end)
        return True
