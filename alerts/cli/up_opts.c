/* alerts/cli/up_opts.c: the command line of vedette-up. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/cli/up.h"
#include "base/str.h"

static const char help[] =
    "usage: vedette up [--config DIR] [--state DIR] [--listen HOST:PORT] [--log FILE|stderr]\n"
    "Starts and supervises everything on this machine until it is interrupted.\n"
    "  --config DIR     the configuration; without it: a demonstration with simulated cameras\n"
    "  --state DIR      data, sockets, secrets (as root /var/lib/vedette,\n"
    "                   else ~/.local/state/vedette)\n"
    "  --listen H:P     where the demonstration's console listens (127.0.0.1:8080)\n"
    "  --log FILE       where the processes log; 'stderr' for the standard error output\n"
    "                   (on a terminal DIR/log/vedette.log, else stderr)\n"
    "  --log-level L    error, warn, info, debug\n"
    "  --bin DIR        where the programs are (beside this one)\n"
    "  --keep-user      as root: do not change to the users vedette-*; for tests only\n";

static int usage(const char *what, const char *value)
{
    fprintf(stderr, "vedette up: %s%s; see 'vedette up --help'\n", what, value);
    return EXIT_FAILURE;
}

/* Symbolic links resolved where the path exists; children run in '/'. */
static int absolute(char *path, size_t size, const char *given)
{
    char cwd[PATH_MAX];
    int n;

    if (given[0] == '/')
        return vd_str_copy(path, size, given) ? 0 : -1;
    if (getcwd(cwd, sizeof cwd) == NULL)
        return -1;
    n = snprintf(path, size, "%s/%s", cwd, given);
    return n > 0 && (size_t)n < size ? 0 : -1;
}

static int default_state(char *path, size_t size)
{
    const char *home = getenv("HOME"), *state = getenv("XDG_STATE_HOME");
    int n;

    if (geteuid() == 0)
        n = snprintf(path, size, "/var/lib/vedette");
    else if (state != NULL && state[0] == '/')
        n = snprintf(path, size, "%s/vedette", state);
    else if (home != NULL && home[0] == '/')
        n = snprintf(path, size, "%s/.local/state/vedette", home);
    else
        return -1;
    return n > 0 && (size_t)n < size ? 0 : -1;
}

static int default_bin(char *path, size_t size)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    char *slash;

    if (n <= 0)
        return -1;
    exe[n] = '\0';
    slash = strrchr(exe, '/');
    if (slash == NULL)
        return -1;
    *slash = '\0';
    return vd_str_copy(path, size, exe) ? 0 : -1;
}

static int complete(struct up_opts *opts)
{
    if (opts->bin[0] == '\0' && default_bin(opts->bin, sizeof opts->bin) < 0)
        return usage("cannot tell where the programs are, give --bin", "");
    if (opts->state[0] == '\0' && default_state(opts->state, sizeof opts->state) < 0)
        return usage("no home folder, give --state", "");
    for (size_t len = strlen(opts->state); len > 1 && opts->state[len - 1] == '/'; len--)
        opts->state[len - 1] = '\0';
    if (strlen(opts->state) > UP_STATE_MAX)
        return usage("the state folder's path is over 80 bytes, sockets would not fit: ",
                     opts->state);
    return UP_OPTS_RUN;
}

int up_opts_parse(struct up_opts *opts, int argc, char **argv)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'},
        {"state", required_argument, NULL, 's'},
        {"listen", required_argument, NULL, 'l'},
        {"log", required_argument, NULL, 'o'},
        {"log-level", required_argument, NULL, 'v'},
        {"bin", required_argument, NULL, 'b'},
        {"keep-user", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c, bad = 0;

    *opts = (struct up_opts){.level = VD_LOG_INFO};
    while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        switch (c) {
        case 'c':
            bad |= absolute(opts->config, sizeof opts->config, optarg);
            break;
        case 's':
            bad |= absolute(opts->state, sizeof opts->state, optarg);
            break;
        case 'b':
            bad |= absolute(opts->bin, sizeof opts->bin, optarg);
            break;
        case 'l':
            opts->listen = optarg;
            break;
        case 'o':
            opts->log = optarg;
            break;
        case 'v':
            if (!vd_log_level_parse(optarg, &opts->level))
                return usage("no such log level: ", optarg);
            break;
        case 'k':
            opts->keeps_user = true;
            break;
        case 'h':
            fputs(help, stdout);
            return EXIT_SUCCESS;
        default:
            return EXIT_FAILURE; /* getopt has said why */
        }
    }
    if (bad != 0)
        return usage("a path is too long", "");
    if (optind < argc)
        return usage("takes no argument: ", argv[optind]);
    return complete(opts);
}
