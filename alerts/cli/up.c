/* alerts/cli/up.c: vedette-up, one command that runs and supervises all of Vedette on a
 * machine. Here is the order of things; what they are is in the other up_*.c. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/cli/up.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/notify.h"
#include "base/str.h"

/* Ingest ends first, so that what it still has to say is heard; the database last. */
enum stage { STAGE_EDGE, STAGE_ROUTER, STAGE_DATABASE };

static const int64_t SECOND_US = INT64_C(1000000);

static uint64_t bit(const struct up *up, const struct up_child *child)
{
    return child != NULL ? UINT64_C(1) << (child - up->children) : 0;
}

/* The arguments that every program of ours takes. */
static void program(struct up *up, struct up_child *child, const char *name, int64_t ready_us)
{
    child->program = name;
    child->ready_us = ready_us;
    up_child_arg(child, "--config");
    up_child_arg(child, up->config);
    up_child_arg(child, "--state");
    up_child_arg(child, up->opts.state);
}

static struct up_child *add_camsim(struct up *up, const char *port)
{
    struct up_child *camsim = up_child_add(up, "camsim", UP_USER_CAMSIM, STAGE_EDGE);
    char path[VD_PATH_MAX];

    camsim->program = "vedette-camsim";
    camsim->ready_us = 180 * SECOND_US; /* the first time it draws and encodes its scenes */
    up_child_arg(camsim, "--port");
    up_child_arg(camsim, port);
    up_child_arg(camsim, "--cache");
    up_state_path(up->opts.state, "cache/vedette-camsim", path);
    up_child_arg(camsim, path);
    up_child_arg(camsim, "--control");
    up_state_path(up->opts.state, "run/camsim.sock", path);
    up_child_arg(camsim, path);
    return camsim;
}

static struct up_child *add_database(struct up *up)
{
    struct up_child *pg = NULL, *migrate;

    if (up->cfg->database.url == NULL) {
        pg = up_child_add(up, "postgresql", UP_USER_PG, STAGE_DATABASE);
        pg->body = up_pg_keep;
        pg->is_root = true;
    }
    migrate = up_child_add(up, "schema", UP_USER_PG, STAGE_DATABASE);
    migrate->body = up_pg_migrate;
    migrate->is_once = true;
    migrate->after = bit(up, pg);
    return migrate;
}

static void add_children(struct up *up)
{
    char port[8], name[16], share[32];
    struct up_child *camsim = NULL, *schema, *child;
    int workers = (int)up->cfg->ingest.workers;

    if (up_demo_is(up->config, port, sizeof port))
        camsim = add_camsim(up, port);
    schema = add_database(up);
    child = up_child_add(up, "router", UP_USER_ROUTER, STAGE_ROUTER);
    program(up, child, "vedette-router", 30 * SECOND_US);
    child->after = bit(up, schema);
    child->patience_us =
        30 * SECOND_US; /* a far database may be down: the router waits for it */
    child = up_child_add(up, "console", UP_USER_CONSOLE, STAGE_EDGE);
    program(up, child, "vedette-console", 30 * SECOND_US);
    child->after = bit(up, schema);
    child->patience_us = 30 * SECOND_US;
    if (workers > UP_CHILDREN_MAX - up->n_children)
        workers = UP_CHILDREN_MAX - up->n_children;
    for (int i = 0; i < workers; i++) {
        (void)snprintf(name, sizeof name, "w%d", i + 1);
        (void)snprintf(share, sizeof share, "%d/%d", i, workers);
        child = up_child_add(up, name, UP_USER_INGEST, STAGE_EDGE);
        program(up, child, "vedette-ingest", 30 * SECOND_US);
        up_child_arg(child, "--worker");
        up_child_arg(child, name);
        up_child_arg(child, "--share");
        up_child_arg(child, share);
        child->after = bit(up, camsim); /* workers need no database: they spool */
    }
}

