/* storage/pg/cluster_roles.c: one role a process, its password in a file that only this process
 * can read. Set anew at every start, so that a lost secret file heals by itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "storage/pg/cluster_run.h"

enum { PASSWORD_LEN = 32 };

static const char *const role_names[] = {"vedette_owner", "vedette_router", "vedette_console",
                                         "vedette_reader"};
enum { N_ROLES = sizeof role_names / sizeof role_names[0] };

int cluster_secret(const struct vd_cluster *cluster, const char *role, uid_t uid, gid_t gid,
                   char *ret_path, struct vd_err *err)
{
    char password[PASSWORD_LEN + 1];
    struct stat st;
    int rc;

    if ((rc = vd_fs_mkdirs(cluster->secrets_dir, 0711, err)) < 0 ||
        (rc = vd_fs_join(ret_path, VD_PATH_MAX, cluster->secrets_dir, role, err)) < 0)
        return rc;
    if (stat(ret_path, &st) != 0) {
        vd_random_text(password, PASSWORD_LEN);
        rc = vd_fs_write(ret_path, password, PASSWORD_LEN, 0600, err);
        vd_secret_wipe(password, sizeof password);
        if (rc < 0)
            return rc;
    }
    if (geteuid() == 0 && (chown(ret_path, uid, gid) != 0 || chmod(ret_path, 0600) != 0))
        return vd_err_set(err, VD_EIO, "secret '%s': %s", ret_path, strerror(errno));
    return 0;
}

static int ensure_role(const struct vd_cluster *cluster, const struct vd_cluster_opts *opts,
                       struct vd_pg *admin, const char *role, struct vd_err *err)
{
    char path[VD_PATH_MAX];
    uid_t uid = geteuid();
    gid_t gid = getegid();
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    char *password = NULL;
    size_t len = 0;
    int rc;

    for (int i = 0; i < opts->n_roles; i++)
        if (strcmp(opts->roles[i].role, role) == 0) {
            uid = opts->roles[i].uid;
            gid = opts->roles[i].gid;
        }
    if ((rc = cluster_secret(cluster, role, uid, gid, path, err)) < 0 ||
        (rc = vd_fs_read(path, 256, &password, &len, err)) < 0)
        return rc;
    vd_pg_arg_text(&args, role);
    rc = vd_pg_exec(admin,
                    "SELECT format('CREATE ROLE %I LOGIN', $1)"
                    " WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)",
                    &args, &rows, err);
    if (rc > 0)
        rc = vd_pg_exec(admin, vd_pg_text(rows, 0, 0), NULL, NULL, err);
    vd_pg_rows_free(&rows);
    if (rc >= 0) {
        password[strcspn(password, "\r\n")] = '\0';
        rc = pg_role_password(admin, role, password, err);
    }
    vd_secret_wipe(password, len);
    free(password);
    return rc < 0 ? rc : 0;
}

int cluster_roles(const struct vd_cluster *cluster, const struct vd_cluster_opts *opts,
                  struct vd_pg *admin, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int rc = 0;

    for (int i = 0; rc == 0 && i < N_ROLES; i++)
        rc = ensure_role(cluster, opts, admin, role_names[i], err);
    if (rc < 0)
        return rc;
    rc =
        vd_pg_exec(admin, "SELECT 1 FROM pg_database WHERE datname = '" VD_CLUSTER_DATABASE "'",
                   NULL, &rows, err);
    vd_pg_rows_free(&rows);
    if (rc == 0)
        rc = vd_pg_exec(admin, "CREATE DATABASE " VD_CLUSTER_DATABASE " OWNER vedette_owner",
                        NULL, NULL, err);
    if (rc >= 0)
        rc = vd_pg_script(admin,
                          "REVOKE ALL ON DATABASE " VD_CLUSTER_DATABASE " FROM PUBLIC;"
                          "GRANT CONNECT ON DATABASE " VD_CLUSTER_DATABASE
                          " TO vedette_router, vedette_console, vedette_reader",
                          err);
    return rc < 0 ? rc : 0;
}
