// A client by connect-es: searches, plays, and hears what plays. The last word is the protocol:
// grpc, grpc-web, connect, or connect-json, whose streams the edge refuses.
//
//   SEGUE_TOKEN=$(segue token) node build/out/connect.js http://127.0.0.1:8080 harbour connect
import { toJson } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import {
  createConnectTransport, createGrpcTransport, createGrpcWebTransport, Http2SessionManager,
} from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "./build/gen/google/rpc/error_details_pb.js";
import { SearchRequest_Type, SearchService } from "./build/gen/segue/catalog/v1/catalog_service_pb.js";
import { PlaybackService, WatchPlaybackResponseSchema } from "./build/gen/segue/playback/v1/playback_service_pb.js";

const [edge, q, protocol] = process.argv.slice(2);
const bearer: Interceptor = (next) => (request) => {
  request.header.set("authorization", `Bearer ${process.env.SEGUE_TOKEN}`);
  return next(request);
};
const sessionManager = new Http2SessionManager(edge);
const options = { baseUrl: edge, interceptors: [bearer], httpVersion: "2" as const, sessionManager };
const transport = {
  grpc: () => createGrpcTransport(options),
  "grpc-web": () => createGrpcWebTransport(options),
  connect: () => createConnectTransport({ ...options, useBinaryFormat: true }),
  "connect-json": () => createConnectTransport({ ...options, useBinaryFormat: false }),
}[protocol]!();
const playback = createClient(PlaybackService, transport);

const found = await createClient(SearchService, transport).search({ q, type: [SearchRequest_Type.TRACK] });
const played = await playback.play({ trackId: found.tracks[0].id, deviceId: "connect" });
let watched: unknown;
try {
  for await (const answer of playback.watchPlayback({})) {
    watched = toJson(WatchPlaybackResponseSchema, answer, { useProtoFieldName: true });
    break;
  }
} catch (error) {
  watched = ConnectError.from(error).rawMessage;
}
const refusal = await playback.seek({ playbackId: "none" }).then(() => null, ConnectError.from);
const reasons = refusal?.findDetails(ErrorInfoSchema).map((info) => info.reason);
console.log(JSON.stringify({
  title: found.tracks[0].title,
  stream_url: played.streamUrl,
  watched,
  refused: refusal && Code[refusal.code],
  reasons,
}));
// The connection would be held open for the next call.
sessionManager.abort();
