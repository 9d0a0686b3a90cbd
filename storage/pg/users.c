/* storage/pg/users.c: people and their sessions. A change of what someone may do ends the
 * sessions in which he may still do more. */
#include "storage/pg/users.h"

#include <string.h>

#include "storage/pg/array.h"

/* areas as text, one a line: names have no line breaks, and a result of text[] would need a
 * parser */
#define USER_COLUMNS                                                                           \
    "u.name, u.hash, u.role, array_to_string(u.areas, E'\\n'), u.disabled,"                    \
    " u.created, u.changed"

static void read_areas(const char *text, struct vd_user *user)
{
    while (*text != '\0' && user->n_areas < VD_USER_AREAS_MAX) {
        size_t len = strcspn(text, "\n");
        size_t room = sizeof user->areas[0] - 1;

        memcpy(user->areas[user->n_areas], text, len < room ? len : room);
        user->n_areas++;
        text += len + (text[len] == '\n');
    }
}

static void read_user(const struct vd_pg_rows *rows, int row, int col, struct vd_user *user)
{
    memset(user, 0, sizeof *user);
    vd_pg_copy_text(rows, row, col, user->name, sizeof user->name);
    vd_pg_copy_text(rows, row, col + 1, user->hash, sizeof user->hash);
    vd_pg_copy_text(rows, row, col + 2, user->role, sizeof user->role);
    read_areas(vd_pg_text(rows, row, col + 3), user);
    user->disabled = vd_pg_bool(rows, row, col + 4);
    user->created_us = vd_pg_time(rows, row, col + 5);
    user->changed_us = vd_pg_time(rows, row, col + 6);
}

int vd_pg_user_store(struct vd_pg *pg, const struct vd_user *user, int64_t now_us,
                     struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct pg_array areas;
    int rc;

    if (user->name[0] == '\0' || user->n_areas < 0 || user->n_areas > VD_USER_AREAS_MAX)
        return vd_err_set(err, VD_EINVAL, "user '%s': no name, or too many areas", user->name);
    pg_array_init(&areas, PG_ARRAY_TEXT);
    for (int i = 0; i < user->n_areas; i++)
        pg_array_text(&areas, user->areas[i]);
    vd_pg_arg_text(&args, user->name);
    vd_pg_arg_text(&args, user->hash);
    vd_pg_arg_text(&args, user->role);
    rc = pg_array_arg(&areas, &args, err);
    vd_pg_arg_bool(&args, user->disabled);
    vd_pg_arg_time(&args, now_us);
    if (rc == 0)
        rc = vd_pg_exec(
            pg,
            "WITH old AS (SELECT hash, role, areas FROM app_user WHERE name = $1),"
            " gone AS (DELETE FROM session WHERE name = $1 AND ($5 OR EXISTS"
            " (SELECT 1 FROM old WHERE (hash, role, areas) IS DISTINCT FROM ($2, $3, $4))))"
            " INSERT INTO app_user (name, hash, role, areas, disabled, created, changed)"
            " VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (name) DO UPDATE SET"
            " hash = excluded.hash, role = excluded.role, areas = excluded.areas,"
            " disabled = excluded.disabled, changed = excluded.changed",
            &args, NULL, err);
    pg_array_fini(&areas);
    return rc < 0 ? rc : 0;
}

int vd_pg_user_get(struct vd_pg *pg, const char *name, struct vd_user *ret_user,
                   struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int rc;

    vd_pg_arg_text(&args, name);
    rc = vd_pg_exec_prepared(pg, "SELECT " USER_COLUMNS " FROM app_user u WHERE name = $1",
                             &args, &rows, err);
    if (rc > 0)
        read_user(rows, 0, 0, ret_user);
    vd_pg_rows_free(&rows);
    return rc;
}

int vd_pg_user_remove(struct vd_pg *pg, const char *name, struct vd_err *err)
{
    struct vd_pg_args args = {0};

    vd_pg_arg_text(&args, name);
    return vd_pg_exec(pg, "DELETE FROM app_user WHERE name = $1", &args, NULL, err);
}

int vd_pg_user_count(struct vd_pg *pg, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int rc = vd_pg_exec(pg, "SELECT count(*) FROM app_user", NULL, &rows, err);

    if (rc > 0)
        rc = (int)vd_pg_int(rows, 0, 0);
    vd_pg_rows_free(&rows);
    return rc;
}

