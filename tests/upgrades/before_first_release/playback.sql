COPY playback.answers (user_id, method, request_id, body_sha256, answer, expires_at) FROM stdin;
01M8P9KDCWZR1MH4TR4B0A7CAQ	RegisterDevice	old-register	\\x74cfcd33642f07f286b88ecae1f1cf45a3be26a9ce6e35b476985eac105c7747	{"count": 0, "ended": false, "rungs": [], "skips": null, "track": ["", "", "", 0, false], "number": 0, "play_id": "", "version": [0, 0], "item_ids": [], "device_id": "", "descriptor": "", "session_id": "", "position_ms": 0, "preferences": [0, {"bitrate": "UNLIMITED", "normalize": true, "share_activity": false, "offline_enabled": true, "private_session": false}], "urls_expire_at_s": null}	2026-12-01 13:17:23.549+00
01M8P9KDCWZR1MH4TR4B0A7CAQ	Play	old-play	\\x520f36cc0dd8fdab55277f89060a2b396845f4403eb5ab3613837de64bded7d9	{"count": 0, "ended": false, "rungs": [["128", 128], ["192", 192], ["256", 256]], "skips": null, "track": ["01M8P9KDFR0DBTDZMMVBKNJNQA", "Harbour 1", "Tide", 31000, false], "number": 1, "play_id": "01M8P9MQ9KH334GQBV9ZS8Q7HC", "version": [1, 1], "item_ids": [], "device_id": "kitchen", "descriptor": "c983386eb8c6abfd82025de3275cba96762cc853666bdf1c8ab430d8ad037f0d", "session_id": "01M8P9MQ9KH334GQBV9ZS8Q7HD", "position_ms": 0, "preferences": [0, {"bitrate": "UNLIMITED", "normalize": true, "share_activity": false, "offline_enabled": true, "private_session": false}], "urls_expire_at_s": 1796066243}	2026-12-01 13:17:23.625+00
01M8P9KDCWZR1MH4TR4B0A7CAQ	Skip	old-skip	\\x3cac09d8cf6a6d183b3379690899eff8935a89b32d8c09b88c806dbad9b79f2e	{"count": 0, "ended": false, "rungs": [["128", 128], ["192", 192], ["256", 256]], "skips": [2, 740], "track": ["01M8P9KDFR0DBTDZMMVBKNJNQC", "Harbour 2", "Tide", 32000, false], "number": 2, "play_id": "01M8P9N85AR8TR781RVH4YDD4V", "version": [1, 2], "item_ids": [], "device_id": "kitchen", "descriptor": "ab561f7f45634ff6afcf9b5fc54680809bfd04cfcf3ad8bea1d3a3a36d99220b", "session_id": "01M8P9MQ9KH334GQBV9ZS8Q7HD", "position_ms": 0, "preferences": [0, {"bitrate": "UNLIMITED", "normalize": true, "share_activity": false, "offline_enabled": true, "private_session": false}], "urls_expire_at_s": 1796066260}	2026-12-01 13:17:40.901+00
01M8P9KDCWZR1MH4TR4B0A7CAQ	SendCommand	old-command	\\x221346399231f62ed942f014846f04da2cfb4c13469f677f92e6e005a60331e7	{"count": 0, "ended": false, "rungs": [["128", 128], ["192", 192], ["256", 256]], "skips": null, "track": ["01M8P9KDFR0DBTDZMMVBKNJNQC", "Harbour 2", "Tide", 32000, false], "number": 3, "play_id": "01M8P9N85AR8TR781RVH4YDD4V", "version": [1, 3], "item_ids": [], "device_id": "kitchen", "descriptor": "ab561f7f45634ff6afcf9b5fc54680809bfd04cfcf3ad8bea1d3a3a36d99220b", "session_id": "01M8P9MQ9KH334GQBV9ZS8Q7HD", "position_ms": 61, "preferences": [0, {"bitrate": "UNLIMITED", "normalize": true, "share_activity": false, "offline_enabled": true, "private_session": false}], "urls_expire_at_s": null}	2026-12-01 13:17:40.962+00
\.

COPY playback.blobs (user_id, blob_id, body) FROM stdin;
01M8P9KDCWZR1MH4TR4B0A7CAQ	01M8P9MQ99DXY7E8SWQP2V4WZ7	\\x01a22c99b5f80357a6fe94dae75956ea01a22c99fcde7e27bac90edecf53d52c01a22c99b5f80357a6fe94dae75956ec01a22c9a02bd216e5ebb529a6d08b2a0
\.

