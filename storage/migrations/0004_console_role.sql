-- The console's role, and that of the command line, changes an alert in one way only: people's columns, the next
-- version, an entry of the log and the message of just that, in one transaction. It writes neither feed nor positions.

-- Whoever may write the feed himself (router, owner) is not held to it.

CREATE FUNCTION alert_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'alert %: version % does not follow on %', OLD.id, NEW.version, OLD.version
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER alert_guard BEFORE UPDATE ON alert FOR EACH ROW
    WHEN (NOT has_table_privilege(current_user, 'vedette.feed', 'INSERT')) EXECUTE FUNCTION alert_guard();

-- At the commit: a position of its own, which feed_alert() alone gives it.
CREATE FUNCTION alert_told() RETURNS trigger LANGUAGE plpgsql SET search_path = vedette, pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM alert a WHERE a.id = NEW.id AND a.position > OLD.position) THEN
        RAISE EXCEPTION 'alert %: changed without its entry in log and feed', NEW.id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER alert_told AFTER UPDATE ON alert DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NOT has_table_privilege(current_user, 'vedette.feed', 'INSERT')) EXECUTE FUNCTION alert_told();

CREATE FUNCTION json_is_plain(p json) RETURNS boolean LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog AS $$
    SELECT count(*) = count(DISTINCT k) FROM json_object_keys(p) k -- a key told twice reads differently to others
$$;

CREATE FUNCTION json_is_same(p_a text, p_b text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog AS $$
BEGIN
    RETURN p_a = p_b OR p_a::jsonb = p_b::jsonb;
EXCEPTION WHEN OTHERS THEN
    RETURN false;
END
$$;

-- The first of a message's words about an alert that the row does not bear out; NULL: none.
CREATE FUNCTION alert_untrue(p_alert alert, p_data json) RETURNS text LANGUAGE sql STABLE
    SET search_path = vedette, pg_catalog, pg_temp AS $$
    SELECT key FROM (VALUES
        ('alert', p_alert.id::text), ('version', p_alert.version::text), ('severity', p_alert.severity),
        ('state', p_alert.state), ('active', p_alert.active::text), ('area', p_alert.area),
        ('camera', nullif(p_alert.camera, '')), ('kind', p_alert.kind), ('rule', p_alert.rule),
        ('action', nullif(p_alert.action, '')), ('resolve', p_alert.resolve), ('event', p_alert.event::text),
        ('owner', p_alert.owner), ('disposition', p_alert.disposition),
        ('suppressed_by', p_alert.suppressed_by::text), ('changed_by', p_alert.changed_by)) t (key, want)
        WHERE p_data ->> key IS DISTINCT FROM want
    UNION ALL
    SELECT key FROM (VALUES
        ('opened', p_alert.opened), ('acknowledged', p_alert.acknowledged), ('resolved', p_alert.resolved),
        ('deadline', p_alert.deadline), ('changed', p_alert.changed)) t (key, want)
        WHERE (p_data ->> key IS NULL) <> (want IS NULL)
           OR abs(extract(epoch FROM (p_data ->> key)::timestamptz - want)) >= 0.001
    UNION ALL
    SELECT 'shows' WHERE p_data ->> 'shows' IS NOT NULL AND NOT json_is_same(p_data ->> 'shows', p_alert.shows)
    LIMIT 1
$$;

-- Puts the message of an alert's change into the feed, at the next position, which it returns. The change and its
-- entry of the log must be of this very transaction and agree with each other and with the message. Order of locks:
-- alert and log are held already, the counter comes last.
CREATE FUNCTION feed_alert(p_alert uuid, p_body text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = vedette, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    v_now xid := pg_current_xact_id()::xid;
    v_body json := p_body::json;
    v_alert alert;
    v_log log;
    v_untrue text;
    v_position bigint;
BEGIN
    SELECT * INTO v_alert FROM alert WHERE id = p_alert AND xmin = v_now;
    SELECT l.* INTO v_log FROM log_head h JOIN log l ON l.n = h.n WHERE l.xmin = v_now;
    IF v_alert.id IS NULL THEN
        v_untrue := 'alert';
    ELSIF v_log.n IS NULL OR v_log.object <> p_alert::text OR v_log.action NOT LIKE 'alert.%'
        OR v_log.actor <> v_alert.changed_by
        OR v_log.detail::json ->> 'version' IS DISTINCT FROM (v_alert.version - 1)::text
        OR v_body -> 'log' ->> 'n' IS DISTINCT FROM v_log.n::text
        OR v_body -> 'log' ->> 'hash' IS DISTINCT FROM encode(v_log.hash, 'hex') THEN
        v_untrue := 'log';
    ELSIF v_body ->> 'type' IS DISTINCT FROM 'vedette.alert.v1' OR NOT json_is_plain(v_body)
        OR v_body ->> 'source' IS DISTINCT FROM '/vedette/alerts'
        OR v_body ->> 'subject' IS DISTINCT FROM 'alert/' || p_alert OR NOT json_is_plain(v_body -> 'data') THEN
        v_untrue := 'type';
    ELSE
        v_untrue := alert_untrue(v_alert, v_body -> 'data');
    END IF;
    IF v_untrue IS NOT NULL THEN
        RAISE EXCEPTION 'alert %: its message is not true to the change (%)', p_alert, v_untrue
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE feed_counter SET position = position + 1 RETURNING position INTO v_position;
    UPDATE alert SET position = v_position WHERE id = p_alert;
    INSERT INTO feed (received, position, topic, body)
        VALUES (clock_timestamp(), v_position, 'alert/' || CASE WHEN v_alert.area <> '' THEN v_alert.area || '/'
                ELSE '' END || '-/' || v_alert.severity || '/' || v_alert.state || '/', p_body);
    PERFORM pg_notify('vedette_feed', '');
    RETURN v_position;
END
$$;

CREATE OR REPLACE FUNCTION grants_base(p_role text) RETURNS void LANGUAGE plpgsql
    SET search_path = vedette, pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('GRANT SELECT ON schema_version, source, event, quarantine, open_event, feed, feed_counter,
        rule_state, alert, alert_event, camera_status, log, log_head TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION log_hash TO %I', p_role);
    IF p_role = 'vedette_reader' THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT EXECUTE ON FUNCTION log_append TO %I', p_role);
    IF p_role = 'vedette_router' THEN
        EXECUTE format('GRANT INSERT ON source, event, quarantine, alert, alert_event, feed TO %I', p_role);
        EXECUTE format('GRANT UPDATE (position) ON feed_counter TO %I', p_role);
        EXECUTE format('GRANT UPDATE (last_sequence, updated) ON source TO %I', p_role);
        EXECUTE format('GRANT UPDATE ON alert, alert_event TO %I', p_role);
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON open_event, rule_state, camera_status TO %I', p_role);
        EXECUTE format('GRANT EXECUTE ON FUNCTION partition_make, partitions_ahead, retention_run TO %I', p_role);
    ELSE
        -- what people change, and nothing of what a rule saw; see vd_pg_alert_work
        EXECUTE format('GRANT UPDATE (version, state, owner, deadline, disposition, suppressed_by, shelved_until,
            shelved_reason, acknowledged, resolved, changed, changed_by, seen_events) ON alert TO %I', p_role);
        EXECUTE format('GRANT EXECUTE ON FUNCTION feed_alert, alert_untrue, json_is_plain, json_is_same TO %I', p_role);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON app_user, session TO %I', p_role);
    END IF;
END
$$;
