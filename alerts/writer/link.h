/* alerts/writer/link.h: which database, as which role, with which secret. */
#ifndef VD_ALERTS_WRITER_LINK_H
#define VD_ALERTS_WRITER_LINK_H

#include "base/err.h"
#include "base/fs.h"
#include "config/config.h"
#include "storage/pg/pg.h"

enum vd_link_role { VD_LINK_OWNER, VD_LINK_ROUTER, VD_LINK_CONSOLE, VD_LINK_READER };

/* The options point into it: do not move it. */
struct vd_link {
    struct vd_pg_opts opts;
    char host[VD_PATH_MAX], password_file[VD_PATH_MAX];
};

/* The database of the configuration, or the private one in the state folder (its socket in
 * run/pg, its secrets in secrets/<role>). cfg is borrowed as long as link is used. A database
 * that is given has no role of its own for readers: they come as the console's. */
int vd_link_find(struct vd_link *link, const struct vd_config *cfg, const char *state,
                 enum vd_link_role role, const char *application, struct vd_err *err);

/* An endpoint: given, or "ipc://<state>/run/<name>.sock". */
int vd_link_endpoint(const char *given, const char *state, const char *name, char *endpoint,
                     size_t size, struct vd_err *err);

#endif
