"""Every stream of the contracts can say why it ends, in one way."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.timestamp_pb2 import Timestamp
from segue.mesh.v1 import stream_end_pb2

from meshkit.testing.stream_suite import feeds_of, streams_of

STREAMS = streams_of()
FEEDS = feeds_of()
END = stream_end_pb2.StreamEnd.DESCRIPTOR


def test_there_are_streams_to_check() -> None:
    assert len(STREAMS) >= 12
    assert len(FEEDS) >= 7


@pytest.mark.parametrize("method", STREAMS.values(), ids=STREAMS)
def test_every_answer_of_a_stream_has_one_oneof_with_its_end(method: MethodDescriptor) -> None:
    answer = method.output_type
    (event,) = [one for one in answer.oneofs if not one.name.startswith("_")]
    assert event.name == "event"
    ends = [field for field in answer.fields if field.message_type is END]
    assert [(field.name, field.containing_oneof) for field in ends] == [("end", event)]
    assert len(event.fields) > 1


@pytest.mark.parametrize("method", FEEDS.values(), ids=FEEDS)
def test_every_feed_can_say_that_it_has_told_everything(method: MethodDescriptor) -> None:
    answer = method.output_type
    told = answer.fields_by_name["caught_up_at"]
    assert told.message_type is Timestamp.DESCRIPTOR
    assert told.containing_oneof is answer.oneofs_by_name["event"]


@pytest.mark.parametrize("method", STREAMS.values(), ids=STREAMS)
def test_what_stands_beside_the_events_belongs_to_all_of_them(method: MethodDescriptor) -> None:
    beside = {field.name for field in method.output_type.fields if field.containing_oneof is None}
    assert beside <= {"resume_token", "version", "user_id"}


@pytest.mark.parametrize("method", STREAMS.values(), ids=STREAMS)
def test_a_stream_that_resumes_by_a_token_tells_it_with_its_end(method: MethodDescriptor) -> None:
    asked = "resume_token" in method.input_type.fields_by_name
    assert asked == ("resume_token" in method.output_type.fields_by_name)
