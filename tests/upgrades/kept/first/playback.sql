COPY playback.answers (user_id, method, request_id, body_sha256, answer, expires_at) FROM stdin;
\.

COPY playback.blobs (user_id, blob_id, body) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	01M8QDRB882F6Q4J90X8N71X3T	\\x01a22edc24c6366c64e5dce7e5e9781f0000000000000000000000000000000001a22edc24c6366c64e5dce7e5e978210000000000000000000000000000000001a22edc24c6366c64e5dce7e5e9782300000000000000000000000000000000
\.

COPY playback.commands (user_id, device_id, number, kind, target, queue_count, volume_percent, sender, issued_at, status, detail) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	kitchen	1	PLAY	{"sid": "01M8QDRB15334Z7ZBS7Z9AE3ZZ", "rung": "", "epoch": 1, "queue": {"origin": "CONTEXT", "repeat": "OFF", "context": ["TRACKS", "", "01M8QDRB882F6Q4J90X8N71X3T", 3, 0, null], "item_id": "", "shuffle": false, "shown_id": "", "queued_from": null}, "rungs": [["128", 128], ["192", 192], ["256", 256], ["320", 320]], "moving": true, "status": "PLAYING", "offline": false, "play_id": "01M8QDRB8F1A4WDKF4XHVFYZ7W", "private": false, "attended": true, "begun_ms": 0, "ended_by": null, "heard_ms": 0, "last_seq": 0, "revision": 1, "track_id": "01M8QDR9666SP69SEWWZJYJY0Z", "device_id": "kitchen", "carried_ms": 0, "descriptor": "a80d44ab2a4153435d2a8b21c65fd1de0bfb86f481f4c80f3328ac9d17051181", "expires_at": 1796082546112, "session_id": "01M8QDRB8F1A4WDKF4XHVFYZ7X", "started_at": 1796082511112, "position_at": 1796082511112, "position_ms": 0, "skips_count": 0, "track_album": "Tides", "track_title": "Ebb", "bitrate_kbps": 0, "track_artist": "The Harbour", "track_premium": false, "client_play_id": "", "track_album_id": "01M8QDR968Y6PT13RC5NCBEZJV", "play_started_at": 1796082511112, "track_artist_id": "01M8QDR9666SP69SEWWZJYJY15", "last_heartbeat_at": null, "track_duration_ms": 3000, "track_artwork_path": ""}	0	0		2026-11-30 23:48:31.112+00	PENDING	
01M8QDRB0MTGWXVJ42YPVRP427	kitchen	2	ADVANCE	{"sid": "01M8QDRB15334Z7ZBS7Z9AE3ZZ", "rung": "", "epoch": 1, "queue": {"origin": "CONTEXT", "repeat": "OFF", "context": ["TRACKS", "", "01M8QDRB882F6Q4J90X8N71X3T", 3, 1, null], "item_id": "", "shuffle": false, "shown_id": "", "queued_from": null}, "rungs": [["128", 128], ["192", 192], ["256", 256], ["320", 320]], "moving": true, "status": "PLAYING", "offline": false, "play_id": "01M8QDRF66PKBV90EFJGXC51ZC", "private": false, "attended": true, "begun_ms": 0, "ended_by": null, "heard_ms": 0, "last_seq": 0, "revision": 2, "track_id": "01M8QDR9666SP69SEWWZJYJY11", "device_id": "kitchen", "carried_ms": 0, "descriptor": "114b0957fb1d97e825e2ef11695aafdd2425bfef4b0dfc202e20a3b8c3782f3c", "expires_at": 1796082550137, "session_id": "01M8QDRB8F1A4WDKF4XHVFYZ7X", "started_at": 1796082511112, "position_at": 1796082515137, "position_ms": 0, "skips_count": 0, "track_album": "Tides", "track_title": "Flood", "bitrate_kbps": 0, "track_artist": "The Harbour", "track_premium": false, "client_play_id": "", "track_album_id": "01M8QDR968Y6PT13RC5NCBEZJV", "play_started_at": 1796082515137, "track_artist_id": "01M8QDR9666SP69SEWWZJYJY15", "last_heartbeat_at": null, "track_duration_ms": 3000, "track_artwork_path": ""}	0	0		2026-11-30 23:48:35.137+00	PENDING	
01M8QDRB0MTGWXVJ42YPVRP427	kitchen	3	PAUSE	{"sid": "01M8QDRB15334Z7ZBS7Z9AE3ZZ", "rung": "", "epoch": 1, "queue": {"origin": "CONTEXT", "repeat": "OFF", "context": ["TRACKS", "", "01M8QDRB882F6Q4J90X8N71X3T", 3, 1, null], "item_id": "", "shuffle": false, "shown_id": "", "queued_from": null}, "rungs": [["128", 128], ["192", 192], ["256", 256], ["320", 320]], "moving": true, "status": "PAUSED", "offline": false, "play_id": "01M8QDRF66PKBV90EFJGXC51ZC", "private": false, "attended": true, "begun_ms": 0, "ended_by": null, "heard_ms": 27, "last_seq": 0, "revision": 3, "track_id": "01M8QDR9666SP69SEWWZJYJY11", "device_id": "kitchen", "carried_ms": 0, "descriptor": "114b0957fb1d97e825e2ef11695aafdd2425bfef4b0dfc202e20a3b8c3782f3c", "expires_at": 1796168915164, "session_id": "01M8QDRB8F1A4WDKF4XHVFYZ7X", "started_at": 1796082511112, "position_at": 1796082515164, "position_ms": 27, "skips_count": 0, "track_album": "Tides", "track_title": "Flood", "bitrate_kbps": 0, "track_artist": "The Harbour", "track_premium": false, "client_play_id": "", "track_album_id": "01M8QDR968Y6PT13RC5NCBEZJV", "play_started_at": 1796082515137, "track_artist_id": "01M8QDR9666SP69SEWWZJYJY15", "last_heartbeat_at": null, "track_duration_ms": 3000, "track_artwork_path": ""}	0	0		2026-11-30 23:48:35.164+00	PENDING	
\.

