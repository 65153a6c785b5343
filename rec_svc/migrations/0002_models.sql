-- Trainings, the newest of which is looked for most; `checkpoint` is what a killed one goes on from.
CREATE TABLE trainings (
    training_id text COLLATE "C" PRIMARY KEY,
    state smallint NOT NULL,
    stage text NOT NULL DEFAULT '',
    progress double precision NOT NULL DEFAULT 0,
    trainer text NOT NULL,
    seed bigint NOT NULL,
    until_ms bigint NOT NULL,
    search_parameters boolean NOT NULL DEFAULT false,
    checkpoint jsonb NOT NULL DEFAULT '{}',
    model_id text COLLATE "C" NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT '',
    created_at_ms bigint NOT NULL,
    finished_at_ms bigint
);
-- One is under way at a time.
CREATE UNIQUE INDEX trainings_unfinished ON trainings ((true)) WHERE finished_at_ms IS NULL;
CREATE INDEX trainings_newest ON trainings (created_at_ms DESC, training_id DESC);

-- Models whose artefact is whole in the object store; `told` is what is known of them.
CREATE TABLE models (
    model_id text COLLATE "C" PRIMARY KEY,
    created_at_ms bigint NOT NULL,
    told jsonb NOT NULL
);
CREATE INDEX models_newest ON models (created_at_ms DESC, model_id DESC);

-- Which model serves since when: the row with the highest revision is what every instance follows.
CREATE TABLE promotions (
    revision bigint PRIMARY KEY,
    model_id text COLLATE "C" NOT NULL REFERENCES models,
    promoted_at_ms bigint NOT NULL,
    promoted_by text NOT NULL,
    -- The revision that a rollback went back to; NULL for a step forward.
    back_to bigint
);
