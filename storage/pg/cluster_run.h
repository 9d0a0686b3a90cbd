/* storage/pg/cluster_run.h: the private server from within. */
#ifndef VD_STORAGE_PG_CLUSTER_RUN_H
#define VD_STORAGE_PG_CLUSTER_RUN_H

#include "base/fs.h"
#include "storage/pg/cluster.h"
#include "storage/pg/pg.h"

struct vd_cluster {
    char bin_dir[VD_PATH_MAX];
    char data_dir[VD_PATH_MAX];
    char socket_dir[VD_PATH_MAX];
    char secrets_dir[VD_PATH_MAX];
    bool drop;
    uid_t uid; /* the server's */
    gid_t gid;
    int start_ms;
    pid_t pid;  /* 0: not running */
    int pid_fd; /* polls readable when it ends; -1 */
};

/* ---- cluster_data.c: the folder ---- */

/* Finds bin_dir, checks owner and version of the data folder, makes it by initdb if need be.
 * password_file: the superuser's, readable by the server's user. */
int cluster_find(struct vd_cluster *cluster, const char *bin_dir, struct vd_err *err);
int cluster_make(struct vd_cluster *cluster, const char *password_file, struct vd_err *err);
bool cluster_exists(const struct vd_cluster *cluster);

/* What the server's log says last, preferably why it ended: one line into text. */
void cluster_last_words(const struct vd_cluster *cluster, char *text, size_t size);

/* VD_EIO with advice when less than need_mb is free under the data folder. */
int cluster_check_space(const struct vd_cluster *cluster, unsigned need_mb, struct vd_err *err);

/* ---- cluster_process.c: the process ---- */

/* Starts argv as the server's user, stderr into log_file; a child that ends with us. Never a
 * shell. Returns its pid. */
pid_t cluster_spawn(const struct vd_cluster *cluster, char *const *argv, const char *log_file,
                    struct vd_err *err);

/* Ends whatever an earlier caller left running in the data folder, then removes a
 * postmaster.pid whose process is not ours. */
int cluster_clear(struct vd_cluster *cluster, struct vd_err *err);

/* Waits for a pidfd. Returns true when the process ended in time. */
bool cluster_wait_fd(int pid_fd, int timeout_ms);

/* ---- cluster_roles.c: who may connect ---- */

/* Makes the secret file if there is none, with this owner. ret_path has room for VD_PATH_MAX.
 */
int cluster_secret(const struct vd_cluster *cluster, const char *role, uid_t uid, gid_t gid,
                   char *ret_path, struct vd_err *err);

/* Makes roles and database, sets the passwords of the secret files. admin: connected to
 * `postgres`. */
int cluster_roles(const struct vd_cluster *cluster, const struct vd_cluster_opts *opts,
                  struct vd_pg *admin, struct vd_err *err);

/* In pg_role.c: sets the password, hashed on this side: the server never sees it. */
int pg_role_password(struct vd_pg *pg, const char *role, const char *password,
                     struct vd_err *err);

#endif
