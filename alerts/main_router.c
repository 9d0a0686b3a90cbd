/* vedette-router: takes events in, stores them with what the rules make of them, and publishes.
 * The main thread takes signals and watches the configuration; all else is in router.h. */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/router/router.h"
#include "base/crypto.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/str.h"
#include "config/kept.h"
#include "config/place.h"
#include "config/problems.h"
#include "config/watch.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_CONFIG = 78, MOOD_MS = 200 };

struct opts {
    char config[VD_PATH_MAX], state[VD_PATH_MAX];
    char kept[VD_PATH_MAX]; /* the configuration that this router runs on */
    enum vd_log_level level;
};

static const char HELP[] =
    "usage: vedette-router [--config DIR] [--state DIR] [--log error|warn|info|debug]\n"
    "Stores events, applies the rules, publishes the feed. Usually started by 'vedette up'.\n";

static int usage(const char *what)
{
    fprintf(stderr, "vedette-router: %s; --help tells how\n", what);
    return EXIT_USAGE;
}

/* libpq takes a relative socket folder for the name of a host. */
static bool make_absolute(char path[VD_PATH_MAX])
{
    char *whole = realpath(path, NULL);
    bool fits = whole != NULL && vd_str_copy(path, VD_PATH_MAX, whole);

    free(whole);
    return fits;
}

/* Returns < 0 to go on, else the exit status. */
static int parse(struct opts *o, int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"state", required_argument, NULL, 's'},
                                            {"log", required_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *config = NULL, *state = NULL;
    struct vd_err err = {0};
    int c;

    o->level = VD_LOG_INFO;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'c')
            config = optarg;
        else if (c == 's')
            state = optarg;
        else if (c == 'l' && !vd_log_level_parse(optarg, &o->level))
            return usage("--log takes error, warn, info or debug");
        else if (c == 'h')
            return fputs(HELP, stdout) < 0 ? EXIT_FAILED : EXIT_OK;
        else if (c == '?')
            return EXIT_USAGE;
    }
    if (optind < argc)
        return usage("takes no arguments");
    if (vd_place_state(state, o->state, sizeof o->state, &err) < 0 ||
        vd_place_config(config, state, o->config, sizeof o->config, &err) < 0)
        return usage(err.msg);
    if (!make_absolute(o->state))
        return usage("the state folder does not exist");
    if (vd_fs_join(o->kept, sizeof o->kept, o->state, "router/config", &err) < 0)
        return usage(err.msg);
    return -1;
}

static void keep(const struct vd_config *cfg, const struct opts *o)
{
    struct vd_err err = {0};

    if (vd_config_keep(cfg, o->kept, &err) < 0)
        LOG_WARN("config.keep", "reason=\"%s\" advice=\"a start needs a folder that passes\"",
                 err.msg);
}

static void refuse(struct vd_router *router, const char *reason)
{
    char why[300];

    (void)snprintf(why, sizeof why, "configuration refused, the one before stays in force: %s",
                   reason);
    LOG_WARN("config.refused", "reason=\"%s\" advice=\"vedette check names every problem\"",
             reason);
    vd_router_refuse(router, why);
}

static void reload(struct vd_router *router, const struct opts *o)
{
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    int rc = vd_config_load(&cfg, o->config, VD_CONFIG_SECRETS_DB_ROUTER, NULL, &err);

    if (rc >= 0)
        rc = vd_router_reload(router, cfg, &err);
    if (rc >= 0) {
        LOG_INFO("config.loaded", "revision=%.12s", cfg->revision);
        keep(cfg, o);
    } else {
        refuse(router, err.msg);
    }
    vd_config_unref(&cfg);
}

static const char *status_of(enum vd_router_mood mood)
{
    static const char *const texts[] = {[VD_ROUTER_STARTING] = "STATUS=starting",
                                        [VD_ROUTER_ACTIVE] = "STATUS=active",
                                        [VD_ROUTER_STANDBY] = "STATUS=standing by",
                                        [VD_ROUTER_DOWN] = "STATUS=waiting for the database"};

    return texts[mood];
}

