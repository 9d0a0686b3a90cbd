/* storage/pg/cluster.h: the private PostgreSQL server of a machine without one: a data folder
 * of its own, a Unix socket, no TCP, SCRAM, one role a process. It is a child of the caller. */
#ifndef VD_STORAGE_PG_CLUSTER_H
#define VD_STORAGE_PG_CLUSTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Whose secret file is whose: <secrets_dir>/<role>, mode 0600. */
struct vd_cluster_role {
    const char *role; /* vedette_owner, vedette_router, vedette_console, vedette_reader */
    uid_t uid;
    gid_t gid;
};

struct vd_cluster_opts {
    const char *bin_dir;     /* of initdb and postgres; NULL: /usr/lib/postgresql/N/bin of the
                              * data folder's version, else the newest */
    const char *data_dir;    /* $STATE/pg; made when missing */
    const char *socket_dir;  /* $STATE/run/pg; made when missing, mode 0750 */
    const char *secrets_dir; /* $STATE/secrets; made when missing, mode 0711 */
    bool drop;               /* run the server as uid:gid below (the caller is root) */
    uid_t uid;
    gid_t gid;
    const struct vd_cluster_role *roles; /* those of our four roles whose owner differs from the
                                          * caller; others' files are the caller's */
    int n_roles;
    int start_ms; /* until it must answer; 0: 60 000 (recovery may take a while) */
};

#define VD_CLUSTER_DATABASE "vedette"
/* The superuser; its secret belongs to the user of the server. */
#define VD_CLUSTER_ADMIN "vedette_admin"

struct vd_cluster;

/* Makes the cluster if there is none (initdb with checksums), starts the server, waits until it
 * answers, makes the roles (random passwords, kept in secrets_dir) and the database. A server
 * that an earlier, killed caller left running is stopped first; a stale postmaster.pid is taken
 * away. The server gets SIGINT (fast shutdown) when the calling thread dies.
 * VD_EINVAL, with what is wrong and what to do: no PostgreSQL installed, a data folder of
 * another version or owner, a socket path over 107 bytes. VD_EIO: disk full (says how full),
 * server ends at start (with the last line of its log). VD_ETIMEOUT: not ready in time. */
int vd_cluster_open(struct vd_cluster **ret_cluster, const struct vd_cluster_opts *opts,
                    struct vd_err *err);

/* The server's process, a child of the caller, to be waited for with others. */
pid_t vd_cluster_pid(const struct vd_cluster *cluster);

/* The caller's wait saw the server end. */
void vd_cluster_reaped(struct vd_cluster *cluster);

/* Starts it again after it ended (crash, kill -9); waits until it answers. */
int vd_cluster_restart(struct vd_cluster *cluster, struct vd_err *err);

/* Fast shutdown; after timeout_ms immediate shutdown, then SIGKILL. Waits for it. */
int vd_cluster_stop(struct vd_cluster *cluster, int timeout_ms, struct vd_err *err);

/* Stops it if it runs (5 s) and frees. Accepts NULL in *cluster. */
void vd_cluster_close(struct vd_cluster **cluster);

#endif
