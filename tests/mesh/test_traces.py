"""One play, from the edge to the stores, is one trace of its caller's."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.mesh.imported_music import make_songs
from tests.mesh.mesh_processes import until
from tests.mesh.signals import Collector, Told, collecting
from tests.running_mesh import RunningMesh, running_mesh

pytestmark = pytest.mark.timeout(300)

PARENT = "b7ad6b7169203331"
PLAY = "segue.playback.v1.PlaybackService/Play"
GET_PLAYABLE = "segue.catalog.v1.CatalogInternalService/GetPlayable"
SERVER, CLIENT = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT


@dataclass
class Trace:
    """The spans of a trace."""

    spans: list[Told]

    def one(self, service: str, kind: int, name: str | None = None) -> Told:
        """The only such span."""
        (found,) = (
            each
            for each in self.spans
            if (each.service, each.span.kind) == (service, kind) and name in (None, each.span.name)
        )
        return found

    def below(self, parent: Told) -> list[Told]:
        """The children of a span."""
        return [each for each in self.spans if each.span.parent_span_id == parent.span.span_id]

    def stores_below(self, parent: Told) -> set[str]:
        """The kinds of stores that a span asked itself."""
        found = (each.attributes.get("db.system.name") for each in self.below(parent))
        return {kind for kind in found if kind}

    def has(self, service: str, name: str) -> bool:
        return any((each.service, each.span.name) == (service, name) for each in self.spans)


@dataclass
class TracedMesh:
    """A mesh that traces every call, who is told the spans, and tracks that nobody played."""

    mesh: RunningMesh
    collector: Collector
    track_ids: list[str]

    def play(self, track_id: str, **headers: str) -> None:
        body = {"track_id": track_id, "device_id": "traced-player"}
        token = self.mesh.token("followed")
        answer = self.mesh.call("POST", "/playback/play", body, token=token, headers=headers)
        assert answer.status == 200, answer.text


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TracedMesh]:
    music = tmp_path_factory.mktemp("traced-music")
    make_songs(music, {"Before": 3.0, "Followed": 3.0})
    with collecting() as collector, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGUE_OTLP_ENDPOINT", collector.endpoint)
        with running_mesh(tmp_path_factory.mktemp("traced") / "mesh", trace_percent=100) as mesh:
            mesh.import_music(music)
            tracks = mesh.call("GET", "/tracks", token=mesh.token()).body["tracks"]
            yield TracedMesh(mesh, collector, [track["id"] for track in tracks])


async def test_one_play_is_one_trace_from_the_edge_to_the_stores(traced: TracedMesh) -> None:
    earlier, followed = traced.track_ids
    trace_id = secrets.token_hex(16)
    # Where something plays already, its position is asked for: Valkey has that.
    await asyncio.to_thread(traced.play, earlier)
    await asyncio.to_thread(traced.play, followed, traceparent=f"00-{trace_id}-{PARENT}-00")

    async def told() -> Trace | None:
        found = Trace(traced.collector.of(trace_id))
        whole = found.has("playback", PLAY) and found.has("catalog", GET_PLAYABLE)
        return found if whole and found.has("edge", "ingress") else None

    trace = await until(told, "the spans of a play did not come")
    edge = trace.one("edge", SERVER)
    play = trace.one("playback", SERVER)
    asks = trace.one("playback", CLIENT, GET_PLAYABLE)
    looks = trace.one("catalog", SERVER)
    assert edge.span.parent_span_id.hex() == PARENT
    assert play.span.parent_span_id == edge.span.span_id
    assert asks.span.parent_span_id == play.span.span_id
    assert looks.span.parent_span_id == asks.span.span_id
    assert (play.span.name, looks.span.name) == (PLAY, GET_PLAYABLE)
    assert trace.stores_below(play) == {"postgresql", "redis"}
    assert trace.stores_below(looks) == {"postgresql"}
    known = {each.span.span_id for each in trace.spans}
    strays = [each for each in trace.spans if each.span.parent_span_id not in known]
    assert strays == [edge]