COPY playback.counted_deliveries (subject, batch_id, counted_at) FROM stdin;
01M8QDRB8F1A4WDKF4XHVFYZ7X	01M8QDRBGRPV2R5540502HPYZK	2026-11-30 23:48:31.387+00
\.

COPY playback.delivered_bytes (user_id, month, bytes) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	2026-11-01	50274
\.

COPY playback.delivered_segments (session_id, descriptor, number, delivered_ms, duration_ms, delivered_at) FROM stdin;
01M8QDRB8F1A4WDKF4XHVFYZ7X	a80d44ab2a4153435d2a8b21c65fd1de0bfb86f481f4c80f3328ac9d17051181	1	3000	3000	2026-11-30 23:48:31.387+00
\.

COPY playback.denials (session_id, version, rungs, forget_at) FROM stdin;
\.

COPY playback.device_lists (user_id, version) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	2
\.

COPY playback.devices (user_id, device_id, registered_at, seen_at, name, kind, capabilities, controllable, volume_percent, last_number, last_applied, sid) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	kitchen	2026-11-30 23:48:31.101+00	2026-11-30 23:48:31.112+00	Kitchen	SPEAKER	{"rungs": [], "codecs": [], "volume": false, "drm_systems": []}	t	\N	3	0	01M8QDRB15334Z7ZBS7Z9AE3ZZ
\.

COPY playback.feed_cursors (name, token, updated_at, generation) FROM stdin;
accounts	Y2Yx0aFxpedPQ3uPqeKBhrhmLAAAAAAAAAO7AAAAAAAAAAP8IQA3	2026-11-30 23:48:30.946882+00	1
identity	Y2Yx0aFxpedPQ3uPqeKBhrhmLAAAAAAAAAO7AAAAAAAAAAP8IQA3	2026-11-30 23:48:30.944981+00	1
\.

