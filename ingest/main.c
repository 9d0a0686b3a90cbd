/* vedette-ingest: a worker. Its cameras in, their events out. */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/event.h"
#include "base/json.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/str.h"
#include "ingest/worker/supervisor.h"

static const char usage_text[] =
    "usage: vedette-ingest --config DIR --state DIR [--worker NAME] [--share I/N]\n"
    "  --config DIR     the configuration\n"
    "  --state DIR      where spool, media and sockets lie\n"
    "  --worker NAME    this worker's name (default w1)\n"
    "  --share I/N      takes the I-th of N shares of the cameras, from 0 (default 0/1)\n"
    "  --log LEVEL      error, warn, info or debug (default info)\n";

enum { EXIT_USAGE = 2, EXIT_CONFIG = 78, SHARES_MAX = 64, ARENAS = 4 };

struct opts {
    struct vd_worker_opts worker;
    enum vd_log_level level;
};

static bool parse_share(const char *text, struct vd_worker_opts *opts)
{
    const char *slash = strchr(text, '/');
    int64_t share, shares;
    char left[8];

    if (slash == NULL || slash - text >= (ptrdiff_t)sizeof left)
        return false;
    memcpy(left, text, (size_t)(slash - text));
    left[slash - text] = '\0';
    if (!vd_str_int64(left, &share) || !vd_str_int64(slash + 1, &shares) || share < 0 ||
        shares < 1 || shares > SHARES_MAX || share >= shares)
        return false;
    opts->share = (int)share;
    opts->shares = (int)shares;
    return true;
}

static bool take(struct opts *o, int option)
{
    switch (option) {
    case 'c':
        o->worker.config_folder = optarg;
        return true;
    case 's':
        o->worker.state_folder = optarg;
        return true;
    case 'w':
        o->worker.worker = optarg;
        return vd_id_is_valid(optarg) && strlen(optarg) <= VD_WORKER_NAME_MAX;
    case 'n':
        return parse_share(optarg, &o->worker);
    case 'l':
        return vd_log_level_parse(optarg, &o->level);
    default:
        return false;
    }
}

/* 0: run; else the exit status, plus one. */
static int parse(struct opts *o, int argc, char **argv)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"state", required_argument, NULL, 's'},
                                          {"worker", required_argument, NULL, 'w'},
                                          {"share", required_argument, NULL, 'n'},
                                          {"log", required_argument, NULL, 'l'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int option;

    *o = (struct opts){.worker = {.worker = "w1", .shares = 1, .clock = &vd_clock_system},
                       .level = VD_LOG_INFO};
    while ((option = getopt_long(argc, argv, "h", table, NULL)) != -1) {
        if (option == 'h') {
            (void)fputs(usage_text, stdout);
            return 1;
        }
        if (!take(o, option))
            break;
    }
    if (option == -1 && optind == argc && o->worker.config_folder != NULL &&
        o->worker.state_folder != NULL)
        return 0;
    (void)fputs("vedette-ingest: --config and --state are needed; see --help\n", stderr);
    return EXIT_USAGE + 1;
}

int main(int argc, char **argv)
{
    struct vd_supervisor *supervisor = NULL;
    struct vd_err err = {0};
    struct opts opts;
    int rc = parse(&opts, argc, argv), signals;

    if (rc != 0)
        return rc - 1;
    vd_log_init("vedette-ingest", opts.level);
    vd_json_init();
    vd_undumpable();
    /* A heap for each of a hundred threads would hold a hundred times the slack. */
    (void)mallopt(M_ARENA_MAX, ARENAS);
    if ((rc = vd_crypto_init(&err)) < 0 || (rc = signals = vd_signals_open(&err)) < 0)
        goto out;
    rc = vd_supervisor_open(&supervisor, &opts.worker, signals, &err);
    if (rc < 0)
        goto out;
    vd_notify("READY=1");
    rc = vd_supervisor_run(supervisor, &err);
    vd_notify("STOPPING=1");
    vd_supervisor_close(&supervisor);
out:
    if (rc < 0)
        LOG_ERROR("ingest.exit", "reason=\"%s\"", err.msg);
    return rc == VD_EINVAL ? EXIT_CONFIG : rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
