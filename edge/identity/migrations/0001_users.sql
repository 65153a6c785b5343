CREATE TABLE users (
    user_id text PRIMARY KEY CHECK (length(user_id) = 26),
    username text NOT NULL CHECK (username ~ '^[a-z0-9][a-z0-9._-]{2,31}$'),
    email text CHECK (length(email) <= 254),
    tier text NOT NULL CHECK (tier IN ('free', 'premium')),
    password_hash text,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_username ON users (lower(username));
CREATE UNIQUE INDEX users_email ON users (lower(email)) WHERE email IS NOT NULL;

CREATE TABLE revoked_sessions (
    sid text PRIMARY KEY,
    user_id text NOT NULL,
    revoked_at timestamptz NOT NULL,
    forget_at timestamptz NOT NULL
);
CREATE INDEX revoked_sessions_forget_at ON revoked_sessions (forget_at);
