/* storage/pg/pg_role.c: a role's password leaves us only as a SCRAM verifier, so neither a log
 * nor a statement view of the server can show it. */
#include <string.h>

#include "storage/pg/cluster_run.h"
#include "storage/pg/pg_conn.h"

int pg_role_password(struct vd_pg *pg, const char *role, const char *password,
                     struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    char *verifier;
    int rc;

    if (!vd_pg_is_open(pg))
        return vd_err_set(err, VD_EIO, "database: not connected");
    verifier = PQencryptPasswordConn(pg->conn, password, role, "scram-sha-256");
    if (verifier == NULL)
        return vd_err_set(err, VD_ENOMEM, "database: password of '%s': out of memory", role);
    /* ALTER ROLE takes no arguments: the server quotes them into its text */
    vd_pg_arg_text(&args, role);
    vd_pg_arg_text(&args, verifier);
    rc =
        vd_pg_exec(pg, "SELECT format('ALTER ROLE %I PASSWORD %L', $1, $2)", &args, &rows, err);
    if (rc > 0)
        rc = vd_pg_exec(pg, vd_pg_text(rows, 0, 0), NULL, NULL, err);
    vd_pg_rows_free(&rows);
    PQfreemem(verifier);
    return rc < 0 ? rc : 0;
}
