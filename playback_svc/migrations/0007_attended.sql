-- Whether the device that plays is one that beats; of what plays already nobody knows.
ALTER TABLE player_state ADD COLUMN attended boolean NOT NULL DEFAULT false;
