/* storage/pg/migrate.h: brings a database to the schema that this program was built with. */
#ifndef VD_STORAGE_PG_MIGRATE_H
#define VD_STORAGE_PG_MIGRATE_H

#include "storage/pg/pg.h"

/* Applies what is missing, each migration in its own transaction, then the grants, then makes
 * the partitions of today and tomorrow. To be called as the owner (vedette_owner in a private
 * cluster); safe when several do it at once. Returns how many migrations were applied.
 * VD_EINVAL: the schema is newer than this program, or was migrated by another history. */
int vd_pg_migrate(struct vd_pg *pg, struct vd_err *err);

/* For every other program: 0 when the schema is exactly the one it was built with, else
 * VD_EINVAL with advice (VD_EAGAIN when it is older: wait for the migration). */
int vd_pg_schema_check(struct vd_pg *pg, struct vd_err *err);

/* The version this program was built with. */
int vd_pg_schema_version(void);

#endif
