"""Whatever starts or goes on with a stream tells it in one way."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor import Descriptor
from segue.device.v1 import device_pb2, device_service_pb2
from segue.playback.v1 import playback_service_pb2, stream_pb2

STREAM: Descriptor = stream_pb2.Stream.DESCRIPTOR
OF_STREAM, SHARED = range(1, 16), range(16, 30)
OF_PLAYS_KIND = {"Play", "Resume", "Skip", "Previous", "Advance"}


def answers() -> list[Descriptor]:
    """The messages that have the fields of a stream flat."""
    modules = (playback_service_pb2, device_pb2, device_service_pb2)
    messages = [one for file in modules for one in file.DESCRIPTOR.message_types_by_name.values()]
    return [one for one in messages if STREAM.fields[0].name in one.fields_by_name]


def shape(message: Descriptor, numbers: range) -> dict[int, tuple[object, ...]]:
    return {
        field.number: (field.name, field.type, field.message_type, field.is_repeated)
        for field in message.fields
        if field.number in numbers
    }


def test_every_answer_of_plays_kind_tells_a_stream() -> None:
    assert {one.name for one in answers()} == {f"{name}Response" for name in OF_PLAYS_KIND}


@pytest.mark.parametrize("answer", answers(), ids=lambda one: str(one.name))
def test_an_answer_of_plays_kind_has_the_fields_of_a_stream_and_those_of_play(
    answer: Descriptor,
) -> None:
    assert shape(answer, OF_STREAM) == shape(STREAM, range(1, 2**29))
    assert shape(answer, SHARED) == shape(playback_service_pb2.PlayResponse.DESCRIPTOR, SHARED)


def test_the_bytes_of_an_answer_are_those_of_a_stream_too() -> None:
    answer = playback_service_pb2.SkipResponse(
        stream_url="http://a/master.m3u8", bitrate=256, rung="256", playback_id="S", position_ms=7
    )
    read = stream_pb2.Stream.FromString(answer.SerializeToString())
    assert (read.stream_url, read.bitrate, read.rung) == (answer.stream_url, 256, "256")


def test_commands_and_transfers_embed_the_same_stream() -> None:
    embedding = [device_pb2.Command, device_pb2.Welcome, device_service_pb2.TransferResponse]
    for message in embedding:
        assert message.DESCRIPTOR.fields_by_name["stream"].message_type == STREAM
