#include "alerts/console_pg.h"

#include "config/secret.h"

int vd_console_pg(const struct vd_config *cfg, const char *state, struct vd_console_pg *paths,
                  struct vd_pg_opts *opts, struct vd_err *err)
{
    const struct vd_database_cfg *db = &cfg->database;
    int rc;

    *opts = (struct vd_pg_opts){.application = "vedette-console",
                                .deadline_ms = (int)(db->statement_timeout_us / 1000),
                                .connect_ms = (int)(db->connect_timeout_us / 1000)};
    if (db->url != NULL) {
        opts->url = db->url;
        opts->user = db->console.user;
        if (db->console.password_file == NULL)
            return 0;
        opts->password_file = paths->secret;
        return vd_secret_path(cfg->folder, db->console.password_file, paths->secret,
                              sizeof paths->secret, err);
    }
    if ((rc = vd_fs_join(paths->socket, sizeof paths->socket, state, "run/pg", err)) < 0 ||
        (rc = vd_fs_join(paths->secret, sizeof paths->secret, state, "secrets/vedette_console",
                         err)) < 0)
        return rc;
    opts->host = paths->socket;
    opts->user = "vedette_console";
    opts->password_file = paths->secret;
    return 0;
}
