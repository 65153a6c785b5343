COPY playback.answers (user_id, method, request_id, body_sha256, answer, expires_at) FROM stdin;
\.

COPY playback.blobs (user_id, blob_id, body) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	01M8QH4GNBNAQ2V7WCDDHK2KXJ	\\x01a22f123c1ea7eb73e4cb385ff347eb0000000000000000000000000000000001a22f123c1ea7eb73e4cb385ff347ed0000000000000000000000000000000001a22f123c1ea7eb73e4cb385ff347ef00000000000000000000000000000000
\.

COPY playback.commands (user_id, device_id, number, kind, target, queue_count, volume_percent, sender, issued_at, status, detail) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	kitchen	1	PLAY	{"sid": "01M8QH4GFVXEW7E07VDW8PEQJW", "rung": "", "epoch": 1, "queue": {"origin": "CONTEXT", "repeat": "OFF", "context": ["TRACKS", "", "01M8QH4GNBNAQ2V7WCDDHK2KXJ", 3, 0, null], "item_id": "", "shuffle": false, "shown_id": "", "queued_from": null}, "rungs": [["128", 128], ["192", 192], ["256", 256], ["320", 320]], "moving": true, "status": "PLAYING", "offline": false, "play_id": "01M8QH4GNND9HW08FM8KD7M8WR", "private": false, "attended": true, "begun_ms": 0, "ended_by": null, "heard_ms": 0, "last_seq": 0, "revision": 1, "track_id": "01M8QH4F0YMZNQ7S6B71FZ6HZB", "device_id": "kitchen", "carried_ms": 0, "descriptor": "68abad7c711c9bcc0629f183d7a7027655478dfd38c42e6ed8c1fc4c97b6c425", "expires_at": 1796086090595, "session_id": "01M8QH4GNND9HW08FM8KD7M8WS", "started_at": 1796086055595, "position_at": 1796086055595, "position_ms": 0, "skips_count": 0, "track_album": "Tides", "track_title": "Ebb", "bitrate_kbps": 0, "track_artist": "The Harbour", "track_premium": false, "client_play_id": "", "track_album_id": "01M8QH4F10Y2FCVW8Q5T1YBQA2", "play_started_at": 1796086055595, "track_artist_id": "01M8QH4F0YMZNQ7S6B71FZ6HZH", "last_heartbeat_at": null, "track_duration_ms": 3000, "track_artwork_path": ""}	0	0		2026-12-01 00:47:35.595+00	PENDING	
01M8QH4GFRF6R50D9WSJ345SDP	kitchen	2	ADVANCE	{"sid": "01M8QH4GFVXEW7E07VDW8PEQJW", "rung": "", "epoch": 1, "queue": {"origin": "CONTEXT", "repeat": "OFF", "context": ["TRACKS", "", "01M8QH4GNBNAQ2V7WCDDHK2KXJ", 3, 1, null], "item_id": "", "shuffle": false, "shown_id": "", "queued_from": null}, "rungs": [["128", 128], ["192", 192], ["256", 256], ["320", 320]], "moving": true, "status": "PLAYING", "offline": false, "play_id": "01M8QH4MK86T896K1JAQ17KVB8", "private": false, "attended": true, "begun_ms": 0, "ended_by": null, "heard_ms": 0, "last_seq": 0, "revision": 2, "track_id": "01M8QH4F0YMZNQ7S6B71FZ6HZD", "device_id": "kitchen", "carried_ms": 0, "descriptor": "0fce0cfdfdabc72926cdb5e207b60ea30fb25993a3b303433bf76972771e0321", "expires_at": 1796086094620, "session_id": "01M8QH4GNND9HW08FM8KD7M8WS", "started_at": 1796086055595, "position_at": 1796086059620, "position_ms": 0, "skips_count": 0, "track_album": "Tides", "track_title": "Flood", "bitrate_kbps": 0, "track_artist": "The Harbour", "track_premium": false, "client_play_id": "", "track_album_id": "01M8QH4F10Y2FCVW8Q5T1YBQA2", "play_started_at": 1796086059620, "track_artist_id": "01M8QH4F0YMZNQ7S6B71FZ6HZH", "last_heartbeat_at": null, "track_duration_ms": 3000, "track_artwork_path": ""}	0	0		2026-12-01 00:47:39.62+00	PENDING	
01M8QH4GFRF6R50D9WSJ345SDP	kitchen	3	PAUSE	{"sid": "01M8QH4GFVXEW7E07VDW8PEQJW", "rung": "", "epoch": 1, "queue": {"origin": "CONTEXT", "repeat": "OFF", "context": ["TRACKS", "", "01M8QH4GNBNAQ2V7WCDDHK2KXJ", 3, 1, null], "item_id": "", "shuffle": false, "shown_id": "", "queued_from": null}, "rungs": [["128", 128], ["192", 192], ["256", 256], ["320", 320]], "moving": true, "status": "PAUSED", "offline": false, "play_id": "01M8QH4MK86T896K1JAQ17KVB8", "private": false, "attended": true, "begun_ms": 0, "ended_by": null, "heard_ms": 14, "last_seq": 0, "revision": 3, "track_id": "01M8QH4F0YMZNQ7S6B71FZ6HZD", "device_id": "kitchen", "carried_ms": 0, "descriptor": "0fce0cfdfdabc72926cdb5e207b60ea30fb25993a3b303433bf76972771e0321", "expires_at": 1796172459634, "session_id": "01M8QH4GNND9HW08FM8KD7M8WS", "started_at": 1796086055595, "position_at": 1796086059634, "position_ms": 14, "skips_count": 0, "track_album": "Tides", "track_title": "Flood", "bitrate_kbps": 0, "track_artist": "The Harbour", "track_premium": false, "client_play_id": "", "track_album_id": "01M8QH4F10Y2FCVW8Q5T1YBQA2", "play_started_at": 1796086059620, "track_artist_id": "01M8QH4F0YMZNQ7S6B71FZ6HZH", "last_heartbeat_at": null, "track_duration_ms": 3000, "track_artwork_path": ""}	0	0		2026-12-01 00:47:39.634+00	PENDING	
\.

