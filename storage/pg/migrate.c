/* storage/pg/migrate.c: forward only, each step in its own transaction under one lock. What was
 * applied is remembered with its name, so that two histories never mix. */
#include "storage/pg/migrate.h"

#include <string.h>

#include "base/clock.h"
#include "storage/pg/events.h"
#include "storage/pg/migrations.h"

int vd_pg_schema_version(void)
{
    return vd_n_migrations;
}

/* Reads the version of the database; 0: no schema of ours. Compares the names of what is known
 * to both. */
static int current_version(struct vd_pg *pg, int *ret_version, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int rc = vd_pg_exec(pg, "SELECT to_regclass('vedette.schema_version') IS NOT NULL", NULL,
                        &rows, err);
    bool exists = rc >= 0 && vd_pg_bool(rows, 0, 0);

    vd_pg_rows_free(&rows);
    *ret_version = 0;
    if (rc < 0 || !exists)
        return rc;
    rc = vd_pg_exec(pg, "SELECT version, name FROM vedette.schema_version ORDER BY version",
                    NULL, &rows, err);
    for (int i = 0; rc >= 0 && i < vd_pg_rows_count(rows); i++) {
        if (vd_pg_int(rows, i, 0) != i + 1 ||
            (i < vd_n_migrations &&
             strcmp(vd_pg_text(rows, i, 1), vd_migrations[i].name) != 0)) {
            rc = vd_err_set(err, VD_EINVAL,
                            "database: migration %d is '%s', not one of this program: is it "
                            "another's database?",
                            i + 1, vd_pg_text(rows, i, 1));
            break;
        }
        *ret_version = i + 1;
    }
    vd_pg_rows_free(&rows);
    return rc;
}

static int refuse_newer(int version, struct vd_err *err)
{
    return vd_err_set(err, VD_EINVAL,
                      "database: its schema is version %d, this program knows %d: install the "
                      "newer Vedette that migrated it",
                      version, vd_n_migrations);
}

int vd_pg_schema_check(struct vd_pg *pg, struct vd_err *err)
{
    int version, rc = current_version(pg, &version, err);

    if (rc < 0)
        return rc;
    if (version > vd_n_migrations)
        return refuse_newer(version, err);
    if (version < vd_n_migrations)
        return vd_err_set(err, VD_EAGAIN,
                          "database: its schema is version %d of %d: 'vedette up' migrates it",
                          version, vd_n_migrations);
    return 0;
}

static int apply(struct vd_pg *pg, int version, struct vd_err *err)
{
    const struct vd_migration *migration = &vd_migrations[version - 1];
    struct vd_pg_args args = {0};
    struct vd_err why = {0};
    int rc = vd_pg_begin(pg, &why);

    if (rc >= 0)
        rc = vd_pg_script(pg, migration->sql, &why);
    vd_pg_arg_int(&args, version);
    vd_pg_arg_text(&args, migration->name);
    if (rc >= 0)
        rc = vd_pg_exec(pg,
                        "INSERT INTO vedette.schema_version (version, name, applied)"
                        " VALUES ($1, $2, now())",
                        &args, NULL, &why);
    if (rc >= 0)
        rc = vd_pg_commit(pg, &why);
    if (rc < 0) {
        vd_pg_rollback(pg);
        return vd_err_set(err, (enum vd_code)rc, "migration %s: %.150s", migration->name,
                          why.msg);
    }
    return 0;
}

static int migrate_locked(struct vd_pg *pg, struct vd_err *err)
{
    int64_t now_us = vd_clock_system.wall_us(vd_clock_system.self);
    int version, applied = 0;
    int rc = vd_pg_script(pg,
                          "CREATE SCHEMA IF NOT EXISTS vedette;"
                          "CREATE TABLE IF NOT EXISTS vedette.schema_version ("
                          "version integer PRIMARY KEY, name text NOT NULL,"
                          "applied timestamptz NOT NULL)",
                          err);

    if (rc < 0 || (rc = current_version(pg, &version, err)) < 0)
        return rc;
    if (version > vd_n_migrations)
        return refuse_newer(version, err);
    for (; version < vd_n_migrations; version++, applied++)
        if ((rc = apply(pg, version + 1, err)) < 0)
            return rc;
    if ((rc = vd_pg_exec(pg, "SELECT vedette.grants()", NULL, NULL, err)) < 0 ||
        (rc = vd_pg_partitions_ahead(pg, now_us, 1, err)) < 0)
        return rc;
    return applied;
}

int vd_pg_migrate(struct vd_pg *pg, struct vd_err *err)
{
    enum { LONG_MS = 30 * 60 * 1000 }; /* a later migration may rewrite a large table */
    struct vd_pg_args args = {0};
    int rc;

    vd_pg_set_deadline(pg, LONG_MS);
    vd_pg_arg_int(&args, VD_PG_LOCK_MIGRATE);
    rc = vd_pg_exec(pg, "SELECT pg_advisory_lock($1)", &args, NULL, err);
    if (rc >= 0) {
        rc = migrate_locked(pg, err);
        if (vd_pg_is_open(pg))
            (void)vd_pg_exec(pg, "SELECT pg_advisory_unlock($1)", &args, NULL, NULL);
    }
    if (vd_pg_is_open(pg))
        vd_pg_set_deadline(pg, 0);
    return rc;
}
