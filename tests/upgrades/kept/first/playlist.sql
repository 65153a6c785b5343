COPY playlist.artist_followers (artist_id, name, followers_count, version) FROM stdin;
\.

COPY playlist.blocked_artists (user_id, artist_id, name, saved_at) FROM stdin;
01M8QDRB1WJF3KNQK509EWHYG6	01M8QDR9666SP69SEWWZJYJY15	The Harbour	2026-11-30 23:48:31.014+00
\.

COPY playlist.blocks (user_id, blocked_id, since) FROM stdin;
\.

COPY playlist.catalogue_albums (album_id, version, listing, title, artist, artist_id, year, artwork_path) FROM stdin;
01M8QDR968Y6PT13RC5NCBEZJV	1	3	Tides	The Harbour	01M8QDR9666SP69SEWWZJYJY15	0	
\.

COPY playlist.catalogue_artists (artist_id, version, listing, name) FROM stdin;
01M8QDR9666SP69SEWWZJYJY15	1	3	The Harbour
\.

COPY playlist.collaborators (playlist_id, user_id, since) FROM stdin;
01M8QDRB5F9EQSKXFHKFEHPQTT	01M8QDRB1WJF3KNQK509EWHYG6	2026-11-30 23:48:31.067+00
\.

COPY playlist.feed_cursors (name, token, updated_at, generation) FROM stdin;
catalogue	Y2YxCEydzeniQqil29BMAFO38AAAAAAAAAPiAAAAAAAAABRq5FOB	2026-11-30 23:48:31.161749+00	3
identity	Y2Yx0aFxpedPQ3uPqeKBhrhmLAAAAAAAAAO7AAAAAAAAAAP8IQA3	2026-11-30 23:48:31.000429+00	1
\.

COPY playlist.follows (user_id, kind, target_id, since) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	USER	01M8QDRB1WJF3KNQK509EWHYG6	2026-11-30 23:48:31.005+00
\.

COPY playlist.leases (name, holder, held_until) FROM stdin;
consume-catalog	9da0eaeaba36408f9a831f5fc20eac82	2026-11-30 23:48:47.838192+00
consume-identity	abc77e4ad1b5433d819062446747f08e	2026-11-30 23:48:47.677171+00
\.

COPY playlist.pending_erasures (user_id, due_at) FROM stdin;
\.

COPY playlist.people (user_id, username, told_at) FROM stdin;
01M8QDR94BPDSBCEBDA6XJ309Y	operator	2026-11-30 23:48:29.023+00
01M8QDRB0MTGWXVJ42YPVRP427	ada	2026-11-30 23:48:30.947+00
01M8QDRB1WJF3KNQK509EWHYG6	ben	2026-11-30 23:48:31.001+00
\.

COPY playlist.playlist_followers (playlist_id, user_id, followed_at) FROM stdin;
\.

COPY playlist.playlists (playlist_id, owner_id, title, description, visibility, members, rule, rule_evaluated_at, artwork_paths, track_count, total_duration_ms, follower_count, revision, snapshot_id, copy_revision, bytes_since_copy, first_revision, version, created_at, modified_at, deleted_at, managed_by) FROM stdin;
01M8QDRB5F9EQSKXFHKFEHPQTT	01M8QDRB0MTGWXVJ42YPVRP427	Sunday		PUBLIC	[{"role": "EDITOR", "user_id": "01M8QDRB1WJF3KNQK509EWHYG6", "since_ms": 1796082511067}]	\N	\N	{}	3	9000	0	4	01M8QDRB6M3A0DK5PT48BHZ8CJ	1	220	1	5	2026-11-30 23:48:31.023+00	2026-11-30 23:48:31.06+00	\N	
\.

COPY playlist.privacy (user_id, following, followers) FROM stdin;
\.

COPY playlist.request_answers (principal, method, request_id, body_sha256, answer, written_at) FROM stdin;
\.

COPY playlist.saved_albums (user_id, album_id, title, artist, artist_id, year, artwork_path, saved_at) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	01M8QDR968Y6PT13RC5NCBEZJV	Tides	The Harbour	01M8QDR9666SP69SEWWZJYJY15	0		2026-11-30 23:48:30.995+00
\.

COPY playlist.saved_tracks (user_id, track_id, saved_at) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	01M8QDR9666SP69SEWWZJYJY0Z	2026-11-30 23:48:30.974+00
01M8QDRB0MTGWXVJ42YPVRP427	01M8QDR9666SP69SEWWZJYJY11	2026-11-30 23:48:30.973999+00
\.

COPY playlist.share_acceptances (share_id, user_id) FROM stdin;
\.

