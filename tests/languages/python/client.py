"""A client by grpclib, pure Python: searches, plays, hears what plays, reads why it is refused.

SEGUE_TOKEN=$(segue token) PYTHONPATH=gen python client.py 127.0.0.1:8080 harbour
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import segue.catalog.v1.catalog_service_grpc as catalog
import segue.playback.v1.playback_service_grpc as playback
from google.protobuf.json_format import MessageToDict
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpclib.client import Channel
from grpclib.exceptions import GRPCError
from segue.catalog.v1.catalog_service_pb2 import SearchRequest
from segue.playback.v1.playback_service_pb2 import PlayRequest, SeekRequest, WatchPlaybackRequest

# Of every call: how long it may take, the stream as well, and who makes it.
CALL = {"timeout": 10.0, "metadata": {"authorization": f"Bearer {os.environ['SEGUE_TOKEN']}"}}


async def listen(edge: str, words: str) -> dict[str, Any]:
    """What is said of the calls; the clients in other languages say the same."""
    host, _, port = edge.rpartition(":")
    async with Channel(host, int(port)) as channel:
        player = playback.PlaybackServiceStub(channel)
        request = SearchRequest(q=words, type=[SearchRequest.TRACK])
        track = (await catalog.SearchServiceStub(channel).Search(request, **CALL)).tracks[0]
        played = await player.Play(PlayRequest(track_id=track.id, device_id="grpclib"), **CALL)
        watched = await what_plays(player)
        refusal = await refusal_of(player)
    return {"title": track.title, "stream_url": played.stream_url, "watched": watched, **refusal}


async def what_plays(player: playback.PlaybackServiceStub) -> Any:
    """Follows the stream until something plays, and returns that answer."""
    async with player.WatchPlayback.open(**CALL) as stream:
        await stream.send_message(WatchPlaybackRequest(), end=True)
        async for answer in stream:
            if answer.HasField("playback"):
                await stream.cancel()
                return MessageToDict(answer, preserving_proto_field_name=True)
    raise RuntimeError("the stream ended before anything played")


async def refusal_of(player: playback.PlaybackServiceStub) -> dict[str, Any]:
    """Its code, and its details in the types that they have."""
    try:
        await player.Seek(SeekRequest(playback_id="none"), **CALL)
    except GRPCError as refusal:
        details = refusal.details or []
        (reason,) = [each.reason for each in details if isinstance(each, ErrorInfo)]
        wrong = [each.field_violations for each in details if isinstance(each, BadRequest)]
        fields = [violation.field for each in wrong for violation in each]
        return {"refused": refusal.status.name, "reason": reason, "fields": fields}
    raise RuntimeError("a session of no such id was found")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(listen(*sys.argv[1:]))))
