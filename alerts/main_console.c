/* alerts/main_console.c: vedette-console: people's door to Vedette. Parse, build, run, tear
 * down; nothing else. */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/api/api.h"
#include "alerts/console_feed.h"
#include "alerts/writer/link.h"
#include "base/crypto.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/notify.h"
#include "config/kept.h"
#include "config/watch.h"
#include "config/wire.h"

enum { EXIT_USAGE = 2, EXIT_CONFIG = 78 };

struct opts {
    const char *config, *state;
    char kept[VD_PATH_MAX]; /* the configuration that this console runs on */
    enum vd_log_level level;
};

struct console {
    struct opts opts;
    struct vd_config *cfg;
    struct vd_watch *watch;
    struct vd_bus *bus;
    struct vd_api *api;
    struct vd_console_feed *feed;
    char replay[VD_PATH_MAX + 16]; /* the router's socket for questions */
    struct vd_bus_keys keys;
    bool has_keys;
    int signal_fd;
};

static int usage(const char *problem, const char *what)
{
    fprintf(stderr,
            "vedette-console: %s%s\nusage: vedette-console --config DIR --state DIR "
            "[--log error|warn|info|debug]\n",
            problem, what);
    return EXIT_USAGE;
}

/* Returns 0 to run, else the exit status + 1. */
static int parse(struct opts *opts, int argc, char **argv)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"state", required_argument, NULL, 's'},
                                          {"log", required_argument, NULL, 'l'},
                                          {NULL, 0, NULL, 0}};
    int opt;

    *opts = (struct opts){.level = VD_LOG_INFO};
    opterr = 0;
    while ((opt = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (opt == 'c')
            opts->config = optarg;
        else if (opt == 's')
            opts->state = optarg;
        else if (opt != 'l')
            return 1 + usage("unknown option ", argv[optind - 1]);
        else if (!vd_log_level_parse(optarg, &opts->level))
            return 1 + usage("no such level: ", optarg);
    }
    if (opts->config == NULL || opts->state == NULL || opts->state[0] != '/')
        return 1 + usage("--config and --state (absolute) are needed", "");
    if (vd_fs_join(opts->kept, sizeof opts->kept, opts->state, "console/config", NULL) < 0)
        return 1 + usage("the path is too long: ", opts->state);
    return 0;
}

static void refuse(const char *reason)
{
    LOG_WARN("config.refused", "reason=\"%s\" advice=\"vedette check names every problem\"",
             reason);
}

static void keep(const struct console *console)
{
    struct vd_err err = {0};

    if (vd_config_keep(console->cfg, console->opts.kept, &err) < 0)
        LOG_WARN("config.keep", "reason=\"%s\" advice=\"a start needs a folder that passes\"",
                 err.msg);
}

static void reload(struct console *console)
{
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};

    if (vd_config_load(&cfg, console->opts.config, VD_CONFIG_SECRETS_NONE, NULL, &err) < 0) {
        refuse(err.msg);
        return;
    }
    if (strcmp(cfg->revision, console->cfg->revision) != 0) {
        LOG_INFO("config.loaded", "revision=%.12s", cfg->revision);
        vd_api_set_config(console->api, cfg);
        vd_config_unref(&console->cfg);
        console->cfg = vd_config_ref(cfg);
        keep(console);
    }
    vd_config_unref(&cfg);
}

/* Until SIGTERM or SIGINT. */
static void run(struct console *console)
{
    struct pollfd fds[2] = {{console->signal_fd, POLLIN, 0},
                            {vd_watch_fd(console->watch), POLLIN, 0}};
    int64_t next_us = 0;

    for (;;) {
        int64_t now_us = vd_clock_system.mono_us(vd_clock_system.self);
        int sig;

        if (now_us >= next_us) {
            vd_api_tick(console->api);
            next_us = now_us + 500 * 1000;
        }
        poll(fds, 2, (int)((next_us - now_us) / 1000 + 1));
        while ((sig = vd_signals_take(console->signal_fd)) != 0) {
            if (sig == SIGTERM || sig == SIGINT)
                return;
            if (sig == SIGHUP)
                reload(console);
        }
        if (vd_watch_take(console->watch))
            reload(console);
    }
}

