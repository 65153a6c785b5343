COPY catalog.album_aliases (artist_id, folded, album_id) FROM stdin;
\.

COPY catalog.albums (id, artist_id, title, folded, year, track_count, total_duration_ms, artwork, version, created_at, tagged_title, tagged_year, taken_down, hidden_tracks, hidden_duration_ms) FROM stdin;
01M8QDR968Y6PT13RC5NCBEZJV	01M8QDR9666SP69SEWWZJYJY15	Tides	tides	0	3	9000		1	2026-11-30 23:48:28.995846+00	\N	\N	f	0	0
\.

COPY catalog.artist_aliases (folded, artist_id) FROM stdin;
\.

COPY catalog.artists (id, name, folded, bio, followers_count, track_count, version, created_at, followers_version, followers_generation, tagged_name, taken_down, hidden_tracks) FROM stdin;
01M8QDR9666SP69SEWWZJYJY15	The Harbour	the harbour		0	3	1	2026-11-30 23:48:28.995846+00	0	0	\N	f	0
\.

COPY catalog.assets (track_id, descriptor, rung_names, rung_kbps, published_at) FROM stdin;
01M8QDR9666SP69SEWWZJYJY0Z	a80d44ab2a4153435d2a8b21c65fd1de0bfb86f481f4c80f3328ac9d17051181	{128,192,256,320,flac}	{128,192,256,320,910}	2026-11-30 23:48:30.679874+00
01M8QDR9666SP69SEWWZJYJY11	114b0957fb1d97e825e2ef11695aafdd2425bfef4b0dfc202e20a3b8c3782f3c	{128,192,256,320,flac}	{128,192,256,320,910}	2026-11-30 23:48:30.180744+00
01M8QDR9666SP69SEWWZJYJY13	9fcc3274e95d8a133917477efa80e127f65ddd98fe155ab89942638356ac528e	{128,192,256,320,flac}	{128,192,256,320,910}	2026-11-30 23:48:30.700849+00
\.

COPY catalog.counted_plays (play_id, counted_at) FROM stdin;
01a22edc-2d0f-0a89-c6cd-e4ec76ff7cfc	2026-11-30 23:48:35.663631+00
\.

COPY catalog.feed_cursors (name, token, updated_at, generation) FROM stdin;
identity	Y2Yx0aFxpedPQ3uPqeKBhrhmLAAAAAAAAAO7AAAAAAAAAAP8IQA3	2026-11-30 23:48:30.941294+00	1
playback	Y2YxlZWKm56PRYOS5lxOTk5h8AAAAAAAAAQAAAAAAAAAAAH7DNE2	2026-11-30 23:48:35.663631+00	1
playlist	Y2Yxnyifli9TSCGfTQ3kfYbjwwAAAAAAAAPYAAAAAAAAAAi7VRzb	2026-11-30 23:48:31.104153+00	1
\.

COPY catalog.import_files (import_id, path, state, source_id, track_id, reason, audio_ms) FROM stdin;
01M8QDR95GXST82ARKRNB4NT8P	\\x322e666c6163	5	01M8QDR9666SP69SEWWZJYJY12	01M8QDR9666SP69SEWWZJYJY11		3000
01M8QDR95GXST82ARKRNB4NT8P	\\x312e666c6163	5	01M8QDR9666SP69SEWWZJYJY10	01M8QDR9666SP69SEWWZJYJY0Z		3000
01M8QDR95GXST82ARKRNB4NT8P	\\x332e666c6163	5	01M8QDR9666SP69SEWWZJYJY14	01M8QDR9666SP69SEWWZJYJY13		3000
\.

COPY catalog.imports (id, path, root, state, found, unchanged, duplicate, searchable, playable, complete, failed, audio_ms, error, created_at, finished_at) FROM stdin;
01M8QDR95GXST82ARKRNB4NT8P	/tmp/tmp42_fpply/music	\\x2f746d702f746d7034325f6670706c792f6d75736963	3	3	0	0	3	3	3	0	9000		2026-11-30 23:48:28.976155+00	2026-11-30 23:48:30.700849+00
\.

COPY catalog.leases (name, holder, held_until) FROM stdin;
consume-identity	70d8bd25ff0e477281f259b32776eb99	2026-11-30 23:48:49.292381+00
consume-playback	40a1f368559244ad99e7e77d68065505	2026-11-30 23:48:49.004043+00
consume-playlist	226a848f82e44478ba42ad88765ea927	2026-11-30 23:48:49.453268+00
\.

COPY catalog.pending_erasures (user_id, due_at) FROM stdin;
\.