/* On a terminal the log goes to a file, for it would bury what the person has to see. */
static int open_log(struct up *up, struct vd_err *err)
{
    char path[VD_PATH_MAX];
    bool wants_file = up->opts.log != NULL
                          ? strcmp(up->opts.log, "stderr") != 0
                          : isatty(STDERR_FILENO) && getenv("JOURNAL_STREAM") == NULL;
    int fd;

    if (!wants_file)
        return 0;
    if (up->opts.log == NULL)
        up_state_path(up->opts.state, "log/vedette.log", path);
    else if (!vd_str_copy(path, sizeof path, up->opts.log))
        return vd_err_set(err, VD_EINVAL, "--log '%s': path too long", up->opts.log);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
        return vd_err_set(err, VD_EIO, "open '%s': %s", path, strerror(errno));
    close(fd);
    up->owns_log = true;
    up_say("log: %s", path);
    return 0;
}

/* Everything that can be told to a person before the first process starts. */
static int look_ahead(struct up *up, struct vd_err *err)
{
    char port[8], listen_at[32];
    int rc;

    if ((rc = up_state_room(up->opts.state, err)) < 0 ||
        (rc = up_state_port("console.listen", up->cfg->console.listen, err)) < 0)
        return rc;
    if (!up_demo_is(up->config, port, sizeof port))
        return 0;
    (void)snprintf(listen_at, sizeof listen_at, "127.0.0.1:%s", port);
    return up_state_port("simulated cameras", listen_at, err);
}

static int prepare(struct up *up, struct vd_err *err)
{
    const char *state = up->opts.state;
    char secrets[VD_PATH_MAX];
    bool is_fresh;
    int rc;

    if ((rc = vd_crypto_init(err)) < 0 ||
        (rc = up_users_find(up->ids, up->opts.keeps_user, &up->drops, err)) < 0 ||
        (rc = vd_fs_mkdirs(state, up->drops ? 0711 : 0700, err)) < 0)
        return rc;
    if (access(state, W_OK) != 0)
        return vd_err_set(err, VD_EINVAL,
                          "state folder '%s' is not yours to write: run as who made it, or "
                          "give another with --state",
                          state);
    if ((rc = up_state_lock(state, &up->lock_fd, err)) < 0)
        return rc;
    up_state_path(state, "secrets", secrets);
    up_say("state folder: %s", state);
    is_fresh = access(secrets, F_OK) != 0;
    if ((rc = up_state_folders(state, up->ids, up->drops, err)) < 0 ||
        (is_fresh && (rc = up_state_password(state, &up->ids[UP_USER_CONSOLE], err)) < 0) ||
        (rc = up_config_load(up, err)) < 0 || (rc = look_ahead(up, err)) < 0 ||
        (rc = open_log(up, err)) < 0 || (rc = up_notify_open(up, err)) < 0)
        return rc;
    return chdir("/") == 0 ? 0 : vd_err_set(err, VD_EIO, "chdir '/': %s", strerror(errno));
}

static void fini(struct up *up)
{
    if (up->notify_fd >= 0) {
        (void)unlink(up->notify);
        close(up->notify_fd);
    }
    vd_config_unref(&up->cfg);
    if (up->signal_fd >= 0)
        close(up->signal_fd);
    if (up->lock_fd >= 0)
        close(up->lock_fd);
}

int main(int argc, char **argv)
{
    static struct up up = {.lock_fd = -1, .signal_fd = -1, .notify_fd = -1};
    struct vd_err err = {0};
    int rc;

    rc = up_opts_parse(&up.opts, argc, argv);
    if (rc != UP_OPTS_RUN)
        return rc;
    (void)umask(0027);
    vd_log_init("up", up.opts.level);
    up.tty_fd = isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
    if ((rc = up.signal_fd = vd_signals_open(&err)) < 0 || (rc = prepare(&up, &err)) < 0)
        goto out;
    add_children(&up);
    rc = up_run(&up, &err);
out:
    if (rc < 0)
        fprintf(up.owns_log ? stdout : stderr, "vedette: %s\n", err.msg);
    fini(&up);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