static int find_keys(struct console *console, struct vd_err *err)
{
    const struct vd_config *cfg = console->cfg;
    const char *feed = cfg->bus.feed;
    int rc = vd_wire_client(cfg, feed != NULL && vd_wire_is_open(feed) ? feed : console->replay,
                            cfg->console.bus_key_file, &console->keys, err);

    console->has_keys = rc > 0;
    return rc;
}

static int open_all(struct console *console, struct vd_link *link, struct vd_err *err)
{
    struct vd_api_opts opts = {.state = console->opts.state, .clock = &vd_clock_system};
    int rc;

    console->signal_fd = vd_signals_open(err);
    if (console->signal_fd < 0)
        return console->signal_fd;
    opts.cfg = console->cfg;
    if ((rc = vd_link_find(link, console->cfg, opts.state, VD_LINK_CONSOLE, "vedette-console",
                           err)) < 0 ||
        (rc = vd_link_endpoint(console->cfg->bus.replay, opts.state, "replay", console->replay,
                               sizeof console->replay, err)) < 0 ||
        (rc = find_keys(console, err)) < 0 || (rc = vd_bus_open(&console->bus, err)) < 0)
        return rc;
    opts.keys = console->has_keys ? &console->keys : NULL;
    opts.bus = console->bus;
    opts.replay = console->replay;
    opts.pg = link->opts;
    if ((rc = vd_api_open(&console->api, &opts, err)) < 0)
        return rc;
    return vd_console_feed_open(&console->feed, console->api, &opts, err);
}

/* Until SIGTERM or SIGINT, or something cannot be opened. */
static int serve(struct console *console, struct vd_link *link, struct vd_err *err)
{
    struct vd_err why = {0};
    int rc, how;

    /* Watched before it is read: no change falls between. */
    rc = vd_watch_open(&console->watch, console->opts.config, VD_WATCH_SETTLE_US, err);
    if (rc < 0)
        return rc;
    how = vd_config_start(&console->cfg, console->opts.config,
                          VD_CONFIG_SECRETS_CONSOLE | VD_CONFIG_SECRETS_DB_CONSOLE,
                          console->opts.kept, NULL, &why);
    if (how < 0)
        return vd_err_set(err, how, "%s", why.msg);
    if ((rc = open_all(console, link, err)) < 0)
        return rc;
    LOG_INFO("console.ready", "revision=%.12s listen=%s port=%u", console->cfg->revision,
             console->cfg->console.listen, (unsigned)vd_api_port(console->api));
    if (how > 0)
        refuse(why.msg);
    else
        keep(console);
    vd_notify("READY=1");
    run(console);
    vd_notify("STOPPING=1");
    return 0;
}

int main(int argc, char **argv)
{
    struct console console = {.signal_fd = -1};
    struct vd_link link;
    struct vd_err err = {0};
    int rc = parse(&console.opts, argc, argv);

    if (rc != 0)
        return rc - 1;
    vd_log_init("vedette-console", console.opts.level);
    vd_undumpable();
    vd_json_init();
    rc = vd_crypto_init(&err);
    if (rc == 0)
        rc = serve(&console, &link, &err);
    if (rc < 0)
        LOG_ERROR("console.exit", "reason=\"%s\"", err.msg);
    vd_console_feed_close(&console.feed); /* before the server that it feeds */
    vd_api_close(&console.api);
    vd_bus_close(&console.bus);
    vd_watch_close(&console.watch);
    if (console.signal_fd >= 0)
        close(console.signal_fd);
    vd_config_unref(&console.cfg);
    return rc >= 0 ? EXIT_SUCCESS : rc == VD_EINVAL ? EXIT_CONFIG : EXIT_FAILURE;
}
