-- Plans that end, administrators, and who was erased: the id alone stays.
ALTER TABLE users
    ADD COLUMN plan_ends_at timestamptz,
    ADD COLUMN admin boolean NOT NULL DEFAULT false;
CREATE INDEX users_plan_ends ON users (plan_ends_at) WHERE plan_ends_at IS NOT NULL;
CREATE INDEX users_admins ON users (user_id) WHERE admin;

CREATE TABLE erased_users (
    user_id text PRIMARY KEY,
    erased_at timestamptz NOT NULL,
    forget_at timestamptz NOT NULL
);
CREATE INDEX erased_users_forget_at ON erased_users (forget_at);
