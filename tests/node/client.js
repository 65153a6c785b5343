// A device of Segue for Node: obeys what it is told over Connect and tells what it plays over
// StreamHeartbeats. It makes no sound; a player would stream from `stream.stream_url`.
//
//   (segue token; cat) | node client.js 127.0.0.1:8080 kitchen
//
// The first line of standard input is an access token, each further line a fresh one, and the end
// of the input the end of the device. What it hears is printed, a line of JSON each.
'use strict';

const path = require('node:path');
const readline = require('node:readline');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const BEAT_MS = 1000;
const BROKEN_MS = 500;
const CONTRACTS = path.resolve(__dirname, '../../protos');
// protobufjs brings google/api/annotations.proto, the one file beyond ours that these two import.
const GOOGLEAPIS = path.dirname(require.resolve('protobufjs/package.json'));

const definition = protoLoader.loadSync(
  ['segue/device/v1/device_service.proto', 'segue/playback/v1/playback_service.proto'],
  { includeDirs: [CONTRACTS, GOOGLEAPIS], keepCase: true, enums: String, longs: Number, defaults: true, oneofs: true },
);
const { segue } = grpc.loadPackageDefinition(definition);

const print = (what, words) => console.log(JSON.stringify({ what, ...words }));
const millis = ({ seconds, nanos }) => Number(seconds) * 1000 + nanos / 1e6;

class Device {
  constructor(edge, deviceId, token) {
    const plain = grpc.credentials.createInsecure();
    this.devices = new segue.device.v1.DeviceService(edge, plain);
    this.heartbeats = new segue.playback.v1.HeartbeatService(edge, plain);
    this.deviceId = deviceId;
    this.token = token;
    this.lastApplied = 0;
    this.playback = null;
    this.heardAt = 0;
    this.seq = 0;
    this.commands = null;
    this.beats = null;
    this.leaving = false;
  }

  metadata() {
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${this.token}`);
    return metadata;
  }

  // The stream of commands.
  connect() {
    const call = this.devices.Connect(this.metadata());
    this.commands = call;
    call.on('data', (answer) => this.hear(call, answer));
    this.comesBack(call, 'commands', () => this.connect());
    call.write({
      hello: {
        device_id: this.deviceId,
        last_applied: this.lastApplied,
        kind: 'SPEAKER',
        capabilities: { volume: true },
      },
    });
  }

  hear(call, answer) {
    if (answer.welcome) {
      print('welcome', { last_applied: answer.welcome.last_applied });
      this.become(answer.welcome.playback);
    } else if (answer.command) {
      this.obey(call, answer.command);
    } else {
      this.farewell(call, 'commands', answer.end);
    }
  }

  obey(call, { number, kind, target, stream, volume_percent: volume }) {
    this.lastApplied = number;
    print('command', { number, kind, volume, track_id: target?.track?.id, streams: stream !== null });
    if (target) this.become(target);
    call.write({ applied: { number, status: 'DONE' } });
    if (kind === 'VOLUME') call.write({ state: { volume_percent: volume } });
  }

  // To obey is to become equal to what is told.
  become(playback) {
    const mine = playback?.device_id === this.deviceId && playback.status !== 'STOPPED';
    if (playback?.playback_id !== this.playback?.playback_id) {
      this.beats?.end();
      this.beats = null;
      this.seq = 0;
    }
    this.playback = mine ? playback : null;
    this.heardAt = Date.now();
    if (mine && this.beats === null) this.beat();
  }

  // The stream of beats; a session keeps its count of them over all its streams.
  beat() {
    const { playback_id } = this.playback;
    const call = this.heartbeats.StreamHeartbeats(this.metadata());
    this.beats = call;
    const timer = setInterval(() => this.tell(call), BEAT_MS);
    call.on('data', (answer) => {
      if (answer.ack) print('ack', { seq: answer.ack.seq, revision: answer.ack.revision });
      else if (answer.session_end) print('over', { reason: answer.session_end.reason });
      else this.farewell(call, 'beats', answer.end);
    });
    call.on('status', () => {
      clearInterval(timer);
      if (this.beats === call) this.beats = null;
    });
    this.comesBack(call, 'beats', () => {
      if (this.beats === null && this.playback?.playback_id === playback_id) this.beat();
    });
    call.write({ hello: { playback_id, device_id: this.deviceId } });
  }

  tell(call) {
    if (call !== this.beats || this.playback === null) return;
    const { epoch, revision, status, track } = this.playback;
    const played = status === 'PLAYING' ? Date.now() - this.heardAt : 0;
    const position_ms = Math.min(this.playback.position_ms + played, track.duration_ms);
    this.seq += 1;
    call.write({ heartbeat: { epoch, revision, seq: this.seq, position_ms, status } });
  }

  // The last message of a stream: whether to come back, and when.
  farewell(call, name, { reason, reconnect_after }) {
    if (reconnect_after) call.wait = millis(reconnect_after);
    print('end', { stream: name, reason, comes_back: Boolean(reconnect_after) });
  }

  // A stream that has ended is opened again after the time that the server gave, and one that broke
  // after a while.
  comesBack(call, name, again) {
    call.on('error', ({ details }) => print('error', { stream: name, details }));
    call.on('status', ({ code }) => {
      print('closed', { stream: name, code: grpc.status[code] });
      if (code === grpc.status.UNAVAILABLE) call.wait ??= BROKEN_MS;
      if (call.wait !== undefined) setTimeout(() => this.leaving || again(), call.wait);
    });
  }

  renew(token) {
    this.token = token;
    for (const call of [this.commands, this.beats]) call?.write({ access_token: token });
  }

  leave() {
    this.leaving = true;
    for (const call of [this.commands, this.beats]) call?.end();
  }
}

const [edge, deviceId] = process.argv.slice(2);
let device = null;
readline
  .createInterface({ input: process.stdin })
  .on('line', (token) => {
    if (device) return device.renew(token);
    device = new Device(edge, deviceId, token);
    device.connect();
  })
  .on('close', () => device?.leave());