COPY playback.change_feed (xid, seq, entity, id, version, op, payload, written_at) FROM stdin;
1024	1	play	01M8P9MQ9KH334GQBV9ZS8Q7HC	1	UPSERT	\\x129d010a1a30314d3850394d51394b4833333447514256395a533851374843121a30314d3850394b44465230444254445a4d4d56424b4e4a4e51411a076b69746368656e220c08e3eeb5d80610c0fc82aa022a0c08f4eeb5d80610c0d6d0ad0330c08601421e0801121a30314d3850394b5848435856304b534d4a485656394554384441521a30314d3850394d51394b4833333447514256395a5338513748441a1a30314d3850394b4443575a52314d483454523442304137434151	2026-11-30 13:17:40.909186+00
\.

COPY playback.change_feed_state (only_row, epoch, floor_xid, floor_seq) FROM stdin;
t	609e3a7b-de7d-4c33-a109-66fa3e259f38	0	0
\.

COPY playback.commands (user_id, device_id, number, kind, target, queue_count, volume_percent, sender, issued_at, status, detail) FROM stdin;
01M8P9KDCWZR1MH4TR4B0A7CAQ	kitchen	1	PLAY	{"epoch": 1, "queue": {"origin": "CONTEXT", "repeat": "OFF", "context": ["PLAYLIST", "01M8P9KXHCXV0KSMJHVV9ET8DA", "01M8P9MQ99DXY7E8SWQP2V4WZ7", 2, 0, null], "item_id": "01M8P9KZ6YFRKVNJ8EVV7N7N9C", "shuffle": false}, "rungs": [["128", 128], ["192", 192], ["256", 256]], "moving": true, "status": "PLAYING", "play_id": "01M8P9MQ9KH334GQBV9ZS8Q7HC", "private": false, "attended": true, "begun_ms": 0, "ended_by": null, "heard_ms": 0, "last_seq": 0, "revision": 1, "track_id": "01M8P9KDFR0DBTDZMMVBKNJNQA", "device_id": "kitchen", "descriptor": "c983386eb8c6abfd82025de3275cba96762cc853666bdf1c8ab430d8ad037f0d", "expires_at": 1796044678625, "session_id": "01M8P9MQ9KH334GQBV9ZS8Q7HD", "started_at": 1796044643625, "position_at": 1796044643625, "position_ms": 0, "skips_count": 0, "track_title": "Harbour 1", "bitrate_kbps": 0, "track_artist": "Tide", "track_premium": false, "play_started_at": 1796044643625, "last_heartbeat_at": null, "track_duration_ms": 31000}	0	0		2026-11-30 13:17:23.625+00	PENDING	
01M8P9KDCWZR1MH4TR4B0A7CAQ	kitchen	2	SKIP	{"epoch": 1, "queue": {"origin": "CONTEXT", "repeat": "OFF", "context": ["PLAYLIST", "01M8P9KXHCXV0KSMJHVV9ET8DA", "01M8P9MQ99DXY7E8SWQP2V4WZ7", 2, 1, null], "item_id": "01M8P9M0NX45Q5XETJK9PGHCN0", "shuffle": false}, "rungs": [["128", 128], ["192", 192], ["256", 256]], "moving": true, "status": "PLAYING", "play_id": "01M8P9N85AR8TR781RVH4YDD4V", "private": false, "attended": true, "begun_ms": 0, "ended_by": null, "heard_ms": 0, "last_seq": 1, "revision": 2, "track_id": "01M8P9KDFR0DBTDZMMVBKNJNQC", "device_id": "kitchen", "descriptor": "ab561f7f45634ff6afcf9b5fc54680809bfd04cfcf3ad8bea1d3a3a36d99220b", "expires_at": 1796044695901, "session_id": "01M8P9MQ9KH334GQBV9ZS8Q7HD", "started_at": 1796044643625, "position_at": 1796044660901, "position_ms": 0, "skips_count": 1, "track_title": "Harbour 2", "bitrate_kbps": 256, "track_artist": "Tide", "track_premium": false, "play_started_at": 1796044660901, "last_heartbeat_at": 1796044643785, "track_duration_ms": 32000}	0	0	kitchen	2026-11-30 13:17:40.901+00	PENDING	
01M8P9KDCWZR1MH4TR4B0A7CAQ	kitchen	3	PAUSE	{"epoch": 1, "queue": {"origin": "CONTEXT", "repeat": "OFF", "context": ["PLAYLIST", "01M8P9KXHCXV0KSMJHVV9ET8DA", "01M8P9MQ99DXY7E8SWQP2V4WZ7", 2, 1, null], "item_id": "01M8P9M0NX45Q5XETJK9PGHCN0", "shuffle": false}, "rungs": [["128", 128], ["192", 192], ["256", 256]], "moving": true, "status": "PAUSED", "play_id": "01M8P9N85AR8TR781RVH4YDD4V", "private": false, "attended": true, "begun_ms": 0, "ended_by": null, "heard_ms": 61, "last_seq": 1, "revision": 3, "track_id": "01M8P9KDFR0DBTDZMMVBKNJNQC", "device_id": "kitchen", "descriptor": "ab561f7f45634ff6afcf9b5fc54680809bfd04cfcf3ad8bea1d3a3a36d99220b", "expires_at": 1796131060962, "session_id": "01M8P9MQ9KH334GQBV9ZS8Q7HD", "started_at": 1796044643625, "position_at": 1796044660962, "position_ms": 61, "skips_count": 1, "track_title": "Harbour 2", "bitrate_kbps": 256, "track_artist": "Tide", "track_premium": false, "play_started_at": 1796044660901, "last_heartbeat_at": 1796044643785, "track_duration_ms": 32000}	0	0		2026-11-30 13:17:40.962+00	PENDING	
\.