COPY playback.counted_deliveries (subject, batch_id, counted_at) FROM stdin;
01M8QH4GNND9HW08FM8KD7M8WS	01M8QH4H8V0Z6Y0X9H4WSEZBX4	2026-12-01 00:47:36.222+00
\.

COPY playback.delivered_bytes (user_id, month, bytes) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	2026-12-01	50274
\.

COPY playback.delivered_segments (session_id, descriptor, number, delivered_ms, duration_ms, delivered_at) FROM stdin;
01M8QH4GNND9HW08FM8KD7M8WS	68abad7c711c9bcc0629f183d7a7027655478dfd38c42e6ed8c1fc4c97b6c425	1	3000	3000	2026-12-01 00:47:36.222+00
\.

COPY playback.denials (session_id, version, rungs, forget_at) FROM stdin;
\.

COPY playback.device_lists (user_id, version) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	2
\.

COPY playback.devices (user_id, device_id, registered_at, seen_at, name, kind, capabilities, controllable, volume_percent, last_number, last_applied, sid) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	kitchen	2026-12-01 00:47:35.577+00	2026-12-01 00:47:35.595+00	Kitchen	SPEAKER	{"rungs": [], "codecs": [], "volume": false, "drm_systems": []}	t	\N	3	0	01M8QH4GFVXEW7E07VDW8PEQJW
\.

COPY playback.feed_cursors (name, token, updated_at, generation) FROM stdin;
accounts	Y2YxqjgLRGg8RfeKtYJMOnzxJQAAAAAAAAO8AAAAAAAAAANSr8eE	2026-12-01 00:47:35.496718+00	1
identity	Y2YxqjgLRGg8RfeKtYJMOnzxJQAAAAAAAAO8AAAAAAAAAANSr8eE	2026-12-01 00:47:35.484534+00	1
\.

