/* alerts/console_pg.h: how the console and `vedette user` reach the database: the one that the
 * configuration names, else the private cluster in the state folder. */
#ifndef VD_ALERTS_CONSOLE_PG_H
#define VD_ALERTS_CONSOLE_PG_H

#include "base/fs.h"
#include "config/config.h"
#include "storage/pg/pg.h"

/* The texts that the options point to: must outlive them. */
struct vd_console_pg {
    char socket[VD_PATH_MAX];
    char secret[VD_PATH_MAX];
};

/* Fills opts. Everything is borrowed. VD_EINVAL: a path is too long. */
int vd_console_pg(const struct vd_config *cfg, const char *state, struct vd_console_pg *paths,
                  struct vd_pg_opts *opts, struct vd_err *err);

#endif