COPY playback.device_lists (user_id, version) FROM stdin;
01M8P9KDCWZR1MH4TR4B0A7CAQ	2
\.

COPY playback.devices (user_id, device_id, registered_at, seen_at, name, kind, capabilities, controllable, volume_percent, last_number, last_applied) FROM stdin;
01M8P9KDCWZR1MH4TR4B0A7CAQ	kitchen	2026-11-30 13:17:23.549+00	2026-11-30 13:17:23.625+00	Kitchen	SPEAKER	{"rungs": [], "codecs": [], "volume": false, "drm_systems": []}	t	\N	3	0
\.

COPY playback.latest_plays (user_id, track_id, play_id) FROM stdin;
01M8P9KDCWZR1MH4TR4B0A7CAQ	01M8P9KDFR0DBTDZMMVBKNJNQA	01M8P9MQ9KH334GQBV9ZS8Q7HC
\.

COPY playback.player_state (user_id, epoch, revision, session_id, device_id, track_id, track_title, track_artist, track_duration_ms, track_premium, descriptor, rungs, status, ended_by, position_ms, position_at, moving, started_at, last_heartbeat_at, last_seq, bitrate_kbps, expires_at, play_id, play_started_at, heard_ms, queue, queued, private, skips_count, attended, begun_ms) FROM stdin;
01M8P9KDCWZR1MH4TR4B0A7CAQ	1	3	01M8P9MQ9KH334GQBV9ZS8Q7HD	kitchen	01M8P9KDFR0DBTDZMMVBKNJNQC	Harbour 2	Tide	32000	f	ab561f7f45634ff6afcf9b5fc54680809bfd04cfcf3ad8bea1d3a3a36d99220b	[["128", 128], ["192", 192], ["256", 256]]	PAUSED	\N	61	2026-11-30 13:17:40.962+00	t	2026-11-30 13:17:23.625+00	2026-11-30 13:17:23.785+00	1	256	2026-12-01 13:17:40.962+00	01M8P9N85AR8TR781RVH4YDD4V	2026-11-30 13:17:40.901+00	61	{"origin": "CONTEXT", "repeat": "OFF", "context": ["PLAYLIST", "01M8P9KXHCXV0KSMJHVV9ET8DA", "01M8P9MQ99DXY7E8SWQP2V4WZ7", 2, 1, null], "item_id": "01M8P9M0NX45Q5XETJK9PGHCN0", "shuffle": false}	\\x	f	1	t	0
\.

COPY playback.plays (user_id, play_id, session_id, device_id, track_id, started_at, ended_at, heard_ms, completed, private, context_kind, context_id) FROM stdin;
01M8P9KDCWZR1MH4TR4B0A7CAQ	01M8P9MQ9KH334GQBV9ZS8Q7HC	01M8P9MQ9KH334GQBV9ZS8Q7HD	kitchen	01M8P9KDFR0DBTDZMMVBKNJNQA	2026-11-30 13:17:23.625+00	2026-11-30 13:17:40.901+00	17216	f	f	PLAYLIST	01M8P9KXHCXV0KSMJHVV9ET8DA
\.

COPY playback.preferences (user_id, version, preferences) FROM stdin;
01M8P9KDCWZR1MH4TR4B0A7CAQ	1	{"bitrate": "AAC_320", "normalize": true, "share_activity": true, "offline_enabled": true, "private_session": false}
\.

COPY playback.sessions (session_id, user_id, device_id, track_id, status, position_ms, bitrate_kbps, skips_count, started_at, last_heartbeat_at, ended_at, ended_by) FROM stdin;
01M8P9MQ9KH334GQBV9ZS8Q7HD	01M8P9KDCWZR1MH4TR4B0A7CAQ	kitchen	01M8P9KDFR0DBTDZMMVBKNJNQC	PAUSED	61	256	1	2026-11-30 13:17:23.625+00	2026-11-30 13:17:23.785+00	\N	\N
\.

