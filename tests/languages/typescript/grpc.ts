// The same by grpc-js, with types that its loader makes.
//
//   SEGUE_TOKEN=$(segue token) node build/out/grpc.js 127.0.0.1:8080 harbour contracts
import * as grpc from "@grpc/grpc-js";
import * as loader from "@grpc/proto-loader";
import type { ProtoGrpcType as Catalog } from "./build/grpc/catalog_service.js";
import type { ProtoGrpcType as Playback } from "./build/grpc/playback_service.js";
import type { PlayResponse__Output } from "./build/grpc/segue/playback/v1/PlayResponse.js";
import type { SearchResponse__Output } from "./build/grpc/segue/catalog/v1/SearchResponse.js";
import type { WatchPlaybackResponse__Output } from "./build/grpc/segue/playback/v1/WatchPlaybackResponse.js";

const [edge, q, contracts] = process.argv.slice(2);
const load = (file: string) =>
  grpc.loadPackageDefinition(
    loader.loadSync(file, {
      includeDirs: [contracts], keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true,
    }),
  ) as unknown;
const { catalog } = (load("segue/catalog/v1/catalog_service.proto") as Catalog).segue;
const { playback } = (load("segue/playback/v1/playback_service.proto") as Playback).segue;

const plain = grpc.credentials.createInsecure();
const searching = new catalog.v1.SearchService(edge, plain);
const playing = new playback.v1.PlaybackService(edge, plain);
const metadata = new grpc.Metadata();
metadata.set("authorization", `Bearer ${process.env.SEGUE_TOKEN}`);

const answerOf = <T>(call: (done: grpc.requestCallback<T>) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, answer) => (error || !answer ? reject(error) : resolve(answer)));
  });

const found = await answerOf<SearchResponse__Output>((done) => searching.Search({ q, type: ["TRACK"] }, metadata, done));
const { id, title } = found.tracks[0];
const played = await answerOf<PlayResponse__Output>((done) =>
  playing.Play({ track_id: id, device_id: "grpc-js" }, metadata, done),
);
const stream = playing.WatchPlayback({}, metadata);
const watched = await new Promise<WatchPlaybackResponse__Output>((resolve, reject) => {
  stream.once("data", resolve).once("error", reject);
});
stream.on("error", () => undefined).cancel();
const refused = await answerOf((done) => playing.Seek({ playback_id: "none" }, metadata, done)).catch(
  (error: grpc.ServiceError) => grpc.status[error.code],
);
console.log(JSON.stringify({ title, stream_url: played.stream_url, watched, refused }));
searching.close();
playing.close();