COPY playback.latest_plays (user_id, track_id, play_id) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	01M8QDR9666SP69SEWWZJYJY0Z	01M8QDRB8F1A4WDKF4XHVFYZ7W
\.

COPY playback.leases (name, holder, held_until) FROM stdin;
consume-accounts	4e070f54f99643bd88e96b13395f0995	2026-11-30 23:48:49.291142+00
consume-identity	bdd09305ec5f43599a430ce6f11818a9	2026-11-30 23:48:49.290829+00
sweep	playback-1-01M8QDR7FJY047KVS3BKTB2T4F	2026-11-30 23:49:07.696154+00
\.

COPY playback.pending_erasures (user_id, due_at) FROM stdin;
\.

COPY playback.player_state (user_id, epoch, revision, session_id, device_id, track_id, track_title, track_artist, track_duration_ms, track_premium, descriptor, rungs, status, ended_by, position_ms, position_at, moving, started_at, last_heartbeat_at, last_seq, bitrate_kbps, expires_at, play_id, play_started_at, heard_ms, queue, queued, private, skips_count, attended, begun_ms, rung, track_artist_id, track_album, track_album_id, track_artwork_path, carried_ms, offline, client_play_id, queued_origins, sid) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	1	3	01M8QDRB8F1A4WDKF4XHVFYZ7X	kitchen	01M8QDR9666SP69SEWWZJYJY11	Flood	The Harbour	3000	f	114b0957fb1d97e825e2ef11695aafdd2425bfef4b0dfc202e20a3b8c3782f3c	[["128", 128], ["192", 192], ["256", 256], ["320", 320]]	PAUSED	\N	27	2026-11-30 23:48:35.164+00	t	2026-11-30 23:48:31.112+00	\N	0	0	2026-12-01 23:48:35.164+00	01M8QDRF66PKBV90EFJGXC51ZC	2026-11-30 23:48:35.137+00	27	{"origin": "CONTEXT", "repeat": "OFF", "context": ["TRACKS", "", "01M8QDRB882F6Q4J90X8N71X3T", 3, 1, null], "item_id": "", "shuffle": false, "shown_id": "", "queued_from": null}	\\x	f	0	t	0		01M8QDR9666SP69SEWWZJYJY15	Tides	01M8QDR968Y6PT13RC5NCBEZJV		0	f		[]	01M8QDRB15334Z7ZBS7Z9AE3ZZ
\.

COPY playback.plays (user_id, play_id, session_id, device_id, track_id, started_at, ended_at, heard_ms, private, context_kind, context_id, outcome, counted, rung, shown_id, offline, client_play_id) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	01M8QDRB8F1A4WDKF4XHVFYZ7W	01M8QDRB8F1A4WDKF4XHVFYZ7X	kitchen	01M8QDR9666SP69SEWWZJYJY0Z	2026-11-30 23:48:31.112+00	2026-11-30 23:48:35.137+00	3000	f	TRACKS		COMPLETED	t			f	
\.

COPY playback.preferences (user_id, version, preferences) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	1	{"bitrate": "AAC_320", "normalize": true, "share_activity": false, "offline_enabled": true, "private_session": false}
\.

COPY playback.sessions (session_id, user_id, device_id, track_id, status, position_ms, bitrate_kbps, skips_count, started_at, last_heartbeat_at, ended_at, ended_by, rung) FROM stdin;
01M8QDRB8F1A4WDKF4XHVFYZ7X	01M8QDRB0MTGWXVJ42YPVRP427	kitchen	01M8QDR9666SP69SEWWZJYJY11	PAUSED	27	0	0	2026-11-30 23:48:31.112+00	\N	\N	\N	
\.

COPY playback.told_plans (user_id, tier) FROM stdin;
01M8QDR94BPDSBCEBDA6XJ309Y	free
01M8QDRB0MTGWXVJ42YPVRP427	premium
01M8QDRB1WJF3KNQK509EWHYG6	free
\.

