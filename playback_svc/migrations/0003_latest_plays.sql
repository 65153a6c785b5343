-- Each track of a user at its latest play, so that a history of distinct tracks is read as fast as
-- the whole one.
CREATE TABLE latest_plays (
    user_id text NOT NULL,
    track_id text NOT NULL,
    play_id text NOT NULL,
    PRIMARY KEY (user_id, track_id)
);
INSERT INTO latest_plays (user_id, track_id, play_id)
SELECT user_id, track_id, max(play_id) FROM plays GROUP BY user_id, track_id;
CREATE UNIQUE INDEX latest_plays_newest ON latest_plays (user_id, play_id);
