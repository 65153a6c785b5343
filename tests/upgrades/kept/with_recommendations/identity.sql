COPY identity.erased_users (user_id, erased_at, forget_at) FROM stdin;
\.

COPY identity.request_answers (principal, method, request_id, body_sha256, answer, written_at) FROM stdin;
\.

COPY identity.revoked_sessions (sid, user_id, revoked_at, forget_at) FROM stdin;
\.

COPY identity.users (user_id, username, email, tier, password_hash, version, created_at, plan_ends_at, admin) FROM stdin;
01M8QH4EZ8NYD9SE50FR8DEBQK	operator	\N	free	\N	1	2026-12-01 00:47:33.864742+00	\N	t
01M8QH4GFRF6R50D9WSJ345SDP	ada	\N	premium	\N	1	2026-12-01 00:47:35.416452+00	\N	f
01M8QH4GG7JEY61FX2X0G6XC34	ben	\N	free	\N	1	2026-12-01 00:47:35.431848+00	\N	f
\.

