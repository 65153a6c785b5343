COPY identity.erased_users (user_id, erased_at, forget_at) FROM stdin;
\.

COPY identity.request_answers (principal, method, request_id, body_sha256, answer, written_at) FROM stdin;
\.

COPY identity.revoked_sessions (sid, user_id, revoked_at, forget_at) FROM stdin;
\.

COPY identity.users (user_id, username, email, tier, password_hash, version, created_at, plan_ends_at, admin) FROM stdin;
01M8QDR94BPDSBCEBDA6XJ309Y	operator	\N	free	\N	1	2026-11-30 23:48:28.939249+00	\N	t
01M8QDRB0MTGWXVJ42YPVRP427	ada	\N	premium	\N	1	2026-11-30 23:48:30.868542+00	\N	f
01M8QDRB1WJF3KNQK509EWHYG6	ben	\N	free	\N	1	2026-11-30 23:48:30.908837+00	\N	f
\.