COPY catalog.playlists (id, public, title, description, owner, track_count, follower_count, told_version, generation, version) FROM stdin;
01M8QDRB5F9EQSKXFHKFEHPQTT	t	Sunday		ada	3	0	5	1	3
\.

COPY catalog.procrastinate_events (id, job_id, type, at) FROM stdin;
\.

COPY catalog.procrastinate_jobs (id, queue_name, task_name, priority, lock, queueing_lock, args, status, scheduled_at, attempts, abort_requested, worker_id) FROM stdin;
\.

COPY catalog.procrastinate_periodic_defers (id, task_name, defer_timestamp, job_id, periodic_id) FROM stdin;
\.

COPY catalog.procrastinate_workers (id, last_heartbeat) FROM stdin;
1	2026-11-30 23:48:39.915636+00
2	2026-11-30 23:48:39.934815+00
\.

COPY catalog.request_answers (principal, method, request_id, body_sha256, answer, written_at) FROM stdin;
01M8QDR94BPDSBCEBDA6XJ309Y	/segue.catalog.v1.ImportService/CreateImport	01M8QDR945HW6Y69TGEP3JNSFB	\\x156495df12b4c49f3a8e93d9a6181a305f6e254603ebb2ebc0074b0a4e992943	\\x5b2230314d38514452393547585354383241524b524e42344e543850222c20222f746d702f746d7034325f6670706c792f6d75736963222c20223266373436643730326637343664373033343332356636363730373036633739326636643735373336393633222c20313739363038323530383937363135355d	2026-11-30 23:48:28.976472+00
\.

COPY catalog.sources (id, path, size, mtime_ns, inode, state, track_id, reason, audio_ms, attempts) FROM stdin;
01M8QDR9666SP69SEWWZJYJY10	\\x2f746d702f746d7034325f6670706c792f6d757369632f312e666c6163	349146	1796082508887719047	10182831	3	01M8QDR9666SP69SEWWZJYJY0Z		3000	0
01M8QDR9666SP69SEWWZJYJY12	\\x2f746d702f746d7034325f6670706c792f6d757369632f322e666c6163	349206	1796082508903719048	10182841	3	01M8QDR9666SP69SEWWZJYJY11		3000	0
01M8QDR9666SP69SEWWZJYJY14	\\x2f746d702f746d7034325f6670706c792f6d757369632f332e666c6163	349192	1796082508927719048	10182853	3	01M8QDR9666SP69SEWWZJYJY13		3000	0
\.

COPY catalog.track_merges (id, track_id) FROM stdin;
\.

COPY catalog.tracks (id, title, artist_id, album_id, disc_number, track_number, duration_ms, genres, year, streams_total, bitrates_kbps, lossless, access, state, artwork, integrated_lufs, true_peak_dbtp, source_id, audio_sha256, failure, version, created_at, streams_told, edited_title, hidden, tagged_artist, folded, edited_folded, taken_down) FROM stdin;
01M8QDR9666SP69SEWWZJYJY0Z	Ebb	01M8QDR9666SP69SEWWZJYJY15	01M8QDR968Y6PT13RC5NCBEZJV	0	1	3000	{Ambient}	0	1	{128,192,256,320}	t	1	2		-20.7	-11.7	01M8QDR9666SP69SEWWZJYJY10	\\x929e96b2f6db629da43e0f1bd4cec4fa34488103eae93dcf7b89701f11cb29dc		3	2026-11-30 23:48:29.001238+00	0	\N	f	\N	ebb	\N	f
01M8QDR9666SP69SEWWZJYJY11	Flood	01M8QDR9666SP69SEWWZJYJY15	01M8QDR968Y6PT13RC5NCBEZJV	0	2	3000	{Ambient}	0	0	{128,192,256,320}	t	1	2		-20.7	-11	01M8QDR9666SP69SEWWZJYJY12	\\x3e0a5deb1dcfda3bf29651cde2739b9ff10bc35fe34de1611e0a025e6fed0e4b		3	2026-11-30 23:48:29.001238+00	0	\N	f	\N	flood	\N	f
01M8QDR9666SP69SEWWZJYJY13	Slack Water	01M8QDR9666SP69SEWWZJYJY15	01M8QDR968Y6PT13RC5NCBEZJV	0	3	3000	{Ambient}	0	0	{128,192,256,320}	t	1	2		-20.7	-9.4	01M8QDR9666SP69SEWWZJYJY14	\\x8ec1be13f2e7ec0d7aae63ef1980a073bd22a6087c9f1fc053e60850c07d372a		4	2026-11-30 23:48:29.001238+00	0	Slack Water (edited)	f	\N	slack water	slack water edited	f
\.

