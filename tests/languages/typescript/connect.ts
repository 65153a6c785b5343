// A client by connect-es, over gRPC: searches, plays, and hears what plays.
//
//   SEGUE_TOKEN=$(segue token) node build/out/connect.js http://127.0.0.1:8080 harbour
import { toJson } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { SearchRequest_Type, SearchService } from "./build/gen/segue/catalog/v1/catalog_service_pb.js";
import { PlaybackService, WatchPlaybackResponseSchema } from "./build/gen/segue/playback/v1/playback_service_pb.js";

const [edge, q] = process.argv.slice(2);
const bearer: Interceptor = (next) => (request) => {
  request.header.set("authorization", `Bearer ${process.env.SEGUE_TOKEN}`);
  return next(request);
};
const sessionManager = new Http2SessionManager(edge);
const transport = createGrpcTransport({ baseUrl: edge, interceptors: [bearer], sessionManager });
const playback = createClient(PlaybackService, transport);

const found = await createClient(SearchService, transport).search({ q, type: [SearchRequest_Type.TRACK] });
const played = await playback.play({ trackId: found.tracks[0].id, deviceId: "connect" });
let watched: unknown;
for await (const answer of playback.watchPlayback({})) {
  watched = toJson(WatchPlaybackResponseSchema, answer, { useProtoFieldName: true });
  break;
}
const refusal = await playback.seek({ playbackId: "none" }).then(() => null, ConnectError.from);
console.log(JSON.stringify({
  title: found.tracks[0].title,
  stream_url: played.streamUrl,
  watched,
  refused: refusal && Code[refusal.code],
}));
// The connection would be held open for the next call.
sessionManager.abort();
