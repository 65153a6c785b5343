COPY playlist.artist_followers (artist_id, name, followers_count, version) FROM stdin;
\.

COPY playlist.blocked_artists (user_id, artist_id, name, saved_at) FROM stdin;
01M8QH4GG7JEY61FX2X0G6XC34	01M8QH4F0YMZNQ7S6B71FZ6HZH	The Harbour	2026-12-01 00:47:35.512+00
\.

COPY playlist.blocks (user_id, blocked_id, since) FROM stdin;
\.

COPY playlist.catalogue_albums (album_id, version, listing, title, artist, artist_id, year, artwork_path) FROM stdin;
01M8QH4F10Y2FCVW8Q5T1YBQA2	1	2	Tides	The Harbour	01M8QH4F0YMZNQ7S6B71FZ6HZH	0	
\.

COPY playlist.catalogue_artists (artist_id, version, listing, name) FROM stdin;
01M8QH4F0YMZNQ7S6B71FZ6HZH	1	2	The Harbour
\.

COPY playlist.collaborators (playlist_id, user_id, since) FROM stdin;
01M8QH4GK28X8X8ETV9HFRRD32	01M8QH4GG7JEY61FX2X0G6XC34	2026-12-01 00:47:35.555+00
\.

COPY playlist.feed_cursors (name, token, updated_at, generation) FROM stdin;
catalogue	Y2Yx0pkHkQnKQN-Wsc2JHo2-ZQAAAAAAAAPfAAAAAAAAABRyXe3D	2026-12-01 00:47:35.659124+00	2
identity	Y2YxqjgLRGg8RfeKtYJMOnzxJQAAAAAAAAO8AAAAAAAAAANSr8eE	2026-12-01 00:47:35.47549+00	1
\.

COPY playlist.follows (user_id, kind, target_id, since) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	USER	01M8QH4GG7JEY61FX2X0G6XC34	2026-12-01 00:47:35.505+00
\.

COPY playlist.leases (name, holder, held_until) FROM stdin;
consume-catalog	fcbce29bfabc42749c9adf0e4d378e71	2026-12-01 00:47:53.999905+00
consume-identity	44c285ca56d343bc864c2a95300eda30	2026-12-01 00:47:53.820083+00
\.

COPY playlist.pending_erasures (user_id, due_at) FROM stdin;
\.

COPY playlist.people (user_id, username, told_at) FROM stdin;
01M8QH4EZ8NYD9SE50FR8DEBQK	operator	2026-12-01 00:47:33.94+00
01M8QH4GFRF6R50D9WSJ345SDP	ada	2026-12-01 00:47:35.475+00
01M8QH4GG7JEY61FX2X0G6XC34	ben	2026-12-01 00:47:35.502+00
\.

COPY playlist.playlist_followers (playlist_id, user_id, followed_at) FROM stdin;
\.

COPY playlist.playlists (playlist_id, owner_id, title, description, visibility, members, rule, rule_evaluated_at, artwork_paths, track_count, total_duration_ms, follower_count, revision, snapshot_id, copy_revision, bytes_since_copy, first_revision, version, created_at, modified_at, deleted_at, managed_by) FROM stdin;
01M8QH4GK28X8X8ETV9HFRRD32	01M8QH4GFRF6R50D9WSJ345SDP	Sunday		PUBLIC	[{"role": "EDITOR", "user_id": "01M8QH4GG7JEY61FX2X0G6XC34", "since_ms": 1796086055555}]	\N	\N	{}	3	9000	0	4	01M8QH4GKXR23ZWMDCRP9B597J	1	220	1	5	2026-12-01 00:47:35.522+00	2026-12-01 00:47:35.549+00	\N	
\.

COPY playlist.privacy (user_id, following, followers) FROM stdin;
\.

COPY playlist.request_answers (principal, method, request_id, body_sha256, answer, written_at) FROM stdin;
\.

COPY playlist.saved_albums (user_id, album_id, title, artist, artist_id, year, artwork_path, saved_at) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	01M8QH4F10Y2FCVW8Q5T1YBQA2	Tides	The Harbour	01M8QH4F0YMZNQ7S6B71FZ6HZH	0		2026-12-01 00:47:35.497+00
\.

COPY playlist.saved_tracks (user_id, track_id, saved_at) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	01M8QH4F0YMZNQ7S6B71FZ6HZB	2026-12-01 00:47:35.475+00
01M8QH4GFRF6R50D9WSJ345SDP	01M8QH4F0YMZNQ7S6B71FZ6HZD	2026-12-01 00:47:35.474999+00
\.

COPY playlist.share_acceptances (share_id, user_id) FROM stdin;
\.