COPY playback.latest_plays (user_id, track_id, play_id) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	01M8QH4F0YMZNQ7S6B71FZ6HZB	01M8QH4GNND9HW08FM8KD7M8WR
\.

COPY playback.leases (name, holder, held_until) FROM stdin;
consume-accounts	cd133cc603764cf9818dbc840259c58e	2026-12-01 00:47:53.836831+00
consume-identity	c99bb708f00c4d598e9c1d4b394d6fd4	2026-12-01 00:47:53.826802+00
sweep	playback-1-01M8QH4DQ1A00D84MSAT99ZN83	2026-12-01 00:48:12.865397+00
\.

COPY playback.pending_erasures (user_id, due_at) FROM stdin;
\.

COPY playback.player_state (user_id, epoch, revision, session_id, device_id, track_id, track_title, track_artist, track_duration_ms, track_premium, descriptor, rungs, status, ended_by, position_ms, position_at, moving, started_at, last_heartbeat_at, last_seq, bitrate_kbps, expires_at, play_id, play_started_at, heard_ms, queue, queued, private, skips_count, attended, begun_ms, rung, track_artist_id, track_album, track_album_id, track_artwork_path, carried_ms, offline, client_play_id, queued_origins, sid) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	1	3	01M8QH4GNND9HW08FM8KD7M8WS	kitchen	01M8QH4F0YMZNQ7S6B71FZ6HZD	Flood	The Harbour	3000	f	0fce0cfdfdabc72926cdb5e207b60ea30fb25993a3b303433bf76972771e0321	[["128", 128], ["192", 192], ["256", 256], ["320", 320]]	PAUSED	\N	14	2026-12-01 00:47:39.634+00	t	2026-12-01 00:47:35.595+00	\N	0	0	2026-12-02 00:47:39.634+00	01M8QH4MK86T896K1JAQ17KVB8	2026-12-01 00:47:39.62+00	14	{"origin": "CONTEXT", "repeat": "OFF", "context": ["TRACKS", "", "01M8QH4GNBNAQ2V7WCDDHK2KXJ", 3, 1, null], "item_id": "", "shuffle": false, "shown_id": "", "queued_from": null}	\\x	f	0	t	0		01M8QH4F0YMZNQ7S6B71FZ6HZH	Tides	01M8QH4F10Y2FCVW8Q5T1YBQA2		0	f		[]	01M8QH4GFVXEW7E07VDW8PEQJW
\.

COPY playback.plays (user_id, play_id, session_id, device_id, track_id, started_at, ended_at, heard_ms, private, context_kind, context_id, outcome, counted, rung, shown_id, offline, client_play_id) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	01M8QH4GNND9HW08FM8KD7M8WR	01M8QH4GNND9HW08FM8KD7M8WS	kitchen	01M8QH4F0YMZNQ7S6B71FZ6HZB	2026-12-01 00:47:35.595+00	2026-12-01 00:47:39.62+00	3000	f	TRACKS		COMPLETED	t			f	
\.

COPY playback.preferences (user_id, version, preferences) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	1	{"bitrate": "AAC_320", "normalize": true, "share_activity": false, "offline_enabled": true, "private_session": false}
\.

COPY playback.sessions (session_id, user_id, device_id, track_id, status, position_ms, bitrate_kbps, skips_count, started_at, last_heartbeat_at, ended_at, ended_by, rung) FROM stdin;
01M8QH4GNND9HW08FM8KD7M8WS	01M8QH4GFRF6R50D9WSJ345SDP	kitchen	01M8QH4F0YMZNQ7S6B71FZ6HZD	PAUSED	14	0	0	2026-12-01 00:47:35.595+00	\N	\N	\N	
\.

COPY playback.told_plans (user_id, tier) FROM stdin;
01M8QH4EZ8NYD9SE50FR8DEBQK	free
01M8QH4GFRF6R50D9WSJ345SDP	premium
01M8QH4GG7JEY61FX2X0G6XC34	free
\.

