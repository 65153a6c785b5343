-- Every play is kept and told, with how it ended; the history is of those that counted, as all did so
-- far. A play that the version before this one enters meanwhile is LEFT.
ALTER TABLE plays
    ADD COLUMN outcome text NOT NULL DEFAULT 'LEFT'
        CHECK (outcome IN ('COMPLETED', 'SKIPPED', 'LEFT', 'EXPIRED')),
    ADD COLUMN counted boolean NOT NULL DEFAULT true,
    ALTER COLUMN completed SET DEFAULT false;
UPDATE plays SET outcome = 'COMPLETED' WHERE completed;
CREATE INDEX plays_counted ON plays (user_id, play_id) WHERE counted;

-- The feed's plays counted, too: field 11 of the play, in field 2, of each message. A message's
-- parts may come apart, and are merged when it is read.
DO $$ BEGIN
    IF to_regclass('change_feed') IS NOT NULL THEN
        UPDATE change_feed SET payload = payload || '\x12025801'::bytea WHERE entity = 'play';
    END IF;
END $$;