/* Until a signal ends it. */
static void watch(struct vd_router *router, const struct opts *o, struct vd_watch *folder,
                  int signals)
{
    enum vd_router_mood told = VD_ROUTER_STARTING;
    bool is_ready = false;

    for (;;) {
        struct pollfd fds[2] = {
            {.fd = signals, .events = POLLIN},
            {.fd = folder != NULL ? vd_watch_fd(folder) : -1, .events = POLLIN}};
        enum vd_router_mood mood = vd_router_mood(router);
        int signal;

        if (mood != VD_ROUTER_STARTING && !is_ready) {
            vd_notify("READY=1");
            is_ready = true;
        }
        if (mood != told)
            vd_notify(status_of(mood));
        told = mood;
        (void)poll(fds, 2, is_ready && mood == VD_ROUTER_ACTIVE ? 1000 : MOOD_MS);
        while ((signal = vd_signals_take(signals)) != 0) {
            if (signal == SIGTERM || signal == SIGINT)
                return;
            if (signal == SIGHUP)
                reload(router, o);
        }
        if (folder != NULL && (fds[1].revents & POLLIN) != 0 && vd_watch_take(folder))
            reload(router, o);
    }
}

static int complain(const struct vd_err *err)
{
    LOG_ERROR("router.start", "reason=\"%s\"", err->msg);
    return err->code == VD_EINVAL ? EXIT_CONFIG : EXIT_FAILED;
}

/* As vd_config_start(); every problem is printed where nothing serves. */
static int load(struct vd_config **ret_cfg, const struct opts *o, struct vd_err *why)
{
    struct vd_problems problems = {0};
    int rc = vd_config_start(ret_cfg, o->config, VD_CONFIG_SECRETS_DB_ROUTER, o->kept,
                             &problems, why);

    if (rc < 0)
        vd_problems_print(&problems, o->config, stderr);
    vd_problems_fini(&problems);
    return rc;
}

static int run(const struct opts *o, int signals, struct vd_err *err)
{
    struct vd_router *router = NULL;
    struct vd_watch *folder = NULL;
    struct vd_config *cfg = NULL;
    struct vd_err why = {0};
    int rc, how;

    /* Watched before it is read: no change falls between. */
    if (vd_watch_open(&folder, o->config, VD_WATCH_SETTLE_US, &why) < 0)
        LOG_WARN("config.watch", "reason=\"%s\" advice=\"SIGHUP still reloads\"", why.msg);
    how = load(&cfg, o, &why);
    rc = how < 0 ? vd_err_set(err, how, "%s", why.msg)
                 : vd_router_start(&router, cfg, o->state, err);
    if (rc >= 0) {
        LOG_INFO("router.start", "config=%s state=%s revision=%.12s", o->config, o->state,
                 cfg->revision);
        if (how > 0)
            refuse(router, why.msg);
        else
            keep(cfg, o);
        watch(router, o, folder, signals);
        vd_notify("STOPPING=1");
        LOG_INFO("router.stop", "reason=signal");
    }
    vd_router_stop(&router);
    vd_config_unref(&cfg);
    vd_watch_close(&folder);
    return rc;
}

int main(int argc, char **argv)
{
    struct vd_err err = {0};
    struct opts opts;
    int signals, rc = parse(&opts, argc, argv);

    if (rc >= 0)
        return rc;
    vd_log_init("vedette-router", opts.level);
    vd_undumpable();
    vd_json_init();
    if (vd_crypto_init(&err) < 0 || (signals = vd_signals_open(&err)) < 0)
        return complain(&err);
    rc = run(&opts, signals, &err);
    close(signals);
    return rc < 0 ? complain(&err) : EXIT_OK;
}
