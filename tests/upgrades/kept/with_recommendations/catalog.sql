COPY catalog.album_aliases (artist_id, folded, album_id) FROM stdin;
\.

COPY catalog.albums (id, artist_id, title, folded, year, track_count, total_duration_ms, artwork, version, created_at, tagged_title, tagged_year, taken_down, hidden_tracks, hidden_duration_ms) FROM stdin;
01M8QH4F10Y2FCVW8Q5T1YBQA2	01M8QH4F0YMZNQ7S6B71FZ6HZH	Tides	tides	0	3	9000		1	2026-12-01 00:47:33.916316+00	\N	\N	f	0	0
\.

COPY catalog.artist_aliases (folded, artist_id) FROM stdin;
\.

COPY catalog.artists (id, name, folded, bio, followers_count, track_count, version, created_at, followers_version, followers_generation, tagged_name, taken_down, hidden_tracks) FROM stdin;
01M8QH4F0YMZNQ7S6B71FZ6HZH	The Harbour	the harbour		0	3	1	2026-12-01 00:47:33.916316+00	0	0	\N	f	0
\.

COPY catalog.assets (track_id, descriptor, rung_names, rung_kbps, published_at) FROM stdin;
01M8QH4F0YMZNQ7S6B71FZ6HZB	68abad7c711c9bcc0629f183d7a7027655478dfd38c42e6ed8c1fc4c97b6c425	{128,192,256,320,flac}	{128,192,256,320,910}	2026-12-01 00:47:35.293296+00
01M8QH4F0YMZNQ7S6B71FZ6HZD	0fce0cfdfdabc72926cdb5e207b60ea30fb25993a3b303433bf76972771e0321	{128,192,256,320,flac}	{128,192,256,320,910}	2026-12-01 00:47:34.905095+00
01M8QH4F0YMZNQ7S6B71FZ6HZF	8cad67108e4ac85752138d47f5bddfe046c47e1d528fe066b3a513557f81a1b3	{128,192,256,320,flac}	{128,192,256,320,910}	2026-12-01 00:47:35.321153+00
\.

COPY catalog.counted_plays (play_id, counted_at) FROM stdin;
01a22f12-42b5-6a63-c021-f444da7a2398	2026-12-01 00:47:40.133049+00
\.

COPY catalog.feed_cursors (name, token, updated_at, generation) FROM stdin;
identity	Y2YxqjgLRGg8RfeKtYJMOnzxJQAAAAAAAAO8AAAAAAAAAANSr8eE	2026-12-01 00:47:35.48045+00	1
playback	Y2Yx4n0heT0rR4qTWLdA0W_G_gAAAAAAAAQAAAAAAAAAAAEJg8_g	2026-12-01 00:47:40.133049+00	1
playlist	Y2YxHf4LJRmtTwSchsrnn1Pd7AAAAAAAAAPWAAAAAAAAAAgjHltW	2026-12-01 00:47:35.600666+00	1
\.

COPY catalog.import_files (import_id, path, state, source_id, track_id, reason, audio_ms) FROM stdin;
01M8QH4F0CHQEZX2172JM88CQN	\\x322e666c6163	5	01M8QH4F0YMZNQ7S6B71FZ6HZE	01M8QH4F0YMZNQ7S6B71FZ6HZD		3000
01M8QH4F0CHQEZX2172JM88CQN	\\x312e666c6163	5	01M8QH4F0YMZNQ7S6B71FZ6HZC	01M8QH4F0YMZNQ7S6B71FZ6HZB		3000
01M8QH4F0CHQEZX2172JM88CQN	\\x332e666c6163	5	01M8QH4F0YMZNQ7S6B71FZ6HZG	01M8QH4F0YMZNQ7S6B71FZ6HZF		3000
\.

COPY catalog.imports (id, path, root, state, found, unchanged, duplicate, searchable, playable, complete, failed, audio_ms, error, created_at, finished_at) FROM stdin;
01M8QH4F0CHQEZX2172JM88CQN	/tmp/tmpdq8cy6ag/music	\\x2f746d702f746d7064713863793661672f6d75736963	3	3	0	0	3	3	3	0	9000		2026-12-01 00:47:33.900854+00	2026-12-01 00:47:35.321153+00
\.

COPY catalog.leases (name, holder, held_until) FROM stdin;
consume-identity	5dd440f8bd1a4e7883b1488f4e0ad675	2026-12-01 00:47:53.821904+00
consume-playback	a5aef87223414b65a273d028705e1fb1	2026-12-01 00:47:53.47074+00
consume-playlist	8ab003e0a50640f7ba6e05a2805c9923	2026-12-01 00:47:53.943653+00
\.

COPY catalog.pending_erasures (user_id, due_at) FROM stdin;
\.

