#include "alerts/writer/link.h"

#include <stdio.h>
#include <string.h>

#include "config/secret.h"
#include "storage/pg/cluster.h"

static int private_link(struct vd_link *link, const char *state, const char *role,
                        struct vd_err *err)
{
    char secrets[VD_PATH_MAX];
    int rc = vd_fs_join(link->host, sizeof link->host, state, "run/pg", err);

    if (rc >= 0)
        rc = vd_fs_join(secrets, sizeof secrets, state, "secrets", err);
    if (rc >= 0)
        rc = vd_fs_join(link->password_file, sizeof link->password_file, secrets, role, err);
    link->opts.host = link->host;
    link->opts.dbname = VD_CLUSTER_DATABASE;
    link->opts.user = role;
    link->opts.password_file = link->password_file;
    return rc;
}

static const struct vd_db_role_cfg *role_of(const struct vd_config *cfg, enum vd_link_role role)
{
    if (role == VD_LINK_OWNER)
        return &cfg->database.owner;
    return role == VD_LINK_ROUTER ? &cfg->database.router : &cfg->database.console;
}

int vd_link_find(struct vd_link *link, const struct vd_config *cfg, const char *state,
                 enum vd_link_role role, const char *application, struct vd_err *err)
{
    static const char *const roles[] = {"vedette_owner", "vedette_router", "vedette_console",
                                        "vedette_reader"};
    const struct vd_db_role_cfg *given = role_of(cfg, role);

    memset(link, 0, sizeof *link);
    link->opts.application = application;
    link->opts.connect_ms = (int)(cfg->database.connect_timeout_us / 1000);
    link->opts.deadline_ms = (int)(cfg->database.statement_timeout_us / 1000);
    if (cfg->database.url == NULL)
        return private_link(link, state, roles[role], err);
    link->opts.url = cfg->database.url;
    link->opts.user = given->user;
    if (given->password_file == NULL)
        return 0;
    link->opts.password_file = link->password_file;
    return vd_secret_path(cfg->folder, given->password_file, link->password_file,
                          sizeof link->password_file, err);
}

int vd_link_endpoint(const char *given, const char *state, const char *name, char *endpoint,
                     size_t size, struct vd_err *err)
{
    int n = given != NULL ? snprintf(endpoint, size, "%s", given)
                          : snprintf(endpoint, size, "ipc://%s/run/%s.sock", state, name);

    if (n < 0 || (size_t)n >= size)
        return vd_err_set(err, VD_EINVAL, "endpoint of '%s' is too long", name);
    return 0;
}
