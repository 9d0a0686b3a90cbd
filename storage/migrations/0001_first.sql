-- The first schema. Forward only; runs in one transaction as the owner of the schema.
-- Times are timestamptz, names and areas compare byte by byte (COLLATE "C"), bodies are JSON as text:
-- jsonb would refuse \u0000 and reorder what was signed or hashed.

-- ---------------------------------------------------------------- sources and their events

-- One row an epoch of a producer. last_sequence advances in the transaction that stores the events, only from
-- what it was: this makes delivery exactly once, for a unique key cannot span partitions.
CREATE TABLE source (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source         text COLLATE "C" NOT NULL UNIQUE,
    last_sequence  bigint NOT NULL DEFAULT 0 CHECK (last_sequence >= 0),
    floor_sequence bigint NOT NULL DEFAULT 0, -- retention dropped everything up to here
    created        timestamptz NOT NULL DEFAULT now(),
    updated        timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

CREATE TABLE event (
    received     timestamptz NOT NULL,
    position     bigint NOT NULL,       -- in the feed, where the message itself lies
    source       integer NOT NULL,      -- source.id; no foreign key: COPY would pay for it with every row
    sequence     bigint NOT NULL,
    id           uuid NOT NULL,         -- of the message
    event        uuid NOT NULL,         -- of the happening
    rev          integer NOT NULL,
    phase        text COLLATE "C" NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    camera       text COLLATE "C" NOT NULL, -- or node
    area         text COLLATE "C" NOT NULL,
    time         timestamptz NOT NULL,
    start        timestamptz,
    "end"        timestamptz,
    score        real,
    time_suspect boolean NOT NULL DEFAULT false,
    PRIMARY KEY (source, sequence, received)
) PARTITION BY RANGE (received);
CREATE INDEX event_happening ON event (event, rev);
CREATE INDEX event_camera ON event (camera, time);

-- What could not be decoded or stored, byte by byte, under the sequence it came with.
CREATE TABLE quarantine (
    source   integer NOT NULL,
    sequence bigint NOT NULL,
    received timestamptz NOT NULL,
    reason   text NOT NULL,
    bytes    bytea NOT NULL,
    PRIMARY KEY (source, sequence)
);

-- Happenings that have begun and not ended, and where in the feed their last message lies: for snapshots and for a
-- router that starts. Narrow, and no column that changes has an index: most rows live for seconds.
CREATE TABLE open_event (
    event    uuid PRIMARY KEY,
    rev      integer NOT NULL,
    position bigint NOT NULL,
    received timestamptz NOT NULL,
    kind     text COLLATE "C" NOT NULL,
    camera   text COLLATE "C" NOT NULL,
    area     text COLLATE "C" NOT NULL
) WITH (fillfactor = 50);

-- ---------------------------------------------------------------- the feed

CREATE TABLE feed (
    received timestamptz NOT NULL,
    position bigint NOT NULL,
    topic    text COLLATE "C" NOT NULL,
    body     text NOT NULL,
    PRIMARY KEY (position, received)
) PARTITION BY RANGE (received);

-- One row. position is the last one given; taken last in each transaction that makes feed rows, so that positions
-- are contiguous and become visible in order. Everything at or above floor is stored.
CREATE TABLE feed_counter (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL,
    floor    bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO feed_counter (position, floor) VALUES (0, 1);

-- ---------------------------------------------------------------- rules, alerts, cameras

CREATE TABLE rule_state (
    rule    text COLLATE "C" NOT NULL,
    key     text COLLATE "C" NOT NULL,
    state   text NOT NULL,
    updated timestamptz NOT NULL,
    PRIMARY KEY (rule, key)
);

CREATE TABLE alert (
    id             uuid PRIMARY KEY,
    version        bigint NOT NULL CHECK (version >= 1),
    position       bigint NOT NULL,      -- of its last change in the feed
    severity       text COLLATE "C" NOT NULL CHECK (severity IN ('red', 'yellow', 'green')),
    state          text COLLATE "C" NOT NULL
                   CHECK (state IN ('open', 'acknowledged', 'dispatched', 'resolved')),
    active         boolean NOT NULL,
    kind           text COLLATE "C" NOT NULL,
    camera         text COLLATE "C" NOT NULL, -- '' when it is about an area
    area           text COLLATE "C" NOT NULL,
    path           text COLLATE "C" GENERATED ALWAYS AS (area || '/') STORED, -- prefixes never match half a name
    rule           text COLLATE "C" NOT NULL,
    action         text NOT NULL,
    group_key      text COLLATE "C" NOT NULL,
    resolve        text COLLATE "C" NOT NULL CHECK (resolve IN ('by-hand', 'auto')),
    events         bigint NOT NULL,
    first          timestamptz NOT NULL,
    last           timestamptz NOT NULL,
    event          uuid,                 -- the happening it shows
    snapshot       text COLLATE "C",
    clip           text COLLATE "C",
    shows          text NOT NULL,        -- a copy of what it shows, so that retention takes nothing from it
    owner          text,
    deadline       timestamptz,
    disposition    text COLLATE "C"
                   CHECK (disposition IN ('real', 'nuisance', 'false', 'test', 'maintenance')),
    suppressed_by  uuid,
    shelved_until  timestamptz,
    shelved_reason text,
    opened         timestamptz NOT NULL,
    acknowledged   timestamptz,
    resolved       timestamptz,
    changed        timestamptz NOT NULL,
    changed_by     text NOT NULL,
    CHECK (state <> 'resolved' OR resolved IS NOT NULL)
);
CREATE INDEX alert_time ON alert (opened DESC, id DESC);
CREATE INDEX alert_camera ON alert (camera, opened DESC, id DESC);
CREATE INDEX alert_path ON alert (path, opened DESC, id DESC);
CREATE INDEX alert_severity ON alert (severity, opened DESC, id DESC);
CREATE INDEX alert_state ON alert (state, opened DESC, id DESC);
CREATE INDEX alert_unresolved ON alert (opened DESC, id DESC) WHERE state <> 'resolved';
CREATE INDEX alert_group ON alert (rule, group_key, last DESC);
CREATE INDEX alert_snapshot ON alert (snapshot) WHERE snapshot IS NOT NULL AND state <> 'resolved';

-- Which happenings an alert stands for; it is active while one of them is open.
CREATE TABLE alert_event (
    alert uuid NOT NULL REFERENCES alert ON DELETE CASCADE,
    event uuid NOT NULL,
    ended boolean NOT NULL DEFAULT false,
    PRIMARY KEY (event, alert)
);
CREATE INDEX alert_event_alert ON alert_event (alert) WHERE NOT ended;

CREATE TABLE camera_status (
    camera  text COLLATE "C" PRIMARY KEY,
    area    text COLLATE "C" NOT NULL,
    worker  text COLLATE "C" NOT NULL,
    state   text COLLATE "C" NOT NULL,
    since   timestamptz NOT NULL,
    reason  text NOT NULL DEFAULT '',
    detail  text NOT NULL DEFAULT '{}',
    updated timestamptz NOT NULL
);

-- ---------------------------------------------------------------- people

CREATE TABLE app_user (
    name     text COLLATE "C" PRIMARY KEY,
    hash     text NOT NULL,              -- argon2id, the whole encoded string
    role     text COLLATE "C" NOT NULL
             CHECK (role IN ('viewer', 'operator', 'supervisor', 'technician', 'administrator')),
    areas    text[] NOT NULL DEFAULT '{}', -- subtrees he may see; empty: all
    disabled boolean NOT NULL DEFAULT false,
    created  timestamptz NOT NULL,
    changed  timestamptz NOT NULL
);

CREATE TABLE session (
    token     bytea PRIMARY KEY,         -- a hash of it: the table opens no door
    name      text COLLATE "C" NOT NULL REFERENCES app_user ON DELETE CASCADE,
    csrf      text COLLATE "C" NOT NULL,
    address   text NOT NULL,
    agent     text NOT NULL,
    created   timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    expires   timestamptz NOT NULL
);
CREATE INDEX session_name ON session (name);

-- ---------------------------------------------------------------- the log: append-only, chained

CREATE TABLE log (
    n      bigint PRIMARY KEY,
    at     timestamptz NOT NULL,
    role   text NOT NULL,                -- of the database, who wrote it
    actor  text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    detail text NOT NULL,
    hash   bytea NOT NULL
);
CREATE INDEX log_object ON log (object, n);

CREATE TABLE log_head (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    n    bigint NOT NULL,
    hash bytea NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_head (n, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Lengths keep fields apart: no two entries have the same bytes.
CREATE FUNCTION log_hash(prev bytea, n bigint, at timestamptz, role text, actor text, action text, object text,
                         detail text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog AS $$
    SELECT sha256(prev || int8send(n) || timestamptz_send(at)
        || int4send(octet_length(role)) || convert_to(role, 'UTF8')
        || int4send(octet_length(actor)) || convert_to(actor, 'UTF8')
        || int4send(octet_length(action)) || convert_to(action, 'UTF8')
        || int4send(octet_length(object)) || convert_to(object, 'UTF8')
        || int4send(octet_length(detail)) || convert_to(detail, 'UTF8'))
$$;

CREATE FUNCTION log_append(p_actor text, p_action text, p_object text, p_detail text,
                           OUT r_n bigint, OUT r_hash bytea) LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = vedette, pg_catalog, pg_temp AS $$
DECLARE
    v_prev bytea;
    v_at timestamptz := clock_timestamp();
BEGIN
    SELECT h.n + 1, h.hash INTO r_n, v_prev FROM log_head h FOR UPDATE;
    r_hash := log_hash(v_prev, r_n, v_at, session_user::text, p_actor, p_action, p_object, p_detail);
    INSERT INTO log VALUES (r_n, v_at, session_user, p_actor, p_action, p_object, p_detail, r_hash);
    UPDATE log_head SET n = r_n, hash = r_hash;
END
$$;

CREATE FUNCTION log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

-- ---------------------------------------------------------------- partitions and retention

CREATE TABLE event_default PARTITION OF event DEFAULT;
CREATE TABLE feed_default PARTITION OF feed DEFAULT;

-- Makes the partition of one day (UTC). Attached rather than created in place: that would lock out readers.
-- Rows that came while it was missing lie in the default partition and are moved.
CREATE FUNCTION partition_make(p_table text, p_day date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = vedette, pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '1s' AS $$
DECLARE
    v_name text := p_table || '_' || to_char(p_day, 'YYYYMMDD');
    v_from timestamptz := p_day;
    v_to timestamptz := p_day + 1;
BEGIN
    IF p_table NOT IN ('event', 'feed') THEN
        RAISE EXCEPTION 'no partitions of %', p_table;
    END IF;
    IF to_regclass('vedette.' || v_name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', v_name, p_table);
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', p_table || '_default');
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE received >= %L AND received < %L RETURNING *)
                    INSERT INTO %I SELECT * FROM moved', p_table || '_default', v_from, v_to, v_name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   p_table, v_name, v_from, v_to);
    RETURN true;
END
$$;

-- Makes the partitions from p_from to p_from + p_ahead days. Returns how many were new.
CREATE FUNCTION partitions_ahead(p_from timestamptz, p_ahead integer) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = vedette, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    v_made integer := 0;
BEGIN
    FOR i IN 0 .. least(p_ahead, 31) LOOP
        v_made := v_made + partition_make('event', p_from::date + i)::integer
                         + partition_make('feed', p_from::date + i)::integer;
    END LOOP;
    RETURN v_made;
END
$$;

-- Raises the floors past what lies in one table of events or of the feed, before it goes.
CREATE FUNCTION floors_raise(p_table text, p_name text, p_before timestamptz) RETURNS void LANGUAGE plpgsql
    SET search_path = vedette, pg_catalog, pg_temp AS $$
BEGIN
    IF p_table = 'feed' THEN
        EXECUTE format('UPDATE feed_counter SET floor = greatest(floor,
            (SELECT coalesce(max(position), 0) + 1 FROM %I WHERE received < $1))', p_name) USING p_before;
    ELSE
        -- one probe of the index a source, rather than a walk over the day
        EXECUTE format('UPDATE source s SET floor_sequence = d.top FROM (SELECT id,
            (SELECT max(e.sequence) FROM %I e WHERE e.source = o.id AND e.received < $1) AS top FROM source o) d
            WHERE s.id = d.id AND d.top > s.floor_sequence', p_name) USING p_before;
    END IF;
END
$$;

-- Drops the days of events and feed that ended before p_before, at least a day ago; records the floors.
-- Returns how many partitions went. Alerts and open happenings keep their copies.
CREATE FUNCTION retention_run(p_before timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = vedette, pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms' AS $$
DECLARE
    v_before timestamptz := date_trunc('day', least(p_before, now() - interval '1 day'));
    v_dropped integer := 0;
    v_table text;
    v_name text;
BEGIN
    -- The counter first, as every writer does: then only readers can be in the way of the drop, and they stall
    -- writers for no longer than lock_timeout. Floors and rows go in this one transaction.
    PERFORM 1 FROM feed_counter FOR UPDATE;
    FOREACH v_table IN ARRAY ARRAY['event', 'feed'] LOOP
        FOR v_name IN
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = ('vedette.' || v_table)::regclass
              AND c.relname ~ ('^' || v_table || '_[0-9]{8}$')
              AND to_date(right(c.relname, 8), 'YYYYMMDD') + 1 <= v_before::date
            ORDER BY c.relname
        LOOP
            PERFORM floors_raise(v_table, v_name, 'infinity');
            EXECUTE format('DROP TABLE %I', v_name);
            v_dropped := v_dropped + 1;
        END LOOP;
        PERFORM floors_raise(v_table, v_table || '_default', v_before);
        EXECUTE format('DELETE FROM %I WHERE received < $1', v_table || '_default') USING v_before;
    END LOOP;
    UPDATE source s SET floor_sequence = greatest(s.floor_sequence, d.top)
        FROM (SELECT source, max(sequence) AS top FROM quarantine WHERE received < v_before GROUP BY source) d
        WHERE s.id = d.source;
    DELETE FROM quarantine WHERE received < v_before;
    DELETE FROM open_event WHERE received < v_before;
    -- rows of source stay for ever: a producer that was quiet for months must still find its last number
    RETURN v_dropped;
END
$$;

-- ---------------------------------------------------------------- who may what

-- Grants to those of our roles that exist: a private cluster has them all, a given database perhaps none but one.
-- Called after every migration.
CREATE FUNCTION grants() RETURNS void LANGUAGE plpgsql SET search_path = vedette, pg_catalog, pg_temp AS $$
DECLARE
    v_role text;
BEGIN
    REVOKE ALL ON SCHEMA vedette FROM PUBLIC;
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA vedette FROM PUBLIC;
    FOR v_role IN SELECT rolname FROM pg_roles
                  WHERE rolname IN ('vedette_router', 'vedette_console', 'vedette_reader') LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA vedette TO %I', v_role);
        EXECUTE format('GRANT SELECT ON schema_version, source, event, quarantine, open_event, feed, feed_counter,
            rule_state, alert, alert_event, camera_status, log, log_head TO %I', v_role);
        EXECUTE format('GRANT EXECUTE ON FUNCTION log_hash TO %I', v_role);
        IF v_role = 'vedette_reader' THEN
            CONTINUE;
        END IF;
        EXECUTE format('GRANT EXECUTE ON FUNCTION log_append TO %I', v_role);
        EXECUTE format('GRANT INSERT ON feed TO %I', v_role);
        EXECUTE format('GRANT UPDATE (position) ON feed_counter TO %I', v_role);
        IF v_role = 'vedette_router' THEN
            EXECUTE format('GRANT INSERT ON source, event, quarantine, alert, alert_event TO %I', v_role);
            EXECUTE format('GRANT UPDATE (last_sequence, updated) ON source TO %I', v_role);
            EXECUTE format('GRANT UPDATE ON alert, alert_event TO %I', v_role);
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON open_event, rule_state, camera_status TO %I', v_role);
            EXECUTE format('GRANT EXECUTE ON FUNCTION partition_make, partitions_ahead, retention_run TO %I', v_role);
        ELSE
            EXECUTE format('GRANT UPDATE ON alert TO %I', v_role);
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON app_user, session TO %I', v_role);
        END IF;
    END LOOP;
END
$$;
