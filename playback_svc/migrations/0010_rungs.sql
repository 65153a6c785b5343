-- The rung that was heard, by its name. Devices told rates so far: each is taken as the nearest rung.
ALTER TABLE player_state ADD COLUMN rung text NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN rung text NOT NULL DEFAULT '';
ALTER TABLE plays ADD COLUMN rung text NOT NULL DEFAULT '';

UPDATE player_state SET rung = CASE
    WHEN bitrate_kbps <= 160 THEN '128'
    WHEN bitrate_kbps <= 224 THEN '192'
    WHEN bitrate_kbps <= 288 THEN '256'
    WHEN bitrate_kbps <= 360 THEN '320'
    ELSE 'flac'
END
WHERE bitrate_kbps > 0;

UPDATE sessions SET rung = CASE
    WHEN bitrate_kbps <= 160 THEN '128'
    WHEN bitrate_kbps <= 224 THEN '192'
    WHEN bitrate_kbps <= 288 THEN '256'
    WHEN bitrate_kbps <= 360 THEN '320'
    ELSE 'flac'
END
WHERE bitrate_kbps > 0;
