/* tests/support/pg_tmp.h: a real PostgreSQL of a test's own: made in a temporary folder, on a
 * Unix socket, without passwords (any of our roles may connect), migrated. As root it runs as
 * `postgres` or nobody. It ends with the process that made it. */
#ifndef VD_TESTS_SUPPORT_PG_TMP_H
#define VD_TESTS_SUPPORT_PG_TMP_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "storage/pg/pg.h"

struct pg_tmp {
    char dir[64]; /* data in data/, the socket beside it */
    pid_t pid;    /* of the postmaster; 0: not running */
};

/* Makes and starts it; roles, database `vedette` and schema are there. Prints and aborts when
 * something fails. Takes about two seconds: share one per executable (pg_tmp_main.h). */
void pg_tmp_open(struct pg_tmp *pg);
void pg_tmp_close(struct pg_tmp *pg);

/* Starts the server after it ended, and waits until it answers. */
void pg_tmp_start(struct pg_tmp *pg);
/* SIGKILL to the postmaster and all of its children: a crash. */
void pg_tmp_crash(struct pg_tmp *pg);
/* Fast shutdown. */
void pg_tmp_stop(struct pg_tmp *pg);
/* To the postmaster and all of its children, e.g. SIGSTOP and SIGCONT. */
void pg_tmp_signal(const struct pg_tmp *pg, int signal);

/* How to connect: role is vedette_owner, vedette_router … or vedette_admin (superuser); dbname
 * NULL: "vedette". Points into pg. */
struct vd_pg_opts pg_tmp_opts(const struct pg_tmp *pg, const char *role, const char *dbname);

/* A connection, or an abort. */
struct vd_pg *pg_tmp_connect(const struct pg_tmp *pg, const char *role, const char *dbname);

/* Makes a fresh, migrated database of that name (a copy of `vedette`, which nobody may be
 * connected to). */
void pg_tmp_fresh(const struct pg_tmp *pg, const char *dbname);

#endif
