// The same in JSON, with types that are made from /openapi.json.
//
//   SEGUE_TOKEN=$(segue token) node build/out/json.js http://127.0.0.1:8080 harbour
import type { operations, paths } from "./build/openapi.js";

type Answer<Id extends keyof operations> = operations[Id] extends {
  responses: { 200: { content: { "application/json": infer Body } } };
} ? Body : never;
type Sent<Id extends keyof operations> = operations[Id] extends {
  requestBody: { content: { "application/json": infer Body } };
} ? Body : never;
type Failure = { message: string; details: { reason?: string }[] };

const [edge, q] = process.argv.slice(2);

async function call<T>(method: string, path: keyof paths, query = "", body?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${process.env.SEGUE_TOKEN}`, "content-type": "application/json" };
  const answer = await fetch(`${edge}${path}${query}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  if (!answer.ok) throw (await answer.json()) as Failure;
  return (await answer.json()) as T;
}

const found = await call<Answer<"SearchService_Search">>("GET", "/search", `?q=${encodeURIComponent(q)}&type=track`);
const wanted: Sent<"PlaybackService_Play"> = { track_id: found.tracks[0].id, device_id: "json" };
const played = await call<Answer<"PlaybackService_Play">>("POST", "/playback/play", "", wanted);
const playback = await call<Answer<"PlaybackService_GetPlayback">>("GET", "/playback");
const sought: Sent<"PlaybackService_Seek"> = { playback_id: "none", position_ms: 0 };
const refused = await call("POST", "/playback/seek", "", sought).catch((failure: Failure) => failure.details[0].reason);
console.log(JSON.stringify({ title: found.tracks[0].title, stream_url: played.stream_url, watched: { playback }, refused }));
