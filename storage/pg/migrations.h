/* storage/pg/migrations.h: storage/migrations/NNNN_name.sql, made part of the program at build.
 */
#ifndef VD_STORAGE_PG_MIGRATIONS_H
#define VD_STORAGE_PG_MIGRATIONS_H

struct vd_migration {
    const char *name; /* "0001_first" */
    const char *sql;
};

/* In order; number i has version i + 1. */
extern const struct vd_migration vd_migrations[];
extern const int vd_n_migrations;

#endif