COPY playlist.share_links (share_id, playlist_id, code_sha256, role, created_by, created_at, expires_at, revoked_at, accepted_count) FROM stdin;
01M8QDRB73T3Z3FHRBTBC8RFCB	01M8QDRB5F9EQSKXFHKFEHPQTT	\\x9b96ea20f4b3633bf56d0e7f1d545f3e7be72d78a0fe23664e810d6229240be2	\N	01M8QDRB0MTGWXVJ42YPVRP427	2026-11-30 23:48:31.075+00	\N	\N	0
\.

COPY playlist.snapshot_copies (playlist_id, revision, title, description, records) FROM stdin;
01M8QDRB5F9EQSKXFHKFEHPQTT	1	Sunday		\\x
\.

COPY playlist.snapshots (playlist_id, revision, snapshot_id, kind, author_id, created_at, summary, track_count, reverts, undone_by, delta) FROM stdin;
01M8QDRB5F9EQSKXFHKFEHPQTT	1	01M8QDRB5F9EQSKXFHKFEHPQTS	CREATED	01M8QDRB0MTGWXVJ42YPVRP427	2026-11-30 23:48:31.023+00	created	0	\N	\N	\\x01
01M8QDRB5F9EQSKXFHKFEHPQTT	2	01M8QDRB6017TCBYGNFW40FK85	EDIT	01M8QDRB0MTGWXVJ42YPVRP427	2026-11-30 23:48:31.04+00	added 3 tracks	3	\N	\N	\\x0101000301a22edc2cbf9c3aecdb66ef649bf34e01a22edc24c6366c64e5dce7e5e9781f01a22edc2c14d439ddc882f5b78b104700000bb801a22edc2cbfa256dff02540ff1612f701a22edc24c6366c64e5dce7e5e9782101a22edc2c14d439ddc882f5b78b104700000bb801a22edc2cbff58c5a707cd9da0dea6501a22edc24c6366c64e5dce7e5e9782301a22edc2c14d439ddc882f5b78b104700000bb8
01M8QDRB5F9EQSKXFHKFEHPQTT	4	01M8QDRB6M3A0DK5PT48BHZ8CJ	UNDO	01M8QDRB0MTGWXVJ42YPVRP427	2026-11-30 23:48:31.06+00	removed 'Ebb' by The Harbour	3	3	\N	\\x01020301
01M8QDRB5F9EQSKXFHKFEHPQTT	3	01M8QDRB6DV8X559A46DJX8DK2	EDIT	01M8QDRB0MTGWXVJ42YPVRP427	2026-11-30 23:48:31.053+00	added 'Ebb' by The Harbour	4	\N	4	\\x0101030101a22edc2ccc1eb95d8d4ee486314f9a01a22edc24c6366c64e5dce7e5e9781f01a22edc2c14d439ddc882f5b78b104700000bb8
\.

COPY playlist.tracks (created_at_ms, streams_total, version, listing, duration_ms, year, disc_number, track_number, chance, available, track_id, genre_keys, title_key, artist_key, album_key, title_order, artist_order, album_order, title, artist, artist_id, album, album_id, genres, artwork_path) FROM stdin;
1796082509001	0	3	3	3000	0	0	2	920055240	t	01M8QDR9666SP69SEWWZJYJY11	\nambient\n	flood	the harbour	tides	flood	harbour	tides	Flood	The Harbour	01M8QDR9666SP69SEWWZJYJY15	Tides	01M8QDR968Y6PT13RC5NCBEZJV	Ambient	
1796082509001	0	3	3	3000	0	0	1	905141585	t	01M8QDR9666SP69SEWWZJYJY0Z	\nambient\n	ebb	the harbour	tides	ebb	harbour	tides	Ebb	The Harbour	01M8QDR9666SP69SEWWZJYJY15	Tides	01M8QDR968Y6PT13RC5NCBEZJV	Ambient	
1796082509001	0	4	3	3000	0	0	3	685186838	t	01M8QDR9666SP69SEWWZJYJY13	\nambient\n	slack water (edited)	the harbour	tides	slack water (edited)	harbour	tides	Slack Water (edited)	The Harbour	01M8QDR9666SP69SEWWZJYJY15	Tides	01M8QDR968Y6PT13RC5NCBEZJV	Ambient	
\.

COPY playlist.user_counts (user_id, playlists, followed_playlists, saved_tracks, saved_albums, following_users, following_artists, followers, blocks, blocked_artists) FROM stdin;
01M8QDRB0MTGWXVJ42YPVRP427	1	0	2	1	1	0	0	0	0
01M8QDRB1WJF3KNQK509EWHYG6	0	0	0	0	0	0	1	0	1
\.

