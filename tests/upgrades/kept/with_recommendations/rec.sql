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
blocked-artists	Y2YxHf4LJRmtTwSchsrnn1Pd7AAAAAAAAAPWAAAAAAAAAAgjHltW	2026-12-01 00:47:35.596951+00	1
catalog	Y2Yx0pkHkQnKQN-Wsc2JHo2-ZQAAAAAAAAPfAAAAAAAAABRyXe3D	2026-12-01 00:47:35.659783+00	1
followed-artists	Y2YxHf4LJRmtTwSchsrnn1Pd7AAAAAAAAAPWAAAAAAAAAAgjHltW	2026-12-01 00:47:35.595477+00	1
identity	Y2YxqjgLRGg8RfeKtYJMOnzxJQAAAAAAAAO8AAAAAAAAAANSr8eE	2026-12-01 00:47:35.481134+00	1
membership	Y2YxHf4LJRmtTwSchsrnn1Pd7AAAAAAAAAPWAAAAAAAAAAgjHltW	2026-12-01 00:47:35.59691+00	1
outcome-plays	Y2Yx4n0heT0rR4qTWLdA0W_G_gAAAAAAAAQAAAAAAAAAAAEJg8_g	2026-12-01 00:47:39.684403+00	1
outcome-saves	Y2YxHf4LJRmtTwSchsrnn1Pd7AAAAAAAAAPWAAAAAAAAAAgjHltW	2026-12-01 00:47:35.597486+00	1
playback	Y2Yx4n0heT0rR4qTWLdA0W_G_gAAAAAAAAQAAAAAAAAAAAEJg8_g	2026-12-01 00:47:39.6844+00	1
saved-tracks	Y2YxHf4LJRmtTwSchsrnn1Pd7AAAAAAAAAPWAAAAAAAAAAgjHltW	2026-12-01 00:47:35.596381+00	1
\.

COPY rec.known_plays (play_id, told_at) FROM stdin;
01a22f12-42b5-6a63-c021-f444da7a2398	2026-12-01 00:47:39.6844+00
\.

COPY rec.leases (name, holder, held_until) FROM stdin;
consume-blocked-artists	72f8fe953e7c4afda74851a25dce0a75	2026-12-01 00:47:53.936609+00
consume-catalog	5cfe06324d414901ad7c1a69404d3f35	2026-12-01 00:47:53.99859+00
consume-followed-artists	8eff42c8563049ba80e47cf301cd8557	2026-12-01 00:47:53.93573+00
consume-identity	ef65df536c6d48acadc5fafda2dca0f3	2026-12-01 00:47:53.825035+00
consume-membership	996b7d442c454411a1b913e8a8c479fa	2026-12-01 00:47:53.944315+00
consume-outcome-plays	00f50ee7fc124fb7ae72133d505c6dce	2026-12-01 00:47:51.355005+00
consume-outcome-saves	01ad04cfc98848c5983d6da08f2941c2	2026-12-01 00:47:53.938486+00
consume-playback	b226cda4fe7c40afb91403937fabf960	2026-12-01 00:47:51.355064+00
consume-saved-tracks	7de4167388be47aca620b3c0a00142c9	2026-12-01 00:47:53.936251+00
write-events	859b5177db3f4874bb0cc64e1c4d3877	2026-12-01 00:47:51.210794+00
\.

COPY rec.listened (user_id, track_id, plays, skips, last_begun_ms, last_played_ms) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	01M8QH4F0YMZNQ7S6B71FZ6HZB	1	0	1796086055595	1796086059620
\.

COPY rec.models (model_id, created_at_ms, told) FROM stdin;
\.

COPY rec.pending_erasures (user_id, due_at) FROM stdin;
\.

COPY rec.pending_events (event_id, batch, at_ms, heard_ms, completed, kind, user_id, track_id, context_kind, context_id, shown_id) FROM stdin;
\.

COPY rec.playlists (playlist_id, version, listing, there, is_public, owner_id, managed_by, track_ids) FROM stdin;
01M8QH4GK28X8X8ETV9HFRRD32	4	1	t	t	01M8QH4GFRF6R50D9WSJ345SDP		\\x01a22f123c1ea7eb73e4cb385ff347eb01a22f123c1ea7eb73e4cb385ff347ed01a22f123c1ea7eb73e4cb385ff347ef
\.

COPY rec.procrastinate_events (id, job_id, type, at) FROM stdin;
\.

COPY rec.procrastinate_jobs (id, queue_name, task_name, priority, lock, queueing_lock, args, status, scheduled_at, attempts, abort_requested, worker_id) FROM stdin;
\.

COPY rec.procrastinate_periodic_defers (id, task_name, defer_timestamp, job_id, periodic_id) FROM stdin;
\.

COPY rec.procrastinate_workers (id, last_heartbeat) FROM stdin;
1	2026-12-01 00:47:43.637461+00
\.

COPY rec.promotions (revision, model_id, promoted_at_ms, promoted_by, back_to) FROM stdin;
\.

COPY rec.request_answers (principal, method, request_id, body_sha256, answer, written_at) FROM stdin;
\.

COPY rec.tracks (track_id, version, listing, available, premium, streams, added_at_ms, duration_ms, year, title, artist, artist_id, album, album_id, genre, artwork_path) FROM stdin;
01M8QH4F0YMZNQ7S6B71FZ6HZB	3	1	t	f	0	1796086053921	3000	0	Ebb	The Harbour	01M8QH4F0YMZNQ7S6B71FZ6HZH	Tides	01M8QH4F10Y2FCVW8Q5T1YBQA2	Ambient	
01M8QH4F0YMZNQ7S6B71FZ6HZD	3	1	t	f	0	1796086053921	3000	0	Flood	The Harbour	01M8QH4F0YMZNQ7S6B71FZ6HZH	Tides	01M8QH4F10Y2FCVW8Q5T1YBQA2	Ambient	
01M8QH4F0YMZNQ7S6B71FZ6HZF	4	1	t	f	0	1796086053921	3000	0	Slack Water (edited)	The Harbour	01M8QH4F0YMZNQ7S6B71FZ6HZH	Tides	01M8QH4F10Y2FCVW8Q5T1YBQA2	Ambient	
\.

COPY rec.trainings (training_id, state, stage, progress, trainer, seed, until_ms, search_parameters, checkpoint, model_id, error, created_at_ms, finished_at_ms) FROM stdin;
\.

COPY rec.user_items (user_id, kind, item_id, version, listing, kept, changed_at_ms) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	SAVED_TRACK	01M8QH4F0YMZNQ7S6B71FZ6HZB	1	1	t	1796086055475
01M8QH4GFRF6R50D9WSJ345SDP	SAVED_TRACK	01M8QH4F0YMZNQ7S6B71FZ6HZD	1	1	t	1796086055474
01M8QH4GG7JEY61FX2X0G6XC34	BLOCKED_ARTIST	01M8QH4F0YMZNQ7S6B71FZ6HZH	2	1	t	1796086055512
\.

