/* storage/pg/cluster.c: the life of the private server: opened, watched, started again,
 * stopped. */
#include "storage/pg/cluster.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "storage/pg/cluster_run.h"

enum {
    START_MS = 60000,
    START_MB = 32,
    SOCKET_PATH_MAX = 107, /* sun_path of Linux, without its NUL */
};

static int64_t mono_us(void)
{
    return vd_clock_system.mono_us(vd_clock_system.self);
}

static void admin_opts(const struct vd_cluster *cluster, const char *password_file,
                       struct vd_pg_opts *opts)
{
    *opts = (struct vd_pg_opts){.host = cluster->socket_dir,
                                .dbname = "postgres",
                                .user = VD_CLUSTER_ADMIN,
                                .password_file = password_file,
                                .application = "vedette-up",
                                .connect_ms = 2000};
}

/* ---- start and stop ---- */

static void forget(struct vd_cluster *cluster)
{
    if (cluster->pid_fd >= 0)
        close(cluster->pid_fd);
    cluster->pid_fd = -1;
    cluster->pid = 0;
}

static void reap(struct vd_cluster *cluster)
{
    while (waitpid(cluster->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    forget(cluster);
}

/* Conservative: a small machine runs cameras beside it. Statements are never logged: they carry
 * what people wrote. */
static int spawn_server(struct vd_cluster *cluster, struct vd_err *err)
{
    static const char *const settings[] = {"listen_addresses=",
                                           "unix_socket_permissions=0777",
                                           "port=5432",
                                           "password_encryption=scram-sha-256",
                                           "shared_buffers=64MB",
                                           "max_connections=40",
                                           "work_mem=8MB",
                                           "maintenance_work_mem=64MB",
                                           "max_wal_size=512MB",
                                           "max_worker_processes=4",
                                           "max_parallel_workers=2",
                                           "huge_pages=off",
                                           "logging_collector=on",
                                           "log_directory=log",
                                           "log_filename=postgresql-%a.log",
                                           "log_rotation_age=1d",
                                           "log_rotation_size=0",
                                           "log_truncate_on_rotation=on",
                                           "log_checkpoints=off",
                                           "log_min_error_statement=panic",
                                           "log_timezone=UTC",
                                           "timezone=UTC",
                                           "checkpoint_timeout=10min",
                                           "restart_after_crash=on"};
    enum { N = sizeof settings / sizeof settings[0] };
    char program[VD_PATH_MAX + 16], socket[VD_PATH_MAX + 32], log_file[VD_PATH_MAX + 16];
    const char *argv[5 + 2 * N + 1];
    int n = 0;

    snprintf(program, sizeof program, "%s/postgres", cluster->bin_dir);
    snprintf(socket, sizeof socket, "unix_socket_directories=%s", cluster->socket_dir);
    snprintf(log_file, sizeof log_file, "%s/start.log", cluster->data_dir);
    argv[n++] = program;
    argv[n++] = "-D";
    argv[n++] = cluster->data_dir;
    argv[n++] = "-c";
    argv[n++] = socket;
    for (int i = 0; i < N; i++) {
        argv[n++] = "-c";
        argv[n++] = settings[i];
    }
    argv[n] = NULL;
    cluster->pid = cluster_spawn(cluster, (char *const *)(uintptr_t)argv, log_file, err);
    if (cluster->pid < 0) {
        int rc = (int)cluster->pid;

        cluster->pid = 0;
        return rc;
    }
    cluster->pid_fd = pidfd_open(cluster->pid, 0);
    if (cluster->pid_fd < 0) {
        kill(cluster->pid, SIGKILL);
        reap(cluster);
        return vd_err_set(err, VD_EIO, "pidfd: %s", strerror(errno));
    }
    return 0;
}

static int ended_at_start(struct vd_cluster *cluster, struct vd_err *err)
{
    char words[160];

    reap(cluster);
    cluster_last_words(cluster, words, sizeof words);
    if (cluster_check_space(cluster, START_MB, err) < 0)
        return VD_EIO;
    return vd_err_set(err, VD_EIO, "PostgreSQL ended at its start: %s",
                      words[0] != '\0' ? words : "no word in its log");
}

/* Starts the server and waits until it answers the superuser. err is not NULL. */
static int start(struct vd_cluster *cluster, const char *password_file,
                 struct vd_pg **ret_admin, struct vd_err *err)
{
    enum { RETRY_MS = 50 };
    int64_t deadline_us = mono_us() + (int64_t)cluster->start_ms * 1000;
    struct vd_pg_opts opts;
    int rc = spawn_server(cluster, err);

    admin_opts(cluster, password_file, &opts);
    while (rc == 0) {
        if (vd_pg_open(ret_admin, &opts, err) == 0)
            return 0;
        /* anything but "not yet" is final: a password of another cluster, for one */
        if (err->code != VD_EIO && err->code != VD_ETIMEOUT) {
            rc = err->code;
        } else if (cluster_wait_fd(cluster->pid_fd, RETRY_MS)) {
            return ended_at_start(cluster, err);
        } else if (mono_us() > deadline_us) {
            rc = vd_err_set(err, VD_ETIMEOUT, "PostgreSQL in '%s' is not ready after %d s",
                            cluster->data_dir, cluster->start_ms / 1000);
        }
    }
    if (cluster->pid > 0)
        (void)vd_cluster_stop(cluster, 5000, NULL);
    return rc;
}

int vd_cluster_stop(struct vd_cluster *cluster, int timeout_ms, struct vd_err *err)
{
    static const int after[] = {SIGQUIT, SIGKILL};
    enum { THEN_MS = 3000 };
    bool in_order = true;

    if (cluster->pid == 0)
        return 0;
    (void)pidfd_send_signal(cluster->pid_fd, SIGINT, NULL, 0);
    if (!cluster_wait_fd(cluster->pid_fd, timeout_ms)) {
        in_order = false;
        for (size_t i = 0; i < 2; i++) {
            (void)pidfd_send_signal(cluster->pid_fd, after[i], NULL, 0);
            if (cluster_wait_fd(cluster->pid_fd, THEN_MS))
                break;
        }
    }
    reap(cluster);
    return in_order ? 0
                    : vd_err_set(err, VD_ETIMEOUT,
                                 "PostgreSQL did not stop within %d ms and was ended: it "
                                 "recovers at its next start",
                                 timeout_ms);
}

pid_t vd_cluster_pid(const struct vd_cluster *cluster)
{
    return cluster->pid;
}

void vd_cluster_reaped(struct vd_cluster *cluster)
{
    forget(cluster);
}

int vd_cluster_restart(struct vd_cluster *cluster, struct vd_err *err)
{
    char secret[VD_PATH_MAX];
    struct vd_pg *admin = NULL;
    struct vd_err own = {0};
    int rc;

    if (err == NULL)
        err = &own;
    if (cluster->pid != 0)
        return vd_err_set(err, VD_EINVAL, "PostgreSQL is running");
    if ((rc = vd_fs_join(secret, sizeof secret, cluster->secrets_dir, VD_CLUSTER_ADMIN, err)) <
            0 ||
        (rc = cluster_clear(cluster, err)) < 0 ||
        (rc = start(cluster, secret, &admin, err)) < 0)
        return rc;
    vd_pg_close(&admin);
    return 0;
}

/* ---- open and close ---- */

static int check_opts(const struct vd_cluster_opts *opts, struct vd_err *err)
{
    if (geteuid() == 0 && (!opts->drop || opts->uid == 0))
        return vd_err_set(err, VD_EINVAL,
                          "PostgreSQL refuses to run as root: give it a user of its own");
    if (opts->data_dir[0] != '/' || opts->socket_dir[0] != '/' || opts->secrets_dir[0] != '/')
        return vd_err_set(err, VD_EINVAL, "PostgreSQL needs absolute paths");
    if (strlen(opts->data_dir) >= VD_PATH_MAX || strlen(opts->secrets_dir) >= VD_PATH_MAX)
        return vd_err_set(err, VD_EINVAL, "PostgreSQL: a path is too long");
    if (strlen(opts->socket_dir) + strlen("/.s.PGSQL.5432.lock") > SOCKET_PATH_MAX)
        return vd_err_set(err, VD_EINVAL,
                          "socket folder '%s': a socket's path has %d bytes at most: choose a "
                          "shorter state folder",
                          opts->socket_dir, SOCKET_PATH_MAX);
    return 0;
}

static int make_socket_dir(const struct vd_cluster *cluster, struct vd_err *err)
{
    char parent[VD_PATH_MAX];
    struct stat st;
    bool is_new = stat(cluster->socket_dir, &st) != 0;
    int rc;

    /* those above it: the server's user must pass, and needs to see nothing */
    vd_str_copy(parent, sizeof parent, cluster->socket_dir);
    *strrchr(parent, '/') = '\0';
    if ((rc = vd_fs_mkdirs(parent, 0711, err)) < 0 ||
        (rc = vd_fs_mkdirs(cluster->socket_dir, 0750, err)) < 0)
        return rc;
    if (is_new && cluster->drop && chown(cluster->socket_dir, cluster->uid, cluster->gid) != 0)
        return vd_err_set(err, VD_EIO, "chown '%s': %s", cluster->socket_dir, strerror(errno));
    return 0;
}

static int open_up(struct vd_cluster *cluster, const struct vd_cluster_opts *opts,
                   struct vd_err *err)
{
    char secret[VD_PATH_MAX];
    struct vd_pg *admin = NULL;
    int rc;

    if ((rc = cluster_find(cluster, opts->bin_dir, err)) < 0 ||
        (rc = make_socket_dir(cluster, err)) < 0 ||
        (rc = cluster_secret(cluster, VD_CLUSTER_ADMIN, cluster->uid, cluster->gid, secret,
                             err)) < 0)
        return rc;
    if (!cluster_exists(cluster))
        rc = cluster_make(cluster, secret, err);
    else
        rc = cluster_clear(cluster, err);
    if (rc < 0 || (rc = cluster_check_space(cluster, START_MB, err)) < 0 ||
        (rc = start(cluster, secret, &admin, err)) < 0)
        return rc;
    rc = cluster_roles(cluster, opts, admin, err);
    vd_pg_close(&admin);
    return rc;
}

int vd_cluster_open(struct vd_cluster **ret_cluster, const struct vd_cluster_opts *opts,
                    struct vd_err *err)
{
    struct vd_err own = {0};
    struct vd_cluster *cluster;
    int rc;

    if (err == NULL)
        err = &own; /* start() decides by its code */
    if ((rc = check_opts(opts, err)) < 0 || (rc = vd_crypto_init(err)) < 0)
        return rc;
    cluster = calloc(1, sizeof *cluster);
    if (cluster == NULL)
        return vd_err_set(err, VD_ENOMEM, "PostgreSQL: out of memory");
    vd_str_copy(cluster->data_dir, sizeof cluster->data_dir, opts->data_dir);
    vd_str_copy(cluster->socket_dir, sizeof cluster->socket_dir, opts->socket_dir);
    vd_str_copy(cluster->secrets_dir, sizeof cluster->secrets_dir, opts->secrets_dir);
    cluster->drop = opts->drop;
    cluster->uid = opts->drop ? opts->uid : geteuid();
    cluster->gid = opts->drop ? opts->gid : getegid();
    cluster->start_ms = opts->start_ms > 0 ? opts->start_ms : START_MS;
    cluster->pid_fd = -1;
    rc = open_up(cluster, opts, err);
    if (rc < 0) {
        vd_cluster_close(&cluster);
        return rc;
    }
    *ret_cluster = cluster;
    return 0;
}

void vd_cluster_close(struct vd_cluster **cluster)
{
    if (*cluster == NULL)
        return;
    (void)vd_cluster_stop(*cluster, 5000, NULL);
    free(*cluster);
    *cluster = NULL;
}
