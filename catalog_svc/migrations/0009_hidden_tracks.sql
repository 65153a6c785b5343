-- What was taken down, the newest first.
CREATE INDEX tracks_hidden ON tracks (created_at DESC, id DESC) WHERE hidden;
