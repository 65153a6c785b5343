-- Every play is kept and told, with how it ended; the history is of those that counted, as all did so
-- far. A play that the version before this one enters meanwhile is LEFT.
ALTER TABLE plays
    ADD COLUMN outcome text NOT NULL DEFAULT 'LEFT'
        CHECK (outcome IN ('COMPLETED', 'SKIPPED', 'LEFT', 'EXPIRED')),
    ADD COLUMN counted boolean NOT NULL DEFAULT true,
    ALTER COLUMN completed SET DEFAULT false;
UPDATE plays SET outcome = 'COMPLETED' WHERE completed;
CREATE INDEX plays_counted ON plays (user_id, play_id) WHERE counted;