COPY catalog.playlists (id, public, title, description, owner, track_count, follower_count, told_version, generation, version) FROM stdin;
01M8QH4GK28X8X8ETV9HFRRD32	t	Sunday		ada	3	0	5	1	3
\.

COPY catalog.procrastinate_events (id, job_id, type, at) FROM stdin;
\.

COPY catalog.procrastinate_jobs (id, queue_name, task_name, priority, lock, queueing_lock, args, status, scheduled_at, attempts, abort_requested, worker_id) FROM stdin;
\.

COPY catalog.procrastinate_periodic_defers (id, task_name, defer_timestamp, job_id, periodic_id) FROM stdin;
\.

COPY catalog.procrastinate_workers (id, last_heartbeat) FROM stdin;
1	2026-12-01 00:47:42.957322+00
2	2026-12-01 00:47:42.957736+00
\.

COPY catalog.request_answers (principal, method, request_id, body_sha256, answer, written_at) FROM stdin;
01M8QH4EZ8NYD9SE50FR8DEBQK	/segue.catalog.v1.ImportService/CreateImport	01M8QH4EZ39WENFBKKRW7PX8YK	\\xece4d154b41c3c015143bc3cb4b470baff9d2081881100c55ec0a51b248a5128	\\x5b2230314d385148344630434851455a58323137324a4d383843514e222c20222f746d702f746d7064713863793661672f6d75736963222c20223266373436643730326637343664373036343731333836333739333636313637326636643735373336393633222c20313739363038363035333930303835345d	2026-12-01 00:47:33.901041+00
\.

COPY catalog.sources (id, path, size, mtime_ns, inode, state, track_id, reason, audio_ms, attempts) FROM stdin;
01M8QH4F0YMZNQ7S6B71FZ6HZC	\\x2f746d702f746d7064713863793661672f6d757369632f312e666c6163	349146	1796086053819823626	10374135	3	01M8QH4F0YMZNQ7S6B71FZ6HZB		3000	0
01M8QH4F0YMZNQ7S6B71FZ6HZE	\\x2f746d702f746d7064713863793661672f6d757369632f322e666c6163	349206	1796086053835823627	10374136	3	01M8QH4F0YMZNQ7S6B71FZ6HZD		3000	0
01M8QH4F0YMZNQ7S6B71FZ6HZG	\\x2f746d702f746d7064713863793661672f6d757369632f332e666c6163	349192	1796086053851823627	10374137	3	01M8QH4F0YMZNQ7S6B71FZ6HZF		3000	0
\.

COPY catalog.track_merges (id, track_id) FROM stdin;
\.

COPY catalog.tracks (id, title, artist_id, album_id, disc_number, track_number, duration_ms, genres, year, streams_total, bitrates_kbps, lossless, access, state, artwork, integrated_lufs, true_peak_dbtp, source_id, audio_sha256, failure, version, created_at, streams_told, edited_title, hidden, tagged_artist, folded, edited_folded, taken_down) FROM stdin;
01M8QH4F0YMZNQ7S6B71FZ6HZB	Ebb	01M8QH4F0YMZNQ7S6B71FZ6HZH	01M8QH4F10Y2FCVW8Q5T1YBQA2	0	1	3000	{Ambient}	0	1	{128,192,256,320}	t	1	2		-20.7	-11.7	01M8QH4F0YMZNQ7S6B71FZ6HZC	\\x929e96b2f6db629da43e0f1bd4cec4fa34488103eae93dcf7b89701f11cb29dc		3	2026-12-01 00:47:33.921008+00	0	\N	f	\N	ebb	\N	f
01M8QH4F0YMZNQ7S6B71FZ6HZD	Flood	01M8QH4F0YMZNQ7S6B71FZ6HZH	01M8QH4F10Y2FCVW8Q5T1YBQA2	0	2	3000	{Ambient}	0	0	{128,192,256,320}	t	1	2		-20.7	-11	01M8QH4F0YMZNQ7S6B71FZ6HZE	\\x3e0a5deb1dcfda3bf29651cde2739b9ff10bc35fe34de1611e0a025e6fed0e4b		3	2026-12-01 00:47:33.921008+00	0	\N	f	\N	flood	\N	f
01M8QH4F0YMZNQ7S6B71FZ6HZF	Slack Water	01M8QH4F0YMZNQ7S6B71FZ6HZH	01M8QH4F10Y2FCVW8Q5T1YBQA2	0	3	3000	{Ambient}	0	0	{128,192,256,320}	t	1	2		-20.7	-9.4	01M8QH4F0YMZNQ7S6B71FZ6HZG	\\x8ec1be13f2e7ec0d7aae63ef1980a073bd22a6087c9f1fc053e60850c07d372a		4	2026-12-01 00:47:33.921008+00	0	Slack Water (edited)	f	\N	slack water	slack water edited	f
\.