COPY playlist.share_links (share_id, playlist_id, code_sha256, role, created_by, created_at, expires_at, revoked_at, accepted_count) FROM stdin;
01M8QH4GM94DQ5P3NWEJ8TGBE0	01M8QH4GK28X8X8ETV9HFRRD32	\\xe523b929273f201dfa195f03d084854a35da6b00fde1eacdca0d7f810c77e58d	\N	01M8QH4GFRF6R50D9WSJ345SDP	2026-12-01 00:47:35.561+00	\N	\N	0
\.

COPY playlist.snapshot_copies (playlist_id, revision, title, description, records) FROM stdin;
01M8QH4GK28X8X8ETV9HFRRD32	1	Sunday		\\x
\.

COPY playlist.snapshots (playlist_id, revision, snapshot_id, kind, author_id, created_at, summary, track_count, reverts, undone_by, delta) FROM stdin;
01M8QH4GK28X8X8ETV9HFRRD32	1	01M8QH4GK28X8X8ETV9HFRRD31	CREATED	01M8QH4GFRF6R50D9WSJ345SDP	2026-12-01 00:47:35.522+00	created	0	\N	\N	\\x01
01M8QH4GK28X8X8ETV9HFRRD32	2	01M8QH4GKEXM5G31PN6JQEPVWK	EDIT	01M8QH4GFRF6R50D9WSJ345SDP	2026-12-01 00:47:35.534+00	added 3 tracks	3	\N	\N	\\x0101000301a22f12426d54ad0f18eaaae53f2f1301a22f123c1ea7eb73e4cb385ff347eb01a22f1241f879b050353ccc8642e5b600000bb801a22f12426d756af8aabd5ec37c180801a22f123c1ea7eb73e4cb385ff347ed01a22f1241f879b050353ccc8642e5b600000bb801a22f12426d8bc85579e82027cba70901a22f123c1ea7eb73e4cb385ff347ef01a22f1241f879b050353ccc8642e5b600000bb8
01M8QH4GK28X8X8ETV9HFRRD32	4	01M8QH4GKXR23ZWMDCRP9B597J	UNDO	01M8QH4GFRF6R50D9WSJ345SDP	2026-12-01 00:47:35.549+00	removed 'Ebb' by The Harbour	3	3	\N	\\x01020301
01M8QH4GK28X8X8ETV9HFRRD32	3	01M8QH4GKPMWQVFZ13SPCZ8GT3	EDIT	01M8QH4GFRF6R50D9WSJ345SDP	2026-12-01 00:47:35.542+00	added 'Ebb' by The Harbour	4	\N	4	\\x0101030101a22f124275f646ccac2cbbdc4a27d901a22f123c1ea7eb73e4cb385ff347eb01a22f1241f879b050353ccc8642e5b600000bb8
\.

COPY playlist.tracks (created_at_ms, streams_total, version, listing, duration_ms, year, disc_number, track_number, chance, available, track_id, genre_keys, title_key, artist_key, album_key, title_order, artist_order, album_order, title, artist, artist_id, album, album_id, genres, artwork_path) FROM stdin;
1796086053921	0	3	2	3000	0	0	2	74779757	t	01M8QH4F0YMZNQ7S6B71FZ6HZD	\nambient\n	flood	the harbour	tides	flood	harbour	tides	Flood	The Harbour	01M8QH4F0YMZNQ7S6B71FZ6HZH	Tides	01M8QH4F10Y2FCVW8Q5T1YBQA2	Ambient	
1796086053921	0	3	2	3000	0	0	1	1877893154	t	01M8QH4F0YMZNQ7S6B71FZ6HZB	\nambient\n	ebb	the harbour	tides	ebb	harbour	tides	Ebb	The Harbour	01M8QH4F0YMZNQ7S6B71FZ6HZH	Tides	01M8QH4F10Y2FCVW8Q5T1YBQA2	Ambient	
1796086053921	0	4	2	3000	0	0	3	173830215	t	01M8QH4F0YMZNQ7S6B71FZ6HZF	\nambient\n	slack water (edited)	the harbour	tides	slack water (edited)	harbour	tides	Slack Water (edited)	The Harbour	01M8QH4F0YMZNQ7S6B71FZ6HZH	Tides	01M8QH4F10Y2FCVW8Q5T1YBQA2	Ambient	
\.

COPY playlist.user_counts (user_id, playlists, followed_playlists, saved_tracks, saved_albums, following_users, following_artists, followers, blocks, blocked_artists) FROM stdin;
01M8QH4GFRF6R50D9WSJ345SDP	1	0	2	1	1	0	0	0	0
01M8QH4GG7JEY61FX2X0G6XC34	0	0	0	0	0	0	1	0	1
\.

