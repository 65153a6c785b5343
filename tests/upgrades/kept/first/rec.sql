COPY rec.erased_users (user_id, erased_at, rewritten_at) FROM stdin;
\.

COPY rec.experiment_looks (experiment_id, number, body) FROM stdin;
\.

COPY rec.experiment_users (experiment_id, user_id, arm, first_shown_ms, plays, skips, completions, saves, returned) FROM stdin;
\.

COPY rec.experiments (experiment_id, name, state, created_at_ms, body) FROM stdin;
\.

COPY rec.exposure_outcomes (shown_id, kind, subject) FROM stdin;
\.

COPY rec.exposures (shown_id, user_id, surface, model_id, track_ids, propensities, assignments, held_back, at_ms, shown_at_ms) FROM stdin;
\.

COPY rec.favorite_artists (user_id, artist_ids) FROM stdin;
\.

COPY rec.feed_cursors (name, token, updated_at, generation) FROM stdin;
blocked-artists	Y2Yxnyifli9TSCGfTQ3kfYbjwwAAAAAAAAPYAAAAAAAAAAi7VRzb	2026-11-30 23:48:31.09992+00	1
catalog	Y2YxCEydzeniQqil29BMAFO38AAAAAAAAAPiAAAAAAAAABRq5FOB	2026-11-30 23:48:31.162894+00	1
followed-artists	Y2Yxnyifli9TSCGfTQ3kfYbjwwAAAAAAAAPYAAAAAAAAAAi7VRzb	2026-11-30 23:48:31.099864+00	1
identity	Y2Yx0aFxpedPQ3uPqeKBhrhmLAAAAAAAAAO7AAAAAAAAAAP8IQA3	2026-11-30 23:48:30.942335+00	1
membership	Y2Yxnyifli9TSCGfTQ3kfYbjwwAAAAAAAAPYAAAAAAAAAAi7VRzb	2026-11-30 23:48:31.099623+00	1
outcome-plays	Y2YxlZWKm56PRYOS5lxOTk5h8AAAAAAAAAQAAAAAAAAAAAH7DNE2	2026-11-30 23:48:35.213134+00	1
outcome-saves	Y2Yxnyifli9TSCGfTQ3kfYbjwwAAAAAAAAPYAAAAAAAAAAi7VRzb	2026-11-30 23:48:31.100276+00	1
playback	Y2YxlZWKm56PRYOS5lxOTk5h8AAAAAAAAAQAAAAAAAAAAAH7DNE2	2026-11-30 23:48:35.213464+00	1
saved-tracks	Y2Yxnyifli9TSCGfTQ3kfYbjwwAAAAAAAAPYAAAAAAAAAAi7VRzb	2026-11-30 23:48:31.100246+00	1
\.

COPY rec.known_plays (play_id, told_at) FROM stdin;
01a22edc-2d0f-0a89-c6cd-e4ec76ff7cfc	2026-11-30 23:48:35.213464+00
\.

COPY rec.leases (name, holder, held_until) FROM stdin;
consume-blocked-artists	3741a8ebcf964217be895aa17b765054	2026-11-30 23:48:49.452838+00
consume-catalog	b5a9366a1031421fa20c1a04fb3b6cc1	2026-11-30 23:48:49.506618+00
consume-followed-artists	9f4dc5812c2746f490ebfbf4f17712ff	2026-11-30 23:48:49.451214+00
consume-identity	bdb0a29ff35047c38ea44ba67f7552b6	2026-11-30 23:48:49.288641+00
consume-membership	05b571028ad44955bfa134fddc6b6400	2026-11-30 23:48:49.4523+00
consume-outcome-plays	e0455d994fc84c47b05e4c51e0150a23	2026-11-30 23:48:46.885256+00
consume-outcome-saves	ae5baaca6821458b80a1cc41566e39e1	2026-11-30 23:48:49.453621+00
consume-playback	d7816dcbf2a84e04b364b932022cf4ee	2026-11-30 23:48:46.885227+00
consume-saved-tracks	d5c82ccfa191428ea0c025d1e8c1c47b	2026-11-30 23:48:49.452431+00
write-events	3601353acfd94059aa8febf11e3c9f7b	2026-11-30 23:48:49.845112+00
\.

COPY rec.listened (user_id, track_id, plays, skips, last_begun_ms, last_played_ms) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	01M8QDR9666SP69SEWWZJYJY0Z	1	0	1796082511112	1796082515137
\.

COPY rec.pending_erasures (user_id, due_at) FROM stdin;
\.

COPY rec.pending_events (event_id, batch, at_ms, heard_ms, completed, kind, user_id, track_id, context_kind, context_id, shown_id) FROM stdin;
\.

COPY rec.playlists (playlist_id, version, listing, there, is_public, owner_id, managed_by, track_ids) FROM stdin;
01M8QDRB5F9EQSKXFHKFEHPQTT	4	1	t	t	01M8QDRB0MTGWXVJ42YPVRP427		\\x01a22edc24c6366c64e5dce7e5e9781f01a22edc24c6366c64e5dce7e5e9782101a22edc24c6366c64e5dce7e5e97823
\.

COPY rec.procrastinate_events (id, job_id, type, at) FROM stdin;
\.

COPY rec.procrastinate_jobs (id, queue_name, task_name, priority, lock, queueing_lock, args, status, scheduled_at, attempts, abort_requested, worker_id) FROM stdin;
\.

COPY rec.procrastinate_periodic_defers (id, task_name, defer_timestamp, job_id, periodic_id) FROM stdin;
\.

COPY rec.procrastinate_workers (id, last_heartbeat) FROM stdin;
\.

COPY rec.request_answers (principal, method, request_id, body_sha256, answer, written_at) FROM stdin;
\.

COPY rec.tracks (track_id, version, listing, available, premium, streams, added_at_ms, duration_ms, year, title, artist, artist_id, album, album_id, genre, artwork_path) FROM stdin;
01M8QDR9666SP69SEWWZJYJY0Z	3	1	t	f	0	1796082509001	3000	0	Ebb	The Harbour	01M8QDR9666SP69SEWWZJYJY15	Tides	01M8QDR968Y6PT13RC5NCBEZJV	Ambient	
01M8QDR9666SP69SEWWZJYJY11	3	1	t	f	0	1796082509001	3000	0	Flood	The Harbour	01M8QDR9666SP69SEWWZJYJY15	Tides	01M8QDR968Y6PT13RC5NCBEZJV	Ambient	
01M8QDR9666SP69SEWWZJYJY13	4	1	t	f	0	1796082509001	3000	0	Slack Water (edited)	The Harbour	01M8QDR9666SP69SEWWZJYJY15	Tides	01M8QDR968Y6PT13RC5NCBEZJV	Ambient	
\.

COPY rec.user_items (user_id, kind, item_id, version, listing, kept, changed_at_ms) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	SAVED_TRACK	01M8QDR9666SP69SEWWZJYJY0Z	1	1	t	1796082510974
01M8QDRB0MTGWXVJ42YPVRP427	SAVED_TRACK	01M8QDR9666SP69SEWWZJYJY11	1	1	t	1796082510973
01M8QDRB1WJF3KNQK509EWHYG6	BLOCKED_ARTIST	01M8QDR9666SP69SEWWZJYJY15	2	1	t	1796082511014
\.

