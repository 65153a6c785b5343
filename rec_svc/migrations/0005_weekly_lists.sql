-- Discover Weekly: what was made for a user in a week, which is 100 times the year of ISO 8601 and the
-- number of the week. The first one that is made stands; the body is all of it.
CREATE TABLE weekly_lists (
    user_id text COLLATE "C" NOT NULL,
    week integer NOT NULL,
    body jsonb NOT NULL,
    -- The user's playlist, once it has this list.
    playlist_id text COLLATE "C" NOT NULL DEFAULT '',
    -- When it is to be put into the playlist; NULL: it is there, or never will be.
    due_at_ms bigint,
    PRIMARY KEY (user_id, week)
);
CREATE INDEX weekly_lists_due ON weekly_lists (week, due_at_ms, user_id)
    WHERE due_at_ms IS NOT NULL;
CREATE INDEX weekly_lists_week ON weekly_lists (week);

-- How far the lists of a week are made for those who listened lately: to which user, by id.
CREATE TABLE weekly_batches (
    week integer PRIMARY KEY,
    reached text COLLATE "C" NOT NULL DEFAULT '',
    is_done boolean NOT NULL DEFAULT false
);