int vd_pg_user_list(struct vd_pg *pg, vd_pg_user_fn *each, void *arg, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int n = vd_pg_exec(pg, "SELECT " USER_COLUMNS " FROM app_user u ORDER BY name", NULL, &rows,
                       err);

    for (int i = 0; i < n; i++) {
        struct vd_user user;

        read_user(rows, i, 0, &user);
        each(arg, &user);
    }
    vd_pg_rows_free(&rows);
    return n;
}

/* ---- sessions ---- */

int vd_pg_session_insert(struct vd_pg *pg, const struct vd_session *session, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    int rc;

    vd_pg_arg_bytes(&args, session->token, sizeof session->token);
    vd_pg_arg_text(&args, session->name);
    vd_pg_arg_text(&args, session->csrf);
    vd_pg_arg_text(&args, session->address);
    vd_pg_arg_text(&args, session->agent);
    vd_pg_arg_time(&args, session->created_us);
    vd_pg_arg_time(&args, session->last_seen_us);
    vd_pg_arg_time(&args, session->expires_us);
    rc = vd_pg_exec_prepared(pg,
                             "INSERT INTO session (token, name, csrf, address, agent, created,"
                             " last_seen, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                             &args, NULL, err);
    return rc < 0 ? rc : 0;
}

int vd_pg_session_get(struct vd_pg *pg, const uint8_t token[VD_SESSION_TOKEN], int64_t now_us,
                      struct vd_session *ret_session, struct vd_user *ret_user,
                      struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    struct vd_session *s = ret_session;
    int rc;

    vd_pg_arg_bytes(&args, token, VD_SESSION_TOKEN);
    vd_pg_arg_time(&args, now_us);
    rc = vd_pg_exec_prepared(pg,
                             "SELECT s.csrf, s.address, s.agent, s.created, s.last_seen,"
                             " s.expires, " USER_COLUMNS " FROM session s"
                             " JOIN app_user u ON u.name = s.name"
                             " WHERE s.token = $1 AND s.expires > $2 AND NOT u.disabled",
                             &args, &rows, err);
    if (rc > 0) {
        memset(s, 0, sizeof *s);
        memcpy(s->token, token, sizeof s->token);
        vd_pg_copy_text(rows, 0, 0, s->csrf, sizeof s->csrf);
        vd_pg_copy_text(rows, 0, 1, s->address, sizeof s->address);
        vd_pg_copy_text(rows, 0, 2, s->agent, sizeof s->agent);
        s->created_us = vd_pg_time(rows, 0, 3);
        s->last_seen_us = vd_pg_time(rows, 0, 4);
        s->expires_us = vd_pg_time(rows, 0, 5);
        read_user(rows, 0, 6, ret_user);
        memcpy(s->name, ret_user->name, sizeof s->name);
    }
    vd_pg_rows_free(&rows);
    return rc;
}

int vd_pg_session_touch(struct vd_pg *pg, const uint8_t token[VD_SESSION_TOKEN], int64_t now_us,
                        int64_t expires_us, struct vd_err *err)
{
    struct vd_pg_args args = {0};

    vd_pg_arg_bytes(&args, token, VD_SESSION_TOKEN);
    vd_pg_arg_time(&args, now_us);
    vd_pg_arg_time(&args, expires_us);
    return vd_pg_exec_prepared(
        pg, "UPDATE session SET last_seen = $2, expires = $3 WHERE token = $1", &args, NULL,
        err);
}

int vd_pg_session_remove(struct vd_pg *pg, const uint8_t token[VD_SESSION_TOKEN],
                         struct vd_err *err)
{
    struct vd_pg_args args = {0};

    vd_pg_arg_bytes(&args, token, VD_SESSION_TOKEN);
    return vd_pg_exec_prepared(pg, "DELETE FROM session WHERE token = $1", &args, NULL, err);
}

int vd_pg_session_expire(struct vd_pg *pg, int64_t now_us, struct vd_err *err)
{
    struct vd_pg_args args = {0};

    vd_pg_arg_time(&args, now_us);
    return vd_pg_exec(pg, "DELETE FROM session WHERE expires <= $1", &args, NULL, err);
}
