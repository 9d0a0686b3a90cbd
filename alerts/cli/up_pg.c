/* alerts/cli/up_pg.c: the keeper of the private PostgreSQL, and the migration of its schema.
 * Both run in processes of their own, so that a database that takes its time to start never
 * keeps the supervisor from its other children. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/cli/up.h"
#include "base/notify.h"
#include "config/secret.h"
#include "storage/pg/cluster.h"
#include "storage/pg/migrate.h"

enum { START_MS = 120000, STOP_MS = 1200, AGAIN_MS = 1000 };

struct paths {
    char data[VD_PATH_MAX], socket[VD_PATH_MAX], secrets[VD_PATH_MAX], owner[VD_PATH_MAX];
};

static void find_paths(struct paths *paths, const char *state)
{
    up_state_path(state, "pg", paths->data);
    up_state_path(state, "run/pg", paths->socket);
    up_state_path(state, "secrets", paths->secrets);
    up_state_path(state, "secrets/vedette_owner", paths->owner);
}

static int complain(const char *what, const struct vd_err *err)
{
    LOG_ERROR(what, "reason=\"%s\"", err->msg);
    up_say("PostgreSQL: %s", err->msg);
    return err->code == VD_EINVAL ? UP_EXIT_CONFIG : EXIT_FAILURE;
}

static bool has_ended(struct vd_cluster *cluster)
{
    pid_t pid = vd_cluster_pid(cluster);
    int status;

    if (pid <= 0)
        return true;
    if (waitpid(pid, &status, WNOHANG) != pid)
        return false;
    vd_cluster_reaped(cluster);
    LOG_WARN("pg.end", "pid=%d status=%d advice=\"starting it again\"", (int)pid, status);
    return true;
}

/* Keeps the server running until SIGTERM or SIGINT. */
static void watch(struct vd_cluster *cluster, int signal_fd)
{
    struct pollfd poller = {.fd = signal_fd, .events = POLLIN};
    struct vd_err err = {0};
    bool is_down = false;
    int sig;

    for (;;) {
        (void)poll(&poller, 1, is_down ? AGAIN_MS : -1);
        while ((sig = vd_signals_take(signal_fd)) != 0)
            if (sig == SIGTERM || sig == SIGINT)
                return;
        if (!is_down && !has_ended(cluster))
            continue;
        is_down = vd_cluster_restart(cluster, &err) < 0;
        if (is_down)
            LOG_ERROR("pg.restart", "reason=\"%s\"", err.msg);
        else
            LOG_INFO("pg.restart", "pid=%d", (int)vd_cluster_pid(cluster));
    }
}

int up_pg_keep(const struct up *up)
{
    const struct up_ids *pg = &up->ids[UP_USER_PG], *router = &up->ids[UP_USER_ROUTER],
                        *console = &up->ids[UP_USER_CONSOLE];
    const struct vd_cluster_role roles[] = {
        {"vedette_owner", pg->uid, pg->gid},
        {"vedette_router", router->uid, router->gid},
        {"vedette_console", console->uid, console->gid},
    };
    struct vd_cluster *cluster = NULL;
    struct vd_err err = {0};
    struct paths paths;
    int signal_fd = vd_signals_open(&err), rc;

    if (signal_fd < 0)
        return complain("pg.start", &err);
    find_paths(&paths, up->opts.state);
    rc = vd_cluster_open(&cluster,
                         &(struct vd_cluster_opts){
                             .data_dir = paths.data,
                             .socket_dir = paths.socket,
                             .secrets_dir = paths.secrets,
                             .drop = up->drops,
                             .uid = pg->uid,
                             .gid = pg->gid,
                             .roles = roles,
                             .n_roles = (int)(sizeof roles / sizeof roles[0]),
                             .start_ms = START_MS,
                         },
                         &err);
    if (rc < 0)
        return complain("pg.start", &err);
    vd_notify("READY=1");
    watch(cluster, signal_fd);
    if (vd_cluster_stop(cluster, STOP_MS, &err) < 0)
        LOG_ERROR("pg.stop", "reason=\"%s\"", err.msg);
    vd_cluster_close(&cluster);
    return EXIT_SUCCESS;
}

int up_pg_migrate(const struct up *up)
{
    const struct vd_database_cfg *db = &up->cfg->database;
    struct vd_pg_opts opts = {.application = "vedette-migrate", .deadline_ms = 600000};
    char given[VD_PATH_MAX];
    struct vd_pg *pg = NULL;
    struct vd_err err = {0};
    struct paths paths;
    int rc;

    find_paths(&paths, up->opts.state);
    if (db->url == NULL) {
        opts.host = paths.socket;
        opts.dbname = VD_CLUSTER_DATABASE;
        opts.user = "vedette_owner";
        opts.password_file = paths.owner;
    } else {
        opts.url = db->url;
        opts.user = db->owner.user;
        if (db->owner.password_file != NULL) {
            rc = vd_secret_path(up->config, db->owner.password_file, given, sizeof given, &err);
            if (rc < 0)
                return complain("pg.migrate", &err);
            opts.password_file = given;
        }
    }
    rc = vd_pg_open(&pg, &opts, &err);
    if (rc >= 0)
        rc = vd_pg_migrate(pg, &err);
    vd_pg_close(&pg);
    if (rc < 0)
        return complain("pg.migrate", &err);
    LOG_INFO("pg.migrate", "applied=%d version=%d", rc, vd_pg_schema_version());
    return EXIT_SUCCESS;
}
