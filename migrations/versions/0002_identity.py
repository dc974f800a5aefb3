"""Tables of identity: who acts, for whom, with which rights, and what they did."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(_PEOPLE)
    op.execute(_TEAMS)
    op.execute(_AUDIT)


_PEOPLE = """
    CREATE TABLE users (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        email text NOT NULL UNIQUE CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
        password_hash text NOT NULL,
        locale text NOT NULL DEFAULT 'en',
        verified_at timestamptz,
        operator_role text CHECK (operator_role IN ('support', 'finance', 'admin')),
        totp_secret text,
        totp_last_step bigint,
        created_at timestamptz NOT NULL,
        CONSTRAINT users_operator_second_factor_check CHECK (operator_role IS NULL OR totp_secret IS NOT NULL)
    );

    CREATE FUNCTION refuse_used_totp_step() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a one-time code is used once' USING ERRCODE = 'check_violation';
    END $$;
    CREATE TRIGGER users_totp_forward BEFORE UPDATE OF totp_last_step ON users FOR EACH ROW
        WHEN (NEW.totp_secret = OLD.totp_secret AND NEW.totp_last_step IS NOT NULL
              AND NEW.totp_last_step <= OLD.totp_last_step)
        EXECUTE FUNCTION refuse_used_totp_step();

    CREATE TABLE recovery_codes (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users,
        code_hash text NOT NULL,
        used_at timestamptz,
        UNIQUE (user_id, code_hash)
    );

    CREATE TABLE login_sessions (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users,
        kind text NOT NULL CHECK (kind IN ('vendor', 'console')),
        token_hash text NOT NULL UNIQUE,
        created_at timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
        second_factor_at timestamptz,
        revoked_at timestamptz,
        CONSTRAINT login_sessions_console_second_factor_check CHECK (kind = 'vendor' OR second_factor_at IS NOT NULL)
    );
    CREATE INDEX login_sessions_user_idx ON login_sessions (user_id) WHERE revoked_at IS NULL;
    CREATE INDEX login_sessions_expires_idx ON login_sessions (expires_at);

    CREATE TABLE login_attempts (
        account text NOT NULL,
        address text NOT NULL,
        failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
        last_attempt_at timestamptz NOT NULL,
        last_success_at timestamptz,
        PRIMARY KEY (account, address)
    );
    CREATE INDEX login_attempts_last_idx ON login_attempts (last_attempt_at);

    CREATE TABLE email_tokens (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users,
        purpose text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
        token_hash text UNIQUE,
        created_at timestamptz NOT NULL,
        expires_at timestamptz,
        used_at timestamptz,
        CHECK ((token_hash IS NULL) = (expires_at IS NULL)),
        CHECK (used_at IS NULL OR token_hash IS NOT NULL)
    );
    CREATE INDEX email_tokens_user_idx ON email_tokens (user_id, purpose);
"""

_TEAMS = """
    CREATE TABLE team_members (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        business_id uuid NOT NULL,
        user_id uuid NOT NULL REFERENCES users,
        role text NOT NULL CHECK (role IN ('owner', 'manager', 'viewer')),
        may_spend boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL,
        UNIQUE (business_id, user_id),
        CONSTRAINT team_members_may_spend_check CHECK (NOT may_spend OR role = 'manager')
    );
    CREATE INDEX team_members_user_idx ON team_members (user_id);

    -- Locks the owners who are left, so that two owners who demote each other at once cannot both succeed.
    CREATE FUNCTION refuse_business_without_owner() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM team_members WHERE business_id = OLD.business_id AND role = 'owner' ORDER BY id FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a business keeps at least one owner' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER team_members_last_owner AFTER UPDATE OR DELETE ON team_members
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.role = 'owner')
        EXECUTE FUNCTION refuse_business_without_owner();

    CREATE TABLE team_invitations (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        business_id uuid NOT NULL,
        business_name text NOT NULL,
        email text NOT NULL CHECK (email = lower(email)),
        role text NOT NULL CHECK (role IN ('owner', 'manager', 'viewer')),
        may_spend boolean NOT NULL DEFAULT false,
        invited_by uuid NOT NULL REFERENCES users,
        token_hash text UNIQUE,
        created_at timestamptz NOT NULL,
        expires_at timestamptz,
        accepted_at timestamptz,
        withdrawn_at timestamptz,
        CHECK ((token_hash IS NULL) = (expires_at IS NULL)),
        CHECK (accepted_at IS NULL OR withdrawn_at IS NULL),
        CONSTRAINT team_invitations_may_spend_check CHECK (NOT may_spend OR role = 'manager')
    );
    CREATE UNIQUE INDEX team_invitations_open_idx ON team_invitations (business_id, email)
        WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
"""

_AUDIT = """
    CREATE TABLE audit_log (
        id uuid PRIMARY KEY,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        action text NOT NULL,
        subject text NOT NULL,
        facts jsonb NOT NULL,
        seq bigint UNIQUE,
        prev_hash text,
        hash text UNIQUE,
        CONSTRAINT audit_log_sealed_check CHECK (num_nulls(seq, prev_hash, hash) IN (0, 3))
    );
    CREATE INDEX audit_log_unsealed_idx ON audit_log (id) WHERE seq IS NULL;
    CREATE INDEX audit_log_subject_idx ON audit_log (subject, at);

    CREATE TRIGGER audit_log_append_only BEFORE DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER audit_log_seal_once BEFORE UPDATE ON audit_log FOR EACH ROW
        WHEN (OLD.seq IS NOT NULL OR NEW.seq IS NULL
              OR (OLD.id, OLD.at, OLD.actor, OLD.action, OLD.subject, OLD.facts)
                 IS DISTINCT FROM (NEW.id, NEW.at, NEW.actor, NEW.action, NEW.subject, NEW.facts))
        EXECUTE FUNCTION refuse_change();
"""


def downgrade() -> None:
    op.execute("""
    DROP TABLE audit_log;
    DROP TABLE team_invitations;
    DROP TABLE team_members;
    DROP FUNCTION refuse_business_without_owner();
    DROP TABLE email_tokens;
    DROP TABLE login_attempts;
    DROP TABLE login_sessions;
    DROP TABLE recovery_codes;
    DROP TABLE users;
    DROP FUNCTION refuse_used_totp_step();
    """)
