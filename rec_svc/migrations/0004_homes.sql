-- What the home of each user is made of, until something that it goes by changes; then `body` is NULL.
CREATE TABLE homes (
    user_id text COLLATE "C" PRIMARY KEY,
    -- Rises with every such change: a home is kept only if none came while it was made.
    changed bigint NOT NULL DEFAULT 0,
    -- Since when copies elsewhere are being dropped; NULL once all are gone.
    changed_at timestamptz,
    -- 0 where there is no body.
    made_at_ms bigint NOT NULL DEFAULT 0,
    -- Whether its shelves are in the log of exposures, as they were first shown.
    exposed boolean NOT NULL DEFAULT false,
    body bytea
);
CREATE INDEX homes_changed ON homes (changed_at) WHERE changed_at IS NOT NULL;
CREATE INDEX homes_age ON homes (made_at_ms) WHERE changed_at IS NULL;

CREATE INDEX user_items_blocked ON user_items (item_id)
    WHERE kind = 'BLOCKED_ARTIST' AND kept;
