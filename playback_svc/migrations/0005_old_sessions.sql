-- Sessions that are over are kept for a while, and found by their end then.
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
