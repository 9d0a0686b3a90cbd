-- What a rule wanted of an alert and the schema would not take, for somebody to see to: no message is to blame for
-- it, and nothing waits for it.

CREATE TABLE refused_alert (
    rule   text COLLATE "C" NOT NULL,
    alert  uuid NOT NULL,
    at     timestamptz NOT NULL,
    reason text NOT NULL,
    wanted bytea NOT NULL,               -- the alert's message, or the text of the rule's memory
    PRIMARY KEY (rule, alert)
);

-- Grants to those of our roles that exist: a private cluster has them all, a given database perhaps none but one.
-- Called after every migration; begins with nothing, so what a role may no longer do goes with the next migration.
-- A later migration that makes tables adds a function of its own, grants_NNNN(role), rather than changing this.
CREATE OR REPLACE FUNCTION grants() RETURNS void LANGUAGE plpgsql SET search_path = vedette, pg_catalog, pg_temp AS $$
DECLARE
    v_role text;
    v_more text;
BEGIN
    REVOKE ALL ON SCHEMA vedette FROM PUBLIC;
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA vedette FROM PUBLIC;
    FOR v_role IN SELECT rolname FROM pg_roles
                  WHERE rolname IN ('vedette_router', 'vedette_console', 'vedette_reader') LOOP
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA vedette FROM %I', v_role);
        EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA vedette FROM %I', v_role);
        EXECUTE format('GRANT USAGE ON SCHEMA vedette TO %I', v_role);
        PERFORM grants_base(v_role);
        FOR v_more IN SELECT proname FROM pg_proc WHERE pronamespace = 'vedette'::regnamespace
                      AND proname ~ '^grants_[0-9]{4}$' ORDER BY proname LOOP
            EXECUTE format('SELECT %I($1)', v_more) USING v_role;
        END LOOP;
    END LOOP;
END
$$;

CREATE FUNCTION grants_base(p_role text) RETURNS void LANGUAGE plpgsql
    SET search_path = vedette, pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('GRANT SELECT ON schema_version, source, event, quarantine, open_event, feed, feed_counter,
        rule_state, alert, alert_event, camera_status, log, log_head TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION log_hash TO %I', p_role);
    IF p_role = 'vedette_reader' THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT EXECUTE ON FUNCTION log_append TO %I', p_role);
    EXECUTE format('GRANT INSERT ON feed TO %I', p_role);
    EXECUTE format('GRANT UPDATE (position) ON feed_counter TO %I', p_role);
    IF p_role = 'vedette_router' THEN
        EXECUTE format('GRANT INSERT ON source, event, quarantine, alert, alert_event TO %I', p_role);
        EXECUTE format('GRANT UPDATE (last_sequence, updated) ON source TO %I', p_role);
        EXECUTE format('GRANT UPDATE ON alert, alert_event TO %I', p_role);
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON open_event, rule_state, camera_status TO %I', p_role);
        EXECUTE format('GRANT EXECUTE ON FUNCTION partition_make, partitions_ahead, retention_run TO %I', p_role);
    ELSE
        EXECUTE format('GRANT UPDATE ON alert TO %I', p_role);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON app_user, session TO %I', p_role);
    END IF;
END
$$;

CREATE FUNCTION grants_0003(p_role text) RETURNS void LANGUAGE plpgsql
    SET search_path = vedette, pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('GRANT SELECT ON refused_alert TO %I', p_role);
    IF p_role = 'vedette_router' THEN
        EXECUTE format('GRANT INSERT, UPDATE ON refused_alert TO %I', p_role);
    END IF;
END
$$;
